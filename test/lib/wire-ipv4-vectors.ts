// Vectors of packets with an IPv4 header. Written down from the standards' figures; the checksums come from a calculation
// apart from the code under test.
import { address } from '../../src/bytes/address.ts';
import { Icmpv6Type } from '../../src/wire/icmpv6/numbers.ts';
import { MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import { hex } from './wire.ts';
import type { PacketVector } from './wire-packet-vectors.ts';
import { bid, HOME_ADDRESS, HOME_AGENT } from './wire-vectors.ts';

const CARE_OF = address('198.51.100.9');
const AGENT = address('203.0.113.1');
const PORT = 4191;

export const IPV4_PACKET_VECTORS: readonly PacketVector[] = [
  {
    name: '[5555-4.1-01, 5555-2.3.2.2-01, 5555-4.4.2-01] a Binding Update in UDP and IPv4 comes from the home address, without an option for it',
    hex: `45000064 00004000 4011d44a c6336409 cb007101  105f 105f 0050 9197
          6000000000208740 20010db8000100000000000000000002 20010db8000100000000000000000001
          3b030500 4edd 0109 c440 0069 0104 00000000 2308 0003 00 00 c6336409 0102 0000`,
    value: {
      kind: 'mobility',
      source: HOME_ADDRESS,
      destination: HOME_AGENT,
      outer: { source: CARE_OF, destination: AGENT, ports: { source: PORT, destination: PORT } },
      message: {
        type: MessageType.bindingUpdate,
        sequenceNumber: 0x109,
        flags: 0xc440,
        lifetimeSeconds: 420,
        options: [bid(3, { careOfAddress: CARE_OF })],
      },
    },
  },
  {
    name: '[5555-4.1-01, 5555-2.3.2.2-04] an acknowledgement in UDP goes to the port that a NAT has chosen',
    hex: `45000064 00004000 40113c3a cb007101 c000024d  105f 9cbb 0050 6d2a
          6000000000208740 20010db8000100000000000000000001 20010db8000100000000000000000002
          3b030600 1dad 0040 0109 0069 1f06 0000 0000006e 2304 0003 00 00 0104 00000000`,
    value: {
      kind: 'mobility',
      source: HOME_AGENT,
      destination: HOME_ADDRESS,
      outer: { source: AGENT, destination: address('192.0.2.77'), ports: { source: PORT, destination: 40_123 } },
      message: {
        type: MessageType.bindingAcknowledgement,
        status: 0,
        flags: 0x40,
        sequenceNumber: 0x109,
        lifetimeSeconds: 420,
        options: [{ type: OptionType.natDetection, requiresUdpEncapsulation: false, refreshSeconds: 110 }, bid(3)],
      },
    },
  },
  {
    name: 'an echo request directly in IPv4, protocol 41',
    hex: `4500004c 00004000 4029d44a c6336409 cb007101
          6000000000103a40 20010db8000100000000000000000002 20010db8000100000000000000000001
          8000 1203 1234 0007 0000000000000000`,
    value: {
      kind: 'icmpv6',
      source: HOME_ADDRESS,
      destination: HOME_AGENT,
      hopLimit: 64,
      outer: { source: CARE_OF, destination: AGENT },
      message: {
        type: Icmpv6Type.echoRequest,
        identifier: 0x1234,
        sequenceNumber: 7,
        data: new Uint8Array(8),
      },
    },
  },
  {
    name: 'an ICMP error that tells the next link to take 1400 octets',
    hex: `45000038 00004000 40014d8a c00002fe c6336409  0304 d115 0000 0578
          4500001c 00004000 4011d492 c6336409 cb007101 105f105f05b00000`,
    value: {
      kind: 'icmpv4',
      source: address('192.0.2.254'),
      destination: CARE_OF,
      message: {
        type: 3,
        code: 4,
        mtuBytes: 1400,
        invokingPacket: hex('4500001c 00004000 4011d492 c6336409 cb007101 105f105f05b00000'),
      },
    },
  },
];
