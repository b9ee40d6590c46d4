import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CaptureError, type DecodedRow, decodeCapture, decodeHex } from '../../../src/cli/decode.ts';
import { encodeSignalling, type SignallingPacket } from '../../../src/wire/signalling.ts';
import { hex, pcapFile } from '../../lib/wire.ts';
import { IPV4_PACKET_VECTORS } from '../../lib/wire-ipv4-vectors.ts';
import { PACKET_VECTORS } from '../../lib/wire-packet-vectors.ts';
import { bid, CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MESSAGE_VECTORS } from '../../lib/wire-vectors.ts';

const update = PACKET_VECTORS[0]!;
const udp = PACKET_VECTORS.at(-1)!;
const updateRow = {
  source: '2001:db8:a::4',
  destination: '2001:db8:1::1',
  homeAddress: '2001:db8:1::2',
  message: {
    type: 5,
    name: 'BindingUpdate',
    sequence: 0x104,
    flags: ['A', 'H'],
    lifetimeSeconds: 420,
    options: [{ type: 3, name: 'AlternateCareOfAddress', careOfAddress: '2001:db8:a::4' }],
  },
};

function rows(file: Uint8Array, all = false): DecodedRow[] {
  const found: DecodedRow[] = [];
  decodeCapture(file, (row) => found.push(row), { all });
  return found;
}

function hexRows(text: string): DecodedRow[] {
  const found: DecodedRow[] = [];
  decodeHex(text, (row) => found.push(row));
  return found;
}

/** A pcap file with one packet, its numbers in either byte order. */
function capture(frame: Uint8Array, linkType: number, littleEndian: boolean, magic = 0xa1b2c3d4): Uint8Array {
  const file = new Uint8Array(40 + frame.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, magic, littleEndian);
  view.setUint32(20, linkType, littleEndian);
  view.setUint32(24, 1_700_000_000, littleEndian);
  view.setUint32(28, 5_000, littleEndian);
  view.setUint32(32, frame.length, littleEndian);
  view.setUint32(36, frame.length, littleEndian);
  file.set(frame, 40);
  return file;
}

const behind = (header: string) => hex(`${header} ${update.hex}`);

for (const [name, linkType, frame] of [
  ['Ethernet', 1, behind('020000000001 020000000002 86dd')],
  ['Ethernet with a VLAN tag', 1, behind('020000000001 020000000002 8100 0007 86dd')],
  ['Ethernet with two VLAN tags', 1, behind('020000000001 020000000002 88a8 0007 8100 0008 86dd')],
  ['raw IP', 101, behind('')],
  ['raw IP of OpenBSD', 14, behind('')],
  ['raw IPv6', 229, behind('')],
  ['Linux cooked', 113, behind('0000 0001 0006 0200000000010000 86dd')],
  ['Linux cooked version 2', 276, behind('86dd 0000 00000003 0001 00 06 0200000000010000')],
  ['BSD loopback, little-endian', 0, behind('1e000000')],
  ['BSD loopback, big-endian', 0, behind('00000018')],
] as const) {
  test(`${name} is read in both byte orders`, () => {
    for (const littleEndian of [true, false]) {
      assert.equal(rows(capture(frame, linkType, littleEndian)), [
        { time: '2023-11-14T22:13:20.005000Z', ...updateRow },
      ]);
    }
  });
}

const [inUdp, , echo, tooBig] = IPV4_PACKET_VECTORS;
for (const [name, linkType, header] of [
  ['Ethernet', 1, '020000000001 020000000002 0800'],
  ['raw IP', 101, ''],
  ['raw IPv4', 228, ''],
  ['BSD loopback', 0, '02000000'],
] as const) {
  test(`[5555-4.1-01] signalling inside of UDP and IPv4 is read over ${name}`, () => {
    const [row] = rows(capture(hex(header + inUdp!.hex), linkType, true)) as Record<string, unknown>[];
    const { source, destination, outer, homeAddress, message } = row!;
    assert.equal([source, destination, homeAddress], ['2001:db8:1::2', '2001:db8:1::1', undefined]);
    assert.equal(outer, {
      source: '198.51.100.9',
      destination: '203.0.113.1',
      sourcePort: 4191,
      destinationPort: 4191,
    });
    const { name: type, flags, options } = message as Record<string, unknown>;
    assert.equal([type, flags], ['BindingUpdate', ['A', 'H', 'R', 'O']]);
    assert.equal((options as Record<string, unknown>[])[0]!['careOfAddress'], '198.51.100.9');
  });
}

test('an echo request directly in IPv4, and an ICMP error with the MTU that it tells', () => {
  const found = [echo!, tooBig!].map(({ hex: text }) => rows(capture(hex(text), 101, true))[0]);
  const [first, second] = found as Record<string, Record<string, unknown>>[];
  assert.equal(first!['outer'], { source: '198.51.100.9', destination: '203.0.113.1' });
  assert.is(first!['message']!['name'], 'EchoRequest');
  assert.equal(second!['message'], { type: 3, name: 'DestinationUnreachable', code: 4, mtuBytes: 1400 });
});

test('IPv4 packets of others are left out, and told by their protocol where all are wanted', () => {
  const others = hex(IPV4_PACKET_VECTORS[0]!.hex);
  others.set([0, 53, 0, 53], 20);
  assert.equal(rows(capture(others, 101, true)), []);
  const [row] = rows(capture(others, 101, true), true) as Record<string, unknown>[];
  assert.equal([row!['source'], row!['protocol']], ['198.51.100.9', 17]);
});

test('a file in nanoseconds keeps them', () => {
  const [row] = rows(capture(hex(update.hex), 101, false, 0xa1b23c4d));
  assert.equal(row, { time: '2023-11-14T22:13:20.000005000Z', ...updateRow });
});

for (const [name, linkType, frame] of [
  ['ARP over Ethernet', 1, hex(`020000000001 020000000002 0806 45${'00'.repeat(40)}`)],
  ['a frame shorter than its header', 1, hex('020000000001')],
  ['version 5 in raw IP', 101, hex(`55${'00'.repeat(40)}`)],
  ['AppleTalk over BSD loopback', 0, hex(`10000000 45${'00'.repeat(40)}`)],
] as const) {
  test(`${name} is skipped`, () => assert.equal(rows(capture(frame, linkType, true), true), []));
}

for (const [name, file, message] of [
  ['a pcapng file', hex('0a0d0d0a 00000000'), /^a pcapng file: convert it with/],
  ['an unknown link layer', capture(new Uint8Array(9), 127, true), /^link layer type 127 is not known$/],
  ['a header cut short', pcapFile([]).subarray(0, 20), /^the pcap file ends within its header$/],
  ['a packet header cut short', pcapFile([hex(udp.hex)]).subarray(0, 30), /ends within packet 1, at octet 24$/],
  ['a packet cut short', pcapFile([hex(update.hex), hex(udp.hex)]).subarray(0, 180), /within packet 2, at octet 136$/],
  [
    'a packet of absurd length',
    hex(`d4c3b2a1 ${'00'.repeat(16)} 65000000 ${'00'.repeat(8)} 000000ff 00000000`),
    /claims/,
  ],
  ['an empty file', new Uint8Array(0), /^neither a pcap file nor hex digits$/],
  ['a binary file', hex('7f454c46'), /^neither a pcap file nor hex digits$/],
  ['a text file', new TextEncoder().encode('hello world\n'), /^neither a pcap file nor hex digits: hello world$/],
  ['a file of comments', new TextEncoder().encode('# nothing\n'), /^no packet in it$/],
] as const) {
  test(`${name} is refused with a reason`, () => {
    assert.throws(
      () => rows(file),
      (error: Error) => error instanceof CaptureError && message.test(error.message),
    );
  });
}

test('rows before the point where a file is cut short are given', () => {
  const found: DecodedRow[] = [];
  const file = pcapFile([hex(update.hex), hex(udp.hex)]).subarray(0, 180);
  assert.throws(() => decodeCapture(file, (row) => found.push(row)), /within packet 2/);
  assert.is(found.length, 1);
});

test('packets that are no signalling are left out unless asked for', () => {
  const file = pcapFile([hex(udp.hex)]);
  assert.equal(rows(file), []);
  assert.equal(rows(file, true), [
    {
      time: '2023-11-14T22:13:20.000000Z',
      source: '2001:db8:a::4',
      destination: '2001:db8:1::1',
      protocol: 17,
    },
  ]);
});

test('a malformed packet gives its error code and offset', () => {
  const broken = hex(update.hex);
  broken[79] = 0xff;
  assert.equal(rows(pcapFile([broken])), [{ error: { code: 'bad-checksum', offset: 68 } }]);
});

test('user packets that were captured in part give no row, signalling does', () => {
  assert.equal(rows(pcapFile([hex(udp.hex).subarray(0, 44)])), []);
  const found = rows(pcapFile([hex(update.hex).subarray(0, 60)]));
  assert.equal(found, [{ error: { code: 'truncated', offset: 60 } }]);
});

test('hex takes one packet per line, or packets wrapped over lines with empty lines between, and comments', () => {
  const packet = update.hex.replaceAll(/\s+/g, '');
  const row = { time: null, ...updateRow };
  assert.equal(hexRows(packet), [row]);
  assert.equal(hexRows(`${packet}\n${packet}\r\n`), [row, row]);
  assert.equal(hexRows(`# one\n${update.hex}\n\n# two\n${packet}`), [row, row]);
  assert.equal(rows(new TextEncoder().encode(`${update.hex}\n`)), [row]);
});

function describe(value: SignallingPacket): DecodedRow {
  return rows(pcapFile([encodeSignalling(value)]))[0]!;
}

test('each option shows its fields', () => {
  const options = MESSAGE_VECTORS.filter(({ value }) => value.type === 5 || value.type === 6).flatMap(({ value }) => {
    const row = describe({ kind: 'mobility', source: HOME_ADDRESS, destination: HOME_AGENT, message: value });
    return 'message' in row ? (row.message!['options'] as object[]) : [];
  });
  const bidFields = { type: 35, name: 'BindingIdentifier', status: 0, simultaneousHomeAndForeign: false };
  for (const expected of [
    { type: 2, name: 'BindingRefreshAdvice', refreshIntervalSeconds: 40 },
    { type: 4, name: 'NonceIndices', homeNonceIndex: 1, careOfNonceIndex: 2 },
    { type: 5, name: 'BindingAuthorizationData', authenticator: '0102030405060708090a0b0c' },
    { type: 6, name: 'MobileNetworkPrefix', prefix: '2001:db8:5500::/56' },
    { ...bidFields, bid: 1 },
    { ...bidFields, bid: 2, careOfAddress: '192.0.2.1' },
    { ...bidFields, bid: 3, simultaneousHomeAndForeign: true, careOfAddress: '2001:db8:a::3' },
    { ...bidFields, bid: 2, status: 164 },
    { type: 35, name: 'BindingIdentifier', malformed: '00090080aabb' },
    { type: 200, name: 'Unknown', data: 'aabbcc' },
    { type: 7, name: 'MobilityHeaderLinkLayerAddress', optionCode: 2, linkLayerAddress: '02:00:00:00:00:01' },
    { type: 8, name: 'MobileNodeIdentifier', subtype: 1, identifier: 'vehicle7@fleet.example' },
    {
      type: 9,
      name: 'MobilityMessageAuthentication',
      subtype: 1,
      spi: 256,
      authenticator: '0102030405060708090a0b0c',
    },
    { type: 10, name: 'MobilityMessageReplayProtection', timestamp: '2026-07-27T00:19:54.500Z' },
  ]) {
    const found = options.some((option) => JSON.stringify(sorted(option)) === JSON.stringify(sorted(expected)));
    assert.ok(found, `${JSON.stringify(expected)} in ${JSON.stringify(options)}`);
  }
});

const sorted = (object: object) => Object.fromEntries(Object.entries(object).sort());

test('the messages of the return routability procedure show their cookies, tokens and nonce indices', () => {
  const shown = MESSAGE_VECTORS.filter(({ value }) => [1, 2, 3, 4].includes(Number(value.type))).map(({ value }) => {
    const row = describe({ kind: 'mobility', source: HOME_ADDRESS, destination: HOME_AGENT, message: value });
    return 'message' in row ? row.message! : {};
  });
  const cookie = '1122334455667788';
  const token = '99aabbccddeeff00';
  const options: object[] = [];
  for (const expected of [
    { type: 1, name: 'HomeTestInit', homeInitCookie: cookie, options },
    { type: 2, name: 'CareOfTestInit', careOfInitCookie: cookie, options },
    { type: 3, name: 'HomeTest', homeNonceIndex: 17, homeInitCookie: cookie, homeKeygenToken: token, options },
    { type: 4, name: 'CareOfTest', careOfNonceIndex: 18, careOfInitCookie: cookie, careOfKeygenToken: token, options },
  ]) {
    assert.ok(
      shown.some((message) => JSON.stringify(message) === JSON.stringify(expected)),
      JSON.stringify(shown),
    );
  }
});

test('each message shows its fields, and flags in the order of the standards', () => {
  const addressed = { kind: 'mobility', source: HOME_AGENT, destination: CARE_OF_ADDRESS } as const;
  const message = (value: SignallingPacket) => {
    const row = describe(value);
    return 'message' in row ? row.message : row;
  };
  const all = { sequenceNumber: 1, lifetimeSeconds: 8, options: [] };
  assert.equal(message({ ...addressed, message: { type: 5, ...all, flags: 0xffff } }), {
    type: 5,
    name: 'BindingUpdate',
    sequence: 1,
    flags: ['A', 'H', 'L', 'K', 'M', 'R', 'P', 'F', 'T', 'O'],
    lifetimeSeconds: 8,
    options: [],
  });
  assert.equal(message({ ...addressed, message: { type: 6, ...all, status: 135, flags: 0xff } }), {
    type: 6,
    name: 'BindingAcknowledgement',
    sequence: 1,
    flags: ['K', 'R', 'P'],
    lifetimeSeconds: 8,
    status: 135,
    options: [],
  });
  assert.equal(message({ ...addressed, message: { type: 7, status: 2, homeAddress: HOME_ADDRESS, options: [] } }), {
    type: 7,
    name: 'BindingError',
    status: 2,
    homeAddress: '2001:db8:1::2',
    options: [],
  });
  assert.equal(message({ ...addressed, message: { type: 0, options: [bid(7)] } }), {
    type: 0,
    name: 'BindingRefreshRequest',
    options: [{ type: 35, name: 'BindingIdentifier', bid: 7, status: 0, simultaneousHomeAndForeign: false }],
  });
  const raw = hex('00001122334455667788');
  assert.equal(message({ ...addressed, message: { type: 'unknown', messageType: 99, data: raw } }), {
    type: 99,
    name: 'Unknown',
    data: '00001122334455667788',
  });
});

test('ICMPv6 shows errors and echo, but nothing that has to do with other things', () => {
  const addressed = { kind: 'icmpv6', source: HOME_AGENT, destination: CARE_OF_ADDRESS } as const;
  const invokingPacket = new Uint8Array(0);
  const shown = (message: Extract<SignallingPacket, { readonly kind: 'icmpv6' }>['message']) => {
    const row = rows(pcapFile([encodeSignalling({ ...addressed, message })]))[0];
    return row && 'message' in row ? row.message : undefined;
  };
  assert.equal(shown({ type: 1, code: 3, value: 0, invokingPacket }), {
    type: 1,
    name: 'DestinationUnreachable',
    code: 3,
  });
  assert.equal(shown({ type: 2, code: 0, value: 1280, invokingPacket }), {
    type: 2,
    name: 'PacketTooBig',
    code: 0,
    mtuBytes: 1280,
  });
  assert.equal(shown({ type: 4, code: 2, value: 42, invokingPacket }), {
    type: 4,
    name: 'ParameterProblem',
    code: 2,
    pointer: 42,
  });
  assert.equal(shown({ type: 129, identifier: 7, sequenceNumber: 8, data: invokingPacket }), {
    type: 129,
    name: 'EchoReply',
    code: 0,
    identifier: 7,
    sequence: 8,
  });
  assert.is(shown({ type: 'unknown', icmpv6Type: 143, code: 0, data: hex('00000000') }), undefined);
});

test('Neighbor Discovery and the messages of Mobile IPv6 show their fields, and flags by their letters', () => {
  const shown = PACKET_VECTORS.map(({ value }) => describe(value))
    .map((row) => (row && 'message' in row ? row.message : undefined))
    .filter((message) => Number(message?.['type']) >= 130);
  const prefixInformation = {
    type: 3,
    name: 'PrefixInformation',
    address: '2001:db8:1::1/64',
    flags: ['L', 'A', 'R'],
    validLifetimeSeconds: 86_400,
    preferredLifetimeSeconds: 14_400,
  };
  const linkLayerAddress = '02:00:00:00:00:01';
  assert.equal(shown, [
    { type: 144, name: 'HomeAgentAddressDiscoveryRequest', code: 0, identifier: 0x1234, flags: ['R'] },
    {
      type: 145,
      name: 'HomeAgentAddressDiscoveryReply',
      code: 0,
      identifier: 0x1234,
      flags: ['R'],
      homeAgentAddresses: ['2001:db8:1::1', '2001:db8:1::9'],
    },
    { type: 146, name: 'MobilePrefixSolicitation', code: 0, identifier: 0xbeef, options: [] },
    {
      type: 147,
      name: 'MobilePrefixAdvertisement',
      code: 0,
      identifier: 0xbeef,
      flags: ['M', 'O'],
      options: [{ type: 250, name: 'Unknown', data: '010203040506' }, prefixInformation],
    },
    {
      type: 133,
      name: 'RouterSolicitation',
      code: 0,
      options: [{ type: 1, name: 'SourceLinkLayerAddress', linkLayerAddress: '02:00:00:00:00:02' }],
    },
    {
      type: 134,
      name: 'RouterAdvertisement',
      code: 0,
      currentHopLimit: 64,
      flags: ['H'],
      routerLifetimeSeconds: 1800,
      reachableTimeMs: 30_000,
      retransmitTimerMs: 1000,
      options: [
        { type: 1, name: 'SourceLinkLayerAddress', linkLayerAddress },
        { type: 5, name: 'Mtu', mtuBytes: 1500 },
        prefixInformation,
        { type: 7, name: 'AdvertisementInterval', intervalMs: 1500 },
        { type: 8, name: 'HomeAgentInformation', flags: ['R'], preference: 10, lifetimeSeconds: 1800 },
      ],
    },
    { type: 135, name: 'NeighborSolicitation', code: 0, targetAddress: '2001:db8:1::2', options: [] },
    {
      type: 136,
      name: 'NeighborAdvertisement',
      code: 0,
      flags: ['R', 'O'],
      targetAddress: '2001:db8:1::2',
      options: [{ type: 2, name: 'TargetLinkLayerAddress', linkLayerAddress }],
    },
  ]);
});

test('a tunnelled packet is shown inside its tunnel, if it is signalling', () => {
  const tunnel = (payload: Uint8Array) =>
    encodeSignalling({ kind: 'other', source: CARE_OF_ADDRESS, destination: HOME_AGENT, protocol: 41, payload });
  const time = '2023-11-14T22:13:20.000000Z';
  assert.equal(rows(pcapFile([tunnel(hex(update.hex))])), [
    { time, source: '2001:db8:a::4', destination: '2001:db8:1::1', tunnel: { time, ...updateRow } },
  ]);
  assert.equal(rows(pcapFile([tunnel(hex(udp.hex))])), []);
});

test.run();
