import type { Address } from '../bytes/address.ts';
import type { PathReason } from './path-state.ts';

/** The IPv4 side of an uplink. */
export interface Ipv4Attachment {
  readonly careOfAddress: Address;
  /** Next hop towards the home agent; `null` on a point-to-point link. */
  readonly gateway: Address | null;
  /** When the care-of address ends, in monotonic milliseconds; without it, never. */
  readonly validUntilMs?: number;
  /** The next hop does not answer ARP any more. */
  readonly routerLost?: boolean;
}

/** What the host's network says about a configured uplink. */
export interface Uplink {
  readonly name: string;
  /** 0 if the device does not exist. */
  readonly interfaceIndex: number;
  /** IPv6; `null` while the uplink cannot be used by it. */
  readonly careOfAddress: Address | null;
  /** Next hop towards the home agent; `null` on a point-to-point link. */
  readonly gateway: Address | null;
  readonly mtuBytes: number;
  /** When the care-of address ends, in monotonic milliseconds; without it, never. */
  readonly validUntilMs?: number;
  /** Neighbor Unreachability Detection has given up the next hop, which was there before (RFC 6275 §11.5.1). */
  readonly routerLost?: boolean;
  /** `null` or left out while the uplink has no IPv4 address that leads to the home agent. */
  readonly ipv4?: Ipv4Attachment | null;
  /** Why it can, or cannot, be used. */
  readonly reason: PathReason;
}
