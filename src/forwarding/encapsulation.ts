import { addressToBytes } from '../bytes/address.ts';
import { Writer } from '../bytes/writer.ts';
import { FRAGMENT_HEADER_BYTES, IPV6_HEADER_BYTES, Protocol, wholeIpv6Packet } from './ipv6-header.ts';
import type { Tunnel } from './table.ts';

/** The router's default (RFC 2473 §6.3), not the host's (RFC 3963 §5.5). */
const OUTER_HOP_LIMIT = 64;
const MORE_FRAGMENTS = 1;
const OPTION_PAD1 = 0;
/** Bits of an option's type that tell to discard the packet when the option is not known (RFC 8200 §4.2). */
const OPTION_ACTION = 0xc0;

const ECN = 0x03;
const NOT_ECT = 0;
const ECT_1 = 1;
const ECT_0 = 2;
const CE = 3;

/** The largest inner packet that a tunnel takes without fragmenting (RFC 2473 §6.7). */
export function innerMtuBytes(tunnel: Tunnel): number {
  return tunnel.pathMtuBytes - IPV6_HEADER_BYTES;
}

/**
 * Puts an inner packet into an outer one (RFC 2473 §3.1), with its traffic class (RFC 6040 §4.1, normal mode) and the
 * flow's hash as flow label (RFC 6438 §3.1).
 */
export function encapsulate(tunnel: Tunnel, flowLabel: number, inner: Uint8Array): Uint8Array {
  return outerPacket(tunnel, flowLabel, inner, Protocol.ipv6, [inner]);
}

/** The two fragments of the outer packet, for an inner packet that must not be refused (RFC 2473 §7.1 (b)). */
export function encapsulateInFragments(
  tunnel: Tunnel,
  flowLabel: number,
  inner: Uint8Array,
  identification: number,
): [Uint8Array, Uint8Array] {
  const room = tunnel.pathMtuBytes - IPV6_HEADER_BYTES - FRAGMENT_HEADER_BYTES;
  const cut = room - (room % 8);
  const fragment = (start: number, end: number, more: number) => {
    const header = new Writer(FRAGMENT_HEADER_BYTES)
      .u8(Protocol.ipv6)
      .u8(0)
      .u16(start | more)
      .u32(identification);
    return outerPacket(tunnel, flowLabel, inner, Protocol.fragment, [header.bytes(), inner.subarray(start, end)]);
  };
  return [fragment(0, cut, MORE_FRAGMENTS), fragment(cut, inner.length, 0)];
}

function outerPacket(
  tunnel: Tunnel,
  flowLabel: number,
  inner: Uint8Array,
  nextHeader: number,
  parts: readonly Uint8Array[],
): Uint8Array {
  const payloadBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const writer = new Writer(IPV6_HEADER_BYTES + payloadBytes)
    .u8(0x60 | (trafficClassOf(inner) >> 4))
    .u8(((trafficClassOf(inner) & 0x0f) << 4) | ((flowLabel >>> 16) & 0x0f))
    .u16(flowLabel & 0xffff)
    .u16(payloadBytes)
    .u8(nextHeader)
    .u8(OUTER_HOP_LIMIT)
    .put(addressToBytes(tunnel.outerSource))
    .put(addressToBytes(tunnel.outerDestination));
  for (const part of parts) writer.put(part);
  return writer.bytes();
}

/**
 * What a whole outer packet carries: directly, or behind one destination options header that holds nothing but options
 * that may be skipped, such as the Tunnel Encapsulation Limit (RFC 2473 §4.1.1). `undefined` if it carries no whole
 * IPv6 packet.
 */
export function innerPacketOf(outer: Uint8Array): Uint8Array | undefined {
  if (outer[6] === Protocol.ipv6) return wholeIpv6Packet(outer.subarray(IPV6_HEADER_BYTES));
  if (outer[6] !== Protocol.destinationOptions || outer.length < IPV6_HEADER_BYTES + 8) return undefined;
  const end = IPV6_HEADER_BYTES + (outer[IPV6_HEADER_BYTES + 1]! + 1) * 8;
  if (outer[IPV6_HEADER_BYTES] !== Protocol.ipv6 || end > outer.length) return undefined;
  if (!onlySkippableOptions(outer.subarray(IPV6_HEADER_BYTES + 2, end))) return undefined;
  return wholeIpv6Packet(outer.subarray(end));
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

/** The ECN field of the packet that leaves the tunnel; `undefined`: it is to be dropped (RFC 6040 §4.2, figure 4). */
export function decapsulatedEcn(inner: number, outer: number): number | undefined {
  if (outer === CE) return inner === NOT_ECT ? undefined : CE;
  return inner === ECT_0 && outer === ECT_1 ? ECT_1 : inner;
}

export function trafficClassOf(packet: Uint8Array): number {
  return ((packet[0]! & 0x0f) << 4) | (packet[1]! >> 4);
}

export function ecnOf(packet: Uint8Array): number {
  return trafficClassOf(packet) & ECN;
}

export function setEcn(packet: Uint8Array, ecn: number): void {
  packet[1] = (packet[1]! & ~(ECN << 4)) | (ecn << 4);
}
