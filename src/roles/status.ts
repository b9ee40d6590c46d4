import type { Address } from '../bytes/address.ts';
import type { Prefix } from '../bytes/prefix.ts';
import type { PathState } from '../paths/path-state.ts';
import type { HomeState } from './events.ts';

export interface UplinkStatus {
  readonly name: string;
  readonly interface: string;
  readonly priority: number;
  readonly bid: number;
  readonly state: PathState;
  readonly careOfAddress: Address | null;
  readonly preferred: boolean;
  /** Round-trip time of the last answered probe in milliseconds. */
  readonly roundTripMs: number | null;
  /** Until the registration of this care-of address expires; `null` if it is not registered. */
  readonly registrationRemainingSeconds: number | null;
  readonly tunnelId: number | null;
}

/** Whether Binding Updates and Acknowledgements are authenticated: for all home addresses, for some, or for none. */
export type AuthenticationStatus = 'required' | 'partial' | 'none';

/** A binding as the mobile router knows it. */
export interface RegisteredBinding {
  readonly uplink: string;
  readonly bid: number;
  readonly careOfAddress: Address;
  readonly remainingSeconds: number;
  readonly tunnelId: number;
}

/** One home address of a mobile router. */
export interface HomeStatus {
  readonly name: string;
  readonly homeAddress: Address;
  /** `null` while none is known. */
  readonly homeAgentAddress: Address | null;
  readonly state: HomeState;
  readonly prefixes: readonly Prefix[];
  readonly sequenceNumber: number;
  readonly multipleCareOfAddresses: 'unknown' | 'supported' | 'unsupported';
  readonly bindings: readonly RegisteredBinding[];
}

/** The first home stands for the others at the top. */
export interface MobileRouterStatus {
  readonly homes: readonly HomeStatus[];
  readonly authentication: AuthenticationStatus;
  readonly homeAddress: Address;
  readonly homeAgentAddress: Address | null;
  readonly prefixes: readonly Prefix[];
  readonly sequenceNumber: number;
  readonly multipleCareOfAddresses: 'unknown' | 'supported' | 'unsupported';
  readonly uplinks: readonly UplinkStatus[];
}

/** How packets reach an IPv4 care-of address (RFC 5555 §4.5). */
export interface OuterStatus {
  readonly encapsulation: 'ipv4' | 'udp';
  /** Of the packet that brought the Binding Update: those of the NAT, where there is one. */
  readonly address: Address;
  readonly port: number;
  readonly nat: boolean;
}

export interface BindingStatusRow {
  readonly homeAddress: Address;
  /** 0 for a binding without identifier. */
  readonly bid: number;
  readonly careOfAddress: Address;
  readonly sequenceNumber: number;
  /** Until the binding expires. */
  readonly remainingSeconds: number;
  readonly mobileRouter: boolean;
  readonly prefixes: readonly Prefix[];
  /** Of an IPv4 care-of address alone. */
  readonly outer?: OuterStatus;
  /** What of IPv4 is bound with the home address. */
  readonly ipv4?: { readonly homeAddress: Address | null; readonly prefixes: readonly Prefix[] };
  readonly tunnelId: number;
}

export interface HomeAgentStatus {
  readonly address: Address;
  readonly authentication: AuthenticationStatus;
  readonly bindings: readonly BindingStatusRow[];
}
