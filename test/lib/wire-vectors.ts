// Vectors of mobility messages and packets. Written down from the standards' figures; the checksums come from a
// calculation apart from the code under test.
import { address } from '../../src/bytes/address.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import type { MobilityMessage } from '../../src/wire/mh/messages/message.ts';
import {
  LinkLayerAddressOptionCode,
  MessageType,
  MobileNodeIdentifierSubtype,
  OptionType,
} from '../../src/wire/mh/numbers.ts';
import type { BindingIdentifierOption } from '../../src/wire/mh/options/binding-identifier.ts';
import type { MobilityMessageAuthenticationOption } from '../../src/wire/mh/options/mobility-message-authentication.ts';
import { hex } from './wire.ts';

export const HOME_AGENT = address('2001:db8:1::1');
export const HOME_ADDRESS = address('2001:db8:1::2');
export const CARE_OF_ADDRESS = address('2001:db8:a::4');

const COOKIE = hex('1122334455667788');
const TOKEN = hex('99aabbccddeeff00');

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

const careOfTest = {
  type: MessageType.careOfTest,
  careOfNonceIndex: 0x12,
  careOfInitCookie: COOKIE,
  careOfKeygenToken: TOKEN,
} as const;

function authentication(subtype: number, authenticator: string): MobilityMessageAuthenticationOption {
  return { type: OptionType.mobilityMessageAuthentication, subtype, spi: 0x100, authenticator: hex(authenticator) };
}

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
    name: '[6275-6.1.3-01] [6275-5.2.3-02] a Home Test Init without options has a cookie of 64 bits and Header Len 1',
    hex: '3b 01 01 00 569b 0000 1122334455667788',
    value: { type: MessageType.homeTestInit, homeInitCookie: COOKIE, options: [] },
  },
  {
    name: '[6275-6.1.4-01] a Care-of Test Init without options has a cookie of 64 bits and Header Len 1',
    hex: '3b 01 02 00 559b 0000 1122334455667788',
    value: { type: MessageType.careOfTestInit, careOfInitCookie: COOKIE, options: [] },
  },
  {
    name: '[5648-4.3-01] a Care-of Test Init may hold a Binding Identifier',
    hex: '3b 02 02 00 3187 0000 1122334455667788  23 04 0007 00 00  01 00',
    value: { type: MessageType.careOfTestInit, careOfInitCookie: COOKIE, options: [bid(7)] },
  },
  {
    name: '[6275-6.1.5-01] [6275-5.2.3-02] a Home Test without options has nonce index, cookie, token and Header Len 2',
    hex: '3b 02 03 00 221a 0011 1122334455667788 99aabbccddeeff00',
    value: {
      type: MessageType.homeTest,
      homeNonceIndex: 0x11,
      homeInitCookie: COOKIE,
      homeKeygenToken: TOKEN,
      options: [],
    },
  },
  {
    name: '[6275-6.1.6-01] a Care-of Test without options has nonce index, cookie, token and Header Len 2',
    hex: '3b 02 04 00 2119 0012 1122334455667788 99aabbccddeeff00',
    value: { ...careOfTest, options: [] },
  },
  {
    name: '[5648-4.3-01] a Care-of Test may hold a Binding Identifier with a status',
    hex: '3b 03 04 00 5704 0012 1122334455667788 99aabbccddeeff00  23 04 0007 a6 00  01 00',
    value: { ...careOfTest, options: [bid(7, { status: 166 })] },
  },
  {
    name: '[6275-6.1.3-01] an unknown option in a Home Test Init is skipped',
    hex: '3b 02 01 00 16d1 0000 1122334455667788  c8 03 aabbcc  01 01 00',
    value: {
      type: MessageType.homeTestInit,
      homeInitCookie: COOKIE,
      options: [{ type: 'unknown', optionType: 200, data: hex('aabbcc') }],
    },
  },
  {
    name: '[5648-5.6.3-05] a home binding with the link-layer address of the mobile node, under Option-Code 2',
    hex: '3b 03 05 00 6f9a 010a c440 0069  07 07 02 020000000001  00  23 04 0001 00 80  01 02 0000',
    value: {
      ...update,
      sequenceNumber: 0x10a,
      flags: 0xc440,
      lifetimeSeconds: 420,
      options: [
        {
          type: OptionType.mobilityHeaderLinkLayerAddress,
          optionCode: LinkLayerAddressOptionCode.mobileNode,
          linkLayerAddress: hex('020000000001'),
        },
        bid(1, { simultaneousHomeAndForeign: true }),
      ],
    },
  },
  {
    name: '[4285-5-01] [4285-6-01] identifier, timestamp at 8n+2 and authentication at 4n+1, which ends the message',
    hex: `3b 08 05 00 a7f9 010b c400 0069  08 17 01 76656869636c653740666c6565742e6578616d706c65  01 03 000000
          0a 08 ee1122aa 80000001  00  09 11 01 00000100 17a78d670892f2c7e1226c95`,
    value: {
      ...update,
      sequenceNumber: 0x10b,
      flags: 0xc400,
      lifetimeSeconds: 420,
      options: [
        {
          type: OptionType.mobileNodeIdentifier,
          subtype: MobileNodeIdentifierSubtype.networkAccessIdentifier,
          identifier: hex('76656869636c653740666c6565742e6578616d706c65'),
        },
        {
          type: OptionType.mobilityMessageReplayProtection,
          timestamp: { seconds: 0xee1122aa, fraction: 0x80000001 },
        },
        authentication(1, '17a78d670892f2c7e1226c95'),
      ],
    },
  },
  {
    name: '[4285-5-01] authentication for the home agent stands before that for the AAA server',
    hex: `3b 07 05 00 ed90 010c c000 0069  00  09 11 01 00000100 0102030405060708090a0b0c  01 03 000000
          09 19 02 00000003 0102030405060708090a0b0c0d0e0f1011121314`,
    value: {
      ...update,
      sequenceNumber: 0x10c,
      flags: 0xc000,
      lifetimeSeconds: 420,
      options: [
        authentication(1, '0102030405060708090a0b0c'),
        { ...authentication(2, '0102030405060708090a0b0c0d0e0f1011121314'), spi: 3 },
      ],
    },
  },
  {
    name: "[4285-6-01] [4285-5-01] an authenticated acknowledgement with the home agent's time",
    hex: `3b 05 06 00 ff2c 90 40 010b 0000  01 04 00000000  0a 08 ee112300 80000001  00
          09 11 01 00000100 0102030405060708090a0b0c`,
    value: {
      ...acknowledgement,
      status: 144,
      flags: 0x40,
      sequenceNumber: 0x10b,
      lifetimeSeconds: 0,
      options: [
        {
          type: OptionType.mobilityMessageReplayProtection,
          timestamp: { seconds: 0xee112300, fraction: 0x80000001 },
        },
        authentication(1, '0102030405060708090a0b0c'),
      ],
    },
  },
  {
    name: '[5555-3.1.1-01, 5555-3.1.2-01, 5555-3.1.3-01] IPv4 home address, prefix request and care-of address at 4n, beside flag F',
    hex: `3b 04 05 00 640f 0106 c500 0069  1d 06 8000 c6336407  1d 06 7200 00000000  20 06 0000 c0000205  01 02 0000`,
    value: {
      ...update,
      sequenceNumber: 0x106,
      flags: 0xc500,
      lifetimeSeconds: 420,
      options: [
        {
          type: OptionType.ipv4HomeAddress,
          prefixLength: 32,
          requestsPrefix: false,
          homeAddress: address('198.51.100.7'),
        },
        { type: OptionType.ipv4HomeAddress, prefixLength: 28, requestsPrefix: true, homeAddress: address('0.0.0.0') },
        { type: OptionType.ipv4CareOfAddress, careOfAddress: address('192.0.2.5') },
      ],
    },
  },
  {
    name: '[5555-3.2.1-01, 5555-3.2.2-01] IPv4 Address Acknowledgements and NAT Detection in front of a Binding Identifier',
    hex: `3b 05 06 00 31d8 00 40 0106 0069  1e 06 00 80 c6336407  1e 06 85 00 00000000  1f 06 0000 0000006e
          23 04 0001 00 00  01 04 00000000`,
    value: {
      ...acknowledgement,
      status: 0,
      flags: 0x40,
      sequenceNumber: 0x106,
      lifetimeSeconds: 420,
      options: [
        {
          type: OptionType.ipv4AddressAcknowledgement,
          status: 0,
          prefixLength: 32,
          homeAddress: address('198.51.100.7'),
        },
        { type: OptionType.ipv4AddressAcknowledgement, status: 133, prefixLength: 0, homeAddress: address('0.0.0.0') },
        { type: OptionType.natDetection, requiresUdpEncapsulation: false, refreshSeconds: 110 },
        bid(1),
      ],
    },
  },
  {
    name: '[5555-3.2.2-01] a NAT Detection with flag F and all ones',
    hex: '3b 02 06 00 c16e 00 00 0107 0069  1f 06 8000 ffffffff  01 02 0000',
    value: {
      ...acknowledgement,
      status: 0,
      flags: 0,
      sequenceNumber: 0x107,
      lifetimeSeconds: 420,
      options: [{ type: OptionType.natDetection, requiresUdpEncapsulation: true, refreshSeconds: 0xffff_ffff }],
    },
  },
  {
    name: '[5555-3.1.1-06] reserved bits of the options of a Binding Update for IPv4 say nothing',
    hex: '3b 03 05 00 f61d 0108 c000 0069  1d 06 81ff c6336407  20 06 ffff c0000205  01 02 0000',
    value: {
      ...update,
      sequenceNumber: 0x108,
      flags: 0xc000,
      lifetimeSeconds: 420,
      options: [
        {
          type: OptionType.ipv4HomeAddress,
          prefixLength: 32,
          requestsPrefix: false,
          homeAddress: address('198.51.100.7'),
        },
        { type: OptionType.ipv4CareOfAddress, careOfAddress: address('192.0.2.5') },
      ],
    },
    decodeOnly: true,
  },
  {
    name: '[5555-3.1.1-06] reserved bits of the options of an acknowledgement for IPv4 say nothing',
    hex: '3b 03 06 00 f920 00 00 0108 0069  1e 06 80 03 c6336407  1f 06 7fff 00000000  01 02 0000',
    value: {
      ...acknowledgement,
      status: 0,
      flags: 0,
      sequenceNumber: 0x108,
      lifetimeSeconds: 420,
      options: [
        {
          type: OptionType.ipv4AddressAcknowledgement,
          status: 128,
          prefixLength: 0,
          homeAddress: address('198.51.100.7'),
        },
        { type: OptionType.natDetection, requiresUdpEncapsulation: false, refreshSeconds: 0 },
      ],
    },
    decodeOnly: true,
  },
];
