import { type Address, isUnicastRoutable } from '../../bytes/address.ts';
import { type Prefix, prefixContains, prefixOf, samePrefix } from '../../bytes/prefix.ts';
import type { RouterAdvertisement } from '../../wire/icmpv6/neighbor-discovery.ts';
import type { PrefixInformationOption } from '../../wire/icmpv6/neighbor-options.ts';
import { INFINITE_LIFETIME_SECONDS, NeighborOptionType, PrefixInformationFlag } from '../../wire/icmpv6/numbers.ts';
import type { HomeLink } from './home-link.ts';

/** A link has no more prefixes than that; what else is announced is ignored. */
const MOST_LEARNT = 64;
/** Lifetimes are told in whole seconds: what moves less has not changed. */
const SAME_MOMENT_MS = 2500;

/** A prefix of the home link (RFC 6275 §10.6.1). */
export interface HomePrefix {
  readonly prefix: Prefix;
  /** Our own address in it: it is announced with flag R. */
  readonly routerAddress: Address | undefined;
  /** `PrefixInformationFlag` masks but R. */
  readonly flags: number;
  readonly validUntilMs: number;
  readonly preferredUntilMs: number;
}

/** What is announced of prefixes that do not end earlier. */
export interface AdvertisedLifetimes {
  readonly validLifetimeSeconds: number;
  readonly preferredLifetimeSeconds: number;
}

const OWN_FLAGS = PrefixInformationFlag.onLink | PrefixInformationFlag.autonomous;
const FOREVER_MS = Number.POSITIVE_INFINITY;

/** The prefixes of one home link: our own, and those that other home agents on the link announce. */
export class HomePrefixes {
  #own: HomePrefix[];
  readonly #learnt = new Map<string, HomePrefix>();

  /** `prefixes`: those that are configured; nothing more is known of them until `update`. */
  constructor(prefixes: readonly Prefix[], address?: Address) {
    this.#own = prefixes.map((prefix) => ({
      prefix,
      routerAddress: address !== undefined && prefixContains(prefix, address) ? address : undefined,
      flags: OWN_FLAGS,
      validUntilMs: FOREVER_MS,
      preferredUntilMs: FOREVER_MS,
    }));
  }

  get nextDeadlineMs(): number {
    let nextMs = FOREVER_MS;
    for (const { validUntilMs } of this.#learnt.values()) nextMs = Math.min(nextMs, validUntilMs);
    return nextMs;
  }

  /**
   * Takes over what the interface's addresses say; true if that is a change that mobile nodes are told. Addresses that
   * are gone change nothing: an interface that goes down loses them, and the link keeps its prefixes.
   */
  update({ addresses }: HomeLink): boolean {
    let changed = false;
    this.#own = this.#own.map((old) => {
      const inPrefix = addresses.filter(({ address }) => prefixContains(old.prefix, address));
      const [first] = inPrefix;
      if (!first) return old;
      const kept = inPrefix.find(({ address }) => address === old.routerAddress) ?? first;
      const next: HomePrefix = {
        ...old,
        routerAddress: kept.address,
        validUntilMs: Math.max(...inPrefix.map(({ validUntilMs }) => validUntilMs)),
        preferredUntilMs: Math.max(...inPrefix.map(({ preferredUntilMs }) => preferredUntilMs)),
      };
      changed ||= differs(old, next);
      return next;
    });
    return changed;
  }

  /** Takes over what another home agent announces; true if that is a change that mobile nodes are told. */
  learn(message: RouterAdvertisement, nowMs: number): boolean {
    let changed = false;
    for (const option of message.options) {
      if (option.type !== NeighborOptionType.prefixInformation) continue;
      const prefix = prefixOf(option.address, option.prefixLength);
      if (!isUnicastRoutable(prefix.address) || this.#own.some((own) => samePrefix(own.prefix, prefix))) continue;
      changed = this.#learnOne(prefix, option, nowMs) || changed;
    }
    return changed;
  }

  /** Forgets learnt prefixes that are not valid any more. */
  expire(nowMs: number): boolean {
    const before = this.#learnt.size;
    for (const [key, { validUntilMs }] of this.#learnt) if (validUntilMs <= nowMs) this.#learnt.delete(key);
    return this.#learnt.size < before;
  }

  /** Our own first. */
  all(): HomePrefix[] {
    return [...this.#own, ...this.#learnt.values()];
  }

  own(): readonly HomePrefix[] {
    return this.#own;
  }

  /** The prefix of a home address. */
  around(homeAddress: Address): HomePrefix | undefined {
    return this.#own.find(({ prefix }) => prefixContains(prefix, homeAddress));
  }

  #learnOne(prefix: Prefix, option: PrefixInformationOption, nowMs: number): boolean {
    const key = `${prefix.address}/${prefix.length}`;
    const old = this.#learnt.get(key);
    if (option.validLifetimeSeconds === 0) return this.#learnt.delete(key);
    if (!old && this.#learnt.size >= MOST_LEARNT) return false;
    const next: HomePrefix = {
      prefix,
      routerAddress: undefined,
      flags: option.flags & OWN_FLAGS,
      validUntilMs: lifetimeEndMs(option.validLifetimeSeconds, nowMs),
      preferredUntilMs: lifetimeEndMs(option.preferredLifetimeSeconds, nowMs),
    };
    this.#learnt.set(key, next);
    // A lifetime that is announced anew, as long as ever, has not changed: only a shorter one has.
    return !old || old.flags !== next.flags || isShorter(old, next);
  }
}

/** When a lifetime of Neighbor Discovery ends. */
export function lifetimeEndMs(seconds: number, nowMs: number): number {
  return seconds === INFINITE_LIFETIME_SECONDS ? FOREVER_MS : nowMs + seconds * 1000;
}

/** The Prefix Information option for a prefix (RFC 6275 §7.2). */
export function prefixInformation(
  { prefix, routerAddress, flags, validUntilMs, preferredUntilMs }: HomePrefix,
  advertised: AdvertisedLifetimes,
  nowMs: number,
): PrefixInformationOption {
  const validLifetimeSeconds = Math.min(advertised.validLifetimeSeconds, remainingSeconds(validUntilMs, nowMs));
  return {
    type: NeighborOptionType.prefixInformation,
    prefixLength: prefix.length,
    flags: flags | (routerAddress === undefined ? 0 : PrefixInformationFlag.routerAddress),
    validLifetimeSeconds,
    preferredLifetimeSeconds: Math.min(
      advertised.preferredLifetimeSeconds,
      remainingSeconds(preferredUntilMs, nowMs),
      validLifetimeSeconds,
    ),
    address: routerAddress ?? prefix.address,
  };
}

/** Whole seconds until a moment; the number that says 'for ever' if there is none. */
function remainingSeconds(untilMs: number, nowMs: number): number {
  const seconds = Math.floor((untilMs - nowMs) / 1000);
  return Math.max(0, Math.min(seconds, INFINITE_LIFETIME_SECONDS));
}

function differs(old: HomePrefix, next: HomePrefix): boolean {
  return (
    old.flags !== next.flags ||
    (old.routerAddress === undefined) !== (next.routerAddress === undefined) ||
    moved(old.validUntilMs, next.validUntilMs) ||
    moved(old.preferredUntilMs, next.preferredUntilMs)
  );
}

function isShorter(old: HomePrefix, next: HomePrefix): boolean {
  return (
    next.validUntilMs < old.validUntilMs - SAME_MOMENT_MS ||
    next.preferredUntilMs < old.preferredUntilMs - SAME_MOMENT_MS
  );
}

function moved(oldMs: number, nextMs: number): boolean {
  return oldMs !== nextMs && !(Math.abs(oldMs - nextMs) < SAME_MOMENT_MS);
}
