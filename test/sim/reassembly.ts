import { isIpv4Packet, payloadAt, sealIpv4, word } from './packets.ts';

const FRAGMENT_HEADER_BYTES = 8;
const REMEMBERED_PACKETS = 16;

interface Partial {
  readonly pieces: { readonly offset: number; readonly bytes: Uint8Array }[];
  header: Uint8Array;
  totalBytes: number | undefined;
}

interface Piece {
  readonly key: string;
  readonly offset: number;
  readonly isLast: boolean;
  readonly bytes: Uint8Array;
  /** That of the whole packet, but for its length. */
  readonly header: Uint8Array;
}

/** Puts fragments together again, of IPv6 those that follow the IPv6 header directly (RFC 8200 §4.5, RFC 791 §3.2). */
export class Reassembly {
  readonly #partial = new Map<string, Partial>();

  /** Returns the whole packet with the fragment that completes it. */
  add(packet: Uint8Array): Uint8Array | undefined {
    const { key, offset, isLast, bytes, header } = isIpv4Packet(packet) ? ipv4Piece(packet) : ipv6Piece(packet);
    let partial = this.#partial.get(key);
    if (!partial) {
      partial = { pieces: [], header, totalBytes: undefined };
      this.#partial.set(key, partial);
      if (this.#partial.size > REMEMBERED_PACKETS) this.#partial.delete(this.#partial.keys().next().value!);
    }
    if (!partial.pieces.some((piece) => piece.offset === offset)) partial.pieces.push({ offset, bytes });
    if (offset === 0) partial.header = header;
    if (isLast) partial.totalBytes = offset + bytes.length;
    const got = partial.pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
    if (got !== partial.totalBytes) return undefined;
    this.#partial.delete(key);
    const start = partial.header.length;
    const whole = new Uint8Array(start + got);
    whole.set(partial.header);
    for (const piece of partial.pieces) whole.set(piece.bytes, start + piece.offset);
    if (isIpv4Packet(whole)) {
      whole.set([whole.length >> 8, whole.length & 0xff], 2);
      whole.fill(0, 6, 8);
      sealIpv4(whole);
    } else {
      whole.set([got >> 8, got & 0xff], 4);
    }
    return whole;
  }
}

function ipv6Piece(packet: Uint8Array): Piece {
  const at = payloadAt(packet);
  const field = word(packet, at + 2);
  const header = packet.slice(0, at);
  header[6] = packet[at]!;
  return {
    key: String.fromCharCode(...packet.subarray(8, 40), ...packet.subarray(44, 48)),
    offset: field & 0xfff8,
    isLast: (field & 1) === 0,
    bytes: packet.subarray(at + FRAGMENT_HEADER_BYTES),
    header,
  };
}

function ipv4Piece(packet: Uint8Array): Piece {
  const at = payloadAt(packet);
  const field = word(packet, 6);
  return {
    key: String.fromCharCode(packet[9]!, ...packet.subarray(4, 6), ...packet.subarray(12, 20)),
    offset: (field & 0x1fff) * 8,
    isLast: (field & 0x2000) === 0,
    bytes: packet.subarray(at),
    header: packet.slice(0, at),
  };
}
