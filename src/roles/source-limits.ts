import type { Address } from '../bytes/address.ts';

/** What a site or a subscriber usually gets; who has more can invent as many addresses. Of IPv4 that is one address. */
const PREFIX_OCTETS = 8;

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** Token buckets by the /64 of an IPv6 source or by an IPv4 source, for a bounded number of them: the one not seen for longest is forgotten. */
export class SourceLimits {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #maximumSources: number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: { readonly perSecond: number; readonly burst: number; readonly maximumSources: number }) {
    this.#perSecond = limits.perSecond;
    this.#burst = limits.burst;
    this.#maximumSources = limits.maximumSources;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Whether one more from this source is allowed; does not count it. Sources without a bucket cost nothing. */
  allows(source: Address, nowMs: number): boolean {
    const bucket = this.#buckets.get(source.slice(0, PREFIX_OCTETS));
    return bucket === undefined || this.#fill(bucket, nowMs) >= 1;
  }

  /** Counts one from this source; whether it was still allowed. */
  take(source: Address, nowMs: number): boolean {
    const key = source.slice(0, PREFIX_OCTETS);
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, filledMs: nowMs };
    this.#buckets.delete(key);
    if (this.#buckets.size >= this.#maximumSources) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    this.#buckets.set(key, bucket);
    if (this.#fill(bucket, nowMs) < 1) return false;
    bucket.tokens--;
    return true;
  }

  #fill(bucket: Bucket, nowMs: number): number {
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((nowMs - bucket.filledMs) / 1000) * this.#perSecond);
    bucket.filledMs = nowMs;
    return bucket.tokens;
  }
}
