import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  differenceMs,
  isLater,
  ntpTimestamp,
  SteadyTimeOfDay,
  sameTimestamp,
} from '../../../../src/roles/timestamp.ts';

test('[4285-6-04] a time of day becomes seconds since 1900 and a binary fraction', () => {
  assert.equal(ntpTimestamp(0), { seconds: 2_208_988_800, fraction: 0 });
  assert.equal(ntpTimestamp(1500), { seconds: 2_208_988_801, fraction: 0x8000_0000 });
  assert.equal(ntpTimestamp(-250), { seconds: 2_208_988_799, fraction: 0xc000_0000 });
  assert.is(ntpTimestamp(999.999_999).seconds, 2_208_988_800);
  // RFC 1305: the era ends in February 2036.
  assert.equal(ntpTimestamp(Date.UTC(2036, 1, 7, 6, 28, 16)), { seconds: 0, fraction: 0 });
});

test('order and difference hold across the turn of the era', () => {
  const before = ntpTimestamp(Date.UTC(2036, 1, 7, 6, 28, 15));
  const after = ntpTimestamp(Date.UTC(2036, 1, 7, 6, 28, 17) + 500);
  assert.ok(isLater(after, before));
  assert.not.ok(isLater(before, after));
  assert.is(differenceMs(after, before), 2500);
  assert.is(differenceMs(before, after), -2500);
});

test('equal timestamps are not later, and the fraction decides within a second', () => {
  const a = { seconds: 7, fraction: 100 };
  assert.not.ok(isLater(a, { ...a }));
  assert.ok(sameTimestamp(a, { ...a }));
  assert.ok(isLater({ seconds: 7, fraction: 101 }, a));
  assert.not.ok(isLater({ seconds: 6, fraction: 0xffff_ffff }, a));
  assert.not.ok(sameTimestamp(a, { seconds: 8, fraction: 100 }));
});

test('a steady time of day follows the wall clock forward and never back', () => {
  let wallMs = 1_000_000;
  const time = new SteadyTimeOfDay(() => wallMs);
  assert.is(time.at(0), 1_000_000);
  wallMs = 1_000_400;
  assert.is(time.at(400), 1_000_400);
  wallMs = 500;
  assert.is(time.at(1400), 1_001_400);
  assert.is(time.at(1500), 1_001_500);
  wallMs = 9_000_000;
  assert.is(time.at(1600), 9_000_000);
});

test.run();
