import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

const LARGEST_DRIFT = 100e-6;
/** A loop sleeps in whole milliseconds at best, and never wakes early. */
const LATEST_WAKE_MS = 1;

/** One host's clocks: a monotonic one that drifts and begins anywhere, and a wall clock that also jumps. */
export class HostClock {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #rate: number;
  readonly #baseMs: number;
  #wallOffsetMs: number;
  jumps = 0;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#rate = 1 + random.uniform(-LARGEST_DRIFT, LARGEST_DRIFT);
    this.#baseMs = random.integer(1000, 100_000_000);
    this.#wallOffsetMs = Date.UTC(2026, 0, 1) + random.uniform(-50, 50);
  }

  /** Monotonic milliseconds. */
  get nowMs(): number {
    return this.#baseMs + this.#scheduler.nowMs * this.#rate;
  }

  get wallMs(): number {
    return Math.floor(this.#wallOffsetMs + this.#scheduler.nowMs * this.#rate);
  }

  jumpWall(byMs: number): void {
    this.jumps++;
    this.#wallOffsetMs += byMs;
  }

  /** When, in the simulator's time, a loop that waits for a monotonic deadline wakes up. */
  wakeMs(deadlineMs: number): number {
    return (deadlineMs - this.#baseMs) / this.#rate + this.#random.uniform(0.01, LATEST_WAKE_MS);
  }
}
