/** A seeded stream of numbers (sfc32): the same seed and label give the same stream on every machine. */
export class Random {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, label = '') {
    this.#seed = seed;
    let hash = 0x811c9dc5;
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
    this.#a = seed | 0;
    this.#b = hash | 0;
    this.#c = Math.imul(seed ^ hash, 0x9e3779b1) | 0;
    for (let i = 0; i < 12; i++) this.u32();
  }

  /** A stream of its own, so that one more draw here moves nothing elsewhere. */
  fork(label: string | number): Random {
    return new Random(Math.imul(this.#seed, 0x2545f491) ^ this.#b, `${label}`);
  }

  u32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  u16(): number {
    return this.u32() >>> 16;
  }

  /** From 0 to just below 1. */
  unit(): number {
    return this.u32() / 0x1_0000_0000;
  }

  uniform(from: number, to: number): number {
    return from + (to - from) * this.unit();
  }

  /** An integer, both ends included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability;
  }

  exponential(mean: number): number {
    return -Math.log(1 - this.unit()) * mean;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length - 1)]!;
  }
}
