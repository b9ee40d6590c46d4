import type { Address } from '../bytes/address.ts';
import type { Prefix } from '../bytes/prefix.ts';

/** Why a path stopped or started to carry traffic. */
export type PathReason =
  | 'link-down'
  | 'link-up'
  | 'address-removed'
  | 'address-added'
  | 'no-route'
  | 'probe-lost'
  | 'probe-answered'
  | 'registered'
  | 'registration-lost'
  | 'start'
  | 'shutdown';

/** Something that an operator may want to know, once, when it happens. */
export type StackEvent =
  | {
      readonly type: 'path-state';
      readonly uplink: string;
      readonly bid: number;
      readonly state: PathState;
      readonly reason: PathReason;
    }
  | {
      /** The preferred path for new flows changed. */
      readonly type: 'handover';
      readonly from: string | null;
      readonly to: string | null;
      readonly reason: PathReason;
    }
  | {
      readonly type: 'binding-registered';
      readonly homeAddress: Address;
      /** 0 for a binding without identifier. */
      readonly bid: number;
      readonly careOfAddress: Address;
      readonly lifetimeSeconds: number;
    }
  | {
      readonly type: 'binding-removed';
      readonly homeAddress: Address;
      readonly bid: number;
      readonly careOfAddress: Address;
      readonly reason: 'deregistered' | 'expired' | 'replaced';
    }
  | {
      readonly type: 'binding-refused';
      readonly homeAddress: Address;
      readonly bid: number;
      readonly careOfAddress: Address;
      readonly status: number;
    }
  | {
      /** The home agent ignores Binding Identifiers: one path at a time from here on (RFC 5648 §5.7). */
      readonly type: 'multiple-care-of-addresses-unavailable';
      readonly homeAgentAddress: Address;
    };

/** An uplink's life as an operator sees it. */
export type PathState =
  /** No device, no carrier, no usable address or no route. */
  | 'down'
  /** Usable, waiting for the home agent's acknowledgement. */
  | 'registering'
  /** Registered and carrying traffic if chosen. */
  | 'active'
  /** Link up, but nothing comes back. */
  | 'dead'
  /** Usable but not registered: refused by the home agent, or standing by in plain Mobile IPv6. */
  | 'standby';

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
  readonly registeredUntilSeconds: number | null;
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

/** What the running machines are doing, at one moment. */
export interface StackStatus {
  readonly mobileRouter?: MobileRouterStatus;
  readonly homeAgent?: HomeAgentStatus;
  /** Packets dropped or refused, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Mobility messages sent and received, as `sent.bindingUpdate` and so on. */
  readonly messages: Readonly<Record<string, number>>;
}
