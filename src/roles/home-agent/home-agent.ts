import { BindingCache, type Ipv4Home } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import { linkLocalOf } from '../../bytes/special-addresses.ts';
import type { HomeAgentConfiguration } from '../../config/configuration.ts';
import { PathMtuTable } from '../../paths/path-mtu.ts';
import { Icmpv6Type } from '../../wire/icmpv6/numbers.ts';
import { BindingStatus, BindingUpdateFlag, MessageType } from '../../wire/mh/numbers.ts';
import type { Icmpv6Packet, MobilityPacket, OuterHeader } from '../../wire/signalling.ts';
import { type DropReason, drop, type RoleAction, tell } from '../action.ts';
import type { PacketTooBig } from '../packet-too-big.ts';
import type { RoleServices } from '../services.ts';
import type { HomeAgentStatus } from '../status.ts';
import { acknowledgement, answersOnHomeLink, linkLayerAddressIn, registrationEvents } from './acknowledgement.ts';
import { Authorization } from './authorization.ts';
import { bindingRows } from './binding-rows.ts';
import { type Delivery, HomeDeliveries } from './home-deliveries.ts';
import { HomeInformation } from './home-information.ts';
import type { HomeLink } from './home-link.ts';
import { type HomeLinkOutcome, HomeLinkService } from './home-link-service.ts';
import { isFrom, outerProblem } from './ipv4-care-of.ts';
import { Ipv4Homes } from './ipv4-homes.ts';
import { RefreshRequests } from './refresh-requests.ts';
import { type HomeLinkRules, Registrar, refusal } from './registration.ts';
import type { RegistrationOutcome } from './registration-outcome.ts';
import { tunnelsAndGroups } from './tunnels.ts';
import { UpdateAuthentication } from './update-authentication.ts';
import { type ValidBindingUpdate, validate } from './validation.ts';
import { WaitingUpdates } from './waiting-updates.ts';

/** What a home agent is told. `interfaceIndex`: where the packet came in. */
export type HomeAgentInput =
  | { readonly type: 'mobility'; readonly packet: MobilityPacket; readonly interfaceIndex?: number }
  | { readonly type: 'icmpv6'; readonly packet: Icmpv6Packet; readonly interfaceIndex?: number }
  /** The physical home link as it is now; `null` while it cannot be used. */
  | { readonly type: 'home-link'; readonly link: HomeLink | null }
  | PacketTooBig
  | { readonly type: 'deadline' }
  | { readonly type: 'shutdown' };

/** The home agent: RFC 6275 §10, RFC 3963 §6, RFC 5648 §6 and RFC 5555 §4.5 over one binding cache. */
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
    const { homeLink, ipv4, mobileNodes } = configuration;
    this.#homeLink = homeLink && new HomeLinkService(homeLink, configuration, services.random16);
    this.#information = new HomeInformation(configuration, this.#cache, this.#homeLink, services.random16);
    this.#refreshRequests = configuration.refreshRequests ? new RefreshRequests(configuration, this.#cache) : undefined;
    const authorization = new Authorization(configuration.homePrefixes, mobileNodes);
    const rules: HomeLinkRules = {
      lifetimes: (homeAddress, nowMs) => this.#information.lifetimes(homeAddress, nowMs),
      homeBindingStatus: (valid) => this.#homeBindingStatus(valid),
    };
    const ipv4Homes = ipv4 && new Ipv4Homes(ipv4, mobileNodes);
    this.#registrar = new Registrar(configuration, authorization, this.#cache, rules, ipv4Homes);
    this.#authentication = new UpdateAuthentication(configuration, services);
  }

  /** Changes with every change of what `forwarding` returns. */
  forwardingVersion = 0;

  /** Changes with every change of what `delivery`, `refusedLinkLocal` and `ipv4HomeAddresses` return. */
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

  /**
   * Whether a packet's source is registered for the home address under any BID (RFC 5648 §6.5): in IPv4 the outer one,
   * with the home address inside (RFC 5555 §2.2).
   */
  hasBinding(homeAddress: Address, source: Address, outer?: OuterHeader): boolean {
    if (outer && source !== homeAddress) return false;
    const bindings = this.#cache.entry(homeAddress)?.bindings.values() ?? [];
    for (const binding of bindings) {
      if (outer ? isFrom(binding, outer) : binding.careOfAddress === source) return true;
    }
    return false;
  }

  /** What of IPv4 is bound with a home address now. */
  ipv4Home(homeAddress: Address): Ipv4Home | undefined {
    return this.#cache.entry(homeAddress)?.ipv4;
  }

  /** Home addresses for which `ipv4Home` returns something else than when this was last asked. */
  takeIpv4Changes(): Iterable<Address> {
    return this.#cache.takeIpv4Changes();
  }

  /** IPv4 home addresses of nodes that are away: on a physical home link they are answered for (RFC 5555 §4.5). */
  ipv4HomeAddresses(): Address[] {
    return this.#deliveries.ipv4HomeAddresses();
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
  forwarding(nowMs: number): ReturnType<typeof tunnelsAndGroups> {
    return tunnelsAndGroups(this.#cache, this.#configuration, this.#pathMtu, nowMs);
  }

  status(nowMs: number): HomeAgentStatus {
    const bindings = [...this.#cache.entries()].flatMap((entry) => bindingRows(entry, nowMs));
    return { address: this.#configuration.address, authentication: this.#authentication.status, bindings };
  }

  /** Only for what can be a tunnel packet of ours: anyone may send a Packet Too Big. */
  #learnPathMtu({ local, remote, mtuBytes }: PacketTooBig, nowMs: number): RoleAction[] {
    const { address, ipv4 } = this.#configuration;
    if (local !== address && local !== ipv4?.address) return drop('not-for-this-node');
    if (this.#pathMtu.learn(local, remote, mtuBytes, nowMs)) this.forwardingVersion++;
    return [];
  }

  #receive(packet: MobilityPacket, arrivedAtHome: boolean, nowMs: number): RoleAction[] {
    if (packet.message.type !== MessageType.bindingUpdate) return drop('unexpected-message');
    const problem = this.#outerProblem(packet);
    if (problem) return drop(problem);
    const isBound = (homeAddress: Address) => (this.#cache.entry(homeAddress)?.bindings.size ?? 0) > 0;
    const received = validate(packet, packet.message, arrivedAtHome, isBound);
    if (typeof received === 'string') return drop(received);
    const isRegistered = this.hasBinding(received.homeAddress, received.source, received.outer);
    const examination = this.#authentication.examine(packet, received.homeAddress, isRegistered, nowMs);
    if (examination.kind === 'dropped') return drop(examination.reason);
    const valid = examination.kind === 'unauthenticated' ? received : { ...received, answer: examination.answer };
    if (examination.kind === 'refused') {
      const { reason, status } = examination;
      return [...drop(reason), this.#send(valid, refusal(valid, status, this.#registrar.identifiers(valid)))];
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
    if (this.#homeLink) this.#deliveries.settleIpv4(homeAddress, isAtHome ? undefined : entry?.ipv4?.homeAddress);
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
    const packet = acknowledgement(valid, outcome, this.#configuration);
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

  /** What there is to say against a packet because of how it came. */
  #outerProblem({ outer }: Icmpv6Packet | MobilityPacket): DropReason | undefined {
    return outer && outerProblem(outer, this.#configuration.ipv4?.address);
  }

  #receiveIcmpv6(packet: Icmpv6Packet, arrivedAtHome: boolean, nowMs: number): RoleAction[] {
    const problem = this.#outerProblem(packet);
    if (problem) return drop(problem);
    // Home agents are not looked for through IPv4 (RFC 5555 §2.1), and the home link is not there.
    if (packet.outer && packet.message.type !== Icmpv6Type.mobilePrefixSolicitation) {
      return drop('unexpected-message');
    }
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
      for (const { bid, careOfAddress, expiresMs, outer } of bindings.values()) {
        if (expiresMs > validUntilMs) this.#cache.put(homeAddress, bid, careOfAddress, validUntilMs, outer);
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
        return tell({ type: 'binding-removed', homeAddress, bid, careOfAddress, reason: 'expired' });
      }),
      ...(this.#homeLink ? this.#follow(this.#homeLink.run(nowMs), nowMs) : []),
      ...(this.#refreshRequests?.run(nowMs) ?? []).map(
        (packet): RoleAction => ({ type: 'send', packet, interfaceIndex: 0 }),
      ),
      ...this.#information.run(nowMs),
    ];
  }
}
