import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { LIFETIME_UNIT_SECONDS, OptionType } from '../numbers.ts';

/** How long the mobile node should wait before it refreshes (RFC 6275 §6.2.4). */
export interface BindingRefreshAdviceOption {
  readonly type: typeof OptionType.bindingRefreshAdvice;
  /** A multiple of 4; on the wire in units of 4 s. */
  readonly refreshIntervalSeconds: number;
}

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |   Type = 2    |   Length = 2  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |       Refresh Interval        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeBindingRefreshAdvice(data: Reader): BindingRefreshAdviceOption {
  return { type: OptionType.bindingRefreshAdvice, refreshIntervalSeconds: data.u16() * LIFETIME_UNIT_SECONDS };
}

export function encodeBindingRefreshAdvice(writer: Writer, option: BindingRefreshAdviceOption): void {
  writer.u16(option.refreshIntervalSeconds / LIFETIME_UNIT_SECONDS);
}
