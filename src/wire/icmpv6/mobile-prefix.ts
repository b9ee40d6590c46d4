import type { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';
import { decodeNeighborOptions, encodeNeighborOptions, type NeighborOption } from './neighbor-options.ts';
import { Icmpv6Type, MobilePrefixAdvertisementFlag } from './numbers.ts';

/** Asks the home agent which prefixes the home link has (RFC 6275 §6.7). */
export interface MobilePrefixSolicitation {
  readonly type: typeof Icmpv6Type.mobilePrefixSolicitation;
  readonly identifier: number;
  /** None is defined. */
  readonly options: readonly NeighborOption[];
}

/** Tells a mobile node away from home which prefixes the home link has (RFC 6275 §6.8). */
export interface MobilePrefixAdvertisement {
  readonly type: typeof Icmpv6Type.mobilePrefixAdvertisement;
  /** The solicitation's. */
  readonly identifier: number;
  /** `MobilePrefixAdvertisementFlag` masks. */
  readonly flags: number;
  readonly options: readonly NeighborOption[];
}

const ASSIGNED_FLAGS = Object.values(MobilePrefixAdvertisementFlag).reduce((all, flag) => all | flag, 0);

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          Identifier           |            Reserved           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           Options ...
 * ```
 * `reader` stands behind the checksum.
 */
export function decodeMobilePrefixSolicitation(reader: Reader): MobilePrefixSolicitation {
  const identifier = reader.u16();
  reader.skip(2);
  return { type: Icmpv6Type.mobilePrefixSolicitation, identifier, options: decodeNeighborOptions(reader) };
}

export function encodeMobilePrefixSolicitation(writer: Writer, message: MobilePrefixSolicitation): void {
  writer.u16(message.identifier).u16(0);
  encodeNeighborOptions(writer, message.options);
}

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          Identifier           |M|O|        Reserved           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           Options ...
 * ```
 */
export function decodeMobilePrefixAdvertisement(reader: Reader): MobilePrefixAdvertisement {
  const identifier = reader.u16();
  const flags = reader.u8();
  reader.skip(1);
  return { type: Icmpv6Type.mobilePrefixAdvertisement, identifier, flags, options: decodeNeighborOptions(reader) };
}

/** Reserved flags are written as zero, whatever the value says. */
export function encodeMobilePrefixAdvertisement(writer: Writer, message: MobilePrefixAdvertisement): void {
  writer
    .u16(message.identifier)
    .u8(message.flags & ASSIGNED_FLAGS)
    .u8(0);
  encodeNeighborOptions(writer, message.options);
}
