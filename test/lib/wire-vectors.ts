// Vectors of mobility messages and packets. Written down from the standards' figures; the checksums come from a
// calculation apart from the code under test.
import { address } from '../../src/bytes/address.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import type { MobilityMessage } from '../../src/wire/mh/messages/message.ts';
import { MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { BindingIdentifierOption } from '../../src/wire/mh/options/binding-identifier.ts';
import type { SignallingPacket } from '../../src/wire/signalling.ts';
import { hex } from './wire.ts';

export const HOME_AGENT = address('2001:db8:1::1');
export const HOME_ADDRESS = address('2001:db8:1::2');
export const CARE_OF_ADDRESS = address('2001:db8:a::4');

export interface MessageVector {
  readonly name: string;
  /** A Mobility Header from HOME_ADDRESS to HOME_AGENT. */
  readonly hex: string;
  readonly value: MobilityMessage;
  /** Reserved bits or odd padding are in it: it decodes, but is encoded otherwise. */
  readonly decodeOnly?: boolean;
}

export function bid(number: number, more: Partial<BindingIdentifierOption> = {}): BindingIdentifierOption {
  return {
    type: OptionType.bindingIdentifier,
    bid: number,
    status: 0,
    simultaneousHomeAndForeign: false,
    reserved: 0,
    ...more,
  };
}

const update = { type: MessageType.bindingUpdate } as const;
const acknowledgement = { type: MessageType.bindingAcknowledgement } as const;
const alternate = { type: OptionType.alternateCareOfAddress, careOfAddress: CARE_OF_ADDRESS } as const;
const authorization = {
  type: OptionType.bindingAuthorizationData,
  authenticator: hex('0102030405060708090a0b0c'),
} as const;

export const MESSAGE_VECTORS: readonly MessageVector[] = [
  {
    name: '[6275-6.1.2-01] a Binding Refresh Request without options has 8 octets and Header Len 0',
    hex: '3b 00 00 00 68f9 0000',
    value: { type: MessageType.bindingRefreshRequest, options: [] },
  },
  {
    name: '[5648-4.3-01] a Binding Refresh Request may hold a Binding Identifier',
    hex: '3b 01 00 00 44e5 0000  23 04 0007 00 00  01 00',
    value: { type: MessageType.bindingRefreshRequest, options: [bid(7)] },
  },
  {
    name: '[6275-6.1.7-01] a Binding Update without options has 4 octets of padding and Header Len 1',
    hex: '3b 01 05 00 a2b0 0001 c000 003c  01 02 0000',
    value: { ...update, sequenceNumber: 1, flags: 0xc000, lifetimeSeconds: 240, options: [] },
  },
  {
    name: '[5648-4.2-01] a Binding Update has ten assigned flags, O being the last, and takes the largest numbers',
    hex: '3b 01 05 00 632d ffff ffc0 ffff  01 02 0000',
    value: { ...update, sequenceNumber: 0xffff, flags: 0xffc0, lifetimeSeconds: 262_140, options: [] },
  },
  {
    name: '[5648-4.3-01] a Binding Update may hold a Binding Identifier without a care-of address',
    hex: '3b 02 05 00 7a32 0102 c440 0069  23 04 0001 00 00  01 04 00000000',
    value: { ...update, sequenceNumber: 0x102, flags: 0xc440, lifetimeSeconds: 420, options: [bid(1)] },
  },
  {
    name: '[5648-4.3-02] [5648-4.3-03] the three forms of a Binding Identifier have lengths 4, 8 and 20 at 2n, 8n+2, 8n+2',
    hex: `3b 06 05 00 43a4 0103 c440 0069  23 04 0001 00 00  23 08 0002 00 00 c0000201  01 04 00000000
          23 14 0003 00 80 20010db8000a00000000000000000003`,
    value: {
      ...update,
      sequenceNumber: 0x103,
      flags: 0xc440,
      lifetimeSeconds: 420,
      options: [
        bid(1),
        bid(2, { careOfAddress: address('192.0.2.1') }),
        bid(3, { careOfAddress: address('2001:db8:a::3'), simultaneousHomeAndForeign: true }),
      ],
    },
  },
  {
    name: '[6275-6.2.5-01] an Alternate Care-of Address starts at 8n+6',
    hex: '3b 03 05 00 7099 0104 c000 0069  01 00  03 10 20010db8000a00000000000000000004',
    value: { ...update, sequenceNumber: 0x104, flags: 0xc000, lifetimeSeconds: 420, options: [alternate] },
  },
  {
    name: '[3963-4.3-01] [3963-4.1-01] a Mobile Network Prefix starts at 8n+4, beside flag R',
    hex: '3b 03 05 00 156c 0105 c400 0069  06 12 00 38 20010db8550000000000000000000000',
    value: {
      ...update,
      sequenceNumber: 0x105,
      flags: 0xc400,
      lifetimeSeconds: 420,
      options: [{ type: OptionType.mobileNetworkPrefix, prefix: prefix('2001:db8:5500::/56') }],
    },
  },
  {
    name: '[6275-6.2.3-01] two Mobile Network Prefixes have a PadN of 4 octets between them',
    hex: `3b 06 05 00 df9b 0106 c400 0069  06 12 00 38 20010db8550000000000000000000000  01 02 0000
          06 12 00 80 20010db8006600000000000000000001`,
    value: {
      ...update,
      sequenceNumber: 0x106,
      flags: 0xc400,
      lifetimeSeconds: 420,
      options: [
        { type: OptionType.mobileNetworkPrefix, prefix: prefix('2001:db8:5500::/56') },
        { type: OptionType.mobileNetworkPrefix, prefix: prefix('2001:db8:66::1/128') },
      ],
    },
  },
  {
    name: '[6275-6.2.6-01] [6275-6.2.7-01] Nonce Indices, and Binding Authorization Data that ends the header from 8n+2',
    hex: '3b 03 05 00 b530 0107 8000 0069  04 04 0001 0002  05 0c 0102030405060708090a0b0c',
    value: {
      ...update,
      sequenceNumber: 0x107,
      flags: 0x8000,
      lifetimeSeconds: 420,
      options: [{ type: OptionType.nonceIndices, homeNonceIndex: 1, careOfNonceIndex: 2 }, authorization],
    },
  },
  {
    name: '[6275-6.2.1-01] an option of unknown type is kept and the one behind it is still read',
    hex: '3b 04 05 00 2fcb 0108 c000 0069  c8 03 aabbcc  01 03 000000  03 10 20010db8000a00000000000000000004',
    value: {
      ...update,
      sequenceNumber: 0x108,
      flags: 0xc000,
      lifetimeSeconds: 420,
      options: [{ type: 'unknown', optionType: 200, data: hex('aabbcc') }, alternate],
    },
  },
  {
    name: '[5648-4.4-01] a Binding Identifier of another length reaches the home agent, which answers with status 164',
    hex: '3b 02 05 00 d2e7 0109 c040 0069  23 06 0009 00 80 aabb  01 02 0000',
    value: {
      ...update,
      sequenceNumber: 0x109,
      flags: 0xc040,
      lifetimeSeconds: 420,
      options: [bid(9, { simultaneousHomeAndForeign: true, malformed: hex('00090080aabb') })],
    },
  },
  {
    name: '[6275-6.1.8-01] a Binding Acknowledgement without options has 4 octets of padding and Header Len 1',
    hex: '3b 01 06 00 61b1 00 00 0001 003c  01 02 0000',
    value: { ...acknowledgement, status: 0, flags: 0, sequenceNumber: 1, lifetimeSeconds: 240, options: [] },
  },
  {
    name: '[3963-4.2-01] [6275-6.2.4-01] an acknowledgement with flag R, advice in units of 4 s, and a status per BID',
    hex: '3b 03 06 00 7018 04 40 0103 0069  02 02 000a  23 04 0001 00 00  23 04 0002 a4 00  01 02 0000',
    value: {
      ...acknowledgement,
      status: 4,
      flags: 0x40,
      sequenceNumber: 0x103,
      lifetimeSeconds: 420,
      options: [{ type: OptionType.bindingRefreshAdvice, refreshIntervalSeconds: 40 }, bid(1), bid(2, { status: 164 })],
    },
  },
  {
    name: '[6275-6.2-01] an acknowledgement ends with its Binding Authorization Data, padded in front',
    hex: '3b 03 06 00 3734 00 00 0107 0069  01 04 00000000  05 0c 0102030405060708090a0b0c',
    value: {
      ...acknowledgement,
      status: 0,
      flags: 0,
      sequenceNumber: 0x107,
      lifetimeSeconds: 420,
      options: [authorization],
    },
  },
  {
    name: '[6275-6.1.9-01] a Binding Error without options has 24 octets and Header Len 2',
    hex: '3b 02 07 00 332b 01 00 20010db8000100000000000000000002',
    value: { type: MessageType.bindingError, status: 1, homeAddress: HOME_ADDRESS, options: [] },
  },
  {
    name: 'a message of unknown type is kept raw, to be answered with a Binding Error',
    hex: '3b 01 63 00 eccb 0102 0304050607080910',
    value: { type: 'unknown', messageType: 99, data: hex('01020304050607080910') },
  },
  {
    name: 'a Home Test Init is kept raw',
    hex: '3b 01 01 00 569b 0000 1122334455667788',
    value: { type: 'unknown', messageType: MessageType.homeTestInit, data: hex('00001122334455667788') },
  },
];

export interface PacketVector {
  readonly name: string;
  readonly hex: string;
  readonly value: SignallingPacket;
}

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
      message: { ...update, sequenceNumber: 0x104, flags: 0xc000, lifetimeSeconds: 420, options: [alternate] },
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
      message: { ...acknowledgement, status: 0, flags: 0, sequenceNumber: 1, lifetimeSeconds: 240, options: [] },
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
      source: HOME_AGENT,
      destination: CARE_OF_ADDRESS,
      message: { type: 4, code: 0, value: 40, invokingPacket: hex('6000000000003b40') },
    },
  },
  {
    name: 'an ICMPv6 message of a type not known here',
    hex: `6000000000083a40 20010db8000a00000000000000000004 20010db8000100000000000000000001
          9000 0207 1234 0000`,
    value: {
      kind: 'icmpv6',
      source: CARE_OF_ADDRESS,
      destination: HOME_AGENT,
      message: { type: 'unknown', icmpv6Type: 144, code: 0, data: hex('12340000') },
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
