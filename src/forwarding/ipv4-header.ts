import type { Address } from '../bytes/address.ts';
import { foldChecksum, sumWords } from '../bytes/checksum.ts';
import type { Transport } from './protocol.ts';
import { readU16, updateChecksum, writeU16 } from './words.ts';

/** Without options. */
export const IPV4_HEADER_BYTES = 20;
/** Every path carries as much (RFC 1122 §3.3.2 and RFC 791: what every host takes). */
export const IPV4_MINIMUM_MTU_BYTES = 576;
/** Where flags and fragment offset stand, and what is in them. */
export const FRAGMENT_FIELD = 6;
export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;
export const FRAGMENT_OFFSET = 0x1fff;
const CHECKSUM = 10;
const LARGEST_DATAGRAM_BYTES = 0xffff;

/**
 * The IPv4 packet at the start of `bytes`, without the octets behind its total length (link-layer padding); `undefined`
 * if there is none, if it is cut off, if its header's checksum is wrong (RFC 1812 §5.2.2), or if it is a fragment of
 * more than a datagram can hold.
 */
export function wholeIpv4Packet(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < IPV4_HEADER_BYTES || bytes[0]! >> 4 !== 4) return undefined;
  const header = ipv4HeaderBytes(bytes);
  const length = readU16(bytes, 2);
  if (header < IPV4_HEADER_BYTES || header > length || length > bytes.length) return undefined;
  if (foldChecksum(sumWords(bytes.subarray(0, header))) !== 0) return undefined;
  const offset = (readU16(bytes, FRAGMENT_FIELD) & FRAGMENT_OFFSET) * 8;
  return offset + length <= LARGEST_DATAGRAM_BYTES ? bytes.subarray(0, length) : undefined;
}

/** The header's length, options included. */
export function ipv4HeaderBytes(packet: Uint8Array): number {
  return (packet[0]! & 0x0f) * 4;
}

export function findIpv4Transport(packet: Uint8Array): Transport {
  const field = readU16(packet, FRAGMENT_FIELD);
  const first = (field & MORE_FRAGMENTS) !== 0 ? 'first' : 'none';
  const fragment = (field & FRAGMENT_OFFSET) !== 0 ? 'later' : first;
  return { protocol: packet[9]!, offset: ipv4HeaderBytes(packet), fragment };
}

/** Writes a word of the header; its checksum follows. */
export function setHeaderWord(packet: Uint8Array, at: number, value: number): void {
  writeU16(packet, CHECKSUM, updateChecksum(readU16(packet, CHECKSUM), readU16(packet, at), value));
  writeU16(packet, at, value);
}

/** Computes the header's checksum from nothing. */
export function setHeaderChecksum(packet: Uint8Array): void {
  writeU16(packet, CHECKSUM, 0);
  writeU16(packet, CHECKSUM, foldChecksum(sumWords(packet.subarray(0, ipv4HeaderBytes(packet)))));
}

export function isIpv4Multicast(address: Address): boolean {
  return address.charCodeAt(0) >> 4 === 0xe;
}

/** Multicast that ends at the link (224.0.0.0/24) or in an administrative scope (239.0.0.0/8, RFC 2365). */
function isNarrowMulticast(address: Address): boolean {
  return address.charCodeAt(0) === 239 || address.startsWith('\xe0\0\0');
}

/** 0/8, 127/8, 169.254/16 (RFC 3927 §2.7), 240/4 with the limited broadcast (RFC 1812 §5.3.7). */
function staysOnLink(address: Address): boolean {
  const first = address.charCodeAt(0);
  return first === 0 || first === 127 || first >= 240 || address.startsWith('\xa9\xfe');
}

/** The same for IPv4 as `ipv6MayLeaveLink`. */
export function ipv4MayLeaveLink(source: Address, destination: Address): boolean {
  if (isIpv4Multicast(source) || isNarrowMulticast(destination)) return false;
  return !staysOnLink(source) && !staysOnLink(destination);
}
