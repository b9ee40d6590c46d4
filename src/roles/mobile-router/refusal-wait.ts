/** After a refusal the next attempt waits, longer each time. */
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 300_000;
/**
 * How long nothing is sent to an agent that refuses our authentication (RFC 4285 §5.3): whatever the attempts, only
 * somebody who puts a key right can change that, and an unattended vehicle has to notice when it is done.
 */
const UNAUTHENTICATED_WAIT_MS = 300_000;

/** How long nothing is registered after refusals in a row. */
export class RefusalWait {
  untilMs = 0;
  /** Until then nothing is sent: the agent does not know our key. */
  silentUntilMs: number | undefined;
  #waitMs = FIRST_WAIT_MS;

  refused(nowMs: number): void {
    this.untilMs = nowMs + this.#waitMs;
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
  }

  notAuthenticated(nowMs: number): void {
    this.silentUntilMs = nowMs + UNAUTHENTICATED_WAIT_MS;
  }

  accepted(): void {
    this.#waitMs = FIRST_WAIT_MS;
  }
}

/** Binding Updates about new care-of addresses in a second (MAX_UPDATE_RATE, RFC 6275 §11.5.3, §12). */
const MAX_UPDATE_RATE = 3;

/** Keeps to MAX_UPDATE_RATE. */
export class UpdateRate {
  #recentMs: readonly number[] = [];

  /** When the next update may be sent. */
  get allowedMs(): number {
    const oldest = this.#recentMs[0];
    return oldest === undefined || this.#recentMs.length < MAX_UPDATE_RATE ? 0 : oldest + 1000;
  }

  sent(nowMs: number): void {
    this.#recentMs = [...this.#recentMs.slice(1 - MAX_UPDATE_RATE), nowMs];
  }
}
