import { foldChecksum, sumWords } from '../bytes/checksum.ts';
import { UDP_HEADER_BYTES } from './encapsulation.ts';
import { findTransport, isIpv4Packet, wholePacket } from './ip-packet.ts';
import { wholeIpv4Packet } from './ipv4-header.ts';
import { IPV6_HEADER_BYTES, wholeIpv6Packet } from './ipv6-header.ts';
import { Protocol } from './protocol.ts';
import { Encapsulation } from './table.ts';
import { readU16 } from './words.ts';

const OPTION_PAD1 = 0;
/** Bits of an option's type that tell to discard the packet when the option is not known (RFC 8200 §4.2). */
const OPTION_ACTION = 0xc0;

/** What a whole outer packet carries, and how. */
export interface Carried {
  readonly encapsulation: Encapsulation;
  /** Of `udp`; 0 for the others. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly inner: Uint8Array;
}

/**
 * What a whole outer packet carries: behind an IPv6 or IPv4 header, or behind UDP in IPv4. `undefined` if it carries no
 * whole packet of the version that the outer header says, or is a fragment.
 */
export function decapsulate(outer: Uint8Array): Carried | undefined {
  if (!isIpv4Packet(outer)) return carriedDirectly(Encapsulation.ipv6, innerIn(outer));
  const { protocol, offset, fragment } = findTransport(outer);
  if (fragment !== 'none') return undefined;
  const payload = outer.subarray(offset);
  if (protocol === Protocol.udp) return carriedInUdp(outer, payload);
  return carriedDirectly(Encapsulation.ipv4, innerBehind(protocol, payload));
}

function carriedDirectly(encapsulation: Encapsulation, inner: Uint8Array | undefined): Carried | undefined {
  return inner && { encapsulation, sourcePort: 0, destinationPort: 0, inner };
}

function carriedInUdp(outer: Uint8Array, payload: Uint8Array): Carried | undefined {
  if (payload.length < UDP_HEADER_BYTES) return undefined;
  const length = readU16(payload, 4);
  if (length < UDP_HEADER_BYTES || length > payload.length) return undefined;
  const datagram = payload.subarray(0, length);
  if (readU16(datagram, 6) !== 0 && !udpChecksumIsRight(outer, datagram)) return undefined;
  const inner = wholePacket(datagram.subarray(UDP_HEADER_BYTES));
  if (!inner) return undefined;
  return {
    encapsulation: Encapsulation.udp,
    sourcePort: readU16(datagram, 0),
    destinationPort: readU16(datagram, 2),
    inner,
  };
}

function udpChecksumIsRight(outer: Uint8Array, datagram: Uint8Array): boolean {
  const addresses = sumWords(outer.subarray(12, 20), Protocol.udp + datagram.length);
  return foldChecksum(sumWords(datagram, addresses)) === 0;
}

/**
 * Directly, or behind one destination options header that holds nothing but options that may be skipped, such as the
 * Tunnel Encapsulation Limit (RFC 2473 §4.1.1).
 */
function innerIn(outer: Uint8Array): Uint8Array | undefined {
  const payload = outer.subarray(IPV6_HEADER_BYTES);
  if (outer[6] !== Protocol.destinationOptions) return innerBehind(outer[6]!, payload);
  if (payload.length < 8) return undefined;
  const end = (payload[1]! + 1) * 8;
  if (end > payload.length || !onlySkippableOptions(payload.subarray(2, end))) return undefined;
  return innerBehind(payload[0]!, payload.subarray(end));
}

function innerBehind(protocol: number, payload: Uint8Array): Uint8Array | undefined {
  if (protocol === Protocol.ipv6) return wholeIpv6Packet(payload);
  return protocol === Protocol.ipv4 ? wholeIpv4Packet(payload) : undefined;
}

function onlySkippableOptions(options: Uint8Array): boolean {
  let at = 0;
  while (at < options.length) {
    const type = options[at]!;
    if ((type & OPTION_ACTION) !== 0) return false;
    if (type === OPTION_PAD1) at++;
    else if (at + 2 > options.length) return false;
    else at += 2 + options[at + 1]!;
  }
  return at === options.length;
}
