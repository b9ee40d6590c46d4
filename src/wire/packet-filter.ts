import type { Address } from '../bytes/address.ts';
import { Icmpv6Type } from './icmpv6/numbers.ts';
import { NextHeader } from './ip/numbers.ts';
import { NativeWriter } from './netlink/native-writer.ts';

/** Instructions of classic BPF (linux/filter.h). */
const LOAD_OCTET = 0x30;
const LOAD_OCTET_BEHIND_INDEX = 0x50;
const LOAD_WORD = 0x20;
const SET_INDEX = 0x01;
const COPY_TO_INDEX = 0x07;
const ADD = 0x04;
const SHIFT_LEFT = 0x64;
const JUMP = 0x05;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER = 0x25;
const JUMP_IF_GREATER_OR_EQUAL = 0x35;
const RETURN = 0x06;

const NEXT_HEADER_AT = 6;
const DESTINATION_AT = 24;
const PAYLOAD_AT = 40;

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
  const program = [
    ...findUpperLayer,
    ...(options.neighborDiscovery ? acceptNeighborDiscovery : []),
    ...selectProtocol,
    ...(destinations ? selectDestination(destinations) : [accept]),
  ];
  if (program.length > LARGEST_PROGRAM) throw new RangeError(`${destinations?.length} destinations are too many`);
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

function selectDestination(destinations: readonly Address[]): Instruction[] {
  const program: Instruction[] = [];
  for (const destination of destinations) {
    if (destination.length !== 16) throw new RangeError('a destination is an IPv6 address');
    for (let i = 0; i < 16; i += 4) {
      const restOfBlock = ADDRESS_BLOCK - (i / 4) * 2 - 2;
      program.push([LOAD_WORD, 0, 0, DESTINATION_AT + i]);
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
