import type { NtpTimestamp } from '../wire/mh/options/mobility-message-replay-protection.ts';

/** From 1900 to 1970 (RFC 1305). */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;
const FRACTION_UNITS = 0x1_0000_0000;

/** A time of day as the Network Time Protocol writes it; `ms` counts from 1970. */
export function ntpTimestamp(ms: number): NtpTimestamp {
  const seconds = Math.floor(ms / 1000);
  const fraction = Math.floor(((ms - seconds * 1000) / 1000) * FRACTION_UNITS);
  return { seconds: (seconds + NTP_TO_UNIX_SECONDS) >>> 0, fraction };
}

/** `a` minus `b`, across the turn of an era too: less than 68 years apart. */
export function differenceMs(a: NtpTimestamp, b: NtpTimestamp): number {
  return ((a.seconds - b.seconds) | 0) * 1000 + ((a.fraction - b.fraction) / FRACTION_UNITS) * 1000;
}

export function isLater(a: NtpTimestamp, b: NtpTimestamp): boolean {
  return a.seconds === b.seconds ? a.fraction > b.fraction : ((a.seconds - b.seconds) | 0) > 0;
}

export function sameTimestamp(a: NtpTimestamp, b: NtpTimestamp): boolean {
  return a.seconds === b.seconds && a.fraction === b.fraction;
}

/**
 * A time of day that never goes back: it follows the wall clock's steps forward and goes on by itself through its steps
 * backward. What was too old once stays too old.
 */
export class SteadyTimeOfDay {
  readonly #wallClockMs: () => number;
  #timeMs: number | undefined;
  #asOfMs = 0;

  constructor(wallClockMs: () => number) {
    this.#wallClockMs = wallClockMs;
  }

  /** Milliseconds since 1970 at the monotonic time `nowMs`. */
  at(nowMs: number): number {
    const wallMs = this.#wallClockMs();
    this.#timeMs = this.#timeMs === undefined ? wallMs : Math.max(wallMs, this.#timeMs + nowMs - this.#asOfMs);
    this.#asOfMs = nowMs;
    return this.#timeMs;
  }
}
