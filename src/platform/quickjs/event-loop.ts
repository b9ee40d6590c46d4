import { monotonicMs, onTurn } from 'monami-native';
import type { Loop, LoopPriority, TimerSource } from '../contract.ts';

interface Registration {
  readonly onReady: (readiness: number) => void;
  readonly priority: LoopPriority;
}

/** Distributes the host's turns: signalling first, then everything else, then what is due. */
export class EventLoop implements Loop {
  readonly #registrations = new Map<number, Registration>();
  readonly #timers: TimerSource[] = [];

  /** Takes the host's one turn handler. */
  start(): void {
    onTurn((events, count) => this.#turn(events, count));
  }

  register(handle: number, onReady: (readiness: number) => void, priority: LoopPriority = 'other'): void {
    this.#registrations.set(handle, { onReady, priority });
  }

  unregister(handle: number): void {
    this.#registrations.delete(handle);
  }

  addTimers(timers: TimerSource): void {
    this.#timers.push(timers);
  }

  #turn(events: Int32Array, count: number): number {
    this.#dispatch('signalling', events, count);
    this.#runTimers();
    this.#dispatch('other', events, count);
    this.#runTimers();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { nextDeadlineMs } of this.#timers) nextMs = Math.min(nextMs, nextDeadlineMs);
    return nextMs;
  }

  #dispatch(priority: LoopPriority, events: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      // A handler earlier in this turn may have closed the handle.
      const registration = this.#registrations.get(events[2 * i]!);
      if (registration?.priority === priority) registration.onReady(events[2 * i + 1]!);
    }
  }

  #runTimers(): void {
    const nowMs = monotonicMs();
    for (const timers of this.#timers) if (timers.nextDeadlineMs <= nowMs) timers.run(nowMs);
  }
}
