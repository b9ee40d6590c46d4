import type { Address } from '../../bytes/address.ts';
import { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import type { Writer } from '../../bytes/writer.ts';
import { readIpv6Address, writeIpv6Address } from '../address-field.ts';

export const IPV6_HEADER_OCTETS = 40;
export const DEFAULT_HOP_LIMIT = 64;
const VERSION = 6;

/** The fields of an IPv6 header, its payload's length aside (RFC 8200 §3). */
export interface Ipv6Header {
  readonly trafficClass: number;
  readonly flowLabel: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: Address;
  readonly destination: Address;
}

/** Where the Next Header and Hop Limit fields lie. */
export const IPV6_NEXT_HEADER_AT = 6;

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Version| Traffic Class |           Flow Label                  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |         Payload Length        |  Next Header  |   Hop Limit   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                  Source Address (128 bits)                    |
 * |                Destination Address (128 bits)                 |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * Octets behind the payload length are a link's padding and are left out of `payload`. Jumbograms are not understood:
 * their payload length of 0 leaves no payload. Throws `bad-value` for another version, and `truncated`.
 */
export function decodeIpv6(packet: Uint8Array): { header: Ipv6Header; payload: Reader } {
  const reader = new Reader(packet);
  const first = reader.u32();
  if (first >>> 28 !== VERSION) throw new WireError('bad-value', 0);
  const payloadOctets = reader.u16();
  const nextHeader = reader.u8();
  const hopLimit = reader.u8();
  const source = readIpv6Address(reader);
  const destination = readIpv6Address(reader);
  const payload = reader.within(payloadOctets);
  return {
    header: {
      trafficClass: (first >>> 20) & 0xff,
      flowLabel: first & 0xfffff,
      nextHeader,
      hopLimit,
      source,
      destination,
    },
    payload,
  };
}

export function encodeIpv6Header(writer: Writer, header: Ipv6Header, payloadOctets: number): void {
  writer
    .u32(((VERSION << 28) | (header.trafficClass << 20) | header.flowLabel) >>> 0)
    .u16(payloadOctets)
    .u8(header.nextHeader)
    .u8(header.hopLimit);
  writeIpv6Address(writer, header.source);
  writeIpv6Address(writer, header.destination);
}
