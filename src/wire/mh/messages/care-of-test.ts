import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { MessageType } from '../numbers.ts';
import { decodeOptions, encodeOptions } from '../options/list.ts';
import type { MobilityOption } from '../options/option.ts';
import { readOpaque, writeOpaque } from './opaque-field.ts';

/** Answers a Care-of Test Init, straight to the care-of address (RFC 6275 §6.1.6). */
export interface CareOfTest {
  readonly type: typeof MessageType.careOfTest;
  /** To be echoed in the Nonce Indices option. */
  readonly careOfNonceIndex: number;
  /** 8 octets, copied from the Care-of Test Init. */
  readonly careOfInitCookie: Uint8Array;
  /** 8 octets. */
  readonly careOfKeygenToken: Uint8Array;
  readonly options: readonly MobilityOption[];
}

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |      Care-of Nonce Index      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * +                     Care-of Init Cookie                       +
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * +                     Care-of Keygen Token                      +
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * .                        Mobility Options                       .
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * `reader` stands behind the checksum and ends with the Mobility Header.
 */
export function decodeCareOfTest(reader: Reader): CareOfTest {
  const type = MessageType.careOfTest;
  const careOfNonceIndex = reader.u16();
  const careOfInitCookie = readOpaque(reader);
  const careOfKeygenToken = readOpaque(reader);
  return { type, careOfNonceIndex, careOfInitCookie, careOfKeygenToken, options: decodeOptions(reader, type) };
}

export function encodeCareOfTest(writer: Writer, message: CareOfTest): void {
  writer.u16(message.careOfNonceIndex);
  writeOpaque(writer, message.careOfInitCookie);
  writeOpaque(writer, message.careOfKeygenToken);
  encodeOptions(writer, message.options);
}
