interface Event {
  readonly timeMs: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** Virtual time: a heap of events in order of time, then of the order in which they were planned. */
export class Scheduler {
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #sequence = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** Events that ran or wait. */
  get planned(): number {
    return this.#sequence;
  }

  /** Never in the past: what is late runs now, behind everything else that is due now. */
  at(timeMs: number, run: () => void): void {
    const event: Event = { timeMs: Math.max(timeMs, this.#nowMs), sequence: ++this.#sequence, run };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.#nowMs + delayMs, run);
  }

  /** Runs everything up to and including `untilMs`; `isOver` ends it early. */
  run(untilMs: number, isOver: () => boolean): void {
    for (let first = this.#heap[0]; first && first.timeMs <= untilMs; first = this.#heap[0]) {
      this.#removeFirst();
      this.#nowMs = first.timeMs;
      first.run();
      if (isOver()) return;
    }
    this.#nowMs = untilMs;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.sequence < b.sequence);
}
