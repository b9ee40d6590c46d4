import { type Address, isIpv4 } from '../../bytes/address.ts';
import { linkLocalOf } from '../../bytes/special-addresses.ts';
import type { HomeConfiguration, MobileRouterConfiguration } from '../../config/configuration.ts';
import type { HomeLink } from '../../paths/home-link.ts';
import { Icmpv6Type } from '../../wire/icmpv6/message.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import type { Icmpv6Packet, MobilityPacket } from '../../wire/signalling.ts';
import { type DropReason, drop, type RoleAction, tell } from '../action.ts';
import type { HomeState } from '../events.ts';
import type { RoleServices } from '../services.ts';
import { AddressDiscovery } from './address-discovery.ts';
import { isMobileRouter } from './binding-update.ts';
import { HomeAgentChoice } from './home-agent-choice.ts';
import { HomeNeighborhood } from './home-neighborhood.ts';
import type { HomePlacement } from './home-placement.ts';
import { Ipv4HomeBinding } from './ipv4-home-binding.ts';
import { DEFAULT_NAT_KEEP_ALIVE_SECONDS } from './nat-keep-alive.ts';
import type { Path } from './path.ts';
import { PrefixDiscovery } from './prefix-discovery.ts';
import { Registration } from './registration.ts';
import { RegistrationAuthentication } from './registration-authentication.ts';
import type { CareOfAddressUnanswered, Verdict } from './verdict.ts';

type Shared = Pick<
  MobileRouterConfiguration,
  | 'registration'
  | 'lifetimeSeconds'
  | 'firstRegistrationTimeoutMs'
  | 'udpEncapsulation'
  | 'natKeepAliveSeconds'
  | 'probe'
>;

/** How long a de-registration may take before another agent is tried all the same: three transmissions. */
const FAREWELL_MS = 7000;

/** One home address of the router, wherever the router is: abroad, at home, or both (RFC 6275 §11.5, RFC 5648 §5.5). */
export class HomeAttachment {
  readonly configuration: HomeConfiguration;
  /** The Binding Identifier of the home binding (RFC 5648 §5.6). */
  readonly #homeBid: number;
  readonly #shared: Shared;
  readonly #services: RoleServices;
  readonly #authentication: RegistrationAuthentication;
  readonly #agents: HomeAgentChoice;
  readonly #neighborhood: HomeNeighborhood;
  readonly #prefixDiscovery: PrefixDiscovery;
  #registration: Registration | undefined;
  #place: 'away' | 'returning' | 'home' = 'away';
  #homeLink: HomeLink | undefined;
  #paths: readonly Path[] = [];
  /** All paths, those too that seem to lead nowhere. */
  #allPaths: readonly Path[] = [];
  /** The home address is on the home link's interface; `true` with duplicate address detection. */
  #onLink: { readonly detectDuplicates: boolean } | undefined;
  #leavesAgentMs = Number.POSITIVE_INFINITY;
  #hasBeenBound = false;
  #isShuttingDown = false;
  #reported: HomeState | undefined;
  #agentIpv4Address: Address | undefined;
  /** What each agent binds of IPv4: one that knows nothing of it is not asked again. */
  readonly #ipv4Homes = new Map<Address, Ipv4HomeBinding>();
  #unanswered: CareOfAddressUnanswered[] = [];

  constructor(configuration: HomeConfiguration, homeBid: number, shared: Shared, services: RoleServices) {
    const { homeAddress, homePrefix, authentication } = configuration;
    this.configuration = configuration;
    this.#agentIpv4Address = configuration.homeAgentIpv4Address;
    this.#homeBid = homeBid;
    this.#shared = shared;
    this.#services = services;
    this.#authentication = new RegistrationAuthentication(homeAddress, authentication, services);
    const discovery = homePrefix && new AddressDiscovery(homePrefix, isMobileRouter(configuration), services.random16);
    this.#agents = new HomeAgentChoice(configuration, discovery, shared.firstRegistrationTimeoutMs);
    this.#neighborhood = new HomeNeighborhood(homeAddress);
    this.#prefixDiscovery = new PrefixDiscovery(homeAddress, homePrefix, services.random16);
    if (this.#agents.current !== undefined) this.#registration = this.#newRegistration(this.#agents.current);
  }

  /** The home agent that is registered with, or tried. */
  get agent(): Address | undefined {
    return this.#agents.current;
  }

  /** Where the home agent is reached from IPv4 care-of addresses; `undefined` while that is not known. */
  get agentIpv4Address(): Address | undefined {
    return this.#agentIpv4Address;
  }

  get registration(): Registration | undefined {
    return this.#registration;
  }

  /** Whether nothing that is not signed by the agent may keep the router from registering. */
  get isAuthenticated(): boolean {
    return this.#authentication.isRequired;
  }

  get isDone(): boolean {
    return this.#registration?.isEmpty ?? true;
  }

  /** Whether the home address can be used on the home link. */
  get isAtHome(): boolean {
    return this.#place === 'home';
  }

  get homeLink(): HomeLink | undefined {
    return this.#homeLink;
  }

  get nextDeadlineMs(): number {
    return Math.min(
      this.#registration?.nextDeadlineMs ?? Number.POSITIVE_INFINITY,
      this.#neighborhood.nextDeadlineMs,
      this.#place === 'away' && this.#registration ? this.#prefixDiscovery.nextDeadlineMs : Number.POSITIVE_INFINITY,
      this.#agents.nextDeadlineMs,
      this.#leavesAgentMs,
    );
  }

  state(nowMs: number): HomeState {
    if (this.#agents.stoppedStatus(nowMs) !== undefined) return 'stopped';
    if (this.#place !== 'away') return this.#place;
    if (!this.#registration) return 'looking';
    return this.#homeBinding() ? 'home-and-away' : 'away';
  }

  /** `paths` can be used; `allPaths` has those too that seem dead. */
  observe(
    paths: readonly Path[],
    allPaths: readonly Path[],
    homeLink: HomeLink | undefined,
    nowMs: number,
  ): RoleAction[] {
    this.#paths = paths;
    this.#allPaths = allPaths;
    this.#homeLink = homeLink;
    this.#agents.wake(nowMs);
    return this.#proceed(this.#move(nowMs), nowMs);
  }

  run(nowMs: number): RoleAction[] {
    return this.#proceed([], nowMs);
  }

  /** From the home agent, about this home address. */
  acknowledged(packet: MobilityPacket, message: BindingAcknowledgement, nowMs: number): RoleAction[] | DropReason {
    const registration = this.#registration;
    if (!registration) return 'not-from-home-agent';
    const problem = registration.acknowledgementProblem(packet, message);
    if (problem) return problem;
    const hadHomeBinding = this.#homeBinding() !== undefined;
    const { homeBindingUnavailable } = registration;
    const actions = registration.acknowledged(message, nowMs);
    if (!actions) return 'unexpected-sequence-number';
    this.#agents.heard(registration.isEstablished);
    this.#hasBeenBound ||= registration.isEstablished;
    const claims = !hadHomeBinding && this.#homeBinding() !== undefined && !registration.withoutNeighborDiscovery;
    if (claims) this.#neighborhood.advertise(nowMs);
    if (registration.homeBindingUnavailable !== homeBindingUnavailable) actions.push(...this.#move(nowMs));
    return this.#proceed(actions, nowMs);
  }

  refreshRequested(bids: readonly number[], nowMs: number): RoleAction[] {
    return this.#proceed(this.#registration?.refreshRequested(bids, nowMs) ?? [], nowMs);
  }

  /** The agent does not understand Binding Updates (RFC 6275 §11.3.5, §11.3.6). */
  agentSpeaksNoMobileIpv6(nowMs: number): RoleAction[] {
    this.#registration?.refuseAll(nowMs);
    return this.#proceed(this.#agents.refused('not-supported', nowMs), nowMs);
  }

  receiveIcmpv6(packet: Icmpv6Packet, nowMs: number): RoleAction[] {
    const { message } = packet;
    switch (message.type) {
      case Icmpv6Type.homeAgentAddressDiscoveryReply:
        return this.#agents.discovered(message, nowMs) ? this.#proceed([], nowMs) : drop('unexpected-message');
      case Icmpv6Type.mobilePrefixAdvertisement: {
        if (!this.#authentication.allowsPrefixDiscovery) return drop('prefix-advertisements-disabled');
        const outcome = this.#prefixDiscovery.advertised(packet, this.agent, nowMs);
        const actions = this.#proceed([], nowMs);
        return outcome === 'accepted'
          ? actions
          : [...actions, ...drop(outcome === 'unsolicited' ? 'unexpected-message' : outcome)];
      }
      case Icmpv6Type.neighborAdvertisement: {
        const linkLayerAddress = this.#neighborhood.defended(packet);
        const { agent } = this;
        const link = this.#homeLink;
        if (!linkLayerAddress || agent === undefined || !link) return [];
        const { interfaceIndex } = link;
        return this.#proceed([{ type: 'neighbor', address: agent, linkLayerAddress, interfaceIndex }], nowMs);
      }
      default:
        return [];
    }
  }

  /**
   * The home agent's name stands for these; what has worked so far and is among them stays in use. Returns whether the
   * agent is at another IPv4 address than before.
   */
  named(addresses: readonly Address[]): boolean {
    const ipv4 = addresses.filter(isIpv4);
    const known = this.#agentIpv4Address;
    if (this.configuration.homeAgentIpv4Address === undefined && ipv4.length > 0) {
      this.#agentIpv4Address = known !== undefined && ipv4.includes(known) ? known : ipv4[0];
    }
    this.#agents.named(addresses.filter((address) => !isIpv4(address)));
    return known !== undefined && known !== this.#agentIpv4Address;
  }

  /** Care-of addresses found to lead nowhere, since the last call. */
  takeUnanswered(): readonly CareOfAddressUnanswered[] {
    const unanswered = this.#unanswered;
    this.#unanswered = [];
    return unanswered;
  }

  shutDown(nowMs: number): RoleAction[] {
    this.#isShuttingDown = true;
    this.#neighborhood.stop();
    if (this.#place === 'home') return this.#registration?.forget() ?? [];
    return this.#registration?.shutDown(nowMs) ?? [];
  }

  /** Where the home address lives and how what comes from it and from its prefixes leaves. */
  placement(): HomePlacement {
    const { homeAddress, prefixes } = this.configuration;
    const link = this.#homeLink;
    const binding = this.#homeBinding();
    const ipv4Home = this.ipv4Home;
    const ipv4 = { ipv4Address: ipv4Home?.address ?? null, ipv4Prefixes: ipv4Home?.prefixes ?? [] };
    const placement = { homeAddress, prefixes, ...ipv4, onLink: null, neighbor: null, native: null };
    if (!link || this.#isShuttingDown) return placement;
    const { interfaceIndex, router } = link;
    const native = { interfaceIndex, gateway: router?.address ?? null };
    if (this.#place !== 'away') {
      return {
        ...placement,
        onLink: this.#onLink ? { interfaceIndex, ...this.#onLink } : null,
        native: this.#place === 'home' ? native : null,
      };
    }
    if (!binding || !link.attached) return placement;
    if (!this.#registration?.withoutNeighborDiscovery) {
      return { ...placement, onLink: { interfaceIndex, detectDuplicates: false }, native };
    }
    // Frames go to the router's link-layer address, which must be known without asking (RFC 5648 §5.6.4).
    if (!router?.linkLayerAddress) return placement;
    const { address, linkLayerAddress } = router;
    return { ...placement, neighbor: { interfaceIndex, address, linkLayerAddress }, native };
  }

  /** What of IPv4 is bound with the home address, as long as anything is. */
  get ipv4Home(): Ipv4HomeBinding | undefined {
    return this.#registration?.isEstablished ? this.#registration.ipv4Home : undefined;
  }

  /** Where what is not about one care-of address leaves from. */
  get #bestPath(): Path | undefined {
    return this.#paths.find(({ careOfAddress }) => !isIpv4(careOfAddress)) ?? this.#paths[0];
  }

  #homeBinding(): { readonly expiresMs: number } | undefined {
    const binding = this.#registration?.registered(this.#homeBid);
    return binding?.careOfAddress === this.configuration.homeAddress ? binding : undefined;
  }

  /** Comes home or leaves, as the home link says; else registers what there is. */
  #move(nowMs: number): RoleAction[] {
    if (this.#isShuttingDown) return [];
    const isAttached = this.configuration.homeLink !== undefined && (this.#homeLink?.attached ?? false);
    const takesBoth = this.configuration.homeLink?.simultaneous && !this.#registration?.homeBindingUnavailable;
    if (isAttached && !takesBoth && this.#place === 'away') return this.#comeHome(nowMs);
    if (!isAttached && this.#place !== 'away') this.#leaveHome();
    return this.#place === 'away' ? this.#register(nowMs) : [];
  }

  #register(nowMs: number): RoleAction[] {
    const registration = this.#registration;
    if (!registration || this.#agents.stoppedStatus(nowMs) !== undefined) return [];
    const hadHomeLink = this.#homeBinding() !== undefined;
    const homePath = this.#homePath();
    const isLost = this.#paths.length === 0 && this.#allPaths.length > 0 && !homePath;
    const isSuspect = isLost && this.#agents.suspect(registration.isEstablished, nowMs);
    if (!isLost) this.#agents.trust();
    const trials = this.#allPaths.filter(({ isTrial }) => isTrial);
    const foreign = isSuspect ? this.#allPaths : [...this.#paths, ...trials];
    const actions = registration.update(homePath ? [homePath, ...foreign] : foreign, nowMs);
    if (isSuspect && !this.#agents.isTested) {
      // With a live registration, any new one is tried first at that agent (RFC 6275 §11.4.1).
      this.#agents.tested(nowMs);
      actions.push(...registration.refreshRequested([], nowMs));
    }
    const [best] = this.#paths;
    const hasLeft = hadHomeLink && !homePath && best !== undefined;
    // RFC 5648 §5.6.5: an update with the H flag clear ends the forwarding to the home link.
    return hasLeft ? [...registration.refreshRequested([best.bid], nowMs), ...actions] : actions;
  }

  #homePath(): Path | undefined {
    const link = this.#homeLink;
    const { homeAddress, homeLink } = this.configuration;
    if (!homeLink?.simultaneous || !link?.attached || this.#registration?.homeBindingUnavailable) return undefined;
    const { interfaceIndex, linkLayerAddress } = link;
    return {
      name: 'home',
      bid: this.#homeBid,
      careOfAddress: homeAddress,
      interfaceIndex,
      homeLink: { linkLayerAddress },
    };
  }

  #comeHome(nowMs: number): RoleAction[] {
    const registration = this.#registration;
    const isBound = registration !== undefined && registration.expiresMs > nowMs;
    // Whether an earlier run has left a binding behind is not known: only after bindings of our own we know.
    if (!registration || (!isBound && this.#hasBeenBound)) {
      this.#place = 'home';
      this.#onLink = { detectDuplicates: true };
      return [];
    }
    this.#place = 'returning';
    registration.pause();
    this.#neighborhood.solicit(nowMs);
    return [];
  }

  /** The home agent's link-layer address is known, or nobody defends the home address. */
  #announceReturn(link: HomeLink, nowMs: number): RoleAction[] {
    const { homeAddress } = this.configuration;
    const { interfaceIndex, linkLayerAddress } = link;
    // From now on Neighbor Solicitations for the home address are answered (RFC 6275 §11.5.5).
    this.#onLink = { detectDuplicates: false };
    const path: Path = {
      name: 'home',
      bid: 0,
      careOfAddress: homeAddress,
      interfaceIndex,
      homeLink: { linkLayerAddress },
    };
    return this.#registration?.returnHome(path, nowMs) ?? [];
  }

  #leaveHome(): void {
    this.#place = 'away';
    this.#onLink = undefined;
    this.#neighborhood.stop();
    this.#registration?.leaveHome();
  }

  /** Does what is due everywhere, and draws the conclusions. */
  #proceed(before: readonly RoleAction[], nowMs: number): RoleAction[] {
    const actions = [...before, ...this.#runProcedures(nowMs)];
    for (const verdict of this.#registration?.takeVerdicts() ?? []) actions.push(...this.#conclude(verdict, nowMs));
    actions.push(...this.#chooseAgent(nowMs));
    const state = this.state(nowMs);
    if (state !== this.#reported && !this.#isShuttingDown) {
      this.#reported = state;
      const { name, homeAddress } = this.configuration;
      actions.push(tell({ type: 'home-state', home: name, homeAddress, state }));
    }
    return actions;
  }

  #runProcedures(nowMs: number): RoleAction[] {
    const actions: RoleAction[] = [];
    const link = this.#homeLink;
    if (link && this.configuration.homeLink) actions.push(...this.#neighborhood.run(link, nowMs));
    const mustAnnounce = this.#place === 'returning' && !this.#onLink && !this.#neighborhood.isSoliciting;
    if (link && mustAnnounce) actions.push(...this.#announceReturn(link, nowMs));
    const registration = this.#registration;
    if (!registration) return actions;
    if (this.#agents.stoppedStatus(nowMs) !== undefined) registration.stop();
    else registration.isStopped = false;
    const linkLocalCompatible = link?.linkLocalAddress === linkLocalOf(this.configuration.homeAddress);
    registration.describeHome(linkLocalCompatible, this.#prefixDiscovery.validUntilMs);
    if (this.#place === 'away' && this.agent !== undefined && !this.#isShuttingDown) {
      actions.push(...this.#prefixDiscovery.run(this.#bestPath, this.agent, nowMs));
    }
    registration.isHeld &&= this.#prefixDiscovery.isPending;
    return [...actions, ...registration.run(nowMs)];
  }

  #conclude(verdict: Verdict, nowMs: number): RoleAction[] {
    switch (verdict.kind) {
      case 'refused':
        return this.#agents.refused(verdict.status, nowMs);
      case 'unresponsive':
        this.#agents.unresponsive(nowMs);
        return [];
      case 'no-mobile-router-support':
        this.#leavesAgentMs = nowMs + FAREWELL_MS;
        return [];
      case 'care-of-address-unanswered':
        this.#unanswered.push(verdict);
        return [];
      case 'prefix-discovery-necessary':
        if (!this.#authentication.allowsPrefixDiscovery) return [];
        if (this.#registration) this.#registration.isHeld = true;
        this.#prefixDiscovery.solicit(nowMs);
        return this.agent === undefined ? [] : this.#prefixDiscovery.run(this.#bestPath, this.agent, nowMs);
      case 'returned':
      case 'home-link-only':
        if (this.#isShuttingDown || !this.#homeLink) return [];
        this.#place = 'home';
        this.#onLink = { detectDuplicates: false };
        this.#hasBeenBound = true;
        this.#neighborhood.advertise(nowMs);
        return this.#neighborhood.run(this.#homeLink, nowMs);
    }
  }

  /** Looks for an agent where there is none, and goes to another one where there is reason to. */
  #chooseAgent(nowMs: number): RoleAction[] {
    if (this.#isShuttingDown || this.#place === 'returning') return [];
    const registration = this.#registration;
    const isFarewellOver = nowMs >= this.#leavesAgentMs || (registration?.isEmpty ?? true);
    if (this.#leavesAgentMs !== Number.POSITIVE_INFINITY && isFarewellOver) {
      this.#leavesAgentMs = Number.POSITIVE_INFINITY;
      this.#agents.noMobileRouterSupport(nowMs);
    }
    const homePath = this.#place === 'home' || !this.#homeLink?.attached ? undefined : this.#homePath();
    const sendable = this.#paths.length > 0 ? this.#paths : [...this.#allPaths, ...(homePath ? [homePath] : [])];
    // Agents are asked for by IPv6 alone (RFC 5555 §2.1).
    const asking = this.#place === 'home' ? [] : sendable.filter(({ careOfAddress }) => !isIpv4(careOfAddress));
    const actions = this.#agents.run(asking, registration?.expiresMs ?? 0, nowMs);
    const { current } = this.#agents;
    if (current === undefined || current === registration?.agent) return actions;
    const gone = registration?.forget() ?? [];
    this.#registration = this.#newRegistration(current);
    this.#prefixDiscovery.forget();
    if (this.#place === 'home') this.#registration.pause();
    return [...actions, ...gone, ...(this.#place === 'home' ? [] : this.#move(nowMs))];
  }

  #newRegistration(homeAgentAddress: Address): Registration {
    const { registration, lifetimeSeconds, firstRegistrationTimeoutMs, udpEncapsulation, probe } = this.#shared;
    const { natKeepAliveSeconds = DEFAULT_NAT_KEEP_ALIVE_SECONDS } = this.#shared;
    const { ipv4, homeAddress } = this.configuration;
    const ipv4Home = this.#ipv4Homes.get(homeAgentAddress) ?? (ipv4 && new Ipv4HomeBinding(homeAddress, ipv4));
    if (ipv4Home) this.#ipv4Homes.set(homeAgentAddress, ipv4Home);
    const home = {
      ...this.configuration,
      homeAgentAddress,
      ipv4Home,
      natKeepAliveSeconds: probe.enabled ? undefined : natKeepAliveSeconds,
      ...{ registration, lifetimeSeconds, firstRegistrationTimeoutMs },
      ...(udpEncapsulation && { udpEncapsulation }),
    };
    return new Registration(home, this.#authentication, this.#services.random16());
  }
}
