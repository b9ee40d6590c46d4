import type { MessageType } from '../numbers.ts';
import type { MobilityOption } from '../options/option.ts';

/** Binds a home address to care-of addresses (RFC 6275 §6.1.7). */
export interface BindingUpdate {
  readonly type: typeof MessageType.bindingUpdate;
  readonly sequenceNumber: number;
  /** `BindingUpdateFlag` masks, reserved bits included. */
  readonly flags: number;
  /** A multiple of 4; 0 asks for removal. */
  readonly lifetimeSeconds: number;
  readonly options: readonly MobilityOption[];
}
