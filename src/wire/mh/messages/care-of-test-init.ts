import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { MessageType } from '../numbers.ts';
import { decodeOptions, encodeOptions } from '../options/list.ts';
import type { MobilityOption } from '../options/option.ts';
import { readOpaque, writeOpaque } from './opaque-field.ts';

/** Asks a correspondent node for a care-of keygen token (RFC 6275 §6.1.4). */
export interface CareOfTestInit {
  readonly type: typeof MessageType.careOfTestInit;
  /** 8 octets. */
  readonly careOfInitCookie: Uint8Array;
  readonly options: readonly MobilityOption[];
}

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |           Reserved            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * +                     Care-of Init Cookie                       +
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * .                        Mobility Options                       .
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * `reader` stands behind the checksum and ends with the Mobility Header.
 */
export function decodeCareOfTestInit(reader: Reader): CareOfTestInit {
  const type = MessageType.careOfTestInit;
  reader.skip(2);
  return { type, careOfInitCookie: readOpaque(reader), options: decodeOptions(reader, type) };
}

export function encodeCareOfTestInit(writer: Writer, message: CareOfTestInit): void {
  writeOpaque(writer.u16(0), message.careOfInitCookie);
  encodeOptions(writer, message.options);
}
