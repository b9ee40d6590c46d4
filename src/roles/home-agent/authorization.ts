import { type Address, isUnicastRoutable } from '../../bytes/address.ts';
import { type Prefix, prefixContains, samePrefix } from '../../bytes/prefix.ts';
import type { MobileNodeConfiguration } from '../../config/configuration.ts';
import { BindingStatus, OptionType } from '../../wire/mh/numbers.ts';
import type { MobilityOption } from '../../wire/mh/options/option.ts';

/** A check's result: what it found out, or the status that refuses the Binding Update. */
export type Checked<Value> = { readonly value: Value } | { readonly refuse: number };

/** Which home addresses may be registered, and with which prefixes: the agent's prefix table (RFC 3963 §6.1.2). */
export class Authorization {
  readonly #homePrefixes: readonly Prefix[];
  readonly #nodes: ReadonlyMap<Address, MobileNodeConfiguration>;

  constructor(homePrefixes: readonly Prefix[], nodes: readonly MobileNodeConfiguration[]) {
    this.#homePrefixes = homePrefixes;
    this.#nodes = new Map(nodes.map((node) => [node.homeAddress, node]));
  }

  /** The mobile node of a home address; 132 outside the home link, 133 if the agent does not serve it. */
  mobileNode(homeAddress: Address): Checked<MobileNodeConfiguration> {
    if (!this.#homePrefixes.some((prefix) => prefixContains(prefix, homeAddress))) {
      return { refuse: BindingStatus.notHomeSubnet };
    }
    const node = this.#nodes.get(homeAddress);
    return node ? { value: node } : { refuse: BindingStatus.notHomeAgentForThisMobileNode };
  }

  /**
   * The mobile network prefixes to set up (RFC 3963 §6.2): those of the options, all of which must be prefixes of
   * unicast addresses (141) and the node's own (142), or in implicit mode all that are configured (143 if there are none).
   */
  prefixes(node: MobileNodeConfiguration, options: readonly MobilityOption[]): Checked<readonly Prefix[]> {
    const asked = options.filter((option) => option.type === OptionType.mobileNetworkPrefix);
    if (asked.length === 0) {
      return node.prefixes.length > 0 ? { value: node.prefixes } : { refuse: BindingStatus.forwardingSetupFailed };
    }
    const granted: Prefix[] = [];
    for (const { prefix } of asked) {
      // Nothing can be forwarded to such a prefix, whosever it is (RFC 3963 §6.2).
      if (prefix.length === 0 || !isUnicastRoutable(prefix.address)) return { refuse: BindingStatus.invalidPrefix };
      if (!node.prefixes.some((own) => samePrefix(own, prefix))) {
        return { refuse: BindingStatus.notAuthorizedForPrefix };
      }
      if (!granted.some((other) => samePrefix(other, prefix))) granted.push(prefix);
    }
    return { value: granted };
  }
}
