import type { Address } from '../../bytes/address.ts';
import type { HomeConfiguration, MobileRouterConfiguration } from '../../config/configuration.ts';
import type { Ipv4HomeBinding } from './ipv4-home-binding.ts';

/** One home address, and the home agent that keeps it at the moment. */
export interface Home
  extends Omit<HomeConfiguration, 'homeAgentAddress'>,
    Pick<
      MobileRouterConfiguration,
      'registration' | 'lifetimeSeconds' | 'firstRegistrationTimeoutMs' | 'udpEncapsulation'
    > {
  readonly homeAgentAddress: Address;
  /** What of IPv4 is bound with the home address, at this agent. */
  readonly ipv4Home?: Ipv4HomeBinding | undefined;
  /** How often a NAT's mapping is refreshed by updates, where no probes do it. */
  readonly natKeepAliveSeconds?: number | undefined;
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
  /** Set where the care-of address is an IPv4 one: where the home agent is reached from it. */
  readonly agentIpv4Address?: Address;
  /** Seems dead, and only a registration from it can tell that it lives again: it carries nothing else. */
  readonly isTrial?: boolean;
  /** The uplink has an address of the other family, too. */
  readonly hasAlternative?: boolean;
  /** Set where it is the home link itself: the care-of address is the home address (RFC 5648 §5.6). */
  readonly homeLink?: { readonly linkLayerAddress: Uint8Array | undefined };
}
