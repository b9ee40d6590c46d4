import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';

/** Length of cookies and keygen tokens, which mean nothing to whom they were not made for (RFC 6275 §5.2.3). */
export const OPAQUE_OCTETS = 8;

export function readOpaque(reader: Reader): Uint8Array {
  return reader.take(OPAQUE_OCTETS);
}

/** Another length is a programming error and throws `RangeError`. */
export function writeOpaque(writer: Writer, octets: Uint8Array): void {
  if (octets.length !== OPAQUE_OCTETS) throw new RangeError(`a cookie or token of ${octets.length} octets`);
  writer.put(octets);
}
