import { type Address, addressFromBytes, isIpv4 } from '../bytes/address.ts';
import {
  DONT_FRAGMENT,
  FRAGMENT_FIELD,
  findIpv4Transport,
  ipv4MayLeaveLink,
  isIpv4Multicast,
  setHeaderWord,
  wholeIpv4Packet,
} from './ipv4-header.ts';
import { findIpv6Transport, ipv6MayLeaveLink, isIpv6Multicast, wholeIpv6Packet } from './ipv6-header.ts';
import type { Transport } from './protocol.ts';
import { readU16 } from './words.ts';

// What IPv6 and IPv4 packets have in common. All functions but the first two are for whole packets.

const ECN = 0x03;

export function isIpv4Packet(packet: Uint8Array): boolean {
  return packet[0]! >> 4 === 4;
}

/** The IPv6 or IPv4 packet at the start of `bytes`, without what follows it; `undefined` if there is no sound one. */
export function wholePacket(bytes: Uint8Array): Uint8Array | undefined {
  return wholeIpv6Packet(bytes) ?? wholeIpv4Packet(bytes);
}

export function sourceOf(packet: Uint8Array): Address {
  return addressFromBytes(isIpv4Packet(packet) ? packet.subarray(12, 16) : packet.subarray(8, 24));
}

export function destinationOf(packet: Uint8Array): Address {
  return addressFromBytes(isIpv4Packet(packet) ? packet.subarray(16, 20) : packet.subarray(24, 40));
}

export function isMulticast(address: Address): boolean {
  return isIpv4(address) ? isIpv4Multicast(address) : isIpv6Multicast(address);
}

export function findTransport(packet: Uint8Array): Transport {
  return isIpv4Packet(packet) ? findIpv4Transport(packet) : findIpv6Transport(packet);
}

/** Whether a packet with these addresses, of one family, may go into a tunnel. */
export function mayLeaveLink(source: Address, destination: Address): boolean {
  return isIpv4(source) ? ipv4MayLeaveLink(source, destination) : ipv6MayLeaveLink(source, destination);
}

export function mayBeFragmented(packet: Uint8Array): boolean {
  return isIpv4Packet(packet) && (readU16(packet, FRAGMENT_FIELD) & DONT_FRAGMENT) === 0;
}

/** Hop limit or time to live. */
export function hopLimitOf(packet: Uint8Array): number {
  return packet[isIpv4Packet(packet) ? 8 : 7]!;
}

export function decrementHopLimit(packet: Uint8Array): void {
  if (isIpv4Packet(packet)) setHeaderWord(packet, 8, readU16(packet, 8) - 0x100);
  else packet[7]!--;
}

/** Traffic class or type of service: DSCP and ECN. */
export function trafficClassOf(packet: Uint8Array): number {
  return isIpv4Packet(packet) ? packet[1]! : ((packet[0]! & 0x0f) << 4) | (packet[1]! >> 4);
}

export function ecnOf(packet: Uint8Array): number {
  return trafficClassOf(packet) & ECN;
}

export function setEcn(packet: Uint8Array, ecn: number): void {
  if (isIpv4Packet(packet)) setHeaderWord(packet, 0, (readU16(packet, 0) & ~ECN) | ecn);
  else packet[1] = (packet[1]! & ~(ECN << 4)) | (ecn << 4);
}
