type Listener = () => void;

/** As much of the DOM's AbortSignal as the stream library uses. */
export class AbortSignal {
  aborted = false;
  reason: unknown;
  readonly #listeners = new Set<Listener>();

  addEventListener(_type: 'abort', listener: Listener): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: Listener): void {
    this.#listeners.delete(listener);
  }

  /** For `AbortController` alone. */
  signalAbort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}

/** As much of the DOM's AbortController as the stream library uses. */
export class AbortController {
  readonly signal = new AbortSignal();

  abort(reason: unknown = new Error('aborted')): void {
    this.signal.signalAbort(reason);
  }
}
