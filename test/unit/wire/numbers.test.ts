import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AuthenticationSubtype, BindingStatus, isAccepted, OptionType } from '../../../src/wire/mh/numbers.ts';

test('[3963-4.2-03] the statuses of NEMO are 140 to 143, and all of them reject', () => {
  const statuses = [
    BindingStatus.mobileRouterOperationNotPermitted,
    BindingStatus.invalidPrefix,
    BindingStatus.notAuthorizedForPrefix,
    BindingStatus.forwardingSetupFailed,
  ];
  assert.equal(statuses, [140, 141, 142, 143]);
  assert.equal(statuses.filter(isAccepted), []);
  assert.equal([0, 1, 4, 5, 127, 128, 255].map(isAccepted), [true, true, true, true, true, false, false]);
});

test('[4285-8-01] the numbers of the authentication option, of replay protection and of their statuses', () => {
  assert.is(OptionType.mobilityMessageAuthentication, 9);
  assert.is(OptionType.mobilityMessageReplayProtection, 10);
  assert.is(AuthenticationSubtype.mobileNodeHomeAgent, 1);
  assert.is(AuthenticationSubtype.mobileNodeAaa, 2);
  assert.is(BindingStatus.mipv6IdMismatch, 144);
  assert.is(BindingStatus.mipv6MessageIdRequired, 145);
  assert.is(BindingStatus.mipv6AuthenticationFailed, 146);
});

test.run();
