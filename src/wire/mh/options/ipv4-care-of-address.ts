import type { Address } from '../../../bytes/address.ts';
import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { writeIpv4Address } from '../../address-field.ts';
import { OptionType } from '../numbers.ts';

/** The mobile node's own IPv4 address, to be compared with the packet's source (RFC 5555 §3.1.2). */
export interface Ipv4CareOfAddressOption {
  readonly type: typeof OptionType.ipv4CareOfAddress;
  readonly careOfAddress: Address;
}

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Type = 32   |  Length = 6   |         Reserved              |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                     IPv4 care-of address                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeIpv4CareOfAddress(data: Reader): Ipv4CareOfAddressOption {
  data.skip(2);
  return { type: OptionType.ipv4CareOfAddress, careOfAddress: data.ipv4Address() };
}

export function encodeIpv4CareOfAddress(writer: Writer, option: Ipv4CareOfAddressOption): void {
  writer.u16(0);
  writeIpv4Address(writer, option.careOfAddress);
}
