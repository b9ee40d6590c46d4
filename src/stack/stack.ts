import { type Address, ipv4AddressAt, isUnicastRoutable } from '../bytes/address.ts';
import { WireError } from '../bytes/wire-error.ts';
import type { Configuration } from '../config/configuration.ts';
import type { ForwardingTable } from '../forwarding/table.ts';
import { NetworkState } from '../paths/network-state.ts';
import type { PathTraffic } from '../paths/probing.ts';
import { drop, type RoleAction } from '../roles/action.ts';
import type { RoleEvent } from '../roles/events.ts';
import { HomeAgent } from '../roles/home-agent/home-agent.ts';
import { MobileRouter } from '../roles/mobile-router/mobile-router.ts';
import type { NameResolutionInput } from '../roles/mobile-router/name-resolution.ts';
import type { RoleServices } from '../roles/services.ts';
import { Icmpv4Type, Icmpv4UnreachableCode } from '../wire/icmpv4/error.ts';
import { Icmpv6Type } from '../wire/icmpv6/message.ts';
import { decodeIpv6 } from '../wire/ip/ipv6.ts';
import { BindingErrorStatus, MessageType } from '../wire/mh/numbers.ts';
import type { NetlinkRequest } from '../wire/netlink/encode.ts';
import type { NetlinkMessage } from '../wire/netlink/message.ts';
import { LinkFlag, NeighborState } from '../wire/netlink/numbers.ts';
import { decodeSignalling, encodeSignalling, type SignallingPacket } from '../wire/signalling.ts';
import { Counters, messageName } from './counters.ts';
import { answerMalformed, bindingError, homeRegistrationRefusal, isHomeRegistration } from './error-answer.ts';
import type { StackStatus } from './events.ts';
import { HomeAgentHost } from './home-agent-host.ts';
import { HostNetwork } from './host-routing.ts';
import { MobileRouterHost } from './mobile-router-host.ts';
import { RateLimit } from './rate-limit.ts';

/** What the platform tells the stack. */
export type StackInput =
  /** A whole packet, IPv6 or IPv4, that the signalling filters let through. */
  | { readonly type: 'packet'; readonly bytes: Uint8Array; readonly interfaceIndex?: number }
  /** What rtnetlink says: the answers to dumps first, then every change. */
  | { readonly type: 'network'; readonly messages: readonly NetlinkMessage[] }
  /** The notifications overflowed: what was known of the network is void, a new dump follows. */
  | { readonly type: 'network-lost' }
  /** `traffic` reads the counters of a tunnel. */
  | { readonly type: 'deadline'; readonly traffic: (tunnelId: number) => PathTraffic | undefined }
  /** What came of looking names up. */
  | NameResolutionInput
  | { readonly type: 'shutdown' };

/** What the stack wants done, in this order. */
export type StackAction =
  | { readonly type: 'send'; readonly bytes: Uint8Array; readonly interfaceIndex: number }
  | { readonly type: 'forward'; readonly table: ForwardingTable }
  /** Requests to the kernel that change the host's network. */
  | { readonly type: 'configure'; readonly requests: readonly NetlinkRequest[] }
  /** Receive signalling on these interfaces from now on, and on no others. */
  | {
      readonly type: 'listen';
      readonly interfaceIndexes: readonly number[];
      /** Those of them on which Neighbor Discovery is received, too. */
      readonly neighborDiscovery: readonly number[];
    }
  /** What the kernel must not see or say from now on: nftables input. */
  | { readonly type: 'receive-rules'; readonly rules: string }
  | { readonly type: 'join-group' | 'leave-group'; readonly group: Address; readonly interfaceIndex: number }
  | Extract<RoleAction, { readonly type: 'query-name' }>
  | { readonly type: 'event'; readonly event: RoleEvent }
  /** The shutdown is complete. */
  | { readonly type: 'done' };

/** Answers to packets that are malformed or lack a binding, in all. */
const ERROR_ANSWERS_PER_SECOND = 10;
const ERROR_ANSWER_BURST = 10;

/** The roles that a configuration asks for, behind one door: inputs in, actions out, no I/O, no clock. */
export class Stack {
  readonly #configuration: Configuration;
  readonly #mobileRouter: MobileRouter | undefined;
  readonly #mobileRouterHost: MobileRouterHost | undefined;
  readonly #homeAgent: HomeAgent | undefined;
  readonly #homeAgentHost: HomeAgentHost | undefined;
  readonly #network = new NetworkState();
  readonly #hostNetwork: HostNetwork;
  readonly #counters = new Counters();
  readonly #errorAnswers = new RateLimit(ERROR_ANSWERS_PER_SECOND, ERROR_ANSWER_BURST);
  #listening: readonly number[] = [];
  #discoveryIndexes: readonly number[] = [];
  #forwardingVersion = '';
  /** What the host's routing was last brought in line with. */
  #hostVersion: number | undefined;
  #networkHasChanged = false;
  #isShuttingDown = false;

  constructor(configuration: Configuration, services: RoleServices) {
    this.#configuration = configuration;
    this.#mobileRouter = configuration.mobileRouter && new MobileRouter(configuration.mobileRouter, services);
    this.#mobileRouterHost = this.#mobileRouter && new MobileRouterHost(configuration, this.#mobileRouter);
    this.#homeAgent = configuration.homeAgent && new HomeAgent(configuration.homeAgent, services);
    this.#homeAgentHost = this.#homeAgent && new HomeAgentHost(configuration, this.#homeAgent);
    this.#hostNetwork = new HostNetwork(configuration.routing);
  }

  /** When `handle` wants to be called with a deadline, in monotonic milliseconds. */
  get nextDeadlineMs(): number {
    return Math.min(
      this.#mobileRouter?.nextDeadlineMs ?? Number.POSITIVE_INFINITY,
      this.#homeAgent?.nextDeadlineMs ?? Number.POSITIVE_INFINITY,
    );
  }

  handle(input: StackInput, nowMs: number): StackAction[] {
    const actions = this.#dispatch(input, nowMs);
    actions.unshift(...this.#updateHost());
    const listen = this.#updateListening();
    const forward = this.#updateForwarding(nowMs);
    const isDone = this.#isShuttingDown && (this.#mobileRouter?.isDone ?? true);
    return [...forward, ...listen, ...actions, ...(isDone ? [{ type: 'done' } as const] : [])];
  }

  status(nowMs: number): StackStatus {
    return {
      ...(this.#mobileRouter ? { mobileRouter: this.#mobileRouter.status(nowMs) } : {}),
      ...(this.#homeAgent ? { homeAgent: this.#homeAgent.status(nowMs) } : {}),
      drops: this.#counters.drops(),
      messages: this.#counters.messages(),
    };
  }

  /** nftables input for the start, before anything is received. */
  receiveRules(): string | undefined {
    return this.#homeAgentHost?.rules() ?? this.#mobileRouterHost?.rules();
  }

  /** Requests that remove what an earlier run left behind, found in a dump of rules and routes. */
  leftovers(messages: readonly NetlinkMessage[]): NetlinkRequest[] {
    return messages.flatMap(
      (message) =>
        this.#hostNetwork.leftover(message) ??
        this.#homeAgentHost?.leftover(message) ??
        this.#mobileRouterHost?.leftover(message) ??
        [],
    );
  }

  /** Requests that take everything back that was configured. */
  withdraw(): NetlinkRequest[] {
    return this.#hostNetwork.withdraw();
  }

  #dispatch(input: StackInput, nowMs: number): StackAction[] {
    switch (input.type) {
      case 'packet':
        return this.#receive(input.bytes, input.interfaceIndex, nowMs);
      case 'network':
        for (const message of input.messages) {
          this.#network.apply(message, nowMs);
          this.#hostNetwork.noteRemoval(message);
        }
        this.#networkHasChanged = true;
        return this.#networkChanged(nowMs);
      case 'network-lost':
        this.#network.clear();
        this.#hostNetwork.noteUncertainty();
        return [];
      case 'deadline': {
        const { traffic } = input;
        return [
          ...this.#execute(this.#mobileRouter?.handle({ type: 'deadline', traffic }, nowMs) ?? []),
          ...this.#execute(this.#homeAgent?.handle({ type: 'deadline' }, nowMs) ?? []),
        ];
      }
      case 'name-answer':
      case 'name-failed':
      case 'name-servers':
        // Where uplinks must lead is known with the home agent's address.
        return [
          ...this.#execute(this.#mobileRouter?.handle(input, nowMs) ?? []),
          ...(input.type === 'name-answer' ? this.#networkChanged(nowMs) : []),
        ];
      case 'shutdown':
        this.#isShuttingDown = true;
        return [
          ...this.#execute(this.#mobileRouter?.handle({ type: 'shutdown' }, nowMs) ?? []),
          ...this.#execute(this.#homeAgent?.handle({ type: 'shutdown' }, nowMs) ?? []),
        ];
    }
  }

  #receive(bytes: Uint8Array, interfaceIndex: number | undefined, nowMs: number): StackAction[] {
    const arrival = interfaceIndex === undefined ? {} : { interfaceIndex };
    let packet: SignallingPacket;
    try {
      packet = decodeSignalling(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return this.#refuse(bytes, error, nowMs);
    }
    // Only mobile nodes have a home address to forward to (RFC 6275 §8.2).
    if (packet.routing2 !== undefined && !this.#mobileRouter) return this.#execute(drop('not-for-this-node'));
    switch (packet.kind) {
      case 'mobility':
        this.#counters.countMessage('received', messageName(packet.message));
        if (packet.message.type === 'unknown') {
          return this.#answer(bindingError(packet, BindingErrorStatus.unrecognizedMessageType), nowMs);
        }
        if (packet.message.type !== MessageType.bindingUpdate && this.#lacksBinding(packet)) {
          return this.#answer(bindingError(packet, BindingErrorStatus.unknownBindingForHomeAddress), nowMs);
        }
        if (this.#isForHomeAgent(packet)) {
          return this.#execute(this.#homeAgent!.handle({ type: 'mobility', packet, ...arrival }, nowMs));
        }
        if (isHomeRegistration(packet) && this.#network.interfaceOf(packet.destination) !== undefined) {
          return this.#answer(homeRegistrationRefusal(packet), nowMs);
        }
        return this.#execute(
          this.#mobileRouter?.handle({ type: 'mobility', packet }, nowMs) ?? drop('not-for-this-node'),
        );
      case 'icmpv6':
        if (packet.message.type === Icmpv6Type.packetTooBig) {
          return this.#learnPathMtu(packet.message.invokingPacket, packet.message.value, nowMs);
        }
        if (this.#lacksBinding(packet)) break;
        if (this.#homeAgent)
          return this.#execute(this.#homeAgent.handle({ type: 'icmpv6', packet, ...arrival }, nowMs));
        return this.#execute(this.#mobileRouter?.handle({ type: 'icmpv6', packet, ...arrival }, nowMs) ?? []);
      case 'icmpv4': {
        const { type, code, mtuBytes, invokingPacket } = packet.message;
        const isTooBig =
          type === Icmpv4Type.destinationUnreachable && code === Icmpv4UnreachableCode.fragmentationNeeded;
        return isTooBig
          ? this.#learnPathMtu(invokingPacket, mtuBytes, nowMs)
          : this.#execute(drop('unexpected-message'));
      }
    }
    if (!this.#lacksBinding(packet)) return this.#execute(drop('unexpected-message'));
    return this.#answer(bindingError(packet, BindingErrorStatus.unknownBindingForHomeAddress), nowMs);
  }

  #isForHomeAgent({ destination }: SignallingPacket): boolean {
    return destination === this.#configuration.homeAgent?.address;
  }

  /** A Home Address option is only good from a registered care-of address (RFC 6275 §9.3.1, RFC 5648 §6.5). */
  #lacksBinding({ source, homeAddress, outer }: SignallingPacket): boolean {
    if (homeAddress === undefined) return false;
    return !this.#homeAgent?.hasBinding(homeAddress, source, outer);
  }

  #refuse(bytes: Uint8Array, error: WireError, nowMs: number): StackAction[] {
    this.#counters.countDrop(error.code);
    const packet = error.answer && answerMalformed(bytes, error.answer);
    return packet ? this.#answer(packet, nowMs) : [];
  }

  #answer(packet: SignallingPacket, nowMs: number): StackAction[] {
    // RFC 6275 §9.3.3: never to, and of course not from, what is no unicast address.
    const { source, destination, outer } = packet;
    if (![source, destination, outer?.source ?? source, outer?.destination ?? source].every(isUnicastRoutable)) {
      return this.#execute(drop('source-not-unicast'));
    }
    if (!this.#errorAnswers.take(nowMs)) return this.#execute(drop('rate-limited'));
    return this.#execute([{ type: 'send', packet, interfaceIndex: 0 }]);
  }

  /** Only for a tunnel packet that we may have sent; the roles check that the path is theirs. */
  #learnPathMtu(invokingPacket: Uint8Array, mtuBytes: number, nowMs: number): StackAction[] {
    const addresses = outerAddresses(invokingPacket);
    if (!addresses) return this.#execute(drop('unexpected-message'));
    const input = { type: 'packet-too-big', ...addresses, mtuBytes } as const;
    return [
      ...this.#execute(this.#mobileRouter?.handle(input, nowMs) ?? []),
      ...this.#execute(this.#homeAgent?.handle(input, nowMs) ?? []),
    ];
  }

  #networkChanged(nowMs: number): StackAction[] {
    return [
      ...this.#execute(this.#mobileRouterHost?.observe(this.#network, nowMs) ?? []),
      ...this.#execute(this.#homeAgentHost?.observe(this.#network, nowMs) ?? []),
    ];
  }

  /** Brings the host's network in line with where the roles are, before anything is sent by it. */
  #updateHost(): StackAction[] {
    const tunnel = this.#network.linkByName(this.#configuration.tunnel.interface);
    const hasChanged = this.#homeAgentHost?.hasChanged() ?? false;
    const version = this.#mobileRouter?.forwardingVersion;
    if (!tunnel) return [];
    const isSame = !this.#networkHasChanged && !hasChanged && version === this.#hostVersion;
    const requests: NetlinkRequest[] = [];
    if (!isSame) {
      const items = [
        ...(this.#mobileRouterHost?.network(tunnel.index) ?? []),
        ...(this.#homeAgentHost?.network(tunnel.index) ?? []),
      ];
      requests.push(...this.#hostNetwork.reconcile(items));
    }
    for (const [homeAddress, items] of this.#homeAgentHost?.changedIpv4(tunnel.index) ?? []) {
      requests.push(...this.#hostNetwork.reconcile(items, homeAddress));
    }
    requests.push(...this.#hostNetwork.restore());
    if (isSame && requests.length === 0) return [];
    this.#networkHasChanged = false;
    this.#hostVersion = version;
    const rules = this.#mobileRouterHost?.changedRules() ?? this.#homeAgentHost?.changedRules();
    return [
      ...(requests.length > 0 ? [{ type: 'configure', requests } as const] : []),
      ...(rules === undefined ? [] : [{ type: 'receive-rules', rules } as const]),
    ];
  }

  /** The uplinks of a mobile router; on a home agent every interface that is no bridge port (its bridge has it too). */
  #updateListening(): StackAction[] {
    const indexes = new Set<number>();
    for (const link of this.#network.links()) {
      const isLoopback = (link.flags & LinkFlag.loopback) !== 0;
      const isPort = link.masterIndex !== undefined && link.masterIndex !== 0;
      const isTunnel = link.name === this.#configuration.tunnel.interface;
      const servesAgent = this.#homeAgent !== undefined && !isLoopback && !isPort && !isTunnel;
      if (this.#mobileRouterHost?.interfaces.has(link.name) || servesAgent) indexes.add(link.index);
    }
    const sorted = [...indexes].sort((a, b) => a - b);
    const { homeLinkIndex } = this.#homeAgentHost ?? {};
    const neighborDiscovery = this.#homeAgent ? sorted.filter((index) => index === homeLinkIndex) : sorted;
    const isSame =
      sorted.join() === this.#listening.join() && neighborDiscovery.join() === this.#discoveryIndexes.join();
    if (isSame) return [];
    this.#listening = sorted;
    this.#discoveryIndexes = neighborDiscovery;
    return [{ type: 'listen', interfaceIndexes: sorted, neighborDiscovery }];
  }

  #updateForwarding(nowMs: number): StackAction[] {
    const version = `${this.#mobileRouter?.forwardingVersion} ${this.#homeAgent?.forwardingVersion} ${this.#listening.join()}`;
    if (version === this.#forwardingVersion) return [];
    this.#forwardingVersion = version;
    const machine = this.#mobileRouter ?? this.#homeAgent;
    if (!machine) return [];
    const { tunnels, groups } = machine.forwarding(nowMs);
    const icmpv4Source =
      this.#configuration.homeAgent?.ipv4?.address ??
      this.#mobileRouter?.placements().find(({ ipv4Address }) => ipv4Address !== null)?.ipv4Address ??
      undefined;
    const table: ForwardingTable = {
      side: this.#mobileRouter ? 'mobile-router' : 'home-agent',
      icmpSource: this.#configuration.mobileRouter?.homes[0]?.homeAddress ?? this.#configuration.homeAgent!.address,
      ...(icmpv4Source !== undefined && { icmpv4Source }),
      interfaces: this.#listening,
      tunnels,
      groups,
    };
    return [{ type: 'forward', table }];
  }

  #execute(actions: readonly RoleAction[]): StackAction[] {
    const executed: StackAction[] = [];
    for (const action of actions) {
      switch (action.type) {
        case 'send':
          if (action.packet.kind === 'mobility')
            this.#counters.countMessage('sent', messageName(action.packet.message));
          executed.push({
            type: 'send',
            bytes: encodeSignalling(action.packet, action.encoding),
            interfaceIndex: action.interfaceIndex,
          });
          break;
        case 'drop':
          this.#counters.countDrop(action.reason);
          break;
        case 'neighbor': {
          const { interfaceIndex, address, linkLayerAddress } = action;
          const state = NeighborState.reachable;
          const request = { kind: 'replace-neighbor', interfaceIndex, address, linkLayerAddress, state } as const;
          executed.push({ type: 'configure', requests: [request] });
          break;
        }
        case 'event':
        case 'query-name':
        case 'join-group':
        case 'leave-group':
          executed.push(action);
          break;
      }
    }
    return executed;
  }
}

/** The addresses of a tunnel packet quoted in an ICMP error, which may have been cut short. */
function outerAddresses(quoted: Uint8Array): { readonly local: Address; readonly remote: Address } | undefined {
  if (quoted.length >= 20 && quoted[0]! >>> 4 === 4) {
    return { local: ipv4AddressAt(quoted, 12), remote: ipv4AddressAt(quoted, 16) };
  }
  if (quoted.length < 40) return undefined;
  const header = quoted.slice(0, 40);
  header[4] = 0;
  header[5] = 0;
  try {
    const { source, destination } = decodeIpv6(header).header;
    return { local: source, remote: destination };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
