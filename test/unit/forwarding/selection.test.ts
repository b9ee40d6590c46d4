import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { flowHash, log2Fixed, pickByWeight } from '../../../src/forwarding/flow-hash.ts';
import { flowKeyOf, reverseFlowKey } from '../../../src/forwarding/flow-key.ts';
import { Protocol } from '../../../src/forwarding/protocol.ts';
import { ReferenceForwarder } from '../../../src/forwarding/reference.ts';
import { type ForwardingTable, SelectionMode } from '../../../src/forwarding/table.ts';
import {
  destinationOptions,
  fields,
  fragment,
  icmpv6,
  ipv6,
  outerPacket,
  tcpPacket,
  u32,
  udp,
  udpPacket,
  withExtensions,
} from '../../lib/forwarding-packets.ts';
import {
  CARE_OF,
  HOME_AGENT,
  homeAgentTable,
  mobileRouterTable,
  SERVER,
  type TableOptions,
  VEHICLE,
} from '../../lib/forwarding-tables.ts';

const UP = fields(VEHICLE, SERVER);
const DOWN = fields(SERVER, VEHICLE);

function forwarderWith(table: ForwardingTable, flowCapacity = 65_536): ReferenceForwarder {
  const forwarder = new ReferenceForwarder({ flowCapacity });
  forwarder.apply(table);
  return forwarder;
}

/** The tunnel of a packet from the TUN; 0 if it is not sent. */
function tunnelOf(forwarder: ReferenceForwarder, packet: Uint8Array, nowMs = 0): number {
  const result = forwarder.outbound(packet, nowMs);
  return result.kind === 'send' ? result.tunnelId : 0;
}

const flow = (port: number) => udpPacket(UP, port, 53);
const downFlow = (port: number) => udpPacket(DOWN, 53, port);

/** The vehicle's end of the flow `downFlow(port)` sends by a care-of address. */
function hear(agent: ReferenceForwarder, careOf: string, port: number, nowMs = 0): void {
  const result = agent.inbound(outerPacket(fields(careOf, HOME_AGENT), flow(port)), nowMs);
  assert.is(result.kind, 'deliver');
}

function balanced(options: TableOptions = {}): ForwardingTable {
  return mobileRouterTable({ mode: SelectionMode.balance, ...options });
}

test('new flows take the first usable tunnel in the order of the group', () => {
  const forwarder = forwarderWith(mobileRouterTable());
  assert.is(tunnelOf(forwarder, flow(1)), 1);
  forwarder.apply(mobileRouterTable({ usable: [false, true, true] }));
  assert.is(tunnelOf(forwarder, flow(2)), 2);
});

test('[5648-3-05] a flow keeps its tunnel while that is usable, also when a preferred one returns', () => {
  const forwarder = forwarderWith(mobileRouterTable({ usable: [false, true, true] }));
  assert.is(tunnelOf(forwarder, flow(1)), 2);
  forwarder.apply(mobileRouterTable());
  assert.is(tunnelOf(forwarder, flow(1)), 2);
  assert.is(tunnelOf(forwarder, flow(2)), 1);
});

test('[5648-3-04] a flow whose tunnel is gone or dead goes on by another one', () => {
  const forwarder = forwarderWith(mobileRouterTable());
  assert.is(tunnelOf(forwarder, flow(1)), 1);
  forwarder.apply(mobileRouterTable({ places: [1, 2] }));
  assert.is(tunnelOf(forwarder, flow(1)), 2);
  forwarder.apply(mobileRouterTable({ usable: [true, false, true], places: [1, 2] }));
  assert.is(tunnelOf(forwarder, flow(1)), 3);
});

test('a flow whose only tunnel is dead for a while returns to it', () => {
  const forwarder = forwarderWith(mobileRouterTable({ usable: [false, true, false] }));
  assert.is(tunnelOf(forwarder, flow(1)), 2);
  forwarder.apply(mobileRouterTable({ usable: [false, false, false] }));
  assert.is(tunnelOf(forwarder, flow(1)), 0);
  forwarder.apply(mobileRouterTable());
  assert.is(tunnelOf(forwarder, flow(1)), 2);
});

test('[5648-3-05] a balanced flow never alternates between tunnels', () => {
  const forwarder = forwarderWith(balanced());
  for (let port = 0; port < 20; port++) {
    const tunnels = Array.from({ length: 30 }, (_, at) => tunnelOf(forwarder, udpPacket(UP, port, 53, at)));
    assert.is(new Set(tunnels).size, 1);
  }
});

test('balanced flows are spread in proportion to the weights', () => {
  const forwarder = forwarderWith(balanced({ weights: [6, 3, 1] }));
  const counts = [0, 0, 0, 0];
  for (let port = 0; port < 20_000; port++) counts[tunnelOf(forwarder, flow(port))]!++;
  const [none, ...shares] = counts.map((count) => count / 20_000);
  assert.is(none, 0);
  for (const [place, share] of [0.6, 0.3, 0.1].entries())
    assert.ok(Math.abs(shares[place]! - share) < 0.015, `tunnel ${place + 1}: ${shares[place]}`);
});

test('[MHA-3-03] the load is shared over all usable tunnels, and each flow comes back by the one that it went by', () => {
  const router = forwarderWith(balanced());
  const agent = forwarderWith(homeAgentTable({ mode: SelectionMode.follow }));
  const counts = [0, 0, 0, 0];
  for (let port = 1; port <= 400; port++) {
    const tunnel = tunnelOf(router, flow(port));
    counts[tunnel]!++;
    hear(agent, CARE_OF[tunnel - 1]!, port);
    hear(agent, CARE_OF[tunnel % 3]!, port + 1000);
    assert.is(tunnelOf(agent, downFlow(port)), tunnel);
  }
  assert.is(counts[0], 0);
  assert.ok(Math.max(...counts.slice(1)) < 1.25 * Math.min(...counts.slice(1)), counts.join());
});

test('[MHA-3-08] when a balanced tunnel goes, only its flows move, and to all the others', () => {
  const before = forwarderWith(balanced());
  const after = forwarderWith(balanced({ places: [0, 2] }));
  const moved = new Set<number>();
  for (let port = 0; port < 3000; port++) {
    const old = tunnelOf(before, flow(port));
    const now = tunnelOf(after, flow(port));
    if (old === 2) moved.add(now);
    else assert.is(now, old);
  }
  assert.equal([...moved].sort(), [1, 3]);
});

test('[5648-3-03] a home agent that follows sends by the tunnel by which the mobile router sent last', () => {
  const agent = forwarderWith(homeAgentTable({ mode: SelectionMode.follow }));
  assert.is(tunnelOf(agent, downFlow(1)), 1, 'nothing heard yet: the first usable one');
  hear(agent, CARE_OF[1], 2);
  assert.is(tunnelOf(agent, downFlow(3)), 2, 'a flow not heard of: the one confirmed last');
  hear(agent, CARE_OF[0], 4);
  assert.is(tunnelOf(agent, downFlow(5)), 1);
});

test('[5648-3-03] [5648-3-05] a followed flow moves when the far end moves it, and the others stay', () => {
  const agent = forwarderWith(homeAgentTable({ mode: SelectionMode.follow }));
  hear(agent, CARE_OF[0], 1);
  hear(agent, CARE_OF[1], 2);
  assert.is(tunnelOf(agent, downFlow(1)), 1);
  assert.is(tunnelOf(agent, downFlow(2)), 2);
  hear(agent, CARE_OF[2], 1);
  assert.is(tunnelOf(agent, downFlow(1)), 3);
  assert.is(tunnelOf(agent, downFlow(2)), 2);
});

test('a followed flow leaves a dead tunnel for the one confirmed last, and late packets do not bring it back', () => {
  const agent = forwarderWith(homeAgentTable({ mode: SelectionMode.follow }));
  hear(agent, CARE_OF[0], 1);
  hear(agent, CARE_OF[2], 2);
  agent.apply(homeAgentTable({ mode: SelectionMode.follow, usable: [false, true, true] }));
  assert.is(tunnelOf(agent, downFlow(1)), 3);
  hear(agent, CARE_OF[0], 1);
  assert.is(tunnelOf(agent, downFlow(1)), 3);
});

test('an idle flow is forgotten after 120 s, one in use is not', () => {
  const forwarder = forwarderWith(mobileRouterTable({ usable: [false, true, true] }));
  tunnelOf(forwarder, flow(1), 0);
  tunnelOf(forwarder, flow(2), 0);
  forwarder.apply(mobileRouterTable());
  assert.is(tunnelOf(forwarder, flow(1), 119_999), 2);
  assert.is(forwarder.statistics(119_999).flows, 2);
  assert.is(tunnelOf(forwarder, flow(2), 120_000), 1);
  assert.is(tunnelOf(forwarder, flow(1), 200_000), 2);
});

test('the flow cache is bounded: the flow idle longest makes room', () => {
  const forwarder = forwarderWith(mobileRouterTable({ usable: [false, true, true] }), 2);
  tunnelOf(forwarder, flow(1), 0);
  tunnelOf(forwarder, flow(2), 1);
  tunnelOf(forwarder, flow(1), 2);
  tunnelOf(forwarder, flow(3), 3);
  forwarder.apply(mobileRouterTable());
  assert.is(forwarder.statistics(4).flows, 2);
  assert.is(tunnelOf(forwarder, flow(1), 4), 2);
  assert.is(tunnelOf(forwarder, flow(2), 5), 1, 'forgotten, so chosen anew');
});

test('ports, and the identifier of an echo, tell flows apart; the reversed key is that of the answer', () => {
  const hash = (packet: Uint8Array) => flowHash(flowKeyOf(packet));
  const echo = (between: typeof UP, type: number, identifier: number, sequence: number) =>
    ipv6(between, Protocol.icmpv6, icmpv6(between, type, 0, u32(identifier * 0x10000 + sequence)));
  assert.is.not(hash(udpPacket(UP, 1, 2)), hash(udpPacket(UP, 2, 1)));
  assert.is.not(hash(udpPacket(UP, 1, 2)), hash(tcpPacket(UP, { sourcePort: 1, destinationPort: 2 })));
  assert.is(hash(echo(UP, 128, 5, 1)), hash(echo(UP, 128, 5, 2)));
  assert.is.not(hash(echo(UP, 128, 5, 1)), hash(echo(UP, 128, 6, 1)));
  assert.equal(reverseFlowKey(flowKeyOf(udpPacket(UP, 1, 2))), flowKeyOf(udpPacket(DOWN, 2, 1)));
  assert.equal(reverseFlowKey(flowKeyOf(echo(UP, 128, 5, 1))), flowKeyOf(echo(DOWN, 129, 5, 1)));
});

test('ports are found behind extension headers; all fragments of a packet have one key', () => {
  const datagram = udp(UP, 1, 2, new Uint8Array(64));
  const options = destinationOptions(Uint8Array.of(1, 4, 0, 0, 0, 0));
  const behindOptions = withExtensions(UP, [options, options], Protocol.udp, datagram);
  assert.equal(flowKeyOf(behindOptions), flowKeyOf(udpPacket(UP, 1, 2)));
  const first = withExtensions(UP, [fragment(0, true)], Protocol.udp, datagram.subarray(0, 40));
  const later = withExtensions(UP, [fragment(5, false)], Protocol.udp, datagram.subarray(40));
  assert.equal(flowKeyOf(first), flowKeyOf(later));
  assert.not.equal(flowKeyOf(first), flowKeyOf(udpPacket(UP, 1, 2)));
});

test('the flow hash and the choice by weight are the same in every version', () => {
  // Two ends that disagree after an update would only reorder packets; two cores that disagree would be a bug.
  assert.is(flowHash(flowKeyOf(udpPacket(UP, 1, 2))), 0xde44c44e);
  const tunnels = [1, 2, 3].map((id) => ({ id, weight: id }));
  const picks = Array.from({ length: 16 }, (_, hash) => pickByWeight(hash, tunnels)!.id).join('');
  assert.is(picks, '3323231332333231');
});

test('the logarithm is right to 16 binary digits, and never too large', () => {
  for (let value = 1; value <= 2 ** 24; value = Math.ceil(value * 1.37)) {
    const error = Math.log2(value) * 65536 - log2Fixed(value);
    assert.ok(error >= 0 && error < 12, `${value}: ${error}`);
  }
});

test.run();
