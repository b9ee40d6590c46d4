// Tunnels in IPv4 and in UDP, and IPv4 packets in every tunnel.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../../src/bytes/address.ts';
import { foldChecksum, sumWords } from '../../../src/bytes/checksum.ts';
import { hostPrefix, prefix } from '../../../src/bytes/prefix.ts';
import { destinationOf, sourceOf } from '../../../src/forwarding/ip-packet.ts';
import { Protocol } from '../../../src/forwarding/protocol.ts';
import { type ForwardingResult, ReferenceForwarder } from '../../../src/forwarding/reference.ts';
import { Encapsulation, type ForwardingTable } from '../../../src/forwarding/table.ts';
import {
  concat,
  destinationOptions,
  fields,
  hasRightChecksum,
  type Ipv4Fields,
  ipv4,
  outerPacket,
  TcpFlag,
  tcpPacket,
  u16,
  udp,
  udpOuterPacket,
  udpPacket,
  withExtensions,
} from '../../lib/forwarding-packets.ts';
import {
  CARE_OF,
  CARE_OF_IPV4,
  HOME_ADDRESS,
  HOME_ADDRESS_IPV4,
  HOME_AGENT,
  HOME_AGENT_IPV4,
  homeAgentTable,
  mobileRouterTable,
  NAT_PORT,
  PORT,
  SERVER,
  SERVER_IPV4,
  STRANGER,
  VEHICLE,
  VEHICLE_IPV4,
} from '../../lib/forwarding-tables.ts';

const UP = fields(VEHICLE, SERVER);
const UP_IPV4 = fields(VEHICLE_IPV4, SERVER_IPV4);
const DOWN = fields(SERVER, VEHICLE);
const DOWN_IPV4 = fields(SERVER_IPV4, VEHICLE_IPV4);
const TO_ROUTER = fields(HOME_AGENT_IPV4, CARE_OF_IPV4[0]);
const TO_AGENT = fields(CARE_OF_IPV4[0], HOME_AGENT_IPV4);
const ENCAPSULATIONS = Object.values(Encapsulation);
const MALFORMED = { kind: 'drop', reason: 'malformed' } as const;
const UNKNOWN = { kind: 'drop', reason: 'unknownTunnel' } as const;
const WRONG = { kind: 'drop', reason: 'wrongInnerAddress' } as const;

function forwarderWith(table: ForwardingTable): ReferenceForwarder {
  const forwarder = new ReferenceForwarder({ firstIdentification: 0x10000 });
  forwarder.apply(table);
  return forwarder;
}

const router = (encapsulation: Encapsulation, pathMtuBytes = 1500) =>
  forwarderWith(mobileRouterTable({ encapsulation, pathMtuBytes }));
const agent = (encapsulation: Encapsulation) => forwarderWith(homeAgentTable({ encapsulation }));

function sent(result: ForwardingResult): Uint8Array[] {
  if (result.kind !== 'send') throw new Error(`not sent: ${JSON.stringify(result)}`);
  return [result.packet, ...(result.furtherPackets ?? [])];
}

function delivered(result: ForwardingResult): Uint8Array {
  if (result.kind !== 'deliver') throw new Error(`not delivered: ${JSON.stringify(result)}`);
  return result.packet;
}

const u16At = (bytes: Uint8Array, at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
const between = (packet: Uint8Array) => [sourceOf(packet), destinationOf(packet)].map(formatAddress);

test('[5555-4.4.3-01] [5555-4.5.1-01] with an IPv6 care-of address IPv4 packets go in IPv6, both ways', () => {
  const [up] = sent(router(Encapsulation.ipv6).outbound(udpPacket(UP_IPV4), 0)) as [Uint8Array];
  assert.equal(between(up), [CARE_OF[0], HOME_AGENT]);
  assert.is(up[6], Protocol.ipv4);
  assert.equal(up.slice(40), udpPacket({ ...UP_IPV4, hopLimit: 63 }));
  const [down] = sent(agent(Encapsulation.ipv6).outbound(udpPacket(DOWN_IPV4), 0)) as [Uint8Array];
  assert.equal(between(down), [HOME_AGENT, CARE_OF[0]]);
  assert.equal([down[6], ...down.subarray(40)], [Protocol.ipv4, ...udpPacket({ ...DOWN_IPV4, hopLimit: 63 })]);
});

test('[5555-4.4.3-02] [5555-4.5.1-02] [5555-4.5.1-03] without a NAT packets of both families go directly in IPv4', () => {
  for (const [make, packet, ends, protocol] of [
    [router, udpPacket(UP), [CARE_OF_IPV4[0], HOME_AGENT_IPV4], Protocol.ipv6],
    [router, udpPacket(UP_IPV4), [CARE_OF_IPV4[0], HOME_AGENT_IPV4], Protocol.ipv4],
    [agent, udpPacket(DOWN), [HOME_AGENT_IPV4, CARE_OF_IPV4[0]], Protocol.ipv6],
    [agent, udpPacket(DOWN_IPV4), [HOME_AGENT_IPV4, CARE_OF_IPV4[0]], Protocol.ipv4],
  ] as const) {
    const [outer] = sent(make(Encapsulation.ipv4).outbound(packet, 0)) as [Uint8Array];
    assert.equal(between(outer), ends);
    assert.is(outer[9], protocol);
    assert.is(u16At(outer, 2), 20 + packet.length);
    assert.is(u16At(outer, 6), 0x4000, 'not to be fragmented');
    assert.is(outer[8], 64);
    assert.equal(outer.slice(-20), packet.slice(-20));
    assert.is(foldChecksum(sumWords(outer.slice(0, 20))), 0);
  }
});

test('[5555-4.1-01] [5555-4.1-03] [5555-4.4.3-02] [5555-4.5.1-02] [5555-4.5.1-03] behind a NAT both families go in UDP, to the port that the NAT chose, the inner header right behind the UDP header', () => {
  for (const [make, packet, ports] of [
    [router, udpPacket(UP), [PORT, PORT]],
    [router, udpPacket(UP_IPV4), [PORT, PORT]],
    [agent, udpPacket(DOWN), [PORT, NAT_PORT]],
    [agent, udpPacket(DOWN_IPV4), [PORT, NAT_PORT]],
  ] as const) {
    const [outer] = sent(make(Encapsulation.udp).outbound(packet, 0)) as [Uint8Array];
    assert.is(outer[9], Protocol.udp);
    assert.equal([u16At(outer, 20), u16At(outer, 22)], ports);
    assert.is(u16At(outer, 24), 8 + packet.length);
    assert.is(u16At(outer, 26), 0, 'no checksum');
    assert.is(outer[28]! >> 4, packet[0]! >> 4);
    assert.is(outer.length, 28 + packet.length);
  }
});

test('[5555-4.1-02] an IPv6 care-of address is never used with UDP', () => {
  for (const packet of [udpPacket(UP), udpPacket(UP_IPV4)]) {
    const [outer] = sent(router(Encapsulation.ipv6).outbound(packet, 0)) as [Uint8Array];
    assert.ok(outer[0]! >> 4 === 6 && outer[6] !== Protocol.udp);
  }
});

test('[5555-4.1-01] [5555-4.1-03] what one end encapsulates the other restores, of both families in every encapsulation', () => {
  for (const encapsulation of ENCAPSULATIONS)
    for (const between of [UP, UP_IPV4]) {
      const table = homeAgentTable({ encapsulation });
      const withoutNat = table.tunnels.map((tunnel) => ({
        ...tunnel,
        destinationPort: encapsulation === Encapsulation.udp ? PORT : 0,
      }));
      const [outer] = sent(router(encapsulation).outbound(udpPacket(between), 0)) as [Uint8Array];
      const result = forwarderWith({ ...table, tunnels: withoutNat }).inbound(outer, 0);
      assert.equal(delivered(result), udpPacket({ ...between, hopLimit: 63 }));
    }
});

test('[5555-4.1-03] behind the UDP header any other version, and in IPv4 one that the protocol does not say, is malformed', () => {
  for (const version of [0, 5, 7, 15]) {
    const packet = udpPacket(DOWN).slice();
    packet[0] = version << 4;
    assert.equal(router(Encapsulation.udp).inbound(udpOuterPacket(TO_ROUTER, PORT, PORT, packet), 0), MALFORMED);
  }
  for (const [protocol, inner] of [
    [Protocol.ipv4, udpPacket(DOWN)],
    [Protocol.ipv6, udpPacket(DOWN_IPV4)],
    [50, udpPacket(DOWN)],
  ] as const)
    assert.equal(router(Encapsulation.ipv4).inbound(ipv4(TO_ROUTER, protocol, inner), 0), MALFORMED);
});

test('[5555-4.1-05] ESP in UDP on the port of the tunnels is dropped: what follows the SPI is no IP packet', () => {
  const esp = concat(Uint8Array.of(0x12, 0x34, 0x56, 0x78), new Uint8Array(60));
  assert.equal(router(Encapsulation.udp).inbound(udpOuterPacket(TO_ROUTER, PORT, PORT, esp), 0), MALFORMED);
});

test('outer IPv4 and UDP headers that do not fit are malformed, options in them are not', () => {
  const inner = udpPacket(DOWN);
  const good = udpOuterPacket(TO_ROUTER, PORT, PORT, inner);
  const options = { ...TO_ROUTER, options: Uint8Array.of(148, 4, 0, 0) };
  const changed = (packet: Uint8Array, at: number, value: number) => {
    const copy = packet.slice();
    copy[at] = value;
    return copy;
  };
  const datagram = (length: number) => concat(u16(PORT), u16(PORT), u16(length), u16(0), inner);
  const forwarder = router(Encapsulation.udp);
  assert.is(forwarder.inbound(good, 0).kind, 'deliver');
  assert.is(forwarder.inbound(udpOuterPacket(options, PORT, PORT, inner), 0).kind, 'deliver');
  assert.is(forwarder.inbound(concat(good, new Uint8Array(5)), 0).kind, 'deliver', 'padding');
  const bad = {
    'header checksum': changed(good, 8, 63),
    'header length': changed(good, 0, 0x44),
    'cut off': good.subarray(0, good.length - 1),
    'UDP length too long': ipv4(TO_ROUTER, Protocol.udp, datagram(9 + inner.length)),
    'UDP length too short': ipv4(TO_ROUTER, Protocol.udp, datagram(7)),
    'UDP length behind the inner packet’s end': ipv4(TO_ROUTER, Protocol.udp, datagram(7 + inner.length)),
    'no room for UDP': ipv4(TO_ROUTER, Protocol.udp, new Uint8Array(7)),
  };
  for (const [name, packet] of Object.entries(bad)) assert.equal(forwarder.inbound(packet, 0), MALFORMED, name);
});

test('a UDP checksum around a packet may be left out, but if it is there it must be right', () => {
  const inner = udpPacket(DOWN);
  const datagram = udp(TO_ROUTER, PORT, PORT, inner);
  const forwarder = router(Encapsulation.udp);
  assert.is(forwarder.inbound(ipv4(TO_ROUTER, Protocol.udp, datagram), 0).kind, 'deliver');
  datagram[7]! ^= 1;
  assert.equal(forwarder.inbound(ipv4(TO_ROUTER, Protocol.udp, datagram), 0), MALFORMED);
});

test('a tunnel is told by encapsulation, outer addresses and ports', () => {
  const inner = udpPacket(UP);
  const forwarder = agent(Encapsulation.udp);
  const received = (packet: Uint8Array) => forwarder.inbound(packet, 0);
  assert.is(received(udpOuterPacket(TO_AGENT, NAT_PORT, PORT, inner)).kind, 'deliver');
  assert.equal(received(udpOuterPacket(TO_AGENT, NAT_PORT + 1, PORT, inner)), UNKNOWN);
  assert.equal(received(udpOuterPacket(TO_AGENT, NAT_PORT, PORT + 1, inner)), UNKNOWN);
  assert.equal(
    received(udpOuterPacket({ ...TO_AGENT, source: fields(SERVER_IPV4, SERVER_IPV4).source }, NAT_PORT, PORT, inner)),
    UNKNOWN,
  );
  assert.equal(received(outerPacket(TO_AGENT, inner)), UNKNOWN);
  assert.equal(agent(Encapsulation.ipv4).inbound(udpOuterPacket(TO_AGENT, NAT_PORT, PORT, inner), 0), UNKNOWN);
});

test('the inner address, of either family, must be the group’s', () => {
  for (const encapsulation of [Encapsulation.ipv4, Encapsulation.ipv6]) {
    const outer = encapsulation === Encapsulation.ipv4 ? TO_AGENT : fields(CARE_OF[0], HOME_AGENT);
    const from = (source: string, destination: string) =>
      agent(encapsulation).inbound(outerPacket(outer, udpPacket(fields(source, destination))), 0);
    assert.equal(from('192.0.2.99', SERVER_IPV4), WRONG);
    assert.equal(from('198.51.100.8', SERVER_IPV4), WRONG);
    assert.equal(from('::ffff:198.51.100.7', SERVER), WRONG, 'an IPv6 address that looks like it');
    assert.equal(from(STRANGER, SERVER), WRONG);
    for (const source of [HOME_ADDRESS_IPV4, VEHICLE_IPV4]) assert.is(from(source, SERVER_IPV4).kind, 'deliver');
  }
});

test('two home addresses behind one NAT mapping: the inner packet of either family tells whose tunnel it is', () => {
  const table = homeAgentTable({ encapsulation: Encapsulation.udp });
  const second = {
    ...table.groups[0]!,
    id: 2,
    tunnels: [{ tunnelId: 9, weight: 1 }],
    prefixes: [hostPrefix(fields('2001:db8:100::2', SERVER).source), prefix('198.51.100.128/26')],
  };
  const forwarder = forwarderWith({
    ...table,
    tunnels: [...table.tunnels, { ...table.tunnels[0]!, id: 9 }],
    groups: [...table.groups, second],
  });
  const tunnelOf = (source: string, destination: string) => {
    const inner = udpPacket(fields(source, destination));
    const result = forwarder.inbound(udpOuterPacket(TO_AGENT, NAT_PORT, PORT, inner), 0);
    return result.kind === 'deliver' ? result.tunnelId : result.kind;
  };
  assert.equal(
    [
      tunnelOf(VEHICLE, SERVER),
      tunnelOf('2001:db8:100::2', SERVER),
      tunnelOf(VEHICLE_IPV4, SERVER_IPV4),
      tunnelOf('198.51.100.130', SERVER_IPV4),
      tunnelOf('198.51.100.200', SERVER_IPV4),
    ],
    [1, 9, 1, 9, 'drop'],
  );
});

test('[5555-4.1.1-03] hop limit and time to live are decremented in every encapsulation, with the header’s checksum', () => {
  for (const encapsulation of ENCAPSULATIONS)
    for (const between of [UP, UP_IPV4])
      for (const hopLimit of [2, 10, 255]) {
        const [outer] = sent(router(encapsulation).outbound(udpPacket({ ...between, hopLimit }), 0)) as [Uint8Array];
        const inner = outer.subarray(outer.length - udpPacket(between).length);
        assert.equal(inner, udpPacket({ ...between, hopLimit: hopLimit - 1 }));
      }
});

test('[5555-4.1.1-02] DSCP and ECN are copied outward between all families', () => {
  for (const encapsulation of ENCAPSULATIONS)
    for (const between of [UP, UP_IPV4])
      for (const trafficClass of [0, 1, 2, 3, 0xb8, 0xba, 0xff]) {
        const [outer] = sent(router(encapsulation).outbound(udpPacket({ ...between, trafficClass }), 0)) as [
          Uint8Array,
        ];
        const found = encapsulation === Encapsulation.ipv6 ? ((outer[0]! & 15) << 4) | (outer[1]! >> 4) : outer[1];
        assert.is(found, trafficClass);
      }
});

test('[5555-4.1.1-02] the ECN field that leaves the tunnel is that of RFC 6040 §4.2, figure 4, between all families', () => {
  // Rows: inner Not-ECT, ECT(1), ECT(0), CE; columns: outer Not-ECT, ECT(1), ECT(0), CE.
  const expected = [
    [0, 0, 0, 'drop'],
    [1, 1, 1, 3],
    [2, 1, 2, 3],
    [3, 3, 3, 3],
  ] as const;
  for (const [encapsulation, ends] of [
    [Encapsulation.ipv6, fields(HOME_AGENT, CARE_OF[0])],
    [Encapsulation.ipv4, TO_ROUTER],
  ] as const)
    for (const between of [DOWN, DOWN_IPV4])
      for (const [inner, row] of expected.entries())
        for (const [outer, ecn] of row.entries()) {
          const packet = udpPacket({ ...between, trafficClass: 0xb8 | inner });
          const result = router(encapsulation).inbound(outerPacket({ ...ends, trafficClass: outer }, packet), 0);
          if (ecn === 'drop') assert.equal(result, MALFORMED);
          else assert.equal(delivered(result), udpPacket({ ...between, trafficClass: 0xb8 | ecn }));
        }
});

test('Mobility Headers between the ends, in UDP or in IPv4, are left to whoever speaks the protocol', () => {
  const options = destinationOptions(Uint8Array.of(1, 4, 0, 0, 0, 0));
  const message = (between: Ipv4Fields, ...extensions: (typeof options)[]) =>
    withExtensions(between, extensions, Protocol.mobility, new Uint8Array(16));
  const acknowledgement = fields(HOME_AGENT, HOME_ADDRESS);
  const update = fields(HOME_ADDRESS, HOME_AGENT);
  for (const inner of [message(acknowledgement), message(acknowledgement, options)]) {
    const forwarder = router(Encapsulation.udp);
    assert.equal(forwarder.inbound(udpOuterPacket(TO_ROUTER, PORT, PORT, inner), 0), { kind: 'ignore' });
    assert.equal(forwarder.inbound(outerPacket(TO_ROUTER, inner), 0), { kind: 'ignore' });
    const counters = forwarder.statistics(0);
    assert.equal([counters.unknownTunnel, counters.wrongInnerAddress, counters.tunnels[0]!.receivedPackets], [0, 0, 0]);
  }
  // A Binding Update mostly comes from where no tunnel is yet.
  const fromNewPort = udpOuterPacket(TO_AGENT, NAT_PORT + 7, PORT, message(update, options));
  assert.equal(agent(Encapsulation.udp).inbound(fromNewPort, 0), { kind: 'ignore' });
  // A mobile node inside the vehicle signals through the tunnel.
  const nested = message(fields(SERVER, VEHICLE));
  assert.is(router(Encapsulation.udp).inbound(udpOuterPacket(TO_ROUTER, PORT, PORT, nested), 0).kind, 'deliver');
  const toItsAgent = message(fields(VEHICLE, SERVER));
  assert.is(agent(Encapsulation.udp).inbound(udpOuterPacket(TO_AGENT, NAT_PORT, PORT, toItsAgent), 0).kind, 'deliver');
});

test('echo replies to a home address come out of the tunnel like data', () => {
  const reply = withExtensions(
    fields(HOME_AGENT, HOME_ADDRESS),
    [],
    Protocol.icmpv6,
    Uint8Array.of(129, 0, 0, 0, 0, 1, 0, 1),
  );
  assert.is(router(Encapsulation.udp).inbound(udpOuterPacket(TO_ROUTER, PORT, PORT, reply), 0).kind, 'deliver');
});

test('[5555-4.1.1-01] the MSS of a SYN is lowered by what the tunnel format leaves, for both families', () => {
  const mss = concat(Uint8Array.of(2, 4), u16(8000));
  for (const [encapsulation, overhead] of [
    [Encapsulation.ipv6, 40],
    [Encapsulation.ipv4, 20],
    [Encapsulation.udp, 28],
  ] as const)
    for (const [between, headers] of [
      [UP, 60],
      [UP_IPV4, 40],
    ] as const) {
      const syn = tcpPacket(between, { flags: TcpFlag.syn, options: mss });
      const [outer] = sent(router(encapsulation).outbound(syn, 0)) as [Uint8Array];
      const inner = outer.slice(overhead);
      assert.is(u16At(inner, headers + 2), 1500 - overhead - headers);
      assert.ok(hasRightChecksum(inner));
    }
});

test.run();
