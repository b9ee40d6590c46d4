import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { OptionType } from '../numbers.ts';

/** Names the mobile node apart from its addresses (RFC 4283). */
export interface MobileNodeIdentifierOption {
  readonly type: typeof OptionType.mobileNodeIdentifier;
  /** A `MobileNodeIdentifierSubtype`. */
  readonly subtype: number;
  /** With subtype 1 a Network Access Identifier such as `vehicle7@fleet.example`, in UTF-8. */
  readonly identifier: Uint8Array;
}

/**
 * ```
 *                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                 |   Type = 8    |     Length    |    Subtype    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                          Identifier                         ...
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeMobileNodeIdentifier(data: Reader): MobileNodeIdentifierOption {
  return { type: OptionType.mobileNodeIdentifier, subtype: data.u8(), identifier: data.rest() };
}

export function encodeMobileNodeIdentifier(writer: Writer, option: MobileNodeIdentifierOption): void {
  writer.u8(option.subtype).put(option.identifier);
}
