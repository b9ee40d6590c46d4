import type { Address } from '../bytes/address.ts';
import type { Icmpv6Message } from './icmpv6/message.ts';
import type { MobilityMessage } from './mh/messages/message.ts';

interface Addressed {
  /** Source in the IPv6 header. */
  readonly source: Address;
  /** Destination in the IPv6 header. */
  readonly destination: Address;
  /** In the Home Address option of a destination options header (RFC 6275 §6.3). */
  readonly homeAddress?: Address;
  /** The home address in a type 2 routing header (RFC 6275 §6.4). */
  readonly routing2?: Address;
}

/** An IPv6 packet that carries a Mobility Header. */
export interface MobilityPacket extends Addressed {
  readonly kind: 'mobility';
  readonly message: MobilityMessage;
}

/** An IPv6 packet that carries ICMPv6. */
export interface Icmpv6Packet extends Addressed {
  readonly kind: 'icmpv6';
  readonly message: Icmpv6Message;
}

/** An IPv6 packet whose upper layer is neither: its payload is for another room. */
export interface OtherPacket extends Addressed {
  readonly kind: 'other';
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** What the machines receive and send. */
export type SignallingPacket = MobilityPacket | Icmpv6Packet | OtherPacket;
