import type { Address } from '../../../bytes/address.ts';
import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { writeIpv6Address } from '../../address-field.ts';
import { MessageType } from '../numbers.ts';
import { decodeOptions, encodeOptions } from '../options/list.ts';
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

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |     Status    |   Reserved    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                                                               |
 * +                          Home Address                         +
 * |                          (128 bits)                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * .                        Mobility Options                       .
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * `reader` stands behind the checksum and ends with the Mobility Header.
 */
export function decodeBindingError(reader: Reader): BindingError {
  const type = MessageType.bindingError;
  const status = reader.u8();
  reader.skip(1);
  const homeAddress = reader.ipv6Address();
  return { type, status, homeAddress, options: decodeOptions(reader, type) };
}

export function encodeBindingError(writer: Writer, message: BindingError): void {
  writer.u8(message.status).u8(0);
  writeIpv6Address(writer, message.homeAddress);
  encodeOptions(writer, message.options);
}
