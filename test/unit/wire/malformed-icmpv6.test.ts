// ICMPv6 of Neighbor Discovery and Mobile IPv6 that breaks a rule, and what must be ignored in it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address, addressToBytes, formatAddress } from '../../../src/bytes/address.ts';
import { Writer } from '../../../src/bytes/writer.ts';
import type { Icmpv6Message } from '../../../src/wire/icmpv6/message.ts';
import { encodeNeighborOptions, type NeighborOption } from '../../../src/wire/icmpv6/neighbor-options.ts';
import { decodeSignalling, encodeSignalling, type Icmpv6Packet } from '../../../src/wire/signalling.ts';
import { assertWireError, type ExpectedError, hex, withChecksum } from '../../lib/wire.ts';
import { CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT } from '../../lib/wire-vectors.ts';

const LINK_LOCAL = address('fe80::1');
const ALL_NODES = address('ff02::1');
const ALL_ROUTERS = address('ff02::2');
const UNSPECIFIED = address('::');
const SOLICITED_NODE = address('ff02::1:ff00:2');
const TARGET = '20010db8000100000000000000000002';
const MULTICAST = 'ff0e0000000000000000000000000101';
const SOURCE_LINK_LAYER = '0101 020000000001';

interface Header {
  readonly source?: Address;
  readonly destination?: Address;
  readonly hopLimit?: number;
}

/** An IPv6 packet with this ICMPv6 message, its checksum put right. */
function packet(text: string, header: Header = {}): Uint8Array {
  const { source = LINK_LOCAL, destination = ALL_NODES, hopLimit = 255 } = header;
  const message = withChecksum(hex(text), 2, 58, source, destination);
  const head = hex(`60000000 ${message.length.toString(16).padStart(4, '0')} 3a00`);
  head[7] = hopLimit;
  return Uint8Array.from([...head, ...addressToBytes(source), ...addressToBytes(destination), ...message]);
}

function decode(text: string, header: Header = {}): Icmpv6Message {
  return (decodeSignalling(packet(text, header)) as Icmpv6Packet).message;
}

const unicast: Header = { source: CARE_OF_ADDRESS, destination: HOME_AGENT, hopLimit: 64 };
const solicitation = `8700 0000 00000000 ${TARGET}`;
const advertisement = '8600 0000 40 20 0708 00007530 000003e8';

const refused: readonly (readonly [name: string, hex: string, header: Header, error: ExpectedError])[] = [
  ...(
    [
      ['Router Solicitation', '8500 0000 00000000'],
      ['Router Advertisement', advertisement],
      ['Neighbor Solicitation', solicitation],
      ['Neighbor Advertisement', `8800 0000 20000000 ${TARGET}`],
    ] as const
  ).flatMap(([name, text]): (readonly [string, string, Header, ExpectedError])[] => [
    [`a ${name} that a router has forwarded is refused`, text, { hopLimit: 254 }, { code: 'bad-value', offset: 7 }],
    [
      `a ${name} of another code is refused`,
      `${text.slice(0, 2)}01${text.slice(4)}`,
      {},
      { code: 'bad-value', offset: 41 },
    ],
    [
      `a ${name} with an option of length 0 is refused`,
      `${text} 0500 000000000000`,
      {},
      { code: 'bad-length', offset: 40 + hex(text).length + 1 },
    ],
    [
      `a ${name} with an option that runs past its end is refused`,
      `${text} fa02 000000000000`,
      {},
      { code: 'option-overrun', offset: 40 + hex(text).length + 1 },
    ],
    [
      `a ${name} with an option whose length is cut off is refused`,
      `${text} fa`,
      {},
      { code: 'truncated', offset: 40 + hex(text).length + 1 },
    ],
    [
      `a ${name} that is cut short is refused`,
      text.replace(/..$/, ''),
      {},
      { code: 'truncated', offset: 40 + hex(text).length - 1 },
    ],
  ]),
  [
    'a Router Solicitation from nowhere with a link-layer address is refused',
    `8500 0000 00000000 ${SOURCE_LINK_LAYER}`,
    { source: UNSPECIFIED, destination: ALL_ROUTERS },
    { code: 'bad-value', offset: 8 },
  ],
  [
    'a Router Advertisement from a global address is refused',
    advertisement,
    { source: HOME_AGENT },
    { code: 'bad-value', offset: 8 },
  ],
  [
    'a Neighbor Solicitation for a multicast address is refused',
    `8700 0000 00000000 ${MULTICAST}`,
    {},
    { code: 'bad-value', offset: 48 },
  ],
  [
    'a Neighbor Solicitation from nowhere to another address than a solicited-node one is refused',
    solicitation,
    { source: UNSPECIFIED, destination: ALL_NODES },
    { code: 'bad-value', offset: 24 },
  ],
  [
    'a Neighbor Solicitation from nowhere with a link-layer address is refused',
    `${solicitation} ${SOURCE_LINK_LAYER}`,
    { source: UNSPECIFIED, destination: SOLICITED_NODE },
    { code: 'bad-value', offset: 8 },
  ],
  [
    'a Neighbor Advertisement for a multicast address is refused',
    `8800 0000 20000000 ${MULTICAST}`,
    {},
    { code: 'bad-value', offset: 48 },
  ],
  [
    'a solicited Neighbor Advertisement to all nodes is refused',
    `8800 0000 60000000 ${TARGET}`,
    {},
    { code: 'bad-value', offset: 24 },
  ],
  ...(
    [
      ['discovery request', '9000 0000 1234 8000'],
      ['discovery reply', '9100 0000 1234 8000'],
      ['Mobile Prefix Solicitation', '9200 0000 1234 0000'],
      ['Mobile Prefix Advertisement', '9300 0000 1234 0000'],
    ] as const
  ).flatMap(([name, text]): (readonly [string, string, Header, ExpectedError])[] => [
    [
      `a ${name} of another code is refused`,
      `${text.slice(0, 2)}01${text.slice(4)}`,
      unicast,
      { code: 'bad-value', offset: 41 },
    ],
    [`a ${name} that is cut short is refused`, text.slice(0, -2), unicast, { code: 'truncated', offset: 47 }],
  ]),
  [
    '[6275-6.6-01] a discovery reply whose addresses do not fill the packet is refused',
    `9100 0000 1234 0000 ${TARGET} 20010db800010000`,
    unicast,
    { code: 'bad-length', offset: 64 },
  ],
  [
    'a Mobile Prefix Solicitation with an option of length 0 is refused',
    '9200 0000 1234 0000 fa00 000000000000',
    unicast,
    { code: 'bad-length', offset: 49 },
  ],
  [
    'a Mobile Prefix Advertisement with an option that runs past its end is refused',
    '9300 0000 1234 0000 fa02 000000000000',
    unicast,
    { code: 'option-overrun', offset: 49 },
  ],
];

for (const [name, text, header, error] of refused) {
  test(name, () => assertWireError(() => decodeSignalling(packet(text, header)), error));
}

for (const [name, text, header] of [
  ['a Router Solicitation from nowhere', '8500 0000 00000000', { source: UNSPECIFIED, destination: ALL_ROUTERS }],
  [
    'a Neighbor Solicitation from nowhere to the solicited-node address',
    solicitation,
    { source: UNSPECIFIED, destination: SOLICITED_NODE },
  ],
  [
    'a solicited Neighbor Advertisement to the one who asked',
    `8800 0000 60000000 ${TARGET}`,
    { destination: address('fe80::2') },
  ],
] as const) {
  test(`${name} is valid`, () => assert.type(decode(text, header).type, 'number'));
}

/** Decodes, encodes, and gives the message's octets without its checksum. */
function again(text: string, header: Header = {}): string {
  const octets = encodeSignalling(decodeSignalling(packet(text, header)));
  octets.fill(0, 42, 44);
  return [...octets.subarray(40)].map((octet) => octet.toString(16).padStart(2, '0')).join('');
}
const plain = (text: string) => text.replaceAll(' ', '');

for (const [name, received, sent, header] of [
  ['[6275-6.5-01] a discovery request', '9000 0000 1234 ffff', '9000 0000 1234 8000', unicast],
  ['[6275-6.6-01] a discovery reply', `9100 0000 1234 7fff ${TARGET}`, `9100 0000 1234 0000 ${TARGET}`, unicast],
  ['[6275-6.7-01] a Mobile Prefix Solicitation', '9200 0000 1234 ffff', '9200 0000 1234 0000', unicast],
  ['[6275-6.8-01] a Mobile Prefix Advertisement', '9300 0000 1234 ffff', '9300 0000 1234 c000', unicast],
  ['a Router Solicitation', '8500 0000 ffffffff', '8500 0000 00000000', {}],
  [
    '[6275-7.1-01] a Router Advertisement',
    '8600 0000 40 ff 0708 00007530 000003e8',
    '8600 0000 40 e0 0708 00007530 000003e8',
    {},
  ],
  ['a Neighbor Solicitation', `8700 0000 ffffffff ${TARGET}`, `8700 0000 00000000 ${TARGET}`, {}],
  ['a Neighbor Advertisement', `8800 0000 bfffffff ${TARGET}`, `8800 0000 a0000000 ${TARGET}`, {}],
  [
    '[6275-7.2-01] a Prefix Information option',
    `8500 0000 00000000 0304 40 ff 00000001 00000002 ffffffff ${TARGET}`,
    `8500 0000 00000000 0304 40 e0 00000001 00000002 00000000 ${TARGET}`,
    {},
  ],
  [
    '[6275-7.3-01] an Advertisement Interval option',
    '8500 0000 00000000 0701 ffff 000005dc',
    '8500 0000 00000000 0701 0000 000005dc',
    {},
  ],
  [
    '[6275-7.4-01] a Home Agent Information option',
    '8500 0000 00000000 0801 7fff 000a 0708',
    '8500 0000 00000000 0801 0000 000a 0708',
    {},
  ],
] as const) {
  test(`${name} is taken whatever its reserved bits say, and sent with zeros in them`, () => {
    assert.is(again(received, header), plain(sent));
  });
}

function options(text: string): readonly NeighborOption[] {
  const message = decode(`8500 0000 00000000 ${text}`);
  return 'options' in message ? message.options : [];
}

test('[6275-7.2-01] with flag R the field holds the whole address, beside L and A', () => {
  const [option] = options(`0304 40 e0 00000001 ffffffff 00000000 ${TARGET}`);
  assert.equal(option, {
    type: 3,
    prefixLength: 64,
    flags: 0xe0,
    validLifetimeSeconds: 1,
    preferredLifetimeSeconds: 0xffffffff,
    address: HOME_ADDRESS,
  });
});

for (const [name, text] of [
  ['unknown', 'fa02 0102030405060708090a0b0c0d0e'],
  ['a Prefix Information of 24 octets', `0303 40c0 00000001 00000001 00000000 ${TARGET.slice(16)}`],
  ['a Prefix Information with 129 bits', `0304 81 c0 00000001 00000001 00000000 ${TARGET}`],
  ['an MTU of 16 octets', '0502 0000 000005dc 0000000000000000'],
  ['an Advertisement Interval of 16 octets', '0702 0000 000005dc 0000000000000000'],
  ['a Home Agent Information of 16 octets', '0802 0000 000a 0708 0000000000000000'],
] as const) {
  test(`[6275-6.7-03] [6275-6.8-05] an option that is ${name} is kept raw, and the one behind it is read`, () => {
    const octets = hex(text);
    assert.equal(options(`${text} ${SOURCE_LINK_LAYER}`), [
      { type: 'unknown', optionType: octets[0], data: octets.subarray(2) },
      { type: 1, linkLayerAddress: hex('020000000001') },
    ]);
    for (const header of ['9200 0000 beef 0000', '9300 0000 beef 0000']) {
      const message = decode(`${header} ${text} ${SOURCE_LINK_LAYER}`, unicast);
      assert.is('options' in message && message.options[1]?.type, 1);
    }
  });
}

test('a link-layer address of 14 octets takes two units', () => {
  const [option] = options('0102 0102030405060708090a0b0c0d0e');
  assert.equal(option, { type: 1, linkLayerAddress: hex('0102030405060708090a0b0c0d0e') });
});

for (const [name, option] of [
  ['a link-layer address of 8 octets', { type: 1, linkLayerAddress: new Uint8Array(8) }],
  ['raw data of 7 octets', { type: 'unknown', optionType: 250, data: new Uint8Array(7) }],
  ['raw data of 2046 octets', { type: 'unknown', optionType: 250, data: new Uint8Array(2046) }],
  [
    'a prefix of 129 bits',
    {
      type: 3,
      prefixLength: 129,
      flags: 0,
      validLifetimeSeconds: 0,
      preferredLifetimeSeconds: 0,
      address: HOME_ADDRESS,
    },
  ],
  ['a preference beyond 16 bits', { type: 8, mobileRouter: false, preference: 65_536, lifetimeSeconds: 1 }],
] as const) {
  test(`the encoder refuses ${name}`, () => {
    assert.throws(
      () => encodeNeighborOptions(new Writer(), [option]),
      (error: Error) => error instanceof RangeError,
    );
  });
}

test('[6275-6.6-01] a discovery reply may be empty, and holds as many addresses as a packet has room for', () => {
  assert.equal(decode('9100 0000 1234 0000', unicast), {
    type: 145,
    identifier: 0x1234,
    mobileRouter: false,
    homeAgentAddresses: [],
  });
  const homeAgentAddresses = Array.from({ length: 77 }, (_, i) => address(`2001:db8::${i.toString(16)}`));
  const message = { type: 145, identifier: 1, mobileRouter: true, homeAgentAddresses } as const;
  const sent = { kind: 'icmpv6', source: HOME_AGENT, destination: CARE_OF_ADDRESS, message } as const;
  const decoded = decodeSignalling(encodeSignalling(sent)) as Icmpv6Packet;
  assert.equal(decoded.message, message, formatAddress(homeAgentAddresses[76]!));
});

test.run();
