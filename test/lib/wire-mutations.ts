// Seeded damage to good octets. The same seed gives the same octets on every machine.

/** Marsaglia's xorshift, 32 bits of state. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % limit;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** Values that lengths, types and counts go wrong at. */
const EDGES = [0, 1, 2, 3, 4, 6, 7, 8, 16, 18, 20, 35, 59, 60, 127, 128, 135, 201, 254, 255];

const mutations: readonly ((random: Random, octets: Uint8Array, other: Uint8Array) => Uint8Array)[] = [
  function flipBit(random, octets) {
    if (octets.length > 0) octets[random.below(octets.length)]! ^= 1 << random.below(8);
    return octets;
  },
  function setOctet(random, octets) {
    if (octets.length > 0) octets[random.below(octets.length)] = random.pick(EDGES);
    return octets;
  },
  function randomOctet(random, octets) {
    if (octets.length > 0) octets[random.below(octets.length)] = random.below(256);
    return octets;
  },
  function changeByOne(random, octets) {
    if (octets.length > 0) octets[random.below(octets.length)]! += random.pick([-1, 1]);
    return octets;
  },
  function truncate(random, octets) {
    return octets.slice(0, random.below(octets.length + 1));
  },
  function append(random, octets) {
    return join(octets, random.bytes(random.below(24)));
  },
  function remove(random, octets) {
    const at = random.below(octets.length + 1);
    return join(octets.subarray(0, at), octets.subarray(at + 1 + random.below(8)));
  },
  function insert(random, octets) {
    const at = random.below(octets.length + 1);
    return join(octets.subarray(0, at), random.bytes(1 + random.below(8)), octets.subarray(at));
  },
  function repeat(random, octets) {
    const from = random.below(octets.length + 1);
    const to = from + random.below(24);
    return join(octets.subarray(0, to), octets.subarray(from, to), octets.subarray(to));
  },
  function splice(random, octets, other) {
    return join(octets.subarray(0, random.below(octets.length + 1)), other.subarray(random.below(other.length + 1)));
  },
];

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A damaged copy of `octets`; `other` lends its end to splices. */
export function mutate(random: Random, octets: Uint8Array, other: Uint8Array): Uint8Array {
  let damaged: Uint8Array = Uint8Array.from(octets);
  for (let count = 1 + random.below(3); count > 0; count--) damaged = random.pick(mutations)(random, damaged, other);
  return damaged;
}
