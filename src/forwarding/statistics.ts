/** Counters of one tunnel, in the order in which the native forwarder writes them. */
export const TUNNEL_COUNTERS = [
  'tunnelId',
  'sentPackets',
  'sentBytes',
  'receivedPackets',
  'receivedBytes',
  /** Monotonic time of the last packet received, in milliseconds; 0 if none. */
  'lastReceivedMs',
] as const;

/** Counters of the forwarder as a whole, in the order in which the native forwarder writes them. */
export const FORWARDER_COUNTERS = [
  'outboundPackets',
  'inboundPackets',
  /** Not IPv6, truncated, or a length that does not fit. */
  'malformed',
  /** Outbound: no group's prefix matches. */
  'noRoute',
  /** Outbound: the group has no usable tunnel. */
  'noTunnel',
  /** Outbound: hop limit exhausted, Time Exceeded sent. */
  'hopLimitExceeded',
  /** Outbound: does not fit the tunnel, Packet Too Big sent. */
  'packetTooBig',
  /** Inbound: the outer addresses belong to no tunnel. */
  'unknownTunnel',
  /** Inbound: the inner address is not the group's. */
  'wrongInnerAddress',
  /** ICMPv6 errors not sent because of the rate limit or because none may be sent for such a packet. */
  'icmpSuppressed',
  /** The kernel did not take a packet. */
  'sendErrors',
  /** The TUN did not take a packet. */
  'deliverErrors',
  'flows',
] as const;

export type TunnelStatistics = Readonly<Record<(typeof TUNNEL_COUNTERS)[number], number>>;
export type ForwarderStatistics = Readonly<Record<(typeof FORWARDER_COUNTERS)[number], number>> & {
  readonly tunnels: readonly TunnelStatistics[];
};
