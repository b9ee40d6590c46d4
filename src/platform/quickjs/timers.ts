type Callback = (...values: never[]) => void;

interface Timer {
  deadlineMs: number;
  /** 0 for a timer that fires once. */
  readonly intervalMs: number;
  readonly callback: () => void;
}

/**
 * The timers and the tick queue behind the globals that third-party code expects. The host's turn calls `run` and wakes
 * again at `nextDeadlineMs`. A callback that throws goes to `onError` and harms nobody else.
 */
export class Timers {
  readonly #timers = new Map<number, Timer>();
  readonly #nowMs: () => number;
  #ticks: (() => void)[] = [];
  #lastId = 0;

  onError: (error: unknown) => void = () => {};

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Returns the timer's number, above 0. */
  setTimeout<Values extends unknown[]>(callback: (...values: Values) => void, delayMs = 0, ...values: Values): number {
    return this.#add(() => callback(...values), Math.max(0, delayMs), 0);
  }

  setInterval<Values extends unknown[]>(
    callback: (...values: Values) => void,
    periodMs = 0,
    ...values: Values
  ): number {
    const everyMs = Math.max(1, periodMs);
    return this.#add(() => callback(...values), everyMs, everyMs);
  }

  /** Nothing happens where the timer has fired or never was. */
  clear(id: number | null | undefined): void {
    if (typeof id === 'number') this.#timers.delete(id);
  }

  /** Calls back before any timer and any further I/O, behind the ticks that wait already. */
  nextTick<Values extends unknown[]>(callback: (...values: Values) => void, ...values: Values): void {
    this.#ticks.push(() => callback(...values));
  }

  /** Monotonic milliseconds: in the past if something is due, Infinity if nothing waits. */
  get nextDeadlineMs(): number {
    if (this.#ticks.length > 0) return Number.NEGATIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.#timers.values()) if (deadlineMs < next) next = deadlineMs;
    return next;
  }

  /** Runs the ticks and the timers that are due; those set by them wait for the next call, so that it always ends. */
  run(nowMs: number): void {
    this.#runTicks();
    const due = [...this.#timers].filter(([, timer]) => timer.deadlineMs <= nowMs);
    due.sort(([id, timer], [otherId, other]) => timer.deadlineMs - other.deadlineMs || id - otherId);
    for (const [id, timer] of due) {
      if (this.#timers.get(id) !== timer) continue;
      if (timer.intervalMs === 0) this.#timers.delete(id);
      // A late interval does not catch up.
      else timer.deadlineMs = nowMs + timer.intervalMs;
      this.#call(timer.callback);
      this.#runTicks();
    }
  }

  #add(callback: () => void, delayMs: number, intervalMs: number): number {
    const id = ++this.#lastId;
    this.#timers.set(id, { deadlineMs: this.#nowMs() + delayMs, intervalMs, callback });
    return id;
  }

  #runTicks(): void {
    while (this.#ticks.length > 0) {
      const ticks = this.#ticks;
      this.#ticks = [];
      for (const tick of ticks) this.#call(tick);
    }
  }

  #call(callback: Callback): void {
    try {
      callback();
    } catch (error) {
      this.onError(error);
    }
  }
}
