import type { Address } from '../../../bytes/address.ts';
import type { OptionType } from '../numbers.ts';

/** The care-of address to bind where it is not the packet's source (RFC 6275 §6.2.5). */
export interface AlternateCareOfAddressOption {
  readonly type: typeof OptionType.alternateCareOfAddress;
  /** IPv6. */
  readonly careOfAddress: Address;
}
