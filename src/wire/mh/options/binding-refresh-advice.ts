import type { OptionType } from '../numbers.ts';

/** How long the mobile node should wait before it refreshes (RFC 6275 §6.2.4). */
export interface BindingRefreshAdviceOption {
  readonly type: typeof OptionType.bindingRefreshAdvice;
  /** A multiple of 4; on the wire in units of 4 s. */
  readonly refreshIntervalSeconds: number;
}
