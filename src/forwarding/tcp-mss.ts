import { findTransport, isIpv4Packet } from './ip-packet.ts';
import { IPV4_HEADER_BYTES } from './ipv4-header.ts';
import { IPV6_HEADER_BYTES } from './ipv6-header.ts';
import { Protocol } from './protocol.ts';
import { readU16, updateChecksum, writeU16 } from './words.ts';

const TCP_HEADER_BYTES = 20;
const CHECKSUM = 16;
const FLAG_SYN = 0x02;
const OPTION_END = 0;
const OPTION_NO_OPERATION = 1;
const OPTION_MSS = 2;
const OPTION_MSS_BYTES = 4;

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
  const ipHeaderBytes = isIpv4Packet(packet) ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  const largest = mtuBytes - ipHeaderBytes - TCP_HEADER_BYTES;
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

function swap(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}
