import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatHex } from '../../../src/bytes/hex.ts';
import { decodeMobilityHeader, encodeMobilityHeader } from '../../../src/wire/mh/header.ts';
import { assertWireError, hex, shifted } from '../../lib/wire.ts';
import { HOME_ADDRESS, HOME_AGENT, MESSAGE_VECTORS } from '../../lib/wire-vectors.ts';

const context = { source: HOME_ADDRESS, destination: HOME_AGENT };

for (const { name, hex: text, value, decodeOnly } of MESSAGE_VECTORS) {
  const bytes = hex(text);

  test(`${name}: decodes`, () => {
    assert.equal(decodeMobilityHeader(bytes, context), value);
  });

  test(`${name}: encodes`, () => {
    const encoded = encodeMobilityHeader(value, HOME_ADDRESS, HOME_AGENT);
    assert.is(formatHex(encoded) !== formatHex(bytes), decodeOnly ?? false, formatHex(encoded));
    assert.equal(decodeMobilityHeader(encoded, context), value);
  });

  test(`${name}: decodes in the middle of a larger buffer`, () => {
    assert.equal(decodeMobilityHeader(shifted(bytes), { ...context, base: 10 }), value);
  });

  test(`${name}: every truncation is refused where the octets end`, () => {
    for (let length = 0; length < bytes.length; length++) {
      const cut = shifted(bytes.subarray(0, length));
      const decode = () => decodeMobilityHeader(cut, { ...context, base: 40 });
      assertWireError(decode, { code: 'truncated', offset: 40 + length }, `${length} octets:`);
    }
  });

  test(`${name}: octets behind Header Len are not looked at [6275-6.1.1-07]`, () => {
    const longer = new Uint8Array(bytes.length + 16).fill(0x23);
    longer.set(bytes);
    assert.equal(decodeMobilityHeader(longer, context), value);
  });

  test(`${name}: any flipped bit fails the checksum or is seen [6275-6.1.1-05]`, () => {
    for (let at = 0; at < bytes.length; at++) {
      if (at === 1) continue; // Header Len: covered by the truncations
      const broken = Uint8Array.from(bytes);
      broken[at] = broken[at]! ^ 0x10;
      assertWireError(() => decodeMobilityHeader(broken, context), { code: 'bad-checksum', offset: 4 }, `octet ${at}:`);
    }
  });
}

test.run();
