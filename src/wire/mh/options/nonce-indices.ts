import type { OptionType } from '../numbers.ts';

/** Which nonces made the keygen tokens (RFC 6275 §6.2.6). */
export interface NonceIndicesOption {
  readonly type: typeof OptionType.nonceIndices;
  readonly homeNonceIndex: number;
  readonly careOfNonceIndex: number;
}
