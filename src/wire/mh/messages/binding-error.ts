import type { Address } from '../../../bytes/address.ts';
import type { MessageType } from '../numbers.ts';
import type { MobilityOption } from '../options/option.ts';

/** Says that a packet could not be processed for want of a binding or of knowledge (RFC 6275 §6.1.9). */
export interface BindingError {
  readonly type: typeof MessageType.bindingError;
  /** A `BindingErrorStatus`. */
  readonly status: number;
  /** The home address of the packet in question, or unspecified. IPv6. */
  readonly homeAddress: Address;
  readonly options: readonly MobilityOption[];
}
