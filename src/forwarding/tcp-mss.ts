import { findTransport, Protocol } from './ipv6-header.ts';

const TCP_HEADER_BYTES = 20;
const CHECKSUM = 16;
const FLAG_SYN = 0x02;
const OPTION_END = 0;
const OPTION_NO_OPERATION = 1;
const OPTION_MSS = 2;
const OPTION_MSS_BYTES = 4;
/** What the IPv6 and the TCP header take. */
const HEADERS_BYTES = 60;

/**
 * Lowers the Maximum Segment Size in a TCP SYN, in place, so that no segment of the connection is too big for a tunnel
 * of `mtuBytes`; the checksum follows (RFC 1624). Everything else is left as it is.
 */
export function clampTcpMss(packet: Uint8Array, mtuBytes: number): void {
  const { protocol, offset, fragment } = findTransport(packet);
  if (protocol !== Protocol.tcp || fragment !== 'none' || offset + TCP_HEADER_BYTES > packet.length) return;
  if ((packet[offset + 13]! & FLAG_SYN) === 0) return;
  const end = offset + (packet[offset + 12]! >> 4) * 4;
  if (end > packet.length) return;
  const at = findMss(packet, offset + TCP_HEADER_BYTES, end);
  const largest = mtuBytes - HEADERS_BYTES;
  if (at === undefined || readU16(packet, at) <= largest) return;

  const before = readU16(packet, at);
  writeU16(packet, at, largest);
  // An option may start at an odd octet: then its two octets stand in the checksum's words the other way round.
  const odd = ((at - offset) & 1) === 1;
  const checksumAt = offset + CHECKSUM;
  const checksum = readU16(packet, checksumAt);
  writeU16(packet, checksumAt, updateChecksum(checksum, odd ? swap(before) : before, odd ? swap(largest) : largest));
}

function findMss(packet: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  while (at < end) {
    const kind = packet[at]!;
    if (kind === OPTION_END) return undefined;
    if (kind === OPTION_NO_OPERATION) {
      at++;
      continue;
    }
    const length = at + 2 <= end ? packet[at + 1]! : 0;
    if (length < 2 || at + length > end) return undefined;
    if (kind === OPTION_MSS) return length === OPTION_MSS_BYTES ? at + 2 : undefined;
    at += length;
  }
  return undefined;
}

/** RFC 1624 §3, equation 3. */
function updateChecksum(checksum: number, before: number, after: number): number {
  let sum = (~checksum & 0xffff) + (~before & 0xffff) + after;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function swap(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}
