import type { Address } from '../bytes/address.ts';
import { homeAgentsAnycastAddress } from '../bytes/special-addresses.ts';
import type { Configuration, HomeAgentConfiguration } from '../config/configuration.ts';
import type { NetworkState } from '../paths/network-state.ts';
import type { RoleAction } from '../roles/action.ts';
import type { HomeAgent } from '../roles/home-agent/home-agent.ts';
import type { NetlinkRequest } from '../wire/netlink/encode.ts';
import type { NetlinkMessage } from '../wire/netlink/message.ts';
import { NeighborState } from '../wire/netlink/numbers.ts';
import { observeHomeLink } from './home-link-observer.ts';
import { type HostNetworkItem, homeAgentNetwork } from './host-routing.ts';
import { receiveRules } from './receive-rules.ts';

/** What a home agent sees of its host, and what the host is to have for it. */
export class HomeAgentHost {
  readonly #configuration: HomeAgentConfiguration;
  readonly #tunnelInterface: string;
  readonly #homeAgent: HomeAgent;
  #deliveryVersion = 0;
  #refusedLinkLocal: readonly Address[] = [];
  #homeLinkIndex: number | undefined;

  constructor({ homeAgent, tunnel }: Configuration, machine: HomeAgent) {
    this.#configuration = homeAgent!;
    this.#tunnelInterface = tunnel.interface;
    this.#homeAgent = machine;
  }

  /** The physical home link's interface, while it can be used. */
  get homeLinkIndex(): number | undefined {
    return this.#homeLinkIndex;
  }

  /** The host's network has changed. */
  observe(network: NetworkState, nowMs: number): RoleAction[] {
    const { homeLink } = this.#configuration;
    if (!homeLink) return [];
    const link = observeHomeLink(homeLink.interface, network);
    this.#homeLinkIndex = link?.interfaceIndex;
    return this.#homeAgent.handle({ type: 'home-link', link }, nowMs);
  }

  /** Whether packets for nodes of the home link go other ways than when this was last asked. */
  hasChanged(): boolean {
    const { deliveryVersion } = this.#homeAgent;
    if (deliveryVersion === this.#deliveryVersion) return false;
    this.#deliveryVersion = deliveryVersion;
    return true;
  }

  network(tunnelIndex: number): HostNetworkItem[] {
    return homeAgentNetwork(this.#configuration, tunnelIndex, {
      homeLinkIndex: this.#homeLinkIndex,
      delivery: (homeAddress) => this.#homeAgent.delivery(homeAddress),
    });
  }

  /** nftables input: what the kernel must not see or say. */
  rules(): string {
    const { address, homePrefixes, homeLink } = this.#configuration;
    return receiveRules({ local: [address], remote: [] }, this.#tunnelInterface, {
      anycast: homePrefixes.map(homeAgentsAnycastAddress),
      ...(homeLink && { homeLink: { interface: homeLink.interface, refused: this.#refusedLinkLocal } }),
    });
  }

  /** The rules, if they are others than before. */
  changedRules(): string | undefined {
    const refused = this.#homeAgent.refusedLinkLocal();
    if (refused.join() === this.#refusedLinkLocal.join()) return undefined;
    this.#refusedLinkLocal = refused;
    return this.rules();
  }

  /** The request that removes a node's link-layer address that an earlier run has told the kernel. */
  leftover(message: NetlinkMessage): NetlinkRequest | undefined {
    if (!this.#configuration.homeLink) return undefined;
    if (message.kind !== 'neighbor' || message.state !== NeighborState.permanent) return undefined;
    const { interfaceIndex, address, linkLayerAddress = new Uint8Array(0), state } = message;
    if (!this.#configuration.mobileNodes.some(({ homeAddress }) => homeAddress === address)) return undefined;
    return { kind: 'delete-neighbor', interfaceIndex, address, linkLayerAddress, state };
  }
}
