import { ALL_NODES } from '../../bytes/special-addresses.ts';
import type { HomeAgentAdvertisementConfiguration } from '../../config/configuration.ts';
import type { RouterAdvertisement } from '../../wire/icmpv6/neighbor-discovery.ts';
import type { NeighborOption } from '../../wire/icmpv6/neighbor-options.ts';
import { Icmpv6Type, NeighborOptionType, RouterAdvertisementFlag } from '../../wire/icmpv6/numbers.ts';
import type { RoleAction } from '../action.ts';
import type { HomeLink } from './home-link.ts';
import { type HomePrefix, prefixInformation } from './home-prefixes.ts';

/** RFC 4861 §10. */
const INITIAL_ADVERTISEMENTS = 3;
const INITIAL_INTERVAL_MS = 16_000;
const ANSWER_DELAY_MS = 500;
/** Intervals below it are announced longer, for the sake of coarse clocks (RFC 6275 §7.5). */
const FAST_INTERVAL_MS = 200;
const SCHEDULING_MARGIN_MS = 20;
const MOST_LIFETIME_SECONDS = 0xffff;
const CURRENT_HOP_LIMIT = 64;
/** IPv6 header, fixed part, Source Link-Layer Address, Advertisement Interval, Home Agent Information. */
const OCTETS_WITHOUT_PREFIXES = 40 + 16 + 8 + 8 + 8;
const PREFIX_OCTETS = 32;

/** The home agent's own Router Advertisements on its home link (RFC 4861 §6.2, RFC 6275 §7). */
export class RouterAdvertisements {
  readonly #configuration: HomeAgentAdvertisementConfiguration;
  readonly #random16: () => number;
  #initialLeft = INITIAL_ADVERTISEMENTS;
  #nextMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(configuration: HomeAgentAdvertisementConfiguration, random16: () => number) {
    this.#configuration = configuration;
    this.#random16 = random16;
  }

  get nextDeadlineMs(): number {
    return this.#nextMs;
  }

  /** The link is there (again), or what is announced on it has changed: a few advertisements follow soon. */
  begin(nowMs: number): void {
    this.#initialLeft = INITIAL_ADVERTISEMENTS;
    if (this.#configuration.unsolicited) this.#nextMs = this.#notBefore(nowMs);
  }

  end(): void {
    this.#nextMs = Number.POSITIVE_INFINITY;
  }

  /** A valid Router Solicitation: all nodes get the answer soon, unless an advertisement comes sooner anyway. */
  solicited(nowMs: number): void {
    const delayMs = (this.#random16() * ANSWER_DELAY_MS) / 0x10000;
    this.#nextMs = Math.min(this.#nextMs, this.#notBefore(nowMs + delayMs));
  }

  run(link: HomeLink, prefixes: readonly HomePrefix[], nowMs: number): RoleAction[] {
    if (nowMs < this.#nextMs) return [];
    this.#lastMs = nowMs;
    this.#nextMs = this.#configuration.unsolicited ? nowMs + this.#interval() : Number.POSITIVE_INFINITY;
    return this.#messages(link, prefixes, this.#routerLifetimeSeconds(), nowMs).map((message) => send(link, message));
  }

  /** The last word of a home agent that stops: it is no router and no home agent from now on (RFC 4861 §6.2.5). */
  farewell(link: HomeLink, prefixes: readonly HomePrefix[], nowMs: number): RoleAction[] {
    this.end();
    return this.#messages(link, prefixes, 0, nowMs, true).map((message) => send(link, message));
  }

  /** MinDelayBetweenRAs, and never longer than MinRtrAdvInterval (RFC 6275 §13). */
  #notBefore(atMs: number): number {
    const { minimumDelayMs, minimumIntervalMs } = this.#configuration;
    return Math.max(atMs, this.#lastMs + Math.min(minimumDelayMs, minimumIntervalMs));
  }

  #interval(): number {
    const { minimumIntervalMs, maximumIntervalMs } = this.#configuration;
    const intervalMs = minimumIntervalMs + ((maximumIntervalMs - minimumIntervalMs) * this.#random16()) / 0xffff;
    this.#initialLeft = Math.max(0, this.#initialLeft - 1);
    return this.#initialLeft > 0 ? Math.min(intervalMs, INITIAL_INTERVAL_MS) : intervalMs;
  }

  /** At least a second, however fast the advertisements are (RFC 6275 §7.5). */
  #routerLifetimeSeconds(): number {
    const { routerLifetimeSeconds, maximumIntervalMs } = this.#configuration;
    const usual = Math.max(1, Math.floor((3 * maximumIntervalMs) / 1000));
    return Math.min(routerLifetimeSeconds ?? usual, MOST_LIFETIME_SECONDS);
  }

  /** One message, or several where the link's MTU is too small for all prefixes; the first prefix is in each. */
  #messages(
    link: HomeLink,
    prefixes: readonly HomePrefix[],
    routerLifetimeSeconds: number,
    nowMs: number,
    isFarewell = false,
  ): RouterAdvertisement[] {
    const announced = prefixes.filter(({ routerAddress }) => routerAddress !== undefined);
    const [first, ...others] = announced.map((prefix) => prefixInformation(prefix, this.#configuration, nowMs));
    // Without an address on the link there is nothing that RFC 6275 §7.2 would let a home agent say.
    if (!first) return [];
    const room = Math.max(2, Math.floor((link.mtuBytes - OCTETS_WITHOUT_PREFIXES) / PREFIX_OCTETS)) - 1;
    const information = isFarewell ? undefined : this.#homeAgentInformation(routerLifetimeSeconds);
    const linkOptions = [...this.#linkOptions(link), ...(information ? [information] : [])];
    const messages: RouterAdvertisement[] = [];
    do {
      const part = others.splice(0, room);
      messages.push({
        type: Icmpv6Type.routerAdvertisement,
        currentHopLimit: CURRENT_HOP_LIMIT,
        flags: RouterAdvertisementFlag.homeAgent,
        routerLifetimeSeconds,
        reachableTimeMs: 0,
        retransmitTimerMs: 0,
        options: [...linkOptions, first, ...part],
      });
    } while (others.length > 0);
    return messages;
  }

  #linkOptions({ linkLayerAddress }: HomeLink): NeighborOption[] {
    const { maximumIntervalMs, intervalOption } = this.#configuration;
    const marginMs = maximumIntervalMs < FAST_INTERVAL_MS ? SCHEDULING_MARGIN_MS : 0;
    return [
      { type: NeighborOptionType.sourceLinkLayerAddress, linkLayerAddress },
      ...(intervalOption
        ? [{ type: NeighborOptionType.advertisementInterval, intervalMs: maximumIntervalMs + marginMs }]
        : []),
    ];
  }

  /** Left out where it would say what holds without it, and where there is no lifetime to say (RFC 6275 §7.4). */
  #homeAgentInformation(routerLifetimeSeconds: number): NeighborOption | undefined {
    const { preference, mobileRouters, lifetimeSeconds = routerLifetimeSeconds } = this.#configuration;
    const isDefault = preference === 0 && lifetimeSeconds === routerLifetimeSeconds && !mobileRouters;
    if (isDefault || lifetimeSeconds === 0) return undefined;
    return {
      type: NeighborOptionType.homeAgentInformation,
      mobileRouter: mobileRouters,
      preference,
      lifetimeSeconds,
    };
  }
}

function send({ interfaceIndex, linkLocalAddress }: HomeLink, message: RouterAdvertisement): RoleAction {
  const packet = { kind: 'icmpv6', source: linkLocalAddress, destination: ALL_NODES, message } as const;
  return { type: 'send', interfaceIndex, packet };
}
