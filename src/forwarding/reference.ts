import { IPV6_UNSPECIFIED } from '../bytes/address.ts';
import { CompiledTable, type CompiledTunnel } from './compiled-table.ts';
import { decapsulate } from './decapsulation.ts';
import { decapsulatedEcn } from './ecn.ts';
import { encapsulate, encapsulateInFragments, innerMtuBytes } from './encapsulation.ts';
import { FLOW_CAPACITY, FlowCache } from './flow-cache.ts';
import { flowHash, pickByWeight } from './flow-hash.ts';
import { type FlowKey, flowKeyOf, reverseFlowKey } from './flow-key.ts';
import { type IcmpError, IcmpRateLimit, icmpErrorPacket, mayAnswer } from './icmp-error.ts';
import {
  decrementHopLimit,
  destinationOf,
  ecnOf,
  findTransport,
  hopLimitOf,
  isIpv4Packet,
  mayBeFragmented,
  mayLeaveLink,
  setEcn,
  sourceOf,
  wholePacket,
} from './ip-packet.ts';
import { fragmentIpv4 } from './ipv4-fragments.ts';
import { IPV6_MINIMUM_MTU_BYTES } from './ipv6-header.ts';
import { Protocol } from './protocol.ts';
import { isFragment, Reassembly } from './reassembly.ts';
import { FORWARDER_COUNTERS, type ForwarderStatistics, type TunnelStatistics } from './statistics.ts';
import { type BindingGroup, Encapsulation, type ForwardingTable, SelectionMode } from './table.ts';
import { tableProblem } from './table-problem.ts';
import { clampTcpMss } from './tcp-mss.ts';

export type ForwarderCounter = (typeof FORWARDER_COUNTERS)[number];

/** What becomes of one packet. */
export type ForwardingResult =
  /**
   * An outer packet to the far end, or several: its fragments where the tunnel is too narrow for the smallest IPv6 MTU,
   * or one for each fragment of an inner IPv4 packet.
   */
  | {
      readonly kind: 'send';
      readonly packet: Uint8Array;
      readonly furtherPackets?: readonly Uint8Array[];
      readonly interfaceIndex: number;
      readonly tunnelId: number;
    }
  /** An inner packet for the TUN. */
  | { readonly kind: 'deliver'; readonly packet: Uint8Array; readonly tunnelId: number }
  /** An ICMP error for the TUN, to the inner sender. */
  | { readonly kind: 'reply'; readonly packet: Uint8Array }
  /** A fragment of an outer packet, until the others come. */
  | { readonly kind: 'hold' }
  /** Signalling around which there is an IPv4 header: whoever speaks the protocol has received it, too. */
  | { readonly kind: 'ignore' }
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
  readonly #reassembly = new Reassembly();
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
    const packet = wholePacket(bytes);
    if (!packet) return this.#drop('malformed');
    const [source, destination] = [sourceOf(packet), destinationOf(packet)];
    if (!mayLeaveLink(source, destination)) return this.#drop('noRoute');
    const group = this.#compiled.groupOf(this.#compiled.table.side === 'mobile-router' ? source : destination);
    if (!group) return this.#drop('noRoute');
    if (hopLimitOf(packet) <= 1) return this.#answer({ kind: 'hopLimitExceeded' }, packet, now);
    const key = flowKeyOf(packet);
    const tunnel = this.#tunnelFor(key, group);
    if (!tunnel) return this.#drop('noTunnel');
    this.#flows.use(key, tunnel.id, now);
    return this.#send(tunnel, key, packet, now);
  }

  /** Takes an encapsulated packet that an interface brought, from its IP header on. */
  inbound(bytes: Uint8Array, nowMs: number): ForwardingResult {
    const now = Math.floor(nowMs);
    this.#flows.expire(now);
    this.#count('inboundPackets');
    const received = wholePacket(bytes);
    if (!received) return this.#drop('malformed');
    if (!isFragment(received)) return this.#decapsulate(received, now);
    if (!this.#compiled.hasPair(sourceOf(received), destinationOf(received))) return this.#drop('unknownTunnel');
    const outer = this.#reassembly.add(received, now);
    if (outer === 'held') return { kind: 'hold' };
    return outer ? this.#decapsulate(outer, now) : this.#drop('malformed');
  }

  #decapsulate(outer: Uint8Array, now: number): ForwardingResult {
    const carried = decapsulate(outer);
    if (!carried) return this.#drop('malformed');
    const { inner } = carried;
    if (carried.encapsulation !== Encapsulation.ipv6 && this.#isSignalling(inner)) return { kind: 'ignore' };
    const ends = { ...carried, source: sourceOf(outer), destination: destinationOf(outer) };
    const tunnels = this.#compiled.tunnelsFrom(ends);
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

  /**
   * A Mobility Header to the home agent or to a home address of the mobile router. From an IPv4 care-of address it
   * looks like data (RFC 5555 §4.4.2), and the kernel would answer it with an ICMPv6 error.
   */
  #isSignalling(inner: Uint8Array): boolean {
    if (isIpv4Packet(inner) || findTransport(inner).protocol !== Protocol.mobility) return false;
    const { side, icmpSource } = this.#compiled.table;
    const destination = destinationOf(inner);
    return side === 'home-agent' ? destination === icmpSource : this.#compiled.isHomeAddress(destination);
  }

  /** A tunnel that is known to be dead teaches nothing: what still comes out of it is late. */
  #learn(tunnel: CompiledTunnel, inner: Uint8Array, now: number): void {
    if (tunnel.group.mode !== SelectionMode.follow || !tunnel.usable) return;
    this.#confirmed.set(tunnel.group.id, tunnel.id);
    this.#flows.use(reverseFlowKey(flowKeyOf(inner)), tunnel.id, now);
  }

  #send(tunnel: CompiledTunnel, key: FlowKey, original: Uint8Array, now: number): ForwardingResult {
    const largest = innerMtuBytes(tunnel);
    // What every IPv6 path takes is never refused; an IPv4 packet is refused when it must not be fragmented.
    const mtuBytes = isIpv4Packet(original) ? largest : Math.max(IPV6_MINIMUM_MTU_BYTES, largest);
    if (original.length > mtuBytes && !mayBeFragmented(original))
      return this.#answer({ kind: 'packetTooBig', mtuBytes }, original, now);
    const inner = original.slice();
    decrementHopLimit(inner);
    clampTcpMss(inner, largest);
    const packets = this.#outerPackets(tunnel, flowHash(key) & FLOW_LABEL, inner);
    const { interfaceIndex, id: tunnelId } = tunnel;
    const counters = this.#tunnelCounters.get(tunnelId)!;
    for (const { length } of packets) {
      counters.sentPackets++;
      counters.sentBytes += length;
    }
    const [packet, ...furtherPackets] = packets as [Uint8Array, ...Uint8Array[]];
    const result = { kind: 'send', packet, interfaceIndex, tunnelId } as const;
    return furtherPackets.length > 0 ? { ...result, furtherPackets } : result;
  }

  /**
   * An IPv4 packet that is too long is fragmented before it goes into the tunnel, so that it is its receiver who puts it
   * together (RFC 4459 §3.1), where RFC 2473 §7.2 would fragment the outer packet.
   */
  #outerPackets(tunnel: CompiledTunnel, flowLabel: number, inner: Uint8Array): Uint8Array[] {
    const largest = innerMtuBytes(tunnel);
    if (inner.length <= largest) return [encapsulate(tunnel, flowLabel, inner)];
    if (isIpv4Packet(inner))
      return fragmentIpv4(inner, largest).map((fragment) => encapsulate(tunnel, flowLabel, fragment));
    const identification = this.#nextIdentification;
    this.#nextIdentification = (identification + 1) % (MASK_32 + 1);
    return encapsulateInFragments(tunnel, flowLabel, inner, identification);
  }

  #answer(error: IcmpError, packet: Uint8Array, now: number): ForwardingResult {
    const { icmpSource, icmpv4Source } = this.#compiled.table;
    const source = isIpv4Packet(packet) ? icmpv4Source : icmpSource;
    if (!source || !mayAnswer(error, packet) || !this.#icmpRateLimit.take(now)) return this.#drop('icmpSuppressed');
    this.#count(error.kind);
    return { kind: 'reply', packet: icmpErrorPacket(error, packet, source) };
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
