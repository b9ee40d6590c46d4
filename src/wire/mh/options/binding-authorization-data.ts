import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { OptionType } from '../numbers.ts';
import type { Alignment } from './codec.ts';

/** Proof that a Binding Update or Acknowledgement comes from the right node (RFC 6275 §6.2.7). Always the last option. */
export interface BindingAuthorizationDataOption {
  readonly type: typeof OptionType.bindingAuthorizationData;
  /** 12 octets with return routability. */
  readonly authenticator: Uint8Array;
}

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |   Type = 5    | Option Length |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                                                               |
 * +                         Authenticator                         +
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeBindingAuthorizationData(data: Reader): BindingAuthorizationDataOption {
  return { type: OptionType.bindingAuthorizationData, authenticator: data.rest() };
}

export function encodeBindingAuthorizationData(writer: Writer, option: BindingAuthorizationDataOption): void {
  writer.put(option.authenticator);
}

/** Such that the option ends the Mobility Header without padding behind it: 8n+2 for the usual 12 octets. */
export function bindingAuthorizationDataAlignment(option: BindingAuthorizationDataOption): Alignment {
  const octets = 2 + option.authenticator.length;
  return { multiple: 8, plus: -octets & 7 };
}
