import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BindingStatus, isAccepted } from '../../../src/wire/mh/numbers.ts';

/** RFC 6275 §6.1.8. */
const STATUSES = {
  accepted: 0,
  acceptedPrefixDiscoveryNecessary: 1,
  reasonUnspecified: 128,
  administrativelyProhibited: 129,
  insufficientResources: 130,
  homeRegistrationNotSupported: 131,
  notHomeSubnet: 132,
  notHomeAgentForThisMobileNode: 133,
  duplicateAddressDetectionFailed: 134,
  sequenceNumberOutOfWindow: 135,
  expiredHomeNonceIndex: 136,
  expiredCareOfNonceIndex: 137,
  expiredNonces: 138,
  registrationTypeChangeDisallowed: 139,
  invalidCareOfAddress: 174,
} as const;

test('[6275-6.1.8-03] the status values are the standard’s, and those below 128 accept', () => {
  for (const [name, value] of Object.entries(STATUSES)) {
    assert.is(BindingStatus[name as keyof typeof STATUSES], value, name);
    assert.is(isAccepted(value), value < 128, name);
  }
});

test.run();
