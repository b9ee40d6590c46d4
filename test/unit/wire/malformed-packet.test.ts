// IPv6 packets whose headers break a rule: which error they give, where, and what the standard lets be sent back.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeSignalling, type SignallingPacket } from '../../../src/wire/signalling.ts';
import { assertWireError, type ExpectedError, hex, naiveChecksum } from '../../lib/wire.ts';
import { CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT } from '../../lib/wire-vectors.ts';

const SOURCE = '20010db8000a00000000000000000004';
const DESTINATION = '20010db8000100000000000000000001';
const HOME = '20010db8000100000000000000000002';
const MULTICAST = 'ff0e0000000000000000000000000001';

/** An IPv6 packet from hex, with its payload length put right. */
function packet(nextHeader: string, payload: string, destination = DESTINATION): Uint8Array {
  const octets = hex(`60000000 0000 ${nextHeader} 40 ${SOURCE} ${destination} ${payload}`);
  octets[4] = (octets.length - 40) >> 8;
  octets[5] = (octets.length - 40) & 255;
  return octets;
}

const homeAddressHeader = (next: string, home = HOME) => `${next} 02 01020000 c910 ${home}`;
const routingHeader = (next: string, home = HOME) => `${next} 02 02 01 00000000 ${home}`;
const udp = '1388138900080000';
const problem = (code: number, pointer: number) => ({ kind: 'parameter-problem', code, pointer }) as const;

const refused: readonly (readonly [name: string, packet: Uint8Array, error: ExpectedError])[] = [
  ['version 5 is refused', hex(`55000028${'00'.repeat(36)}`), { code: 'bad-value', offset: 0 }],
  [
    '[6275-6.3-01] a Home Address option of 17 octets is refused',
    packet('3c', `11 03 01020000 c911 ${HOME} 00 0105 0000000000`),
    { code: 'bad-length', offset: 47 },
  ],
  [
    '[6275-9.3.1-01] a home address that is multicast is refused',
    packet('3c', homeAddressHeader('11', MULTICAST) + udp),
    { code: 'bad-value', offset: 48 },
  ],
  [
    '[6275-9.3.1-01] [6275-4.6-01] a home address that is link-local is refused',
    packet('3c', homeAddressHeader('11', 'fe800000000000000000000000000001') + udp),
    { code: 'bad-value', offset: 48 },
  ],
  [
    '[6275-6.3-04] two Home Address options in one header are refused',
    packet('3c', `11 05 01020000 c910 ${HOME} c910 ${HOME} 000000000000 ${udp}`),
    { code: 'duplicate-option', offset: 64 },
  ],
  [
    '[6275-6.3-04] two headers with a Home Address option each are refused',
    packet('3c', homeAddressHeader('3c') + homeAddressHeader('11') + udp),
    { code: 'duplicate-option', offset: 64 },
  ],
  [
    'a Home Address option is unknown in a hop-by-hop options header (RFC 8200 §4.2)',
    packet('00', homeAddressHeader('11') + udp),
    { code: 'unrecognized-option', offset: 46, answer: problem(2, 46) },
  ],
  [
    'an unknown option of type 01xxxxxx makes the packet vanish',
    packet('3c', `11 00 4a 04 00000000 ${udp}`),
    { code: 'unrecognized-option', offset: 42 },
  ],
  [
    'an unknown option of type 10xxxxxx is answered with a pointer to it',
    packet('3c', `11 00 8a 04 00000000 ${udp}`),
    { code: 'unrecognized-option', offset: 42, answer: problem(2, 42) },
  ],
  [
    'an unknown option of type 10xxxxxx is answered even if it was multicast',
    packet('3c', `11 00 8a 04 00000000 ${udp}`, MULTICAST),
    { code: 'unrecognized-option', offset: 42, answer: problem(2, 42) },
  ],
  [
    'an unknown option of type 11xxxxxx is answered with a pointer to it',
    packet('3c', `11 00 ca 04 00000000 ${udp}`),
    { code: 'unrecognized-option', offset: 42, answer: problem(2, 42) },
  ],
  [
    'an unknown option of type 11xxxxxx makes a multicast packet vanish',
    packet('3c', `11 00 ca 04 00000000 ${udp}`, MULTICAST),
    { code: 'unrecognized-option', offset: 42 },
  ],
  [
    'an option that runs past its header is refused',
    packet('3c', `11 00 1e 05 00000000 ${udp}`),
    { code: 'option-overrun', offset: 43 },
  ],
  [
    'an extension header that runs past the packet is refused',
    packet('3c', `11 01 0104 00000000`),
    { code: 'truncated', offset: 48 },
  ],
  [
    '[6275-6.4.1-01] a type 2 routing header of another length is discarded silently',
    packet('2b', `11 04 02 01 00000000 ${HOME} ${HOME} ${udp}`),
    { code: 'bad-length', offset: 41 },
  ],
  [
    '[6275-6.4.1-01] a type 2 routing header without segments left is discarded silently',
    packet('2b', `11 02 02 00 00000000 ${HOME} ${udp}`),
    { code: 'bad-value', offset: 43 },
  ],
  [
    '[6275-6.4.1-01] a type 2 routing header with two segments left is discarded silently',
    packet('2b', `11 02 02 02 00000000 ${HOME} ${udp}`),
    { code: 'bad-value', offset: 43 },
  ],
  [
    'a type 2 routing header with a multicast address is discarded silently',
    packet('2b', routingHeader('11', MULTICAST) + udp),
    { code: 'bad-value', offset: 48 },
  ],
  [
    'a second type 2 routing header is refused',
    packet('2b', routingHeader('2b') + routingHeader('11') + udp),
    { code: 'bad-value', offset: 64 },
  ],
  [
    'a routing header of another type with segments left is answered with a pointer to the type (RFC 8200 §4.4)',
    packet('2b', `11 02 00 01 00000000 ${HOME} ${udp}`),
    { code: 'unsupported', offset: 42, answer: problem(0, 42) },
  ],
  ['a fragment is not understood', packet('2c', `3a 00 0001 12345678 ${udp}`), { code: 'unsupported', offset: 40 }],
  [
    'hop-by-hop options behind another header are answered with a pointer to the Next Header field (RFC 8200 §4)',
    packet('3c', `00 00 0104 00000000 11 00 0104 00000000 ${udp}`),
    { code: 'bad-next-header', offset: 40, answer: problem(1, 40) },
  ],
  [
    'an ICMPv6 message without a right checksum is refused',
    packet('3a', '80 00 1234 0001 0001'),
    { code: 'bad-checksum', offset: 42 },
  ],
  [
    '[6275-9.2-01] a Mobility Header behind extension headers is refused at its offset in the packet',
    packet('2b', `${routingHeader('87')} 3b000000 1234 0000`),
    { code: 'bad-checksum', offset: 68 },
  ],
];

for (const [name, octets, error] of refused) {
  test(name, () => {
    assertWireError(() => decodeSignalling(octets), error);
  });
}

const plain: SignallingPacket = {
  kind: 'other',
  source: CARE_OF_ADDRESS,
  destination: HOME_AGENT,
  protocol: 17,
  payload: hex(udp),
};

for (const [name, octets, expected] of [
  ['an unknown option of type 00xxxxxx is skipped', packet('3c', `11 00 1e 04 00000000 ${udp}`), plain],
  ['hop-by-hop options with a Router Alert are skipped', packet('00', `11 00 0502 0000 0100 ${udp}`), plain],
  [
    'a routing header of another type without segments left is skipped',
    packet('2b', `11 02 00 00 00000000 ${HOME} ${udp}`),
    plain,
  ],
  [
    '[6275-6.4.1-01] reserved octets of a type 2 routing header are ignored',
    packet('2b', `11 02 02 01 ffffffff ${HOME} ${udp}`),
    { ...plain, routing2: HOME_ADDRESS },
  ],
  [
    'a Home Address option is found behind Pad1 options and before others',
    packet('3c', `11 03 00000000 c910 ${HOME} 1e 06 000000000000 ${udp}`),
    { ...plain, homeAddress: HOME_ADDRESS },
  ],
  [
    '[6275-9.3.1-02] an ESP packet with a Home Address option comes out with both',
    packet('3c', `${homeAddressHeader('32')} 00000001 00000002`),
    { ...plain, protocol: 50, payload: hex('0000000100000002'), homeAddress: HOME_ADDRESS },
  ],
] as const) {
  test(name, () => {
    assert.equal(decodeSignalling(octets), expected);
  });
}

test('[6275-6.1.1-06] an ICMPv6 checksum, too, covers the home addresses in place of those in the IPv6 header', () => {
  const echo = hex('80 00 0000 0001 0001');
  const sum = naiveChecksum(HOME_ADDRESS, HOME_ADDRESS, 58, echo);
  const text = `8000 ${sum.toString(16).padStart(4, '0')} 00010001`;
  const decoded = decodeSignalling(packet('2b', `${routingHeader('3c')} ${homeAddressHeader('3a')} ${text}`));
  assert.is(decoded.kind, 'icmpv6');
});

test.run();
