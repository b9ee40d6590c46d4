import type { Ipv4Home } from '../bindings/binding-cache.ts';
import { type Address, isIpv4 } from '../bytes/address.ts';
import { homeAgentsAnycastAddress } from '../bytes/special-addresses.ts';
import type { Configuration, HomeAgentConfiguration } from '../config/configuration.ts';
import type { NetworkState } from '../paths/network-state.ts';
import type { RoleAction } from '../roles/action.ts';
import type { HomeAgent } from '../roles/home-agent/home-agent.ts';
import type { NetlinkRequest } from '../wire/netlink/encode.ts';
import type { NetlinkMessage } from '../wire/netlink/message.ts';
import { NeighborState } from '../wire/netlink/numbers.ts';
import { observeHomeLink } from './home-link-observer.ts';
import { boundIpv4Network, type HomeAgentState, type HostNetworkItem, homeAgentNetwork } from './host-routing.ts';
import { receiveRules } from './receive-rules.ts';

/** What a home agent sees of its host, and what the host is to have for it. */
export class HomeAgentHost {
  readonly #configuration: HomeAgentConfiguration;
  readonly #tunnelInterface: string;
  readonly #homeAgent: HomeAgent;
  #deliveryVersion = 0;
  #refusedLinkLocal: readonly Address[] = [];
  #homeLinkIndex: number | undefined;
  #ipv4Addresses: readonly Address[];
  /** What of IPv4 is the nodes' own, by home address. */
  readonly #ownIpv4: ReadonlyMap<Address, Ipv4Home | undefined>;
  /** What the networks of all nodes were last worked out for. */
  #ipv4Place = '';

  constructor({ homeAgent, tunnel }: Configuration, machine: HomeAgent) {
    this.#configuration = homeAgent!;
    this.#tunnelInterface = tunnel.interface;
    this.#homeAgent = machine;
    const { ipv4, mobileNodes } = homeAgent!;
    this.#ipv4Addresses = ipv4 ? [ipv4.address] : [];
    this.#ownIpv4 = new Map(mobileNodes.map((node) => [node.homeAddress, node.ipv4]));
  }

  /** The physical home link's interface, while it can be used. */
  get homeLinkIndex(): number | undefined {
    return this.#homeLinkIndex;
  }

  /** The host's network has changed. */
  observe(network: NetworkState, nowMs: number): RoleAction[] {
    const { homeLink, ipv4 } = this.#configuration;
    if (!homeLink) return [];
    if (ipv4) {
      const onLink = network.addresses(network.linkByName(homeLink.interface)?.index ?? 0);
      this.#ipv4Addresses = [ipv4.address, ...onLink.flatMap(({ address }) => (isIpv4(address) ? address : []))];
    }
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
    return homeAgentNetwork(this.#configuration, tunnelIndex, this.#state());
  }

  /** What nodes need whose IPv4 is bound otherwise than when this was last asked, by home address. */
  changedIpv4(tunnelIndex: number): [homeAddress: Address, items: HostNetworkItem[]][] {
    const { ipv4 } = this.#configuration;
    if (!ipv4) return [];
    const state = this.#state();
    const place = JSON.stringify([tunnelIndex, state]);
    const changes = [...this.#homeAgent.takeIpv4Changes()];
    const homes = place === this.#ipv4Place ? changes : [...this.#ownIpv4.keys()];
    this.#ipv4Place = place;
    return homes.map((home) => [
      home,
      boundIpv4Network(ipv4.homePrefixes, this.#ownIpv4.get(home), this.#homeAgent.ipv4Home(home), tunnelIndex, state),
    ]);
  }

  #state(): HomeAgentState {
    return {
      homeLinkIndex: this.#homeLinkIndex,
      delivery: (homeAddress) => this.#homeAgent.delivery(homeAddress),
      ipv4Addresses: this.#ipv4Addresses,
    };
  }

  /** nftables input: what the kernel must not see or say. */
  rules(): string {
    const { address, homePrefixes, homeLink, ipv4 } = this.#configuration;
    const local = ipv4 ? [address, ipv4.address] : [address];
    return receiveRules({ local, remote: [] }, this.#tunnelInterface, {
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
