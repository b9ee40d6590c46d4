import type { Address } from './address.ts';

/** The ones' complement sum of 16-bit words that the Internet checksums are made of (RFC 1071), not yet folded. */
export function sumWords(bytes: Uint8Array, sum = 0): number {
  const even = bytes.length & ~1;
  const eights = bytes.length & ~7;
  let total = sum;
  let i = 0;
  // Four words a turn: under an interpreter the loop itself costs as much as the sum.
  for (; i < eights; i += 8) {
    total +=
      ((bytes[i]! + bytes[i + 2]! + bytes[i + 4]! + bytes[i + 6]!) << 8) +
      (bytes[i + 1]! + bytes[i + 3]! + bytes[i + 5]! + bytes[i + 7]!);
  }
  for (; i < even; i += 2) total += (bytes[i]! << 8) | bytes[i + 1]!;
  if (bytes.length !== even) total += bytes[even]! << 8;
  return total;
}

/** Folds a sum into the 16-bit checksum that is written on the wire. */
export function foldChecksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

function sumAddress(address: Address): number {
  let sum = 0;
  for (let i = 0; i < address.length; i += 2) sum += (address.charCodeAt(i) << 8) | address.charCodeAt(i + 1);
  return sum;
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
