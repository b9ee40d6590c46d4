import type { Address } from '../../../bytes/address.ts';
import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { writeIpv4Address } from '../../address-field.ts';
import { OptionType } from '../numbers.ts';

/** Whether an IPv4 home address or prefix is bound, and which (RFC 5555 §3.2.1). */
export interface Ipv4AddressAcknowledgementOption {
  readonly type: typeof OptionType.ipv4AddressAcknowledgement;
  /** An `Ipv4AddressStatus`; 128 and above reject. */
  readonly status: number;
  /** What was granted, whatever was asked for; 0 where nothing was. */
  readonly prefixLength: number;
  readonly homeAddress: Address;
}

const PREFIX_LENGTH_SHIFT = 2;

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Type = 30   |  Length = 6   |    Status     |Pref-len   |Res|
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                      IPv4 home address                        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeIpv4AddressAcknowledgement(data: Reader): Ipv4AddressAcknowledgementOption {
  const status = data.u8();
  const prefixLength = data.u8() >>> PREFIX_LENGTH_SHIFT;
  return { type: OptionType.ipv4AddressAcknowledgement, status, prefixLength, homeAddress: data.ipv4Address() };
}

export function encodeIpv4AddressAcknowledgement(writer: Writer, option: Ipv4AddressAcknowledgementOption): void {
  writer.u8(option.status).u8(option.prefixLength << PREFIX_LENGTH_SHIFT);
  writeIpv4Address(writer, option.homeAddress);
}
