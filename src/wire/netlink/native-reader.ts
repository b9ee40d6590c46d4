import { WireError } from '../../bytes/wire-error.ts';

/**
 * A cursor over bytes that the kernel wrote in the host's byte order. Like `Reader`, every read past the end throws
 * `WireError('truncated')`, and `offset` counts from the start of the whole buffer.
 */
export class NativeReader {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly base: number;
  #position = 0;

  constructor(bytes: Uint8Array, littleEndian: boolean, base = 0) {
    this.bytes = bytes;
    this.littleEndian = littleEndian;
    this.base = base;
  }

  get remaining(): number {
    return this.bytes.length - this.#position;
  }

  get offset(): number {
    return this.base + this.#position;
  }

  u8(): number {
    return this.bytes[this.#advance(1)]!;
  }

  u16(): number {
    const at = this.#advance(2);
    const first = this.bytes[at]!;
    const second = this.bytes[at + 1]!;
    return this.littleEndian ? first | (second << 8) : (first << 8) | second;
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  i32(): number {
    const at = this.#advance(4);
    const { bytes } = this;
    return this.littleEndian
      ? bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      : (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  take(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  /** A reader over the next `length` octets. */
  within(length: number): NativeReader {
    const base = this.offset;
    return new NativeReader(this.take(length), this.littleEndian, base);
  }

  #advance(length: number): number {
    const at = this.#position;
    if (length > this.bytes.length - at) throw new WireError('truncated', this.base + this.bytes.length);
    this.#position = at + length;
    return at;
  }
}
