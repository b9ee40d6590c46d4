// Outer packets that come in fragments.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address } from '../../../src/bytes/address.ts';
import { REASSEMBLY_MS, REASSEMBLY_PACKETS } from '../../../src/forwarding/reassembly.ts';
import { type ForwardingResult, ReferenceForwarder } from '../../../src/forwarding/reference.ts';
import { Encapsulation } from '../../../src/forwarding/table.ts';
import { fields, fragment, udpPacket, withExtensions } from '../../lib/forwarding-packets.ts';
import { homeAgentTable, mobileRouterTable, PORT, SERVER, VEHICLE } from '../../lib/forwarding-tables.ts';

const UP = fields(VEHICLE, SERVER);
const HELD = { kind: 'hold' } as const;
const MALFORMED = { kind: 'drop', reason: 'malformed' } as const;

/** A home agent without a NAT in front of the router. */
function agent(encapsulation: Encapsulation): ReferenceForwarder {
  const forwarder = new ReferenceForwarder();
  const table = homeAgentTable({ encapsulation });
  const destinationPort = encapsulation === Encapsulation.udp ? PORT : 0;
  forwarder.apply({ ...table, tunnels: table.tunnels.map((tunnel) => ({ ...tunnel, destinationPort })) });
  return forwarder;
}

/** The fragments in which the router sends a packet of 1280 octets. */
function fragmentsOf(encapsulation: Encapsulation, identification = 1, trafficClass = 0, place = 0): Uint8Array[] {
  const router = new ReferenceForwarder({ firstIdentification: identification });
  const pathMtuBytes = encapsulation === Encapsulation.ipv6 ? 1280 : 600;
  router.apply(mobileRouterTable({ encapsulation, pathMtuBytes, places: [place] }));
  const result = router.outbound(udpPacket({ ...UP, trafficClass }, 1, 2, 1232), 0);
  if (result.kind !== 'send' || !result.furtherPackets) throw new Error('not fragmented');
  return [result.packet, ...result.furtherPackets];
}

function all(forwarder: ReferenceForwarder, packets: readonly Uint8Array[], nowMs = 0): ForwardingResult {
  return packets.map((packet) => forwarder.inbound(packet, nowMs)).at(-1)!;
}

test('a packet of 1280 octets passes every encapsulation on paths that are too narrow for it, in whatever order', () => {
  for (const encapsulation of Object.values(Encapsulation))
    for (const inOrder of [true, false]) {
      const forwarder = agent(encapsulation);
      const fragments = fragmentsOf(encapsulation);
      if (!inOrder) fragments.reverse();
      for (const packet of fragments.slice(0, -1)) assert.equal(forwarder.inbound(packet, 0), HELD);
      const expected = udpPacket({ ...UP, hopLimit: 63 }, 1, 2, 1232);
      assert.equal(forwarder.inbound(fragments.at(-1)!, 0), { kind: 'deliver', packet: expected, tunnelId: 1 });
      const { tunnels, inboundPackets } = forwarder.statistics(0);
      assert.equal([tunnels[0]!.receivedPackets, inboundPackets], [1, fragments.length]);
    }
});

test('an outer packet in one fragment is whole (RFC 6946)', () => {
  const forwarder = agent(Encapsulation.ipv6);
  const { outerSource: destination, outerDestination: source } = homeAgentTable().tunnels[0]!;
  const outer = withExtensions({ source, destination }, [fragment(0, false)], 41, udpPacket(UP));
  assert.is(forwarder.inbound(outer, 0).kind, 'deliver');
});

test('fragments of different packets, or of other addresses, are never put together', () => {
  const forwarder = agent(Encapsulation.udp);
  const [first] = fragmentsOf(Encapsulation.udp, 1);
  const [, ...rest] = fragmentsOf(Encapsulation.udp, 2);
  assert.equal(all(forwarder, [first!, ...rest]), HELD);
  const [, ...elsewhere] = fragmentsOf(Encapsulation.udp, 1, 0, 1);
  assert.equal(all(forwarder, elsewhere), HELD);
  assert.is(all(forwarder, fragmentsOf(Encapsulation.udp, 1).slice(1)).kind, 'deliver');
});

test('fragments between addresses without a tunnel take no place', () => {
  const forwarder = agent(Encapsulation.udp);
  const unknown = { kind: 'drop', reason: 'unknownTunnel' } as const;
  for (const packet of fragmentsOf(Encapsulation.ipv6).map((bytes) => withSource(bytes, '2001:db8:bad::1')))
    assert.equal(forwarder.inbound(packet, 0), unknown);
});

function withSource(packet: Uint8Array, source: string): Uint8Array {
  const copy = packet.slice();
  const octets: Address = address(source);
  for (let i = 0; i < 16; i++) copy[8 + i] = octets.charCodeAt(i);
  return copy;
}

test('overlapping fragments discard the packet (RFC 5722 §4), and so do two last ones', () => {
  for (const encapsulation of Object.values(Encapsulation)) {
    const fragments = fragmentsOf(encapsulation);
    for (const again of [0, fragments.length - 1]) {
      const forwarder = agent(encapsulation);
      const withoutOther = fragments.filter((_, index) => index === again || fragments.length > 2);
      assert.equal(forwarder.inbound(withoutOther[again === 0 ? 0 : withoutOther.length - 1]!, 0), HELD);
      assert.equal(forwarder.inbound(fragments[again]!, 0), MALFORMED);
      const others = fragments.filter((_, index) => index !== again);
      assert.equal(all(forwarder, others), HELD, 'it has to be sent as a whole again');
    }
  }
});

test('a middle fragment of odd length, and one behind what is ever put together, are malformed', () => {
  const { outerSource: destination, outerDestination: source } = homeAgentTable().tunnels[0]!;
  const piece = (offsetUnits: number, more: boolean, bytes: number) =>
    withExtensions({ source, destination }, [fragment(offsetUnits, more)], 41, new Uint8Array(bytes));
  const forwarder = agent(Encapsulation.ipv6);
  assert.equal(forwarder.inbound(piece(0, true, 63), 0), MALFORMED);
  assert.equal(forwarder.inbound(piece(255, false, 9), 0), MALFORMED);
  assert.equal(forwarder.inbound(piece(0, true, 0), 0), MALFORMED);
  assert.equal(forwarder.inbound(piece(255, false, 8), 0), HELD);
});

test('a packet is waited for no longer than a second', () => {
  const [first, ...rest] = fragmentsOf(Encapsulation.udp);
  const late = agent(Encapsulation.udp);
  late.inbound(first!, 0);
  assert.equal(all(late, rest, REASSEMBLY_MS), HELD);
  const inTime = agent(Encapsulation.udp);
  inTime.inbound(first!, 0);
  assert.is(all(inTime, rest, REASSEMBLY_MS - 1).kind, 'deliver');
});

test('a path that floods with first fragments takes the places of its own packets, not those of another', () => {
  const forwarder = agent(Encapsulation.udp);
  const [first, ...rest] = fragmentsOf(Encapsulation.udp, 7, 0, 1);
  forwarder.inbound(first!, 0);
  for (let i = 0; i < 3 * REASSEMBLY_PACKETS; i++) forwarder.inbound(fragmentsOf(Encapsulation.udp, i)[0]!, 0);
  assert.is(all(forwarder, rest).kind, 'deliver');
  // The flood's own newest packets are still there, its oldest are not.
  assert.is(all(forwarder, fragmentsOf(Encapsulation.udp, 3 * REASSEMBLY_PACKETS - 1).slice(1)).kind, 'deliver');
  assert.equal(all(forwarder, fragmentsOf(Encapsulation.udp, 0).slice(1)), HELD);
});

test('a congestion mark on one fragment is one on the packet (RFC 3168 §5.3)', () => {
  const marked = (inner: number, firstOuter = inner) => {
    const forwarder = agent(Encapsulation.ipv6);
    const [first, second] = fragmentsOf(Encapsulation.ipv6, 1, inner) as [Uint8Array, Uint8Array];
    first[1] = (first[1]! & 0xcf) | (firstOuter << 4);
    second[1] = (second[1]! & 0xcf) | 0x30;
    return all(forwarder, [first, second]);
  };
  const result = marked(2);
  assert.is(result.kind === 'deliver' && (result.packet[1]! >> 4) & 3, 3);
  assert.equal(marked(0), MALFORMED);
  assert.equal(marked(2, 0), MALFORMED, 'a sender that does not take part was marked');
});

test.run();
