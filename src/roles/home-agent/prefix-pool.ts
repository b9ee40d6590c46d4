import { type Address, addressFromBytes } from '../../bytes/address.ts';
import { hostPrefix, type Prefix, prefixContains } from '../../bytes/prefix.ts';

const IPV4_BITS = 32;

/** IPv4 prefixes, and addresses as prefixes of 32 bits, that are cut out of larger ones. */
export class PrefixPool {
  readonly #roots: readonly Prefix[];
  /** How many that were taken lie in a prefix, itself included. */
  readonly #inside = new Map<number, number>();
  readonly #taken = new Set<number>();
  /** Nothing of these lengths is left until something is given back. */
  readonly #exhausted = new Set<number>();

  constructor(roots: readonly Prefix[]) {
    this.#roots = roots;
  }

  /** Whether it is a part of what may be given out. */
  contains({ address, length }: Prefix): boolean {
    return this.#roots.some((root) => root.length <= length && prefixContains(root, address));
  }

  /**
   * A free prefix, which is taken from now on. The same preference leads to the same one as long as that is free, and
   * neighbouring preferences to neighbouring prefixes.
   */
  allocate(length: number, preference: number): Prefix | undefined {
    if (this.#exhausted.has(length)) return undefined;
    for (const root of this.#roots) {
      if (root.length > length) continue;
      const found = this.#search(toNumber(root.address), root.length, length, preference);
      if (found === undefined) continue;
      const prefix = { address: toAddress(found), length };
      this.take(prefix);
      return prefix;
    }
    this.#exhausted.add(length);
    return undefined;
  }

  /** Keeps a prefix, and whatever lies in it, from being given out. */
  take(prefix: Prefix): void {
    this.#mark(prefix, 1);
  }

  /** Takes the addresses of the networks as such, and those to which everybody in them listens. */
  takeEdges(): void {
    for (const { address, length } of this.#roots) {
      if (length > IPV4_BITS - 2) continue;
      this.take(hostPrefix(address));
      this.take(hostPrefix(toAddress(toNumber(address) + 2 ** (IPV4_BITS - length) - 1)));
    }
  }

  /** Gives back what `allocate` gave out. */
  release(prefix: Prefix): void {
    this.#mark(prefix, -1);
    this.#exhausted.clear();
  }

  #mark({ address, length }: Prefix, change: 1 | -1): void {
    const bits = toNumber(address);
    for (const root of this.#roots) {
      const isInRoot = root.length <= length && prefixContains(root, address);
      const holdsRoot = root.length > length && prefixContains({ address, length }, root.address);
      if (!isInRoot && !holdsRoot) continue;
      const end = isInRoot ? length : root.length;
      const base = isInRoot ? bits : toNumber(root.address);
      for (let at = root.length; at <= end; at++) {
        const key = keyOf(base, at);
        const inside = (this.#inside.get(key) ?? 0) + change;
        if (inside > 0) this.#inside.set(key, inside);
        else this.#inside.delete(key);
      }
      if (change > 0) this.#taken.add(keyOf(base, end));
      else this.#taken.delete(keyOf(base, end));
    }
  }

  /** Down the halves of a prefix, at each the preferred one first. */
  #search(base: number, at: number, length: number, preference: number): number | undefined {
    const key = keyOf(base, at);
    if (this.#taken.has(key)) return undefined;
    if (at === length) return this.#inside.has(key) ? undefined : base;
    const half = 2 ** (IPV4_BITS - 1 - at);
    const prefersUpper = ((preference >>> (length - 1 - at)) & 1) === 1;
    const [first, second] = prefersUpper ? [half, 0] : [0, half];
    return (
      this.#search(base + first, at + 1, length, preference) ?? this.#search(base + second, at + 1, length, preference)
    );
  }
}

function toNumber(address: Address): number {
  let bits = 0;
  for (let i = 0; i < 4; i++) bits = bits * 256 + address.charCodeAt(i);
  return bits;
}

function toAddress(bits: number): Address {
  return addressFromBytes(Uint8Array.of(bits >>> 24, bits >>> 16, bits >>> 8, bits));
}

/** Of the prefix of a length that holds an address. */
function keyOf(bits: number, length: number): number {
  const size = 2 ** (IPV4_BITS - length);
  return (bits - (bits % size)) * 64 + length;
}
