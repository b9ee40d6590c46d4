import type { Address } from '../../../bytes/address.ts';
import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { writeIpv6Address } from '../../address-field.ts';
import { OptionType } from '../numbers.ts';

/** The care-of address to bind where it is not the packet's source (RFC 6275 §6.2.5). */
export interface AlternateCareOfAddressOption {
  readonly type: typeof OptionType.alternateCareOfAddress;
  /** IPv6. */
  readonly careOfAddress: Address;
}

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |   Type = 3    |  Length = 16  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                                                               |
 * +                   Alternate Care-of Address                   +
 * |                          (128 bits)                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeAlternateCareOfAddress(data: Reader): AlternateCareOfAddressOption {
  return { type: OptionType.alternateCareOfAddress, careOfAddress: data.ipv6Address() };
}

export function encodeAlternateCareOfAddress(writer: Writer, option: AlternateCareOfAddressOption): void {
  writeIpv6Address(writer, option.careOfAddress);
}
