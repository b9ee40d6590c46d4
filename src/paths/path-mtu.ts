import { type Address, isIpv4 } from '../bytes/address.ts';

/** The smallest MTU that IPv6 allows a link to have (RFC 8200 §5). */
export const IPV6_MINIMUM_MTU = 1280;
/** What every IPv4 host takes in one piece or in several (RFC 791 §3.1); no tunnel works with less. */
const IPV4_MINIMUM_MTU = 576;
/** How long a learnt MTU holds before larger packets are tried again (RFC 8201 §5.3). */
const FORGET_MS = 10 * 60_000;
const MAXIMUM_PATHS = 100_000;

/** Path MTUs learnt from Packet Too Big and Fragmentation Needed messages, by local and remote address. */
export class PathMtuTable {
  readonly #paths = new Map<string, { readonly mtuBytes: number; readonly forgetMs: number }>();

  /** Takes note of such a message. Returns whether the path's MTU became smaller. */
  learn(local: Address, remote: Address, mtuBytes: number, nowMs: number): boolean {
    const bounded = Math.max(isIpv4(remote) ? IPV4_MINIMUM_MTU : IPV6_MINIMUM_MTU, mtuBytes);
    const known = this.lookUp(local, remote, Number.POSITIVE_INFINITY, nowMs);
    if (bounded >= known) return false;
    if (this.#paths.size >= MAXIMUM_PATHS) this.#paths.delete(this.#paths.keys().next().value!);
    this.#paths.delete(local + remote);
    this.#paths.set(local + remote, { mtuBytes: bounded, forgetMs: nowMs + FORGET_MS });
    return true;
  }

  /** The path's MTU: what was learnt, at most the link's. */
  lookUp(local: Address, remote: Address, linkMtuBytes: number, nowMs: number): number {
    const path = this.#paths.get(local + remote);
    if (!path) return linkMtuBytes;
    if (path.forgetMs <= nowMs) {
      this.#paths.delete(local + remote);
      return linkMtuBytes;
    }
    return Math.min(linkMtuBytes, path.mtuBytes);
  }

  /** Forgets what is too old. Returns whether there was any. */
  expire(nowMs: number): boolean {
    const before = this.#paths.size;
    for (const [key, path] of this.#paths) {
      if (path.forgetMs > nowMs) break;
      this.#paths.delete(key);
    }
    return this.#paths.size < before;
  }

  /** When the next learnt MTU is forgotten; Infinity if none is known. */
  get nextDeadlineMs(): number {
    const first = this.#paths.values().next().value;
    return first?.forgetMs ?? Number.POSITIVE_INFINITY;
  }
}
