import type { MessageType } from '../numbers.ts';
import type { MobilityOption } from '../options/option.ts';

/** Answers a Binding Update (RFC 6275 §6.1.8). */
export interface BindingAcknowledgement {
  readonly type: typeof MessageType.bindingAcknowledgement;
  /** A `BindingStatus`. */
  readonly status: number;
  /** `BindingAcknowledgementFlag` masks, reserved bits included. */
  readonly flags: number;
  readonly sequenceNumber: number;
  /** A multiple of 4. */
  readonly lifetimeSeconds: number;
  readonly options: readonly MobilityOption[];
}
