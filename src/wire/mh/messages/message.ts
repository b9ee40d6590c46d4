import type { BindingAcknowledgement } from './binding-acknowledgement.ts';
import type { BindingError } from './binding-error.ts';
import type { BindingRefreshRequest } from './binding-refresh-request.ts';
import type { BindingUpdate } from './binding-update.ts';
import type { UnknownMessage } from './unknown.ts';

/** What a Mobility Header carries. */
export type MobilityMessage =
  | BindingRefreshRequest
  | BindingUpdate
  | BindingAcknowledgement
  | BindingError
  | UnknownMessage;
