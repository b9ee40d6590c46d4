import { LIFETIME_UNIT_SECONDS } from '../wire/mh/numbers.ts';

/** The largest lifetime that fits the 16-bit field (RFC 6275 §6.1.7). */
export const MAXIMUM_LIFETIME_SECONDS = 0xffff * LIFETIME_UNIT_SECONDS;

/** A lifetime as the wire can say it: never longer than asked for. */
export function wholeUnits(lifetimeSeconds: number): number {
  const bounded = Math.max(0, Math.min(lifetimeSeconds, MAXIMUM_LIFETIME_SECONDS));
  return bounded - (bounded % LIFETIME_UNIT_SECONDS);
}

/**
 * What remains of a binding at the mobile node when its acknowledgement arrives: the agent may have granted less than
 * was asked for, and the clock has run since the update was sent (RFC 6275 §11.7.3).
 */
export function remainingAfterAcknowledgementMs(
  remainingMs: number,
  askedLifetimeSeconds: number,
  grantedLifetimeSeconds: number,
): number {
  return Math.max(0, remainingMs - (askedLifetimeSeconds - grantedLifetimeSeconds) * 1000);
}
