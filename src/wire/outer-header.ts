import type { Address } from '../bytes/address.ts';
import { upperLayerChecksum } from '../bytes/checksum.ts';
import type { Reader } from '../bytes/reader.ts';
import { WireError } from '../bytes/wire-error.ts';
import { Writer } from '../bytes/writer.ts';
import { encodeIpv4Header, IPV4_HEADER_OCTETS, type Ipv4Header } from './ip/ipv4.ts';
import { NextHeader } from './ip/numbers.ts';
import { DSMIPV6_UDP_PORT } from './mh/numbers.ts';

/** The IPv4 header, and mostly a UDP one, around a packet from or to an IPv4 care-of address (RFC 5555 §4.1). */
export interface OuterHeader {
  /** IPv4, as is the destination. */
  readonly source: Address;
  readonly destination: Address;
  /** Without it, the IPv6 packet follows the IPv4 header directly. */
  readonly ports?: { readonly source: number; readonly destination: number };
}

const UDP_HEADER_OCTETS = 8;
const UDP_LENGTH_AT = 4;
const UDP_CHECKSUM_AT = 6;
const TIME_TO_LIVE = 64;

/**
 * What a UDP packet between a mobile node and its home agent says of its ports; `undefined` for any other UDP packet.
 * Leaves `payload` at what is inside, an IPv4 or IPv6 packet by its first four bits. Throws `truncated`, `bad-length` and
 * `bad-checksum`; a checksum of zero is none (RFC 768).
 */
export function decodeDsmipv6Udp({ source, destination }: Ipv4Header, payload: Reader): OuterHeader | undefined {
  const { offset, index, bytes, remaining } = payload;
  const ports = { source: payload.u16(), destination: payload.u16() };
  if (ports.source !== DSMIPV6_UDP_PORT && ports.destination !== DSMIPV6_UDP_PORT) return undefined;
  const length = payload.u16();
  const checksum = payload.u16();
  if (length < UDP_HEADER_OCTETS || length > remaining) throw new WireError('bad-length', offset + UDP_LENGTH_AT);
  const whole = bytes.subarray(index, index + length);
  if (checksum !== 0 && upperLayerChecksum(source, destination, NextHeader.udp, whole) !== 0) {
    throw new WireError('bad-checksum', offset + UDP_CHECKSUM_AT);
  }
  return { source, destination, ports };
}

/** A whole IPv6 packet behind its IPv4 header, and its UDP header where there are ports. */
export function encodeOuter({ source, destination, ports }: OuterHeader, inner: Uint8Array): Uint8Array {
  const payloadOctets = inner.length + (ports ? UDP_HEADER_OCTETS : 0);
  const writer = new Writer(IPV4_HEADER_OCTETS + payloadOctets);
  const protocol = ports ? NextHeader.udp : NextHeader.ipv6;
  encodeIpv4Header(writer, { protocol, timeToLive: TIME_TO_LIVE, source, destination }, payloadOctets);
  if (ports) writer.u16(ports.source).u16(ports.destination).u16(payloadOctets).u16(0);
  writer.put(inner);
  if (ports) {
    const checksum = upperLayerChecksum(source, destination, NextHeader.udp, writer.bytes(IPV4_HEADER_OCTETS));
    // Zero would say that there is none.
    writer.setU16(IPV4_HEADER_OCTETS + UDP_CHECKSUM_AT, checksum || 0xffff);
  }
  return writer.bytes();
}
