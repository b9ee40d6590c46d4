import { type Prefix, prefixOf } from '../../../bytes/prefix.ts';
import type { Reader } from '../../../bytes/reader.ts';
import { WireError } from '../../../bytes/wire-error.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { writeIpv6Address } from '../../address-field.ts';
import { OptionType } from '../numbers.ts';

/** A prefix of the network behind the mobile router (RFC 3963 §4.3). */
export interface MobileNetworkPrefixOption {
  readonly type: typeof OptionType.mobileNetworkPrefix;
  /** IPv6. */
  readonly prefix: Prefix;
}

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Type = 6    |  Length = 18  |   Reserved    | Prefix Length |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                                                               |
 * +                   Mobile Network Prefix                       +
 * |                          (128 bits)                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * Bits behind the prefix length say nothing and are taken as zero.
 */
export function decodeMobileNetworkPrefix(data: Reader): MobileNetworkPrefixOption {
  data.skip(1);
  const lengthOffset = data.offset;
  const length = data.u8();
  if (length > 128) throw new WireError('bad-value', lengthOffset);
  return { type: OptionType.mobileNetworkPrefix, prefix: prefixOf(data.ipv6Address(), length) };
}

export function encodeMobileNetworkPrefix(writer: Writer, option: MobileNetworkPrefixOption): void {
  writer.u8(0).u8(option.prefix.length);
  writeIpv6Address(writer, option.prefix.address);
}
