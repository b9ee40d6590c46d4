import type { Address } from '../bytes/address.ts';
import type { Prefix } from '../bytes/prefix.ts';

/** How a packet is carried between a care-of address and the home agent. */
export const Encapsulation = {
  /** IPv6 and IPv4 packets in IPv6 (RFC 2473). */
  ipv6: 1,
  /** IPv6 and IPv4 packets directly in IPv4 (RFC 4213, RFC 2003). */
  ipv4: 2,
  /** IPv6 and IPv4 packets in UDP in IPv4 (RFC 5555 §4.1). */
  udp: 3,
} as const;
export type Encapsulation = (typeof Encapsulation)[keyof typeof Encapsulation];

/** One bidirectional tunnel: one per binding. */
export interface Tunnel {
  /** Unique in the table and stable as long as the binding lives: flows stick to it. 1 to 2^32-1. */
  readonly id: number;
  readonly encapsulation: Encapsulation;
  /** Our end: care-of address on a mobile router, home agent address on a home agent. IPv4 but for `ipv6`. */
  readonly outerSource: Address;
  readonly outerDestination: Address;
  /** Of `udp`: ours, and the far end's, which a NAT may have chosen. 0 for the others. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** The interface that outer packets leave by; 0 leaves it to the routing tables. */
  readonly interfaceIndex: number;
  /** The largest outer packet, in octets: 1280 or more in IPv6, 576 or more in IPv4. */
  readonly pathMtuBytes: number;
  /** False while the path is known to be dead: still accepts packets, is not chosen for sending. */
  readonly usable: boolean;
}

/** How a flow (5-tuple) gets its tunnel. A flow keeps its tunnel as long as that is usable. */
export const SelectionMode = {
  /** The first usable tunnel in the group's order. */
  firstUsable: 1,
  /** Flows are spread over the usable tunnels in proportion to their weights. */
  balance: 2,
  /**
   * The tunnel by which the far end sent last in this flow, else the one most recently confirmed by any packet from
   * the far end, else the first usable one (RFC 5648 §3).
   */
  follow: 3,
} as const;
export type SelectionMode = (typeof SelectionMode)[keyof typeof SelectionMode];

/** A tunnel's place in a group. */
export interface GroupTunnel {
  readonly tunnelId: number;
  /** For `balance`: 1 to 65535. */
  readonly weight: number;
}

/** All bindings of one home address, and what belongs to it. */
export interface BindingGroup {
  readonly id: number;
  readonly mode: SelectionMode;
  /** In order of preference. A tunnel belongs to one group. */
  readonly tunnels: readonly GroupTunnel[];
  /**
   * The home addresses and the mobile network prefixes, IPv6 and IPv4. On a home agent (`side` 'home-agent') the inner
   * source of every packet that comes out of the tunnels must lie in them; on a mobile router the inner destination
   * must.
   */
  readonly prefixes: readonly Prefix[];
}

/** Everything the forwarder follows. Replaced as a whole. */
export interface ForwardingTable {
  /**
   * Mobile router: packets from the TUN are matched by their inner source. Home agent: by their inner destination.
   * The longest prefix of all groups wins.
   */
  readonly side: 'mobile-router' | 'home-agent';
  /**
   * Source of the ICMPv6 errors that the forwarder itself sends to inner senders. On a home agent it is the address that
   * Binding Updates are sent to.
   */
  readonly icmpSource: Address;
  /** The same for ICMPv4 errors; without it, none are sent. */
  readonly icmpv4Source?: Address;
  /** Interfaces on which encapsulated packets are received. */
  readonly interfaces: readonly number[];
  readonly tunnels: readonly Tunnel[];
  readonly groups: readonly BindingGroup[];
}
