import { type Address, ipv6AddressAt } from '../../bytes/address.ts';
import { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import type { Writer } from '../../bytes/writer.ts';
import { writeIpv6Address } from '../address-field.ts';

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

/** Where the fields lie. */
export const IPV6_PAYLOAD_LENGTH_AT = 4;
export const IPV6_NEXT_HEADER_AT = 6;
export const IPV6_HOP_LIMIT_AT = 7;
export const IPV6_SOURCE_AT = 8;
export const IPV6_DESTINATION_AT = 24;

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
  const octets = packet.length;
  if (octets < 4) throw new WireError('truncated', octets);
  const first = packet[0]!;
  if (first >>> 4 !== VERSION) throw new WireError('bad-value', 0);
  const payloadEnd =
    IPV6_HEADER_OCTETS + ((packet[IPV6_PAYLOAD_LENGTH_AT]! << 8) | packet[IPV6_PAYLOAD_LENGTH_AT + 1]!);
  if (octets < IPV6_HEADER_OCTETS || octets < payloadEnd) throw new WireError('truncated', octets);
  const second = packet[1]!;
  return {
    header: {
      trafficClass: ((first & 0x0f) << 4) | (second >>> 4),
      flowLabel: ((second & 0x0f) << 16) | (packet[2]! << 8) | packet[3]!,
      nextHeader: packet[IPV6_NEXT_HEADER_AT]!,
      hopLimit: packet[IPV6_HOP_LIMIT_AT]!,
      source: ipv6AddressAt(packet, IPV6_SOURCE_AT),
      destination: ipv6AddressAt(packet, IPV6_DESTINATION_AT),
    },
    payload: new Reader(packet, 0, IPV6_HEADER_OCTETS, payloadEnd),
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
