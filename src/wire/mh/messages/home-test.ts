import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { MessageType } from '../numbers.ts';
import { decodeOptions, encodeOptions } from '../options/list.ts';
import type { MobilityOption } from '../options/option.ts';
import { readOpaque, writeOpaque } from './opaque-field.ts';

/** Answers a Home Test Init, by way of the home agent (RFC 6275 §6.1.5). */
export interface HomeTest {
  readonly type: typeof MessageType.homeTest;
  /** To be echoed in the Nonce Indices option. */
  readonly homeNonceIndex: number;
  /** 8 octets, copied from the Home Test Init. */
  readonly homeInitCookie: Uint8Array;
  /** 8 octets. */
  readonly homeKeygenToken: Uint8Array;
  readonly options: readonly MobilityOption[];
}

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |       Home Nonce Index        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * +                       Home Init Cookie                        +
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * +                       Home Keygen Token                       +
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * .                        Mobility Options                       .
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * `reader` stands behind the checksum and ends with the Mobility Header.
 */
export function decodeHomeTest(reader: Reader): HomeTest {
  const type = MessageType.homeTest;
  const homeNonceIndex = reader.u16();
  const homeInitCookie = readOpaque(reader);
  const homeKeygenToken = readOpaque(reader);
  return { type, homeNonceIndex, homeInitCookie, homeKeygenToken, options: decodeOptions(reader, type) };
}

export function encodeHomeTest(writer: Writer, message: HomeTest): void {
  writer.u16(message.homeNonceIndex);
  writeOpaque(writer, message.homeInitCookie);
  writeOpaque(writer, message.homeKeygenToken);
  encodeOptions(writer, message.options);
}
