import { formatAddress } from '../bytes/address.ts';
import { formatHex } from '../bytes/hex.ts';
import { formatPrefix } from '../bytes/prefix.ts';
import { WireError, type WireErrorCode } from '../bytes/wire-error.ts';
import { type Icmpv4Message, Icmpv4Type, Icmpv4UnreachableCode } from '../wire/icmpv4/error.ts';
import { NextHeader } from '../wire/ip/numbers.ts';
import type { MobilityMessage } from '../wire/mh/messages/message.ts';
import { BindingAcknowledgementFlag, BindingUpdateFlag, MessageType, OptionType } from '../wire/mh/numbers.ts';
import type { MobilityOption } from '../wire/mh/options/option.ts';
import { optionRule } from '../wire/mh/options/registry.ts';
import { decodeSignalling, type OuterHeader, type SignallingPacket } from '../wire/signalling.ts';
import {
  type FlagLetters,
  formatLinkLayerAddress,
  formatNtpTimestamp,
  type JsonObject,
  letters,
  printable,
} from './decode-fields.ts';
import { describeIcmpv6 } from './decode-icmpv6.ts';

/** What is printed for one packet, key by key. */
export type DecodedRow =
  | {
      /** ISO 8601, or null if it is not known. */
      readonly time: string | null;
      readonly source: string;
      readonly destination: string;
      /** The IPv4 header around an IPv6 packet, with its ports where there is UDP in between (RFC 5555 §4.1). */
      readonly outer?: JsonObject;
      readonly homeAddress?: string;
      readonly routing2?: string;
      /** A Mobility Header or ICMP. */
      readonly message?: JsonObject;
      /** The packet inside, where it is IPv6 in IPv6. */
      readonly tunnel?: DecodedRow;
      /** The upper layer's number, for other packets. */
      readonly protocol?: number;
    }
  | { readonly error: { readonly code: WireErrorCode; readonly offset: number } };

/** Letters of flags as the standards' figures print them, from the highest bit. */
const BINDING_UPDATE_LETTERS: FlagLetters = [
  ['A', BindingUpdateFlag.acknowledge],
  ['H', BindingUpdateFlag.homeRegistration],
  ['L', BindingUpdateFlag.linkLocalCompatibility],
  ['K', BindingUpdateFlag.keyManagement],
  ['M', BindingUpdateFlag.mapRegistration],
  ['R', BindingUpdateFlag.mobileRouter],
  ['P', BindingUpdateFlag.proxyRegistration],
  ['F', BindingUpdateFlag.forceUdpEncapsulation],
  ['T', BindingUpdateFlag.tlvHeader],
  ['O', BindingUpdateFlag.overwrite],
];
const BINDING_ACKNOWLEDGEMENT_LETTERS: FlagLetters = [
  ['K', BindingAcknowledgementFlag.keyManagement],
  ['R', BindingAcknowledgementFlag.mobileRouter],
  ['P', BindingAcknowledgementFlag.proxyRegistration],
];

const MESSAGE_NAMES: Readonly<Record<number, string>> = {
  [MessageType.bindingRefreshRequest]: 'BindingRefreshRequest',
  [MessageType.homeTestInit]: 'HomeTestInit',
  [MessageType.careOfTestInit]: 'CareOfTestInit',
  [MessageType.homeTest]: 'HomeTest',
  [MessageType.careOfTest]: 'CareOfTest',
  [MessageType.bindingUpdate]: 'BindingUpdate',
  [MessageType.bindingAcknowledgement]: 'BindingAcknowledgement',
  [MessageType.bindingError]: 'BindingError',
};

/** Next headers behind which signalling may lie: an error there is worth a row. */
const SIGNALLING_HEADERS: readonly number[] = [
  NextHeader.hopByHopOptions,
  NextHeader.routing,
  NextHeader.icmpv6,
  NextHeader.destinationOptions,
  NextHeader.mobility,
];
const DEEPEST_TUNNEL = 4;
const IPV4_VERSION = 4;
const IPV4_PROTOCOL_AT = 9;
const ICMPV4_NAMES: Readonly<Record<number, string>> = {
  [Icmpv4Type.destinationUnreachable]: 'DestinationUnreachable',
  [Icmpv4Type.timeExceeded]: 'TimeExceeded',
  [Icmpv4Type.parameterProblem]: 'ParameterProblem',
};

/** The row for one packet from its IPv6 header on; `undefined` for one that is no signalling, unless `all` are wanted. */
export function describePacket(
  packet: Uint8Array,
  time: string | null,
  all: boolean,
  depth = 0,
): DecodedRow | undefined {
  let decoded: SignallingPacket;
  try {
    decoded = decodeSignalling(packet);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return all || mayBeSignalling(packet) ? { error: { code: error.code, offset: error.offset } } : undefined;
  }
  const { homeAddress, routing2, outer } = decoded;
  const row = {
    time,
    source: formatAddress(decoded.source),
    destination: formatAddress(decoded.destination),
    ...(outer && { outer: describeOuter(outer) }),
    ...(homeAddress !== undefined && { homeAddress: formatAddress(homeAddress) }),
    ...(routing2 !== undefined && { routing2: formatAddress(routing2) }),
  };
  if (decoded.kind === 'mobility') return { ...row, message: describeMessage(decoded.message) };
  if (decoded.kind === 'icmpv6') {
    const message = describeIcmpv6(decoded.message);
    return message || all ? { ...row, ...(message ? { message } : { protocol: NextHeader.icmpv6 }) } : undefined;
  }
  if (decoded.kind === 'icmpv4') {
    const message = describeIcmpv4(decoded.message);
    return message || all ? { ...row, ...(message ? { message } : { protocol: NextHeader.icmpv4 }) } : undefined;
  }
  if (decoded.protocol === NextHeader.ipv6 && depth < DEEPEST_TUNNEL) {
    const tunnel = describePacket(decoded.payload, time, all, depth + 1);
    if (tunnel) return { ...row, tunnel };
  }
  return all ? { ...row, protocol: decoded.protocol } : undefined;
}

/** Whether an error in a packet is worth a row. Of IPv4 packets only those that carry IPv6 can be told without more. */
function mayBeSignalling(packet: Uint8Array): boolean {
  if (packet.length > 0 && packet[0]! >>> 4 === IPV4_VERSION) return packet[IPV4_PROTOCOL_AT] === NextHeader.ipv6;
  return packet.length < 7 || SIGNALLING_HEADERS.includes(packet[6]!);
}

function describeOuter({ source, destination, ports }: OuterHeader): JsonObject {
  return {
    source: formatAddress(source),
    destination: formatAddress(destination),
    ...(ports && { sourcePort: ports.source, destinationPort: ports.destination }),
  };
}

/** `undefined` for what is no error. */
function describeIcmpv4({ type, code, mtuBytes }: Icmpv4Message): JsonObject | undefined {
  const name = ICMPV4_NAMES[type];
  if (name === undefined) return undefined;
  const isTooBig = type === Icmpv4Type.destinationUnreachable && code === Icmpv4UnreachableCode.fragmentationNeeded;
  return { type, name, code, ...(isTooBig && { mtuBytes }) };
}

/** A mobility message as it is printed. */
export function describeMessage(message: MobilityMessage): JsonObject {
  if (message.type === 'unknown') {
    const { messageType } = message;
    return { type: messageType, name: MESSAGE_NAMES[messageType] ?? 'Unknown', data: formatHex(message.data) };
  }
  const { type } = message;
  const start = { type, name: MESSAGE_NAMES[type]! };
  const options = message.options.map(describeOption);
  switch (type) {
    case MessageType.bindingUpdate:
      return {
        ...start,
        sequence: message.sequenceNumber,
        flags: letters(message.flags, BINDING_UPDATE_LETTERS),
        lifetimeSeconds: message.lifetimeSeconds,
        options,
      };
    case MessageType.bindingAcknowledgement:
      return {
        ...start,
        sequence: message.sequenceNumber,
        flags: letters(message.flags, BINDING_ACKNOWLEDGEMENT_LETTERS),
        lifetimeSeconds: message.lifetimeSeconds,
        status: message.status,
        options,
      };
    case MessageType.bindingError:
      return { ...start, status: message.status, homeAddress: formatAddress(message.homeAddress), options };
    case MessageType.bindingRefreshRequest:
      return { ...start, options };
    case MessageType.homeTestInit:
      return { ...start, homeInitCookie: formatHex(message.homeInitCookie), options };
    case MessageType.careOfTestInit:
      return { ...start, careOfInitCookie: formatHex(message.careOfInitCookie), options };
    case MessageType.homeTest:
      return {
        ...start,
        homeNonceIndex: message.homeNonceIndex,
        homeInitCookie: formatHex(message.homeInitCookie),
        homeKeygenToken: formatHex(message.homeKeygenToken),
        options,
      };
    case MessageType.careOfTest:
      return {
        ...start,
        careOfNonceIndex: message.careOfNonceIndex,
        careOfInitCookie: formatHex(message.careOfInitCookie),
        careOfKeygenToken: formatHex(message.careOfKeygenToken),
        options,
      };
  }
}

function describeOption(option: MobilityOption): JsonObject {
  const type = option.type === 'unknown' ? option.optionType : option.type;
  return { type, name: optionRule(type)?.name ?? 'Unknown', ...optionFields(option) };
}

function optionFields(option: MobilityOption): JsonObject {
  switch (option.type) {
    case OptionType.bindingRefreshAdvice:
      return { refreshIntervalSeconds: option.refreshIntervalSeconds };
    case OptionType.alternateCareOfAddress:
      return { careOfAddress: formatAddress(option.careOfAddress) };
    case OptionType.nonceIndices:
      return { homeNonceIndex: option.homeNonceIndex, careOfNonceIndex: option.careOfNonceIndex };
    case OptionType.bindingAuthorizationData:
      return { authenticator: formatHex(option.authenticator) };
    case OptionType.mobileNetworkPrefix:
      return { prefix: formatPrefix(option.prefix) };
    case OptionType.mobilityHeaderLinkLayerAddress:
      return { optionCode: option.optionCode, linkLayerAddress: formatLinkLayerAddress(option.linkLayerAddress) };
    case OptionType.mobileNodeIdentifier: {
      const text = printable(option.identifier);
      return { subtype: option.subtype, identifier: text ?? formatHex(option.identifier) };
    }
    case OptionType.mobilityMessageAuthentication:
      return { subtype: option.subtype, spi: option.spi, authenticator: formatHex(option.authenticator) };
    case OptionType.mobilityMessageReplayProtection:
      return { timestamp: formatNtpTimestamp(option.timestamp) };
    case OptionType.ipv4HomeAddress: {
      const { prefixLength, requestsPrefix, homeAddress } = option;
      return { prefixLength, requestsPrefix, homeAddress: formatAddress(homeAddress) };
    }
    case OptionType.ipv4AddressAcknowledgement: {
      const { status, prefixLength, homeAddress } = option;
      return { status, prefixLength, homeAddress: formatAddress(homeAddress) };
    }
    case OptionType.natDetection:
      return { requiresUdpEncapsulation: option.requiresUdpEncapsulation, refreshSeconds: option.refreshSeconds };
    case OptionType.ipv4CareOfAddress:
      return { careOfAddress: formatAddress(option.careOfAddress) };
    case OptionType.bindingIdentifier:
      if (option.malformed) return { malformed: formatHex(option.malformed) };
      return {
        bid: option.bid,
        status: option.status,
        simultaneousHomeAndForeign: option.simultaneousHomeAndForeign,
        ...(option.careOfAddress !== undefined && { careOfAddress: formatAddress(option.careOfAddress) }),
      };
    case 'unknown':
      return { data: formatHex(option.data) };
  }
}
