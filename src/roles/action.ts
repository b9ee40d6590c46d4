import type { SignallingPacket } from '../wire/signalling.ts';
import type { RoleEvent } from './events.ts';

/** Why a role took no notice of a packet. Each is a counter. */
export type DropReason =
  | 'home-address-not-unicast'
  | 'source-not-unicast'
  | 'care-of-address-not-unicast'
  | 'not-a-home-registration'
  | 'nonce-indices-in-home-registration'
  | 'no-home-address-option'
  | 'unexpected-message'
  | 'not-from-home-agent'
  | 'not-for-this-node'
  | 'unexpected-sequence-number'
  | 'unknown-binding'
  | 'rate-limited';

/** What a role wants done. */
export type RoleAction =
  | {
      readonly type: 'send';
      readonly packet: SignallingPacket;
      /** 0 leaves the choice to the routing tables. */
      readonly interfaceIndex: number;
    }
  | { readonly type: 'event'; readonly event: RoleEvent }
  | { readonly type: 'drop'; readonly reason: DropReason };
