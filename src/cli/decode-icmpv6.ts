import { formatAddress } from '../bytes/address.ts';
import { formatHex } from '../bytes/hex.ts';
import { type Icmpv6Message, Icmpv6Type } from '../wire/icmpv6/message.ts';
import type { NeighborOption } from '../wire/icmpv6/neighbor-options.ts';
import {
  MobilePrefixAdvertisementFlag,
  NeighborAdvertisementFlag,
  NeighborOptionType,
  PrefixInformationFlag,
  RouterAdvertisementFlag,
} from '../wire/icmpv6/numbers.ts';
import { type FlagLetters, formatLinkLayerAddress, type JsonObject, letters } from './decode-fields.ts';

const NAMES: Readonly<Record<number, string>> = {
  [Icmpv6Type.destinationUnreachable]: 'DestinationUnreachable',
  [Icmpv6Type.packetTooBig]: 'PacketTooBig',
  [Icmpv6Type.timeExceeded]: 'TimeExceeded',
  [Icmpv6Type.parameterProblem]: 'ParameterProblem',
  [Icmpv6Type.echoRequest]: 'EchoRequest',
  [Icmpv6Type.echoReply]: 'EchoReply',
  [Icmpv6Type.routerSolicitation]: 'RouterSolicitation',
  [Icmpv6Type.routerAdvertisement]: 'RouterAdvertisement',
  [Icmpv6Type.neighborSolicitation]: 'NeighborSolicitation',
  [Icmpv6Type.neighborAdvertisement]: 'NeighborAdvertisement',
  [Icmpv6Type.homeAgentAddressDiscoveryRequest]: 'HomeAgentAddressDiscoveryRequest',
  [Icmpv6Type.homeAgentAddressDiscoveryReply]: 'HomeAgentAddressDiscoveryReply',
  [Icmpv6Type.mobilePrefixSolicitation]: 'MobilePrefixSolicitation',
  [Icmpv6Type.mobilePrefixAdvertisement]: 'MobilePrefixAdvertisement',
};

const OPTION_NAMES: Readonly<Record<number, string>> = {
  [NeighborOptionType.sourceLinkLayerAddress]: 'SourceLinkLayerAddress',
  [NeighborOptionType.targetLinkLayerAddress]: 'TargetLinkLayerAddress',
  [NeighborOptionType.prefixInformation]: 'PrefixInformation',
  [NeighborOptionType.mtu]: 'Mtu',
  [NeighborOptionType.advertisementInterval]: 'AdvertisementInterval',
  [NeighborOptionType.homeAgentInformation]: 'HomeAgentInformation',
};

const ROUTER_LETTERS: FlagLetters = [
  ['M', RouterAdvertisementFlag.managedAddresses],
  ['O', RouterAdvertisementFlag.otherConfiguration],
  ['H', RouterAdvertisementFlag.homeAgent],
];
const NEIGHBOR_LETTERS: FlagLetters = [
  ['R', NeighborAdvertisementFlag.router],
  ['S', NeighborAdvertisementFlag.solicited],
  ['O', NeighborAdvertisementFlag.override],
];
const MOBILE_PREFIX_LETTERS: FlagLetters = [
  ['M', MobilePrefixAdvertisementFlag.managedAddresses],
  ['O', MobilePrefixAdvertisementFlag.otherConfiguration],
];
const PREFIX_LETTERS: FlagLetters = [
  ['L', PrefixInformationFlag.onLink],
  ['A', PrefixInformationFlag.autonomous],
  ['R', PrefixInformationFlag.routerAddress],
];

/** An ICMPv6 message as it is printed; `undefined` for a type that has nothing to do with mobility. */
export function describeIcmpv6(message: Icmpv6Message): JsonObject | undefined {
  if (message.type === 'unknown') return undefined;
  const { type } = message;
  return { type, name: NAMES[type]!, code: 'code' in message ? message.code : 0, ...messageFields(message) };
}

function messageFields(message: Exclude<Icmpv6Message, { readonly type: 'unknown' }>): JsonObject {
  switch (message.type) {
    case Icmpv6Type.echoRequest:
    case Icmpv6Type.echoReply:
      return { identifier: message.identifier, sequence: message.sequenceNumber };
    case Icmpv6Type.packetTooBig:
      return { mtuBytes: message.value };
    case Icmpv6Type.parameterProblem:
      return { pointer: message.value };
    case Icmpv6Type.routerSolicitation:
      return { options: message.options.map(describeOption) };
    case Icmpv6Type.routerAdvertisement:
      return {
        currentHopLimit: message.currentHopLimit,
        flags: letters(message.flags, ROUTER_LETTERS),
        routerLifetimeSeconds: message.routerLifetimeSeconds,
        reachableTimeMs: message.reachableTimeMs,
        retransmitTimerMs: message.retransmitTimerMs,
        options: message.options.map(describeOption),
      };
    case Icmpv6Type.neighborSolicitation:
      return { targetAddress: formatAddress(message.targetAddress), options: message.options.map(describeOption) };
    case Icmpv6Type.neighborAdvertisement:
      return {
        flags: letters(message.flags, NEIGHBOR_LETTERS),
        targetAddress: formatAddress(message.targetAddress),
        options: message.options.map(describeOption),
      };
    case Icmpv6Type.homeAgentAddressDiscoveryRequest:
      return { identifier: message.identifier, flags: mobileRouterLetter(message) };
    case Icmpv6Type.homeAgentAddressDiscoveryReply:
      return {
        identifier: message.identifier,
        flags: mobileRouterLetter(message),
        homeAgentAddresses: message.homeAgentAddresses.map(formatAddress),
      };
    case Icmpv6Type.mobilePrefixSolicitation:
      return { identifier: message.identifier, options: message.options.map(describeOption) };
    case Icmpv6Type.mobilePrefixAdvertisement:
      return {
        identifier: message.identifier,
        flags: letters(message.flags, MOBILE_PREFIX_LETTERS),
        options: message.options.map(describeOption),
      };
    default:
      return {};
  }
}

function describeOption(option: NeighborOption): JsonObject {
  const type = option.type === 'unknown' ? option.optionType : option.type;
  return { type, name: OPTION_NAMES[type] ?? 'Unknown', ...optionFields(option) };
}

function optionFields(option: NeighborOption): JsonObject {
  switch (option.type) {
    case NeighborOptionType.sourceLinkLayerAddress:
    case NeighborOptionType.targetLinkLayerAddress:
      return { linkLayerAddress: formatLinkLayerAddress(option.linkLayerAddress) };
    case NeighborOptionType.prefixInformation:
      return {
        // Not as a prefix: with flag R there is an address behind the prefix's bits.
        address: `${formatAddress(option.address)}/${option.prefixLength}`,
        flags: letters(option.flags, PREFIX_LETTERS),
        validLifetimeSeconds: option.validLifetimeSeconds,
        preferredLifetimeSeconds: option.preferredLifetimeSeconds,
      };
    case NeighborOptionType.mtu:
      return { mtuBytes: option.mtuBytes };
    case NeighborOptionType.advertisementInterval:
      return { intervalMs: option.intervalMs };
    case NeighborOptionType.homeAgentInformation:
      return {
        flags: mobileRouterLetter(option),
        preference: option.preference,
        lifetimeSeconds: option.lifetimeSeconds,
      };
    case 'unknown':
      return { data: formatHex(option.data) };
  }
}

function mobileRouterLetter({ mobileRouter }: { readonly mobileRouter: boolean }): string[] {
  return mobileRouter ? ['R'] : [];
}
