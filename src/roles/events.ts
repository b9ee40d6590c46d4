import type { Address } from '../bytes/address.ts';
import type { PathReason, PathState } from '../paths/path-state.ts';

/** Where a home address is, and how it is served. */
export type HomeState =
  /** No home agent is known yet. */
  | 'looking'
  /** Abroad: care-of addresses are registered. */
  | 'away'
  /** On the home link, while the home agent still has to give the home address back. */
  | 'returning'
  | 'home'
  /** On the home link and on others at the same time (RFC 5648 §5.6). */
  | 'home-and-away'
  /** Refused: nothing is registered for a long time. */
  | 'stopped';

/** Why another home agent was chosen. */
export type HomeAgentChangeReason =
  | 'discovered'
  | 'refused'
  | 'unresponsive'
  | 'no-mobile-router-support'
  /** The agent before still defends the home address. */
  | 'duplicate-address';

/** Something that an operator may want to know, once, when it happens. */
export type RoleEvent =
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
      /** Of which home, where there are several. */
      readonly homeAddress?: Address;
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
      /** The router came home, left, or has no home agent to register with. */
      readonly type: 'home-state';
      /** The home's name. */
      readonly home: string;
      readonly homeAddress: Address;
      readonly state: HomeState;
    }
  | {
      readonly type: 'home-agent-changed';
      readonly homeAddress: Address;
      readonly previousHomeAgentAddress: Address | null;
      readonly homeAgentAddress: Address;
      readonly reason: HomeAgentChangeReason;
    }
  | {
      /** Every home agent of the home link has refused: nothing is sent to them for a long time (RFC 3963 §5.4). */
      readonly type: 'home-registration-stopped';
      readonly homeAddress: Address;
      readonly status: number;
    }
  | {
      /** A node answered that it does not know the Mobility Header or the Home Address option (RFC 6275 §11.3.5). */
      readonly type: 'protocol-not-supported';
      readonly peerAddress: Address;
      readonly what: 'mobility-header' | 'home-address-option';
    }
  | {
      /** The home agent does not bind an IPv4 home address or prefix; status `null`: it knows nothing of IPv4 at all. */
      readonly type: 'ipv4-home-refused';
      readonly homeAddress: Address;
      /** 0.0.0.0 for any. */
      readonly requestedAddress: Address;
      readonly prefixLength: number;
      readonly status: number | null;
    }
  | {
      /** The home agent ignores Binding Identifiers: one path at a time from here on (RFC 5648 §5.7). */
      readonly type: 'multiple-care-of-addresses-unavailable';
      readonly homeAgentAddress: Address;
    };
