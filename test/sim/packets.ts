// IPv6 and IPv4 packets as routers see them: a few fields at fixed places.
import { type Address, addressFromBytes, addressToBytes, isIpv4 } from '../../src/bytes/address.ts';
import { foldChecksum, sumWords, upperLayerChecksum } from '../../src/bytes/checksum.ts';
import { Icmpv4Type, Icmpv4UnreachableCode } from '../../src/wire/icmpv4/error.ts';
import { Icmpv6Type } from '../../src/wire/icmpv6/message.ts';
import { DSMIPV6_UDP_PORT } from '../../src/wire/mh/numbers.ts';
import { encodeSignalling } from '../../src/wire/signalling.ts';

export const HEADER_BYTES = 40;
export const IPV4_HEADER_BYTES = 20;
export const UDP_HEADER_BYTES = 8;
export const Next = {
  hopByHop: 0,
  icmpv4: 1,
  ipv4: 4,
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
const PROTOCOL_AT = 9;
const TIME_TO_LIVE_AT = 8;
const IPV4_CHECKSUM_AT = 10;
const FRAGMENT_AT = 6;
const DO_NOT_FRAGMENT = 0x40;
/** Of an IPv4 packet that is not whole: more fragments, or an offset. */
const IS_FRAGMENT = 0x3fff;
const FRAGMENT_OFFSET = 0x1fff;
/** How much of a packet an ICMP error quotes (RFC 1812 §4.3.2.3: up to 576 octets in all). */
const QUOTED_BYTES = 548;

export function isIpv4Packet(packet: Uint8Array): boolean {
  return packet[0]! >> 4 === 4;
}

export function source(packet: Uint8Array): Address {
  return addressFromBytes(isIpv4Packet(packet) ? packet.subarray(12, 16) : packet.subarray(8, 24));
}

export function destination(packet: Uint8Array): Address {
  return addressFromBytes(isIpv4Packet(packet) ? packet.subarray(16, 20) : packet.subarray(24, 40));
}

/** Next header or protocol. */
export function nextHeader(packet: Uint8Array): number {
  return packet[isIpv4Packet(packet) ? PROTOCOL_AT : NEXT_HEADER_AT]!;
}

/** Where the payload begins. */
export function payloadAt(packet: Uint8Array): number {
  return isIpv4Packet(packet) ? (packet[0]! & 0x0f) * 4 : HEADER_BYTES;
}

/** The packet with one hop less to go; `undefined` where it may go no further (RFC 8200 §3, RFC 1812 §5.3.1). */
export function oneHopLess(packet: Uint8Array): Uint8Array | undefined {
  const at = isIpv4Packet(packet) ? TIME_TO_LIVE_AT : HOP_LIMIT_AT;
  if (packet[at]! <= 1) return undefined;
  const next = packet.slice();
  next[at]!--;
  if (isIpv4Packet(packet)) sealIpv4(next);
  return next;
}

/** Sets the checksum of an IPv4 header. */
export function sealIpv4(packet: Uint8Array): void {
  packet.fill(0, IPV4_CHECKSUM_AT, IPV4_CHECKSUM_AT + 2);
  const checksum = foldChecksum(sumWords(packet.subarray(0, payloadAt(packet))));
  packet.set([checksum >> 8, checksum & 0xff], IPV4_CHECKSUM_AT);
}

/** A part of a packet; of an IPv6 one if the fragment header comes first. */
export function isFragment(packet: Uint8Array): boolean {
  if (!isIpv4Packet(packet)) return packet[NEXT_HEADER_AT] === Next.fragment;
  return (word(packet, FRAGMENT_AT) & IS_FRAGMENT) !== 0;
}

/** A fragment that does not have the packet's beginning, and so no ports. */
export function isLaterFragment(packet: Uint8Array): boolean {
  return isIpv4Packet(packet) && (word(packet, FRAGMENT_AT) & FRAGMENT_OFFSET) !== 0;
}

/** IPv4 routers fragment what does not forbid it. */
export function mayBeFragmented(packet: Uint8Array): boolean {
  return isIpv4Packet(packet) && (packet[FRAGMENT_AT]! & DO_NOT_FRAGMENT) === 0;
}

export function word(packet: Uint8Array, at: number): number {
  return (packet[at]! << 8) | packet[at + 1]!;
}

/** The packet that another one carries in UDP to or from port 4191, or directly in IPv4; `undefined` if it carries none. */
export function insideIpv4(packet: Uint8Array): Uint8Array | undefined {
  if (!isIpv4Packet(packet) || isLaterFragment(packet)) return undefined;
  const at = payloadAt(packet);
  const protocol = packet[PROTOCOL_AT]!;
  if (protocol === Next.ipv6 || protocol === Next.ipv4) return packet.subarray(at);
  if (protocol !== Next.udp || packet.length <= at + UDP_HEADER_BYTES) return undefined;
  const isOurs = word(packet, at) === DSMIPV6_UDP_PORT || word(packet, at + 2) === DSMIPV6_UDP_PORT;
  return isOurs ? packet.subarray(at + UDP_HEADER_BYTES) : undefined;
}

/** Carries signalling of any kind but the probes' echoes, as far as can be seen from outside. */
export function isSignalling(packet: Uint8Array): boolean {
  if (isIpv4Packet(packet)) {
    const inner = insideIpv4(packet);
    return inner !== undefined && inner[0]! >> 4 === 6 && isSignalling(inner);
  }
  const next = packet[NEXT_HEADER_AT]!;
  const carries = packet[HEADER_BYTES]!;
  const isTunnel = carries === Next.ipv6 || carries === Next.ipv4;
  return next === Next.mobility || next === Next.routing || (next === Next.destinationOptions && !isTunnel);
}

export function isEchoRequest(packet: Uint8Array): boolean {
  return (
    !isIpv4Packet(packet) && packet[NEXT_HEADER_AT] === Next.icmpv6 && packet[HEADER_BYTES] === Icmpv6Type.echoRequest
  );
}

function isIcmpError(packet: Uint8Array): boolean {
  const type = packet[payloadAt(packet)]!;
  if (!isIpv4Packet(packet)) return packet[NEXT_HEADER_AT] === Next.icmpv6 && type < FIRST_ERROR_END;
  return packet[PROTOCOL_AT] === Next.icmpv4 && type !== 0 && type !== 8;
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

/** Errors by their ICMPv4 types; of destination unreachable `code` says which. */
const ICMPV4_ERRORS = {
  destinationUnreachable: Icmpv4Type.destinationUnreachable,
  packetTooBig: Icmpv4Type.destinationUnreachable,
  timeExceeded: Icmpv4Type.timeExceeded,
  parameterProblem: Icmpv4Type.destinationUnreachable,
} as const;

/**
 * An ICMP error of a router or host about a packet; `undefined` about another error and about fragments but the first
 * (RFC 4443 §2.4 (e), RFC 1812 §4.3.2.7). `from` has the packet's family.
 */
export function icmpError(
  type: 'destinationUnreachable' | 'packetTooBig' | 'timeExceeded' | 'parameterProblem',
  packet: Uint8Array,
  from: Address,
  fields: { readonly code?: number; readonly value?: number } = {},
): Uint8Array | undefined {
  if (isIcmpError(packet) || isLaterFragment(packet)) return undefined;
  if (isIpv4Packet(packet)) {
    const isTooBig = type === 'packetTooBig';
    const unknown = packet[PROTOCOL_AT] === Next.udp ? 'portUnreachable' : 'protocolUnreachable';
    const code = Icmpv4UnreachableCode[isTooBig ? 'fragmentationNeeded' : unknown];
    return encodeSignalling({
      kind: 'icmpv4',
      source: from,
      destination: source(packet),
      message: {
        type: ICMPV4_ERRORS[type],
        code: isTooBig || type === 'parameterProblem' ? code : (fields.code ?? 0),
        mtuBytes: isTooBig ? (fields.value ?? 0) : 0,
        invokingPacket: packet.subarray(0, QUOTED_BYTES),
      },
    });
  }
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

/** A UDP datagram of one's own making, with the right checksum. `mayFragment`: of an IPv4 one, whether routers may. */
export function udp(
  from: Address,
  to: Address,
  ports: readonly [number, number],
  payload: Uint8Array,
  mayFragment = false,
): Uint8Array {
  const length = UDP_HEADER_BYTES + payload.length;
  const header = isIpv4(from) ? IPV4_HEADER_BYTES : HEADER_BYTES;
  const packet = new Uint8Array(header + length);
  if (isIpv4(from)) {
    const total = packet.length;
    packet.set([0x45, 0, total >> 8, total & 0xff, 0, 0, mayFragment ? 0 : DO_NOT_FRAGMENT, 0, 64, Next.udp]);
    packet.set(addressToBytes(from), 12);
    packet.set(addressToBytes(to), 16);
  } else {
    packet.set([0x60, 0, 0, 0, length >> 8, length & 0xff, Next.udp, 64]);
    packet.set(addressToBytes(from), 8);
    packet.set(addressToBytes(to), 24);
  }
  const [sourcePort, destinationPort] = ports;
  packet.set(
    [sourcePort >> 8, sourcePort & 0xff, destinationPort >> 8, destinationPort & 0xff, length >> 8, length & 0xff],
    header,
  );
  packet.set(payload, header + UDP_HEADER_BYTES);
  // Fragments are told apart by their identification (RFC 6864).
  if (mayFragment) packet.set(payload.subarray(6, 8), 4);
  if (isIpv4(from)) sealIpv4(packet);
  const checksum = upperLayerChecksum(from, to, Next.udp, packet.subarray(header)) || 0xffff;
  packet.set([checksum >> 8, checksum & 0xff], header + 6);
  return packet;
}

/** Whether a UDP datagram arrived as it was sent. */
export function hasRightUdpChecksum(packet: Uint8Array): boolean {
  const payload = packet.subarray(payloadAt(packet));
  return upperLayerChecksum(source(packet), destination(packet), Next.udp, payload) === 0;
}
