import { type Address, IPV6_UNSPECIFIED, isIpv4 } from '../../bytes/address.ts';
import { ALL_ROUTERS } from '../../bytes/special-addresses.ts';
import type { MobileRouterConfiguration, UplinkConfiguration } from '../../config/configuration.ts';
import { type BindingGroup, SelectionMode, type Tunnel } from '../../forwarding/table.ts';
import type { HomeLink } from '../../paths/home-link.ts';
import { PathMtuTable } from '../../paths/path-mtu.ts';
import type { PathReason, PathState } from '../../paths/path-state.ts';
import type { PathTraffic } from '../../paths/probing.ts';
import type { Uplink } from '../../paths/uplink.ts';
import { Icmpv6Type } from '../../wire/icmpv6/message.ts';
import { BindingErrorStatus, MessageType, OptionType } from '../../wire/mh/numbers.ts';
import type { Icmpv6Packet, MobilityPacket } from '../../wire/signalling.ts';
import { drop, type RoleAction, tell } from '../action.ts';
import { authenticationStatus } from '../authentication.ts';
import type { PacketTooBig } from '../packet-too-big.ts';
import type { RoleServices } from '../services.ts';
import { SourceLimits } from '../source-limits.ts';
import type { MobileRouterStatus } from '../status.ts';
import { homeInError, homeOf } from './addressed-home.ts';
import { FAMILIES } from './family-choice.ts';
import { HomeAgentNames } from './home-agent-names.ts';
import { HomeAttachment } from './home-attachment.ts';
import type { HomePlacement } from './home-placement.ts';
import type { NameResolutionInput } from './name-resolution.ts';
import { homeAddressOf } from './prefix-discovery.ts';
import { unsupportedProtocol } from './protocol-errors.ts';
import { RouterWatch } from './router-watch.ts';
import { ServedHome, type UplinkState } from './served-home.ts';
import { ServingPaths } from './serving-paths.ts';
import { uplinkState, uplinkStatus } from './uplink-status.ts';

/** What a mobile router is told. */
export type MobileRouterInput =
  /** All configured uplinks, and the interfaces that may be on a home link, as they are now. */
  | { readonly type: 'uplinks'; readonly uplinks: readonly Uplink[]; readonly homeLinks?: readonly HomeLink[] }
  | { readonly type: 'mobility'; readonly packet: MobilityPacket }
  /** `interfaceIndex`: where it came in, if that is known. */
  | { readonly type: 'icmpv6'; readonly packet: Icmpv6Packet; readonly interfaceIndex?: number }
  | PacketTooBig
  /** `traffic` reads the counters of a tunnel. */
  | { readonly type: 'deadline'; readonly traffic: (tunnelId: number) => PathTraffic | undefined }
  | NameResolutionInput
  | { readonly type: 'shutdown' };

/**
 * Binding Refresh Requests and Binding Errors of a home agent that are followed. Nothing authenticates them (RFC 4285 is
 * about updates and acknowledgements), so all that they bring about is an early refresh, now and then.
 */
const HINTS = { perSecond: 0.1, burst: 3, maximumSources: 16 };

/** The mobile router: RFC 6275 §11, RFC 3963 §5 and RFC 5648 §5 for all its home addresses. */
export class MobileRouter {
  readonly #configuration: MobileRouterConfiguration;
  readonly #homes: readonly ServedHome[];
  readonly #paths: ServingPaths;
  readonly #names: HomeAgentNames;
  readonly #pathMtu = new PathMtuTable();
  readonly #uplinks: readonly UplinkState[];
  readonly #hints = new SourceLimits(HINTS);
  readonly #routerWatch = new RouterWatch();

  /** Changes whenever what `forwarding` or `placements` return may have changed. */
  forwardingVersion = 0;

  constructor(configuration: MobileRouterConfiguration, services: RoleServices) {
    this.#configuration = configuration;
    this.#uplinks = [...configuration.uplinks]
      .sort((a, b) => a.priority - b.priority)
      .map((uplink) => ({ configuration: uplink, observed: absent(uplink), reported: 'down' }));
    const taken = new Set(configuration.uplinks.map(({ bid }) => bid));
    const homeBids = new Map<string, number>();
    this.#homes = configuration.homes.map((home, place) => {
      homeBids.set(home.name, unusedBid(taken));
      return new ServedHome(new HomeAttachment(home, unusedBid(taken), configuration, services), place);
    });
    this.#names = new HomeAgentNames(this.#homes, configuration.nameServers, services.random16);
    this.#paths = new ServingPaths(this.#homes, this.#uplinks, homeBids, configuration, services);
    this.#paths.followAgents(0);
  }

  get nextDeadlineMs(): number {
    return Math.min(
      ...this.#homes.map(({ attachment }) => attachment.nextDeadlineMs),
      this.#paths.nextDeadlineMs,
      this.#pathMtu.nextDeadlineMs,
      this.#routerWatch.nextDeadlineMs,
      this.#names.nextDeadlineMs,
    );
  }

  /** Whether a shutdown is complete: no home agent holds anything of ours any more. */
  get isDone(): boolean {
    return this.#paths.isShuttingDown && this.#homes.every(({ attachment }) => attachment.isDone);
  }

  /** All home agents that are registered with or tried now. */
  get homeAgents(): readonly Address[] {
    return [...new Set(this.#homes.flatMap(({ attachment }) => attachment.agent ?? []))];
  }

  /** The IPv4 addresses of home agents, as far as they are known: what packets from IPv4 care-of addresses go to. */
  get homeAgentsIpv4(): readonly Address[] {
    return [...new Set(this.#homes.flatMap(({ attachment }) => attachment.agentIpv4Address ?? []))];
  }

  handle(input: MobileRouterInput, nowMs: number): RoleAction[] {
    switch (input.type) {
      case 'uplinks':
        return this.#observe(input.uplinks, input.homeLinks ?? [], nowMs);
      case 'mobility':
        return this.#receive(input.packet, nowMs);
      case 'icmpv6':
        return this.#receiveIcmpv6(input.packet, input.interfaceIndex, nowMs);
      case 'packet-too-big':
        return this.#learnPathMtu(input, nowMs);
      case 'deadline':
        return this.#run(input.traffic, nowMs);
      case 'name-answer':
      case 'name-failed':
      case 'name-servers':
        return this.#resolve(input, nowMs);
      case 'shutdown':
        this.#paths.isShuttingDown = true;
        return this.#finish(
          this.#homes.flatMap(({ attachment }) => attachment.shutDown(nowMs)),
          'shutdown',
          nowMs,
        );
    }
  }

  /** One tunnel per registered binding, one group per home for the home address and its prefixes. */
  forwarding(nowMs: number): { readonly tunnels: Tunnel[]; readonly groups: BindingGroup[] } {
    const mode = this.#configuration.selection === 'balance' ? SelectionMode.balance : SelectionMode.firstUsable;
    const all = this.#homes.map((home) => home.forwarding(mode, this.#pathMtu, nowMs));
    return { tunnels: all.flatMap(({ tunnels }) => tunnels), groups: all.map(({ group }) => group) };
  }

  /** Where each home address lives. */
  placements(): readonly HomePlacement[] {
    return this.#homes.map(({ attachment }) => attachment.placement());
  }

  status(nowMs: number): MobileRouterStatus {
    const homes = this.#homes.map((home) => home.status(nowMs));
    const { homeAddress, homeAgentAddress, prefixes, sequenceNumber, multipleCareOfAddresses } = homes[0]!;
    return {
      ...{ homeAddress, homeAgentAddress, prefixes, sequenceNumber, multipleCareOfAddresses },
      authentication: authenticationStatus(this.#configuration.homes.map(({ authentication }) => authentication)),
      homes,
      uplinks: this.#uplinks.map((state) => uplinkStatus(state, this.#homes, this.#state(state), nowMs)),
    };
  }

  #observe(uplinks: readonly Uplink[], homeLinks: readonly HomeLink[], nowMs: number): RoleAction[] {
    let reason: PathReason = 'start';
    const actions: RoleAction[] = [];
    const lost: number[] = [];
    for (const state of this.#uplinks) {
      const observed = uplinks.find(({ name }) => name === state.configuration.name) ?? absent(state.configuration);
      const before = state.observed;
      state.observed = observed;
      this.#routerWatch.follow(observed.interfaceIndex, observed.gateway);
      const isOther = observed.careOfAddress !== before.careOfAddress;
      if (isOther || observed.ipv4?.careOfAddress !== before.ipv4?.careOfAddress) reason = observed.reason;
      const lostIpv4 = observed.ipv4?.routerLost && !before.ipv4?.routerLost;
      const lostIpv6 = observed.routerLost && !before.routerLost;
      if (!lostIpv4 && !lostIpv6) continue;
      reason = 'router-lost';
      lost.push(state.configuration.bid);
      if (lostIpv6) actions.push(solicitRouters(observed.interfaceIndex));
    }
    this.#paths.serve(nowMs);
    this.#paths.routersLost(lost, nowMs);
    this.#paths.tryOtherFamilyOfDead(nowMs);
    actions.push(...this.#names.observe(this.#uplinks, nowMs));
    for (const home of this.#homes) actions.push(...this.#update(home, homeLinks, nowMs));
    return this.#finish(actions, reason, nowMs);
  }

  #resolve(input: NameResolutionInput, nowMs: number): RoleAction[] {
    return this.#names.handle(input, nowMs).flatMap(({ home, actions, addresses }) => {
      if (addresses.length === 0) return actions;
      const hasMoved = home.attachment.named(addresses);
      this.#paths.serve(nowMs);
      const found = [...actions, ...this.#update(home, undefined, nowMs)];
      if (hasMoved) found.push(...home.attachment.refreshRequested([], nowMs));
      return this.#finish(found, 'address-added', nowMs);
    });
  }

  #update(home: ServedHome, homeLinks: readonly HomeLink[] | undefined, nowMs: number): RoleAction[] {
    const { attachment, configuration } = home;
    const homeLink = homeLinks ? homeLinks.find((link) => link.home === configuration.name) : attachment.homeLink;
    return attachment.observe(home.paths('usable'), home.paths('all'), homeLink, nowMs);
  }

  #receive(packet: MobilityPacket, nowMs: number): RoleAction[] {
    const home = homeOf(this.#homes, packet);
    if (typeof home === 'string') return drop(home);
    const { attachment } = home;
    const { message, source } = packet;
    switch (message.type) {
      case MessageType.bindingAcknowledgement: {
        const actions = attachment.acknowledged(packet, message, nowMs);
        if (typeof actions === 'string') return drop(actions);
        const careOfAddress = packet.outer?.destination ?? packet.destination;
        home.probes?.heard(careOfAddress, nowMs);
        const before = this.#paths.provesIpv4(home, careOfAddress, nowMs)
          ? [...actions, ...this.#updateAll(nowMs)]
          : actions;
        return this.#finish(before, 'registered', nowMs);
      }
      case MessageType.bindingRefreshRequest: {
        if (!this.#hints.take(source, nowMs)) return drop('rate-limited');
        const bids = message.options.flatMap((option) =>
          option.type === OptionType.bindingIdentifier ? option.bid : [],
        );
        return this.#finish(attachment.refreshRequested(bids, nowMs), 'registered', nowMs);
      }
      case MessageType.bindingError: {
        const isUnknownType = message.status === BindingErrorStatus.unrecognizedMessageType;
        // Who has our key speaks Mobile IPv6, whatever somebody says in its name.
        const isCredible = isUnknownType && !attachment.isAuthenticated;
        const isExpected = isCredible && (attachment.registration?.isWaiting ?? false);
        if (!isExpected && message.status !== BindingErrorStatus.unknownBindingForHomeAddress) {
          return drop('unexpected-message');
        }
        if (!this.#hints.take(source, nowMs)) return drop('rate-limited');
        const actions = isExpected ? attachment.agentSpeaksNoMobileIpv6(nowMs) : attachment.refreshRequested([], nowMs);
        return this.#finish(actions, 'registration-lost', nowMs);
      }
      default:
        return drop('unexpected-message');
    }
  }

  #receiveIcmpv6(packet: Icmpv6Packet, interfaceIndex: number | undefined, nowMs: number): RoleAction[] {
    const { source, message, outer } = packet;
    switch (message.type) {
      case Icmpv6Type.echoReply: {
        const isBack = this.#paths.answered(source, message, outer, nowMs);
        return isBack ? this.#finish(this.#updateAll(nowMs), 'probe-answered', nowMs) : [];
      }
      case Icmpv6Type.routerAdvertisement:
        for (const { observed } of this.#uplinks) {
          if (observed.interfaceIndex !== interfaceIndex || observed.gateway !== source) continue;
          this.#routerWatch.heard(interfaceIndex, source, message, nowMs);
        }
        return [];
      case Icmpv6Type.parameterProblem:
        return this.#protocolError(packet, nowMs);
      case Icmpv6Type.homeAgentAddressDiscoveryReply: {
        const reply = this.#homes.map(({ attachment }) => attachment.receiveIcmpv6(packet, nowMs));
        const taken = reply.find((actions) => !actions.some(({ type }) => type === 'drop'));
        return taken ? this.#finish(taken, 'registered', nowMs) : drop('unexpected-message');
      }
      case Icmpv6Type.mobilePrefixAdvertisement: {
        const home = this.#homes.find(({ configuration }) => configuration.homeAddress === homeAddressOf(packet));
        if (!home) return drop('not-for-this-node');
        return this.#finish(home.attachment.receiveIcmpv6(packet, nowMs), 'registered', nowMs);
      }
      case Icmpv6Type.neighborAdvertisement: {
        const onLink = this.#homes.filter(
          ({ attachment }) => interfaceIndex === undefined || attachment.homeLink?.interfaceIndex === interfaceIndex,
        );
        const actions = onLink.flatMap(({ attachment }) => attachment.receiveIcmpv6(packet, nowMs));
        return actions.length > 0 ? this.#finish(actions, 'registered', nowMs) : [];
      }
      default:
        return [];
    }
  }

  #protocolError({ message }: Icmpv6Packet, nowMs: number): RoleAction[] {
    const found = unsupportedProtocol(message);
    if (!found) return [];
    const event: RoleAction = tell({
      type: 'protocol-not-supported',
      peerAddress: found.destination,
      what: found.what,
    });
    const home = homeInError(this.#homes, found);
    if (!home || !this.#hints.take(found.destination, nowMs)) return drop('unexpected-message');
    if (found.what === 'home-address-option' || home.attachment.isAuthenticated) return [event];
    return this.#finish([event, ...home.attachment.agentSpeaksNoMobileIpv6(nowMs)], 'registration-lost', nowMs);
  }

  /** Only for what can be a tunnel packet of ours: anyone may send a Packet Too Big. */
  #learnPathMtu({ local, remote, mtuBytes }: PacketTooBig, nowMs: number): RoleAction[] {
    const isOurs = this.#homes.some(
      ({ agent, attachment, serving }) =>
        (isIpv4(remote) ? attachment.agentIpv4Address : agent) === remote &&
        serving.some(({ careOfAddress }) => careOfAddress === local),
    );
    if (!isOurs) return drop('not-for-this-node');
    if (this.#pathMtu.learn(local, remote, mtuBytes, nowMs)) this.forwardingVersion++;
    return [];
  }

  #run(traffic: (tunnelId: number) => PathTraffic | undefined, nowMs: number): RoleAction[] {
    if (this.#pathMtu.expire(nowMs)) this.forwardingVersion++;
    const hints = this.#movementHints(nowMs);
    const { silent, dead, ...probes } = this.#paths.run(traffic, nowMs);
    const sent = [...hints, ...probes.sent];
    const renewed = silent.flatMap(([agent, bid]) => this.#paths.renewMapping(agent, bid, nowMs));
    sent.push(...this.#names.run(nowMs));
    if (dead.length > 0) {
      for (const [agent, bid] of dead) this.#paths.foundDead(agent, bid, nowMs);
      renewed.push(...this.#updateAll(nowMs));
      for (const [agent, bid] of dead) renewed.push(...this.#paths.renewMapping(agent, bid, nowMs));
      return [...this.#finish(renewed, 'probe-lost', nowMs), ...sent];
    }
    // A turn of the probes alone changes nothing: neither tunnels nor the host's routing have to be gone through.
    if (renewed.length === 0 && this.#homes.every(({ attachment }) => attachment.nextDeadlineMs > nowMs)) return sent;
    const actions = this.#homes.flatMap(({ attachment }) => attachment.run(nowMs));
    return [...this.#finish([...renewed, ...actions], 'registration-lost', nowMs), ...sent];
  }

  /** A router that keeps silent may be out of reach: whoever is there is asked, and the paths are tested at once. */
  #movementHints(nowMs: number): RoleAction[] {
    return this.#routerWatch.missed(nowMs).flatMap((interfaceIndex) => {
      const bids = this.#uplinks.filter(({ observed }) => observed.interfaceIndex === interfaceIndex);
      for (const { configuration } of bids) this.#paths.hurry(configuration.bid, nowMs);
      return solicitRouters(interfaceIndex);
    });
  }

  #updateAll(nowMs: number): RoleAction[] {
    return this.#homes.flatMap((home) => this.#update(home, undefined, nowMs));
  }

  #state(state: UplinkState): PathState {
    return this.#paths.isShuttingDown ? 'down' : uplinkState(state, this.#homes);
  }

  /** Follows up what an input led to, and reports what changed by it. */
  #finish(before: readonly RoleAction[], reason: PathReason, nowMs: number): RoleAction[] {
    this.forwardingVersion++;
    const actions = [...before];
    for (const home of this.#paths.followAgents(nowMs)) actions.push(...this.#update(home, undefined, nowMs));
    actions.push(...this.#followHomes(nowMs), ...this.#changeFamilies(nowMs));
    this.#paths.followIpv4(nowMs);
    const events: RoleAction[] = [];
    for (const state of this.#uplinks) {
      const current = this.#state(state);
      if (current === state.reported) continue;
      state.reported = current;
      const { name, bid } = state.configuration;
      const { careOfAddress, reason: observed } = state.observed;
      const why = careOfAddress === null && state.observed.ipv4 ? 'address-removed' : observed;
      const own = current === 'down' && !this.#paths.isShuttingDown ? why : reason;
      events.push(tell({ type: 'path-state', uplink: name, bid, state: current, reason: own }));
    }
    for (const home of this.#homes) {
      const active = home.serving.find((attachment) => home.state(attachment) === 'active');
      const preferred = this.#paths.isShuttingDown ? null : (active?.name ?? null);
      if (preferred === home.preferred) continue;
      const { homeAddress } = home.configuration;
      const several = this.#homes.length > 1 ? { homeAddress } : {};
      const event = { type: 'handover', from: home.preferred, to: preferred, reason, ...several } as const;
      events.push(tell(event));
      home.preferred = preferred;
    }
    return [...actions, ...events];
  }

  /** Uplinks whose updates got no answer by one family try the other one. */
  #changeFamilies(nowMs: number): RoleAction[] {
    const actions: RoleAction[] = [];
    // The other family may have had its turn already: then it is the first one's again.
    for (let turn = 0; turn < FAMILIES.length; turn++) {
      const unanswered = this.#homes.map((home) => ({ home, verdicts: home.attachment.takeUnanswered() }));
      const isNone = unanswered.every(({ verdicts }) => verdicts.length === 0);
      if (isNone || this.#paths.isShuttingDown) break;
      for (const { home, verdicts } of unanswered) this.#paths.unanswered(home, verdicts);
      this.#paths.serve(nowMs);
      actions.push(...this.#updateAll(nowMs));
    }
    return actions;
  }

  /** A home that is reached or left becomes, or ceases to be, a care-of address of others. */
  #followHomes(nowMs: number): RoleAction[] {
    if (!this.#paths.haveHomesMoved) return [];
    this.#paths.serve(nowMs);
    return this.#updateAll(nowMs);
  }
}

/** Whoever else is a router there answers with a Router Advertisement (RFC 6275 §11.5.1). */
function solicitRouters(interfaceIndex: number): RoleAction {
  return {
    type: 'send',
    packet: {
      kind: 'icmpv6',
      source: IPV6_UNSPECIFIED,
      destination: ALL_ROUTERS,
      message: { type: Icmpv6Type.routerSolicitation, options: [] },
    },
    interfaceIndex,
  };
}

function unusedBid(taken: Set<number>): number {
  let bid = 1;
  while (taken.has(bid)) bid++;
  taken.add(bid);
  return bid;
}

function absent({ name }: UplinkConfiguration): Uplink {
  return { name, interfaceIndex: 0, careOfAddress: null, gateway: null, mtuBytes: 1500, reason: 'link-down' };
}
