// Random packets of Neighbor Discovery and of Mobile IPv6's ICMPv6 as this implementation may send them. The same seed
// gives the same packets.
import { address } from '../../src/bytes/address.ts';
import type { Icmpv6Message } from '../../src/wire/icmpv6/message.ts';
import type { NeighborOption } from '../../src/wire/icmpv6/neighbor-options.ts';
import { Icmpv6Type, NeighborOptionType } from '../../src/wire/icmpv6/numbers.ts';
import type { Icmpv6Packet } from '../../src/wire/signalling.ts';
import type { Random } from './wire-mutations.ts';
import { randomAddress } from './wire-random-packets.ts';

const u16 = (random: Random) => random.below(0x1_0000);
const u32 = (random: Random) => random.below(0x1_0000_0000);

function prefixInformation(random: Random): NeighborOption {
  return {
    type: NeighborOptionType.prefixInformation,
    prefixLength: random.below(129),
    flags: random.below(8) << 5,
    validLifetimeSeconds: u32(random),
    preferredLifetimeSeconds: u32(random),
    address: randomAddress(random),
  };
}

function routerOption(random: Random): NeighborOption {
  switch (random.below(5)) {
    case 0:
      return { type: NeighborOptionType.sourceLinkLayerAddress, linkLayerAddress: random.bytes(6) };
    case 1:
      return { type: NeighborOptionType.mtu, mtuBytes: u32(random) };
    case 2:
      return { type: NeighborOptionType.advertisementInterval, intervalMs: u32(random) };
    case 3:
      return {
        type: NeighborOptionType.homeAgentInformation,
        mobileRouter: random.below(2) === 1,
        preference: u16(random),
        lifetimeSeconds: u16(random),
      };
    default:
      return prefixInformation(random);
  }
}

function some<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: random.below(most + 1) }, make);
}

function randomMessage(random: Random): Icmpv6Message {
  const identifier = u16(random);
  const mobileRouter = random.below(2) === 1;
  switch (random.below(8)) {
    case 0:
      return {
        type: Icmpv6Type.routerSolicitation,
        options: some(random, 1, () => ({
          type: NeighborOptionType.sourceLinkLayerAddress,
          linkLayerAddress: random.bytes(6),
        })),
      };
    case 1:
      return {
        type: Icmpv6Type.routerAdvertisement,
        currentHopLimit: random.below(256),
        flags: random.below(8) << 5,
        routerLifetimeSeconds: u16(random),
        reachableTimeMs: u32(random),
        retransmitTimerMs: u32(random),
        options: some(random, 5, () => routerOption(random)),
      };
    case 2:
      return {
        type: Icmpv6Type.neighborSolicitation,
        targetAddress: randomAddress(random),
        options: some(random, 1, () => ({
          type: NeighborOptionType.sourceLinkLayerAddress,
          linkLayerAddress: random.bytes(6),
        })),
      };
    case 3:
      return {
        type: Icmpv6Type.neighborAdvertisement,
        flags: random.below(8) << 5,
        targetAddress: randomAddress(random),
        options: some(random, 1, () => ({
          type: NeighborOptionType.targetLinkLayerAddress,
          linkLayerAddress: random.bytes(6),
        })),
      };
    case 4:
      return { type: Icmpv6Type.homeAgentAddressDiscoveryRequest, identifier, mobileRouter };
    case 5:
      return {
        type: Icmpv6Type.homeAgentAddressDiscoveryReply,
        identifier,
        mobileRouter,
        // tshark takes an empty list for a malformed packet.
        homeAgentAddresses: [randomAddress(random), ...some(random, 5, () => randomAddress(random))],
      };
    case 6:
      return { type: Icmpv6Type.mobilePrefixSolicitation, identifier, options: [] };
    default:
      return {
        type: Icmpv6Type.mobilePrefixAdvertisement,
        identifier,
        flags: random.below(4) << 6,
        options: some(random, 4, () => prefixInformation(random)),
      };
  }
}

export function randomIcmpv6Packet(random: Random): Icmpv6Packet {
  const message = randomMessage(random);
  const isOnLink = Number(message.type) < Icmpv6Type.homeAgentAddressDiscoveryRequest;
  const destination = randomAddress(random);
  if (isOnLink)
    return {
      kind: 'icmpv6',
      source: address(`fe80::${(1 + random.below(0xffff)).toString(16)}`),
      destination,
      message,
    };
  return {
    kind: 'icmpv6',
    source: randomAddress(random),
    destination,
    ...(random.below(2) && { homeAddress: randomAddress(random) }),
    ...(random.below(2) && { routing2: randomAddress(random) }),
    message,
  };
}
