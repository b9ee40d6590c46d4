// Surroundings of the machines under test: seeded chance, a time of day that stands still unless told, Node's HMAC.
import { createHmac } from 'node:crypto';
import type { RoleServices } from '../../src/roles/services.ts';

/** 2026-01-01 00:00:00 UTC. */
export const WALL_CLOCK_MS = Date.UTC(2026, 0, 1);

/** `wallClockMs` gives the time of day; `seed` the stream of random numbers. */
export function testServices(wallClockMs: () => number = () => WALL_CLOCK_MS, seed = 1): RoleServices {
  let state = seed;
  return {
    random16() {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 16;
    },
    wallClockMs,
    hmacSha1: (key, data) => new Uint8Array(createHmac('sha1', key).update(data).digest()),
  };
}
