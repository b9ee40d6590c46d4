import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { OptionType } from '../numbers.ts';

/** A point in time as the Network Time Protocol writes it. */
export interface NtpTimestamp {
  /** Since 1900-01-01, modulo 2^32. */
  readonly seconds: number;
  /** In units of 2^-32 s. */
  readonly fraction: number;
}

/** Shows that an authenticated message is fresh (RFC 4285 §6). */
export interface MobilityMessageReplayProtectionOption {
  readonly type: typeof OptionType.mobilityMessageReplayProtection;
  readonly timestamp: NtpTimestamp;
}

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |   Type = 10   |   Length = 8  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                                                               |
 * +                           Timestamp                           +
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeMobilityMessageReplayProtection(data: Reader): MobilityMessageReplayProtectionOption {
  const type = OptionType.mobilityMessageReplayProtection;
  return { type, timestamp: { seconds: data.u32(), fraction: data.u32() } };
}

export function encodeMobilityMessageReplayProtection(
  writer: Writer,
  { timestamp }: MobilityMessageReplayProtectionOption,
): void {
  writer.u32(timestamp.seconds).u32(timestamp.fraction);
}
