import { NO_BID } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import { hostPrefix } from '../../bytes/prefix.ts';
import type { MobileRouterConfiguration, UplinkConfiguration } from '../../config/configuration.ts';
import { type BindingGroup, Encapsulation, SelectionMode, type Tunnel } from '../../forwarding/table.ts';
import { PathMtuTable } from '../../paths/path-mtu.ts';
import type { PathReason, PathState } from '../../paths/path-state.ts';
import { type PathTraffic, type PathVerdict, Prober } from '../../paths/probing.ts';
import type { Uplink } from '../../paths/uplink.ts';
import { Icmpv6Type } from '../../wire/icmpv6/message.ts';
import { BindingErrorStatus, MessageType, OptionType } from '../../wire/mh/numbers.ts';
import type { Icmpv6Packet, MobilityPacket } from '../../wire/signalling.ts';
import type { DropReason, RoleAction } from '../action.ts';
import type { MobileRouterStatus, UplinkStatus } from '../status.ts';
import type { Path } from './path.ts';
import { Registration } from './registration.ts';

/** A Packet Too Big for a tunnel packet: the path from `local` to `remote` takes `mtuBytes`. */
interface PacketTooBig {
  readonly type: 'packet-too-big';
  readonly local: Address;
  readonly remote: Address;
  readonly mtuBytes: number;
}

/** What a mobile router is told. */
export type MobileRouterInput =
  /** All configured uplinks as they are now. */
  | { readonly type: 'uplinks'; readonly uplinks: readonly Uplink[] }
  | { readonly type: 'mobility'; readonly packet: MobilityPacket }
  | { readonly type: 'icmpv6'; readonly packet: Icmpv6Packet }
  | PacketTooBig
  /** `traffic` reads the counters of a tunnel. */
  | { readonly type: 'deadline'; readonly traffic: (tunnelId: number) => PathTraffic | undefined }
  | { readonly type: 'shutdown' };

interface UplinkState {
  readonly configuration: UplinkConfiguration;
  observed: Uplink;
  reported: PathState;
}

/** The tunnel of a binding without BID; above every BID. */
const PLAIN_TUNNEL_ID = 0x1_0000;
const PROBE_DATA = new Uint8Array(8);

/** The mobile router: RFC 6275 §11, RFC 3963 §5 and RFC 5648 §5 for one home address. */
export class MobileRouter {
  readonly #configuration: MobileRouterConfiguration;
  readonly #registration: Registration;
  readonly #prober: Prober;
  readonly #pathMtu = new PathMtuTable();
  readonly #uplinks: UplinkState[];
  readonly #probeIdentifier: number;
  #preferred: string | null = null;
  #isShuttingDown = false;

  /** Changes whenever what `forwarding` returns may have changed. */
  forwardingVersion = 0;

  /** `random16` gives numbers from 0 to 65535: the first sequence number, the probes' identifier. */
  constructor(configuration: MobileRouterConfiguration, random16: () => number) {
    this.#configuration = configuration;
    this.#registration = new Registration(configuration, random16());
    this.#prober = new Prober(configuration.probe);
    this.#probeIdentifier = random16();
    this.#uplinks = [...configuration.uplinks]
      .sort((a, b) => a.priority - b.priority)
      .map((uplink) => ({ configuration: uplink, observed: absent(uplink), reported: 'down' }));
  }

  get nextDeadlineMs(): number {
    return Math.min(this.#registration.nextDeadlineMs, this.#prober.nextDeadlineMs, this.#pathMtu.nextDeadlineMs);
  }

  /** Whether a shutdown is complete: the home agent holds nothing of ours any more. */
  get isDone(): boolean {
    return this.#isShuttingDown && this.#registration.isEmpty;
  }

  handle(input: MobileRouterInput, nowMs: number): RoleAction[] {
    switch (input.type) {
      case 'uplinks':
        return this.#observe(input.uplinks, nowMs);
      case 'mobility':
        return this.#receive(input.packet, nowMs);
      case 'icmpv6':
        return this.#receiveIcmpv6(input.packet, nowMs);
      case 'packet-too-big':
        return this.#learnPathMtu(input, nowMs);
      case 'deadline':
        return this.#run(input.traffic, nowMs);
      case 'shutdown':
        this.#isShuttingDown = true;
        return this.#finish(this.#registration.shutDown(nowMs), 'shutdown');
    }
  }

  /** One tunnel per registered binding, one group for the home address and its prefixes. */
  forwarding(nowMs: number): { readonly tunnels: Tunnel[]; readonly groups: BindingGroup[] } {
    const { homeAddress, homeAgentAddress, prefixes, selection } = this.#configuration;
    const tunnels: Tunnel[] = [];
    const weights = new Map<number, number>();
    for (const state of this.#uplinks) {
      const tunnelId = this.#tunnelId(state);
      const careOfAddress = state.observed.careOfAddress;
      if (tunnelId === null || careOfAddress === null) continue;
      const linkMtuBytes = Math.min(state.observed.mtuBytes, state.configuration.mtuBytes ?? state.observed.mtuBytes);
      tunnels.push({
        id: tunnelId,
        encapsulation: Encapsulation.ipv6InIpv6,
        outerSource: careOfAddress,
        outerDestination: homeAgentAddress,
        interfaceIndex: state.observed.interfaceIndex,
        pathMtuBytes: this.#pathMtu.lookUp(careOfAddress, homeAgentAddress, linkMtuBytes, nowMs),
        usable: !this.#prober.isDead(state.configuration.bid),
      });
      weights.set(tunnelId, state.configuration.weight);
    }
    const group: BindingGroup = {
      id: 1,
      mode: selection === 'balance' ? SelectionMode.balance : SelectionMode.firstUsable,
      tunnels: tunnels.map(({ id }) => ({ tunnelId: id, weight: weights.get(id)! })),
      prefixes: [hostPrefix(homeAddress), ...prefixes],
    };
    return { tunnels, groups: [group] };
  }

  status(nowMs: number): MobileRouterStatus {
    return {
      homeAddress: this.#configuration.homeAddress,
      homeAgentAddress: this.#configuration.homeAgentAddress,
      prefixes: this.#configuration.prefixes,
      sequenceNumber: this.#registration.sequenceNumber,
      multipleCareOfAddresses: this.#registration.support,
      uplinks: this.#uplinks.map((state) => this.#uplinkStatus(state, nowMs)),
    };
  }

  #uplinkStatus(state: UplinkState, nowMs: number): UplinkStatus {
    const { name, interface: device, priority, bid } = state.configuration;
    const binding = this.#binding(state);
    return {
      name,
      interface: device,
      priority,
      bid,
      state: this.#state(state),
      careOfAddress: state.observed.careOfAddress,
      preferred: name === this.#preferred,
      roundTripMs: this.#prober.roundTripMs(bid) ?? null,
      registrationRemainingSeconds: binding ? Math.max(0, (binding.expiresMs - nowMs) / 1000) : null,
      tunnelId: this.#tunnelId(state),
    };
  }

  #observe(uplinks: readonly Uplink[], nowMs: number): RoleAction[] {
    let reason: PathReason = 'start';
    for (const state of this.#uplinks) {
      const { name, bid } = state.configuration;
      const observed = uplinks.find((uplink) => uplink.name === name) ?? absent(state.configuration);
      const before = state.observed;
      state.observed = observed;
      if (observed.careOfAddress === before.careOfAddress) continue;
      reason = observed.reason;
      this.#prober.remove(bid);
      if (observed.careOfAddress !== null && !this.#isShuttingDown) this.#prober.add(bid, nowMs);
    }
    return this.#finish(this.#registration.update(this.#paths(), nowMs), reason);
  }

  #receive(packet: MobilityPacket, nowMs: number): RoleAction[] {
    const refusal = this.#refusePacket(packet);
    if (refusal) return [{ type: 'drop', reason: refusal }];
    const { message } = packet;
    const uplink = this.#uplinks.find(({ observed }) => observed.careOfAddress === packet.destination);
    if (uplink) this.#prober.heard(uplink.configuration.bid, nowMs);
    switch (message.type) {
      case MessageType.bindingAcknowledgement: {
        const actions = this.#registration.acknowledged(message, nowMs);
        return actions ? this.#finish(actions, 'registered') : [{ type: 'drop', reason: 'unexpected-sequence-number' }];
      }
      case MessageType.bindingRefreshRequest: {
        const bids = message.options.flatMap((option) =>
          option.type === OptionType.bindingIdentifier ? option.bid : [],
        );
        return this.#finish(this.#registration.refreshRequested(bids, nowMs), 'registered');
      }
      case MessageType.bindingError: {
        if (message.status !== BindingErrorStatus.unknownBindingForHomeAddress) {
          return [{ type: 'drop', reason: 'unexpected-message' }];
        }
        return this.#finish(this.#registration.refreshRequested([], nowMs), 'registration-lost');
      }
      default:
        return [{ type: 'drop', reason: 'unexpected-message' }];
    }
  }

  /**
   * RFC 6275 §11.7.3: from the home agent, an acknowledgement to a care-of address through a type 2 routing header. The
   * other messages come without one (§6.1.2, §6.1.9).
   */
  #refusePacket(packet: MobilityPacket): DropReason | undefined {
    if (packet.source !== this.#configuration.homeAgentAddress) return 'not-from-home-agent';
    const needsRoutingHeader =
      packet.message.type === MessageType.bindingAcknowledgement &&
      packet.destination !== this.#configuration.homeAddress;
    if (needsRoutingHeader && packet.routing2 !== this.#configuration.homeAddress) return 'not-for-this-node';
    return undefined;
  }

  #receiveIcmpv6({ source, message }: Icmpv6Packet, nowMs: number): RoleAction[] {
    if (source !== this.#configuration.homeAgentAddress || message.type !== Icmpv6Type.echoReply) return [];
    if (message.identifier !== this.#probeIdentifier) return [];
    for (const { configuration } of this.#uplinks) {
      const verdict = this.#prober.answered(configuration.bid, message.sequenceNumber, nowMs);
      if (verdict) return this.#applyVerdicts([verdict], nowMs);
    }
    return [];
  }

  /** Only for what can be a tunnel packet of ours: anyone may send a Packet Too Big. */
  #learnPathMtu({ local, remote, mtuBytes }: PacketTooBig, nowMs: number): RoleAction[] {
    const isOurs = this.#uplinks.some(({ observed }) => observed.careOfAddress === local);
    if (!isOurs || remote !== this.#configuration.homeAgentAddress) {
      return [{ type: 'drop', reason: 'not-for-this-node' }];
    }
    if (this.#pathMtu.learn(local, remote, mtuBytes, nowMs)) this.forwardingVersion++;
    return [];
  }

  #run(traffic: (tunnelId: number) => PathTraffic | undefined, nowMs: number): RoleAction[] {
    if (this.#pathMtu.expire(nowMs)) this.forwardingVersion++;
    const { probes, verdicts } = this.#prober.run((bid) => {
      const state = this.#uplinks.find(({ configuration }) => configuration.bid === bid);
      const tunnelId = state ? this.#tunnelId(state) : null;
      return tunnelId === null ? undefined : traffic(tunnelId);
    }, nowMs);
    const actions = probes.flatMap(({ key, sequenceNumber }) => this.#probe(key, sequenceNumber));
    if (verdicts.length > 0) return [...this.#applyVerdicts(verdicts, nowMs), ...actions];
    return [...this.#finish(this.#registration.run(nowMs), 'registration-lost'), ...actions];
  }

  #probe(bid: number, sequenceNumber: number): RoleAction[] {
    const state = this.#uplinks.find(({ configuration }) => configuration.bid === bid);
    if (!state || state.observed.careOfAddress === null) return [];
    const packet: Icmpv6Packet = {
      kind: 'icmpv6',
      source: state.observed.careOfAddress,
      destination: this.#configuration.homeAgentAddress,
      message: { type: Icmpv6Type.echoRequest, identifier: this.#probeIdentifier, sequenceNumber, data: PROBE_DATA },
    };
    return [{ type: 'send', packet, interfaceIndex: state.observed.interfaceIndex }];
  }

  #applyVerdicts(verdicts: readonly PathVerdict[], nowMs: number): RoleAction[] {
    const reason = verdicts.some(({ dead }) => dead) ? 'probe-lost' : 'probe-answered';
    return this.#finish(this.#registration.update(this.#paths(), nowMs), reason);
  }

  /** Paths that can be used now, in order of preference. */
  #paths(): Path[] {
    return this.#uplinks.flatMap(({ configuration: { name, bid }, observed: { careOfAddress, interfaceIndex } }) =>
      careOfAddress === null || this.#prober.isDead(bid) ? [] : { name, bid, careOfAddress, interfaceIndex },
    );
  }

  /** The home agent's binding for an uplink's care-of address, if it is acknowledged. */
  #binding({ configuration, observed }: UplinkState): { readonly expiresMs: number } | undefined {
    const bid = this.#registration.support === 'unsupported' ? NO_BID : configuration.bid;
    const binding = this.#registration.registered(bid);
    return binding && binding.careOfAddress === observed.careOfAddress ? binding : undefined;
  }

  #tunnelId(state: UplinkState): number | null {
    if (!this.#binding(state)) return null;
    return this.#registration.support === 'unsupported' ? PLAIN_TUNNEL_ID : state.configuration.bid;
  }

  #state(state: UplinkState): PathState {
    if (state.observed.careOfAddress === null || this.#isShuttingDown) return 'down';
    if (this.#prober.isDead(state.configuration.bid)) return 'dead';
    if (this.#binding(state)) return 'active';
    const standsBy = this.#registration.support === 'unsupported' && this.#preferred !== state.configuration.name;
    return standsBy ? 'standby' : 'registering';
  }

  /** Reports what changed by an input, after the actions that it led to. */
  #finish(actions: RoleAction[], reason: PathReason): RoleAction[] {
    this.forwardingVersion++;
    const events: RoleAction[] = [];
    let preferred: string | null = null;
    for (const state of this.#uplinks) {
      const current = this.#state(state);
      if (current === 'active') preferred ??= state.configuration.name;
      if (current === state.reported) continue;
      state.reported = current;
      const { name, bid } = state.configuration;
      const own = current === 'down' && !this.#isShuttingDown ? state.observed.reason : reason;
      events.push({ type: 'event', event: { type: 'path-state', uplink: name, bid, state: current, reason: own } });
    }
    if (preferred !== this.#preferred) {
      events.push({ type: 'event', event: { type: 'handover', from: this.#preferred, to: preferred, reason } });
      this.#preferred = preferred;
    }
    return [...actions, ...events];
  }
}

function absent({ name }: UplinkConfiguration): Uplink {
  return { name, interfaceIndex: 0, careOfAddress: null, gateway: null, mtuBytes: 1500, reason: 'link-down' };
}
