import type { OptionType } from '../numbers.ts';

/** Proof that a Binding Update or Acknowledgement comes from the right node (RFC 6275 §6.2.7). Always the last option. */
export interface BindingAuthorizationDataOption {
  readonly type: typeof OptionType.bindingAuthorizationData;
  /** 12 octets with return routability. */
  readonly authenticator: Uint8Array;
}
