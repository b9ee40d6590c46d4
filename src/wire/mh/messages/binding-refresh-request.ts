import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { MessageType } from '../numbers.ts';
import { decodeOptions, encodeOptions } from '../options/list.ts';
import type { MobilityOption } from '../options/option.ts';

/** Asks a mobile node to update its binding (RFC 6275 §6.1.2). */
export interface BindingRefreshRequest {
  readonly type: typeof MessageType.bindingRefreshRequest;
  readonly options: readonly MobilityOption[];
}

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |          Reserved             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * .                        Mobility Options                       .
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * `reader` stands behind the checksum and ends with the Mobility Header.
 */
export function decodeBindingRefreshRequest(reader: Reader): BindingRefreshRequest {
  const type = MessageType.bindingRefreshRequest;
  reader.skip(2);
  return { type, options: decodeOptions(reader, type) };
}

export function encodeBindingRefreshRequest(writer: Writer, message: BindingRefreshRequest): void {
  writer.u16(0);
  encodeOptions(writer, message.options);
}
