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
  /** Neither IPv6 nor IPv4, truncated, a length that does not fit, or a wrong checksum of an IPv4 header. */
  'malformed',
  /** Outbound: no group's prefix matches. */
  'noRoute',
  /** Outbound: the group has no usable tunnel. */
  'noTunnel',
  /** Outbound: hop limit or time to live exhausted, Time Exceeded sent. */
  'hopLimitExceeded',
  /** Outbound: does not fit the tunnel, Packet Too Big (or Fragmentation Needed) sent. */
  'packetTooBig',
  /** Inbound: the outer addresses and ports belong to no tunnel. */
  'unknownTunnel',
  /** Inbound: the inner address is not the group's. */
  'wrongInnerAddress',
  /** ICMP errors not sent because of the rate limit or because none may be sent for such a packet. */
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
