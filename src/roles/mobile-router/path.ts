import type { Address } from '../../bytes/address.ts';
import type { HomeConfiguration, MobileRouterConfiguration } from '../../config/configuration.ts';

/** One home address, and the home agent that keeps it at the moment. */
export interface Home
  extends Omit<HomeConfiguration, 'homeAgentAddress'>,
    Pick<MobileRouterConfiguration, 'registration' | 'lifetimeSeconds' | 'firstRegistrationTimeoutMs'> {
  readonly homeAgentAddress: Address;
}

/** A care-of address that can be used now. Lists of paths are in order of preference. */
export interface Path {
  readonly name: string;
  readonly bid: number;
  readonly careOfAddress: Address;
  /** 0 leaves the choice to the routing tables, which know the source. */
  readonly interfaceIndex: number;
  /** When the care-of address ends, in monotonic milliseconds; without it, never. */
  readonly validUntilMs?: number;
  /** Set where it is the home link itself: the care-of address is the home address (RFC 5648 §5.6). */
  readonly homeLink?: { readonly linkLayerAddress: Uint8Array | undefined };
}
