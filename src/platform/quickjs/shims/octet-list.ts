import { Buffer } from './buffer.ts';

/** As much of the package bl as mqtt-packet's parser uses: octets that arrive in parts and are read as one. */
export class OctetList {
  #octets = Buffer.alloc(0);

  get length(): number {
    return this.#octets.length;
  }

  append(part: Uint8Array): this {
    // What is left of the last packet is mostly nothing, so that there is nothing to copy.
    this.#octets =
      this.length === 0
        ? Buffer.from(part.buffer as ArrayBuffer, part.byteOffset, part.length)
        : Buffer.concat([this.#octets, part]);
    return this;
  }

  /** Drops octets at the front. */
  consume(length: number): this {
    this.#octets = this.#octets.slice(length);
    return this;
  }

  slice(start?: number, end?: number): Buffer {
    return this.#octets.slice(start, end);
  }

  toString(encoding?: string, start?: number, end?: number): string {
    return this.#octets.toString(encoding, start, end);
  }

  readUInt8(offset?: number): number {
    return this.#octets.readUInt8(offset);
  }

  readUInt16BE(offset?: number): number {
    return this.#octets.readUInt16BE(offset);
  }

  readUInt32BE(offset?: number): number {
    return this.#octets.readUInt32BE(offset);
  }
}
