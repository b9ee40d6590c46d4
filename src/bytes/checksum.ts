import type { Address } from './address.ts';

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** Fewer octets than this are not worth a second view of them. */
const WORTH_A_VIEW_OCTETS = 32;

/**
 * The ones' complement sum of 16-bit words that the Internet checksums are made of (RFC 1071), not yet folded: a number
 * that is right modulo 65535. For at most 65535 octets.
 */
export function sumWords(bytes: Uint8Array, sum = 0): number {
  const { length } = bytes;
  let total = sum;
  let i = 0;
  if (length >= WORTH_A_VIEW_OCTETS && (bytes.byteOffset & 3) === 0) {
    total += sumAlignedWords(bytes);
    i = length & ~15;
  }
  for (; i + 1 < length; i += 2) total += (bytes[i]! << 8) | bytes[i + 1]!;
  if (i < length) total += bytes[i]! << 8;
  return total;
}

/**
 * The folded sum of as many whole 16 octets as there are. Under an interpreter a read costs the same whatever its width,
 * so it reads 32 bits at once, and four times a turn. The sum may be taken in the host's byte order and swapped in the
 * end (RFC 1071 §2).
 */
function sumAlignedWords(bytes: Uint8Array): number {
  const count = (bytes.length >> 4) << 2;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, count);
  let total = 0;
  for (let i = 0; i < count; i += 4) total += words[i]! + words[i + 1]! + words[i + 2]! + words[i + 3]!;
  // Sums of 32-bit words are beyond the integers that bit operations take whole; their quotient is not.
  let folded = (total & 0xffff) + ((total / 0x10000) | 0);
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return IS_LITTLE_ENDIAN ? ((folded & 0xff) << 8) | (folded >>> 8) : folded;
}

/** Folds a sum into the 16-bit checksum that is written on the wire. */
export function foldChecksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/** Written out like `ipv6AddressAt`, as both addresses of every message go through it. */
function sumAddress(address: Address): number {
  let high = address.charCodeAt(0) + address.charCodeAt(2);
  let low = address.charCodeAt(1) + address.charCodeAt(3);
  if (address.length === 16) {
    high += address.charCodeAt(4) + address.charCodeAt(6) + address.charCodeAt(8);
    high += address.charCodeAt(10) + address.charCodeAt(12) + address.charCodeAt(14);
    low += address.charCodeAt(5) + address.charCodeAt(7) + address.charCodeAt(9);
    low += address.charCodeAt(11) + address.charCodeAt(13) + address.charCodeAt(15);
  }
  return (high << 8) + low;
}

/**
 * The upper-layer checksum over the IPv6 pseudo-header and `payload` (RFC 8200 §8.1).
 * Over a payload that already holds a right checksum the result is 0.
 */
export function upperLayerChecksum(
  source: Address,
  destination: Address,
  protocol: number,
  payload: Uint8Array,
): number {
  const pseudoHeader = sumAddress(source) + sumAddress(destination) + payload.length + protocol;
  return foldChecksum(sumWords(payload, pseudoHeader));
}
