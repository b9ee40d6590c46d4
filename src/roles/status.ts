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
  /** With an IPv4 care-of address. */
  readonly ipv4?: Ipv4PathStatus;
  readonly preferred: boolean;
  /** Round-trip time of the last answered probe in milliseconds. */
  readonly roundTripMs: number | null;
  /** Until the registration of this care-of address expires; `null` if it is not registered. */
  readonly registrationRemainingSeconds: number | null;
  readonly tunnelId: number | null;
}

/** How packets are carried between an IPv4 care-of address and the home agent. */
export interface Ipv4PathStatus {
  /** `null` without a registration. */
  readonly encapsulation: 'ipv4' | 'udp' | null;
  /** Whether there is a NAT on the way; `null` while that is not known. */
  readonly nat: boolean | null;
  /** For how long a NAT is trusted to keep the mapping of a silent path; `null` without a NAT. */
  readonly keepAliveSeconds: number | null;
}

/** What of IPv4 a home has. */
export interface HomeIpv4Status {
  /** Where the home agent is reached from IPv4 care-of addresses; `null` while that is not known. */
  readonly homeAgentAddress: Address | null;
  /** Bound by the home agent; `null` while none is. */
  readonly homeAddress: Address | null;
  readonly prefixes: readonly Prefix[];
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
  /** Where the configuration has anything of IPv4. */
  readonly ipv4?: HomeIpv4Status;
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
