/** How long a NAT is trusted to keep a mapping at the least, and in the absence of a configuration. */
const SHORTEST_MS = 5000;
export const DEFAULT_NAT_KEEP_ALIVE_SECONDS = 25;
/** Of a silence that was too long, what is tried next. */
const SHORTENED = 0.75;
/** By how much the interval grows each time that it turns out to be short enough. */
const GROWTH_MS = 100;

/** For how long a path through a NAT may be silent: learnt from mappings that were lost and others that were not. */
export class NatKeepAlive {
  readonly #longestMs: number;
  intervalMs: number;

  constructor(longestSeconds: number) {
    this.#longestMs = longestSeconds * 1000;
    this.intervalMs = this.#longestMs;
  }

  /** After this silence a packet got no answer, but a new mapping helped. */
  lost(silenceMs: number): void {
    if (silenceMs < SHORTEST_MS) return;
    this.intervalMs = Math.max(SHORTEST_MS, Math.min(this.intervalMs, silenceMs * SHORTENED));
  }

  /** After this silence a packet got its answer. */
  lasted(silenceMs: number): void {
    // A silence begins when the last answer came, a round trip after the last probe.
    if (silenceMs >= this.intervalMs / 2) this.intervalMs = Math.min(this.#longestMs, this.intervalMs + GROWTH_MS);
  }
}
