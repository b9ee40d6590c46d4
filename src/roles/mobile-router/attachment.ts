import type { Address } from '../../bytes/address.ts';

/** A care-of address that the router has, whether or not it leads anywhere. */
export interface Attachment {
  /** The uplink's name, or that of the home whose home address it is. */
  readonly name: string;
  readonly bid: number;
  readonly careOfAddress: Address;
  readonly interfaceIndex: number;
  /** The link's, or less where the configuration says so. */
  readonly mtuBytes: number;
  readonly weight: number;
  readonly validUntilMs?: number;
  /** Neighbor Unreachability Detection has given the next hop up. */
  readonly routerLost: boolean;
  /** Of the other address family, passed over for this one. */
  readonly otherAddress?: Address;
}
