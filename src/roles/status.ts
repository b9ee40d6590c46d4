import type { Address } from '../bytes/address.ts';
import type { Prefix } from '../bytes/prefix.ts';
import type { PathState } from '../paths/path-state.ts';

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

export interface MobileRouterStatus {
  readonly homeAddress: Address;
  readonly homeAgentAddress: Address;
  readonly prefixes: readonly Prefix[];
  readonly sequenceNumber: number;
  readonly multipleCareOfAddresses: 'unknown' | 'supported' | 'unsupported';
  readonly uplinks: readonly UplinkStatus[];
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
  readonly tunnelId: number;
}

export interface HomeAgentStatus {
  readonly address: Address;
  readonly bindings: readonly BindingStatusRow[];
}
