import type { Address } from '../bytes/address.ts';
import type { PathReason, PathState } from '../paths/path-state.ts';

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
