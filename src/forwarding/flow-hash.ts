import type { FlowKey } from './flow-key.ts';

const FRACTION_BITS = 16;
const ONE = 2 ** FRACTION_BITS;
const DRAW_BITS = 24;

/** Spreads every bit of a 32-bit number over all of them (a bijection). */
export function mix32(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b) >>> 0;
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A 32-bit hash of a flow that is the same on every machine and in every version. */
export function flowHash(key: FlowKey): number {
  let hash = 0;
  for (let at = 0; at < key.length; at += 4) {
    const word = (key[at]! << 24) | (key[at + 1]! << 16) | (key[at + 2]! << 8) | key[at + 3]!;
    hash = mix32((Math.imul(hash, 0x9e3779b1) + word) >>> 0);
  }
  return hash;
}

/** log2 of an integer of 1 to 2^24, in 1/65536, rounded down; integers alone, so that C finds the same. */
export function log2Fixed(value: number): number {
  let exponent = 0;
  while (2 ** (exponent + 1) <= value) exponent++;
  let mantissa = Math.floor((value * ONE) / 2 ** exponent);
  let result = exponent * ONE;
  for (let bit = ONE / 2; bit >= 1; bit /= 2) {
    mantissa = Math.floor((mantissa * mantissa) / ONE);
    if (mantissa >= 2 * ONE) {
      mantissa = Math.floor(mantissa / 2);
      result += bit;
    }
  }
  return result;
}

export interface WeightedTunnel {
  readonly id: number;
  readonly weight: number;
}

/**
 * Picks a tunnel by weighted rendezvous hashing: each tunnel draws a number from the flow and its own id, and
 * -log(draw) / weight decides. A tunnel gets flows in proportion to its weight; when one goes, only its flows move.
 */
export function pickByWeight<T extends WeightedTunnel>(hash: number, tunnels: readonly T[]): T | undefined {
  let best: T | undefined;
  let bestCost = 0;
  for (const tunnel of tunnels) {
    const draw = (mix32((hash ^ mix32(tunnel.id)) >>> 0) >>> (32 - DRAW_BITS)) + 1;
    const cost = DRAW_BITS * ONE - log2Fixed(draw);
    if (best === undefined || cost * best.weight < bestCost * tunnel.weight) {
      best = tunnel;
      bestCost = cost;
    }
  }
  return best;
}
