import type { Address } from './address.ts';

/** A growing big-endian buffer. Values wider than their field are a programming error and throw `RangeError`. */
export class Writer {
  // As in `Reader`: neither `#private` nor defined before they are set.
  declare private octets: Uint8Array;
  declare private capacity: number;
  declare private used: number;

  constructor(capacity = 128) {
    this.octets = new Uint8Array(capacity);
    this.capacity = capacity;
    this.used = 0;
  }

  /** Octets written so far. */
  get length(): number {
    return this.used;
  }

  // Each method checks its value by a bit operation, which is false for fractions and NaN, too: a call of
  // Number.isInteger would cost more than the write.

  u8(value: number): this {
    if ((value & 0xff) !== value) throw misfit(value);
    const at = this.used;
    if (at + 1 > this.capacity) this.grow(at + 1);
    this.octets[at] = value;
    this.used = at + 1;
    return this;
  }

  u16(value: number): this {
    if ((value & 0xffff) !== value) throw misfit(value);
    const at = this.used;
    if (at + 2 > this.capacity) this.grow(at + 2);
    const { octets } = this;
    octets[at] = value >>> 8;
    octets[at + 1] = value;
    this.used = at + 2;
    return this;
  }

  u32(value: number): this {
    if (value >>> 0 !== value) throw misfit(value);
    const at = this.used;
    if (at + 4 > this.capacity) this.grow(at + 4);
    const { octets } = this;
    octets[at] = value >>> 24;
    octets[at + 1] = value >>> 16;
    octets[at + 2] = value >>> 8;
    octets[at + 3] = value;
    this.used = at + 4;
    return this;
  }

  /** The 4 or 16 octets of an address, each written out: a loop costs more than its body. */
  address(address: Address): this {
    const at = this.used;
    const end = at + address.length;
    if (end > this.capacity) this.grow(end);
    const { octets } = this;
    octets[at] = address.charCodeAt(0);
    octets[at + 1] = address.charCodeAt(1);
    octets[at + 2] = address.charCodeAt(2);
    octets[at + 3] = address.charCodeAt(3);
    if (address.length === 16) {
      octets[at + 4] = address.charCodeAt(4);
      octets[at + 5] = address.charCodeAt(5);
      octets[at + 6] = address.charCodeAt(6);
      octets[at + 7] = address.charCodeAt(7);
      octets[at + 8] = address.charCodeAt(8);
      octets[at + 9] = address.charCodeAt(9);
      octets[at + 10] = address.charCodeAt(10);
      octets[at + 11] = address.charCodeAt(11);
      octets[at + 12] = address.charCodeAt(12);
      octets[at + 13] = address.charCodeAt(13);
      octets[at + 14] = address.charCodeAt(14);
      octets[at + 15] = address.charCodeAt(15);
    }
    this.used = end;
    return this;
  }

  put(bytes: Uint8Array): this {
    const at = this.used;
    const end = at + bytes.length;
    if (end > this.capacity) this.grow(end);
    this.octets.set(bytes, at);
    this.used = end;
    return this;
  }

  zeros(count: number): this {
    const end = this.used + count;
    if (end > this.capacity) this.grow(end);
    this.used = end;
    return this;
  }

  /** Overwrites one octet written earlier, for a length that is known only afterwards. */
  setU8(at: number, value: number): void {
    if (at >= this.used) throw new RangeError(`offset ${at} not written yet`);
    this.octets[at] = value;
  }

  /** Overwrites two octets written earlier, for a length or a checksum that is known only afterwards. */
  setU16(at: number, value: number): void {
    this.setU8(at + 1, value & 0xff);
    this.octets[at] = value >>> 8;
  }

  /** A view of what has been written, from index `start`; it stays valid only until the next write. */
  bytes(start = 0): Uint8Array {
    return this.octets.subarray(start, this.used);
  }

  private grow(needed: number): void {
    this.capacity = Math.max(needed, this.capacity * 2);
    const larger = new Uint8Array(this.capacity);
    larger.set(this.octets);
    this.octets = larger;
  }
}

function misfit(value: number): RangeError {
  return new RangeError(`${value} does not fit its field`);
}
