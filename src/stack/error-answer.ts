import { IPV6_UNSPECIFIED, isUnicastRoutable } from '../bytes/address.ts';
import type { WireErrorAnswer } from '../bytes/wire-error.ts';
import { Icmpv6Type } from '../wire/icmpv6/message.ts';
import { decodeIpv6, IPV6_HEADER_OCTETS } from '../wire/ip/ipv6.ts';
import { BindingStatus, BindingUpdateFlag, MessageType } from '../wire/mh/numbers.ts';
import type { MobilityPacket, SignallingPacket } from '../wire/signalling.ts';

/** As much of a packet as its answer may carry without exceeding the minimum MTU (RFC 4443 §2.4 (c)). */
const LARGEST_QUOTE = 1280 - IPV6_HEADER_OCTETS - 8;

/** The Binding Error that answers a packet (RFC 6275 §9.3.3). */
export function bindingError(packet: SignallingPacket, status: number): MobilityPacket {
  return {
    kind: 'mobility',
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
  const { source, destination, homeAddress, message } = packet;
  return {
    kind: 'mobility',
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
  const { source, destination } = decodeIpv6(bytes).header;
  if (!isUnicastRoutable(source) || !isUnicastRoutable(destination)) return undefined;
  if (answer.kind === 'binding-error') {
    return bindingError({ kind: 'other', source, destination, protocol: 0, payload: bytes }, answer.status);
  }
  return {
    kind: 'icmpv6',
    source: destination,
    destination: source,
    message: {
      type: Icmpv6Type.parameterProblem,
      code: answer.code,
      value: answer.pointer,
      invokingPacket: bytes.subarray(0, LARGEST_QUOTE),
    },
  };
}
