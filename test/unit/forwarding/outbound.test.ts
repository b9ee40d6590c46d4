import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, addressToBytes, formatAddress } from '../../../src/bytes/address.ts';
import { destinationOf, sourceOf } from '../../../src/forwarding/ip-packet.ts';
import { Protocol } from '../../../src/forwarding/protocol.ts';
import { type ForwardingResult, ReferenceForwarder } from '../../../src/forwarding/reference.ts';
import {
  concat,
  fields,
  fragment,
  hasRightChecksum,
  type Ipv6Fields,
  icmpv6,
  ipv6,
  u32,
  udp,
  udpPacket,
  withExtensions,
} from '../../lib/forwarding-packets.ts';
import {
  CARE_OF,
  HOME_ADDRESS,
  HOME_AGENT,
  homeAgentTable,
  mobileRouterTable,
  SERVER,
  STRANGER,
  VEHICLE,
} from '../../lib/forwarding-tables.ts';

const UP = fields(VEHICLE, SERVER);

function mobileRouter(pathMtuBytes = 1500): ReferenceForwarder {
  const forwarder = new ReferenceForwarder({ firstIdentification: 0x01020304 });
  forwarder.apply(mobileRouterTable({ pathMtuBytes }));
  return forwarder;
}

function sent(result: ForwardingResult) {
  if (result.kind !== 'send') throw new Error(`not sent: ${JSON.stringify(result)}`);
  return result;
}

function replied(result: ForwardingResult): Uint8Array {
  if (result.kind !== 'reply') throw new Error(`no reply: ${JSON.stringify(result)}`);
  return result.packet;
}

/** A UDP packet of `length` octets in all. */
function packetOf(length: number, more: Partial<Ipv6Fields> = {}): Uint8Array {
  return udpPacket({ ...UP, ...more }, 1000, 2000, length - 48);
}

test('[3963-5.5-02] [6275-11.3.1-04] [6275-11.3.1-13] a mobile router puts a packet of its network into a packet from the care-of address to the home agent', () => {
  const inner = udpPacket(UP);
  const result = sent(mobileRouter().outbound(inner, 0));
  const outer = result.packet;
  assert.is(result.tunnelId, 1);
  assert.is(result.interfaceIndex, 10);
  assert.is(formatAddress(sourceOf(outer)), CARE_OF[0]);
  assert.is(formatAddress(destinationOf(outer)), HOME_AGENT);
  assert.is(outer[0]! >> 4, 6);
  assert.is((outer[4]! << 8) | outer[5]!, inner.length);
  assert.is(outer[6], Protocol.ipv6);
  const expected = inner.slice();
  expected[7] = 63;
  assert.equal(outer.subarray(40), expected);
});

test('[6275-10.4.2-02] [3963-6.4-01] [3963-6.5-01] a home agent puts packets for the home address and for the mobile network into packets to the care-of address', () => {
  const forwarder = new ReferenceForwarder();
  forwarder.apply(homeAgentTable());
  for (const destination of [HOME_ADDRESS, VEHICLE]) {
    const { packet } = sent(forwarder.outbound(udpPacket(fields(SERVER, destination)), 0));
    assert.is(formatAddress(sourceOf(packet)), HOME_AGENT);
    assert.is(formatAddress(destinationOf(packet)), CARE_OF[0]);
  }
});

test('[3963-5.5-03] the outer hop limit is the router default, whatever the inner one is', () => {
  assert.is(sent(mobileRouter().outbound(packetOf(100, { hopLimit: 5 }), 0)).packet[7], 64);
});

test('the outer traffic class with its ECN field is that of the inner packet (RFC 6040 §4.1)', () => {
  for (const trafficClass of [0, 1, 2, 3, 0xb8, 0xff]) {
    const { packet } = sent(mobileRouter().outbound(packetOf(100, { trafficClass }), 0));
    assert.is(((packet[0]! & 15) << 4) | (packet[1]! >> 4), trafficClass);
  }
});

test('the outer flow label is the same for all packets of a flow and differs between flows (RFC 6438 §3.1)', () => {
  const forwarder = mobileRouter();
  const label = (port: number, bytes: number) =>
    (u32From(sent(forwarder.outbound(udpPacket(UP, port, 53, bytes), 0)).packet, 0) & 0xfffff) >>> 0;
  const labels = new Set(Array.from({ length: 50 }, (_, port) => label(port, 20)));
  assert.ok(labels.size > 48);
  assert.is(label(7, 20), label(7, 900));
});

test('packets that belong to no group, or that no router may forward, have no route', () => {
  const forwarder = mobileRouter();
  const none = { kind: 'drop', reason: 'noRoute' } as const;
  assert.equal(forwarder.outbound(udpPacket(fields(STRANGER, SERVER)), 0), none);
  assert.equal(forwarder.outbound(udpPacket(fields('fe80::1', SERVER)), 0), none);
  assert.equal(forwarder.outbound(udpPacket(fields('::', SERVER)), 0), none);
  assert.equal(forwarder.outbound(udpPacket(fields(VEHICLE, '::1')), 0), none);
  assert.is(forwarder.statistics(0).noRoute, 4);
});

test('[6275-10.4.2-03] [6275-10.4.2-05] [6275-10.4.2-07] [3963-8-03] nothing of link-local scope and no multicast narrower than global goes into a tunnel', () => {
  const forwarder = mobileRouter();
  for (const destination of ['fe80::5', 'ff01::1', 'ff02::1', 'ff05::2', 'ff08::1'])
    assert.equal(forwarder.outbound(udpPacket(fields(VEHICLE, destination)), 0), { kind: 'drop', reason: 'noRoute' });
  assert.is(forwarder.outbound(udpPacket(fields(VEHICLE, 'ff0e::1')), 0).kind, 'send');
});

test('what is not a whole IPv6 packet is malformed; octets behind the payload length are left out', () => {
  const forwarder = mobileRouter();
  const packet = packetOf(100);
  const version5 = packet.slice();
  version5[0] = 0x50;
  for (const bad of [new Uint8Array(), packet.subarray(0, 39), packet.subarray(0, 99), version5])
    assert.equal(forwarder.outbound(bad, 0), { kind: 'drop', reason: 'malformed' });
  assert.is(sent(forwarder.outbound(concat(packet, new Uint8Array(9)), 0)).packet.length, 140);
});

test('a group without a usable tunnel drops its packets', () => {
  const forwarder = mobileRouter();
  forwarder.apply(mobileRouterTable({ usable: [false, false, false] }));
  assert.equal(forwarder.outbound(packetOf(100), 0), { kind: 'drop', reason: 'noTunnel' });
  forwarder.apply(mobileRouterTable({ places: [] }));
  assert.equal(forwarder.outbound(packetOf(100), 0), { kind: 'drop', reason: 'noTunnel' });
});

test('a hop limit of 1 or 0 is answered with Time Exceeded about the packet as it came (RFC 2473 §3.1)', () => {
  for (const hopLimit of [0, 1]) {
    const forwarder = mobileRouter();
    const packet = packetOf(100, { hopLimit });
    const answer = replied(forwarder.outbound(packet, 0));
    assert.is(formatAddress(sourceOf(answer)), HOME_ADDRESS);
    assert.is(formatAddress(destinationOf(answer)), VEHICLE);
    assert.equal([...answer.subarray(40, 42)], [3, 0]);
    assert.equal(answer.subarray(48), packet);
    assert.ok(hasRightChecksum(answer));
    assert.is(forwarder.statistics(0).hopLimitExceeded, 1);
  }
  assert.is(sent(mobileRouter().outbound(packetOf(100, { hopLimit: 2 }), 0)).packet[47], 1);
});

test('a packet of just the tunnel MTU fits; one octet more is answered with Packet Too Big and that MTU (RFC 2473 §7.1 (a))', () => {
  const forwarder = mobileRouter(1400);
  assert.is(sent(forwarder.outbound(packetOf(1360), 0)).packet.length, 1400);
  const tooBig = packetOf(1361);
  const answer = replied(forwarder.outbound(tooBig, 0));
  assert.equal([...answer.subarray(40, 42)], [2, 0]);
  assert.is(u32From(answer, 44), 1360);
  assert.is(answer.length, 1280, 'as much of the packet as fits the smallest MTU');
  assert.equal(answer.subarray(48), tooBig.subarray(0, 1232));
  assert.ok(hasRightChecksum(answer));
  assert.is(forwarder.statistics(0).packetTooBig, 1);
});

test('no MTU under 1280 is ever told', () => {
  assert.is(u32From(replied(mobileRouter(1280).outbound(packetOf(1281), 0)), 44), 1280);
});

test('a packet of 1280 octets or less always passes: in two outer fragments where it does not fit (RFC 2473 §7.1 (b))', () => {
  for (const [pathMtuBytes, length] of [
    [1280, 1280],
    [1280, 1241],
    [1319, 1280],
    [1300, 1270],
  ] as const) {
    const forwarder = mobileRouter(pathMtuBytes);
    const packet = packetOf(length);
    const { packet: first, furtherPackets: [second] = [] } = sent(forwarder.outbound(packet, 0));
    if (!second) throw new Error('one fragment only');
    assert.ok(first.length <= pathMtuBytes);
    for (const part of [first, second]) {
      assert.is(part[6], Protocol.fragment);
      assert.is((part[4]! << 8) | part[5]!, part.length - 40);
      assert.is(part[40], Protocol.ipv6);
      assert.is(u32From(part, 44), 0x01020304, 'both have one identification');
    }
    const field = (part: Uint8Array) => (part[42]! << 8) | part[43]!;
    assert.is(field(first), 1, 'at offset 0, more to come');
    assert.is(field(second), first.length - 48, 'the last one, behind the first');
    const whole = concat(first.subarray(48), second.subarray(48));
    packet[7]!--;
    assert.equal(whole, packet);
    assert.is(forwarder.statistics(0).tunnels[0]!.sentPackets, 2);
  }
  assert.is(sent(mobileRouter(1280).outbound(packetOf(1240), 0)).furtherPackets, undefined);
});

test('no ICMPv6 error answers an ICMPv6 error, a Redirect, a multicast or a later fragment (RFC 4443 §2.4 (e))', () => {
  const forwarder = mobileRouter();
  const last: Ipv6Fields = { ...UP, hopLimit: 1 };
  const icmp = (type: number) => ipv6(last, Protocol.icmpv6, icmpv6(last, type, 0, u32(0)));
  const suppressed = { kind: 'drop', reason: 'icmpSuppressed' } as const;
  for (const type of [1, 2, 3, 4, 100, 127, 137]) assert.equal(forwarder.outbound(icmp(type), 0), suppressed);
  const multicast = { ...last, destination: address('ff0e::1') };
  assert.equal(forwarder.outbound(udpPacket(multicast), 0), suppressed);
  const later = withExtensions(last, [fragment(10, false)], Protocol.udp, new Uint8Array(40));
  assert.equal(forwarder.outbound(later, 0), suppressed);
  const cutOff = ipv6(last, Protocol.icmpv6, new Uint8Array());
  assert.equal(forwarder.outbound(cutOff, 0), suppressed);
  const first = withExtensions(last, [fragment(0, true)], Protocol.udp, udp(last, 1, 2, new Uint8Array(40)));
  assert.is(forwarder.outbound(first, 0).kind, 'reply');
  assert.is(forwarder.outbound(icmp(128), 0).kind, 'reply');
});

test('Packet Too Big answers a multicast packet, too (RFC 4443 §2.4 (e.3))', () => {
  const answer = replied(mobileRouter(1300).outbound(packetOf(1400, { destination: address('ff0e::1') }), 0));
  assert.is(answer[40], 2);
  assert.equal(answer.subarray(24, 40), addressToBytes(address(VEHICLE)));
});

test('ICMPv6 errors are limited to 50 at once and 100 in a second (RFC 4443 §2.4 (f))', () => {
  const forwarder = mobileRouter();
  const errors = (nowMs: number, tries: number) =>
    Array.from({ length: tries }, () => forwarder.outbound(packetOf(100, { hopLimit: 1 }), nowMs)).filter(
      (result) => result.kind === 'reply',
    ).length;
  assert.is(errors(1000, 80), 50);
  assert.is(errors(1009, 5), 0);
  assert.is(errors(1010, 5), 1);
  assert.is(errors(1100, 80), 9);
  assert.is(errors(900_000, 80), 50);
  assert.is(forwarder.statistics(0).icmpSuppressed, 80 + 5 + 5 + 80 + 80 - 110);
});

test('a table that is not sound is refused and the old one stays', () => {
  const forwarder = mobileRouter();
  const bad = { ...mobileRouterTable(), interfaces: [1, 1] };
  assert.throws(
    () => forwarder.apply(bad),
    (error: Error) => error instanceof RangeError && error.message === 'an interface is named twice',
  );
  assert.is(forwarder.outbound(packetOf(100), 0).kind, 'send');
});

test('without a table nothing has a route', () => {
  assert.equal(new ReferenceForwarder().outbound(packetOf(100), 0), { kind: 'drop', reason: 'noRoute' });
});

function u32From(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

test.run();
