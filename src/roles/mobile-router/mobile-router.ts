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
import type { DropReason, RoleAction } from '../action.ts';
import { authenticationStatus } from '../authentication.ts';
import type { RoleServices } from '../services.ts';
import { SourceLimits } from '../source-limits.ts';
import type { MobileRouterStatus, UplinkStatus } from '../status.ts';
import { AgentProbes, OTHER_SIDE } from './agent-probes.ts';
import type { Attachment } from './attachment.ts';
import { HomeAttachment } from './home-attachment.ts';
import type { HomePlacement } from './home-placement.ts';
import { NameResolution, type NameResolutionInput } from './name-resolution.ts';
import { homeAddressOf } from './prefix-discovery.ts';
import { unsupportedProtocol } from './protocol-errors.ts';
import { RouterWatch } from './router-watch.ts';
import { ServedHome, type UplinkState } from './served-home.ts';

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
  | NameResolutionInput
  | { readonly type: 'shutdown' };

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
  readonly #names: readonly { readonly home: ServedHome; readonly resolution: NameResolution }[];
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
    this.#names = this.#homes.flatMap((home) => {
      const { homeAgentName, homeAgentAddress, homeAgentIpv4Address } = home.configuration;
      if (homeAgentName === undefined) return [];
      const unknown = [homeAgentIpv4Address ? [] : 'A', homeAgentAddress ? [] : 'AAAA'].flat() as ('A' | 'AAAA')[];
      return {
        home,
        resolution: new NameResolution(homeAgentName, unknown, services.random16, configuration.nameServers),
      };
    });
    this.#followAgents(0);
  }

  get nextDeadlineMs(): number {
    return Math.min(
      ...this.#homes.map(({ attachment }) => attachment.nextDeadlineMs),
      ...[...this.#probes.values()].map(({ nextDeadlineMs }) => nextDeadlineMs),
      this.#pathMtu.nextDeadlineMs,
      this.#routerWatch.nextDeadlineMs,
      ...this.#names.map(({ resolution }) => resolution.nextDeadlineMs),
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
    const serves = (home: ServedHome) => home.serving.find((attachment) => attachment.bid === bid);
    const home =
      this.#homes.find((candidate) => {
        const attachment = serves(candidate);
        return attachment && candidate.binding(attachment);
      }) ??
      this.#homes.find(serves) ??
      this.#homes[0]!;
    const attachment = serves(home);
    const binding = attachment && home.binding(attachment);
    const { careOfAddress, ipv4 } = state.observed;
    return {
      name,
      interface: device,
      priority,
      bid,
      state: this.#state(state),
      careOfAddress: attachment?.careOfAddress ?? careOfAddress ?? ipv4?.careOfAddress ?? null,
      ...(attachment && isIpv4(attachment.careOfAddress) && { ipv4: home.ipv4Status(attachment) }),
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
      const isOther = observed.careOfAddress !== before.careOfAddress;
      if (isOther || observed.ipv4?.careOfAddress !== before.ipv4?.careOfAddress) reason = observed.reason;
      const lostIpv4 = observed.ipv4?.routerLost && !before.ipv4?.routerLost;
      const lostIpv6 = observed.routerLost && !before.routerLost;
      if (!lostIpv4 && !lostIpv6) continue;
      reason = 'router-lost';
      lost.push(state.configuration.bid);
      if (lostIpv6) actions.push(solicitRouters(observed.interfaceIndex));
    }
    this.#serve(nowMs);
    for (const home of this.#homes) {
      for (const { bid, routerLost } of home.serving) {
        if (!routerLost || !lost.includes(bid)) continue;
        const isNews = home.probes?.isProbing ? home.probes.giveUp(bid, nowMs) : true;
        if (isNews) this.#tryOtherFamily(home, bid, nowMs);
      }
    }
    for (const { resolution } of this.#names) actions.push(...resolution.observe(this.#sources(), nowMs));
    for (const home of this.#homes) actions.push(...this.#update(home, homeLinks, nowMs));
    return this.#finish(actions, reason, nowMs);
  }

  /** Which care-of addresses serve which home, and which are probed. */
  #serve(nowMs: number): void {
    const uplinks = this.#isShuttingDown ? [] : this.#uplinks;
    const homeAttachments = this.#homeAttachments();
    for (const home of this.#homes) {
      const abroad = uplinks.flatMap((state) => home.attachmentOf(state, nowMs) ?? []);
      home.serving = [...abroad, ...homeAttachments].filter((attachment) => home.mayServe(attachment));
    }
    for (const [agent, probes] of this.#probes) {
      const served = this.#homes.filter((home) => home.agent === agent).flatMap(({ serving }) => serving);
      const others = served.filter(({ name }) => probes.families.isOtherDead(name));
      const watched = [...served, ...others.flatMap(ipv6Side)];
      probes.watch([...new Map(watched.map((attachment) => [attachment.bid, attachment])).values()], nowMs);
    }
  }

  /** A path found dead: if the uplink has IPv4 too, that is tried, while the IPv6 side is listened to. */
  #tryOtherFamily({ serving, probes }: ServedHome, bid: number, nowMs: number): void {
    const attachment = serving.find((candidate) => candidate.bid === bid);
    if (!attachment?.otherAddress || isIpv4(attachment.careOfAddress)) return;
    probes?.families.giveUp(attachment.name, 'ipv6', 'dead');
    this.#serve(nowMs);
  }

  /** Care-of addresses of both families by which a name server may be asked. */
  #sources() {
    const { uplinks } = this.#configuration;
    return this.#uplinks.flatMap(({ observed: { careOfAddress, ipv4, interfaceIndex, name } }) =>
      uplinks.some((uplink) => uplink.name === name)
        ? [careOfAddress ?? [], ipv4?.careOfAddress ?? []].flat().map((source) => ({ source, interfaceIndex }))
        : [],
    );
  }

  #resolve(input: NameResolutionInput, nowMs: number): RoleAction[] {
    return this.#names.flatMap(({ home, resolution }) => {
      const { actions, addresses } = resolution.handle(input, nowMs);
      if (addresses.length === 0) return actions;
      const hasMoved = home.attachment.named(addresses);
      this.#serve(nowMs);
      const found = [...actions, ...this.#update(home, undefined, nowMs)];
      if (hasMoved) found.push(...home.attachment.refreshRequested([], nowMs));
      return this.#finish(found, 'address-added', nowMs);
    });
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
        const careOfAddress = packet.outer?.destination ?? packet.destination;
        home.probes?.heard(careOfAddress, nowMs);
        const before = this.#provesIpv4(home, careOfAddress, nowMs) ? [...actions, ...this.#updateAll(nowMs)] : actions;
        return this.#finish(before, 'registered', nowMs);
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

  /** Whether an accepted update has shown that an IPv4 path works, dead or not so far: nothing else can. */
  #provesIpv4(home: ServedHome, careOfAddress: Address, nowMs: number): boolean {
    const attachment = home.serving.find((candidate) => candidate.careOfAddress === careOfAddress);
    if (!attachment || !home.reach(attachment)) return false;
    if (home.probes?.isDead(attachment.bid)) home.probes.revive(attachment.bid, nowMs);
    return true;
  }

  /**
   * RFC 6275 §11.7.3: from the home agent, to a care-of address of ours through a type 2 routing header, or from its IPv4
   * address to an IPv4 care-of address (RFC 5555 §4.4.2).
   */
  #homeOf(packet: MobilityPacket): ServedHome | DropReason {
    const { source, destination, routing2, message, outer } = packet;
    const served = this.#homes.filter(
      ({ attachment, serving }) =>
        attachment.agent === source &&
        (!outer ||
          (attachment.agentIpv4Address === outer.source &&
            serving.some(({ careOfAddress }) => careOfAddress === outer.destination))),
    );
    if (served.length === 0) return 'not-from-home-agent';
    const named = message.type === MessageType.bindingError ? message.homeAddress : (routing2 ?? destination);
    const home = served.find(({ configuration }) => configuration.homeAddress === named);
    // A Binding Error need not say which home address it is about.
    if (!home) return message.type === MessageType.bindingError ? served[0]! : 'not-for-this-node';
    return home;
  }

  #receiveIcmpv6(packet: Icmpv6Packet, interfaceIndex: number | undefined, nowMs: number): RoleAction[] {
    const { source, message, outer } = packet;
    switch (message.type) {
      case Icmpv6Type.echoReply: {
        const verdict = this.#probes.get(source)?.answered(message, outer, nowMs);
        if (verdict && verdict.key >= OTHER_SIDE) this.#returnToIpv6(source, verdict.key - OTHER_SIDE, nowMs);
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
        const home = this.#homes.find(({ configuration }) => configuration.homeAddress === homeAddressOf(packet));
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

  /** The IPv6 side of an uplink lives again; unless its IPv4 side has taken over by now, it is back in use. */
  #returnToIpv6(agent: Address, bid: number, nowMs: number): void {
    const homes = this.#homes.filter((home) => home.agent === agent);
    const serving = homes.flatMap((home) => home.serving.filter((attachment) => attachment.bid === bid));
    const isRegistered = homes.some((home) => serving.some((attachment) => home.state(attachment) === 'active'));
    if (isRegistered) return;
    for (const { name } of serving) this.#probes.get(agent)?.families.forget(name);
    this.#serve(nowMs);
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
      ({ agent, attachment, serving }) =>
        (isIpv4(remote) ? attachment.agentIpv4Address : agent) === remote &&
        serving.some(({ careOfAddress }) => careOfAddress === local),
    );
    if (!isOurs) return [{ type: 'drop', reason: 'not-for-this-node' }];
    if (this.#pathMtu.learn(local, remote, mtuBytes, nowMs)) this.forwardingVersion++;
    return [];
  }

  #run(traffic: (tunnelId: number) => PathTraffic | undefined, nowMs: number): RoleAction[] {
    if (this.#pathMtu.expire(nowMs)) this.forwardingVersion++;
    const sent: RoleAction[] = this.#movementHints(nowMs);
    const renewed: RoleAction[] = [];
    const dead: [Address, number][] = [];
    for (const [agent, probes] of this.#probes) {
      const { actions, verdicts, silent } = probes.run((bid) => this.#traffic(agent, bid, traffic), nowMs);
      sent.push(...actions);
      for (const bid of silent) renewed.push(...this.#renewMapping(agent, bid, nowMs));
      for (const verdict of verdicts) if (verdict.dead) dead.push([agent, verdict.key]);
    }
    for (const { resolution } of this.#names) sent.push(...resolution.run(nowMs));
    if (dead.length > 0) {
      for (const [agent, bid] of dead) this.#foundDead(agent, bid, nowMs);
      renewed.push(...this.#updateAll(nowMs));
      for (const [agent, bid] of dead) renewed.push(...this.#renewMapping(agent, bid, nowMs));
      return [...this.#finish(renewed, 'probe-lost', nowMs), ...sent];
    }
    // A turn of the probes alone changes nothing: neither tunnels nor the host's routing have to be gone through.
    if (renewed.length === 0 && this.#homes.every(({ attachment }) => attachment.nextDeadlineMs > nowMs)) return sent;
    const actions = this.#homes.flatMap(({ attachment }) => attachment.run(nowMs));
    return [...this.#finish([...renewed, ...actions], 'registration-lost', nowMs), ...sent];
  }

  /** What gets no answer by an IPv4 path may be a NAT's that has forgotten: an update makes it a new mapping. */
  #renewMapping(agent: Address, bid: number, nowMs: number): RoleAction[] {
    return this.#homes.flatMap((home) => {
      const attachment = home.agent === agent && home.serving.find((candidate) => candidate.bid === bid);
      if (!attachment || !isIpv4(attachment.careOfAddress)) return [];
      return home.attachment.refreshRequested([bid], nowMs);
    });
  }

  /** Another address family, or another encapsulation: what could help is tried. */
  #foundDead(agent: Address, bid: number, nowMs: number): void {
    for (const home of this.#homes.filter((candidate) => candidate.agent === agent)) {
      const attachment = home.serving.find((candidate) => candidate.bid === bid);
      if (!attachment) continue;
      if (home.probes?.answersUdpOnly(bid)) home.attachment.registration?.forceUdp(attachment.careOfAddress, nowMs);
      this.#tryOtherFamily(home, bid, nowMs);
    }
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
    return this.#finish(this.#updateAll(nowMs), reason, nowMs);
  }

  #updateAll(nowMs: number): RoleAction[] {
    return this.#homes.flatMap((home) => this.#update(home, undefined, nowMs));
  }

  #state(state: UplinkState): PathState {
    const { bid } = state.configuration;
    const views = this.#homes.flatMap((home) =>
      home.serving.filter((attachment) => attachment.bid === bid).map((attachment) => home.state(attachment)),
    );
    // On the home link it has no care-of address, but an IPv4 address that leads nowhere is as good as none.
    if (this.#isShuttingDown || (views.length === 0 && state.observed.careOfAddress === null)) return 'down';
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
        new AgentProbes(
          home.agent,
          this.#configuration.probe,
          this.#services.random16(),
          this.#configuration.natKeepAliveSeconds,
        );
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
    actions.push(...this.#followHomes(nowMs), ...this.#changeFamilies(nowMs));
    this.#followIpv4(nowMs);
    const events: RoleAction[] = [];
    for (const state of this.#uplinks) {
      const current = this.#state(state);
      if (current === state.reported) continue;
      state.reported = current;
      const { name, bid } = state.configuration;
      const { careOfAddress, reason: observed } = state.observed;
      const why = careOfAddress === null && state.observed.ipv4 ? 'address-removed' : observed;
      const own = current === 'down' && !this.#isShuttingDown ? why : reason;
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

  /** Uplinks whose updates got no answer by one family try the other one. */
  #changeFamilies(nowMs: number): RoleAction[] {
    const unanswered = this.#homes.flatMap((home) =>
      home.attachment.takeUnanswered().map((verdict) => ({ home, ...verdict })),
    );
    if (unanswered.length === 0 || this.#isShuttingDown) return [];
    for (const { home, uplink, careOfAddress } of unanswered) {
      home.families.giveUp(uplink, isIpv4(careOfAddress) ? 'ipv4' : 'ipv6', 'unanswered');
    }
    this.#serve(nowMs);
    return this.#updateAll(nowMs);
  }

  /** Registered IPv4 paths are probed as they are registered, the others not at all. */
  #followIpv4(nowMs: number): void {
    for (const [agent, probes] of this.#probes) {
      const homes = this.#homes.filter((home) => home.agent === agent);
      for (const attachment of homes.flatMap(({ serving }) => serving)) {
        if (!isIpv4(attachment.careOfAddress)) continue;
        const reach = homes.map((home) => home.serving.includes(attachment) && home.reach(attachment)).find(Boolean);
        probes.follow(attachment.bid, reach || undefined, nowMs);
      }
    }
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

/** The side of an uplink that is not in use, under a number of its own. */
function ipv6Side(attachment: Attachment): Attachment[] {
  const { otherAddress, bid } = attachment;
  if (otherAddress === undefined || isIpv4(otherAddress)) return [];
  return [{ ...attachment, bid: OTHER_SIDE + bid, careOfAddress: otherAddress }];
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
