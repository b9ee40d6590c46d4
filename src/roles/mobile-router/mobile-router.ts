import { type Address, IPV6_UNSPECIFIED } from '../../bytes/address.ts';
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
import type { DropReason, RoleAction } from '../action.ts';
import { authenticationStatus } from '../authentication.ts';
import type { RoleServices } from '../services.ts';
import { SourceLimits } from '../source-limits.ts';
import type { MobileRouterStatus, UplinkStatus } from '../status.ts';
import { AgentProbes } from './agent-probes.ts';
import type { Attachment } from './attachment.ts';
import { HomeAttachment } from './home-attachment.ts';
import type { HomePlacement } from './home-placement.ts';
import { unsupportedProtocol } from './protocol-errors.ts';
import { RouterWatch } from './router-watch.ts';
import { ServedHome } from './served-home.ts';

/** A Packet Too Big for a tunnel packet: the path from `local` to `remote` takes `mtuBytes`. */
interface PacketTooBig {
  readonly type: 'packet-too-big';
  readonly local: Address;
  readonly remote: Address;
  readonly mtuBytes: number;
}

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
  | { readonly type: 'shutdown' };

interface UplinkState {
  readonly configuration: UplinkConfiguration;
  observed: Uplink;
  reported: PathState;
}

/**
 * Binding Refresh Requests and Binding Errors of a home agent that are followed. Nothing authenticates them (RFC 4285 is
 * about updates and acknowledgements), so all that they bring about is an early refresh, now and then.
 */
const HINTS = { perSecond: 0.1, burst: 3, maximumSources: 16 };
/** Of several homes' views of an uplink the best one is told. */
const STATE_RANK: readonly PathState[] = ['active', 'registering', 'standby', 'dead', 'down'];

/** The mobile router: RFC 6275 §11, RFC 3963 §5 and RFC 5648 §5 for all its home addresses. */
export class MobileRouter {
  readonly #configuration: MobileRouterConfiguration;
  readonly #services: RoleServices;
  readonly #homes: readonly ServedHome[];
  /** The Binding Identifier of a home address that serves as care-of address, by the home's name. */
  readonly #homeBids = new Map<string, number>();
  readonly #probes = new Map<Address, AgentProbes>();
  readonly #pathMtu = new PathMtuTable();
  readonly #uplinks: readonly UplinkState[];
  readonly #hints = new SourceLimits(HINTS);
  readonly #routerWatch = new RouterWatch();
  #isShuttingDown = false;

  /** Changes whenever what `forwarding` or `placements` return may have changed. */
  forwardingVersion = 0;

  constructor(configuration: MobileRouterConfiguration, services: RoleServices) {
    this.#configuration = configuration;
    this.#services = services;
    this.#uplinks = [...configuration.uplinks]
      .sort((a, b) => a.priority - b.priority)
      .map((uplink) => ({ configuration: uplink, observed: absent(uplink), reported: 'down' }));
    const taken = new Set(configuration.uplinks.map(({ bid }) => bid));
    this.#homes = configuration.homes.map((home, place) => {
      this.#homeBids.set(home.name, unusedBid(taken));
      return new ServedHome(new HomeAttachment(home, unusedBid(taken), configuration, services), place);
    });
    this.#followAgents(0);
  }

  get nextDeadlineMs(): number {
    return Math.min(
      ...this.#homes.map(({ attachment }) => attachment.nextDeadlineMs),
      ...[...this.#probes.values()].map(({ nextDeadlineMs }) => nextDeadlineMs),
      this.#pathMtu.nextDeadlineMs,
      this.#routerWatch.nextDeadlineMs,
    );
  }

  /** Whether a shutdown is complete: no home agent holds anything of ours any more. */
  get isDone(): boolean {
    return this.#isShuttingDown && this.#homes.every(({ attachment }) => attachment.isDone);
  }

  /** All home agents that are registered with or tried now. */
  get homeAgents(): readonly Address[] {
    return [...new Set(this.#homes.flatMap(({ attachment }) => attachment.agent ?? []))];
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
      case 'shutdown':
        this.#isShuttingDown = true;
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
      uplinks: this.#uplinks.map((state) => this.#uplinkStatus(state, nowMs)),
    };
  }

  #uplinkStatus(state: UplinkState, nowMs: number): UplinkStatus {
    const { name, interface: device, priority, bid } = state.configuration;
    const attachment = attachmentOf(state);
    const home = this.#homes.find((candidate) => attachment && candidate.binding(attachment)) ?? this.#homes[0]!;
    const binding = attachment && home.binding(attachment);
    return {
      name,
      interface: device,
      priority,
      bid,
      state: this.#state(state),
      careOfAddress: state.observed.careOfAddress,
      preferred: this.#homes.some(({ preferred }) => preferred === name),
      roundTripMs: home.probes?.roundTripMs(bid) ?? null,
      registrationRemainingSeconds: binding ? Math.max(0, (binding.expiresMs - nowMs) / 1000) : null,
      tunnelId: attachment ? home.tunnelId(attachment) : null,
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
      if (observed.careOfAddress !== before.careOfAddress) reason = observed.reason;
      if (!observed.routerLost || before.routerLost) continue;
      reason = 'router-lost';
      lost.push(state.configuration.bid);
      actions.push(solicitRouters(observed.interfaceIndex));
    }
    this.#serve(nowMs);
    for (const bid of lost) for (const probes of this.#probes.values()) probes.giveUp(bid, nowMs);
    for (const home of this.#homes) actions.push(...this.#update(home, homeLinks, nowMs));
    return this.#finish(actions, reason, nowMs);
  }

  /** Which care-of addresses serve which home, and which are probed. */
  #serve(nowMs: number): void {
    const abroad = this.#isShuttingDown ? [] : this.#uplinks.flatMap((state) => attachmentOf(state) ?? []);
    const all = [...abroad, ...this.#homeAttachments()];
    for (const home of this.#homes) home.serving = all.filter((attachment) => home.mayServe(attachment));
    for (const [agent, probes] of this.#probes) {
      const served = this.#homes.filter((home) => home.agent === agent).flatMap(({ serving }) => serving);
      probes.watch([...new Map(served.map((attachment) => [attachment.bid, attachment])).values()], nowMs);
    }
  }

  /** Home addresses that are in use on their own home link can be care-of addresses of other homes. */
  #homeAttachments(): Attachment[] {
    return this.#homes.flatMap(({ attachment, configuration: { name, homeAddress } }) => {
      const link = attachment.homeLink;
      if (!attachment.isAtHome || !link) return [];
      const { interfaceIndex, mtuBytes } = link;
      const bid = this.#homeBids.get(name)!;
      return [{ name, bid, careOfAddress: homeAddress, interfaceIndex, mtuBytes, weight: 1, routerLost: false }];
    });
  }

  #update(home: ServedHome, homeLinks: readonly HomeLink[] | undefined, nowMs: number): RoleAction[] {
    const { attachment, configuration } = home;
    const homeLink = homeLinks ? homeLinks.find((link) => link.home === configuration.name) : attachment.homeLink;
    return attachment.observe(home.paths('usable'), home.paths('all'), homeLink, nowMs);
  }

  #receive(packet: MobilityPacket, nowMs: number): RoleAction[] {
    const home = this.#homeOf(packet);
    if (typeof home === 'string') return [{ type: 'drop', reason: home }];
    const { attachment } = home;
    const { message, source } = packet;
    switch (message.type) {
      case MessageType.bindingAcknowledgement: {
        const actions = attachment.acknowledged(packet, message, nowMs);
        if (typeof actions === 'string') return [{ type: 'drop', reason: actions }];
        home.probes?.heard(packet.destination, nowMs);
        return this.#finish(actions, 'registered', nowMs);
      }
      case MessageType.bindingRefreshRequest: {
        if (!this.#hints.take(source, nowMs)) return [{ type: 'drop', reason: 'rate-limited' }];
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
          return [{ type: 'drop', reason: 'unexpected-message' }];
        }
        if (!this.#hints.take(source, nowMs)) return [{ type: 'drop', reason: 'rate-limited' }];
        const actions = isExpected ? attachment.agentSpeaksNoMobileIpv6(nowMs) : attachment.refreshRequested([], nowMs);
        return this.#finish(actions, 'registration-lost', nowMs);
      }
      default:
        return [{ type: 'drop', reason: 'unexpected-message' }];
    }
  }

  /** RFC 6275 §11.7.3: from the home agent, to a care-of address of ours through a type 2 routing header. */
  #homeOf(packet: MobilityPacket): ServedHome | DropReason {
    const { source, destination, routing2, message } = packet;
    const served = this.#homes.filter(({ attachment }) => attachment.agent === source);
    if (served.length === 0) return 'not-from-home-agent';
    const named = message.type === MessageType.bindingError ? message.homeAddress : (routing2 ?? destination);
    const home = served.find(({ configuration }) => configuration.homeAddress === named);
    // A Binding Error need not say which home address it is about.
    if (!home) return message.type === MessageType.bindingError ? served[0]! : 'not-for-this-node';
    return home;
  }

  #receiveIcmpv6(packet: Icmpv6Packet, interfaceIndex: number | undefined, nowMs: number): RoleAction[] {
    const { source, message, routing2 } = packet;
    switch (message.type) {
      case Icmpv6Type.echoReply: {
        const verdict = this.#probes.get(source)?.answered(message, nowMs);
        return verdict ? this.#pathsChanged('probe-answered', nowMs) : [];
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
        return taken ? this.#finish(taken, 'registered', nowMs) : [{ type: 'drop', reason: 'unexpected-message' }];
      }
      case Icmpv6Type.mobilePrefixAdvertisement: {
        const home = this.#homes.find(({ configuration }) => configuration.homeAddress === routing2);
        if (!home) return [{ type: 'drop', reason: 'not-for-this-node' }];
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

  /** Only an error about an update that waits for its answer counts: anyone may send one. */
  #protocolError({ message }: Icmpv6Packet, nowMs: number): RoleAction[] {
    const found = unsupportedProtocol(message);
    if (!found) return [];
    const event: RoleAction = {
      type: 'event',
      event: { type: 'protocol-not-supported', peerAddress: found.destination, what: found.what },
    };
    const home = this.#homes.find(
      ({ attachment, configuration }) =>
        attachment.agent === found.destination &&
        (found.homeAddress ?? found.source) === configuration.homeAddress &&
        found.sequenceNumber !== undefined &&
        attachment.registration?.isOutstanding(found.sequenceNumber),
    );
    if (!home || !this.#hints.take(found.destination, nowMs)) return [{ type: 'drop', reason: 'unexpected-message' }];
    if (found.what === 'home-address-option' || home.attachment.isAuthenticated) return [event];
    return this.#finish([event, ...home.attachment.agentSpeaksNoMobileIpv6(nowMs)], 'registration-lost', nowMs);
  }

  /** Only for what can be a tunnel packet of ours: anyone may send a Packet Too Big. */
  #learnPathMtu({ local, remote, mtuBytes }: PacketTooBig, nowMs: number): RoleAction[] {
    const isOurs = this.#homes.some(
      ({ agent, serving }) => agent === remote && serving.some(({ careOfAddress }) => careOfAddress === local),
    );
    if (!isOurs) return [{ type: 'drop', reason: 'not-for-this-node' }];
    if (this.#pathMtu.learn(local, remote, mtuBytes, nowMs)) this.forwardingVersion++;
    return [];
  }

  #run(traffic: (tunnelId: number) => PathTraffic | undefined, nowMs: number): RoleAction[] {
    if (this.#pathMtu.expire(nowMs)) this.forwardingVersion++;
    const sent: RoleAction[] = this.#movementHints(nowMs);
    let reason: PathReason | undefined;
    for (const [agent, probes] of this.#probes) {
      const { actions, verdicts } = probes.run((bid) => this.#traffic(agent, bid, traffic), nowMs);
      sent.push(...actions);
      if (verdicts.some(({ dead }) => dead)) reason = 'probe-lost';
    }
    if (reason) return [...this.#pathsChanged(reason, nowMs), ...sent];
    // A turn of the probes alone changes nothing: neither tunnels nor the host's routing have to be gone through.
    if (this.#homes.every(({ attachment }) => attachment.nextDeadlineMs > nowMs)) return sent;
    const actions = this.#homes.flatMap(({ attachment }) => attachment.run(nowMs));
    return [...this.#finish(actions, 'registration-lost', nowMs), ...sent];
  }

  /** A router that keeps silent may be out of reach: whoever is there is asked, and the paths are tested at once. */
  #movementHints(nowMs: number): RoleAction[] {
    return this.#routerWatch.missed(nowMs).flatMap((interfaceIndex) => {
      const bids = this.#uplinks.filter(({ observed }) => observed.interfaceIndex === interfaceIndex);
      for (const { configuration } of bids) {
        for (const probes of this.#probes.values()) probes.hurry(configuration.bid, nowMs);
      }
      return solicitRouters(interfaceIndex);
    });
  }

  /** Of all tunnels by one path to one agent. */
  #traffic(
    agent: Address,
    bid: number,
    traffic: (tunnelId: number) => PathTraffic | undefined,
  ): PathTraffic | undefined {
    const readings = this.#homes.flatMap((home) => {
      const attachment = home.agent === agent ? home.serving.find((candidate) => candidate.bid === bid) : undefined;
      const tunnelId = attachment ? home.tunnelId(attachment) : null;
      return (tunnelId === null ? undefined : traffic(tunnelId)) ?? [];
    });
    if (readings.length === 0) return undefined;
    return {
      sentPackets: readings.reduce((sum, { sentPackets }) => sum + sentPackets, 0),
      lastReceivedMs: Math.max(...readings.map(({ lastReceivedMs }) => lastReceivedMs)),
    };
  }

  #pathsChanged(reason: PathReason, nowMs: number): RoleAction[] {
    const actions = this.#homes.flatMap((home) => this.#update(home, undefined, nowMs));
    return this.#finish(actions, reason, nowMs);
  }

  #state(state: UplinkState): PathState {
    const attachment = attachmentOf(state);
    if (!attachment || this.#isShuttingDown) return 'down';
    const views = this.#homes
      .filter((home) => home.serving.includes(attachment) || home.mayServe(attachment))
      .map((home) => home.state(attachment));
    return STATE_RANK.find((candidate) => views.includes(candidate)) ?? 'standby';
  }

  /** Probes each home's agent; returns the homes that have another one than before. */
  #followAgents(nowMs: number): ServedHome[] {
    const changed = this.#homes.filter((home) => home.agent !== home.attachment.agent);
    for (const home of changed) {
      home.agent = home.attachment.agent;
      if (home.agent === undefined) continue;
      const probes =
        this.#probes.get(home.agent) ??
        new AgentProbes(home.agent, this.#configuration.probe, this.#services.random16());
      this.#probes.set(home.agent, probes);
      home.probes = probes;
    }
    for (const agent of this.#probes.keys()) {
      if (!this.#homes.some((home) => home.agent === agent)) this.#probes.delete(agent);
    }
    if (changed.length > 0) this.#serve(nowMs);
    return changed;
  }

  /** Follows up what an input led to, and reports what changed by it. */
  #finish(before: readonly RoleAction[], reason: PathReason, nowMs: number): RoleAction[] {
    this.forwardingVersion++;
    const actions = [...before];
    for (const home of this.#followAgents(nowMs)) actions.push(...this.#update(home, undefined, nowMs));
    actions.push(...this.#followHomes(nowMs));
    const events: RoleAction[] = [];
    for (const state of this.#uplinks) {
      const current = this.#state(state);
      if (current === state.reported) continue;
      state.reported = current;
      const { name, bid } = state.configuration;
      const own = current === 'down' && !this.#isShuttingDown ? state.observed.reason : reason;
      events.push({ type: 'event', event: { type: 'path-state', uplink: name, bid, state: current, reason: own } });
    }
    for (const home of this.#homes) {
      const active = home.serving.find((attachment) => home.state(attachment) === 'active');
      const preferred = this.#isShuttingDown ? null : (active?.name ?? null);
      if (preferred === home.preferred) continue;
      const { homeAddress } = home.configuration;
      const several = this.#homes.length > 1 ? { homeAddress } : {};
      const event = { type: 'handover', from: home.preferred, to: preferred, reason, ...several } as const;
      events.push({ type: 'event', event });
      home.preferred = preferred;
    }
    return [...actions, ...events];
  }

  /** A home that is reached or left becomes, or ceases to be, a care-of address of others. */
  #followHomes(nowMs: number): RoleAction[] {
    const now = this.#homeAttachments().map(({ bid }) => bid);
    const used = this.#homes.flatMap(({ serving }) => serving.map(({ bid }) => bid));
    const all = [...this.#homeBids.values()];
    const isServed = ([name, bid]: [string, number]) =>
      now.includes(bid) && this.#homes.some(({ configuration }) => configuration.careOfHomes.includes(name));
    const wanted = [...this.#homeBids].filter(isServed).map(([, bid]) => bid);
    const isSame = all.every((bid) => used.includes(bid) === wanted.includes(bid));
    if (isSame) return [];
    this.#serve(nowMs);
    return this.#homes.flatMap((home) => this.#update(home, undefined, nowMs));
  }
}

function attachmentOf({ configuration, observed }: UplinkState): Attachment | undefined {
  const { careOfAddress, interfaceIndex, validUntilMs, routerLost = false } = observed;
  if (careOfAddress === null) return undefined;
  const { name, bid, weight } = configuration;
  return {
    ...{ name, bid, careOfAddress, interfaceIndex, weight, routerLost },
    mtuBytes: Math.min(observed.mtuBytes, configuration.mtuBytes ?? observed.mtuBytes),
    ...(validUntilMs !== undefined && { validUntilMs }),
  };
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
