import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { prefix } from '../../../src/bytes/prefix.ts';
import { Protocol } from '../../../src/forwarding/protocol.ts';
import { type ForwardingResult, ReferenceForwarder } from '../../../src/forwarding/reference.ts';
import { type BindingGroup, SelectionMode, type Tunnel } from '../../../src/forwarding/table.ts';
import { NextHeader } from '../../../src/wire/ip/numbers.ts';
import {
  concat,
  destinationOptions,
  fields,
  fragment,
  ipv6,
  outerPacket,
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

const DOWN = udpPacket(fields(SERVER, VEHICLE));
const TO_ROUTER = fields(HOME_AGENT, CARE_OF[0]);
const UNKNOWN = { kind: 'drop', reason: 'unknownTunnel' } as const;
const WRONG = { kind: 'drop', reason: 'wrongInnerAddress' } as const;
const MALFORMED = { kind: 'drop', reason: 'malformed' } as const;

function mobileRouter(): ReferenceForwarder {
  const forwarder = new ReferenceForwarder();
  forwarder.apply(mobileRouterTable());
  return forwarder;
}

function homeAgent(): ReferenceForwarder {
  const forwarder = new ReferenceForwarder();
  forwarder.apply(homeAgentTable());
  return forwarder;
}

function delivered(result: ForwardingResult): Uint8Array {
  if (result.kind !== 'deliver') throw new Error(`not delivered: ${JSON.stringify(result)}`);
  return result.packet;
}

test('a packet from the home agent to a care-of address is delivered as it is, hop limit included', () => {
  assert.equal(delivered(mobileRouter().inbound(outerPacket(TO_ROUTER, DOWN), 0)), DOWN);
});

test('[3963-3-05] a mobile router drops tunnelled packets that do not come from its home agent', () => {
  const forwarder = mobileRouter();
  for (const source of [STRANGER, CARE_OF[1], SERVER])
    assert.equal(forwarder.inbound(outerPacket(fields(source, CARE_OF[0]), DOWN), 0), UNKNOWN);
  assert.equal(forwarder.inbound(outerPacket(fields(HOME_AGENT, STRANGER), DOWN), 0), UNKNOWN);
  assert.is(forwarder.statistics(0).unknownTunnel, 4);
});

test('[3963-3-06] a mobile router delivers only what is for its own prefixes and its home address', () => {
  const forwarder = mobileRouter();
  const to = (destination: string) =>
    forwarder.inbound(outerPacket(TO_ROUTER, udpPacket(fields(SERVER, destination))), 0);
  assert.equal(to(STRANGER), WRONG);
  assert.equal(to(CARE_OF[1]), WRONG);
  assert.is(to(HOME_ADDRESS).kind, 'deliver');
  assert.is(to('2001:db8:1:ffff::1').kind, 'deliver');
});

test('[3963-6.4-02] [3963-9-04] [6275-10.4.5-01] [6275-10.4.5-03] a home agent takes packets from every registered care-of address and from no other', () => {
  const forwarder = homeAgent();
  const inner = udpPacket(fields(VEHICLE, SERVER));
  for (const careOf of CARE_OF)
    assert.equal(delivered(forwarder.inbound(outerPacket(fields(careOf, HOME_AGENT), inner), 0)), inner);
  assert.equal(forwarder.inbound(outerPacket(fields(STRANGER, HOME_AGENT), inner), 0), UNKNOWN);
});

test('[5648-9.3.1-01] a Home Test Init in the tunnel is forwarded from every registered care-of address', () => {
  const forwarder = homeAgent();
  const homeTestInit = Uint8Array.of(59, 1, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
  const inner = ipv6(fields(HOME_ADDRESS, SERVER), NextHeader.mobility, homeTestInit);
  for (const careOf of CARE_OF)
    assert.equal(delivered(forwarder.inbound(outerPacket(fields(careOf, HOME_AGENT), inner), 0)), inner);
  assert.equal(forwarder.inbound(outerPacket(fields(STRANGER, HOME_AGENT), inner), 0), UNKNOWN);
});

test('a home agent drops packets whose inner source does not belong to that binding', () => {
  const forwarder = homeAgent();
  const from = (source: string) =>
    forwarder.inbound(outerPacket(fields(CARE_OF[0], HOME_AGENT), udpPacket(fields(source, SERVER))), 0);
  assert.equal(from(STRANGER), WRONG);
  assert.equal(from('2001:db8:100::2'), WRONG);
  assert.is(from(HOME_ADDRESS).kind, 'deliver');
});

test('a longer prefix of another group is not the tunnel’s own', () => {
  const table = homeAgentTable();
  const other = {
    ...table.groups[0]!,
    id: 2,
    tunnels: [],
    prefixes: [{ ...table.groups[0]!.prefixes[1]!, length: 64 }],
  };
  const forwarder = new ReferenceForwarder();
  forwarder.apply({ ...table, groups: [...table.groups, other] });
  const inner = udpPacket(fields(VEHICLE, SERVER));
  assert.equal(forwarder.inbound(outerPacket(fields(CARE_OF[0], HOME_AGENT), inner), 0), WRONG);
});

test('[3963-8-03] tunnelled packets with link-local, loopback or multicast sources are not forwarded', () => {
  const forwarder = mobileRouter();
  for (const source of ['fe80::1', '::1', '::', 'ff0e::1'])
    assert.equal(forwarder.inbound(outerPacket(TO_ROUTER, udpPacket(fields(source, VEHICLE))), 0), WRONG);
});

test('[5648-9.3.1-02] a tunnel that is not usable for sending still brings packets', () => {
  const forwarder = mobileRouter();
  forwarder.apply(mobileRouterTable({ usable: [false, true, true] }));
  assert.equal(delivered(forwarder.inbound(outerPacket(TO_ROUTER, DOWN), 0)), DOWN);
});

test('a Tunnel Encapsulation Limit in front of the inner packet is skipped (RFC 2473 §4.1.1)', () => {
  const limit = destinationOptions(Uint8Array.of(4, 1, 3, 1, 1, 0));
  const outer = withExtensions(TO_ROUTER, [limit], Protocol.ipv6, DOWN);
  assert.equal(delivered(mobileRouter().inbound(outer, 0)), DOWN);
});

test('outer options that must not be skipped, other headers, odd fragments and cut packets are malformed', () => {
  const forwarder = mobileRouter();
  const behind = (...options: number[]) =>
    withExtensions(TO_ROUTER, [destinationOptions(Uint8Array.from(options))], Protocol.ipv6, DOWN);
  const whole = outerPacket(TO_ROUTER, DOWN);
  const bad = {
    'Home Address option': behind(0xc9, 4, 0, 0, 0, 0),
    'option that ends behind its header': behind(4, 9, 0, 0, 0, 0),
    'option without length': behind(1, 3, 0, 0, 0, 4),
    'two options headers': withExtensions(
      TO_ROUTER,
      [destinationOptions(Uint8Array.of(1, 4, 0, 0, 0, 0)), destinationOptions(Uint8Array.of(1, 4, 0, 0, 0, 0))],
      Protocol.ipv6,
      DOWN,
    ),
    'header behind the end': ipv6(TO_ROUTER, Protocol.destinationOptions, Uint8Array.of(41, 9, 1, 4, 0, 0, 0, 0)),
    'first fragment of odd length': withExtensions(TO_ROUTER, [fragment(0, true)], Protocol.ipv6, DOWN),
    'no IPv6 inside': ipv6(TO_ROUTER, Protocol.ipv6, Uint8Array.of(0x45, ...new Uint8Array(60))),
    'inner packet cut off': outerPacket(TO_ROUTER, DOWN.subarray(0, DOWN.length - 1)),
    'outer packet cut off': whole.subarray(0, whole.length - 1),
    'UDP in place of IPv6': udpPacket(TO_ROUTER),
    nothing: new Uint8Array(),
  };
  for (const [name, packet] of Object.entries(bad)) assert.equal(forwarder.inbound(packet, 0), MALFORMED, name);
});

test('octets behind the outer or the inner payload length are left out', () => {
  const forwarder = mobileRouter();
  const padded = concat(outerPacket(TO_ROUTER, DOWN), new Uint8Array(6));
  assert.equal(delivered(forwarder.inbound(padded, 0)), DOWN);
  assert.equal(delivered(forwarder.inbound(outerPacket(TO_ROUTER, concat(DOWN, new Uint8Array(6))), 0)), DOWN);
});

test('the ECN field that leaves the tunnel is that of RFC 6040 §4.2, figure 4', () => {
  // Rows: inner Not-ECT, ECT(1), ECT(0), CE; columns: outer Not-ECT, ECT(1), ECT(0), CE.
  const expected: readonly (readonly (number | 'drop')[])[] = [
    [0, 0, 0, 'drop'],
    [1, 1, 1, 3],
    [2, 1, 2, 3],
    [3, 3, 3, 3],
  ];
  for (const [inner, row] of expected.entries())
    for (const [outer, ecn] of row.entries()) {
      const packet = udpPacket(fields(SERVER, VEHICLE, { trafficClass: 0xb8 | inner }));
      const result = mobileRouter().inbound(outerPacket({ ...TO_ROUTER, trafficClass: 0x20 | outer }, packet), 0);
      if (ecn === 'drop') assert.equal(result, MALFORMED);
      else
        assert.is((delivered(result)[1]! >> 4) | ((delivered(result)[0]! & 15) << 4), 0xb8 | ecn, `${inner} ${outer}`);
    }
});

test('counters tell packets, octets and the time of the last packet for each tunnel, and outlive a new table', () => {
  const forwarder = mobileRouter();
  const outer = outerPacket(TO_ROUTER, DOWN);
  forwarder.inbound(outer, 100.9);
  forwarder.inbound(outer, 250.2);
  forwarder.inbound(outerPacket(fields(STRANGER, CARE_OF[0]), DOWN), 300);
  forwarder.apply(mobileRouterTable({ places: [0, 2] }));
  const { tunnels, inboundPackets } = forwarder.statistics(400);
  assert.is(inboundPackets, 3);
  assert.equal(
    tunnels.map((tunnel) => tunnel.tunnelId),
    [1, 3],
  );
  assert.equal(tunnels[0], {
    tunnelId: 1,
    sentPackets: 0,
    sentBytes: 0,
    receivedPackets: 2,
    receivedBytes: outer.length * 2,
    lastReceivedMs: 250,
  });
});

test('[MHA-5.2-01, MHA-5.4-01] two home addresses may share a care-of address: the inner packet tells whose tunnel it is', () => {
  const table = mobileRouterTable();
  const [shared] = table.tunnels as [Tunnel];
  const second: BindingGroup = {
    id: 2,
    mode: SelectionMode.firstUsable,
    tunnels: [{ tunnelId: 9, weight: 1 }],
    prefixes: [prefix('2001:db8:2::/48')],
  };
  const forwarder = new ReferenceForwarder();
  forwarder.apply({ ...table, tunnels: [...table.tunnels, { ...shared, id: 9 }], groups: [...table.groups, second] });
  const received = (destination: string) => {
    const result = forwarder.inbound(outerPacket(TO_ROUTER, udpPacket(fields(SERVER, destination))), 0);
    return result.kind === 'deliver' ? result.tunnelId : result.kind;
  };
  assert.equal([VEHICLE, '2001:db8:2::5', '2001:db8:3::5'].map(received), [1, 9, 'drop']);
  assert.is(forwarder.statistics(0).wrongInnerAddress, 1);
});

test.run();
