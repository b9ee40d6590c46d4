// Signalling with an IPv4 header around it, and what does not belong there.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { formatHex } from '../../../src/bytes/hex.ts';
import { MessageType, OptionType } from '../../../src/wire/mh/numbers.ts';
import { authenticatedAddresses, decodeSignalling, encodeSignalling } from '../../../src/wire/signalling.ts';
import { assertWireError, type ExpectedError, hex, naiveChecksum, received, shifted } from '../../lib/wire.ts';
import { IPV4_PACKET_VECTORS } from '../../lib/wire-ipv4-vectors.ts';
import { HOME_ADDRESS, HOME_AGENT } from '../../lib/wire-vectors.ts';

const UDP = 28;

for (const { name, hex: text, value } of IPV4_PACKET_VECTORS) {
  const bytes = hex(text);
  const decoded = received(value, bytes);

  test(`${name}: decodes, encodes, and does so in the middle of a larger buffer`, () => {
    assert.equal(decodeSignalling(bytes), decoded);
    assert.equal(decodeSignalling(shifted(bytes)), decoded);
    assert.is(formatHex(encodeSignalling(decoded)), formatHex(bytes));
  });

  test(`${name}: every truncation is refused where the octets end`, () => {
    for (let length = 0; length < bytes.length; length++) {
      const decode = () => decodeSignalling(shifted(bytes.subarray(0, length)));
      assertWireError(decode, { code: 'truncated', offset: length }, `${length} octets:`);
    }
  });

  test(`${name}: a link's padding behind it is left out`, () => {
    assert.equal(decodeSignalling(Uint8Array.from([...bytes, ...new Array(6).fill(0xee)])), decoded);
  });
}

const [update, , direct] = IPV4_PACKET_VECTORS;

/** The update in UDP with octets changed, and the IPv4 header's checksum put right again. */
function changed(at: number, digits: string, from = update!): Uint8Array {
  const octets = hex(from.hex);
  octets.set(hex(digits), at);
  const header = octets.subarray(0, (octets[0]! & 15) * 4);
  header[10] = 0;
  header[11] = 0;
  // Without pseudo-header: its protocol and length cancel out in an address of zeros.
  const sum =
    0xffff - ((0xffff - naiveChecksum(address('0.0.0.0'), address('0.0.0.0'), 0, header) - header.length) & 0xffff);
  header[10] = sum >> 8;
  header[11] = sum & 255;
  return octets;
}

const refused: readonly (readonly [name: string, packet: Uint8Array, error: ExpectedError])[] = [
  ['a header length below 20 octets', changed(0, '44'), { code: 'bad-value', offset: 0 }],
  ['a total length within the header', changed(2, '0013'), { code: 'bad-length', offset: 2 }],
  ['a first fragment', changed(6, '2000'), { code: 'unsupported', offset: 6 }],
  ['a later fragment', changed(6, '0010'), { code: 'unsupported', offset: 6 }],
  ['a UDP length beyond the packet', changed(UDP - 4, '0051'), { code: 'bad-length', offset: UDP - 4 }],
  ['a UDP length below 8', changed(UDP - 4, '0007'), { code: 'bad-length', offset: UDP - 4 }],
  ['a wrong UDP checksum', changed(UDP - 2, '1234'), { code: 'bad-checksum', offset: UDP - 2 }],
  [
    'a wrong checksum of the Mobility Header, told by its place in the whole packet',
    changed(UDP - 2, '0000').map((octet, at) => (at === UDP + 44 ? octet ^ 1 : octet)),
    { code: 'bad-checksum', offset: UDP + 44 },
  ],
  [
    'a next header that the standard answers, by its pointer into the IPv6 packet',
    // One less in the next header, one more in the sequence number's high octet: the same sum.
    changed(UDP - 2, '0000').map((octet, at) => (at === UDP + 40 ? octet - 1 : at === UDP + 46 ? octet + 1 : octet)),
    { code: 'bad-next-header', offset: UDP + 40, answer: { kind: 'parameter-problem', code: 0, pointer: 40 } },
  ],
];
for (const [name, packet, error] of refused) {
  test(`refused: ${name}`, () => assertWireError(() => decodeSignalling(packet), error));
}

test('refused: a header checksum that is wrong', () => {
  const octets = hex(update!.hex);
  octets[8] = 63;
  assertWireError(() => decodeSignalling(octets), { code: 'bad-checksum', offset: 10 });
});

test('a UDP checksum of zero is none', () => {
  const decoded = decodeSignalling(changed(UDP - 2, '0000'));
  assert.equal(decoded, decodeSignalling(hex(update!.hex)));
});

test('options of the IPv4 header are skipped', () => {
  const octets = hex(update!.hex);
  const longer = Uint8Array.from([...octets.subarray(0, 20), 1, 1, 1, 0, ...octets.subarray(20)]);
  longer[0] = 0x46;
  longer[3] = longer[3]! + 4;
  const header = longer.subarray(0, 24);
  header.set([0, 0], 10);
  let sum = 0;
  for (let i = 0; i < 24; i += 2) sum += header[i]! * 256 + header[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  header.set([(0xffff - sum) >> 8, (0xffff - sum) & 255], 10);
  assert.equal(decodeSignalling(longer), decodeSignalling(octets));
});

test('[5555-4.1-03, 5555-4.1-05] the first four bits behind UDP decide: what is not IPv6 is no signalling', () => {
  for (const first of ['45', '50', '00']) {
    const decoded = decodeSignalling(changed(UDP - 2, `0000${first}`));
    assert.equal([decoded.kind, decoded.kind === 'other' && decoded.protocol], ['other', 17]);
    assert.is(decoded.outer, undefined);
  }
});

test('[5555-2.3.2.2-01] UDP between other ports is no signalling', () => {
  const decoded = decodeSignalling(changed(UDP - 8, '0035 0035 0050 0000'));
  assert.equal([decoded.kind, decoded.source], ['other', address('198.51.100.9')]);
});

test('what is authenticated is the home address in both places, for a NAT may change all outside of it', () => {
  const decoded = decodeSignalling(hex(update!.hex));
  assert.ok(decoded.kind === 'mobility');
  assert.equal(authenticatedAddresses(decoded), { careOfAddress: HOME_ADDRESS, homeAddress: HOME_ADDRESS });
  assert.is(decoded.destination, HOME_AGENT);
  const { message } = decoded;
  assert.ok(message.type === MessageType.bindingUpdate);
  const options = [{ type: OptionType.alternateCareOfAddress, careOfAddress: HOME_AGENT }];
  const alternate = { ...decoded, message: { ...message, options } };
  assert.is(authenticatedAddresses(alternate).careOfAddress, HOME_ADDRESS);
});

test('protocol 41 that holds no IPv6 is refused', () => {
  assertWireError(() => decodeSignalling(changed(20, '40', direct!)), { code: 'bad-value', offset: 20 });
});

test.run();
