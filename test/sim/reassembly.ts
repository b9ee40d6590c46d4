import { HEADER_BYTES } from './packets.ts';

const FRAGMENT_HEADER_BYTES = 8;
const REMEMBERED_PACKETS = 16;

interface Partial {
  readonly pieces: { readonly offset: number; readonly bytes: Uint8Array }[];
  totalBytes: number | undefined;
}

/** Puts fragments that follow the IPv6 header directly together again (RFC 8200 §4.5). */
export class Reassembly {
  readonly #partial = new Map<string, Partial>();

  /** Returns the whole packet with the fragment that completes it. */
  add(packet: Uint8Array): Uint8Array | undefined {
    const key = String.fromCharCode(...packet.subarray(8, 40), ...packet.subarray(44, 48));
    let partial = this.#partial.get(key);
    if (!partial) {
      partial = { pieces: [], totalBytes: undefined };
      this.#partial.set(key, partial);
      if (this.#partial.size > REMEMBERED_PACKETS) this.#partial.delete(this.#partial.keys().next().value!);
    }
    const field = (packet[42]! << 8) | packet[43]!;
    const bytes = packet.subarray(HEADER_BYTES + FRAGMENT_HEADER_BYTES);
    const offset = field & 0xfff8;
    if (!partial.pieces.some((piece) => piece.offset === offset)) partial.pieces.push({ offset, bytes });
    if ((field & 1) === 0) partial.totalBytes = offset + bytes.length;
    const got = partial.pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
    if (got !== partial.totalBytes) return undefined;
    this.#partial.delete(key);
    const whole = new Uint8Array(HEADER_BYTES + got);
    whole.set(packet.subarray(0, HEADER_BYTES));
    whole.set([got >> 8, got & 0xff, packet[HEADER_BYTES]!], 4);
    for (const piece of partial.pieces) whole.set(piece.bytes, HEADER_BYTES + piece.offset);
    return whole;
  }
}
