/** Typed as a class without statics, for those of a Buffer have other types than those of the array it extends. */
const Octets = Uint8Array as unknown as new (
  source: number | ArrayBuffer,
  offset?: number,
  length?: number,
) => Uint8Array<ArrayBuffer>;

const REPLACEMENT = 0xfffd;
/** `String.fromCharCode` takes its characters as arguments, of which there must not be too many. */
const CHARACTERS_AT_ONCE = 4096;

/**
 * As much of Node's Buffer as MQTT.js, mqtt-packet and the streams use. Text is UTF-8; any other encoding throws a
 * `TypeError`, and so do reads and writes beyond the end a `RangeError`.
 */
export class Buffer extends Octets {
  /** A copy, but of an `ArrayBuffer` a view, as in Node. */
  static from(
    source: string | ArrayLike<number> | ArrayBuffer,
    encodingOrOffset?: string | number,
    length?: number,
  ): Buffer {
    if (typeof source === 'string') {
      checkEncoding(encodingOrOffset);
      return encodeUtf8(source);
    }
    if (source instanceof ArrayBuffer) return new Buffer(source, encodingOrOffset as number | undefined, length);
    if (typeof source !== 'object' || source === null) throw new TypeError('a Buffer is made from text or octets');
    const buffer = new Buffer(source.length);
    buffer.set(source);
    return buffer;
  }

  static alloc(length: number): Buffer {
    return new Buffer(length);
  }

  static allocUnsafe(length: number): Buffer {
    return new Buffer(length);
  }

  static concat(parts: readonly Uint8Array[], length = parts.reduce((sum, part) => sum + part.length, 0)): Buffer {
    const whole = new Buffer(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part.subarray(0, length - at), at);
      at += Math.min(part.length, length - at);
    }
    return whole;
  }

  static isBuffer(value: unknown): value is Buffer {
    return value instanceof Buffer;
  }

  static isEncoding(encoding: unknown): boolean {
    return typeof encoding === 'string' && /^utf-?8$/i.test(encoding);
  }

  /** The octets that a text needs, or those of something that is octets already. */
  static byteLength(value: string | ArrayBuffer | ArrayBufferView): number {
    if (typeof value !== 'string') return value.byteLength;
    let length = 0;
    for (let i = 0; i < value.length; i++) {
      const code = value.codePointAt(i)!;
      if (code > 0xffff) i++;
      length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    }
    return length;
  }

  override toString(encoding?: string, start = 0, end = this.length): string {
    checkEncoding(encoding);
    return decodeUtf8(this, Math.max(start, 0), Math.min(end, this.length));
  }

  /** A view, as in Node: unlike the slice of a `Uint8Array`. */
  override slice(start?: number, end?: number): Buffer {
    return this.subarray(start, end) as Buffer;
  }

  /** Returns how many octets there were to copy and room for. */
  copy(target: Uint8Array, targetStart = 0, start = 0, end = this.length): number {
    const part = this.subarray(start, Math.min(end, start + target.length - targetStart));
    target.set(part, targetStart);
    return part.length;
  }

  /** Writes as many whole characters as there is room for and returns their octets. */
  write(text: string, offset = 0): number {
    const octets = encodeUtf8(text);
    let length = Math.min(octets.length, this.length - offset);
    while (length < octets.length && length > 0 && (octets[length]! & 0xc0) === 0x80) length--;
    this.set(octets.subarray(0, length), offset);
    return length;
  }

  readUInt8(offset = 0): number {
    return this.#view(offset, 1).getUint8(0);
  }

  readUInt16BE(offset = 0): number {
    return this.#view(offset, 2).getUint16(0);
  }

  readUInt32BE(offset = 0): number {
    return this.#view(offset, 4).getUint32(0);
  }

  writeUInt8(value: number, offset = 0): number {
    this.#view(offset, 1).setUint8(0, checkRange(value, 0xff));
    return offset + 1;
  }

  writeUInt16BE(value: number, offset = 0): number {
    this.#view(offset, 2).setUint16(0, checkRange(value, 0xffff));
    return offset + 2;
  }

  writeUInt32BE(value: number, offset = 0): number {
    this.#view(offset, 4).setUint32(0, checkRange(value, 0xffffffff));
    return offset + 4;
  }

  #view(offset: number, length: number): DataView {
    if (!(offset >= 0 && offset + length <= this.length)) throw new RangeError(`octet ${offset} is out of range`);
    return new DataView(this.buffer, this.byteOffset + offset, length);
  }
}

function checkEncoding(encoding: unknown): void {
  if (encoding !== undefined && !Buffer.isEncoding(encoding)) throw new TypeError(`unknown encoding: ${encoding}`);
}

function checkRange(value: number, maximum: number): number {
  if (!(value >= 0 && value <= maximum)) throw new RangeError(`${value} is out of range`);
  return value;
}

function encodeUtf8(text: string): Buffer {
  const octets = new Buffer(Buffer.byteLength(text));
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    if (point > 0xffff) i++;
    // Half of a pair alone is no character.
    const code = point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
    if (code < 0x80) {
      octets[at++] = code;
      continue;
    }
    const following = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    octets[at++] = ((0xff00 >> (following + 1)) & 0xff) | (code >> (6 * following));
    for (let shift = 6 * (following - 1); shift >= 0; shift -= 6) octets[at++] = 0x80 | ((code >> shift) & 0x3f);
  }
  return octets;
}

/** What is not UTF-8 becomes U+FFFD, one for each longest start of a character (Unicode 15 §3.9, table 3-8). */
function decodeUtf8(octets: Uint8Array, start: number, end: number): string {
  let text = '';
  let units: number[] = [];
  for (let i = start; i < end; ) {
    const first = octets[i++]!;
    let code = first;
    if (first >= 0x80) {
      let following = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
      code = following === 0 ? REPLACEMENT : first & (0x3f >> following);
      // The first octet narrows the second: no longer form than needed, no surrogates, nothing beyond U+10FFFF.
      let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
      let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
      for (; following > 0; following--) {
        const next = i < end ? octets[i]! : 0;
        if (next < low || next > high) {
          code = REPLACEMENT;
          break;
        }
        code = (code << 6) | (next & 0x3f);
        i++;
        low = 0x80;
        high = 0xbf;
      }
    }
    if (code > 0xffff) units.push(0xd7c0 + (code >> 10), 0xdc00 | (code & 0x3ff));
    else units.push(code);
    if (units.length >= CHARACTERS_AT_ONCE) {
      text += String.fromCharCode(...units);
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}
