import type { HomeEntry } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import { homeAgentsAnycastAddress, linkLocalOf } from '../../bytes/special-addresses.ts';
import type { HomeAgentConfiguration, PhysicalHomeLinkConfiguration } from '../../config/configuration.ts';
import { Icmpv6Type } from '../../wire/icmpv6/message.ts';
import type { NeighborOption } from '../../wire/icmpv6/neighbor-options.ts';
import type { Icmpv6Packet } from '../../wire/signalling.ts';
import type { RoleAction } from '../action.ts';
import { AddressDefence } from './address-defence.ts';
import { DuplicateAddressDetection } from './duplicate-address-detection.ts';
import { GroupMemberships } from './group-memberships.ts';
import { HomeAgentsList, type ListedHomeAgent } from './home-agents-list.ts';
import { type HomeLink, prefixAround } from './home-link.ts';
import { HomePrefixes, prefixInformation } from './home-prefixes.ts';
import { RouterAdvertisements } from './router-advertisements.ts';

/** What a home agent that sends no Router Advertisements would announce (RFC 4861 §6.2.1). */
const USUAL_LIFETIMES = { validLifetimeSeconds: 2_592_000, preferredLifetimeSeconds: 604_800 };

/** What Neighbor Discovery on the link meant for the bindings. */
export interface HomeLinkOutcome {
  readonly actions: readonly RoleAction[];
  /** Home addresses whose test is over: they are unique, or somebody has them. */
  readonly unique: readonly Address[];
  readonly duplicate: readonly Address[];
  /** The prefixes of the link have changed in a way that mobile nodes are told. */
  readonly prefixesChanged: boolean;
}

/** All that a home agent does on a physical home link itself: there is one of these for each such link. */
export class HomeLinkService {
  readonly configuration: PhysicalHomeLinkConfiguration;
  readonly prefixes: HomePrefixes;
  readonly #groups = new GroupMemberships();
  readonly #detection = new DuplicateAddressDetection(this.#groups);
  readonly #defence = new AddressDefence(this.#groups);
  readonly #agents = new HomeAgentsList();
  readonly #advertisements: RouterAdvertisements | undefined;
  #link: HomeLink | undefined;

  constructor(
    configuration: PhysicalHomeLinkConfiguration,
    { address, addressDiscovery }: HomeAgentConfiguration,
    random16: () => number,
  ) {
    this.configuration = configuration;
    this.prefixes = new HomePrefixes(configuration.prefixes, address);
    const { advertise } = configuration;
    this.#advertisements = advertise && new RouterAdvertisements(advertise, random16);
    if (addressDiscovery) {
      for (const prefix of configuration.prefixes) this.#groups.join(homeAgentsAnycastAddress(prefix));
    }
  }

  /** The interface, while it can be used. */
  get link(): HomeLink | undefined {
    return this.#link;
  }

  get nextDeadlineMs(): number {
    return Math.min(
      this.#detection.nextDeadlineMs,
      this.#defence.nextDeadlineMs,
      this.#agents.nextDeadlineMs,
      this.prefixes.nextDeadlineMs,
      (this.#link && this.#advertisements?.nextDeadlineMs) ?? Number.POSITIVE_INFINITY,
    );
  }

  /** Whether a home address lives on this link. */
  holds(homeAddress: Address): boolean {
    return prefixAround(this.configuration.prefixes, homeAddress) !== undefined;
  }

  isTesting(homeAddress: Address): boolean {
    return this.#detection.isTesting(homeAddress);
  }

  isDefending(target: Address): boolean {
    return this.#defence.isDefending(target);
  }

  /** The interface is there, has changed, or is gone. */
  update(link: HomeLink | undefined, nowMs: number): HomeLinkOutcome {
    const before = this.#link;
    this.#link = link;
    const actions = this.#groups.moveTo(link);
    if (!link) {
      this.#advertisements?.end();
      return { actions, unique: [], duplicate: [], prefixesChanged: false };
    }
    const isNew = before?.interfaceIndex !== link.interfaceIndex;
    if (isNew) this.#agents.clear();
    if (isNew || !isSame(before.linkLayerAddress, link.linkLayerAddress)) {
      actions.push(...this.#defence.announceAll(link, nowMs));
    }
    const prefixesChanged = this.prefixes.update(link);
    if (isNew || prefixesChanged || before.addresses.length !== link.addresses.length) {
      this.#advertisements?.begin(nowMs);
    }
    const { actions: more, ...outcome } = this.run(nowMs);
    return { ...outcome, actions: [...actions, ...more], prefixesChanged };
  }

  /** Tests a home address that is to be bound; `undefined` where there is no link to test it on. */
  test(homeAddress: Address, linkLocal: boolean, nowMs: number): RoleAction[] | undefined {
    return this.#link && this.#detection.start(homeAddress, linkLocal, this.#link, nowMs);
  }

  /** Neighbor Discovery from the link; the codec has made sure that it is from there. */
  receive(packet: Icmpv6Packet, nowMs: number): HomeLinkOutcome {
    const link = this.#link;
    let actions: RoleAction[] = [];
    let prefixesChanged = false;
    const duplicate: Address[] = [];
    switch (packet.message.type) {
      case Icmpv6Type.neighborSolicitation:
      case Icmpv6Type.neighborAdvertisement: {
        const conflict = this.#detection.conflict(packet);
        if (conflict !== undefined) {
          duplicate.push(conflict);
          actions = this.#detection.stop(conflict);
        } else if (link) {
          actions = this.#defence.answer(packet, link);
        }
        break;
      }
      case Icmpv6Type.routerSolicitation:
        this.#advertisements?.solicited(nowMs);
        break;
      case Icmpv6Type.routerAdvertisement:
        if (packet.source === link?.linkLocalAddress) break;
        this.#agents.learn(packet.source, packet.message, nowMs);
        prefixesChanged = this.prefixes.learn(packet.message, nowMs);
        break;
    }
    return { actions, unique: [], duplicate, prefixesChanged };
  }

  run(nowMs: number): HomeLinkOutcome {
    const unique = this.#detection.passed(nowMs);
    const actions = [...unique.flatMap((homeAddress) => this.#detection.stop(homeAddress))];
    actions.push(...this.#defence.run(this.#link, nowMs));
    this.#agents.expire(nowMs);
    const prefixesChanged = this.prefixes.expire(nowMs);
    if (this.#link && this.#advertisements) {
      actions.push(...this.#advertisements.run(this.#link, this.prefixes.own(), nowMs));
    }
    return { actions, unique, duplicate: [], prefixesChanged };
  }

  shutDown(nowMs: number): RoleAction[] {
    if (!this.#link || !this.#advertisements) return [];
    return this.#advertisements.farewell(this.#link, this.prefixes.own(), nowMs);
  }

  /** Speaks for a home address (and with `linkLocal` for the derived one), or falls silent about it. */
  defend(entry: HomeEntry, linkLocal: boolean, isAway: boolean, nowMs: number): RoleAction[] {
    const { homeAddress, mobileRouter } = entry;
    const derived = linkLocalOf(homeAddress);
    if (!isAway) return [...this.#defence.release(homeAddress), ...this.#defence.release(derived)];
    return [
      ...this.#defence.defend(homeAddress, mobileRouter, this.#link, nowMs),
      ...(linkLocal ? this.#defence.defend(derived, mobileRouter, this.#link, nowMs) : this.#defence.release(derived)),
    ];
  }

  /** The home agents of the link, this one included (RFC 6275 §10.5.1). */
  listed(agentAddress: Address): ListedHomeAgent[] {
    const own = (this.#link?.addresses ?? [])
      .map(({ address }) => address)
      .filter((address) => this.holds(address) || address === agentAddress);
    const { preference = 0, mobileRouters = true } = this.configuration.advertise ?? {};
    const self = { preference, mobileRouters, addresses: own.length > 0 ? own : [agentAddress] };
    return [self, ...this.#agents.agents()];
  }

  /** The options that tell a mobile node which prefixes the link has (RFC 6275 §10.6.1). */
  prefixOptions(nowMs: number): Extract<NeighborOption, { readonly prefixLength: number }>[] {
    const advertised = this.configuration.advertise ?? USUAL_LIFETIMES;
    return this.prefixes.all().map((prefix) => prefixInformation(prefix, advertised, nowMs));
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}
