import { addressToBytes } from '../bytes/address.ts';
import { Writer } from '../bytes/writer.ts';
import { isIpv4Packet, trafficClassOf } from './ip-packet.ts';
import { DONT_FRAGMENT, IPV4_HEADER_BYTES, MORE_FRAGMENTS, setHeaderChecksum } from './ipv4-header.ts';
import { FRAGMENT_HEADER_BYTES, IPV6_HEADER_BYTES } from './ipv6-header.ts';
import { Protocol } from './protocol.ts';
import { Encapsulation, type Tunnel } from './table.ts';

/** The router's default (RFC 2473 §6.3), not the host's (RFC 3963 §5.5). */
const OUTER_HOP_LIMIT = 64;
export const UDP_HEADER_BYTES = 8;
const MORE_IPV6_FRAGMENTS = 1;

const OVERHEAD_BYTES = {
  [Encapsulation.ipv6]: IPV6_HEADER_BYTES,
  [Encapsulation.ipv4]: IPV4_HEADER_BYTES,
  [Encapsulation.udp]: IPV4_HEADER_BYTES + UDP_HEADER_BYTES,
} as const;

/** The largest inner packet that a tunnel takes without fragmenting (RFC 2473 §6.7). */
export function innerMtuBytes(tunnel: Tunnel): number {
  return tunnel.pathMtuBytes - OVERHEAD_BYTES[tunnel.encapsulation];
}

/**
 * Puts an inner packet into an outer one (RFC 2473 §3.1, RFC 4213 §3.5, RFC 2003 §3.1, RFC 5555 §4.1), with its traffic
 * class or type of service (RFC 6040 §4.1, normal mode) and, in IPv6, the flow's hash as flow label (RFC 6438 §3.1).
 * An outer IPv4 packet must not be fragmented on its way, and so needs no identification (RFC 6864 §4.1).
 */
export function encapsulate(tunnel: Tunnel, flowLabel: number, inner: Uint8Array): Uint8Array {
  const { protocol, parts } = payloadOf(tunnel, inner);
  if (tunnel.encapsulation !== Encapsulation.ipv6) return ipv4Packet(tunnel, inner, protocol, DONT_FRAGMENT, 0, parts);
  return ipv6Packet(tunnel, flowLabel, inner, protocol, parts);
}

/**
 * The fragments of the outer packet, for an inner IPv6 packet that must not be refused (RFC 2473 §7.1 (b), RFC 4213
 * §3.2.1): two, or three where an IPv4 path is very narrow.
 */
export function encapsulateInFragments(
  tunnel: Tunnel,
  flowLabel: number,
  inner: Uint8Array,
  identification: number,
): Uint8Array[] {
  const { protocol, parts } = payloadOf(tunnel, inner);
  const payload = joined(parts);
  const inIpv6 = tunnel.encapsulation === Encapsulation.ipv6;
  const headers = inIpv6 ? IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES : IPV4_HEADER_BYTES;
  const step = (tunnel.pathMtuBytes - headers) & ~7;
  const fragments: Uint8Array[] = [];
  for (let start = 0; start < payload.length; start += step) {
    const piece = payload.subarray(start, start + step);
    const last = start + step >= payload.length;
    if (inIpv6) {
      const header = new Writer(FRAGMENT_HEADER_BYTES)
        .u8(protocol)
        .u8(0)
        .u16(start | (last ? 0 : MORE_IPV6_FRAGMENTS))
        .u32(identification);
      fragments.push(ipv6Packet(tunnel, flowLabel, inner, Protocol.fragment, [header.bytes(), piece]));
    } else {
      const field = (start / 8) | (last ? 0 : MORE_FRAGMENTS);
      // Never 0: for a kernel that means that there is none yet.
      fragments.push(ipv4Packet(tunnel, inner, protocol, field, (identification % 0xffff) + 1, [piece]));
    }
  }
  return fragments;
}

/** What follows the outer IP header. */
function payloadOf(tunnel: Tunnel, inner: Uint8Array): { protocol: number; parts: Uint8Array[] } {
  if (tunnel.encapsulation !== Encapsulation.udp)
    return { protocol: isIpv4Packet(inner) ? Protocol.ipv4 : Protocol.ipv6, parts: [inner] };
  // Without a checksum: both inner headers and what is in them have their own.
  const header = new Writer(UDP_HEADER_BYTES)
    .u16(tunnel.sourcePort)
    .u16(tunnel.destinationPort)
    .u16(UDP_HEADER_BYTES + inner.length)
    .u16(0);
  return { protocol: Protocol.udp, parts: [header.bytes(), inner] };
}

function ipv6Packet(
  tunnel: Tunnel,
  flowLabel: number,
  inner: Uint8Array,
  nextHeader: number,
  parts: readonly Uint8Array[],
): Uint8Array {
  const trafficClass = trafficClassOf(inner);
  const header = new Writer(IPV6_HEADER_BYTES)
    .u8(0x60 | (trafficClass >> 4))
    .u8(((trafficClass & 0x0f) << 4) | ((flowLabel >>> 16) & 0x0f))
    .u16(flowLabel & 0xffff)
    .u16(octetsIn(parts))
    .u8(nextHeader)
    .u8(OUTER_HOP_LIMIT)
    .put(addressToBytes(tunnel.outerSource))
    .put(addressToBytes(tunnel.outerDestination));
  return joined([header.bytes(), ...parts]);
}

function ipv4Packet(
  tunnel: Tunnel,
  inner: Uint8Array,
  protocol: number,
  fragmentField: number,
  identification: number,
  parts: readonly Uint8Array[],
): Uint8Array {
  const header = new Writer(IPV4_HEADER_BYTES)
    .u8(0x45)
    .u8(trafficClassOf(inner))
    .u16(IPV4_HEADER_BYTES + octetsIn(parts))
    .u16(identification)
    .u16(fragmentField)
    .u8(OUTER_HOP_LIMIT)
    .u8(protocol)
    .u16(0)
    .put(addressToBytes(tunnel.outerSource))
    .put(addressToBytes(tunnel.outerDestination));
  const packet = joined([header.bytes(), ...parts]);
  setHeaderChecksum(packet);
  return packet;
}

function octetsIn(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new Writer(octetsIn(parts));
  for (const part of parts) writer.put(part);
  return writer.bytes();
}
