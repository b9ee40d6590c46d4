// Drivers for tests of the protocol machines: each machine alone, in virtual time.
import * as assert from 'uvu/assert';
import { type Address, formatAddress } from '../../src/bytes/address.ts';
import type {
  HomeAgentConfiguration,
  HomeConfiguration,
  MobileNodeConfiguration,
  MobileRouterConfiguration,
} from '../../src/config/configuration.ts';
import type { PathTraffic } from '../../src/paths/probing.ts';
import type { Uplink } from '../../src/paths/uplink.ts';
import type { RoleAction } from '../../src/roles/action.ts';
import type { RoleEvent } from '../../src/roles/events.ts';
import { HomeAgent, type HomeAgentInput } from '../../src/roles/home-agent/home-agent.ts';
import { MobileRouter, type MobileRouterInput } from '../../src/roles/mobile-router/mobile-router.ts';
import type { RoleServices } from '../../src/roles/services.ts';
import type { BindingAcknowledgement } from '../../src/wire/mh/messages/binding-acknowledgement.ts';
import type { MobilityPacket } from '../../src/wire/signalling.ts';
import {
  type AcknowledgementParts,
  AGENT,
  acknowledgementIn,
  acknowledgementOf,
  CARE_OF,
  eventsIn,
  HOME,
  HOME_PREFIX,
  NETWORK,
  OTHER_HOME,
  OTHER_NETWORK,
  type SentUpdate,
  START_MS,
  updatesIn,
} from './engines-packets.ts';
import { testServices } from './services.ts';

export * from './engines-packets.ts';

// --- machines at their deadlines -------------------------------------------------------------------------------------

interface Machine<Input> {
  readonly nextDeadlineMs: number;
  handle(input: Input, nowMs: number): RoleAction[];
}

/**
 * Runs a machine at its deadlines in virtual time. After every call the next deadline must lie ahead: a machine that
 * asks to be called again at once would keep its host busy for ever.
 */
export class Clockwork<Input> {
  nowMs = START_MS;
  /** How often the machine was called because of a deadline. */
  wakes = 0;
  readonly #machine: Machine<Input>;
  readonly #deadline: () => Input;

  constructor(machine: Machine<Input>, deadline: () => Input) {
    this.#machine = machine;
    this.#deadline = deadline;
  }

  handle(input: Input): RoleAction[] {
    const actions = this.#machine.handle(input, this.nowMs);
    const { nextDeadlineMs } = this.#machine;
    assert.ok(
      nextDeadlineMs > this.nowMs,
      `the next deadline ${nextDeadlineMs - this.nowMs} ms from now does not lie ahead`,
    );
    return actions;
  }

  /** Lets time pass up to and including `untilMs`. */
  runUntil(untilMs: number): RoleAction[] {
    const actions: RoleAction[] = [];
    while (this.#machine.nextDeadlineMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.#machine.nextDeadlineMs);
      this.wakes++;
      actions.push(...this.handle(this.#deadline()));
    }
    this.nowMs = untilMs;
    return actions;
  }

  /** Lets time pass. */
  run(durationMs: number): RoleAction[] {
    return this.runUntil(this.nowMs + durationMs);
  }
}

// --- home agent ------------------------------------------------------------------------------------------------------

export function mobileNode(more: Partial<MobileNodeConfiguration> = {}): MobileNodeConfiguration {
  return {
    name: 'bus',
    homeAddress: HOME,
    prefixes: [NETWORK, OTHER_NETWORK],
    mobileRouter: true,
    multipleCareOfAddresses: true,
    authentication: 'none',
    ...more,
  };
}

export function homeAgentConfiguration(more: Partial<HomeAgentConfiguration> = {}): HomeAgentConfiguration {
  return {
    address: AGENT,
    homePrefixes: [HOME_PREFIX],
    mobileNodes: [mobileNode(), mobileNode({ name: 'tram', homeAddress: OTHER_HOME, prefixes: [] })],
    maximumLifetimeSeconds: 600,
    multipleCareOfAddresses: true,
    bulkRegistration: true,
    maximumBindings: 1000,
    refreshRequests: false,
    addressDiscovery: true,
    prefixAdvertisements: { enabled: false, minimumIntervalSeconds: 600, maximumIntervalSeconds: 86400 },
    ...more,
  };
}

/** A home agent on its own. */
export class HomeAgentBench extends Clockwork<HomeAgentInput> {
  readonly agent: HomeAgent;

  constructor(more: Partial<HomeAgentConfiguration> = {}, services: RoleServices = testServices()) {
    const agent = new HomeAgent(homeAgentConfiguration(more), services);
    super(agent, () => ({ type: 'deadline' }));
    this.agent = agent;
  }

  receive(packet: MobilityPacket): RoleAction[] {
    return this.handle({ type: 'mobility', packet });
  }

  /** Sends it a Binding Update and expects an acknowledgement. */
  answer(packet: MobilityPacket): BindingAcknowledgement {
    return acknowledgementIn(this.receive(packet));
  }

  /** `BID -> care-of address` of everything that is bound to a home address, by BID. */
  bindings(homeAddress = HOME): Record<number, string> {
    const rows = this.agent.status(this.nowMs).bindings.filter((row) => row.homeAddress === homeAddress);
    return Object.fromEntries(rows.map(({ bid, careOfAddress }) => [bid, formatAddress(careOfAddress)]));
  }
}

/** What `bindings` gives for these BIDs with the care-of addresses of the same numbers. */
export function boundAs(...bids: readonly number[]): Record<number, string> {
  return Object.fromEntries(bids.map((bid) => [bid, formatAddress(CARE_OF[bid]!)]));
}

// --- mobile router ---------------------------------------------------------------------------------------------------

export const UPLINK_NAMES = ['cellular', 'wifi', 'satellite'] as const;

/** A mobile router's configuration; the keys of its one home may stand directly in it. */
export type RouterParts = Partial<MobileRouterConfiguration> & Partial<Omit<HomeConfiguration, 'uplinks'>>;

export function homeConfiguration(more: Partial<HomeConfiguration> = {}): HomeConfiguration {
  return {
    name: 'home',
    homeAddress: HOME,
    homeAgentAddress: AGENT,
    prefixes: [NETWORK],
    prefixMode: 'explicit',
    uplinks: UPLINK_NAMES,
    careOfHomes: [],
    authentication: 'none',
    ...more,
  };
}

const ROUTER_KEYS = [
  'homes',
  'registration',
  'lifetimeSeconds',
  'firstRegistrationTimeoutMs',
  'selection',
  'uplinks',
  'probe',
  'udpEncapsulation',
  'natKeepAliveSeconds',
  'nameServers',
];

export function mobileRouterConfiguration(more: RouterParts = {}): MobileRouterConfiguration {
  const isRouters = ([key]: [string, unknown]) => ROUTER_KEYS.includes(key);
  const entries = Object.entries(more);
  const home = Object.fromEntries(entries.filter((entry) => !isRouters(entry))) as Partial<HomeConfiguration>;
  return {
    homes: [homeConfiguration({ uplinks: more.uplinks?.map(({ name }) => name) ?? UPLINK_NAMES, ...home })],
    registration: 'bulk',
    lifetimeSeconds: 120,
    firstRegistrationTimeoutMs: 1500,
    selection: 'first-usable',
    uplinks: UPLINK_NAMES.map((name, index) => ({
      name,
      interface: `wan${index}`,
      priority: index + 1,
      weight: 1,
      bid: index + 1,
    })),
    probe: { enabled: false, intervalMs: 250, idleIntervalMs: 2000, failuresUntilDead: 3, successesUntilAlive: 3 },
    ...(Object.fromEntries(entries.filter(isRouters)) as Partial<MobileRouterConfiguration>),
  };
}

export const PROBING = {
  enabled: true,
  intervalMs: 250,
  idleIntervalMs: 2000,
  failuresUntilDead: 3,
  successesUntilAlive: 3,
} as const;

export const FIRST_SEQUENCE_NUMBER = 1000;
export const PROBE_IDENTIFIER = 77;

/** A mobile router on its own, with three uplinks whose BIDs and care-of addresses have the numbers 1 to 3. */
export class MobileRouterBench extends Clockwork<MobileRouterInput> {
  readonly router: MobileRouter;
  /** What chance brings next; 0 when that is used up. */
  readonly random: number[];
  /** All Binding Updates so far. */
  readonly sent: SentUpdate[] = [];
  readonly events: RoleEvent[] = [];
  traffic: (tunnelId: number) => PathTraffic | undefined = () => undefined;
  /** By the order of the BIDs. */
  protected careOf: readonly (Address | null)[] = [null, null, null];

  constructor(more: RouterParts = {}, firstSequenceNumber = FIRST_SEQUENCE_NUMBER) {
    const random = [firstSequenceNumber, PROBE_IDENTIFIER];
    const services = { ...testServices(), random16: () => random.shift() ?? 0 };
    const router = new MobileRouter(mobileRouterConfiguration(more), services);
    super(router, () => ({ type: 'deadline', traffic: (id) => this.traffic(id) }));
    this.router = router;
    this.random = random;
  }

  override handle(input: MobileRouterInput): RoleAction[] {
    const actions = super.handle(input);
    this.sent.push(...updatesIn(actions, this.nowMs));
    this.events.push(...eventsIn(actions));
    return actions;
  }

  /** The uplinks' care-of addresses from now on, in the order of their BIDs. */
  uplinks(...careOf: readonly (Address | null)[]): SentUpdate[] {
    return this.updates(() => this.observe(...careOf));
  }

  /** The same, with everything that it leads to. */
  observe(...careOf: readonly (Address | null)[]): RoleAction[] {
    this.careOf = careOf;
    return this.handle({ type: 'uplinks', uplinks: this.observed() });
  }

  observed(): Uplink[] {
    return UPLINK_NAMES.map((name, index) => {
      const careOfAddress = this.careOf[index] ?? null;
      return {
        name,
        interfaceIndex: index + 11,
        careOfAddress,
        gateway: null,
        mtuBytes: 1500,
        reason: careOfAddress === null ? 'link-down' : 'link-up',
      };
    });
  }

  receive(packet: MobilityPacket): RoleAction[] {
    return this.handle({ type: 'mobility', packet });
  }

  /** Answers an update; returns the updates that follow at once. */
  acknowledge(update: SentUpdate, parts: AcknowledgementParts = {}): SentUpdate[] {
    return this.updates(() => this.receive(acknowledgementOf(update.packet, parts)));
  }

  /** Acknowledges what is sent, until nothing is sent any more. */
  settle(first: readonly SentUpdate[], parts: AcknowledgementParts = {}): void {
    for (let open = [...first]; open.length > 0; ) open = open.flatMap((update) => this.acknowledge(update, parts));
  }

  /** What is sent while something is done. */
  updates(act: () => unknown): SentUpdate[] {
    const before = this.sent.length;
    act();
    return this.sent.slice(before);
  }

  /** Lets time pass; returns what is sent. */
  wait(durationMs: number): SentUpdate[] {
    return this.updates(() => this.run(durationMs));
  }

  /** Ids of the tunnels that may be used now, in order of preference. */
  usable(): number[] {
    return this.router
      .forwarding(this.nowMs)
      .tunnels.filter(({ usable }) => usable)
      .map(({ id }) => id);
  }

  states(): string[] {
    return this.router.status(this.nowMs).uplinks.map(({ state }) => state);
  }
}

/** A router with some uplinks registered, each under its BID. */
export function registeredRouter(bids: readonly number[], more: RouterParts = {}): MobileRouterBench {
  const bench = new MobileRouterBench(more);
  bench.settle(bench.uplinks(...[1, 2, 3].map((bid) => (bids.includes(bid) ? CARE_OF[bid]! : null))));
  // Past the second in which updates are counted.
  bench.run(1500);
  return bench;
}
