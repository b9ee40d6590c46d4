import type { Address } from '../bytes/address.ts';
import type { PathReason } from './path-state.ts';

/** What the host's network says about a configured uplink. */
export interface Uplink {
  readonly name: string;
  /** 0 if the device does not exist. */
  readonly interfaceIndex: number;
  /** `null` while the uplink cannot be used. */
  readonly careOfAddress: Address | null;
  /** Next hop towards the home agent; `null` on a point-to-point link. */
  readonly gateway: Address | null;
  readonly mtuBytes: number;
  /** When the care-of address ends, in monotonic milliseconds; without it, never. */
  readonly validUntilMs?: number;
  /** Neighbor Unreachability Detection has given up the next hop, which was there before (RFC 6275 §11.5.1). */
  readonly routerLost?: boolean;
  /** Why it can, or cannot, be used. */
  readonly reason: PathReason;
}
