import type { Address } from '../../bytes/address.ts';

export interface CareOfAddressUnanswered {
  readonly kind: 'care-of-address-unanswered';
  readonly uplink: string;
  readonly careOfAddress: Address;
}

/** What a registration has found out that it cannot deal with alone. */
export type Verdict =
  /** This agent refused the home address as a whole. */
  | { readonly kind: 'refused'; readonly status: number }
  /** Accepted without the R flag: it sets up no forwarding for mobile networks (RFC 3963 §5.3). */
  | { readonly kind: 'no-mobile-router-support' }
  /** No answer although the time-out has reached MAX_BINDACK_TIMEOUT (RFC 6275 §11.7.1). */
  | { readonly kind: 'unresponsive' }
  /** Three updates from a care-of address in vain, and the uplink has one of the other family (RFC 5555 §4.4.1). */
  | CareOfAddressUnanswered
  /** Status 1: the prefixes of the home link have to be learnt before the next registration (RFC 6275 §11.7.3). */
  | { readonly kind: 'prefix-discovery-necessary' }
  /** The agent has removed all bindings because the router is at home. */
  | { readonly kind: 'returned' }
  /** A home binding was taken for a de-registration: only the home link is left (RFC 5648 §6.3). */
  | { readonly kind: 'home-link-only' };
