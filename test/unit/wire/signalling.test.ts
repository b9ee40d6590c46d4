import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatHex } from '../../../src/bytes/hex.ts';
import { decodeSignalling, encodeSignalling, type MobilityPacket } from '../../../src/wire/signalling.ts';
import { assertWireError, hex, shifted } from '../../lib/wire.ts';
import { HOME_ADDRESS, PACKET_VECTORS } from '../../lib/wire-vectors.ts';

for (const { name, hex: text, value } of PACKET_VECTORS) {
  const bytes = hex(text);

  test(`${name}: decodes`, () => {
    assert.equal(decodeSignalling(bytes), value);
  });

  test(`${name}: encodes`, () => {
    assert.is(formatHex(encodeSignalling(value)), formatHex(bytes));
  });

  test(`${name}: decodes in the middle of a larger buffer`, () => {
    assert.equal(decodeSignalling(shifted(bytes)), value);
  });

  test(`${name}: every truncation is refused where the octets end`, () => {
    for (let length = 0; length < bytes.length; length++) {
      const decode = () => decodeSignalling(shifted(bytes.subarray(0, length)));
      assertWireError(decode, { code: 'truncated', offset: length }, `${length} octets:`);
    }
  });

  test(`${name}: a link's padding behind it is left out`, () => {
    const padded = new Uint8Array(bytes.length + 6).fill(0xee);
    padded.set(bytes);
    assert.equal(decodeSignalling(padded), value);
  });
}

test('[6275-6.1.1-08] behind every set of extension headers the Mobility Header starts at a multiple of 8 octets', () => {
  for (const homeAddress of [undefined, HOME_ADDRESS]) {
    for (const routing2 of [undefined, HOME_ADDRESS]) {
      const packet = encodeSignalling({
        ...(PACKET_VECTORS[2]!.value as MobilityPacket),
        ...(homeAddress !== undefined && { homeAddress }),
        ...(routing2 !== undefined && { routing2 }),
      });
      // The checksum error tells where the decoder found the header.
      packet[packet.length - 1] = 0x55;
      const start = 40 + (homeAddress ? 24 : 0) + (routing2 ? 24 : 0);
      assertWireError(() => decodeSignalling(packet), { code: 'bad-checksum', offset: start + 4 });
      assert.is(start % 8, 0);
      assert.is(packet.length, start + 8);
    }
  }
});

test('the hop limit is the one asked for', () => {
  assert.is(encodeSignalling(PACKET_VECTORS[0]!.value, 1)[7], 1);
});

test.run();
