interface Entry<Key> {
  readonly deadlineMs: number;
  readonly key: Key;
}

/**
 * A priority queue of keys by deadline (binary heap). A key may be in it several times: its owner checks the true
 * deadline when one comes up, so that refreshing costs nothing.
 */
export class DeadlineQueue<Key> {
  readonly #heap: Entry<Key>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Infinity when empty. */
  get nextMs(): number {
    return this.#heap[0]?.deadlineMs ?? Number.POSITIVE_INFINITY;
  }

  push(deadlineMs: number, key: Key): void {
    const heap = this.#heap;
    let at = heap.length;
    const entry = { deadlineMs, key };
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.deadlineMs <= deadlineMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes the first key whose deadline has come; `undefined` if there is none. */
  popDue(nowMs: number): Key | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.deadlineMs > nowMs) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return first.key;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #sink(entry: Entry<Key>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.deadlineMs < heap[child]!.deadlineMs) child++;
      if (heap[child]!.deadlineMs >= entry.deadlineMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }
}
