import type { Address } from '../../../bytes/address.ts';
import type { OptionType } from '../numbers.ts';

/** Names one of several bindings of a home address (RFC 5648 §4.3). */
export interface BindingIdentifierOption {
  readonly type: typeof OptionType.bindingIdentifier;
  /** 1 to 65535; 0 is reserved. */
  readonly bid: number;
  /** A `BindingStatus`; means something only in a Binding Acknowledgement or a Care-of Test. */
  readonly status: number;
  /** H: bound at home and abroad at the same time. */
  readonly simultaneousHomeAndForeign: boolean;
  /** The 7 reserved bits as received; 0 when sent. */
  readonly reserved: number;
  /** IPv6 (option length 20), IPv4 (8) or absent (4). */
  readonly careOfAddress?: Address;
  /**
   * The option's data as received where its length is none of the three (RFC 5648 §6.2 answers such an option with
   * status 164, so it must reach the home agent).
   */
  readonly malformed?: Uint8Array;
}
