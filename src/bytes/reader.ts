import { type Address, ipv4AddressAt, ipv6AddressAt } from './address.ts';
import { WireError } from './wire-error.ts';

/**
 * A big-endian cursor over bytes that are not trusted. Every read past the end throws `WireError('truncated')`.
 * `base` is the offset of the first of `bytes` in the whole packet: errors and `offset` count from there.
 * The bytes are never copied.
 */
export class Reader {
  // Under an interpreter a call, the look-up of a `#private` name, and a field that is defined before the constructor
  // sets it each cost more than a read. So fields are declared alone, and the methods written out.
  declare readonly bytes: Uint8Array;
  declare readonly base: number;
  declare private start: number;
  declare private end: number;
  declare private at: number;

  /** Reads `bytes` from index `start` to before index `end`, all of them if these are left out. */
  constructor(bytes: Uint8Array, base = 0, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.base = base;
    this.start = start;
    this.end = end;
    this.at = start;
  }

  /** Begins again with another part of the same bytes: what a new reader would do, without making one. */
  moveTo(start: number, end: number): this {
    this.start = start;
    this.end = end;
    this.at = start;
    return this;
  }

  /** Octets not yet read. */
  get remaining(): number {
    return this.end - this.at;
  }

  /** Octets read so far. */
  get position(): number {
    return this.at - this.start;
  }

  /** Index of the next octet in `bytes`, for those who read there themselves. */
  get index(): number {
    return this.at;
  }

  /** Offset of the next octet in the whole packet. */
  get offset(): number {
    return this.base + this.at;
  }

  u8(): number {
    const { at } = this;
    if (at >= this.end) throw this.truncated();
    this.at = at + 1;
    return this.bytes[at]!;
  }

  u16(): number {
    const { at, bytes } = this;
    if (at + 2 > this.end) throw this.truncated();
    this.at = at + 2;
    return (bytes[at]! << 8) | bytes[at + 1]!;
  }

  /** An unsigned 32-bit number. */
  u32(): number {
    const { at, bytes } = this;
    if (at + 4 > this.end) throw this.truncated();
    this.at = at + 4;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** The IPv6 address in the next 16 octets. */
  ipv6Address(): Address {
    const { at } = this;
    if (at + 16 > this.end) throw this.truncated();
    this.at = at + 16;
    return ipv6AddressAt(this.bytes, at);
  }

  /** The IPv4 address in the next 4 octets. */
  ipv4Address(): Address {
    const { at } = this;
    if (at + 4 > this.end) throw this.truncated();
    this.at = at + 4;
    return ipv4AddressAt(this.bytes, at);
  }

  /** A view of the next `length` octets. */
  take(length: number): Uint8Array {
    const { at } = this;
    this.skip(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    const at = this.at + length;
    if (at > this.end) throw this.truncated();
    this.at = at;
  }

  /** A view of everything not yet read. */
  rest(): Uint8Array {
    return this.take(this.end - this.at);
  }

  /** A reader over the next `length` octets, whose offsets still count from the start of the packet. */
  within(length: number): Reader {
    const { at } = this;
    this.skip(length);
    // The same bytes with other limits: a view of them would cost more than all that is read from it.
    return new Reader(this.bytes, this.base, at, at + length);
  }

  private truncated(): WireError {
    return new WireError('truncated', this.base + this.end);
  }
}
