import type { EventDocument } from './topic-documents.ts';

/**
 * Events on their way to the broker: a ring that loses the oldest when it is full, and counts what it loses. An event
 * leaves it when the broker has acknowledged it.
 */
export class Outbox {
  readonly #capacity: number;
  #waiting: EventDocument[] = [];
  #sending: EventDocument[] = [];
  #dropped = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Events kept, on their way or not. */
  get length(): number {
    return this.#waiting.length + this.#sending.length;
  }

  /** Events lost since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  add(event: EventDocument): void {
    this.#waiting.push(event);
    this.#trim();
  }

  /** The next event to send, now on its way; `undefined` if none waits or `limit` are on their way. */
  next(limit: number): EventDocument | undefined {
    if (this.#sending.length >= limit) return undefined;
    const event = this.#waiting.shift();
    if (event) this.#sending.push(event);
    return event;
  }

  acknowledged(event: EventDocument): void {
    this.#sending = this.#sending.filter((other) => other.sequence !== event.sequence);
  }

  /** The connection is gone: what was on its way waits again, and everything is late from here on. */
  disconnected(): void {
    this.#waiting = [...this.#sending, ...this.#waiting].map((event) => ({ ...event, historical: true }));
    this.#sending = [];
    this.#trim();
  }

  #trim(): void {
    while (this.length > this.#capacity && this.#waiting.length > 0) {
      this.#waiting.shift();
      this.#dropped++;
    }
  }
}
