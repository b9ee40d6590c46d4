import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { OptionType } from '../numbers.ts';

/** Which nonces made the keygen tokens (RFC 6275 §6.2.6). */
export interface NonceIndicesOption {
  readonly type: typeof OptionType.nonceIndices;
  readonly homeNonceIndex: number;
  readonly careOfNonceIndex: number;
}

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |   Type = 4    |   Length = 4  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |         Home Nonce Index      |     Care-of Nonce Index       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeNonceIndices(data: Reader): NonceIndicesOption {
  return { type: OptionType.nonceIndices, homeNonceIndex: data.u16(), careOfNonceIndex: data.u16() };
}

export function encodeNonceIndices(writer: Writer, option: NonceIndicesOption): void {
  writer.u16(option.homeNonceIndex).u16(option.careOfNonceIndex);
}
