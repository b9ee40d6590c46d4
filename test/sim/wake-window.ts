import type { MonamiHost } from './monami-host.ts';

const WINDOW_MS = 20_000;

/** How often a host was woken by its deadlines lately, so that a timer that begins to leak late is seen too. */
export class WakeWindow {
  readonly #host: MonamiHost;
  #wakes = 0;
  #sinceMs: number;

  constructor(host: MonamiHost) {
    this.#host = host;
    this.#sinceMs = host.clock.nowMs;
  }

  /** Wakes, and the time in which they were. A window that is long enough ends with this. */
  look(): { readonly wakes: number; readonly elapsedMs: number } {
    const { wakes, clock } = this.#host;
    const seen = { wakes: wakes - this.#wakes, elapsedMs: clock.nowMs - this.#sinceMs };
    if (seen.elapsedMs >= WINDOW_MS) {
      this.#wakes = wakes;
      this.#sinceMs = clock.nowMs;
    }
    return seen;
  }
}
