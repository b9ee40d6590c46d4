import { Writer } from '../../bytes/writer.ts';

/** A growing buffer in the host's byte order. Like `Writer`, it throws `RangeError` for values that do not fit. */
export class NativeWriter {
  readonly #writer = new Writer();
  readonly littleEndian: boolean;

  constructor(littleEndian: boolean) {
    this.littleEndian = littleEndian;
  }

  get length(): number {
    return this.#writer.length;
  }

  u8(value: number): this {
    this.#writer.u8(value);
    return this;
  }

  u16(value: number): this {
    this.#writer.u16(this.littleEndian ? swap16(value) : value);
    return this;
  }

  u32(value: number): this {
    this.#writer.u32(this.littleEndian ? swap32(value) : value);
    return this;
  }

  put(bytes: Uint8Array): this {
    this.#writer.put(bytes);
    return this;
  }

  zeros(count: number): this {
    this.#writer.zeros(count);
    return this;
  }

  /** Overwrites 16 bits written earlier. */
  setU16(at: number, value: number): void {
    this.#writer.setU16(at, this.littleEndian ? swap16(value) : value);
  }

  /** Overwrites 32 bits written earlier. */
  setU32(at: number, value: number): void {
    const swapped = this.littleEndian ? swap32(value) : value;
    this.#writer.setU16(at, swapped >>> 16);
    this.#writer.setU16(at + 2, swapped & 0xffff);
  }

  /** A view of what has been written; it stays valid only until the next write. */
  bytes(): Uint8Array {
    return this.#writer.bytes();
  }
}

function swap16(value: number): number {
  if (value < 0 || value > 0xffff || !Number.isInteger(value)) throw new RangeError(`${value} does not fit its field`);
  return ((value & 0xff) << 8) | (value >>> 8);
}

function swap32(value: number): number {
  if (value < 0 || value > 0xffffffff || !Number.isInteger(value)) {
    throw new RangeError(`${value} does not fit its field`);
  }
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
