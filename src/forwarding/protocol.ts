/** Next header and protocol numbers that the forwarder looks at. */
export const Protocol = {
  hopByHopOptions: 0,
  icmp: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  icmpv6: 58,
  destinationOptions: 60,
  sctp: 132,
  mobility: 135,
  udpLite: 136,
} as const;

/** Where the part of a packet behind its IP header and the extension headers starts. */
export interface Transport {
  readonly protocol: number;
  /** The packet's length if the extension headers are cut off or too many. */
  readonly offset: number;
  readonly fragment: 'none' | 'first' | 'later';
}
