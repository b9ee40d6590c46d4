// The content of every transfer: a byte that anyone can compute from its place in the stream, so that a lost, doubled
// or moved octet is found where it happens.

function byteAt(seed: number, position: number): number {
  const word = Math.imul(Math.floor(position / 4) + seed, 0x9e3779b1);
  return (word >>> (8 * (position % 4))) & 0xff;
}

/** The octets of a stream from `position` on. */
export function pattern(seed: number, position: number, length: number): Buffer {
  const octets = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index++) octets[index] = byteAt(seed, position + index);
  return octets;
}

/** Where in the stream `octets`, received at `position`, differ from the pattern; -1 if nowhere. */
export function firstDifference(seed: number, position: number, octets: Uint8Array): number {
  for (let index = 0; index < octets.length; index++) {
    if (octets[index] !== byteAt(seed, position + index)) return position + index;
  }
  return -1;
}
