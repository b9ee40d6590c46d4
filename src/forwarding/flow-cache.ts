import type { FlowKey } from './flow-key.ts';

export const FLOW_IDLE_MS = 120_000;
export const FLOW_CAPACITY = 65_536;

interface Flow {
  readonly tunnelId: number;
  readonly lastUsedMs: number;
}

/** Which tunnel each flow uses. Bounded: the flow that has been idle longest makes room. */
export class FlowCache {
  /** In order of last use, the oldest first. */
  readonly #flows = new Map<string, Flow>();
  readonly #capacity: number;

  constructor(capacity = FLOW_CAPACITY) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#flows.size;
  }

  /** Forgets flows idle for `FLOW_IDLE_MS`. */
  expire(nowMs: number): void {
    for (const [key, flow] of this.#flows) {
      if (flow.lastUsedMs + FLOW_IDLE_MS > nowMs) return;
      this.#flows.delete(key);
    }
  }

  tunnelOf(key: FlowKey): number | undefined {
    return this.#flows.get(textOf(key))?.tunnelId;
  }

  /** Notes that a flow has used a tunnel now. */
  use(key: FlowKey, tunnelId: number, nowMs: number): void {
    const text = textOf(key);
    if (!this.#flows.delete(text) && this.#flows.size >= this.#capacity) {
      const oldest = this.#flows.keys().next();
      if (!oldest.done) this.#flows.delete(oldest.value);
    }
    this.#flows.set(text, { tunnelId, lastUsedMs: nowMs });
  }
}

function textOf(key: FlowKey): string {
  return String.fromCharCode(...key);
}
