import { formatHex } from '../bytes/hex.ts';
import type { NtpTimestamp } from '../wire/mh/options/mobility-message-replay-protection.ts';

/** Seconds from the start of the Network Time Protocol's era 0, 1900, to that of ECMAScript's time, 1970. */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;

/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** A flag's letter in the standards' figures, and its mask. */
export type FlagLetters = readonly (readonly [letter: string, mask: number])[];

/** The letters of the flags that are set, in the table's order. */
export function letters(flags: number, table: FlagLetters): string[] {
  return table.filter(([, mask]) => (flags & mask) !== 0).map(([letter]) => letter);
}

/** Octets in hex with colons between, as link-layer addresses are written. */
export function formatLinkLayerAddress(octets: Uint8Array): string {
  return formatHex(octets).replace(/..(?=.)/g, '$&:');
}

/** The text, if it is ASCII without control characters. */
export function printable(octets: Uint8Array): string | undefined {
  let text = '';
  for (const octet of octets) {
    if (octet < 0x20 || octet > 0x7e) return undefined;
    text += String.fromCharCode(octet);
  }
  return text;
}

/** ISO 8601 in UTC, to the millisecond. Seconds below 2^31 are those of the era that begins in 2036. */
export function formatNtpTimestamp({ seconds, fraction }: NtpTimestamp): string {
  const unixSeconds = (seconds < 0x80000000 ? seconds + 0x100000000 : seconds) - NTP_TO_UNIX_SECONDS;
  return new Date(unixSeconds * 1000 + Math.floor((fraction * 1000) / 0x100000000)).toISOString();
}
