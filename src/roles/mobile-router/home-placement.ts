import type { Address } from '../../bytes/address.ts';
import type { Prefix } from '../../bytes/prefix.ts';

/** What one home needs of the host's network, beside the home address on the tunnel device. */
export interface HomePlacement {
  readonly homeAddress: Address;
  readonly prefixes: readonly Prefix[];
  /** The IPv4 home address that the home agent has bound, for the tunnel device; `null` while there is none. */
  readonly ipv4Address: Address | null;
  /** IPv4 mobile network prefixes that the home agent has bound: what comes from them takes the tunnel. */
  readonly ipv4Prefixes: readonly Prefix[];
  /** The interface on the home link that has the home address, too; `null` while none may have it. */
  readonly onLink: { readonly interfaceIndex: number; readonly detectDuplicates: boolean } | null;
  /** Known without asking, for nothing may be asked with the home address (RFC 5648 §5.6.4); `null` for no need. */
  readonly neighbor: {
    readonly interfaceIndex: number;
    readonly address: Address;
    readonly linkLayerAddress: Uint8Array;
  } | null;
  /** The way of what comes from the home address and the prefixes, instead of the tunnel; `null` for the tunnel. */
  readonly native: { readonly interfaceIndex: number; readonly gateway: Address | null } | null;
}
