/** As much of the package lru-cache as MQTT.js uses, for topic aliases. */
export class LRUCache<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #maximum: number;

  constructor({ max }: { max: number }) {
    this.#maximum = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.#touch(key, value);
    return value;
  }

  set(key: Key, value: Value): this {
    this.#touch(key, value);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#maximum && oldest !== undefined) this.#entries.delete(oldest);
    return this;
  }

  /** The most recently used first. */
  keys(): IterableIterator<Key> {
    return [...this.#entries.keys()].reverse().values();
  }

  clear(): void {
    this.#entries.clear();
  }

  #touch(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
  }
}
