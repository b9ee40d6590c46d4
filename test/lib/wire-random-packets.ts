// Random signalling packets as this implementation may send them. The same seed gives the same packets.
import { type Address, addressFromBytes } from '../../src/bytes/address.ts';
import { prefixOf } from '../../src/bytes/prefix.ts';
import type { MobilityMessage } from '../../src/wire/mh/messages/message.ts';
import { DSMIPV6_UDP_PORT, MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { BindingAuthorizationDataOption } from '../../src/wire/mh/options/binding-authorization-data.ts';
import type { BindingIdentifierOption } from '../../src/wire/mh/options/binding-identifier.ts';
import type { MobilityMessageAuthenticationOption } from '../../src/wire/mh/options/mobility-message-authentication.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import type { MobilityPacket, OuterHeader } from '../../src/wire/signalling.ts';
import type { Random } from './wire-mutations.ts';

/** A unicast routable address in 2001:db8::/32. */
export function randomAddress(random: Random): Address {
  const octets = random.bytes(16);
  octets.set([0x20, 0x01, 0x0d, 0xb8]);
  return addressFromBytes(octets);
}

function randomBid(random: Random, withAddress: boolean): BindingIdentifierOption {
  const option = {
    type: OptionType.bindingIdentifier,
    bid: 1 + random.below(65535),
    status: random.below(256),
    simultaneousHomeAndForeign: random.below(2) === 1,
    reserved: 0,
  };
  switch (withAddress ? random.below(3) : 0) {
    case 1:
      return { ...option, careOfAddress: addressFromBytes(random.bytes(4)) };
    case 2:
      return { ...option, careOfAddress: randomAddress(random) };
    default:
      return option;
  }
}

function authorization(random: Random): BindingAuthorizationDataOption {
  return { type: OptionType.bindingAuthorizationData, authenticator: random.bytes(12) };
}

function times<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: random.below(most + 1) }, make);
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(random.below(rest.length), 1)[0]!);
}

/** Alone, or with authentication for the AAA server behind it. */
function messageAuthentication(random: Random): MobilityMessageAuthenticationOption[] {
  const option = { type: OptionType.mobilityMessageAuthentication, spi: 256 + random.below(0xffff_fe00) };
  const forHomeAgent = { ...option, subtype: 1, authenticator: random.bytes(12) };
  return random.below(4) ? [forHomeAgent] : [forHomeAgent, { ...option, subtype: 2, authenticator: random.bytes(20) }];
}

function replayProtection(random: Random): MobilityOption {
  const timestamp = { seconds: random.below(0x1_0000_0000), fraction: random.below(0x1_0000_0000) };
  return { type: OptionType.mobilityMessageReplayProtection, timestamp };
}

function identifier(random: Random): MobilityOption {
  // tshark does not show shorter ones.
  const letters = Uint8Array.from({ length: 4 + random.below(30) }, () => 97 + random.below(26));
  return { type: OptionType.mobileNodeIdentifier, subtype: 1, identifier: letters };
}

/** What stands behind all other options: one kind of authentication, the other, or none. */
function lastOptions(random: Random): MobilityOption[] {
  const choices = [() => [authorization(random)], () => messageAuthentication(random), () => []];
  return random.pick<() => MobilityOption[]>(choices)();
}

function randomIpv4Address(random: Random): Address {
  return addressFromBytes(Uint8Array.of(198, 51, 100, random.below(256)));
}

function randomOuter(random: Random): OuterHeader {
  const addresses = { source: randomIpv4Address(random), destination: randomIpv4Address(random) };
  const port = 1 + random.below(65535);
  switch (random.below(3)) {
    case 0:
      return addresses;
    case 1:
      return { ...addresses, ports: { source: port, destination: DSMIPV6_UDP_PORT } };
    default:
      return { ...addresses, ports: { source: DSMIPV6_UDP_PORT, destination: port } };
  }
}

function updateOptions(random: Random): MobilityOption[] {
  const options: MobilityOption[] = [
    ...times(random, 2, () => ({
      type: OptionType.ipv4HomeAddress,
      prefixLength: random.below(33),
      requestsPrefix: random.below(2) === 1,
      homeAddress: randomIpv4Address(random),
    })),
    ...times(random, 1, () => ({
      type: OptionType.ipv4CareOfAddress,
      careOfAddress: randomIpv4Address(random),
    })),
    ...times(random, 3, () => randomBid(random, true)),
    ...times(random, 3, () => ({
      type: OptionType.mobileNetworkPrefix,
      prefix: prefixOf(randomAddress(random), 32 + random.below(97)),
    })),
    ...times(random, 1, () => ({
      type: OptionType.alternateCareOfAddress,
      careOfAddress: randomAddress(random),
    })),
    ...times(random, 1, () => ({
      type: OptionType.nonceIndices,
      homeNonceIndex: random.below(65536),
      careOfNonceIndex: random.below(65536),
    })),
    ...times(random, 1, () => ({
      type: OptionType.mobilityHeaderLinkLayerAddress,
      optionCode: 2,
      linkLayerAddress: random.bytes(6),
    })),
    ...times(random, 1, () => identifier(random)),
    ...times(random, 1, () => replayProtection(random)),
  ];
  return [...shuffled(random, options), ...lastOptions(random)];
}

function acknowledgementOptions(random: Random): MobilityOption[] {
  const options: MobilityOption[] = [
    ...times(random, 2, () => ({
      type: OptionType.ipv4AddressAcknowledgement,
      status: random.below(256),
      prefixLength: random.below(33),
      homeAddress: randomIpv4Address(random),
    })),
    ...times(random, 1, () => ({
      type: OptionType.natDetection,
      requiresUdpEncapsulation: random.below(2) === 1,
      refreshSeconds: random.below(0x1_0000_0000),
    })),
    ...times(random, 4, () => randomBid(random, false)),
    ...times(random, 1, () => ({
      type: OptionType.bindingRefreshAdvice,
      refreshIntervalSeconds: random.below(65536) * 4,
    })),
    ...times(random, 1, () => identifier(random)),
    ...times(random, 1, () => replayProtection(random)),
  ];
  return [...shuffled(random, options), ...lastOptions(random)];
}

function randomMessage(random: Random): MobilityMessage {
  switch (random.below(10)) {
    case 6:
      return { type: MessageType.homeTestInit, homeInitCookie: random.bytes(8), options: [] };
    case 7:
      return {
        type: MessageType.careOfTestInit,
        careOfInitCookie: random.bytes(8),
        options: times(random, 1, () => randomBid(random, false)),
      };
    case 8:
      return {
        type: MessageType.homeTest,
        homeNonceIndex: random.below(65536),
        homeInitCookie: random.bytes(8),
        homeKeygenToken: random.bytes(8),
        options: [],
      };
    case 9:
      return {
        type: MessageType.careOfTest,
        careOfNonceIndex: random.below(65536),
        careOfInitCookie: random.bytes(8),
        careOfKeygenToken: random.bytes(8),
        options: times(random, 1, () => randomBid(random, false)),
      };
    case 0:
      return { type: MessageType.bindingRefreshRequest, options: times(random, 2, () => randomBid(random, false)) };
    case 1:
      return {
        type: MessageType.bindingError,
        status: 1 + random.below(2),
        homeAddress: randomAddress(random),
        options: [],
      };
    case 2:
    case 3:
      return {
        type: MessageType.bindingAcknowledgement,
        status: random.below(256),
        flags: random.below(8) << 5,
        sequenceNumber: random.below(65536),
        lifetimeSeconds: random.below(65536) * 4,
        options: acknowledgementOptions(random),
      };
    default:
      return {
        type: MessageType.bindingUpdate,
        sequenceNumber: random.below(65536),
        flags: random.below(1024) << 6,
        lifetimeSeconds: random.below(65536) * 4,
        options: updateOptions(random),
      };
  }
}

export function randomMobilityPacket(random: Random): MobilityPacket {
  return {
    kind: 'mobility',
    source: randomAddress(random),
    destination: randomAddress(random),
    ...(random.below(2) && { homeAddress: randomAddress(random) }),
    ...(random.below(2) && { routing2: randomAddress(random) }),
    ...(random.below(3) === 0 && { outer: randomOuter(random) }),
    message: randomMessage(random),
  };
}
