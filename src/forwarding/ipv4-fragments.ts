import {
  FRAGMENT_FIELD,
  IPV4_HEADER_BYTES,
  ipv4HeaderBytes,
  MORE_FRAGMENTS,
  setHeaderChecksum,
} from './ipv4-header.ts';
import { readU16, writeU16 } from './words.ts';

const OPTION_END = 0;
const OPTION_NO_OPERATION = 1;
const OPTION_COPIED = 0x80;

/**
 * The fragments, none longer than `mtuBytes`, of an IPv4 packet that does not forbid it (RFC 791 §3.2). It may be a
 * fragment itself. Options that belong to the first fragment alone become no-operations in the others, so that the
 * header keeps its length.
 */
export function fragmentIpv4(packet: Uint8Array, mtuBytes: number): Uint8Array[] {
  const header = ipv4HeaderBytes(packet);
  const step = (mtuBytes - header) & ~7;
  const field = readU16(packet, FRAGMENT_FIELD);
  const fragments: Uint8Array[] = [];
  for (let at = header; at < packet.length; at += step) {
    const end = Math.min(packet.length, at + step);
    const fragment = new Uint8Array(header + end - at);
    fragment.set(packet.subarray(0, header));
    fragment.set(packet.subarray(at, end), header);
    if (at > header) clearUncopiedOptions(fragment.subarray(IPV4_HEADER_BYTES, header));
    writeU16(fragment, 2, fragment.length);
    writeU16(fragment, FRAGMENT_FIELD, (field + (at - header) / 8) | (end < packet.length ? MORE_FRAGMENTS : 0));
    setHeaderChecksum(fragment);
    fragments.push(fragment);
  }
  return fragments;
}

function clearUncopiedOptions(options: Uint8Array): void {
  let at = 0;
  while (at < options.length && options[at] !== OPTION_END) {
    const type = options[at]!;
    const length = type === OPTION_NO_OPERATION ? 1 : (options[at + 1] ?? 0);
    // Malformed: what is left cannot be told apart.
    if (length < (type === OPTION_NO_OPERATION ? 1 : 2) || at + length > options.length) return;
    if ((type & OPTION_COPIED) === 0) options.fill(OPTION_NO_OPERATION, at, at + length);
    at += length;
  }
}
