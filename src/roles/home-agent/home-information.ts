import type { BindingCache } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import { addressFromBytes } from '../../bytes/address.ts';
import type { Prefix } from '../../bytes/prefix.ts';
import { homeAgentsAnycastAddress } from '../../bytes/special-addresses.ts';
import type { HomeAgentConfiguration } from '../../config/configuration.ts';
import type { HomeAgentAddressDiscoveryRequest } from '../../wire/icmpv6/home-agent-address-discovery.ts';
import { Icmpv6Type } from '../../wire/icmpv6/message.ts';
import type { PrefixInformationOption } from '../../wire/icmpv6/neighbor-options.ts';
import { INFINITE_LIFETIME_SECONDS } from '../../wire/icmpv6/numbers.ts';
import type { Icmpv6Packet, OuterHeader } from '../../wire/signalling.ts';
import { drop, type RoleAction } from '../action.ts';
import { SourceLimits } from '../source-limits.ts';
import { discoveryReply } from './address-discovery.ts';
import { prefixAround } from './home-link.ts';
import type { HomeLinkService } from './home-link-service.ts';
import { HomePrefixes, prefixInformation } from './home-prefixes.ts';
import { isFrom, outerReply, outerTo } from './ipv4-care-of.ts';
import { type PrefixAdvertisementSource, PrefixAdvertisements } from './prefix-advertisements.ts';
import { quotedTunnelPacket, relayedError } from './tunnel-errors.ts';

/** Answers that anybody can ask for are larger than what asks: so many are sent to one /64, and to all together. */
const DISCOVERIES = { perSecond: 2, burst: 5, maximumSources: 1024 };
const ALL_DISCOVERIES = { perSecond: 100, burst: 200, maximumSources: 1 };
const RELAYED_ERRORS = { perSecond: 10, burst: 20, maximumSources: 1 };
const WITHOUT_END = { validSeconds: Number.POSITIVE_INFINITY, preferredSeconds: Number.POSITIVE_INFINITY };
const EVERYBODY = addressFromBytes(new Uint8Array(16));
/** Of a virtual home link, whose prefixes do not end. */
const ENDLESS = {
  validLifetimeSeconds: INFINITE_LIFETIME_SECONDS,
  preferredLifetimeSeconds: INFINITE_LIFETIME_SECONDS,
};

/** What a home agent tells about itself, its home links and its tunnels: ICMPv6 to and from outside the home link. */
export class HomeInformation {
  readonly #configuration: HomeAgentConfiguration;
  readonly #cache: BindingCache;
  readonly #homeLink: HomeLinkService | undefined;
  readonly #random16: () => number;
  readonly #anycast: ReadonlyMap<Address, Prefix>;
  readonly #virtual: ReadonlyMap<Prefix, HomePrefixes>;
  readonly #advertisements: PrefixAdvertisements;
  /** Their key does not protect what is said about prefixes, and nothing else is known to (RFC 4285 §2). */
  readonly #untold: ReadonlySet<Address>;
  readonly #discoveries = new SourceLimits(DISCOVERIES);
  readonly #allDiscoveries = new SourceLimits(ALL_DISCOVERIES);
  readonly #relayedErrors = new SourceLimits(RELAYED_ERRORS);

  constructor(
    configuration: HomeAgentConfiguration,
    cache: BindingCache,
    homeLink: HomeLinkService | undefined,
    random16: () => number,
  ) {
    this.#configuration = configuration;
    this.#cache = cache;
    this.#homeLink = homeLink;
    this.#random16 = random16;
    const { address, homePrefixes, prefixAdvertisements } = configuration;
    this.#anycast = new Map(homePrefixes.map((prefix) => [homeAgentsAnycastAddress(prefix), prefix]));
    this.#virtual = new Map(homePrefixes.map((prefix) => [prefix, new HomePrefixes([prefix], address)]));
    const untold = configuration.mobileNodes.filter(
      ({ authentication }) => authentication !== 'none' && !authentication.prefixDiscovery,
    );
    this.#untold = new Set(untold.map(({ homeAddress }) => homeAddress));
    this.#advertisements = new PrefixAdvertisements(
      prefixAdvertisements,
      {
        registration: (homeAddress) => this.#registration(homeAddress),
        prefixes: (homeAddress, nowMs) => this.#prefixOptions(homeAddress, nowMs),
        preferredSeconds: (homeAddress, nowMs) => this.lifetimes(homeAddress, nowMs).preferredSeconds,
      },
      random16,
    );
  }

  get nextDeadlineMs(): number {
    return this.#advertisements.nextDeadlineMs;
  }

  /** What is left of the lifetimes of a home address's prefix; Infinity on a virtual home link. */
  lifetimes(homeAddress: Address, nowMs: number): { validSeconds: number; preferredSeconds: number } {
    const prefix = this.#homeLink?.prefixes.around(homeAddress);
    if (!prefix) return WITHOUT_END;
    const seconds = (untilMs: number) => Math.max(0, (untilMs - nowMs) / 1000);
    return { validSeconds: seconds(prefix.validUntilMs), preferredSeconds: seconds(prefix.preferredUntilMs) };
  }

  /** A node that is away has registered. What a virtual home link has never changes: its nodes are told if they ask. */
  registered(homeAddress: Address, nowMs: number): void {
    if (!this.#homeLink?.holds(homeAddress) || this.#untold.has(homeAddress)) return;
    this.#advertisements.registered(homeAddress, nowMs);
  }

  /** A node is at home, or unknown from now on. */
  withdrawn(homeAddress: Address): void {
    this.#advertisements.withdrawn(homeAddress);
  }

  prefixesChanged(nowMs: number): void {
    this.#advertisements.changed((homeAddress) => this.#homeLink?.holds(homeAddress) ?? false, nowMs);
  }

  run(nowMs: number): RoleAction[] {
    return this.nextDeadlineMs > nowMs ? [] : this.#advertisements.run(nowMs).map(send);
  }

  /** `undefined` for what is not its business. */
  receive(packet: Icmpv6Packet, nowMs: number): RoleAction[] | undefined {
    const { message } = packet;
    switch (message.type) {
      case Icmpv6Type.homeAgentAddressDiscoveryRequest:
        return this.#discover(packet, message, nowMs);
      case Icmpv6Type.mobilePrefixSolicitation: {
        const { homeAddress, source, outer } = packet;
        if (homeAddress === undefined) return drop('no-home-address-option');
        const isEnabled = this.#configuration.prefixAdvertisements.enabled && !this.#untold.has(homeAddress);
        if (!isEnabled) return drop('prefix-advertisements-disabled');
        if (!this.#registration(homeAddress)) return drop('unknown-binding');
        if (outer && !this.#isFromBinding(homeAddress, source, outer)) return drop('unknown-binding');
        const { identifier } = message;
        const solicitation = { source, identifier, ...(outer && { outer: outerReply(outer) }) };
        this.#advertisements.solicited(homeAddress, solicitation, nowMs);
        return this.run(nowMs);
      }
      case Icmpv6Type.destinationUnreachable:
      case Icmpv6Type.timeExceeded:
      case Icmpv6Type.parameterProblem: {
        const quoted = quotedTunnelPacket(message);
        if (quoted?.outerSource !== this.#configuration.address) return [];
        if (!this.#relayedErrors.take(EVERYBODY, nowMs)) return drop('rate-limited');
        const isOurs = this.#hasTunnel(quoted.outerDestination, quoted.innerDestination);
        const error = isOurs ? relayedError(quoted, this.#configuration.address) : undefined;
        return error ? [send(error)] : drop('unknown-binding');
      }
    }
    return undefined;
  }

  /** RFC 6275 §10.5.1: for a home link that we serve, from a global address of ours, straight to who asks. */
  #discover(packet: Icmpv6Packet, request: HomeAgentAddressDiscoveryRequest, nowMs: number): RoleAction[] {
    const { address, addressDiscovery } = this.#configuration;
    const prefix = this.#anycast.get(packet.destination);
    if (!prefix) return drop('not-for-this-node');
    if (!addressDiscovery) return drop('discovery-disabled');
    const { source } = packet;
    if (!this.#discoveries.take(source, nowMs) || !this.#allDiscoveries.take(EVERYBODY, nowMs)) {
      return drop('rate-limited');
    }
    const agents = this.#homeLink?.holds(prefix.address)
      ? this.#homeLink.listed(address)
      : [{ preference: 0, mobileRouters: true, addresses: [address] }];
    const message = discoveryReply(request, agents, this.#random16);
    return [send({ kind: 'icmpv6', source: address, destination: source, message })];
  }

  #registration(homeAddress: Address): ReturnType<PrefixAdvertisementSource['registration']> {
    const { address: agentAddress, ipv4 } = this.#configuration;
    for (const { careOfAddress, outer } of this.#cache.entry(homeAddress)?.bindings.values() ?? []) {
      if (careOfAddress === homeAddress) continue;
      return { agentAddress, careOfAddress, ...(outer && { outer: outerTo(ipv4!.address, outer) }) };
    }
    return undefined;
  }

  /** From an IPv4 care-of address, with the home address as the source (RFC 5555 §2.2). */
  #isFromBinding(homeAddress: Address, source: Address, outer: OuterHeader): boolean {
    const bindings = this.#cache.entry(homeAddress)?.bindings.values() ?? [];
    return source === homeAddress && [...bindings].some((binding) => isFrom(binding, outer));
  }

  #prefixOptions(homeAddress: Address, nowMs: number): PrefixInformationOption[] {
    if (this.#homeLink?.holds(homeAddress)) return this.#homeLink.prefixOptions(nowMs);
    const home = prefixAround(this.#configuration.homePrefixes, homeAddress);
    const prefixes = (home && this.#virtual.get(home)?.all()) ?? [];
    return prefixes.map((prefix) => prefixInformation(prefix, ENDLESS, nowMs));
  }

  /** Whether what is sent to this inner destination goes to this care-of address. */
  #hasTunnel(careOfAddress: Address, innerDestination: Address): boolean {
    const entries = this.#cache.entry(innerDestination);
    const candidates = entries ? [entries] : this.#cache.entries();
    for (const { bindings, prefixes } of candidates) {
      if (!entries && !prefixAround(prefixes, innerDestination)) continue;
      for (const binding of bindings.values()) if (binding.careOfAddress === careOfAddress) return true;
    }
    return false;
  }
}

function send(packet: Icmpv6Packet): RoleAction {
  return { type: 'send', packet, interfaceIndex: 0 };
}
