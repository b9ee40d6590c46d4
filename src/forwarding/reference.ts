import { IPV6_UNSPECIFIED } from '../bytes/address.ts';
import { CompiledTable, type CompiledTunnel } from './compiled-table.ts';
import {
  decapsulatedEcn,
  ecnOf,
  encapsulate,
  encapsulateInFragments,
  innerMtuBytes,
  innerPacketOf,
  setEcn,
} from './encapsulation.ts';
import { FLOW_CAPACITY, FlowCache } from './flow-cache.ts';
import { flowHash, pickByWeight } from './flow-hash.ts';
import { type FlowKey, flowKeyOf, reverseFlowKey } from './flow-key.ts';
import { type IcmpError, IcmpRateLimit, icmpErrorPacket, mayAnswer } from './icmp-error.ts';
import { destinationOf, IPV6_MINIMUM_MTU_BYTES, mayLeaveLink, sourceOf, wholeIpv6Packet } from './ipv6-header.ts';
import { FORWARDER_COUNTERS, type ForwarderStatistics, type TunnelStatistics } from './statistics.ts';
import { type BindingGroup, type ForwardingTable, SelectionMode } from './table.ts';
import { tableProblem } from './table-problem.ts';
import { clampTcpMss } from './tcp-mss.ts';

export type ForwarderCounter = (typeof FORWARDER_COUNTERS)[number];

/** What becomes of one packet. */
export type ForwardingResult =
  /** An outer packet to the far end; in two fragments where the tunnel is too narrow for the smallest IPv6 MTU. */
  | {
      readonly kind: 'send';
      readonly packet: Uint8Array;
      readonly secondFragment?: Uint8Array;
      readonly interfaceIndex: number;
      readonly tunnelId: number;
    }
  /** An inner packet for the TUN. */
  | { readonly kind: 'deliver'; readonly packet: Uint8Array; readonly tunnelId: number }
  /** An ICMPv6 error for the TUN, to the inner sender. */
  | { readonly kind: 'reply'; readonly packet: Uint8Array }
  | { readonly kind: 'drop'; readonly reason: ForwarderCounter };

export interface ReferenceForwarderOptions {
  readonly flowCapacity?: number;
  /** Identification of the first outer packet that is fragmented. */
  readonly firstIdentification?: number;
}

const FLOW_LABEL = 0xfffff;
const MASK_32 = 0xffffffff;
const EMPTY_TABLE: ForwardingTable = {
  side: 'mobile-router',
  icmpSource: IPV6_UNSPECIFIED,
  interfaces: [],
  tunnels: [],
  groups: [],
};

type Counters = { -readonly [K in keyof TunnelStatistics]: number };

/**
 * The forwarder that says what is right: one packet in, one result out. The native forwarder does the same, fast.
 * Times are monotonic milliseconds; fractions are cut off.
 */
export class ReferenceForwarder {
  #compiled = new CompiledTable(EMPTY_TABLE);
  readonly #flows: FlowCache;
  readonly #icmpRateLimit = new IcmpRateLimit();
  #nextIdentification: number;
  /** For groups that follow the far end: the tunnel by which it sent last. */
  #confirmed = new Map<number, number>();
  #tunnelCounters = new Map<number, Counters>();
  readonly #counters = new Map<ForwarderCounter, number>();

  constructor(options: ReferenceForwarderOptions = {}) {
    this.#flows = new FlowCache(options.flowCapacity ?? FLOW_CAPACITY);
    this.#nextIdentification = options.firstIdentification ?? 1;
  }

  /** Replaces the table; flows and counters of tunnels that stay are kept. Throws `RangeError` if it is not sound. */
  apply(table: ForwardingTable): void {
    const problem = tableProblem(table);
    if (problem !== undefined) throw new RangeError(problem);
    this.#compiled = new CompiledTable(table);
    const groups = new Set(table.groups.map((group) => group.id));
    this.#confirmed = new Map([...this.#confirmed].filter(([group]) => groups.has(group)));
    this.#tunnelCounters = new Map(
      table.tunnels.map(({ id }) => [id, this.#tunnelCounters.get(id) ?? newTunnelCounters(id)]),
    );
  }

  /** Takes a packet that the TUN brought. */
  outbound(bytes: Uint8Array, nowMs: number): ForwardingResult {
    const now = Math.floor(nowMs);
    this.#flows.expire(now);
    this.#count('outboundPackets');
    const packet = wholeIpv6Packet(bytes);
    if (!packet) return this.#drop('malformed');
    const [source, destination] = [sourceOf(packet), destinationOf(packet)];
    if (!mayLeaveLink(source, destination)) return this.#drop('noRoute');
    const group = this.#compiled.groupOf(this.#compiled.table.side === 'mobile-router' ? source : destination);
    if (!group) return this.#drop('noRoute');
    if (packet[7]! <= 1) return this.#answer({ kind: 'hopLimitExceeded' }, packet, now);
    const key = flowKeyOf(packet);
    const tunnel = this.#tunnelFor(key, group);
    if (!tunnel) return this.#drop('noTunnel');
    this.#flows.use(key, tunnel.id, now);
    return this.#send(tunnel, key, packet, now);
  }

  /** Takes an encapsulated packet that an interface brought, from its IPv6 header on. */
  inbound(bytes: Uint8Array, nowMs: number): ForwardingResult {
    const now = Math.floor(nowMs);
    this.#flows.expire(now);
    this.#count('inboundPackets');
    const outer = wholeIpv6Packet(bytes);
    const inner = outer && innerPacketOf(outer);
    if (!outer || !inner) return this.#drop('malformed');
    const tunnels = this.#compiled.tunnelsFrom(sourceOf(outer), destinationOf(outer));
    if (tunnels.length === 0) return this.#drop('unknownTunnel');
    const [source, destination] = [sourceOf(inner), destinationOf(inner)];
    const owned = this.#compiled.table.side === 'mobile-router' ? destination : source;
    const group = this.#compiled.groupOf(owned);
    const tunnel = tunnels.find((candidate) => candidate.group === group);
    if (!tunnel || !mayLeaveLink(source, destination)) return this.#drop('wrongInnerAddress');
    const ecn = decapsulatedEcn(ecnOf(inner), ecnOf(outer));
    if (ecn === undefined) return this.#drop('malformed');

    this.#learn(tunnel, inner, now);
    const counters = this.#tunnelCounters.get(tunnel.id)!;
    counters.receivedPackets++;
    counters.receivedBytes += outer.length;
    counters.lastReceivedMs = now;
    const packet = inner.slice();
    setEcn(packet, ecn);
    clampTcpMss(packet, innerMtuBytes(tunnel));
    return { kind: 'deliver', packet, tunnelId: tunnel.id };
  }

  statistics(nowMs: number): ForwarderStatistics {
    this.#flows.expire(Math.floor(nowMs));
    const counters = Object.fromEntries(FORWARDER_COUNTERS.map((name) => [name, this.#counters.get(name) ?? 0]));
    return {
      ...(counters as Record<ForwarderCounter, number>),
      flows: this.#flows.size,
      tunnels: [...this.#tunnelCounters.values()].map((tunnel) => ({ ...tunnel })),
    };
  }

  /** RFC 5648 §3: one flow uses one care-of address at a time. */
  #tunnelFor(key: FlowKey, group: BindingGroup): CompiledTunnel | undefined {
    const used = this.#usableTunnelOf(group, this.#flows.tunnelOf(key));
    if (used) return used;
    const usable = this.#compiled.usable(group);
    switch (group.mode) {
      case SelectionMode.firstUsable:
        return usable[0];
      case SelectionMode.balance:
        return pickByWeight(flowHash(key), usable);
      case SelectionMode.follow:
        return this.#usableTunnelOf(group, this.#confirmed.get(group.id)) ?? usable[0];
    }
  }

  #usableTunnelOf(group: BindingGroup, id: number | undefined): CompiledTunnel | undefined {
    const tunnel = id === undefined ? undefined : this.#compiled.tunnel(id);
    return tunnel?.usable && tunnel.group === group ? tunnel : undefined;
  }

  /** A tunnel that is known to be dead teaches nothing: what still comes out of it is late. */
  #learn(tunnel: CompiledTunnel, inner: Uint8Array, now: number): void {
    if (tunnel.group.mode !== SelectionMode.follow || !tunnel.usable) return;
    this.#confirmed.set(tunnel.group.id, tunnel.id);
    this.#flows.use(reverseFlowKey(flowKeyOf(inner)), tunnel.id, now);
  }

  #send(tunnel: CompiledTunnel, key: FlowKey, original: Uint8Array, now: number): ForwardingResult {
    const tooLong = original.length > innerMtuBytes(tunnel);
    if (tooLong && original.length > IPV6_MINIMUM_MTU_BYTES) {
      const mtuBytes = Math.max(IPV6_MINIMUM_MTU_BYTES, innerMtuBytes(tunnel));
      return this.#answer({ kind: 'packetTooBig', mtuBytes }, original, now);
    }
    const inner = original.slice();
    inner[7]!--;
    clampTcpMss(inner, innerMtuBytes(tunnel));
    const flowLabel = flowHash(key) & FLOW_LABEL;
    const { interfaceIndex, id: tunnelId } = tunnel;
    const counters = this.#tunnelCounters.get(tunnelId)!;
    if (!tooLong) {
      const packet = encapsulate(tunnel, flowLabel, inner);
      counters.sentPackets++;
      counters.sentBytes += packet.length;
      return { kind: 'send', packet, interfaceIndex, tunnelId };
    }
    const [packet, secondFragment] = encapsulateInFragments(tunnel, flowLabel, inner, this.#nextIdentification);
    this.#nextIdentification = (this.#nextIdentification + 1) % (MASK_32 + 1);
    counters.sentPackets += 2;
    counters.sentBytes += packet.length + secondFragment.length;
    return { kind: 'send', packet, secondFragment, interfaceIndex, tunnelId };
  }

  #answer(error: IcmpError, packet: Uint8Array, now: number): ForwardingResult {
    if (!mayAnswer(error, packet) || !this.#icmpRateLimit.take(now)) return this.#drop('icmpSuppressed');
    this.#count(error.kind);
    return { kind: 'reply', packet: icmpErrorPacket(error, packet, this.#compiled.table.icmpSource) };
  }

  #drop(reason: ForwarderCounter): ForwardingResult {
    this.#count(reason);
    return { kind: 'drop', reason };
  }

  #count(counter: ForwarderCounter): void {
    this.#counters.set(counter, (this.#counters.get(counter) ?? 0) + 1);
  }
}

function newTunnelCounters(tunnelId: number): Counters {
  return { tunnelId, sentPackets: 0, sentBytes: 0, receivedPackets: 0, receivedBytes: 0, lastReceivedMs: 0 };
}
