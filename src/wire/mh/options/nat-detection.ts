import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { OptionType } from '../numbers.ts';

/** Whether the Binding Update came through a NAT, and how its mapping is kept (RFC 5555 §3.2.2). */
export interface NatDetectionOption {
  readonly type: typeof OptionType.natDetection;
  /** F: UDP encapsulation is required, NAT or not. */
  readonly requiresUdpEncapsulation: boolean;
  /** 0 says nothing; `NO_NAT_REFRESH_SECONDS`: there is no NAT, and nothing to refresh. */
  readonly refreshSeconds: number;
}

/** All ones. */
export const NO_NAT_REFRESH_SECONDS = 0xffff_ffff;

const REQUIRES_UDP_ENCAPSULATION = 0x8000;

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Type = 31   |  Length = 6   |F|          Reserved           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                      Refresh time                             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeNatDetection(data: Reader): NatDetectionOption {
  const requiresUdpEncapsulation = (data.u16() & REQUIRES_UDP_ENCAPSULATION) !== 0;
  return { type: OptionType.natDetection, requiresUdpEncapsulation, refreshSeconds: data.u32() };
}

export function encodeNatDetection(writer: Writer, option: NatDetectionOption): void {
  writer.u16(option.requiresUdpEncapsulation ? REQUIRES_UDP_ENCAPSULATION : 0).u32(option.refreshSeconds);
}
