import { IPV6_UNSPECIFIED, isUnicastRoutable } from '../bytes/address.ts';
import type { WireErrorAnswer } from '../bytes/wire-error.ts';
import { Icmpv6Type } from '../wire/icmpv6/message.ts';
import { decodeIpv4 } from '../wire/ip/ipv4.ts';
import { decodeIpv6, IPV6_HEADER_OCTETS } from '../wire/ip/ipv6.ts';
import { NextHeader } from '../wire/ip/numbers.ts';
import { BindingStatus, BindingUpdateFlag, MessageType } from '../wire/mh/numbers.ts';
import { decodeDsmipv6Udp } from '../wire/outer-header.ts';
import type { MobilityPacket, OuterHeader, SignallingPacket } from '../wire/signalling.ts';

/** As much of a packet as its answer may carry without exceeding the minimum MTU (RFC 4443 §2.4 (c)). */
const LARGEST_QUOTE = 1280 - IPV6_HEADER_OCTETS - 8;

/** The Binding Error that answers a packet (RFC 6275 §9.3.3). */
export function bindingError(packet: SignallingPacket, status: number): MobilityPacket {
  return {
    kind: 'mobility',
    ...back(packet.outer),
    source: packet.destination,
    destination: packet.source,
    message: {
      type: MessageType.bindingError,
      status,
      homeAddress: packet.homeAddress ?? IPV6_UNSPECIFIED,
      options: [],
    },
  };
}

/** A Binding Update for a home agent. */
export function isHomeRegistration({ message }: MobilityPacket): boolean {
  return message.type === MessageType.bindingUpdate && (message.flags & BindingUpdateFlag.homeRegistration) !== 0;
}

/** The answer of a node that is no home agent (RFC 6275 §10.3.1). */
export function homeRegistrationRefusal(packet: MobilityPacket): MobilityPacket {
  const { source, destination, homeAddress, message, outer } = packet;
  return {
    kind: 'mobility',
    ...back(outer),
    source: destination,
    destination: source,
    ...(homeAddress !== undefined && { routing2: homeAddress }),
    message: {
      type: MessageType.bindingAcknowledgement,
      status: BindingStatus.homeRegistrationNotSupported,
      flags: 0,
      sequenceNumber: message.type === MessageType.bindingUpdate ? message.sequenceNumber : 0,
      lifetimeSeconds: 0,
      options: [],
    },
  };
}

/** The answer that a standard asks for to a malformed packet; `undefined` where its sender may not be answered. */
export function answerMalformed(bytes: Uint8Array, answer: WireErrorAnswer): SignallingPacket | undefined {
  const { outer, inner } = unwrapped(bytes);
  const { source, destination } = decodeIpv6(inner).header;
  if (!isUnicastRoutable(source) || !isUnicastRoutable(destination)) return undefined;
  const packet = { kind: 'other', ...(outer && { outer }), source, destination, protocol: 0, payload: inner } as const;
  if (answer.kind === 'binding-error') return bindingError(packet, answer.status);
  return {
    kind: 'icmpv6',
    ...back(outer),
    source: destination,
    destination: source,
    message: {
      type: Icmpv6Type.parameterProblem,
      code: answer.code,
      value: answer.pointer,
      invokingPacket: inner.subarray(0, LARGEST_QUOTE),
    },
  };
}

/** Answers to what came in IPv4 go back by the same way: through a NAT there is no other (RFC 5555 §4.1). */
function back(outer: OuterHeader | undefined): { readonly outer?: OuterHeader } {
  if (!outer) return {};
  const { source, destination, ports } = outer;
  return {
    outer: {
      source: destination,
      destination: source,
      ...(ports && { ports: { source: ports.destination, destination: ports.source } }),
    },
  };
}

/** The IPv6 packet, and what is around it. */
function unwrapped(bytes: Uint8Array): { readonly outer?: OuterHeader; readonly inner: Uint8Array } {
  if (bytes[0]! >>> 4 !== 4) return { inner: bytes };
  const { header, payload } = decodeIpv4(bytes);
  const { source, destination, protocol } = header;
  const outer = protocol === NextHeader.udp ? decodeDsmipv6Udp(header, payload) : { source, destination };
  return { ...(outer && { outer }), inner: payload.rest() };
}
