import { formatHex } from '../bytes/hex.ts';
import { ecnOf, findTransport, isIpv4Packet, setEcn } from './ip-packet.ts';
import { FRAGMENT_FIELD, FRAGMENT_OFFSET, MORE_FRAGMENTS, setHeaderChecksum } from './ipv4-header.ts';
import { FRAGMENT_HEADER_BYTES, IPV6_HEADER_BYTES } from './ipv6-header.ts';
import { Protocol } from './protocol.ts';
import { readU16, writeU16 } from './words.ts';

/** Packets that are waited for at once, for how long, and the largest payload of one. */
export const REASSEMBLY_PACKETS = 64;
export const REASSEMBLY_MS = 1000;
const REASSEMBLY_BYTES = 2048;
const CE = 3;

interface Fragment {
  /** Source and destination. */
  readonly pair: string;
  readonly key: string;
  readonly protocol: number;
  readonly headerBytes: number;
  readonly start: number;
  readonly more: boolean;
  readonly payload: Uint8Array;
}

interface Waiting {
  readonly pair: string;
  readonly sinceMs: number;
  readonly octets: Uint8Array;
  /** By units of 8 octets. */
  readonly present: Set<number>;
  /** ECN fields that were seen. */
  readonly ecn: Set<number>;
  header?: Uint8Array;
  bytes?: number;
}

/** Whether a whole outer packet is a fragment. */
export function isFragment(outer: Uint8Array): boolean {
  return isIpv4Packet(outer) ? findTransport(outer).fragment !== 'none' : outer[6] === Protocol.fragment;
}

/**
 * Puts outer packets together that were fragmented on a path too narrow for the smallest IPv6 MTU (RFC 2473 §7.1 (b),
 * RFC 4213 §3.2.1). Bounded: when all places are taken, the pair of addresses that has the most of them gives up its
 * oldest.
 */
export class Reassembly {
  /** The oldest first. */
  readonly #waiting = new Map<string, Waiting>();

  /** The whole packet that this fragment completes; `undefined`: it cannot be used. */
  add(outer: Uint8Array, nowMs: number): Uint8Array | 'held' | undefined {
    for (const [key, { sinceMs }] of this.#waiting) if (sinceMs + REASSEMBLY_MS <= nowMs) this.#waiting.delete(key);
    const fragment = fragmentOf(outer);
    if (!fragment) return undefined;
    const { key, pair, start, more, payload } = fragment;
    let waiting = this.#waiting.get(key);
    if (!waiting) {
      if (this.#waiting.size === REASSEMBLY_PACKETS) this.#makeRoom();
      const octets = new Uint8Array(REASSEMBLY_BYTES);
      waiting = { pair, sinceMs: nowMs, octets, present: new Set(), ecn: new Set() };
      this.#waiting.set(key, waiting);
    }
    const { present } = waiting;
    const end = start + payload.length;
    const units = Array.from({ length: Math.ceil(payload.length / 8) }, (_, unit) => start / 8 + unit);
    const isBeyond = waiting.bytes !== undefined && (end > waiting.bytes || !more);
    const isShort = !more && [...present].some((unit) => unit * 8 >= end);
    // Overlapping fragments are somebody's attack (RFC 5722 §4).
    if (isBeyond || isShort || units.some((unit) => present.has(unit))) {
      this.#waiting.delete(key);
      return undefined;
    }
    waiting.octets.set(payload, start);
    for (const unit of units) present.add(unit);
    waiting.ecn.add(ecnOf(outer));
    if (start === 0) waiting.header = headerOf(outer, fragment);
    if (!more) waiting.bytes = end;
    if (waiting.bytes === undefined || present.size < Math.ceil(waiting.bytes / 8)) return 'held';
    this.#waiting.delete(key);
    return wholeOf(waiting.header!, waiting.octets.subarray(0, waiting.bytes), waiting.ecn);
  }

  #makeRoom(): void {
    const counts = new Map<string, number>();
    for (const { pair } of this.#waiting.values()) counts.set(pair, (counts.get(pair) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const [key, { pair }] of this.#waiting)
      if (counts.get(pair) === most) {
        this.#waiting.delete(key);
        return;
      }
  }
}

function fragmentOf(outer: Uint8Array): Fragment | undefined {
  const ipv4 = isIpv4Packet(outer);
  const headerBytes = ipv4 ? findTransport(outer).offset : IPV6_HEADER_BYTES;
  const payloadAt = ipv4 ? headerBytes : IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES;
  if (outer.length <= payloadAt) return undefined;
  const protocol = outer[ipv4 ? 9 : IPV6_HEADER_BYTES]!;
  const field = readU16(outer, ipv4 ? FRAGMENT_FIELD : IPV6_HEADER_BYTES + 2);
  const more = (field & (ipv4 ? MORE_FRAGMENTS : 1)) !== 0;
  const start = ipv4 ? (field & FRAGMENT_OFFSET) * 8 : field & ~7;
  const payload = outer.subarray(payloadAt);
  if ((more && payload.length % 8 !== 0) || start + payload.length > REASSEMBLY_BYTES) return undefined;
  const identification = ipv4 ? outer.subarray(4, 6) : outer.subarray(IPV6_HEADER_BYTES + 4, payloadAt);
  const pair = formatHex(ipv4 ? outer.subarray(12, 20) : outer.subarray(8, 40));
  const key = `${pair} ${protocol} ${formatHex(identification)}`;
  return { pair, key, protocol, headerBytes, start, more, payload };
}

/** That of the whole packet, but for its length. */
function headerOf(outer: Uint8Array, { headerBytes, protocol }: Fragment): Uint8Array {
  const header = outer.slice(0, headerBytes);
  if (isIpv4Packet(outer)) writeU16(header, FRAGMENT_FIELD, 0);
  else header[6] = protocol;
  return header;
}

/** RFC 3168 §5.3: a mark on one of the fragments is one on the packet. */
function wholeOf(header: Uint8Array, payload: Uint8Array, ecn: ReadonlySet<number>): Uint8Array | undefined {
  const isMarked = ecn.has(CE);
  if (isMarked && ecn.has(0)) return undefined;
  const packet = new Uint8Array(header.length + payload.length);
  packet.set(header);
  packet.set(payload, header.length);
  const ipv4 = isIpv4Packet(packet);
  writeU16(packet, ipv4 ? 2 : 4, ipv4 ? packet.length : payload.length);
  if (isMarked) setEcn(packet, CE);
  if (ipv4) setHeaderChecksum(packet);
  return packet;
}
