// IPv6 packets as routers see them: a few fields at fixed places.
import { type Address, addressFromBytes, addressToBytes } from '../../src/bytes/address.ts';
import { upperLayerChecksum } from '../../src/bytes/checksum.ts';
import { Icmpv6Type } from '../../src/wire/icmpv6/message.ts';
import { encodeSignalling } from '../../src/wire/signalling.ts';

export const HEADER_BYTES = 40;
export const Next = {
  hopByHop: 0,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  icmpv6: 58,
  destinationOptions: 60,
  mobility: 135,
} as const;
const NEXT_HEADER_AT = 6;
const HOP_LIMIT_AT = 7;
const FIRST_ERROR_END = 128;

export function source(packet: Uint8Array): Address {
  return addressFromBytes(packet.subarray(8, 24));
}

export function destination(packet: Uint8Array): Address {
  return addressFromBytes(packet.subarray(24, 40));
}

export function nextHeader(packet: Uint8Array): number {
  return packet[NEXT_HEADER_AT]!;
}

/** The packet with one hop less to go; `undefined` where it may go no further (RFC 8200 §3). */
export function oneHopLess(packet: Uint8Array): Uint8Array | undefined {
  if (packet[HOP_LIMIT_AT]! <= 1) return undefined;
  const next = packet.slice();
  next[HOP_LIMIT_AT]!--;
  return next;
}

/** Carries signalling of any kind but the probes' echoes, as far as can be seen from outside. */
export function isSignalling(packet: Uint8Array): boolean {
  const next = packet[NEXT_HEADER_AT]!;
  return next === Next.mobility || next === Next.routing || (next === Next.destinationOptions && packet[40] !== 41);
}

export function isEchoRequest(packet: Uint8Array): boolean {
  return packet[NEXT_HEADER_AT] === Next.icmpv6 && packet[HEADER_BYTES] === Icmpv6Type.echoRequest;
}

function isIcmpError(packet: Uint8Array): boolean {
  return packet[NEXT_HEADER_AT] === Next.icmpv6 && packet[HEADER_BYTES]! < FIRST_ERROR_END;
}

/** What a kernel answers to an echo request: the addresses change places, and the type. */
export function echoReply(request: Uint8Array): Uint8Array {
  const reply = request.slice();
  reply.set(request.subarray(24, 40), 8);
  reply.set(request.subarray(8, 24), 24);
  reply[HOP_LIMIT_AT] = 64;
  reply[HEADER_BYTES] = Icmpv6Type.echoReply;
  reply.fill(0, HEADER_BYTES + 2, HEADER_BYTES + 4);
  const checksum = upperLayerChecksum(source(reply), destination(reply), Next.icmpv6, reply.subarray(HEADER_BYTES));
  reply[HEADER_BYTES + 2] = checksum >> 8;
  reply[HEADER_BYTES + 3] = checksum & 0xff;
  return reply;
}

/** An ICMPv6 error of a router about a packet; `undefined` about another error (RFC 4443 §2.4 (e)). */
export function icmpError(
  type: 'destinationUnreachable' | 'packetTooBig' | 'timeExceeded' | 'parameterProblem',
  packet: Uint8Array,
  from: Address,
  fields: { readonly code?: number; readonly value?: number } = {},
): Uint8Array | undefined {
  if (isIcmpError(packet)) return undefined;
  return encodeSignalling({
    kind: 'icmpv6',
    source: from,
    destination: source(packet),
    message: {
      type: Icmpv6Type[type],
      code: fields.code ?? 0,
      value: fields.value ?? 0,
      invokingPacket: packet.subarray(0, 1232),
    },
  });
}

/** A UDP datagram of one's own making, with the right checksum. */
export function udp(from: Address, to: Address, ports: readonly [number, number], payload: Uint8Array): Uint8Array {
  const length = 8 + payload.length;
  const packet = new Uint8Array(HEADER_BYTES + length);
  packet.set([0x60, 0, 0, 0, length >> 8, length & 0xff, Next.udp, 64]);
  packet.set(addressToBytes(from), 8);
  packet.set(addressToBytes(to), 24);
  const [sourcePort, destinationPort] = ports;
  packet.set(
    [sourcePort >> 8, sourcePort & 0xff, destinationPort >> 8, destinationPort & 0xff, length >> 8, length & 0xff],
    HEADER_BYTES,
  );
  packet.set(payload, HEADER_BYTES + 8);
  const checksum = upperLayerChecksum(from, to, Next.udp, packet.subarray(HEADER_BYTES)) || 0xffff;
  packet.set([checksum >> 8, checksum & 0xff], HEADER_BYTES + 6);
  return packet;
}

/** Whether a UDP datagram arrived as it was sent. */
export function hasRightUdpChecksum(packet: Uint8Array): boolean {
  return upperLayerChecksum(source(packet), destination(packet), Next.udp, packet.subarray(HEADER_BYTES)) === 0;
}
