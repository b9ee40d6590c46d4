// Classic BPF as the kernel runs it on a packet (linux/filter.h), as far as our filters use it.

const OPERATION_MASK = 0x07;
const LOAD = 0x00;
const SET_INDEX = 0x01;
const ARITHMETIC = 0x04;
const JUMP = 0x05;
const RETURN = 0x06;
const COPY = 0x07;
const WORD = 0x20;
const HALF = 0x28;
const OCTET = 0x30;
/** Added to a load's code: from behind the index register. */
const INDEXED = 0x20;
const SET_INDEX_TO_HEADER_LENGTH = 0xb1;
const COPY_FROM_INDEX = 0x87;
const AND = 0x54;
const JUMP_IF_ANY_BIT = 0x45;
const ADD = 0x04;
const SHIFT_LEFT = 0x64;
const JUMP_ALWAYS = 0x05;

/** Octets of the packet that a filter program accepts: 0 for none. Throws `RangeError` for a bad program. */
export function runFilter(program: Uint8Array, packet: Uint8Array, littleEndian: boolean): number {
  const code = new DataView(program.buffer, program.byteOffset, program.length);
  const data = new DataView(packet.buffer, packet.byteOffset, packet.length);
  let accumulator = 0;
  let index = 0;
  for (let at = 0; ; at++) {
    if ((at + 1) * 8 > program.length) throw new RangeError(`instruction ${at} is behind the program`);
    const instruction = code.getUint16(at * 8, littleEndian);
    const jumpTrue = code.getUint8(at * 8 + 2);
    const jumpFalse = code.getUint8(at * 8 + 3);
    const operand = code.getUint32(at * 8 + 4, littleEndian);
    switch (instruction & OPERATION_MASK) {
      case LOAD: {
        const indexed = instruction >= 0x40;
        const width = { [WORD]: 4, [HALF]: 2, [OCTET]: 1 }[indexed ? instruction - INDEXED : instruction];
        if (width === undefined) throw new RangeError(`instruction 0x${instruction.toString(16)}`);
        const from = indexed ? index + operand : operand;
        // A load behind the packet's end ends the program with 0.
        if (from + width > packet.length) return 0;
        accumulator = width === 4 ? data.getUint32(from) : width === 2 ? data.getUint16(from) : data.getUint8(from);
        break;
      }
      case SET_INDEX:
        if (instruction === SET_INDEX_TO_HEADER_LENGTH) {
          if (operand >= packet.length) return 0;
          index = (packet[operand]! & 15) * 4;
          break;
        }
        if (instruction !== SET_INDEX) throw new RangeError(`instruction 0x${instruction.toString(16)}`);
        index = operand;
        break;
      case ARITHMETIC:
        if (instruction === ADD) accumulator = (accumulator + operand) >>> 0;
        else if (instruction === AND) accumulator = (accumulator & operand) >>> 0;
        else if (instruction === SHIFT_LEFT) accumulator = (accumulator << operand) >>> 0;
        else throw new RangeError(`instruction 0x${instruction.toString(16)}`);
        break;
      case COPY:
        if (instruction === COPY_FROM_INDEX) {
          accumulator = index;
          break;
        }
        if (instruction !== COPY) throw new RangeError(`instruction 0x${instruction.toString(16)}`);
        index = accumulator;
        break;
      case JUMP: {
        if (instruction === JUMP_ALWAYS) {
          at += operand;
          break;
        }
        if (instruction === JUMP_IF_ANY_BIT) {
          at += (accumulator & operand) !== 0 ? jumpTrue : jumpFalse;
          break;
        }
        const comparison = { 21: accumulator === operand, 37: accumulator > operand, 53: accumulator >= operand }[
          instruction
        ];
        if (comparison === undefined) throw new RangeError(`instruction 0x${instruction.toString(16)}`);
        at += comparison ? jumpTrue : jumpFalse;
        break;
      }
      case RETURN:
        return operand;
      default:
        throw new RangeError(`instruction 0x${instruction.toString(16)}`);
    }
  }
}
