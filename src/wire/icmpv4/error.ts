import { foldChecksum, sumWords } from '../../bytes/checksum.ts';
import { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import type { Writer } from '../../bytes/writer.ts';

/** ICMP types (RFC 792). */
export const Icmpv4Type = {
  destinationUnreachable: 3,
  timeExceeded: 11,
  parameterProblem: 12,
} as const;

/** Codes of destination unreachable (RFC 792, RFC 1191 §4). */
export const Icmpv4UnreachableCode = {
  protocolUnreachable: 2,
  portUnreachable: 3,
  fragmentationNeeded: 4,
} as const;

/** An ICMP error: that a packet of ours went nowhere. */
export interface Icmpv4Message {
  readonly type: number;
  readonly code: number;
  /** What the next link takes, with `fragmentationNeeded`; 0 from a router that does not say (RFC 1191 §5). */
  readonly mtuBytes: number;
  /** The packet in question from its IPv4 header on, cut short at will. */
  readonly invokingPacket: Uint8Array;
}

const CHECKSUM_AT = 2;

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     Type      |     Code      |          Checksum             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           unused              |         Next-Hop MTU          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                Data or the packet in question                 |
 * ```
 * Reads a whole ICMP message as if it were an error; the receiver looks at the type. `base` is its offset in its packet.
 * Throws `truncated` and `bad-checksum`.
 */
export function decodeIcmpv4(bytes: Uint8Array, base = 0): Icmpv4Message {
  const reader = new Reader(bytes, base);
  const type = reader.u8();
  const code = reader.u8();
  reader.skip(4);
  const mtuBytes = reader.u16();
  if (foldChecksum(sumWords(bytes)) !== 0) throw new WireError('bad-checksum', base + CHECKSUM_AT);
  return { type, code, mtuBytes, invokingPacket: reader.rest() };
}

export function encodeIcmpv4(writer: Writer, message: Icmpv4Message): void {
  const start = writer.length;
  writer.u8(message.type).u8(message.code).u32(0).u16(message.mtuBytes).put(message.invokingPacket);
  writer.setU16(start + CHECKSUM_AT, foldChecksum(sumWords(writer.bytes(start))));
}
