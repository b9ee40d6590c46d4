// What the forwarder makes of inner IPv4 packets besides encapsulating them, and of narrow IPv4 paths.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, formatAddress } from '../../../src/bytes/address.ts';
import { foldChecksum, sumWords } from '../../../src/bytes/checksum.ts';
import { flowKeyOf, reverseFlowKey } from '../../../src/forwarding/flow-key.ts';
import { destinationOf, sourceOf } from '../../../src/forwarding/ip-packet.ts';
import { Protocol } from '../../../src/forwarding/protocol.ts';
import { type ForwardingResult, ReferenceForwarder } from '../../../src/forwarding/reference.ts';
import { Encapsulation } from '../../../src/forwarding/table.ts';
import {
  concat,
  fields,
  hasRightChecksum,
  type Ipv4Fields,
  icmp,
  ipv4,
  tcpPacket,
  u16,
  u32,
  udp,
  udpPacket,
} from '../../lib/forwarding-packets.ts';
import { Random } from '../../lib/forwarding-random.ts';
import {
  HOME_ADDRESS_IPV4,
  mobileRouterTable,
  SERVER,
  SERVER_IPV4,
  VEHICLE,
  VEHICLE_IPV4,
} from '../../lib/forwarding-tables.ts';

const UP = fields(VEHICLE_IPV4, SERVER_IPV4);
const NO_ROUTE = { kind: 'drop', reason: 'noRoute' } as const;
const MALFORMED = { kind: 'drop', reason: 'malformed' } as const;
const SUPPRESSED = { kind: 'drop', reason: 'icmpSuppressed' } as const;

function router(pathMtuBytes = 1500, encapsulation: Encapsulation = Encapsulation.ipv4): ReferenceForwarder {
  const forwarder = new ReferenceForwarder({ firstIdentification: 0xfffe });
  forwarder.apply(mobileRouterTable({ pathMtuBytes, encapsulation }));
  return forwarder;
}

function sent(result: ForwardingResult): Uint8Array[] {
  if (result.kind !== 'send') throw new Error(`not sent: ${JSON.stringify(result)}`);
  return [result.packet, ...(result.furtherPackets ?? [])];
}

function replied(result: ForwardingResult): Uint8Array {
  if (result.kind !== 'reply') throw new Error(`no reply: ${JSON.stringify(result)}`);
  return result.packet;
}

const u16At = (bytes: Uint8Array, at: number) => (bytes[at]! << 8) | bytes[at + 1]!;

/** A UDP packet of `length` octets in all, whose payload tells where its octets belong. */
function packetOf(length: number, more: Partial<Ipv4Fields> = {}): Uint8Array {
  const between = { ...UP, identification: 0x1234, ...more };
  const payload = new Random(length).bytes(length - 28 - (more.options?.length ?? 0));
  return ipv4(between, Protocol.udp, udp(between, 1000, 2000, payload));
}

const LOOSE = { dontFragment: false } as const;

test('what is not a whole IPv4 packet with a right header is malformed; octets behind its total length are left out', () => {
  const forwarder = router();
  const packet = packetOf(100);
  const changed = (at: number, value: number) => {
    const copy = packet.slice();
    copy[at] = value;
    copy.set([0, 0], 10);
    copy.set(u16(foldChecksum(sumWords(copy.slice(0, (value & 15) * 4 || 20)))), 10);
    return copy;
  };
  const wrongChecksum = packet.slice();
  wrongChecksum[8]! ^= 1;
  const bad = {
    'cut off': packet.subarray(0, 99),
    'header cut off': packet.subarray(0, 19),
    'header shorter than it can be': changed(0, 0x44),
    'total length within the header': changed(3, 19),
    'checksum of the header': wrongChecksum,
    'a fragment of more than a datagram holds': packetOf(100, { ...LOOSE, fragmentOffset: 0x1fff }),
  };
  for (const [name, bytes] of Object.entries(bad)) assert.equal(forwarder.outbound(bytes, 0), MALFORMED, name);
  assert.is(sent(forwarder.outbound(concat(packet, new Uint8Array(9)), 0))[0]!.length, 120);
});

test('IPv4 packets with sources or destinations that no router may forward have no route', () => {
  const forwarder = router();
  const everywhere = {
    ...mobileRouterTable(),
    groups: mobileRouterTable().groups.map((group) => ({
      ...group,
      prefixes: [{ address: address('0.0.0.0'), length: 0 }],
    })),
  };
  forwarder.apply(everywhere);
  for (const source of ['0.0.0.0', '0.1.2.3', '127.0.0.1', '169.254.9.9', '224.0.1.1', '240.0.0.1', '255.255.255.255'])
    assert.equal(forwarder.outbound(udpPacket(fields(source, SERVER_IPV4)), 0), NO_ROUTE, source);
  for (const destination of [
    '0.0.0.0',
    '127.0.0.1',
    '169.254.9.9',
    '224.0.0.5',
    '239.1.2.3',
    '240.0.0.1',
    '255.255.255.255',
  ])
    assert.equal(forwarder.outbound(udpPacket(fields(VEHICLE_IPV4, destination)), 0), NO_ROUTE, destination);
  for (const destination of ['224.0.1.1', '232.1.2.3', '10.1.2.3', '169.253.1.1'])
    assert.is(forwarder.outbound(udpPacket(fields(VEHICLE_IPV4, destination)), 0).kind, 'send', destination);
});

test('[5555-4.2-02] only the IPv4 home address and addresses of the mobile network go into the tunnel', () => {
  const forwarder = router();
  for (const [source, kind] of [
    [HOME_ADDRESS_IPV4, 'send'],
    [VEHICLE_IPV4, 'send'],
    ['198.51.100.8', 'drop'],
    ['192.0.2.2', 'drop'],
  ] as const)
    assert.is(forwarder.outbound(udpPacket(fields(source, SERVER_IPV4)), 0).kind, kind, source);
});

test('a packet whose time to live ends is answered with Time Exceeded, which quotes it', () => {
  for (const hopLimit of [0, 1]) {
    const packet = packetOf(900, { hopLimit });
    const answer = replied(router().outbound(packet, 0));
    assert.equal([sourceOf(answer), destinationOf(answer)].map(formatAddress), [HOME_ADDRESS_IPV4, VEHICLE_IPV4]);
    assert.is(answer[1], 0xc0, 'Internetwork Control');
    assert.equal([...answer.slice(20, 22)], [11, 0]);
    assert.is(answer.length, 576, 'as much of the packet as an error may hold');
    assert.equal(answer.slice(28), packet.slice(0, 548));
    assert.ok(hasRightChecksum(answer));
  }
});

test('[5555-4.1.1-01] a packet that is too long and must not be fragmented is answered with the MTU of the tunnel', () => {
  for (const [encapsulation, pathMtuBytes, overhead] of [
    [Encapsulation.ipv6, 1400, 40],
    [Encapsulation.ipv4, 1400, 20],
    [Encapsulation.udp, 1400, 28],
    [Encapsulation.udp, 576, 28],
  ] as const) {
    const forwarder = router(pathMtuBytes, encapsulation);
    const mtu = pathMtuBytes - overhead;
    assert.is(sent(forwarder.outbound(packetOf(mtu), 0))[0]!.length, pathMtuBytes);
    const answer = replied(forwarder.outbound(packetOf(mtu + 1), 0));
    assert.equal([...answer.slice(20, 22), u16At(answer, 24), u16At(answer, 26)], [3, 4, 0, mtu]);
    assert.ok(hasRightChecksum(answer));
    assert.is(forwarder.statistics(0).packetTooBig, 1);
  }
});

/** Puts fragments together; all but the last hold whole 8 octets, in order. */
function reassemble(fragments: readonly Uint8Array[]): { payload: Uint8Array; firstOffset: number; more: boolean } {
  const parts = fragments.map((fragment, index) => {
    assert.is(foldChecksum(sumWords(fragment.slice(0, (fragment[0]! & 15) * 4))), 0);
    assert.is(u16At(fragment, 2), fragment.length);
    const field = u16At(fragment, 6);
    if (index + 1 < fragments.length) assert.is(field & 0x2000, 0x2000);
    return {
      payload: fragment.slice((fragment[0]! & 15) * 4),
      offset: (field & 0x1fff) * 8,
      more: (field & 0x2000) !== 0,
    };
  });
  let end = parts[0]!.offset;
  for (const { payload, offset } of parts) {
    assert.is(offset, end);
    end += payload.length;
  }
  return {
    payload: concat(...parts.map((part) => part.payload)),
    firstOffset: parts[0]!.offset,
    more: parts.at(-1)!.more,
  };
}

test('a packet that is too long and may be fragmented goes in fragments that fit, each in a packet of its own', () => {
  for (const [encapsulation, pathMtuBytes, overhead, length, count] of [
    [Encapsulation.ipv4, 1500, 20, 1481, 2],
    [Encapsulation.udp, 576, 28, 5000, 10],
    [Encapsulation.ipv6, 1280, 40, 2000, 2],
  ] as const) {
    const forwarder = router(pathMtuBytes, encapsulation);
    const packet = packetOf(length, LOOSE);
    const outers = sent(forwarder.outbound(packet, 0));
    assert.is(outers.length, count);
    for (const outer of outers) assert.ok(outer.length <= pathMtuBytes);
    const fragments = outers.map((outer) => outer.slice(overhead));
    for (const fragment of fragments) assert.equal([u16At(fragment, 4), fragment[8]], [0x1234, 63]);
    assert.equal(reassemble(fragments), { payload: packet.slice(20), firstOffset: 0, more: false });
    const { sentPackets, sentBytes } = forwarder.statistics(0).tunnels[0]!;
    assert.equal([sentPackets, sentBytes], [count, outers.reduce((sum, outer) => sum + outer.length, 0)]);
  }
});

test('a fragment is fragmented further: offsets count on, and only the last of a datagram says so', () => {
  for (const moreFragments of [true, false]) {
    const packet = packetOf(1400, { ...LOOSE, moreFragments, fragmentOffset: 100 });
    const fragments = sent(router(700).outbound(packet, 0)).map((outer) => outer.slice(20));
    assert.equal(reassemble(fragments), { payload: packet.slice(20), firstOffset: 800, more: moreFragments });
  }
});

test('options that are not copied stand in the first fragment alone (RFC 791 §3.1)', () => {
  const routerAlert = [148, 4, 0, 0];
  const recordRoute = [7, 7, 4, 0, 0, 0, 0];
  const options = Uint8Array.from([...recordRoute, 1, ...routerAlert]);
  const [first, second] = sent(router(700).outbound(packetOf(1000, { ...LOOSE, options }), 0)) as [
    Uint8Array,
    Uint8Array,
  ];
  assert.equal(first.slice(40, 52), options);
  assert.equal([...second.slice(40, 52)], [1, 1, 1, 1, 1, 1, 1, 1, ...routerAlert]);
  assert.equal(reassemble([first.slice(20), second.slice(20)]).payload.length, 968);
  const malformed = Uint8Array.from([148, 9, 0, 0, 7, 0, 0, 0]);
  const [, later] = sent(router(700).outbound(packetOf(1000, { ...LOOSE, options: malformed }), 0));
  assert.equal(later!.slice(40, 48), malformed);
});

test('no ICMPv4 error answers an ICMPv4 error, a multicast or a later fragment (RFC 1812 §4.3.2.7)', () => {
  const forwarder = router();
  const last: Ipv4Fields = { ...UP, hopLimit: 1, ...LOOSE };
  const message = (type: number) => ipv4(last, Protocol.icmp, icmp(type, 0, u32(0)));
  for (const type of [3, 4, 5, 11, 12, 1, 41, 255])
    assert.equal(forwarder.outbound(message(type), 0), SUPPRESSED, `${type}`);
  assert.equal(forwarder.outbound(ipv4(last, Protocol.icmp, new Uint8Array()), 0), SUPPRESSED);
  assert.equal(forwarder.outbound(udpPacket({ ...last, destination: address('232.1.1.1') }), 0), SUPPRESSED);
  const tooLong = { ...UP, destination: address('232.1.1.1') };
  assert.equal(forwarder.outbound(udpPacket(tooLong, 1, 2, 2000), 0), SUPPRESSED);
  assert.equal(forwarder.outbound(udpPacket({ ...last, fragmentOffset: 1 }), 0), SUPPRESSED);
  assert.is(forwarder.outbound(udpPacket({ ...last, moreFragments: true }), 0).kind, 'reply');
  for (const type of [0, 8, 13, 14, 42]) assert.is(forwarder.outbound(message(type), 0).kind, 'reply', `${type}`);
});

test('without an address to send them from there are no ICMPv4 errors', () => {
  const forwarder = new ReferenceForwarder();
  const { icmpv4Source: _, ...table } = mobileRouterTable();
  forwarder.apply(table);
  assert.equal(forwarder.outbound(packetOf(100, { hopLimit: 1 }), 0), SUPPRESSED);
  assert.is(forwarder.outbound(udpPacket(fields(VEHICLE, SERVER, { hopLimit: 1 })), 0).kind, 'reply');
});

test('errors of both families have one limit: 50 at once', () => {
  const forwarder = router();
  const packets = [packetOf(100, { hopLimit: 1 }), udpPacket(fields(VEHICLE, SERVER, { hopLimit: 1 }))];
  const kinds = Array.from({ length: 80 }, (_, i) => forwarder.outbound(packets[i % 2]!, 0).kind);
  assert.is(kinds.filter((kind) => kind === 'reply').length, 50);
});

test('an IPv6 packet of 1280 octets or less always passes an IPv4 tunnel: in outer fragments where it does not fit', () => {
  for (const [encapsulation, pathMtuBytes, length, count] of [
    [Encapsulation.ipv4, 1299, 1280, 2],
    [Encapsulation.udp, 1307, 1280, 2],
    [Encapsulation.udp, 1280, 1253, 2],
    [Encapsulation.ipv4, 576, 1280, 3],
    [Encapsulation.udp, 576, 1280, 3],
    [Encapsulation.udp, 576, 600, 2],
  ] as const) {
    const forwarder = router(pathMtuBytes, encapsulation);
    const packet = udpPacket(fields(VEHICLE, SERVER, { trafficClass: 0xba }), 1, 2, length - 48);
    for (const identification of [0xffff, 1, 2]) {
      const outers = sent(forwarder.outbound(packet, 0));
      assert.is(outers.length, count);
      for (const outer of outers) {
        assert.ok(outer.length <= pathMtuBytes);
        assert.equal([outer[1], u16At(outer, 4), outer[6]! & 0x40], [0xba, identification, 0], 'not 0, DF clear');
      }
      const { payload } = reassemble(outers);
      const expected = udpPacket(fields(VEHICLE, SERVER, { trafficClass: 0xba, hopLimit: 63 }), 1, 2, length - 48);
      const headers = encapsulation === Encapsulation.udp ? concat(u16(4191), u16(4191), u16(8 + length), u16(0)) : [];
      assert.equal([...payload], [...headers, ...expected]);
    }
    assert.is(forwarder.statistics(0).tunnels[0]!.sentPackets, 3 * count);
  }
  const answer = replied(router(576, Encapsulation.udp).outbound(udpPacket(fields(VEHICLE, SERVER), 1, 2, 1233), 0));
  assert.is(u16At(answer, 46), 1280);
});

test('a flow of IPv4 is told by addresses, protocol and ports; fragments and other protocols by the addresses alone', () => {
  const echo = (type: number, between: Ipv4Fields, identifier: number) =>
    ipv4(between, Protocol.icmp, icmp(type, 0, concat(u16(identifier), u16(1))));
  const down = fields(SERVER_IPV4, VEHICLE_IPV4);
  const same = (a: Uint8Array, b: Uint8Array) => assert.equal(flowKeyOf(a), flowKeyOf(b));
  const other = (a: Uint8Array, b: Uint8Array) => assert.not.equal(flowKeyOf(a), flowKeyOf(b));
  same(udpPacket(UP, 1, 2, 10), udpPacket({ ...UP, identification: 9, trafficClass: 3 }, 1, 2, 900));
  other(udpPacket(UP, 1, 2), udpPacket(UP, 1, 3));
  other(udpPacket(UP, 1, 2), tcpPacket(UP, { sourcePort: 1, destinationPort: 2 }));
  same(udpPacket({ ...UP, options: Uint8Array.of(1, 1, 1, 0) }, 1, 2), udpPacket(UP, 1, 2));
  same(udpPacket({ ...UP, moreFragments: true }, 1, 2), udpPacket({ ...UP, fragmentOffset: 5 }, 3, 4));
  other(udpPacket({ ...UP, moreFragments: true }, 1, 2), udpPacket(UP, 1, 2));
  assert.equal(reverseFlowKey(flowKeyOf(udpPacket(UP, 1, 2))), flowKeyOf(udpPacket(down, 2, 1)));
  assert.equal(reverseFlowKey(flowKeyOf(echo(8, UP, 7))), flowKeyOf(echo(0, down, 7)));
  other(echo(8, UP, 7), echo(8, UP, 8));
  const mapped = fields(`::ffff:${VEHICLE_IPV4}`, `::ffff:${SERVER_IPV4}`);
  other(udpPacket(UP, 1, 2), udpPacket(mapped, 1, 2));
});

test.run();
