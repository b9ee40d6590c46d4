import type { Binding, BindingOuter } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import type { Ipv4AddressAcknowledgementOption } from '../../wire/mh/options/ipv4-address-acknowledgement.ts';

/** What a Binding Update did. */
export interface RegistrationOutcome {
  /** For the Binding Acknowledgement. */
  readonly status: number;
  readonly sequenceNumber: number;
  readonly lifetimeSeconds: number;
  /** Forwarding for a mobile router is set up (R flag, RFC 3963 §6.6). */
  readonly mobileRouter: boolean;
  /** For each Binding Identifier option of the update, in order; empty where the options were skipped. */
  readonly bindingStatuses: readonly { readonly bid: number; readonly status: number }[];
  /** `changed`: new, or with another care-of address than before. */
  readonly registered: readonly { readonly binding: Binding; readonly changed: boolean }[];
  /** For each IPv4 Home Address option of an update that was accepted, in order. */
  readonly ipv4Answers: readonly Ipv4AddressAcknowledgementOption[];
  readonly removed: readonly { readonly binding: Binding; readonly reason: 'deregistered' | 'replaced' }[];
  /** Of IPv6 or of IPv4, or the IPv4 home address. */
  readonly prefixesChanged: boolean;
}

/** One care-of address of a registration, or why it is refused. */
export interface BidOutcome {
  readonly bid: number;
  readonly status: number;
  /** The home address itself for a binding to the home link (RFC 5648 §5.6). */
  readonly careOfAddress?: Address;
  /** With an IPv4 care-of address. */
  readonly outer?: BindingOuter;
}
