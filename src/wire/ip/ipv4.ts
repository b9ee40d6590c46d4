import { type Address, ipv4AddressAt } from '../../bytes/address.ts';
import { foldChecksum, sumWords } from '../../bytes/checksum.ts';
import { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import type { Writer } from '../../bytes/writer.ts';
import { writeIpv4Address } from '../address-field.ts';

export const IPV4_HEADER_OCTETS = 20;
const VERSION = 4;
const TOTAL_LENGTH_AT = 2;
const FRAGMENT_AT = 6;
const TIME_TO_LIVE_AT = 8;
const PROTOCOL_AT = 9;
const CHECKSUM_AT = 10;
const SOURCE_AT = 12;
const DESTINATION_AT = 16;
const DO_NOT_FRAGMENT = 0x4000;
/** Neither the first nor the only fragment, or not the last one. */
const FRAGMENT = 0x3fff;

/** The fields of an IPv4 header that are looked at (RFC 791 §3.1). */
export interface Ipv4Header {
  readonly protocol: number;
  readonly timeToLive: number;
  readonly source: Address;
  readonly destination: Address;
}

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Version|  IHL  |Type of Service|          Total Length         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |         Identification        |Flags|      Fragment Offset    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Time to Live |    Protocol   |         Header Checksum       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       Source Address                          |
 * |                    Destination Address                        |
 * |                    Options, 4 octets each                     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * Options are skipped. Octets behind the total length are a link's padding. Throws `truncated`, `bad-value` for another
 * version or a header that is too short, `bad-length`, `bad-checksum`, and `unsupported` for a fragment.
 */
export function decodeIpv4(packet: Uint8Array): { header: Ipv4Header; payload: Reader } {
  const octets = packet.length;
  if (octets < IPV4_HEADER_OCTETS) throw new WireError('truncated', octets);
  const headerOctets = (packet[0]! & 0x0f) * 4;
  if (packet[0]! >>> 4 !== VERSION || headerOctets < IPV4_HEADER_OCTETS) throw new WireError('bad-value', 0);
  const end = (packet[TOTAL_LENGTH_AT]! << 8) | packet[TOTAL_LENGTH_AT + 1]!;
  if (end < headerOctets) throw new WireError('bad-length', TOTAL_LENGTH_AT);
  if (octets < end) throw new WireError('truncated', octets);
  if (foldChecksum(sumWords(packet.subarray(0, headerOctets))) !== 0) throw new WireError('bad-checksum', CHECKSUM_AT);
  if ((((packet[FRAGMENT_AT]! << 8) | packet[FRAGMENT_AT + 1]!) & FRAGMENT) !== 0) {
    throw new WireError('unsupported', FRAGMENT_AT);
  }
  return {
    header: {
      protocol: packet[PROTOCOL_AT]!,
      timeToLive: packet[TIME_TO_LIVE_AT]!,
      source: ipv4AddressAt(packet, SOURCE_AT),
      destination: ipv4AddressAt(packet, DESTINATION_AT),
    },
    payload: new Reader(packet, 0, headerOctets, end),
  };
}

/** A header without options, that forbids fragments: no identification is needed (RFC 6864 §4.1). */
export function encodeIpv4Header(writer: Writer, header: Ipv4Header, payloadOctets: number): void {
  const start = writer.length;
  writer
    .u16((VERSION << 12) | ((IPV4_HEADER_OCTETS / 4) << 8))
    .u16(IPV4_HEADER_OCTETS + payloadOctets)
    .u32(DO_NOT_FRAGMENT)
    .u8(header.timeToLive)
    .u8(header.protocol)
    .u16(0);
  writeIpv4Address(writer, header.source);
  writeIpv4Address(writer, header.destination);
  writer.setU16(start + CHECKSUM_AT, foldChecksum(sumWords(writer.bytes(start))));
}
