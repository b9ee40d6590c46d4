import type { Address } from '../bytes/address.ts';
import { Icmpv4Type } from './icmpv4/error.ts';
import { Icmpv6Type } from './icmpv6/numbers.ts';
import { NextHeader } from './ip/numbers.ts';
import { DSMIPV6_UDP_PORT } from './mh/numbers.ts';
import { NativeWriter } from './netlink/native-writer.ts';

/** Instructions of classic BPF (linux/filter.h). */
const LOAD_OCTET = 0x30;
const LOAD_OCTET_BEHIND_INDEX = 0x50;
const LOAD_HALF = 0x28;
const LOAD_HALF_BEHIND_INDEX = 0x48;
const LOAD_WORD = 0x20;
const LOAD_WORD_BEHIND_INDEX = 0x40;
/** Four times the low half of an octet: the length of an IPv4 header. */
const SET_INDEX_TO_HEADER_LENGTH = 0xb1;
const COPY_FROM_INDEX = 0x87;
const SET_INDEX = 0x01;
const COPY_TO_INDEX = 0x07;
const ADD = 0x04;
const AND = 0x54;
const SHIFT_LEFT = 0x64;
const JUMP = 0x05;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER = 0x25;
const JUMP_IF_GREATER_OR_EQUAL = 0x35;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN = 0x06;

const NEXT_HEADER_AT = 6;
const DESTINATION_AT = 24;
const PAYLOAD_AT = 40;

const IPV4_FRAGMENT_AT = 6;
const IPV4_PROTOCOL_AT = 9;
const IPV4_FRAGMENT_OFFSET = 0x1fff;
const UDP_DESTINATION_PORT_AT = 2;
const UDP_HEADER_OCTETS = 8;
const VERSION_BITS = 0xf0;
const IPV6_VERSION_BITS = 0x60;

const WHOLE_PACKET = 0xffffffff;
const NOTHING = 0;
/** Instructions of one address's block: four loads and comparisons, and the verdict. */
const ADDRESS_BLOCK = 9;
const LARGEST_PROGRAM = 4096;

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, operand: number];

export interface SignallingFilterOptions {
  /**
   * Accepts Neighbor Discovery, too: for whatever destination, as it is sent to groups and from the link alone.
   * False if it is left out.
   */
  readonly neighborDiscovery?: boolean;
}

/**
 * A classic BPF program (`struct sock_filter` array in the host's byte order) for a packet socket that sees packets
 * from the IPv6 header on. It accepts what the stack must see and the kernel may not understand: a Mobility Header,
 * destination options, a routing header, and ICMPv6 errors, echo replies and the messages of RFC 6275, each also behind
 * hop-by-hop options. With `destinations`, only packets to one of them. Throws `RangeError` for more destinations than
 * a program holds.
 */
export function buildSignallingFilter(
  littleEndian: boolean,
  destinations?: readonly Address[],
  options: SignallingFilterOptions = {},
): Uint8Array {
  return assemble(littleEndian, [
    ...findUpperLayer,
    ...(options.neighborDiscovery ? acceptNeighborDiscovery : []),
    ...selectProtocol,
    ...(destinations ? selectDestination(destinations, LOAD_WORD) : [accept]),
  ]);
}

/**
 * The same for packets from the IPv4 header on: accepts signalling inside of UDP to port 4191 or directly in IPv4, as
 * above but without hop-by-hop options, and ICMP's destination unreachable. `destinations` are those of the IPv6 packets
 * inside.
 */
export function buildSignallingFilterIpv4(littleEndian: boolean, destinations?: readonly Address[]): Uint8Array {
  return assemble(littleEndian, [
    ...findInnerPacket,
    ...selectProtocol,
    ...(destinations ? selectDestination(destinations, LOAD_WORD_BEHIND_INDEX) : [accept]),
  ]);
}

function assemble(littleEndian: boolean, program: readonly Instruction[]): Uint8Array {
  if (program.length > LARGEST_PROGRAM) throw new RangeError('too many destinations for one program');
  const writer = new NativeWriter(littleEndian);
  for (const [code, jumpTrue, jumpFalse, operand] of program) {
    writer.u16(code).u8(jumpTrue).u8(jumpFalse).u32(operand);
  }
  return writer.bytes();
}

// Jumps count from the following instruction.

const accept: Instruction = [RETURN, 0, 0, WHOLE_PACKET];
const reject: Instruction = [RETURN, 0, 0, NOTHING];

/** Leaves the protocol behind hop-by-hop options in the accumulator and their length in the index register. */
const findUpperLayer: readonly Instruction[] = [
  [SET_INDEX, 0, 0, 0],
  [LOAD_OCTET, 0, 0, NEXT_HEADER_AT],
  [JUMP_IF_EQUAL, 0, 5, NextHeader.hopByHopOptions],
  [LOAD_OCTET, 0, 0, PAYLOAD_AT + 1],
  [SHIFT_LEFT, 0, 0, 3],
  [ADD, 0, 0, 8],
  [COPY_TO_INDEX, 0, 0, 0],
  [LOAD_OCTET, 0, 0, PAYLOAD_AT],
];

/** Falls out at its end as it was entered, with a packet that is something else. */
const acceptNeighborDiscovery: readonly Instruction[] = [
  [JUMP_IF_EQUAL, 0, 5, NextHeader.icmpv6],
  [LOAD_OCTET_BEHIND_INDEX, 0, 0, PAYLOAD_AT],
  [JUMP_IF_GREATER, 2, 0, Icmpv6Type.redirect],
  [JUMP_IF_GREATER_OR_EQUAL, 0, 1, Icmpv6Type.routerSolicitation],
  accept,
  [JUMP, 0, 0, 4],
];

/** Falls out at its end with a packet that may be accepted. */
const selectProtocol: readonly Instruction[] = [
  [JUMP_IF_EQUAL, 10, 0, NextHeader.mobility],
  [JUMP_IF_EQUAL, 9, 0, NextHeader.destinationOptions],
  [JUMP_IF_EQUAL, 8, 0, NextHeader.routing],
  [JUMP_IF_EQUAL, 0, 6, NextHeader.icmpv6],
  [LOAD_OCTET_BEHIND_INDEX, 0, 0, PAYLOAD_AT],
  [JUMP_IF_EQUAL, 5, 0, Icmpv6Type.echoReply],
  [JUMP_IF_GREATER, 3, 0, Icmpv6Type.mobilePrefixAdvertisement],
  [JUMP_IF_GREATER_OR_EQUAL, 3, 0, Icmpv6Type.homeAgentAddressDiscoveryRequest],
  [JUMP_IF_GREATER, 1, 0, Icmpv6Type.parameterProblem],
  [JUMP_IF_GREATER_OR_EQUAL, 1, 0, Icmpv6Type.destinationUnreachable],
  reject,
];

/**
 * Ends with destination unreachable. Else it leaves the start of an IPv6 packet in the index register and that packet's
 * next header in the accumulator.
 */
const findInnerPacket: readonly Instruction[] = [
  [LOAD_HALF, 0, 0, IPV4_FRAGMENT_AT],
  [JUMP_IF_ANY_BIT, 8, 0, IPV4_FRAGMENT_OFFSET],
  [SET_INDEX_TO_HEADER_LENGTH, 0, 0, 0],
  [LOAD_OCTET, 0, 0, IPV4_PROTOCOL_AT],
  [JUMP_IF_EQUAL, 12, 0, NextHeader.ipv6],
  [JUMP_IF_EQUAL, 5, 0, NextHeader.udp],
  [JUMP_IF_EQUAL, 0, 3, NextHeader.icmpv4],
  [LOAD_OCTET_BEHIND_INDEX, 0, 0, 0],
  [JUMP_IF_EQUAL, 0, 1, Icmpv4Type.destinationUnreachable],
  accept,
  reject,
  [LOAD_HALF_BEHIND_INDEX, 0, 0, UDP_DESTINATION_PORT_AT],
  [JUMP_IF_EQUAL, 1, 0, DSMIPV6_UDP_PORT],
  reject,
  [COPY_FROM_INDEX, 0, 0, 0],
  [ADD, 0, 0, UDP_HEADER_OCTETS],
  [COPY_TO_INDEX, 0, 0, 0],
  [LOAD_OCTET_BEHIND_INDEX, 0, 0, 0],
  [AND, 0, 0, VERSION_BITS],
  [JUMP_IF_EQUAL, 1, 0, IPV6_VERSION_BITS],
  reject,
  [LOAD_OCTET_BEHIND_INDEX, 0, 0, NEXT_HEADER_AT],
];

function selectDestination(destinations: readonly Address[], load: number): Instruction[] {
  const program: Instruction[] = [];
  for (const destination of destinations) {
    if (destination.length !== 16) throw new RangeError('a destination is an IPv6 address');
    for (let i = 0; i < 16; i += 4) {
      const restOfBlock = ADDRESS_BLOCK - (i / 4) * 2 - 2;
      program.push([load, 0, 0, DESTINATION_AT + i]);
      program.push([JUMP_IF_EQUAL, 0, restOfBlock, wordAt(destination, i)]);
    }
    program.push(accept);
  }
  program.push(reject);
  return program;
}

function wordAt(address: Address, at: number): number {
  let word = 0;
  for (let i = at; i < at + 4; i++) word = word * 256 + address.charCodeAt(i);
  return word;
}
