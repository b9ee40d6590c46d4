import type { BindingAcknowledgement } from './binding-acknowledgement.ts';
import type { BindingError } from './binding-error.ts';
import type { BindingRefreshRequest } from './binding-refresh-request.ts';
import type { BindingUpdate } from './binding-update.ts';
import type { CareOfTest } from './care-of-test.ts';
import type { CareOfTestInit } from './care-of-test-init.ts';
import type { HomeTest } from './home-test.ts';
import type { HomeTestInit } from './home-test-init.ts';
import type { UnknownMessage } from './unknown.ts';

/** What a Mobility Header carries. */
export type MobilityMessage =
  | BindingRefreshRequest
  | HomeTestInit
  | CareOfTestInit
  | HomeTest
  | CareOfTest
  | BindingUpdate
  | BindingAcknowledgement
  | BindingError
  | UnknownMessage;
