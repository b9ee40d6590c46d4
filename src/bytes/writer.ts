/** A growing big-endian buffer. Values wider than their field are a programming error and throw `RangeError`. */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 128) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Octets written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#grow(1, value, 0xff);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2, value, 0xffff);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4, value, 0xffffffff);
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
    return this;
  }

  put(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length, 0, 0);
    this.#bytes.set(bytes, at);
    return this;
  }

  zeros(count: number): this {
    this.#grow(count, 0, 0);
    return this;
  }

  /** Overwrites one octet written earlier, for a length that is known only afterwards. */
  setU8(at: number, value: number): void {
    if (at >= this.#length) throw new RangeError(`offset ${at} not written yet`);
    this.#bytes[at] = value;
  }

  /** Overwrites two octets written earlier, for a length or a checksum that is known only afterwards. */
  setU16(at: number, value: number): void {
    this.setU8(at + 1, value & 0xff);
    this.#bytes[at] = value >>> 8;
  }

  /** A view of what has been written; it stays valid only until the next write. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(count: number, value: number, largest: number): number {
    if (value < 0 || value > largest || !Number.isInteger(value))
      throw new RangeError(`${value} does not fit its field`);
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#length = needed;
    return at;
  }
}
