import type { Address } from '../bytes/address.ts';
import { Icmpv6Type } from './icmpv6/message.ts';
import { NextHeader } from './ip/numbers.ts';
import { NativeWriter } from './netlink/native-writer.ts';

/** Instructions of classic BPF (linux/filter.h). */
const LOAD_OCTET = 0x30;
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER = 0x25;
const JUMP_IF_GREATER_OR_EQUAL = 0x35;
const RETURN = 0x06;

const NEXT_HEADER_AT = 6;
const DESTINATION_AT = 24;
const ICMPV6_TYPE_AT = 40;

const WHOLE_PACKET = 0xffffffff;
const NOTHING = 0;
/** Instructions of one address's block: four loads and comparisons, and the verdict. */
const ADDRESS_BLOCK = 9;
const LARGEST_PROGRAM = 4096;

/** Home agent address discovery and mobile prefix messages (RFC 6275 §6.5 to §6.8). */
const FIRST_MOBILITY_ICMPV6_TYPE = 144;
const LAST_MOBILITY_ICMPV6_TYPE = 147;

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, operand: number];

/**
 * A classic BPF program (`struct sock_filter` array in the host's byte order) for a packet socket that sees packets
 * from the IPv6 header on. It accepts what the stack must see and the kernel may not understand: a Mobility Header,
 * destination options, a routing header, and ICMPv6 errors, echo replies and the messages of RFC 6275. With
 * `destinations`, only packets to one of them. Throws `RangeError` for more destinations than a program holds.
 */
export function buildSignallingFilter(littleEndian: boolean, destinations?: readonly Address[]): Uint8Array {
  const program = [...selectProtocol, ...(destinations ? selectDestination(destinations) : [accept])];
  if (program.length > LARGEST_PROGRAM) throw new RangeError(`${destinations?.length} destinations are too many`);
  const writer = new NativeWriter(littleEndian);
  for (const [code, jumpTrue, jumpFalse, operand] of program) {
    writer.u16(code).u8(jumpTrue).u8(jumpFalse).u32(operand);
  }
  return writer.bytes();
}

const accept: Instruction = [RETURN, 0, 0, WHOLE_PACKET];
const reject: Instruction = [RETURN, 0, 0, NOTHING];

/** Falls out at its end with a packet that may be accepted. Jumps count from the following instruction. */
const selectProtocol: readonly Instruction[] = [
  [LOAD_OCTET, 0, 0, NEXT_HEADER_AT],
  [JUMP_IF_EQUAL, 10, 0, NextHeader.mobility],
  [JUMP_IF_EQUAL, 9, 0, NextHeader.destinationOptions],
  [JUMP_IF_EQUAL, 8, 0, NextHeader.routing],
  [JUMP_IF_EQUAL, 0, 6, NextHeader.icmpv6],
  [LOAD_OCTET, 0, 0, ICMPV6_TYPE_AT],
  [JUMP_IF_EQUAL, 5, 0, Icmpv6Type.echoReply],
  [JUMP_IF_GREATER, 3, 0, LAST_MOBILITY_ICMPV6_TYPE],
  [JUMP_IF_GREATER_OR_EQUAL, 3, 0, FIRST_MOBILITY_ICMPV6_TYPE],
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
