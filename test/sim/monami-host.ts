import { createHmac } from 'node:crypto';
import type { Configuration } from '../../src/config/configuration.ts';
import { ReferenceForwarder } from '../../src/forwarding/reference.ts';
import type { ForwarderStatistics } from '../../src/forwarding/statistics.ts';
import type { ForwardingTable } from '../../src/forwarding/table.ts';
import type { PathTraffic } from '../../src/paths/probing.ts';
import type { RoleEvent } from '../../src/roles/events.ts';
import type { StackStatus } from '../../src/stack/events.ts';
import { Stack, type StackAction, type StackInput } from '../../src/stack/stack.ts';
import { Icmpv4Type } from '../../src/wire/icmpv4/error.ts';
import { DSMIPV6_UDP_PORT } from '../../src/wire/mh/numbers.ts';
import type { NetlinkRequest } from '../../src/wire/netlink/encode.ts';
import { HostClock } from './clock.ts';
import type { Rule } from './judge.ts';
import { Kernel } from './kernel.ts';
import {
  destination,
  echoReply,
  HEADER_BYTES,
  icmpError,
  insideIpv4,
  isEchoRequest,
  isFragment,
  isIpv4Packet,
  isLaterFragment,
  Next,
  nextHeader,
  oneHopLess,
  payloadAt,
  source,
  word,
} from './packets.ts';
import type { Random } from './random.ts';
import { Reassembly } from './reassembly.ts';
import type { Scheduler } from './scheduler.ts';

/** How long a daemon that is told to stop waits for its peer's farewell. */
const FAREWELL_MS = 1500;
/** What a kernel says to a request whose effect is there already: EEXIST, ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL. */
const ALREADY_SO = [17, 2, 3, 19, 99];
const TUN_MTU_BYTES = 65_535;

/** The machines that a host runs; a test puts broken ones in their place. */
export interface Machines {
  stack(configuration: Configuration, services: ConstructorParameters<typeof Stack>[1]): RunningStack;
  forwarder(): RunningForwarder;
}

export type RunningStack = Pick<Stack, 'handle' | 'nextDeadlineMs' | 'status' | 'leftovers' | 'withdraw'>;
export type RunningForwarder = Pick<ReferenceForwarder, 'apply' | 'inbound' | 'outbound' | 'statistics'>;

export const REAL_MACHINES: Machines = {
  stack: (configuration, services) => new Stack(configuration, services),
  forwarder: () => new ReferenceForwarder(),
};

/** What a host tells of itself. */
export interface HostObserver {
  /** Something that never may happen. */
  broken(host: MonamiHost, rule: Rule, detail: string): void;
  /** Before and after everything that the stack is told. */
  handled(host: MonamiHost, input: StackInput, actions: readonly StackAction[]): void;
  event(host: MonamiHost, event: RoleEvent): void;
  /** A packet that ended here, and where. */
  dropped(host: MonamiHost, packet: Uint8Array, where: string, isExcuse: boolean): void;
  /** A packet that came out of the tunnel, before it goes on. */
  decapsulated(host: MonamiHost, packet: Uint8Array): void;
  /** A packet for one of the host's own programs. */
  arrived(host: MonamiHost, packet: Uint8Array): void;
}

/** A host that runs monami as its daemon does: the real stack and forwarder over a model of the kernel. */
export class MonamiHost {
  readonly name: string;
  readonly kernel: Kernel;
  readonly clock: HostClock;
  readonly configuration: Configuration;
  /** Simulator time since which the daemon runs; Infinity while it does not. */
  runningSinceMs = Number.POSITIVE_INFINITY;
  /** How often it was woken by a deadline. */
  wakes = 0;
  starts = 0;
  kills = 0;
  stops = 0;
  lostNotifications = 0;
  /** By its own clock, when it was made. */
  readonly startedAtMs: number;
  /** What the stack wants of the forwarder, until the forwarder is needed: between two packets only the last counts. */
  #table: ForwardingTable | undefined;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #machines: Machines;
  readonly #observer: HostObserver;
  readonly #reassembly = new Reassembly();
  #stack: RunningStack | undefined;
  #forwarder: RunningForwarder | undefined;
  #tun = 0;
  #listening: readonly number[] = [];
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #endStopping: (() => void) | undefined;

  constructor(
    name: string,
    configuration: Configuration,
    scheduler: Scheduler,
    random: Random,
    machines: Machines,
    observer: HostObserver,
  ) {
    this.name = name;
    this.configuration = configuration;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#machines = machines;
    this.#observer = observer;
    this.kernel = new Kernel(scheduler, random.fork('kernel'));
    this.clock = new HostClock(scheduler, random.fork('clock'));
    this.startedAtMs = this.clock.nowMs;
  }

  get isRunning(): boolean {
    return this.#stack !== undefined;
  }

  /** It says farewell just now. */
  get isStopping(): boolean {
    return this.#endStopping !== undefined;
  }

  /** By its own clock; Infinity if it waits for nothing. */
  get nextDeadlineMs(): number {
    return this.#stack?.nextDeadlineMs ?? Number.POSITIVE_INFINITY;
  }

  status(): StackStatus | undefined {
    return this.#stack?.status(this.clock.nowMs);
  }

  statistics(): ForwarderStatistics | undefined {
    try {
      return this.#upToDateForwarder()?.statistics(this.clock.nowMs);
    } catch (error) {
      this.#crash(error);
      return undefined;
    }
  }

  /** Starts the daemon, which takes the host's network in hand. */
  start(): void {
    if (this.#stack) return;
    const { kernel } = this;
    this.starts++;
    const random = this.#random.fork(`start ${this.starts}`);
    try {
      this.#stack = this.#machines.stack(this.configuration, {
        random16: () => random.u16(),
        wallClockMs: () => this.clock.wallMs,
        hmacSha1: (key, data) => new Uint8Array(createHmac('sha1', key).update(data).digest()),
      });
      this.#forwarder = this.#machines.forwarder();
    } catch (error) {
      this.#crash(error);
      return;
    }
    this.runningSinceMs = this.#scheduler.nowMs;
    this.#configure(this.#stack.leftovers(kernel.dumpRulesAndRoutes()));
    this.#tun = kernel.addDevice(this.configuration.tunnel.interface, TUN_MTU_BYTES, (packet) =>
      this.#outbound(packet),
    );
    kernel.setRunning(this.#tun, true);
    kernel.watch((messages) => this.#handle({ type: 'network', messages }));
    this.#handle({ type: 'network', messages: kernel.dump() });
  }

  /** Notifications are lost, as when a socket's buffer overflows: the daemon reads everything again. */
  loseNotifications(): void {
    if (!this.#stack) return;
    this.lostNotifications++;
    this.#handle({ type: 'network-lost' });
    this.#handle({ type: 'network', messages: this.kernel.dump() });
  }

  /** Ends it without warning: what it installed stays, but for the TUN device. */
  kill(): void {
    if (!this.#stack) return;
    this.kills++;
    this.#end();
  }

  #end(): void {
    this.#stack = undefined;
    this.#forwarder = undefined;
    this.#endStopping = undefined;
    this.#listening = [];
    this.#table = undefined;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    this.runningSinceMs = Number.POSITIVE_INFINITY;
    this.kernel.watch(undefined);
    this.kernel.removeDevice(this.#tun);
  }

  /** Ends it as a signal does: it says farewell, waits a little for the answer and leaves everything as it was. */
  stop(whenGone: () => void = () => {}): void {
    if (!this.#stack) {
      whenGone();
      return;
    }
    const stopping = () => {
      if (this.#endStopping !== stopping) return;
      if (this.#stack) {
        this.stops++;
        this.#configure(this.#stack.withdraw());
        this.#end();
      }
      whenGone();
    };
    this.#endStopping = stopping;
    this.#scheduler.after(FAREWELL_MS, stopping);
    this.#handle({ type: 'shutdown' });
  }

  /** A packet that an interface brought. */
  receive(packet: Uint8Array, interfaceIndex: number): void {
    const to = destination(packet);
    if (this.kernel.isLocal(to)) this.#receiveLocal(packet, interfaceIndex);
    else this.forward(packet);
  }

  /** What the kernel does with a packet that is not for this host. */
  forward(packet: Uint8Array): void {
    const next = oneHopLess(packet);
    if (!next) {
      this.#observer.broken(this, 'no loop', `a packet's hop limit is exhausted at ${this.name}`);
      return;
    }
    this.emit(next);
  }

  /** Sends a packet by rules and routes, as the kernel does with what its programs make. */
  emit(packet: Uint8Array, interfaceIndex = 0): void {
    const decision = this.kernel.decide(source(packet), destination(packet), interfaceIndex);
    switch (decision.kind) {
      case 'local':
        this.#receiveLocal(packet, 0);
        break;
      case 'device':
        if (!this.kernel.transmit(decision.interfaceIndex, packet)) this.#drop(packet, 'device-down', true);
        break;
      case 'unreachable':
        this.#drop(packet, 'unreachable', false);
        break;
    }
  }

  #receiveLocal(packet: Uint8Array, interfaceIndex: number): void {
    const next = nextHeader(packet);
    if (interfaceIndex !== this.#tun && isTunnelled(packet)) {
      if (!this.#forwarder || !this.#isListening(interfaceIndex)) {
        this.#refuse(packet);
        return;
      }
      // Both have their sockets, and each takes what is for it.
      this.#inbound(packet);
      if (isIpv4Packet(packet) && passesFilter(packet)) this.#handle({ type: 'packet', bytes: packet, interfaceIndex });
      return;
    }
    if (isFragment(packet)) {
      const whole = this.#reassembly.add(packet);
      if (whole) this.#receiveLocal(whole, interfaceIndex);
      return;
    }
    if (passesFilter(packet)) {
      if (this.#stack && this.#isListening(interfaceIndex))
        this.#handle({ type: 'packet', bytes: packet, interfaceIndex });
      else if (next !== Next.icmpv6 && next !== Next.icmpv4) this.#refuse(packet);
    }
    if (isEchoRequest(packet)) this.emit(echoReply(packet));
    else if (next === Next.udp || next === Next.icmpv6) this.#observer.arrived(this, packet);
  }

  #isListening(interfaceIndex: number): boolean {
    // A packet socket sees what comes in by an interface, not what the host sends to itself.
    return this.#listening.includes(interfaceIndex);
  }

  /** A kernel without monami does not know the header that follows. */
  #refuse(packet: Uint8Array): void {
    this.#drop(packet, 'daemon-not-running', true);
    const error = icmpError('parameterProblem', packet, destination(packet), { code: 1, value: 6 });
    if (error && !this.#stack) this.emit(error);
  }

  /** Throws what the forwarder says about an unsound table. */
  #upToDateForwarder(): RunningForwarder | undefined {
    const table = this.#table;
    this.#table = undefined;
    if (table) this.#forwarder?.apply(table);
    return this.#forwarder;
  }

  #inbound(packet: Uint8Array): void {
    try {
      const result = this.#upToDateForwarder()!.inbound(packet, this.clock.nowMs);
      if (result.kind === 'deliver') {
        this.#observer.decapsulated(this, result.packet);
        this.receive(result.packet, this.#tun);
      } else if (result.kind === 'drop') this.#drop(packet, `inbound ${result.reason}`, false);
    } catch (error) {
      this.#crash(error);
    }
  }

  #outbound(packet: Uint8Array): void {
    if (!this.#forwarder) {
      this.#drop(packet, 'daemon-not-running', true);
      return;
    }
    try {
      const result = this.#upToDateForwarder()!.outbound(packet, this.clock.nowMs);
      switch (result.kind) {
        case 'send':
          this.emit(result.packet, result.interfaceIndex);
          for (const further of result.furtherPackets ?? []) this.emit(further, result.interfaceIndex);
          break;
        case 'reply':
          this.#drop(packet, 'outbound refused', true);
          this.receive(result.packet, this.#tun);
          break;
        case 'drop':
          this.#drop(packet, `outbound ${result.reason}`, false);
          break;
      }
    } catch (error) {
      this.#crash(error);
    }
  }

  #handle(input: StackInput): void {
    const stack = this.#stack;
    if (!stack) return;
    const { nowMs } = this.clock;
    let actions: readonly StackAction[];
    let deadlineMs: number;
    // What was due before a packet came is still due after it: the loop comes to it next.
    let mustLieAhead = input.type === 'deadline';
    try {
      mustLieAhead ||= stack.nextDeadlineMs > nowMs;
      actions = stack.handle(input, nowMs);
      for (const action of actions) this.#execute(action);
      deadlineMs = stack.nextDeadlineMs;
    } catch (error) {
      this.#crash(error);
      return;
    }
    this.#observer.handled(this, input, actions);
    if (this.#stack !== stack) return;
    if (mustLieAhead && !(deadlineMs > nowMs)) {
      const behindMs = (nowMs - deadlineMs).toFixed(3);
      this.#observer.broken(
        this,
        'deadlines lie ahead',
        `${this.name}: after '${input.type}' it lies ${behindMs} ms behind`,
      );
    }
    this.#plan(deadlineMs);
  }

  #execute(action: StackAction): void {
    switch (action.type) {
      case 'send':
        this.emit(action.bytes, action.interfaceIndex);
        break;
      case 'forward':
        this.#table = action.table;
        break;
      case 'configure':
        this.#configure(action.requests);
        break;
      case 'listen':
        this.#listening = action.interfaceIndexes;
        break;
      case 'event':
        this.#observer.event(this, action.event);
        break;
      case 'done':
        this.#endStopping?.();
        break;
    }
  }

  #configure(requests: readonly NetlinkRequest[]): void {
    for (const request of requests) {
      const errno = this.kernel.request(request);
      if (errno === 0 || ALREADY_SO.includes(errno)) continue;
      this.#observer.broken(this, 'the kernel takes every request', `${this.name}: ${request.kind}, errno ${errno}`);
    }
  }

  #plan(deadlineMs: number): void {
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    const wakeMs = this.clock.wakeMs(deadlineMs);
    if (wakeMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = wakeMs;
    this.#scheduler.at(wakeMs, () => this.#wake(wakeMs));
  }

  #wake(wakeMs: number): void {
    // An earlier deadline came up in the meantime, or the daemon has gone.
    if (wakeMs !== this.#wakeAtMs || !this.#stack) return;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    if (this.#stack.nextDeadlineMs > this.clock.nowMs) {
      this.#plan(this.#stack.nextDeadlineMs);
      return;
    }
    this.wakes++;
    let tunnels: readonly (PathTraffic & { readonly tunnelId: number })[] | undefined;
    this.#handle({
      type: 'deadline',
      traffic: (id) => {
        tunnels ??= this.statistics()?.tunnels ?? [];
        return tunnels.find(({ tunnelId }) => tunnelId === id);
      },
    });
  }

  #drop(packet: Uint8Array, where: string, isExcuse: boolean): void {
    this.#observer.dropped(this, packet, where, isExcuse);
  }

  #crash(error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#observer.broken(this, 'no exception', `${this.name}: ${detail}`);
    this.#end();
  }
}

/** A packet in a packet: directly, behind destination options, in IPv4, in UDP, and parts of such. */
function isTunnelled(packet: Uint8Array): boolean {
  const next = nextHeader(packet);
  if (next === Next.ipv6 || next === Next.ipv4) return true;
  if (isIpv4Packet(packet)) {
    if (next !== Next.udp) return false;
    const at = payloadAt(packet);
    return isLaterFragment(packet) || [word(packet, at), word(packet, at + 2)].includes(DSMIPV6_UDP_PORT);
  }
  const behind = packet[HEADER_BYTES]!;
  const mayCarry = next === Next.destinationOptions || next === Next.fragment;
  return mayCarry && (behind === Next.ipv6 || behind === Next.ipv4);
}

/** What the signalling filters let through, in the words of `buildSignallingFilter` and `buildSignallingFilterIpv4`. */
function passesFilter(packet: Uint8Array): boolean {
  const next = nextHeader(packet);
  if (isIpv4Packet(packet)) {
    if (isLaterFragment(packet)) return false;
    const at = payloadAt(packet);
    if (next === Next.icmpv4) return packet[at] === Icmpv4Type.destinationUnreachable;
    if (next !== Next.ipv6 && (next !== Next.udp || word(packet, at + 2) !== DSMIPV6_UDP_PORT)) return false;
    const inner = insideIpv4(packet);
    return inner !== undefined && inner[0]! >> 4 === 6 && passesFilter(inner);
  }
  if (next === Next.mobility || next === Next.destinationOptions || next === Next.routing) return true;
  if (next !== Next.icmpv6) return false;
  const type = packet[HEADER_BYTES]!;
  return (type >= 1 && type <= 4) || type === 129 || (type >= 144 && type <= 147);
}
