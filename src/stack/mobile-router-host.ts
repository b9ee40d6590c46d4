import type { Address } from '../bytes/address.ts';
import { homeAgentsAnycastAddress } from '../bytes/special-addresses.ts';
import type { Configuration, MobileRouterConfiguration, RoutingConfiguration } from '../config/configuration.ts';
import { type HomeLink, observeHomeLink } from '../paths/home-link.ts';
import type { NetworkState } from '../paths/network-state.ts';
import type { Uplink } from '../paths/uplink.ts';
import { UplinkObserver } from '../paths/uplink-observer.ts';
import type { RoleAction } from '../roles/action.ts';
import type { MobileRouter } from '../roles/mobile-router/mobile-router.ts';
import type { NetlinkRequest } from '../wire/netlink/encode.ts';
import type { NetlinkMessage } from '../wire/netlink/message.ts';
import { type HostNetworkItem, mobileRouterNetwork } from './host-routing.ts';
import { receiveRules } from './receive-rules.ts';
import { usesIpv4 } from './uses-ipv4.ts';

/** What a mobile router sees of its host, and what the host is to have for it. */
export class MobileRouterHost {
  readonly #configuration: MobileRouterConfiguration;
  readonly #routing: RoutingConfiguration;
  readonly #tunnelInterface: string;
  readonly #router: MobileRouter;
  readonly #observer: UplinkObserver;
  /** Interfaces of uplinks and home links. */
  readonly interfaces: ReadonlySet<string>;
  #uplinks: readonly Uplink[] = [];
  #agents: string;

  constructor({ mobileRouter, tunnel, routing }: Configuration, machine: MobileRouter) {
    this.#configuration = mobileRouter!;
    this.#routing = routing;
    this.#tunnelInterface = tunnel.interface;
    this.#router = machine;
    this.#observer = new UplinkObserver(mobileRouter!.uplinks);
    this.interfaces = new Set([
      ...mobileRouter!.uplinks.map((uplink) => uplink.interface),
      ...mobileRouter!.homes.flatMap(({ homeLink }) => homeLink?.interface ?? []),
    ]);
    this.#agents = this.#remotes().join();
  }

  /** The host's network has changed. */
  observe(network: NetworkState, nowMs: number): RoleAction[] {
    const current = new Map(this.#uplinks.map(({ name, careOfAddress }) => [name, careOfAddress]));
    this.#uplinks = this.#observer.observe(network, this.#destinations(), (name) => current.get(name) ?? null);
    const homeLinks = this.#configuration.homes.flatMap(({ name, homePrefix, homeLink }): HomeLink[] =>
      homePrefix && homeLink ? [observeHomeLink({ name, homePrefix, interface: homeLink.interface }, network)] : [],
    );
    return this.#router.handle({ type: 'uplinks', uplinks: this.#uplinks, homeLinks }, nowMs);
  }

  network(tunnelIndex: number): HostNetworkItem[] {
    return mobileRouterNetwork(
      this.#configuration,
      this.#routing,
      this.#uplinks,
      tunnelIndex,
      this.#router.placements(),
    );
  }

  /** nftables input: what the kernel must not see or say. */
  rules(): string {
    const uplinks = usesIpv4({ mobileRouter: this.#configuration }) ? this.#configuration.uplinks : [];
    const devices = [...new Set(uplinks.map((uplink) => uplink.interface))];
    return receiveRules({ local: [], remote: this.#remotes() }, this.#tunnelInterface, undefined, devices);
  }

  /** The rules, if they are others than before. */
  changedRules(): string | undefined {
    const agents = this.#remotes().join();
    if (agents === this.#agents) return undefined;
    this.#agents = agents;
    return this.rules();
  }

  /** The request that takes a home address away that an earlier run has left on an interface. */
  leftover(message: NetlinkMessage): NetlinkRequest | undefined {
    if (message.kind !== 'address' || message.change !== 'new') return undefined;
    const { address, interfaceIndex, prefixLength } = message;
    const isOurs = this.#configuration.homes.some(
      ({ homeAddress, ipv4 }) => homeAddress === address || ipv4?.homeAddress === address,
    );
    if (!isOurs || prefixLength !== address.length * 8) return undefined;
    return { kind: 'delete-address', interfaceIndex, address, prefixLength };
  }

  /** Home agents, those that are in use and those of the configuration, by addresses of both families. */
  #remotes(): readonly Address[] {
    const configured = this.#configuration.homes.flatMap(({ homeAgentAddress, homeAgentIpv4Address }) => [
      ...(homeAgentAddress === undefined ? [] : [homeAgentAddress]),
      ...(homeAgentIpv4Address === undefined ? [] : [homeAgentIpv4Address]),
    ]);
    return [...new Set([...configured, ...this.#router.homeAgents, ...this.#router.homeAgentsIpv4])];
  }

  /** Where uplinks must lead: to the home agents, or where such are looked for. */
  #destinations(): readonly Address[] {
    const anycast = this.#configuration.homes.flatMap(({ homePrefix }) =>
      homePrefix ? homeAgentsAnycastAddress(homePrefix) : [],
    );
    return [...this.#remotes(), ...anycast];
  }
}
