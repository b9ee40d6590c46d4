import { type Address, address, formatAddress, isIpv4 } from '../../src/bytes/address.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import type { StackAction, StackInput } from '../../src/stack/stack.ts';
import { Icmpv4Type, Icmpv4UnreachableCode } from '../../src/wire/icmpv4/error.ts';
import { Icmpv6Type } from '../../src/wire/icmpv6/message.ts';
import { MessageType } from '../../src/wire/mh/numbers.ts';
import { AccessNetwork } from './access-network.ts';
import { Channel } from './channel.ts';
import {
  HOME_AGENT,
  HOME_AGENT_IPV4,
  HOME_LINK,
  HOME_LINK_IPV4,
  HOME_NETWORK,
  HOME_NETWORK_IPV4,
  homeAddress,
  homeAgentConfiguration,
  hostInVehicle,
  ipv4HomeAddress,
  MOBILE_NETWORKS,
  MOBILE_NETWORKS_IPV4,
  SERVER,
  SERVER_IPV4,
  SERVER_NETWORK_IPV4,
} from './configurations.ts';
import { exercises } from './exercises.ts';
import { Router, type RouterLoss } from './fabric.ts';
import {
  checkAftermath,
  checkFlight,
  checkHomeAgent,
  checkHost,
  checkVehicle,
  mustArrive,
  type Rule,
  type Violation,
} from './judge.ts';
import { type Flight, Ledger } from './ledger.ts';
import { type HostObserver, type Machines, MonamiHost, REAL_MACHINES } from './monami-host.ts';
import { destination, isFragment, isIpv4Packet, isSignalling, Next, nextHeader, payloadAt, source } from './packets.ts';
import type { Plan, Scenario } from './plan.ts';
import { Random } from './random.ts';
import { Reassembly } from './reassembly.ts';
import { Scheduler } from './scheduler.ts';
import { Trace } from './trace.ts';
import { Vehicle } from './vehicle.ts';
import { read, Witness } from './witness.ts';

const GATEWAY = address('fe80::1');
const IPV4_GATEWAY = address('192.0.2.126');
const CHECK_INTERVAL_MS = 20_000;
const AGENT_CHECK_INTERVAL_MS = 60_000;
const NAT_CHECK_INTERVAL_MS = 5000;
const EVENTS_PER_VEHICLE = 400;
/** Worlds in which an account of all bindings costs little are checked at every registration. */
const SMALL_WORLD = 16;
/** The longest memory of the machines (path MTU, RFC 8201 §4), and a little. */
const AFTERMATH_MS = 620_000;
const STOPPING_MS = 5000;

export interface WorldOptions {
  /** Keeps what a capture and a log of a failure need. */
  readonly keeps?: boolean;
  /** Broken machines, to see the invariants catch them. */
  readonly homeAgentMachines?: Machines;
  readonly mobileRouterMachines?: Machines;
}

/** What became of a world. */
export interface Outcome {
  readonly hash: string;
  readonly violation: Violation | undefined;
  readonly vehicleMs: number;
  readonly packets: number;
  readonly events: number;
  readonly sent: number;
  readonly must: number;
  readonly delivered: number;
  readonly losses: ReadonlyMap<string, number>;
  readonly registrations: number;
  /** How often what happened that worlds are made for. */
  readonly exercised: ReadonlyMap<string, number>;
}

/** Everything there is in one run: made of a plan and a seed, and nothing else. */
export class World implements HostObserver {
  readonly plan: Plan;
  readonly scheduler = new Scheduler();
  readonly random: Random;
  readonly trace: Trace;
  readonly ledger = new Ledger();
  readonly witness = new Witness();
  readonly networks: readonly AccessNetwork[];
  readonly homeAgent: MonamiHost;
  readonly vehicles: readonly Vehicle[];
  /** When home agent or core last became other than they were. */
  networkChangedMs = 0;
  heardByAgent = 0;
  silences = 0;
  familySilences = 0;
  /** The last act is over: nothing new is begun. */
  isEnding = false;
  violation: Violation | undefined;
  readonly #core: Router;
  readonly #reassemblies = new Map<string, Reassembly>();
  readonly #homeAgentIndex: number;
  readonly #toHomeAgent: Channel;
  readonly #fromHomeAgent: Channel;

  constructor(scenario: Scenario, seed: number, options: WorldOptions = {}) {
    this.random = new Random(seed, scenario.name);
    this.plan = scenario.plan(this.random.fork('plan'));
    this.trace = new Trace(options.keeps ?? false);
    const { plan, scheduler, random } = this;
    const routerObserver = {
      lost: (packet: Uint8Array, why: RouterLoss, where: string) => this.#lostAtRouter(packet, why, where),
    };
    this.#core = new Router('core', address('2001:db8:f::1'), address('192.0.0.2'), routerObserver);
    const toCore = (packet: Uint8Array) => this.#core.forward(packet);
    this.homeAgent = new MonamiHost(
      'home agent',
      homeAgentConfiguration(plan),
      scheduler,
      random.fork('home agent'),
      options.homeAgentMachines ?? REAL_MACHINES,
      this,
    );
    this.#fromHomeAgent = new Channel(scheduler, random.fork('from agent'), plan.homeAgentLink, toCore, (packet, why) =>
      this.lost(packet, `agent's link ${why}`, true),
    );
    this.#toHomeAgent = new Channel(
      scheduler,
      random.fork('to agent'),
      plan.homeAgentLink,
      (packet) => {
        this.onLink(packet);
        this.homeAgent.receive(packet, this.#homeAgentIndex);
      },
      (packet, why) => {
        if (why === 'too-big')
          this.#core.tooBig(packet, plan.homeAgentLink.mtuBytes, (fragment) => this.#toHomeAgent.send(fragment));
        else this.lost(packet, `agent's link ${why}`, true);
      },
    );
    this.#homeAgentIndex = this.#attachHomeAgent();
    for (const network of [prefix('2001:db8:5::/48'), SERVER_NETWORK_IPV4])
      this.#core.addWay(network, (packet) => this.#arriveAtServer(packet));
    this.networks = plan.carriers.map(
      (carrier, index) =>
        new AccessNetwork(carrier, index, this.#core, scheduler, random.fork(`carrier ${index}`), routerObserver),
    );
    this.vehicles = plan.vehicles.map(
      (_, index) =>
        new Vehicle(index + 1, plan, random.fork(`vehicle ${index + 1}`), {
          scheduler,
          networks: this.networks,
          machines: options.mobileRouterMachines ?? REAL_MACHINES,
          observer: this,
          delivered: (vehicle, packet) => this.#arrive(packet, `vehicle ${vehicle.number}`),
          onLink: (packet) => this.onLink(packet),
          lost: (packet, where, isExcuse) => this.lost(packet, where, isExcuse),
        }),
    );
  }

  run(): Outcome {
    const { plan, scheduler, random } = this;
    this.startHomeAgent();
    for (const vehicle of this.vehicles) {
      vehicle.start();
      this.#planTraffic(vehicle, random.fork(`traffic ${vehicle.number}`));
      this.#planChecks(vehicle, random.fork(`checks ${vehicle.number}`));
      this.#watchNats(vehicle);
    }
    this.#planAgentChecks();
    plan.faults?.(this, random.fork('faults'));
    scheduler.run(plan.durationMs, () => this.violation !== undefined);
    const verdict = this.violation ? undefined : plan.verdict?.(this);
    if (verdict !== undefined) this.violate('verdict', verdict);
    const vehicleMs = scheduler.nowMs * this.vehicles.length;
    if (!this.violation) this.#end();
    return {
      hash: this.trace.hash,
      violation: this.violation,
      vehicleMs,
      packets: this.trace.packets,
      events: scheduler.planned,
      sent: this.ledger.sent,
      must: this.ledger.must,
      delivered: this.ledger.delivered,
      losses: this.ledger.losses,
      registrations: this.witness.accepted,
      exercised: exercises(this),
    };
  }

  /** The channels of the core, the carriers and the vehicles. */
  *channels(): Iterable<Channel> {
    yield* [this.#toHomeAgent, this.#fromHomeAgent];
    for (const { uplink, downlink } of this.networks) yield* [uplink, downlink];
    for (const { uplinks } of this.vehicles) for (const { channels } of uplinks) yield* channels;
  }

  /** All vehicles stop, every lifetime and memory passes, and nothing may remain. */
  #end(): void {
    const { scheduler, vehicles, plan } = this;
    const isOver = () => this.violation !== undefined;
    this.isEnding = true;
    for (const vehicle of vehicles) vehicle.retire();
    const longestSeconds = Math.max(...plan.vehicles.map(({ lifetimeSeconds }) => lifetimeSeconds));
    scheduler.run(plan.durationMs + longestSeconds * 1000 + AFTERMATH_MS, isOver);
    if (!isOver()) this.#check(checkAftermath(this));
    this.homeAgent.stop();
    scheduler.run(scheduler.nowMs + STOPPING_MS, isOver);
    const { foreignEntries } = this.homeAgent.kernel;
    if (foreignEntries > 0)
      this.violate('nothing is left behind', `home agent: ${foreignEntries} entries in the kernel`);
  }

  // --- what scenarios do to it ---

  startHomeAgent(): void {
    if (this.homeAgent.isRunning) return;
    this.witness.forget();
    this.homeAgent.start();
    this.networkChanged('home agent starts');
  }

  /** SIGKILL, or the power: the binding cache is gone. */
  killHomeAgent(downMs: number): void {
    this.homeAgent.kill();
    this.networkChanged('home agent is killed');
    this.scheduler.after(downMs, () => this.startHomeAgent());
  }

  stopHomeAgent(downMs: number): void {
    this.networkChanged('home agent is stopped');
    this.homeAgent.stop(() => {
      this.networkChanged('home agent has stopped');
      this.scheduler.after(downMs, () => this.startHomeAgent());
    });
  }

  /** A carrier's network takes packets and delivers none. */
  silenceCarrier(index: number, durationMs: number): void {
    this.silences++;
    const network = this.networks[index]!;
    const set = (state: 'up' | 'silent') => {
      network.uplink.state = state;
      network.downlink.state = state;
      this.networkChanged(`${network.name} is ${state}`);
      for (const vehicle of this.vehicles)
        for (const uplink of vehicle.uplinks) if (uplink.network === network) uplink.refresh();
    };
    set('silent');
    this.scheduler.after(durationMs, () => set('up'));
  }

  /** A carrier transports nothing of one family, while the other one works. */
  silenceFamily(index: number, family: 'ipv6' | 'ipv4', durationMs: number): void {
    const network = this.networks[index]!;
    if (network.silentFamily) return;
    this.familySilences++;
    const set = (silent: 'ipv6' | 'ipv4' | undefined) => {
      network.silentFamily = silent;
      this.networkChanged(`${network.name} transports ${silent ? `no ${silent}` : 'everything'}`);
      for (const { uplinks } of this.vehicles)
        for (const uplink of uplinks) if (uplink.network === network) uplink.restart();
    };
    set(family);
    this.scheduler.after(durationMs, () => set(undefined));
  }

  /** A carrier's NAT restarts, and has forgotten everything. */
  rebootNat(index: number): void {
    const { ipv4, name } = this.networks[index]!;
    if (!ipv4?.nat) return;
    ipv4.rebootNat(this.scheduler.nowMs);
    this.trace.note(this.scheduler.nowMs, () => `the NAT of ${name} restarts`);
    for (const { uplinks } of this.vehicles)
      for (const uplink of uplinks) if (uplink.network === this.networks[index]) uplink.natRestarted();
  }

  /** Packets of the agent's own link may be lost. */
  get isAgentLinkLossy(): boolean {
    return this.plan.homeAgentLink.loss > 0;
  }

  networkChanged(what: string): void {
    this.networkChangedMs = this.scheduler.nowMs;
    this.trace.note(this.scheduler.nowMs, () => what);
  }

  violate(rule: Rule, detail: string): void {
    this.violation ??= { timeMs: this.scheduler.nowMs, rule, detail };
    this.trace.note(this.scheduler.nowMs, () => `VIOLATION ${rule}: ${detail}`);
  }

  // --- what hosts tell ---

  broken(_host: MonamiHost, rule: Rule, detail: string): void {
    this.violate(rule, detail);
  }

  handled(host: MonamiHost, input: StackInput, actions: readonly StackAction[]): void {
    const nowMs = this.scheduler.nowMs;
    if (host === this.homeAgent) {
      if (input.type !== 'deadline') this.heardByAgent++;
      const problem = input.type === 'packet' && this.witness.see(input.bytes, actions, host.clock.nowMs);
      if (problem) this.violate(...problem);
      this.#checkAfterAgent(actions);
      return;
    }
    const vehicle = this.#vehicleOf(host);
    if (!vehicle) return;
    for (const action of actions) {
      if (action.type !== 'send' || !isSignalling(action.bytes)) continue;
      const message = read(action.bytes)?.message;
      if (message?.type !== MessageType.bindingUpdate) continue;
      vehicle.outstanding.sent(message.sequenceNumber, nowMs);
      const problem = vehicle.sequenceNumbers.sent(message.sequenceNumber);
      if (problem) this.violate('sequence numbers only go forward', `vehicle ${vehicle.number}: ${problem}`);
    }
    if (input.type === 'packet' && isSignalling(input.bytes)) {
      const message = read(input.bytes)?.message;
      if (message?.type === MessageType.bindingAcknowledgement) vehicle.outstanding.answered(message.sequenceNumber);
    }
    if (actions.some(({ type }) => type === 'event' || type === 'forward')) this.#check(checkVehicle(this, vehicle));
  }

  event(host: MonamiHost, event: Parameters<HostObserver['event']>[1]): void {
    if (event.type === 'binding-removed') this.#vehicleAt(event.homeAddress)?.bindingRemoved();
    this.trace.note(this.scheduler.nowMs, () => {
      const shown = Object.entries(event).map(([key, value]) =>
        typeof value === 'string' && key.endsWith('ddress')
          ? `${key} ${formatAddress(value as Address)}`
          : `${key} ${value}`,
      );
      return `${host.name}: ${shown.join(', ')}`;
    });
  }

  dropped(host: MonamiHost, packet: Uint8Array, where: string, isExcuse: boolean): void {
    this.lost(packet, `${host === this.homeAgent ? 'agent' : 'router'}: ${where}`, isExcuse);
  }

  decapsulated(host: MonamiHost, packet: Uint8Array): void {
    if (host === this.homeAgent) return;
    const flight = this.ledger.find(packet);
    if (flight && flight.receiver !== host.name) this.#reachesWrongOne(flight, host.name);
  }

  arrived(host: MonamiHost, packet: Uint8Array): void {
    this.#arrive(packet, host.name);
  }

  onLink(packet: Uint8Array): void {
    this.trace.packet(this.scheduler.nowMs, packet);
  }

  lost(packet: Uint8Array, where: string, isExcuse: boolean): void {
    this.ledger.lost(packet, where, isExcuse);
  }

  // --- inside ---

  #attachHomeAgent(): number {
    const { kernel } = this.homeAgent;
    const index = kernel.addDevice('eth0', 1500, (packet) => {
      this.onLink(packet);
      this.#fromHomeAgent.send(packet);
    });
    kernel.setAddress(index, HOME_AGENT, 64);
    kernel.setRunning(index, true);
    kernel.setDefaultRoute(index, GATEWAY, 1024);
    kernel.setAddress(index, HOME_AGENT_IPV4, 25);
    kernel.setDefaultRoute(index, IPV4_GATEWAY, 1024);
    // What no tunnel takes must not go back to the core, which would return it.
    for (const network of [MOBILE_NETWORKS, HOME_LINK, MOBILE_NETWORKS_IPV4, HOME_LINK_IPV4])
      kernel.addStaticRoute(network, undefined);
    const own = [HOME_NETWORK, MOBILE_NETWORKS, HOME_NETWORK_IPV4, MOBILE_NETWORKS_IPV4, HOME_LINK_IPV4];
    for (const network of own) this.#core.addWay(network, (packet) => this.#toHomeAgent.send(packet));
    return index;
  }

  #vehicleOf(host: MonamiHost): Vehicle | undefined {
    const number = Number(host.name.slice('vehicle '.length));
    return this.vehicles[number - 1];
  }

  #vehicleAt(home: Address): Vehicle | undefined {
    return this.vehicles[((home.charCodeAt(14) << 8) | home.charCodeAt(15)) - 2];
  }

  #lostAtRouter(packet: Uint8Array, why: RouterLoss, where: string): void {
    if (why === 'hop-limit') this.violate('no loop', `a packet's hop limit is exhausted at ${where}`);
    this.lost(packet, `${where}: ${why}`, why === 'too-big' || where === 'chance');
  }

  #planTraffic(vehicle: Vehicle, random: Random): void {
    const { trafficIntervalMs } = vehicle.plan;
    if (trafficIntervalMs === Number.POSITIVE_INFINITY) return;
    const next = () => {
      this.scheduler.after(random.exponential(trafficIntervalMs), () => {
        if (this.isEnding) return;
        this.#sendSomething(vehicle, random);
        next();
      });
    };
    next();
  }

  #sendSomething(vehicle: Vehicle, random: Random): void {
    const bytes = random.chance(0.9)
      ? random.integer(64, 400)
      : random.pick([1200, 1240, 1260, 1280, 1400, 1452, 1460, 1500]);
    const kind = random.unit();
    const { number, ipv4User, plan } = vehicle;
    const isIpv4 = ipv4User !== undefined && random.chance(0.5);
    if (kind < 0.45) {
      this.#sendFromVehicle(vehicle, isIpv4 ? SERVER_IPV4 : SERVER, 'server', bytes);
    } else if (kind < 0.9) {
      const isForRouter = random.chance(0.2) && (!isIpv4 || plan.ipv4 === 'static');
      const router = isIpv4 ? ipv4HomeAddress(number) : homeAddress(number);
      this.#sendToVehicle(vehicle, isForRouter ? router : isIpv4 ? ipv4User : hostInVehicle(number), bytes);
    } else {
      const other = random.pick(this.vehicles);
      const to = isIpv4 ? other.ipv4User : other.user;
      if (other !== vehicle && to !== undefined) this.#sendFromVehicle(vehicle, to, `vehicle ${other.number}`, bytes);
    }
  }

  #sendFromVehicle(vehicle: Vehicle, to: Address, receiver: string, bytes: number): void {
    // To another vehicle it takes both their paths: only the server's packets are promised.
    const from = isIpv4(to) ? vehicle.ipv4User! : vehicle.user;
    const must = receiver === 'server' && mustArrive(this, vehicle, 'out', bytes, from);
    const flight = { vehicle: vehicle.number, sender: `vehicle ${vehicle.number}`, receiver, must };
    vehicle.emit(this.ledger.create(flight, from, to, bytes, this.scheduler.nowMs));
  }

  #sendToVehicle(vehicle: Vehicle, to: Address, bytes: number): void {
    const must = mustArrive(this, vehicle, 'in', bytes, to);
    const flight = { vehicle: vehicle.number, sender: 'server', receiver: `vehicle ${vehicle.number}`, must };
    this.#core.forward(this.ledger.create(flight, isIpv4(to) ? SERVER_IPV4 : SERVER, to, bytes, this.scheduler.nowMs));
  }

  #arriveAtServer(packet: Uint8Array): void {
    const flight = this.#arrive(packet, 'server');
    if (!flight || flight.delivered > 1 || flight.id % 2 === 1) return;
    const vehicle = this.vehicles[flight.vehicle - 1]!;
    if (source(packet) !== vehicle.user && source(packet) !== vehicle.ipv4User) return;
    this.#sendToVehicle(vehicle, source(packet), Math.min(flight.bytes, 300));
  }

  #arrive(part: Uint8Array, where: string): Flight | undefined {
    const packet = isFragment(part) ? this.#reassembly(where).add(part) : part;
    if (!packet) return undefined;
    if (where === 'server' && isErrorOfOurs(packet)) {
      this.violate(
        'no peer sees an error that is ours',
        `${formatAddress(source(packet))} to ${formatAddress(destination(packet))}`,
      );
    }
    const { flight, problem } = this.ledger.arrive(packet);
    if (problem !== undefined) this.violate('packets arrive as they were', problem);
    if (flight && flight.receiver !== where) this.#reachesWrongOne(flight, where);
    return flight;
  }

  #reassembly(where: string): Reassembly {
    const reassembly = this.#reassemblies.get(where) ?? new Reassembly();
    this.#reassemblies.set(where, reassembly);
    return reassembly;
  }

  #watchNats(vehicle: Vehicle): void {
    if (vehicle.uplinks.every(({ modem, network }) => !modem && !network.ipv4?.nat)) return;
    const next = () => {
      this.scheduler.after(NAT_CHECK_INTERVAL_MS, () => {
        this.#check(vehicle.natWatch.check(this));
        next();
      });
    };
    next();
  }

  #reachesWrongOne({ id, receiver }: Flight, where: string): void {
    this.violate('no packet reaches a wrong vehicle', `packet ${id} for ${receiver} arrives at ${where}`);
  }

  /** The home agent's bindings have changed: it and the vehicles concerned are looked at at once. */
  #checkAfterAgent(actions: readonly StackAction[]): void {
    const homes = new Set<Address>();
    for (const action of actions) {
      if (action.type !== 'event' || !('homeAddress' in action.event)) continue;
      homes.add(action.event.homeAddress);
    }
    for (const home of homes) {
      const vehicle = this.#vehicleAt(home);
      if (vehicle) this.#check(checkVehicle(this, vehicle));
      if (this.vehicles.length <= SMALL_WORLD) this.#check(checkHomeAgent(this, home));
    }
  }

  #check(found: Iterable<readonly [Rule, string]>): void {
    for (const [rule, detail] of found) this.violate(rule, detail);
  }

  #planChecks(vehicle: Vehicle, random: Random): void {
    const next = () => {
      this.scheduler.after(CHECK_INTERVAL_MS * random.uniform(0.5, 1.5), () => {
        this.#check(checkHost(vehicle));
        this.#check(checkVehicle(this, vehicle));
        next();
      });
    };
    next();
  }

  #planAgentChecks(): void {
    this.scheduler.after(AGENT_CHECK_INTERVAL_MS, () => {
      this.#check(checkHomeAgent(this));
      const largest = EVENTS_PER_VEHICLE * (this.vehicles.length + 1);
      if (this.scheduler.size > largest) this.violate('state is bounded', `${this.scheduler.size} events wait`);
      this.#closeFlights();
      this.#planAgentChecks();
    });
  }

  #closeFlights(): void {
    for (const flight of this.ledger.close(this.scheduler.nowMs)) {
      const problem = checkFlight(this, flight);
      if (problem) this.violate(...problem);
    }
  }
}

/** That somebody has got a packet that it did not understand; of an IPv4 one also that it is no router's. */
function isErrorOfOurs(packet: Uint8Array): boolean {
  const [next, type, code] = [nextHeader(packet), packet[payloadAt(packet)], packet[payloadAt(packet) + 1]];
  if (!isIpv4Packet(packet)) return next === Next.icmpv6 && type === Icmpv6Type.parameterProblem;
  const { protocolUnreachable, portUnreachable } = Icmpv4UnreachableCode;
  const isUnknown = code === protocolUnreachable || code === portUnreachable;
  return next === Next.icmpv4 && type === Icmpv4Type.destinationUnreachable && isUnknown;
}
