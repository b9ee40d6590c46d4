import { BindingCache } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import { hostPrefix } from '../../bytes/prefix.ts';
import { linkLocalOf } from '../../bytes/special-addresses.ts';
import type { HomeAgentConfiguration } from '../../config/configuration.ts';
import { type BindingGroup, Encapsulation, SelectionMode, type Tunnel } from '../../forwarding/table.ts';
import { PathMtuTable } from '../../paths/path-mtu.ts';
import { BindingStatus, BindingUpdateFlag, MessageType } from '../../wire/mh/numbers.ts';
import type { Icmpv6Packet, MobilityPacket } from '../../wire/signalling.ts';
import type { RoleAction } from '../action.ts';
import type { RoleServices } from '../services.ts';
import type { HomeAgentStatus } from '../status.ts';
import { acknowledgement, answersOnHomeLink, linkLayerAddressIn, registrationEvents } from './acknowledgement.ts';
import { Authorization } from './authorization.ts';
import { type Delivery, HomeDeliveries } from './home-deliveries.ts';
import { HomeInformation } from './home-information.ts';
import type { HomeLink } from './home-link.ts';
import { type HomeLinkOutcome, HomeLinkService } from './home-link-service.ts';
import { RefreshRequests } from './refresh-requests.ts';
import { type HomeLinkRules, Registrar, type RegistrationOutcome, refusal } from './registration.ts';
import { UpdateAuthentication } from './update-authentication.ts';
import { type ValidBindingUpdate, validate } from './validation.ts';
import { WaitingUpdates } from './waiting-updates.ts';

/** A Packet Too Big for a tunnel packet: the path from `local` to `remote` takes `mtuBytes`. */
interface PacketTooBig {
  readonly type: 'packet-too-big';
  readonly local: Address;
  readonly remote: Address;
  readonly mtuBytes: number;
}

/** What a home agent is told. `interfaceIndex`: where the packet came in. */
export type HomeAgentInput =
  | { readonly type: 'mobility'; readonly packet: MobilityPacket; readonly interfaceIndex?: number }
  | { readonly type: 'icmpv6'; readonly packet: Icmpv6Packet; readonly interfaceIndex?: number }
  /** The physical home link as it is now; `null` while it cannot be used. */
  | { readonly type: 'home-link'; readonly link: HomeLink | null }
  | PacketTooBig
  | { readonly type: 'deadline' }
  | { readonly type: 'shutdown' };

/** The largest outer packet while nothing smaller is known. */
const LINK_MTU_BYTES = 1500;

/** The home agent: RFC 6275 §10, RFC 3963 §6 and RFC 5648 §6 over one binding cache. */
export class HomeAgent {
  readonly #configuration: HomeAgentConfiguration;
  readonly #cache = new BindingCache();
  readonly #registrar: Registrar;
  readonly #authentication: UpdateAuthentication;
  readonly #pathMtu = new PathMtuTable();
  readonly #homeLink: HomeLinkService | undefined;
  readonly #information: HomeInformation;
  readonly #deliveries = new HomeDeliveries(this.#cache);
  readonly #waiting = new WaitingUpdates();
  readonly #refreshRequests: RefreshRequests | undefined;

  constructor(configuration: HomeAgentConfiguration, services: RoleServices) {
    this.#configuration = configuration;
    const { homeLink } = configuration;
    this.#homeLink = homeLink && new HomeLinkService(homeLink, configuration, services.random16);
    this.#information = new HomeInformation(configuration, this.#cache, this.#homeLink, services.random16);
    this.#refreshRequests = configuration.refreshRequests
      ? new RefreshRequests(configuration.address, this.#cache)
      : undefined;
    const authorization = new Authorization(configuration.homePrefixes, configuration.mobileNodes);
    const rules: HomeLinkRules = {
      lifetimes: (homeAddress, nowMs) => this.#information.lifetimes(homeAddress, nowMs),
      homeBindingStatus: (valid) => this.#homeBindingStatus(valid),
    };
    this.#registrar = new Registrar(configuration, authorization, this.#cache, rules);
    this.#authentication = new UpdateAuthentication(configuration, services);
  }

  /** Changes with every change of what `forwarding` returns. */
  forwardingVersion = 0;

  /** Changes with every change of what `delivery` and `refusedLinkLocal` return. */
  get deliveryVersion(): number {
    return this.#deliveries.version;
  }

  get nextDeadlineMs(): number {
    return Math.min(
      this.#cache.nextDeadlineMs,
      this.#pathMtu.nextDeadlineMs,
      this.#homeLink?.nextDeadlineMs ?? Number.POSITIVE_INFINITY,
      this.#information.nextDeadlineMs,
      this.#refreshRequests?.nextDeadlineMs ?? Number.POSITIVE_INFINITY,
    );
  }

  /** Whether `careOfAddress` is registered for the home address under any BID (RFC 5648 §6.5). */
  hasBinding(homeAddress: Address, careOfAddress: Address): boolean {
    const bindings = this.#cache.entry(homeAddress)?.bindings.values() ?? [];
    for (const binding of bindings) if (binding.careOfAddress === careOfAddress) return true;
    return false;
  }

  /** How packets for a node of the physical home link reach it; `undefined` for one of a virtual home link. */
  delivery(homeAddress: Address): Delivery | undefined {
    return this.#homeLink?.holds(homeAddress) ? this.#deliveries.of(homeAddress) : undefined;
  }

  /** Link-local addresses of nodes that are away: packets to them go nowhere (RFC 6275 §10.4.2). */
  refusedLinkLocal(): Address[] {
    const homeLink = this.#homeLink;
    if (!homeLink) return [];
    return [...this.#deliveries.withLinkLocal()].map(linkLocalOf).filter((target) => homeLink.isDefending(target));
  }

  handle(input: HomeAgentInput, nowMs: number): RoleAction[] {
    switch (input.type) {
      case 'mobility':
        return this.#receive(input.packet, this.#isHomeLink(input.interfaceIndex), nowMs);
      case 'icmpv6':
        return this.#receiveIcmpv6(input.packet, this.#isHomeLink(input.interfaceIndex), nowMs);
      case 'home-link':
        return this.#homeLink ? this.#follow(this.#homeLink.update(input.link ?? undefined, nowMs), nowMs) : [];
      case 'packet-too-big':
        return this.#learnPathMtu(input, nowMs);
      case 'deadline':
        return this.#run(nowMs);
      case 'shutdown':
        return this.#homeLink?.shutDown(nowMs) ?? [];
    }
  }

  /** Tunnels and binding groups: one group per home address, one tunnel per binding to a visited link. */
  forwarding(nowMs: number): { readonly tunnels: Tunnel[]; readonly groups: BindingGroup[] } {
    const tunnels: Tunnel[] = [];
    const groups: BindingGroup[] = [];
    for (const entry of this.#cache.entries()) {
      const bindings = [...entry.bindings.values()].filter(
        // Two identifiers of one care-of address are one way there, and one tunnel.
        ({ careOfAddress }, index, all) =>
          careOfAddress !== entry.homeAddress &&
          all.findIndex((other) => other.careOfAddress === careOfAddress) === index,
      );
      const [first] = bindings;
      if (!first) continue;
      for (const { tunnelId, careOfAddress } of bindings) {
        tunnels.push({
          id: tunnelId,
          encapsulation: Encapsulation.ipv6,
          outerSource: this.#configuration.address,
          outerDestination: careOfAddress,
          sourcePort: 0,
          destinationPort: 0,
          interfaceIndex: 0,
          pathMtuBytes: this.#pathMtu.lookUp(this.#configuration.address, careOfAddress, LINK_MTU_BYTES, nowMs),
          usable: true,
        });
      }
      groups.push({
        id: first.tunnelId,
        mode: SelectionMode.follow,
        tunnels: bindings.map(({ tunnelId }) => ({ tunnelId, weight: 1 })),
        prefixes: [hostPrefix(entry.homeAddress), ...entry.prefixes],
      });
    }
    return { tunnels, groups };
  }

  status(nowMs: number): HomeAgentStatus {
    const rows = [...this.#cache.entries()].flatMap((entry) =>
      [...entry.bindings.values()].map((binding) => ({
        homeAddress: entry.homeAddress,
        bid: binding.bid,
        careOfAddress: binding.careOfAddress,
        sequenceNumber: entry.sequenceNumber,
        remainingSeconds: Math.max(0, (binding.expiresMs - nowMs) / 1000),
        mobileRouter: entry.mobileRouter,
        prefixes: entry.prefixes,
        tunnelId: binding.tunnelId,
      })),
    );
    return { address: this.#configuration.address, authentication: this.#authentication.status, bindings: rows };
  }

  /** Only for what can be a tunnel packet of ours: anyone may send a Packet Too Big. */
  #learnPathMtu({ local, remote, mtuBytes }: PacketTooBig, nowMs: number): RoleAction[] {
    if (local !== this.#configuration.address) return [{ type: 'drop', reason: 'not-for-this-node' }];
    if (this.#pathMtu.learn(local, remote, mtuBytes, nowMs)) this.forwardingVersion++;
    return [];
  }

  #receive(packet: MobilityPacket, arrivedAtHome: boolean, nowMs: number): RoleAction[] {
    if (packet.message.type !== MessageType.bindingUpdate) return [{ type: 'drop', reason: 'unexpected-message' }];
    const isBound = (homeAddress: Address) => (this.#cache.entry(homeAddress)?.bindings.size ?? 0) > 0;
    const received = validate(packet, packet.message, arrivedAtHome, isBound);
    if (typeof received === 'string') return [{ type: 'drop', reason: received }];
    const isRegistered = this.hasBinding(received.homeAddress, received.source);
    const examination = this.#authentication.examine(packet, received.homeAddress, isRegistered, nowMs);
    if (examination.kind === 'dropped') return [{ type: 'drop', reason: examination.reason }];
    const valid = examination.kind === 'unauthenticated' ? received : { ...received, answer: examination.answer };
    if (examination.kind === 'refused') {
      const { reason, status } = examination;
      return [{ type: 'drop', reason }, this.#send(valid, refusal(valid, status, this.#registrar.identifiers(valid)))];
    }
    return this.#testFirst(valid, nowMs) ?? this.#answer(valid, nowMs);
  }

  /** Holds an update back while its home address is tested on the home link (RFC 6275 §10.3.1). */
  #testFirst(valid: ValidBindingUpdate, nowMs: number): RoleAction[] | undefined {
    const { homeAddress, update } = valid;
    if (this.#homeLink?.isTesting(homeAddress)) {
      this.#waiting.add(valid);
      return [];
    }
    if (!this.#homeLink?.holds(homeAddress) || !this.#registrar.wouldBegin(valid, nowMs)) return undefined;
    const linkLocal = (update.flags & BindingUpdateFlag.linkLocalCompatibility) !== 0;
    // Without a link there is nobody on it who could have the address.
    const test = this.#homeLink.test(homeAddress, linkLocal, nowMs);
    if (test) this.#waiting.add(valid);
    return test;
  }

  /** Does what an authentic update asks for, and acknowledges it. */
  #answer(valid: ValidBindingUpdate, nowMs: number): RoleAction[] {
    const { homeAddress } = valid;
    const linkLayerAddress = linkLayerAddressIn(valid) ?? this.#deliveries.linkLayerAddress(homeAddress);
    const outcome = this.#registrar.process(valid, nowMs);
    const changed = outcome.registered.some((registered) => registered.changed);
    if (changed || outcome.prefixesChanged || outcome.removed.length > 0) this.forwardingVersion++;
    if (outcome.registered.length > 0) {
      if (this.#homeLink?.holds(homeAddress)) this.#deliveries.learn(valid);
      this.#refreshRequests?.registered(homeAddress, outcome.lifetimeSeconds, nowMs);
    }
    const isEffective = outcome.registered.length > 0 || outcome.removed.length > 0;
    return [
      ...(isEffective ? this.#settle(homeAddress, outcome.registered.length > 0, nowMs) : []),
      ...this.#introduce(valid, linkLayerAddress),
      this.#send(valid, outcome),
      ...this.#information.run(nowMs),
      ...registrationEvents(valid, outcome),
    ];
  }

  /** Brings what depends on the bindings of a home address in line with them. */
  #settle(homeAddress: Address, isRegistration: boolean, nowMs: number): RoleAction[] {
    const entry = this.#cache.entry(homeAddress);
    const homeLink = this.#homeLink?.holds(homeAddress) ? this.#homeLink : undefined;
    const withoutDiscovery = homeLink?.configuration.onlyRouter === false;
    const { isAtHome, isAway } = homeLink
      ? this.#deliveries.settle(homeAddress, withoutDiscovery)
      : { isAtHome: false, isAway: entry !== undefined && entry.bindings.size > 0 };
    if (!isAway) this.#information.withdrawn(homeAddress);
    else if (isRegistration) this.#information.registered(homeAddress, nowMs);
    if (!entry || !homeLink) return [];
    const isDefended = isAtHome ? withoutDiscovery : isAway;
    return homeLink.defend(entry, this.#deliveries.hasLinkLocal(homeAddress), isDefended, nowMs);
  }

  /** Whoever writes from the home link is answered there, even where it does not answer for its address yet. */
  #introduce(valid: ValidBindingUpdate, linkLayerAddress = linkLayerAddressIn(valid)): RoleAction[] {
    const interfaceIndex = this.#homeLink?.link?.interfaceIndex;
    if (!linkLayerAddress || interfaceIndex === undefined || !answersOnHomeLink(valid)) return [];
    // A permanent entry comes with the host's network.
    if (this.#deliveries.of(valid.homeAddress).linkLayerAddress) return [];
    return [{ type: 'neighbor', address: valid.homeAddress, linkLayerAddress, interfaceIndex }];
  }

  /** Signed, if the Binding Update was. */
  #send(valid: ValidBindingUpdate, outcome: RegistrationOutcome): RoleAction {
    const packet = acknowledgement(valid, outcome, this.#configuration.refreshAdviceSeconds);
    const interfaceIndex = answersOnHomeLink(valid) ? (this.#homeLink?.link?.interfaceIndex ?? 0) : 0;
    const { answer } = valid;
    return { type: 'send', packet, interfaceIndex, ...(answer && { encoding: answer.encoding }) };
  }

  /** RFC 5648 §6.3: what is said to a node that is at home and abroad at the same time. */
  #homeBindingStatus(valid: ValidBindingUpdate): number {
    const { homeAddress } = valid;
    const homeLink = this.#homeLink;
    if (!homeLink?.holds(homeAddress) || !homeLink.configuration.simultaneousHomeAndForeign) {
      return BindingStatus.mcoaSimultaneousHomeAndForeignProhibited;
    }
    if (homeLink.configuration.onlyRouter) return BindingStatus.accepted;
    // Without Neighbor Discovery there is no other way to reach it.
    const isReachable = linkLayerAddressIn(valid) ?? this.#deliveries.linkLayerAddress(homeAddress);
    return isReachable ? BindingStatus.mcoaReturnHomeWithoutNdp : BindingStatus.reasonUnspecified;
  }

  #receiveIcmpv6(packet: Icmpv6Packet, arrivedAtHome: boolean, nowMs: number): RoleAction[] {
    const answer = this.#information.receive(packet, nowMs);
    if (answer) return [...answer];
    if (!arrivedAtHome || !this.#homeLink) return [];
    return this.#follow(this.#homeLink.receive(packet, nowMs), nowMs);
  }

  /** Does what the home link has decided. */
  #follow({ actions, unique, duplicate, prefixesChanged }: HomeLinkOutcome, nowMs: number): RoleAction[] {
    if (prefixesChanged) this.#boundLifetimes();
    if (prefixesChanged) this.#information.prefixesChanged(nowMs);
    return [
      ...actions,
      ...unique
        .flatMap((homeAddress) => this.#waiting.take(homeAddress))
        .flatMap((valid) => this.#answer(valid, nowMs)),
      ...duplicate.flatMap((homeAddress) => this.#waiting.take(homeAddress)).flatMap((valid) => this.#refuse(valid)),
    ];
  }

  #refuse(valid: ValidBindingUpdate): RoleAction[] {
    const outcome = refusal(valid, BindingStatus.duplicateAddressDetectionFailed, this.#registrar.identifiers(valid));
    return [...this.#introduce(valid), this.#send(valid, outcome), ...registrationEvents(valid, outcome)];
  }

  /** No binding outlives the prefix of its home address (RFC 6275 §10.3.1). */
  #boundLifetimes(): void {
    for (const { homeAddress, bindings } of this.#cache.entries()) {
      const validUntilMs = this.#homeLink?.prefixes.around(homeAddress)?.validUntilMs ?? Number.POSITIVE_INFINITY;
      for (const { bid, careOfAddress, expiresMs } of bindings.values()) {
        if (expiresMs > validUntilMs) this.#cache.put(homeAddress, bid, careOfAddress, validUntilMs);
      }
    }
  }

  #isHomeLink(interfaceIndex: number | undefined): boolean {
    return interfaceIndex !== undefined && interfaceIndex === this.#homeLink?.link?.interfaceIndex;
  }

  #run(nowMs: number): RoleAction[] {
    if (this.#pathMtu.expire(nowMs)) this.forwardingVersion++;
    const expired = this.#cache.expire(nowMs);
    if (expired.length > 0) this.forwardingVersion++;
    const concerned = new Set(expired.map(({ homeAddress }) => homeAddress));
    return [
      ...[...concerned].flatMap((homeAddress) => this.#settle(homeAddress, false, nowMs)),
      ...expired.map(({ homeAddress, bid, careOfAddress }): RoleAction => {
        return {
          type: 'event',
          event: { type: 'binding-removed', homeAddress, bid, careOfAddress, reason: 'expired' },
        };
      }),
      ...(this.#homeLink ? this.#follow(this.#homeLink.run(nowMs), nowMs) : []),
      ...(this.#refreshRequests?.run(nowMs) ?? []).map(
        (packet): RoleAction => ({ type: 'send', packet, interfaceIndex: 0 }),
      ),
      ...this.#information.run(nowMs),
    ];
  }
}
