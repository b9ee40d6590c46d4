import type { Address } from '../../../bytes/address.ts';
import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { writeIpv4Address } from '../../address-field.ts';
import { OptionType } from '../numbers.ts';

/** The IPv4 home address or prefix that a mobile node has or asks for (RFC 5555 §3.1.1). */
export interface Ipv4HomeAddressOption {
  readonly type: typeof OptionType.ipv4HomeAddress;
  /** 32 for a single address; 0 is an error that the home agent answers. */
  readonly prefixLength: number;
  /** P: a mobile network prefix is asked for. */
  readonly requestsPrefix: boolean;
  /** 0.0.0.0 asks for any. */
  readonly homeAddress: Address;
}

const PREFIX_LENGTH_SHIFT = 10;
const REQUESTS_PREFIX = 0x0200;

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Type = 29   |  Length = 6   |Prefix-len |P|    Reserved     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                     IPv4 home address                         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeIpv4HomeAddress(data: Reader): Ipv4HomeAddressOption {
  const bits = data.u16();
  return {
    type: OptionType.ipv4HomeAddress,
    prefixLength: bits >>> PREFIX_LENGTH_SHIFT,
    requestsPrefix: (bits & REQUESTS_PREFIX) !== 0,
    homeAddress: data.ipv4Address(),
  };
}

export function encodeIpv4HomeAddress(writer: Writer, option: Ipv4HomeAddressOption): void {
  writer.u16((option.prefixLength << PREFIX_LENGTH_SHIFT) | (option.requestsPrefix ? REQUESTS_PREFIX : 0));
  writeIpv4Address(writer, option.homeAddress);
}
