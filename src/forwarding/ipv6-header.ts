import { type Address, IPV6_UNSPECIFIED, isLinkLocal } from '../bytes/address.ts';
import { Protocol, type Transport } from './protocol.ts';
import { readU16 } from './words.ts';

export const IPV6_HEADER_BYTES = 40;
export const FRAGMENT_HEADER_BYTES = 8;
/** The smallest MTU of an IPv6 link (RFC 8200 §5). */
export const IPV6_MINIMUM_MTU_BYTES = 1280;

/** More extension headers than this are not looked behind. */
const MAXIMUM_EXTENSION_HEADERS = 8;
/** RFC 4291 §2.7. */
const GLOBAL_SCOPE = 14;
const LOOPBACK = `${'\0'.repeat(15)}\x01` as Address;

/**
 * The IPv6 packet at the start of `bytes`, without the octets behind its payload length (link-layer padding);
 * `undefined` if there is none or if it is cut off.
 */
export function wholeIpv6Packet(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < IPV6_HEADER_BYTES || bytes[0]! >> 4 !== 6) return undefined;
  const length = IPV6_HEADER_BYTES + readU16(bytes, 4);
  return length <= bytes.length ? bytes.subarray(0, length) : undefined;
}

export function isIpv6Multicast(address: Address): boolean {
  return address.charCodeAt(0) === 0xff;
}

/** Walks the hop-by-hop, routing and destination options headers; a fragment header ends the walk. */
export function findIpv6Transport(packet: Uint8Array): Transport {
  let protocol = packet[6]!;
  let offset = IPV6_HEADER_BYTES;
  for (let headers = 0; ; headers++) {
    const extension =
      protocol === Protocol.hopByHopOptions ||
      protocol === Protocol.routing ||
      protocol === Protocol.destinationOptions;
    if (!extension && protocol !== Protocol.fragment) return { protocol, offset, fragment: 'none' };
    const length = extension && offset + 2 <= packet.length ? (packet[offset + 1]! + 1) * 8 : FRAGMENT_HEADER_BYTES;
    if (headers === MAXIMUM_EXTENSION_HEADERS || offset + length > packet.length)
      return { protocol, offset: packet.length, fragment: 'none' };
    const next = packet[offset]!;
    if (!extension) {
      const later = readU16(packet, offset + 2) >> 3 !== 0;
      return { protocol: next, offset: offset + length, fragment: later ? 'later' : 'first' };
    }
    protocol = next;
    offset += length;
  }
}

/**
 * Whether an IPv6 packet with these addresses may go into a tunnel: no unspecified, loopback or multicast source,
 * nothing whose scope ends at the link (RFC 3963 §8), no multicast narrower than global (RFC 6275 §10.4.2).
 */
export function ipv6MayLeaveLink(source: Address, destination: Address): boolean {
  if (isIpv6Multicast(source)) return false;
  if (isIpv6Multicast(destination) && (destination.charCodeAt(1) & 0x0f) < GLOBAL_SCOPE) return false;
  return ![source, destination].some(
    (address) => address === IPV6_UNSPECIFIED || address === LOOPBACK || isLinkLocal(address),
  );
}
