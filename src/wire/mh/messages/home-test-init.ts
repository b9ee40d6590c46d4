import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { MessageType } from '../numbers.ts';
import { decodeOptions, encodeOptions } from '../options/list.ts';
import type { MobilityOption } from '../options/option.ts';
import { readOpaque, writeOpaque } from './opaque-field.ts';

/** Asks a correspondent node for a home keygen token (RFC 6275 §6.1.3). */
export interface HomeTestInit {
  readonly type: typeof MessageType.homeTestInit;
  /** 8 octets. */
  readonly homeInitCookie: Uint8Array;
  readonly options: readonly MobilityOption[];
}

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |           Reserved            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * +                       Home Init Cookie                        +
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * .                        Mobility Options                       .
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * `reader` stands behind the checksum and ends with the Mobility Header.
 */
export function decodeHomeTestInit(reader: Reader): HomeTestInit {
  const type = MessageType.homeTestInit;
  reader.skip(2);
  return { type, homeInitCookie: readOpaque(reader), options: decodeOptions(reader, type) };
}

export function encodeHomeTestInit(writer: Writer, message: HomeTestInit): void {
  writeOpaque(writer.u16(0), message.homeInitCookie);
  encodeOptions(writer, message.options);
}
