import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, addressFromBytes, addressToBytes } from '../../../src/bytes/address.ts';
import {
  formatPrefix,
  hostPrefix,
  parsePrefix,
  prefix,
  prefixContains,
  prefixesOverlap,
  prefixOf,
  samePrefix,
} from '../../../src/bytes/prefix.ts';

for (const text of ['::/0', '2001:db8::/32', '2001:db8:5500::/40', '2001:db8::1/128', '192.0.2.128/25', '0.0.0.0/0']) {
  test(`${text} parses and formats`, () => assert.is(formatPrefix(prefix(text)), text));
}

for (const text of [
  '2001:db8::',
  '2001:db8::/',
  '2001:db8::/129',
  '2001:db8::1/64',
  '192.0.2.1/33',
  '192.0.2.1/24',
  '::/-1',
  '::/1/1',
  '/64',
  '::/0064',
  '2001:db8:8000::/32',
]) {
  test(`'${text}' is no prefix`, () => {
    assert.is(parsePrefix(text), undefined);
    assert.throws(
      () => prefix(text),
      (error: Error) => error instanceof TypeError,
    );
  });
}

test('a prefix of any length clears the bits behind it, holds its address, and loses it when its last bit flips', () => {
  for (const all of [address('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), address('255.255.255.255')]) {
    for (let length = 0; length <= all.length * 8; length++) {
      const cut = prefixOf(all, length);
      const bits = [...addressToBytes(cut.address)].map((octet) => octet.toString(2).padStart(8, '0')).join('');
      assert.is(bits, '1'.repeat(length).padEnd(all.length * 8, '0'));
      assert.ok(prefixContains(cut, all));
      if (length === 0) continue;
      const octets = addressToBytes(all);
      octets[(length - 1) >> 3]! ^= 0x80 >> ((length - 1) & 7);
      assert.not(prefixContains(cut, addressFromBytes(octets)));
    }
    assert.throws(
      () => prefixOf(all, all.length * 8 + 1),
      (error: Error) => error instanceof RangeError,
    );
    assert.throws(
      () => prefixOf(all, -1),
      (error: Error) => error instanceof RangeError,
    );
  }
});

test('families never meet', () => {
  assert.not(prefixContains(prefix('::/0'), address('192.0.2.1')));
  assert.not(prefixContains(prefix('0.0.0.0/0'), address('::1')));
  assert.not(prefixesOverlap(prefix('::/0'), prefix('0.0.0.0/0')));
});

test('prefixes overlap exactly if one holds the other', () => {
  const wide = prefix('2001:db8::/32');
  assert.ok(prefixesOverlap(wide, prefix('2001:db8:5500::/56')));
  assert.ok(prefixesOverlap(prefix('2001:db8:5500::/56'), wide));
  assert.ok(prefixesOverlap(wide, wide));
  assert.not(prefixesOverlap(wide, prefix('2001:db9::/32')));
  assert.not(prefixesOverlap(prefix('2001:db8::/33'), prefix('2001:db8:8000::/33')));
});

test('prefixes are the same by address and length', () => {
  assert.ok(samePrefix(prefix('2001:db8::/32'), prefix('2001:0db8::/32')));
  assert.not(samePrefix(prefix('2001:db8::/32'), prefix('2001:db8::/33')));
  assert.not(samePrefix(prefix('2001:db8::/32'), prefix('2001:db9::/32')));
  assert.is(formatPrefix(hostPrefix(address('2001:db8::1'))), '2001:db8::1/128');
  assert.is(formatPrefix(hostPrefix(address('192.0.2.1'))), '192.0.2.1/32');
});

test.run();
