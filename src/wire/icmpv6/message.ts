import type {
  HomeAgentAddressDiscoveryReply,
  HomeAgentAddressDiscoveryRequest,
} from './home-agent-address-discovery.ts';
import type { MobilePrefixAdvertisement, MobilePrefixSolicitation } from './mobile-prefix.ts';
import type {
  NeighborAdvertisement,
  NeighborSolicitation,
  RouterAdvertisement,
  RouterSolicitation,
} from './neighbor-discovery.ts';
import type { Icmpv6Type } from './numbers.ts';

export { Icmpv6Type } from './numbers.ts';

/** Echo request or reply (RFC 4443 §4). */
export interface Icmpv6Echo {
  readonly type: typeof Icmpv6Type.echoRequest | typeof Icmpv6Type.echoReply;
  readonly identifier: number;
  readonly sequenceNumber: number;
  readonly data: Uint8Array;
}

/** An error message (RFC 4443 §3). `value` is the MTU, the pointer, or unused, by type. */
export interface Icmpv6Error {
  readonly type:
    | typeof Icmpv6Type.destinationUnreachable
    | typeof Icmpv6Type.packetTooBig
    | typeof Icmpv6Type.timeExceeded
    | typeof Icmpv6Type.parameterProblem;
  readonly code: number;
  readonly value: number;
  /** As much of the packet in question as fits, from its IPv6 header. */
  readonly invokingPacket: Uint8Array;
}

/** An ICMPv6 message of a type not known here; `data` follows the checksum. */
export interface Icmpv6Unknown {
  readonly type: 'unknown';
  readonly icmpv6Type: number;
  readonly code: number;
  readonly data: Uint8Array;
}

export type Icmpv6Message =
  | Icmpv6Echo
  | Icmpv6Error
  | RouterSolicitation
  | RouterAdvertisement
  | NeighborSolicitation
  | NeighborAdvertisement
  | HomeAgentAddressDiscoveryRequest
  | HomeAgentAddressDiscoveryReply
  | MobilePrefixSolicitation
  | MobilePrefixAdvertisement
  | Icmpv6Unknown;
