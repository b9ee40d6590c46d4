import { MessageType, OptionType } from '../numbers.ts';
import {
  type AlternateCareOfAddressOption,
  decodeAlternateCareOfAddress,
  encodeAlternateCareOfAddress,
} from './alternate-care-of-address.ts';
import {
  type BindingAuthorizationDataOption,
  bindingAuthorizationDataAlignment,
  decodeBindingAuthorizationData,
  encodeBindingAuthorizationData,
} from './binding-authorization-data.ts';
import {
  type BindingIdentifierOption,
  bindingIdentifierAlignment,
  decodeBindingIdentifier,
  encodeBindingIdentifier,
} from './binding-identifier.ts';
import {
  type BindingRefreshAdviceOption,
  decodeBindingRefreshAdvice,
  encodeBindingRefreshAdvice,
} from './binding-refresh-advice.ts';
import type { Alignment, OptionRule } from './codec.ts';
import {
  decodeIpv4AddressAcknowledgement,
  encodeIpv4AddressAcknowledgement,
  type Ipv4AddressAcknowledgementOption,
} from './ipv4-address-acknowledgement.ts';
import {
  decodeIpv4CareOfAddress,
  encodeIpv4CareOfAddress,
  type Ipv4CareOfAddressOption,
} from './ipv4-care-of-address.ts';
import { decodeIpv4HomeAddress, encodeIpv4HomeAddress, type Ipv4HomeAddressOption } from './ipv4-home-address.ts';
import {
  decodeMobileNetworkPrefix,
  encodeMobileNetworkPrefix,
  type MobileNetworkPrefixOption,
} from './mobile-network-prefix.ts';
import {
  decodeMobileNodeIdentifier,
  encodeMobileNodeIdentifier,
  type MobileNodeIdentifierOption,
} from './mobile-node-identifier.ts';
import {
  decodeMobilityHeaderLinkLayerAddress,
  encodeMobilityHeaderLinkLayerAddress,
  type MobilityHeaderLinkLayerAddressOption,
} from './mobility-header-link-layer-address.ts';
import {
  AUTHENTICATION_FIXED_OCTETS,
  decodeMobilityMessageAuthentication,
  encodeMobilityMessageAuthentication,
  type MobilityMessageAuthenticationOption,
  mobilityMessageAuthenticationAlignment,
  problemBehindAuthentication,
} from './mobility-message-authentication.ts';
import {
  decodeMobilityMessageReplayProtection,
  encodeMobilityMessageReplayProtection,
  type MobilityMessageReplayProtectionOption,
} from './mobility-message-replay-protection.ts';
import { decodeNatDetection, encodeNatDetection, type NatDetectionOption } from './nat-detection.ts';
import { decodeNonceIndices, encodeNonceIndices, type NonceIndicesOption } from './nonce-indices.ts';
import type { MobilityOption } from './option.ts';

/** An option that has a rule. */
export type KnownOption = Exclude<MobilityOption, { readonly type: 'unknown' }>;

const exactly = (octets: number) => (length: number) => length === octets;
const at = (multiple: Alignment['multiple'], plus: number) => {
  const alignment: Alignment = { multiple, plus };
  return () => alignment;
};

const bindingRefreshAdvice: OptionRule<BindingRefreshAdviceOption> = {
  type: OptionType.bindingRefreshAdvice,
  name: 'BindingRefreshAdvice',
  allowsLength: exactly(2),
  alignment: at(2, 0),
  repeats: false,
  last: false,
  messages: [MessageType.bindingAcknowledgement],
  decode: decodeBindingRefreshAdvice,
  encode: encodeBindingRefreshAdvice,
};

const alternateCareOfAddress: OptionRule<AlternateCareOfAddressOption> = {
  type: OptionType.alternateCareOfAddress,
  name: 'AlternateCareOfAddress',
  allowsLength: exactly(16),
  alignment: at(8, 6),
  repeats: false,
  last: false,
  messages: [MessageType.bindingUpdate],
  decode: decodeAlternateCareOfAddress,
  encode: encodeAlternateCareOfAddress,
};

const nonceIndices: OptionRule<NonceIndicesOption> = {
  type: OptionType.nonceIndices,
  name: 'NonceIndices',
  allowsLength: exactly(4),
  alignment: at(2, 0),
  repeats: false,
  last: false,
  messages: [MessageType.bindingUpdate],
  decode: decodeNonceIndices,
  encode: encodeNonceIndices,
};

const bindingAuthorizationData: OptionRule<BindingAuthorizationDataOption> = {
  type: OptionType.bindingAuthorizationData,
  name: 'BindingAuthorizationData',
  allowsLength: (octets) => octets > 0,
  alignment: bindingAuthorizationDataAlignment,
  repeats: false,
  last: true,
  messages: [MessageType.bindingUpdate, MessageType.bindingAcknowledgement],
  decode: decodeBindingAuthorizationData,
  encode: encodeBindingAuthorizationData,
};

const mobileNetworkPrefix: OptionRule<MobileNetworkPrefixOption> = {
  type: OptionType.mobileNetworkPrefix,
  name: 'MobileNetworkPrefix',
  allowsLength: exactly(18),
  alignment: at(8, 4),
  repeats: true,
  last: false,
  messages: [MessageType.bindingUpdate],
  decode: decodeMobileNetworkPrefix,
  encode: encodeMobileNetworkPrefix,
};

const mobilityHeaderLinkLayerAddress: OptionRule<MobilityHeaderLinkLayerAddressOption> = {
  type: OptionType.mobilityHeaderLinkLayerAddress,
  name: 'MobilityHeaderLinkLayerAddress',
  allowsLength: (octets) => octets > 0,
  alignment: at(1, 0),
  repeats: false,
  last: false,
  messages: [MessageType.bindingUpdate],
  decode: decodeMobilityHeaderLinkLayerAddress,
  encode: encodeMobilityHeaderLinkLayerAddress,
};

const mobileNodeIdentifier: OptionRule<MobileNodeIdentifierOption> = {
  type: OptionType.mobileNodeIdentifier,
  name: 'MobileNodeIdentifier',
  allowsLength: (octets) => octets > 0,
  alignment: at(1, 0),
  // A node may have identifiers of several subtypes.
  repeats: true,
  last: false,
  messages: [MessageType.bindingUpdate, MessageType.bindingAcknowledgement],
  decode: decodeMobileNodeIdentifier,
  encode: encodeMobileNodeIdentifier,
};

const mobilityMessageAuthentication: OptionRule<MobilityMessageAuthenticationOption> = {
  type: OptionType.mobilityMessageAuthentication,
  name: 'MobilityMessageAuthentication',
  allowsLength: (octets) => octets >= AUTHENTICATION_FIXED_OCTETS,
  alignment: mobilityMessageAuthenticationAlignment,
  // One of each subtype, which `problemBehind` sees to.
  repeats: true,
  last: false,
  problemBehind: problemBehindAuthentication,
  messages: [MessageType.bindingUpdate, MessageType.bindingAcknowledgement],
  decode: decodeMobilityMessageAuthentication,
  encode: encodeMobilityMessageAuthentication,
};

const mobilityMessageReplayProtection: OptionRule<MobilityMessageReplayProtectionOption> = {
  type: OptionType.mobilityMessageReplayProtection,
  name: 'MobilityMessageReplayProtection',
  allowsLength: exactly(8),
  alignment: at(8, 2),
  repeats: false,
  last: false,
  messages: [MessageType.bindingUpdate, MessageType.bindingAcknowledgement],
  decode: decodeMobilityMessageReplayProtection,
  encode: encodeMobilityMessageReplayProtection,
};

const ipv4HomeAddress: OptionRule<Ipv4HomeAddressOption> = {
  type: OptionType.ipv4HomeAddress,
  name: 'Ipv4HomeAddress',
  allowsLength: exactly(6),
  alignment: at(4, 0),
  // One for an address and others for prefixes.
  repeats: true,
  last: false,
  messages: [MessageType.bindingUpdate],
  decode: decodeIpv4HomeAddress,
  encode: encodeIpv4HomeAddress,
};

const ipv4AddressAcknowledgement: OptionRule<Ipv4AddressAcknowledgementOption> = {
  type: OptionType.ipv4AddressAcknowledgement,
  name: 'Ipv4AddressAcknowledgement',
  allowsLength: exactly(6),
  alignment: at(4, 0),
  // One for each that was asked for.
  repeats: true,
  last: false,
  messages: [MessageType.bindingAcknowledgement],
  decode: decodeIpv4AddressAcknowledgement,
  encode: encodeIpv4AddressAcknowledgement,
};

const natDetection: OptionRule<NatDetectionOption> = {
  type: OptionType.natDetection,
  name: 'NatDetection',
  allowsLength: exactly(6),
  alignment: at(4, 0),
  repeats: false,
  last: false,
  messages: [MessageType.bindingAcknowledgement],
  decode: decodeNatDetection,
  encode: encodeNatDetection,
};

const ipv4CareOfAddress: OptionRule<Ipv4CareOfAddressOption> = {
  type: OptionType.ipv4CareOfAddress,
  name: 'Ipv4CareOfAddress',
  allowsLength: exactly(6),
  alignment: at(4, 0),
  repeats: false,
  last: false,
  messages: [MessageType.bindingUpdate],
  decode: decodeIpv4CareOfAddress,
  encode: encodeIpv4CareOfAddress,
};

const bindingIdentifier: OptionRule<BindingIdentifierOption> = {
  type: OptionType.bindingIdentifier,
  name: 'BindingIdentifier',
  // A wrong length is answered with a status (RFC 5648 §6.2), so it decodes.
  allowsLength: () => true,
  alignment: bindingIdentifierAlignment,
  repeats: true,
  last: false,
  messages: [
    MessageType.bindingUpdate,
    MessageType.bindingAcknowledgement,
    MessageType.bindingRefreshRequest,
    MessageType.careOfTestInit,
    MessageType.careOfTest,
  ],
  decode: decodeBindingIdentifier,
  encode: encodeBindingIdentifier,
};

/** One rule per mobility option that this implementation knows, padding aside. */
export const OPTION_RULES: readonly OptionRule<KnownOption>[] = [
  bindingRefreshAdvice,
  alternateCareOfAddress,
  nonceIndices,
  bindingAuthorizationData,
  mobileNetworkPrefix,
  mobilityHeaderLinkLayerAddress,
  mobileNodeIdentifier,
  mobilityMessageAuthentication,
  mobilityMessageReplayProtection,
  ipv4HomeAddress,
  ipv4AddressAcknowledgement,
  natDetection,
  ipv4CareOfAddress,
  bindingIdentifier,
];

const rulesByType: (OptionRule<KnownOption> | undefined)[] = [];
/** By message type and option type: looked up once per option received. */
const rulesByMessage: (OptionRule<KnownOption> | undefined)[][] = [];
for (const rule of OPTION_RULES) {
  rulesByType[rule.type] = rule;
  for (const messageType of rule.messages) {
    rulesByMessage[messageType] ??= [];
    rulesByMessage[messageType][rule.type] = rule;
  }
}

/** The rule for an option type; `undefined` for padding and for types that are not known. */
export function optionRule(type: number): OptionRule<KnownOption> | undefined {
  return rulesByType[type];
}

/** The rules for a message of a type, by option type: without those of options that mean nothing in it. */
export function optionRulesIn(messageType: number): readonly (OptionRule<KnownOption> | undefined)[] {
  return rulesByMessage[messageType] ?? [];
}
