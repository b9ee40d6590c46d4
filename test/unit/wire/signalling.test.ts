import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatHex } from '../../../src/bytes/hex.ts';
import {
  decodeSignalling,
  encodeSignalling,
  type MobilityPacket,
  type SignallingPacket,
} from '../../../src/wire/signalling.ts';
import { assertWireError, hex, received, shifted } from '../../lib/wire.ts';
import { PACKET_VECTORS } from '../../lib/wire-packet-vectors.ts';
import { HOME_ADDRESS } from '../../lib/wire-vectors.ts';

for (const { name, hex: text, value, decodeOnly } of PACKET_VECTORS) {
  const bytes = hex(text);
  const decoded = received(value, bytes);

  test(`${name}: decodes`, () => {
    assert.equal(decodeSignalling(bytes), decoded);
  });

  test(`${name}: encodes`, () => {
    const encoded = encodeSignalling(decoded);
    if (decodeOnly) assert.equal(encodeSignalling(decodeSignalling(encoded)), encoded);
    else assert.is(formatHex(encoded), formatHex(bytes));
  });

  test(`${name}: decodes in the middle of a larger buffer`, () => {
    assert.equal(decodeSignalling(shifted(bytes)), decoded);
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
    assert.equal(decodeSignalling(padded), decoded);
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

test('the hop limit is the one asked for, else 255 for Neighbor Discovery and 64 for the rest', () => {
  assert.is(encodeSignalling(PACKET_VECTORS[0]!.value, { hopLimit: 1 })[7], 1);
  assert.is(encodeSignalling(PACKET_VECTORS[0]!.value)[7], 64);
  for (const { value } of PACKET_VECTORS) {
    if (value.kind !== 'icmpv6') continue;
    const { hopLimit, ...unset } = value;
    assert.is(encodeSignalling(unset)[7], hopLimit);
    assert.is(encodeSignalling({ ...value, hopLimit: 9 })[7], 9);
    assert.is(encodeSignalling({ ...value, hopLimit: 9 }, { hopLimit: 8 })[7], 8);
  }
});

test('a payload beyond 65535 octets is refused', () => {
  const udp = PACKET_VECTORS.at(-1)!.value as Extract<SignallingPacket, { readonly kind: 'other' }>;
  const longest = encodeSignalling({ ...udp, payload: new Uint8Array(0xffff) });
  assert.equal([longest.length, longest[4], longest[5]], [0xffff + 40, 0xff, 0xff]);
  assert.throws(
    () => encodeSignalling({ ...udp, payload: new Uint8Array(0x10000) }),
    (error: Error) => error instanceof RangeError,
  );
});

test.run();
