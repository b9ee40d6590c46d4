import { META_WORDS, receive } from 'monami-native';

/** Packets taken from a socket at once, and the room for them. */
const BATCH = 64;
const BUFFER_OCTETS = 256 * 1024;
/** Batches taken in one turn, so that one busy socket does not keep the others waiting. */
const BATCHES_PER_TURN = 4;

const EAGAIN = 11;

const buffer = new ArrayBuffer(BUFFER_OCTETS);
const bytes = new Uint8Array(buffer);
const meta = new Int32Array(BATCH * META_WORDS);

/**
 * Hands over what has arrived on a packet, UDP or netlink socket. The bytes are only good until `take` returns.
 * Returns 0, or the positive errno that ended it.
 */
export function receiveBatches(handle: number, take: (packet: Uint8Array, interfaceIndex: number) => void): number {
  for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
    const count = receive(handle, buffer, 0, BUFFER_OCTETS, meta, BATCH);
    if (count < 0) return count === -EAGAIN ? 0 : -count;
    for (let i = 0; i < count; i++) {
      const at = i * META_WORDS;
      const offset = meta[at]!;
      take(bytes.subarray(offset, offset + meta[at + 1]!), meta[at + 3]!);
    }
    if (count < BATCH) return 0;
  }
  return 0;
}
