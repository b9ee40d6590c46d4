import { WireError } from './wire-error.ts';

/**
 * A big-endian cursor over bytes that are not trusted. Every read past the end throws `WireError('truncated')`.
 * `base` is the offset of the first byte in the whole packet: errors and `offset` count from there.
 * The bytes are never copied.
 */
export class Reader {
  readonly bytes: Uint8Array;
  readonly base: number;
  #position = 0;

  constructor(bytes: Uint8Array, base = 0) {
    this.bytes = bytes;
    this.base = base;
  }

  /** Octets not yet read. */
  get remaining(): number {
    return this.bytes.length - this.#position;
  }

  /** Octets read so far. */
  get position(): number {
    return this.#position;
  }

  /** Offset of the next octet in the whole packet. */
  get offset(): number {
    return this.base + this.#position;
  }

  u8(): number {
    return this.bytes[this.#advance(1)]!;
  }

  u16(): number {
    const at = this.#advance(2);
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  /** An unsigned 32-bit number. */
  u32(): number {
    const at = this.#advance(4);
    const { bytes } = this;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** A view of the next `length` octets. */
  take(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  /** A view of everything not yet read. */
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  /** A reader over the next `length` octets, whose offsets still count from the start of the packet. */
  within(length: number): Reader {
    const base = this.offset;
    return new Reader(this.take(length), base);
  }

  #advance(length: number): number {
    const at = this.#position;
    if (length > this.bytes.length - at) throw new WireError('truncated', this.base + this.bytes.length);
    this.#position = at + length;
    return at;
  }
}
