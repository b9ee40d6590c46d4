// Classic BPF as the kernel runs it on a packet (linux/filter.h), as far as our filters use it.

const OPERATION_MASK = 0x07;
const LOAD = 0x00;
const JUMP = 0x05;
const RETURN = 0x06;
const WORD = 0x20;
const HALF = 0x28;
const OCTET = 0x30;

/** Octets of the packet that a filter program accepts: 0 for none. Throws `RangeError` for a bad program. */
export function runFilter(program: Uint8Array, packet: Uint8Array, littleEndian: boolean): number {
  const code = new DataView(program.buffer, program.byteOffset, program.length);
  const data = new DataView(packet.buffer, packet.byteOffset, packet.length);
  let accumulator = 0;
  for (let at = 0; ; at++) {
    if ((at + 1) * 8 > program.length) throw new RangeError(`instruction ${at} is behind the program`);
    const instruction = code.getUint16(at * 8, littleEndian);
    const jumpTrue = code.getUint8(at * 8 + 2);
    const jumpFalse = code.getUint8(at * 8 + 3);
    const operand = code.getUint32(at * 8 + 4, littleEndian);
    switch (instruction & OPERATION_MASK) {
      case LOAD: {
        const width = { [WORD]: 4, [HALF]: 2, [OCTET]: 1 }[instruction];
        if (width === undefined) throw new RangeError(`instruction 0x${instruction.toString(16)}`);
        // A load behind the packet's end ends the program with 0.
        if (operand + width > packet.length) return 0;
        accumulator =
          width === 4 ? data.getUint32(operand) : width === 2 ? data.getUint16(operand) : data.getUint8(operand);
        break;
      }
      case JUMP: {
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
