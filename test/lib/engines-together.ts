// A mobile router and a home agent with nothing but links between them, in virtual time.
import * as assert from 'uvu/assert';
import { type Address, formatAddress } from '../../src/bytes/address.ts';
import type { HomeAgentConfiguration, MobileRouterConfiguration } from '../../src/config/configuration.ts';
import type { RoleAction } from '../../src/roles/action.ts';
import { decodeSignalling, encodeSignalling, type SignallingPacket } from '../../src/wire/signalling.ts';
import { AGENT, echoReplyTo, HomeAgentBench, MobileRouterBench, PROBING, START_MS } from './engines.ts';
import { Random } from './wire-mutations.ts';

/** One uplink of the router. */
export interface Link {
  readonly bid: number;
  /** The router sees it. */
  up: boolean;
  /** Packets get through. */
  alive: boolean;
  careOfAddress: Address;
  /** One way. */
  delayMs: number;
  /** Of the packets of either direction. */
  lossPercent: number;
}

interface Arrival {
  readonly atMs: number;
  readonly sequence: number;
  readonly deliver: () => RoleAction[];
  readonly atRouter: boolean;
}

/** A binding as both ends tell it: `BID care-of-address`. */
const text = (bid: number, careOfAddress: Address | null) =>
  `${bid} ${careOfAddress === null ? '-' : formatAddress(careOfAddress)}`;

/** The two machines, the links between them and one clock for all. */
export class Together {
  readonly router: MobileRouterBench;
  readonly agent: HomeAgentBench;
  readonly links: readonly Link[];
  readonly random: Random;
  nowMs = START_MS;
  /** Called after every step. */
  afterStep: () => void = () => undefined;
  #arrivals: Arrival[] = [];
  #sequence = 0;

  constructor(
    seed: number,
    router: Partial<MobileRouterConfiguration> = {},
    agent: Partial<HomeAgentConfiguration> = {},
  ) {
    this.random = new Random(seed);
    this.router = new MobileRouterBench({ probe: PROBING, ...router }, this.random.below(0x10000));
    this.agent = new HomeAgentBench(agent);
    this.links = [1, 2, 3].map((bid) => ({
      bid,
      up: false,
      alive: true,
      careOfAddress: this.newCareOfAddress(bid),
      delayMs: 20,
      lossPercent: 0,
    }));
    this.router.traffic = (tunnelId) => this.#traffic(tunnelId);
  }

  /** An address on the network behind a link that it did not have before. */
  newCareOfAddress(bid: number): Address {
    const octets = [0x20, 1, 0x0d, 0xb8, 0, 10, 0, bid, ...this.random.bytes(8)];
    return String.fromCharCode(...octets) as Address;
  }

  /** Tells the router how its links are. */
  tellUplinks(): void {
    const careOf = this.links.map(({ up, careOfAddress }) => (up ? careOfAddress : null));
    this.#execute(() => this.router.observe(...careOf), true);
  }

  /** Does something at the router now, such as a shutdown. */
  atRouter(act: (router: MobileRouterBench) => RoleAction[]): void {
    this.#execute(() => act(this.router), true);
  }

  run(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      this.#arrivals.sort((a, b) => a.atMs - b.atMs || a.sequence - b.sequence);
      const nextMs = Math.min(
        this.#arrivals[0]?.atMs ?? Number.POSITIVE_INFINITY,
        this.router.router.nextDeadlineMs,
        this.agent.agent.nextDeadlineMs,
      );
      if (nextMs > untilMs) break;
      this.#advance(nextMs);
      const arrival = this.#arrivals[0];
      if (arrival?.atMs === nextMs) {
        this.#arrivals.shift();
        this.#execute(arrival.deliver, arrival.atRouter);
      }
      this.afterStep();
    }
    this.#advance(untilMs);
  }

  /** What the agent has bound. */
  bindingCache(): string[] {
    return this.agent.agent
      .status(this.nowMs)
      .bindings.map(({ bid, careOfAddress }) => text(bid, careOfAddress))
      .sort();
  }

  /** What the router takes for bound and can be used. */
  updateList(): string[] {
    return this.router.router
      .status(this.nowMs)
      .uplinks.filter(({ tunnelId, state }) => tunnelId !== null && state === 'active')
      .map(({ bid, tunnelId, careOfAddress }) => text(tunnelId === 0x10000 ? 0 : bid, careOfAddress))
      .sort();
  }

  /** Links over which packets get through. */
  usableLinks(): string[] {
    return this.links
      .filter(({ up, alive }) => up && alive)
      .map(({ bid, careOfAddress }) => text(bid, careOfAddress))
      .sort();
  }

  #advance(toMs: number): void {
    this.nowMs = toMs;
    this.#execute(() => this.router.runUntil(toMs), true);
    this.#execute(() => this.agent.runUntil(toMs), false);
  }

  #execute(act: () => RoleAction[], isRouter: boolean): void {
    this.router.nowMs = this.nowMs;
    this.agent.nowMs = this.nowMs;
    for (const action of act()) {
      if (action.type !== 'send') continue;
      const bytes = encodeSignalling(action.packet);
      if (isRouter) this.#fromRouter(bytes, action.packet, action.interfaceIndex);
      else this.#toRouter(bytes);
    }
  }

  #fromRouter(bytes: Uint8Array, { source, destination }: SignallingPacket, interfaceIndex: number): void {
    const link = this.links[interfaceIndex - 11]!;
    assert.ok(link.up, 'sent over a link that is down');
    assert.is(source, link.careOfAddress, 'ingress filtering: a source that is not of this link');
    assert.is(destination, AGENT);
    if (!this.#passes(link)) return;
    this.#arrive(link.delayMs, false, () => {
      const packet = decodeSignalling(bytes);
      if (packet.kind === 'mobility') return this.agent.receive(packet);
      // The agent's kernel answers echo requests.
      if (packet.kind === 'icmpv6') this.#toRouter(encodeSignalling(echoReplyTo(packet)));
      return [];
    });
  }

  #toRouter(bytes: Uint8Array): void {
    const { destination } = decodeSignalling(bytes);
    const link = this.links.find(({ careOfAddress }) => careOfAddress === destination);
    if (!link?.up || !this.#passes(link)) return;
    this.#arrive(link.delayMs, true, () => {
      if (!link.up || link.careOfAddress !== destination) return [];
      const packet = decodeSignalling(bytes);
      if (packet.kind === 'mobility') return this.router.handle({ type: 'mobility', packet });
      if (packet.kind === 'icmpv6') return this.router.handle({ type: 'icmpv6', packet });
      return [];
    });
  }

  #arrive(delayMs: number, atRouter: boolean, deliver: () => RoleAction[]): void {
    // Jitter, so that packets overtake each other also on one link.
    const atMs = this.nowMs + delayMs + this.random.below(10);
    this.#arrivals.push({ atMs, sequence: this.#sequence++, deliver, atRouter });
  }

  #passes({ alive, lossPercent }: Link): boolean {
    return alive && this.random.below(100) >= lossPercent;
  }

  /** The first usable tunnel has traffic both ways, a packet every 20 ms. */
  #traffic(tunnelId: number) {
    const [preferred] = this.router.usable();
    const bid = tunnelId === 0x10000 ? undefined : tunnelId;
    const link = this.links.find((candidate) => candidate.bid === bid);
    const inUse = tunnelId === preferred && link !== undefined;
    return {
      sentPackets: inUse ? Math.floor(this.nowMs / 20) : 0,
      lastReceivedMs: inUse && link.alive && link.lossPercent < 50 ? this.nowMs : 0,
    };
  }
}
