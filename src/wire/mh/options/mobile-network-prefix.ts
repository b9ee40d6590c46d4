import type { Prefix } from '../../../bytes/prefix.ts';
import type { OptionType } from '../numbers.ts';

/** A prefix of the network behind the mobile router (RFC 3963 §4.3). */
export interface MobileNetworkPrefixOption {
  readonly type: typeof OptionType.mobileNetworkPrefix;
  /** IPv6. */
  readonly prefix: Prefix;
}
