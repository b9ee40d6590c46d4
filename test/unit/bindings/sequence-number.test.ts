import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isNewerSequenceNumber, nextSequenceNumber } from '../../../src/bindings/sequence-number.ts';

test('[6275-9.5.1-03] after 15, the numbers 0 to 15 and 32783 to 65535 are not newer, and all others are', () => {
  for (let number = 0; number < 0x10000; number++) {
    const old = number <= 15 || number >= 32783;
    assert.is(isNewerSequenceNumber(number, 15), !old, `${number}`);
  }
});

test('[6275-9.5.1-03] the comparison is the same all around the counter', () => {
  for (const last of [0, 1, 32767, 32768, 32769, 65534, 65535]) {
    for (let distance = 0; distance < 0x10000; distance += 127) {
      const newer = distance >= 1 && distance <= 32767;
      assert.is(isNewerSequenceNumber((last + distance) % 0x10000, last), newer, `${last} + ${distance}`);
    }
    assert.is(isNewerSequenceNumber((last + 32767) % 0x10000, last), true);
    assert.is(isNewerSequenceNumber((last + 32768) % 0x10000, last), false);
  }
});

test('[6275-11.7.2-13] the number after 65535 is 0, and each number is newer than the one before', () => {
  let last = 65530;
  for (let count = 0; count < 12; count++) {
    const next = nextSequenceNumber(last);
    assert.ok(isNewerSequenceNumber(next, last));
    last = next;
  }
  assert.is(last, 6);
});

test.run();
