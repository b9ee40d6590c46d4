import type { Reader } from '../../../bytes/reader.ts';
import type { WireErrorCode } from '../../../bytes/wire-error.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { AuthenticationSubtype, OptionType } from '../numbers.ts';
import type { Alignment } from './codec.ts';
import type { MobilityOption } from './option.ts';

/** Authenticates the message up to its own SPI (RFC 4285 §5). */
export interface MobilityMessageAuthenticationOption {
  readonly type: typeof OptionType.mobilityMessageAuthentication;
  /** An `AuthenticationSubtype`: who shares the key. */
  readonly subtype: number;
  /** Names the key among several; 0 to 255 are reserved. */
  readonly spi: number;
  /** 12 octets between mobile node and home agent. */
  readonly authenticator: Uint8Array;
}

/** Octets of Option Data before the authenticator. */
export const AUTHENTICATION_FIXED_OCTETS = 5;

/**
 * ```
 *                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                 |   Type = 9    | Option Length |    Subtype    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         Mobility SPI                          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                     Authentication Data                     ...
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * An authenticator of another length than 12 decodes: it fails verification, and that has an answer of its own.
 */
export function decodeMobilityMessageAuthentication(data: Reader): MobilityMessageAuthenticationOption {
  const type = OptionType.mobilityMessageAuthentication;
  return { type, subtype: data.u8(), spi: data.u32(), authenticator: data.rest() };
}

export function encodeMobilityMessageAuthentication(writer: Writer, option: MobilityMessageAuthenticationOption): void {
  writer.u8(option.subtype).u32(option.spi).put(option.authenticator);
}

/** 4n+1, and where the length allows it such that the option ends the Mobility Header without padding behind it. */
export function mobilityMessageAuthenticationAlignment(option: MobilityMessageAuthenticationOption): Alignment {
  const octets = 2 + AUTHENTICATION_FIXED_OCTETS + option.authenticator.length;
  return octets % 4 === 3 ? { multiple: 8, plus: -octets & 7 } : { multiple: 4, plus: 1 };
}

/**
 * What is wrong if `next` follows options of which the last one authenticates: only another subtype may follow, and
 * nothing may follow the one for the AAA server (RFC 4285 §5, §5.1, §5.2).
 */
export function problemBehindAuthentication(
  previous: readonly MobilityOption[],
  next: MobilityOption,
): WireErrorCode | undefined {
  if (next.type !== OptionType.mobilityMessageAuthentication) return 'option-not-last';
  let lastSubtype = 0;
  for (const option of previous) {
    if (option.type !== OptionType.mobilityMessageAuthentication) continue;
    if (option.subtype === next.subtype) return 'duplicate-option';
    lastSubtype = option.subtype;
  }
  return lastSubtype === AuthenticationSubtype.mobileNodeAaa ? 'option-not-last' : undefined;
}
