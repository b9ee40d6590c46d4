import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  MAXIMUM_LIFETIME_SECONDS,
  remainingAfterAcknowledgementMs,
  wholeUnits,
} from '../../../src/bindings/lifetime.ts';

test('[6275-6.1.7-07] a lifetime is cut to whole units of 4 seconds and never grows', () => {
  for (const [asked, granted] of [
    [0, 0],
    [3, 0],
    [4, 4],
    [7, 4],
    [60, 60],
    [61.5, 60],
  ]) {
    assert.is(wholeUnits(asked!), granted);
  }
});

test('a lifetime fits its field of 16 bits and is never negative', () => {
  assert.is(MAXIMUM_LIFETIME_SECONDS, 262_140);
  assert.is(wholeUnits(1e9), 262_140);
  assert.is(wholeUnits(Number.POSITIVE_INFINITY), 262_140);
  assert.is(wholeUnits(-5), 0);
});

test('[6275-11.7.3-03] 400 s asked for, 200 s granted after 8 s: 192 s remain', () => {
  assert.is(remainingAfterAcknowledgementMs(392_000, 400, 200), 192_000);
});

test('[6275-11.7.3-03] what remains is never less than nothing', () => {
  assert.is(remainingAfterAcknowledgementMs(50_000, 400, 200), 0);
});

test.run();
