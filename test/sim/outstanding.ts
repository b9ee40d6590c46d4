import { MAX_BINDACK_TIMEOUT_MS } from '../../src/roles/mobile-router/transaction.ts';

/** The longest wait between a Binding Update and its repetition (RFC 6275 §11.8), and a little. */
const LONGEST_WAIT_MS = MAX_BINDACK_TIMEOUT_MS + 1000;
/** What an answered exchange may still have on the way. */
const SETTLING_MS = 3000;

/** A mobile node's Binding Updates on their way, so that one can tell when nothing is. */
export class Outstanding {
  readonly #sentMs = new Map<number, number>();
  #lastMs = Number.NEGATIVE_INFINITY;

  sent(sequenceNumber: number, nowMs: number): void {
    this.#sentMs.set(sequenceNumber, nowMs);
    this.#lastMs = nowMs;
  }

  answered(sequenceNumber: number): void {
    this.#sentMs.delete(sequenceNumber);
  }

  clear(): void {
    this.#sentMs.clear();
  }

  /** Whether every exchange has ended long enough ago. */
  isQuiet(nowMs: number): boolean {
    for (const [sequenceNumber, sentMs] of this.#sentMs) {
      if (sentMs + LONGEST_WAIT_MS > nowMs) return false;
      this.#sentMs.delete(sequenceNumber);
    }
    return this.#lastMs + SETTLING_MS <= nowMs;
  }
}
