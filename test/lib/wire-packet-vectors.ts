// Vectors of whole packets. Written down from the standards' figures; the checksums come from a calculation apart from
// the code under test.
import { address, IPV6_UNSPECIFIED } from '../../src/bytes/address.ts';
import {
  Icmpv6Type,
  NeighborAdvertisementFlag,
  NeighborOptionType,
  RouterAdvertisementFlag,
} from '../../src/wire/icmpv6/numbers.ts';
import { MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { SignallingPacket } from '../../src/wire/signalling.ts';
import { hex } from './wire.ts';
import { CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT } from './wire-vectors.ts';

export interface PacketVector {
  readonly name: string;
  readonly hex: string;
  readonly value: SignallingPacket;
  /** Has headers that are not sent. */
  readonly decodeOnly?: boolean;
}

/** All of flags L, A and R, and the home agent's address in the field. */
const homePrefix = {
  type: NeighborOptionType.prefixInformation,
  prefixLength: 64,
  flags: 0xe0,
  validLifetimeSeconds: 86_400,
  preferredLifetimeSeconds: 14_400,
  address: HOME_AGENT,
} as const;

export const PACKET_VECTORS: readonly PacketVector[] = [
  {
    name: '[6275-6.3-01] [6275-6.3-02] a Binding Update behind a Home Address option, whose checksum covers the home address',
    hex: `6000000000383c40 20010db8000a00000000000000000004 20010db8000100000000000000000001
          8702 01020000 c910 20010db8000100000000000000000002
          3b030500 7099 0104 c000 0069 0100 0310 20010db8000a00000000000000000004`,
    value: {
      kind: 'mobility',
      source: CARE_OF_ADDRESS,
      destination: HOME_AGENT,
      homeAddress: HOME_ADDRESS,
      message: {
        type: MessageType.bindingUpdate,
        sequenceNumber: 0x104,
        flags: 0xc000,
        lifetimeSeconds: 420,
        options: [{ type: OptionType.alternateCareOfAddress, careOfAddress: CARE_OF_ADDRESS }],
      },
    },
  },
  {
    name: '[6275-6.4.1-01] a Binding Acknowledgement behind a type 2 routing header, checksum over the home address',
    hex: `6000000000282b40 20010db8000100000000000000000001 20010db8000a00000000000000000004
          87020201 00000000 20010db8000100000000000000000002
          3b010600 61b1 0000 0001 003c 01020000`,
    value: {
      kind: 'mobility',
      source: HOME_AGENT,
      destination: CARE_OF_ADDRESS,
      routing2: HOME_ADDRESS,
      message: {
        type: MessageType.bindingAcknowledgement,
        status: 0,
        flags: 0,
        sequenceNumber: 1,
        lifetimeSeconds: 240,
        options: [],
      },
    },
  },
  {
    name: '[6275-6.1.1-01] a Binding Refresh Request directly behind the IPv6 header, announced by Next Header 135',
    hex: `6000000000088740 20010db8000100000000000000000001 20010db8000a00000000000000000004
          3b000000 68ee 0000`,
    value: {
      kind: 'mobility',
      source: HOME_AGENT,
      destination: CARE_OF_ADDRESS,
      message: { type: MessageType.bindingRefreshRequest, options: [] },
    },
  },
  {
    name: '[6275-6.3-03] an echo reply behind both, the Home Address option after the routing header',
    hex: `60000000003d2b40 20010db8000a00000000000000000004 20010db8000a00000000000000000004
          3c020201 00000000 20010db8000100000000000000000002
          3a02 01020000 c910 20010db8000100000000000000000002
          8100 de68 0102 0003 68656c6c6f`,
    value: {
      kind: 'icmpv6',
      hopLimit: 64,
      source: CARE_OF_ADDRESS,
      destination: CARE_OF_ADDRESS,
      homeAddress: HOME_ADDRESS,
      routing2: HOME_ADDRESS,
      message: { type: 129, identifier: 0x102, sequenceNumber: 3, data: hex('68656c6c6f') },
    },
  },
  {
    name: 'an ICMPv6 Parameter Problem with its pointer and the packet in question',
    hex: `6000000000103a40 20010db8000100000000000000000001 20010db8000a00000000000000000004
          0400 04cb 00000028 6000000000003b40`,
    value: {
      kind: 'icmpv6',
      hopLimit: 64,
      source: HOME_AGENT,
      destination: CARE_OF_ADDRESS,
      message: { type: 4, code: 0, value: 40, invokingPacket: hex('6000000000003b40') },
    },
  },
  {
    name: 'an ICMPv6 message of a type not known here',
    hex: `6000000000083a40 20010db8000a00000000000000000004 20010db8000100000000000000000001
          8200 1007 1234 0000`,
    value: {
      kind: 'icmpv6',
      hopLimit: 64,
      source: CARE_OF_ADDRESS,
      destination: HOME_AGENT,
      message: { type: 'unknown', icmpv6Type: 130, code: 0, data: hex('12340000') },
    },
  },
  {
    name: '[6275-6.5-01] a discovery request to the home agents anycast address, with flag R',
    hex: `6000000000083a40 20010db8000a00000000000000000004 20010db800010000fdfffffffffffffe
          9000 8408 1234 8000`,
    value: {
      kind: 'icmpv6',
      hopLimit: 64,
      source: CARE_OF_ADDRESS,
      destination: address('2001:db8:1:0:fdff:ffff:ffff:fffe'),
      message: { type: Icmpv6Type.homeAgentAddressDiscoveryRequest, identifier: 0x1234, mobileRouter: true },
    },
  },
  {
    name: '[6275-6.6-01] a discovery reply whose addresses fill the packet, with flag R',
    hex: `6000000000283a40 20010db8000100000000000000000001 20010db8000a00000000000000000004
          9100 2568 1234 8000 20010db8000100000000000000000001 20010db8000100000000000000000009`,
    value: {
      kind: 'icmpv6',
      hopLimit: 64,
      source: HOME_AGENT,
      destination: CARE_OF_ADDRESS,
      message: {
        type: Icmpv6Type.homeAgentAddressDiscoveryReply,
        identifier: 0x1234,
        mobileRouter: true,
        homeAgentAddresses: [HOME_AGENT, address('2001:db8:1::9')],
      },
    },
  },
  {
    name: '[6275-6.7-01] a Mobile Prefix Solicitation behind a Home Address option',
    hex: `6000000000203c40 20010db8000a00000000000000000004 20010db8000100000000000000000001
          3a02 01020000 c910 20010db8000100000000000000000002
          9200 5356 beef 0000`,
    value: {
      kind: 'icmpv6',
      hopLimit: 64,
      source: CARE_OF_ADDRESS,
      destination: HOME_AGENT,
      homeAddress: HOME_ADDRESS,
      message: { type: Icmpv6Type.mobilePrefixSolicitation, identifier: 0xbeef, options: [] },
    },
  },
  {
    name: '[6275-6.8-01] [6275-6.8-05] a Mobile Prefix Advertisement with flags M and O, an unknown option and a prefix',
    hex: `6000000000482b40 20010db8000100000000000000000001 20010db8000a00000000000000000004
          3a020201 00000000 20010db8000100000000000000000002
          9300 93be beef c000  fa01 010203040506
          0304 40 e0 00015180 00003840 00000000 20010db8000100000000000000000001`,
    value: {
      kind: 'icmpv6',
      hopLimit: 64,
      source: HOME_AGENT,
      destination: CARE_OF_ADDRESS,
      routing2: HOME_ADDRESS,
      message: {
        type: Icmpv6Type.mobilePrefixAdvertisement,
        identifier: 0xbeef,
        flags: 0xc0,
        options: [{ type: 'unknown', optionType: 250, data: hex('010203040506') }, homePrefix],
      },
    },
  },
  {
    name: "a Router Solicitation to all routers, with the sender's link-layer address",
    hex: `6000000000103aff fe800000000000000000000000000002 ff020000000000000000000000000002
          8500 7a2a 00000000  0101 020000000002`,
    value: {
      kind: 'icmpv6',
      hopLimit: 255,
      source: address('fe80::2'),
      destination: address('ff02::2'),
      message: {
        type: Icmpv6Type.routerSolicitation,
        options: [{ type: NeighborOptionType.sourceLinkLayerAddress, linkLayerAddress: hex('020000000002') }],
      },
    },
  },
  {
    name: "[6275-7.1-01] [6275-7.2-01] [6275-7.3-01] [6275-7.4-01] a home agent's Router Advertisement",
    hex: `6000000000503aff fe800000000000000000000000000001 ff020000000000000000000000000001
          8600 167e 40 20 0708 00007530 000003e8  0101 020000000001  0501 0000 000005dc
          0304 40 e0 00015180 00003840 00000000 20010db8000100000000000000000001
          0701 0000 000005dc  0801 8000 000a 0708`,
    value: {
      kind: 'icmpv6',
      hopLimit: 255,
      source: address('fe80::1'),
      destination: address('ff02::1'),
      message: {
        type: Icmpv6Type.routerAdvertisement,
        currentHopLimit: 64,
        flags: RouterAdvertisementFlag.homeAgent,
        routerLifetimeSeconds: 1800,
        reachableTimeMs: 30_000,
        retransmitTimerMs: 1000,
        options: [
          { type: NeighborOptionType.sourceLinkLayerAddress, linkLayerAddress: hex('020000000001') },
          { type: NeighborOptionType.mtu, mtuBytes: 1500 },
          homePrefix,
          { type: NeighborOptionType.advertisementInterval, intervalMs: 1500 },
          {
            type: NeighborOptionType.homeAgentInformation,
            mobileRouter: true,
            preference: 10,
            lifetimeSeconds: 1800,
          },
        ],
      },
    },
  },
  {
    name: 'a Neighbor Solicitation that detects a duplicate of the home address',
    hex: `6000000000183aff 00000000000000000000000000000000 ff0200000000000000000001ff000002
          8700 4cea 00000000 20010db8000100000000000000000002`,
    value: {
      kind: 'icmpv6',
      hopLimit: 255,
      source: IPV6_UNSPECIFIED,
      destination: address('ff02::1:ff00:2'),
      message: { type: Icmpv6Type.neighborSolicitation, targetAddress: HOME_ADDRESS, options: [] },
    },
  },
  {
    name: 'a Neighbor Advertisement by which the home agent takes the home address over',
    hex: `6000000000203aff fe800000000000000000000000000001 ff020000000000000000000000000001
          8800 a860 a0000000 20010db8000100000000000000000002  0201 020000000001`,
    value: {
      kind: 'icmpv6',
      hopLimit: 255,
      source: address('fe80::1'),
      destination: address('ff02::1'),
      message: {
        type: Icmpv6Type.neighborAdvertisement,
        flags: NeighborAdvertisementFlag.router | NeighborAdvertisementFlag.override,
        targetAddress: HOME_ADDRESS,
        options: [{ type: NeighborOptionType.targetLinkLayerAddress, linkLayerAddress: hex('020000000001') }],
      },
    },
  },
  {
    name: '[6275-6.1.1-01] a Binding Refresh Request behind hop-by-hop options',
    hex: `6000000000100040 20010db8000100000000000000000001 20010db8000a00000000000000000004
          8700 0502 0000 0100 3b000000 68ee 0000`,
    decodeOnly: true,
    value: {
      kind: 'mobility',
      source: HOME_AGENT,
      destination: CARE_OF_ADDRESS,
      message: { type: MessageType.bindingRefreshRequest, options: [] },
    },
  },
  {
    name: 'a UDP packet, whose payload is for another room',
    hex: `6000000000081140 20010db8000a00000000000000000004 20010db8000100000000000000000001
          1388138900080000`,
    value: {
      kind: 'other',
      source: CARE_OF_ADDRESS,
      destination: HOME_AGENT,
      protocol: 17,
      payload: hex('1388138900080000'),
    },
  },
];
