// Builders for whole IPv6 packets with right checksums, and outer packets around them.
import { type Address, address, addressToBytes } from '../../src/bytes/address.ts';
import { upperLayerChecksum } from '../../src/bytes/checksum.ts';
import { Protocol } from '../../src/forwarding/ipv6-header.ts';

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

export function udpPacket(fields: Ipv6Fields, sourcePort = 1000, destinationPort = 2000, payloadBytes = 20) {
  return ipv6(fields, Protocol.udp, udp(fields, sourcePort, destinationPort, new Uint8Array(payloadBytes).fill(0x61)));
}

export function tcpPacket(fields: Ipv6Fields, tcpFields: TcpFields = {}): Uint8Array {
  return ipv6(fields, Protocol.tcp, tcp(fields, tcpFields));
}

/** What a far end makes of an inner packet. */
export function outerPacket(fields: Ipv6Fields, inner: Uint8Array): Uint8Array {
  return ipv6(fields, Protocol.ipv6, inner);
}

/** Addresses as the tests write them. */
export function fields(source: string, destination: string, more: Partial<Ipv6Fields> = {}): Ipv6Fields {
  return { source: address(source), destination: address(destination), ...more };
}

/** Whether the upper-layer checksum of a packet without extension headers is right. */
export function hasRightChecksum(packet: Uint8Array): boolean {
  const source = String.fromCharCode(...packet.subarray(8, 24)) as Address;
  const destination = String.fromCharCode(...packet.subarray(24, 40)) as Address;
  return upperLayerChecksum(source, destination, packet[6]!, packet.subarray(40)) === 0;
}
