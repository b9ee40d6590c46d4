// Builders for whole IPv6 and IPv4 packets with right checksums, and outer packets around them.
import { type Address, address, addressToBytes, isIpv4 } from '../../src/bytes/address.ts';
import { foldChecksum, sumWords, upperLayerChecksum } from '../../src/bytes/checksum.ts';
import { destinationOf, findTransport, isIpv4Packet, sourceOf } from '../../src/forwarding/ip-packet.ts';
import { Protocol } from '../../src/forwarding/protocol.ts';

export interface Ipv6Fields {
  readonly source: Address;
  readonly destination: Address;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly hopLimit?: number;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

export function ipv6(fields: Ipv6Fields, nextHeader: number, payload: Uint8Array): Uint8Array {
  const { trafficClass = 0, flowLabel = 0, hopLimit = 64 } = fields;
  return concat(
    u32((6 << 28) | (trafficClass << 20) | flowLabel),
    u16(payload.length),
    Uint8Array.of(nextHeader, hopLimit),
    addressToBytes(fields.source),
    addressToBytes(fields.destination),
    payload,
  );
}

export interface Ipv4Fields extends Ipv6Fields {
  readonly identification?: number;
  /** Set if left out. */
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** In units of 8 octets. */
  readonly fragmentOffset?: number;
  /** In whole words. */
  readonly options?: Uint8Array;
}

export function ipv4(fields: Ipv4Fields, protocol: number, payload: Uint8Array): Uint8Array {
  const { trafficClass = 0, hopLimit = 64, identification = 0, dontFragment = true } = fields;
  const { moreFragments = false, fragmentOffset = 0, options = new Uint8Array() } = fields;
  const headerBytes = 20 + options.length;
  const packet = concat(
    Uint8Array.of(0x40 | (headerBytes / 4), trafficClass),
    u16(headerBytes + payload.length),
    u16(identification),
    u16((dontFragment ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0) | fragmentOffset),
    Uint8Array.of(hopLimit, protocol, 0, 0),
    addressToBytes(fields.source),
    addressToBytes(fields.destination),
    options,
    payload,
  );
  packet.set(u16(foldChecksum(sumWords(packet.slice(0, headerBytes)))), 10);
  return packet;
}

/** Of the family of the addresses. */
export function ipPacket(fields: Ipv4Fields, protocol: number, payload: Uint8Array): Uint8Array {
  return isIpv4(fields.source) ? ipv4(fields, protocol, payload) : ipv6(fields, protocol, payload);
}

/** Extension headers in front of a transport header: hop-by-hop, routing, destination options or fragment. */
export interface Extension {
  readonly protocol: number;
  /** Everything behind the next header octet. */
  readonly body: Uint8Array;
}

export function destinationOptions(options: Uint8Array): Extension {
  return {
    protocol: Protocol.destinationOptions,
    body: concat(Uint8Array.of((options.length + 2) / 8 - 1), options),
  };
}

export function fragment(offsetUnits: number, more: boolean, identification = 7): Extension {
  return {
    protocol: Protocol.fragment,
    body: concat(Uint8Array.of(0), u16((offsetUnits << 3) | (more ? 1 : 0)), u32(identification)),
  };
}

export function withExtensions(
  fields: Ipv6Fields,
  extensions: readonly Extension[],
  protocol: number,
  transport: Uint8Array,
): Uint8Array {
  const protocols = [...extensions.map((extension) => extension.protocol), protocol];
  const headers = extensions.map(({ body }, index) => concat(Uint8Array.of(protocols[index + 1]!), body));
  return ipv6(fields, protocols[0]!, concat(...headers, transport));
}

function withChecksum(fields: Ipv6Fields, protocol: number, transport: Uint8Array, at: number): Uint8Array {
  const checksum = upperLayerChecksum(fields.source, fields.destination, protocol, transport) || 0xffff;
  transport.set(u16(checksum), at);
  return transport;
}

export interface TcpFields {
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

export const TcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

/** A TCP segment for the addresses in `fields`. */
export function tcp(fields: Ipv6Fields, tcpFields: TcpFields = {}): Uint8Array {
  const options = tcpFields.options ?? new Uint8Array();
  const segment = concat(
    u16(tcpFields.sourcePort ?? 40000),
    u16(tcpFields.destinationPort ?? 443),
    u32(tcpFields.sequence ?? 1),
    u32(tcpFields.acknowledgement ?? 0),
    Uint8Array.of((5 + options.length / 4) << 4, tcpFields.flags ?? TcpFlag.ack),
    u16(tcpFields.window ?? 0xffff),
    u32(0),
    options,
    tcpFields.payload ?? new Uint8Array(),
  );
  return withChecksum(fields, Protocol.tcp, segment, 16);
}

export function udp(
  fields: Ipv6Fields,
  sourcePort: number,
  destinationPort: number,
  payload: Uint8Array = new Uint8Array(),
): Uint8Array {
  const datagram = concat(u16(sourcePort), u16(destinationPort), u16(8 + payload.length), u16(0), payload);
  return withChecksum(fields, Protocol.udp, datagram, 6);
}

export function icmpv6(fields: Ipv6Fields, type: number, code: number, body: Uint8Array): Uint8Array {
  return withChecksum(fields, Protocol.icmpv6, concat(Uint8Array.of(type, code, 0, 0), body), 2);
}

/** ICMPv4. */
export function icmp(type: number, code: number, body: Uint8Array): Uint8Array {
  const message = concat(Uint8Array.of(type, code, 0, 0), body);
  message.set(u16(foldChecksum(sumWords(message))), 2);
  return message;
}

export function udpPacket(fields: Ipv4Fields, sourcePort = 1000, destinationPort = 2000, payloadBytes = 20) {
  return ipPacket(
    fields,
    Protocol.udp,
    udp(fields, sourcePort, destinationPort, new Uint8Array(payloadBytes).fill(0x61)),
  );
}

export function tcpPacket(fields: Ipv4Fields, tcpFields: TcpFields = {}): Uint8Array {
  return ipPacket(fields, Protocol.tcp, tcp(fields, tcpFields));
}

/** What a far end makes of an inner packet. */
export function outerPacket(fields: Ipv4Fields, inner: Uint8Array): Uint8Array {
  return ipPacket(fields, isIpv4Packet(inner) ? Protocol.ipv4 : Protocol.ipv6, inner);
}

/** The same in UDP, without a checksum. */
export function udpOuterPacket(fields: Ipv4Fields, sourcePort: number, destinationPort: number, inner: Uint8Array) {
  const header = [u16(sourcePort), u16(destinationPort), u16(8 + inner.length), u16(0)];
  return ipv4(fields, Protocol.udp, concat(...header, inner));
}

/** Addresses as the tests write them. */
export function fields(source: string, destination: string, more: Partial<Ipv4Fields> = {}): Ipv4Fields {
  return { source: address(source), destination: address(destination), ...more };
}

/** Whether the checksums of a packet without extension headers are right. */
export function hasRightChecksum(packet: Uint8Array): boolean {
  const { protocol, offset } = findTransport(packet);
  if (isIpv4Packet(packet) && foldChecksum(sumWords(packet.slice(0, offset))) !== 0) return false;
  if (protocol === Protocol.icmp) return foldChecksum(sumWords(packet.slice(offset))) === 0;
  return upperLayerChecksum(sourceOf(packet), destinationOf(packet), protocol, packet.slice(offset)) === 0;
}
