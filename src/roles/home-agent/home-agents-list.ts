import { type Address, isUnicastRoutable } from '../../bytes/address.ts';
import type { RouterAdvertisement } from '../../wire/icmpv6/neighbor-discovery.ts';
import { NeighborOptionType, PrefixInformationFlag, RouterAdvertisementFlag } from '../../wire/icmpv6/numbers.ts';
import { lifetimeEndMs } from './home-prefixes.ts';

/** A link has no more home agents than that; what else claims to be one is ignored. */
const MOST_AGENTS = 256;
const MOST_ADDRESSES = 64;

/** A home agent as Home Agent Address Discovery names it. */
export interface ListedHomeAgent {
  readonly preference: number;
  /** Supports mobile routers (RFC 3963 §7.3). */
  readonly mobileRouters: boolean;
  /** Global addresses; at least one. */
  readonly addresses: readonly Address[];
}

interface Entry {
  preference: number;
  mobileRouters: boolean;
  expiresMs: number;
  /** Until when each address's prefix is valid. */
  readonly addresses: Map<Address, number>;
}

/** The other home agents on a home link, by link-local address (RFC 6275 §10.1, §10.5.1). */
export class HomeAgentsList {
  readonly #entries = new Map<Address, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  get nextDeadlineMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { expiresMs, addresses } of this.#entries.values())
      nextMs = Math.min(nextMs, expiresMs, ...addresses.values());
    return nextMs;
  }

  /** Takes note of a valid Router Advertisement. */
  learn(linkLocalAddress: Address, message: RouterAdvertisement, nowMs: number): void {
    if ((message.flags & RouterAdvertisementFlag.homeAgent) === 0) {
      this.#entries.delete(linkLocalAddress);
      return;
    }
    const information = message.options.find((option) => option.type === NeighborOptionType.homeAgentInformation);
    const lifetimeSeconds = information?.lifetimeSeconds ?? message.routerLifetimeSeconds;
    if (lifetimeSeconds === 0) {
      this.#entries.delete(linkLocalAddress);
      return;
    }
    const known = this.#entries.get(linkLocalAddress);
    if (!known && this.#entries.size >= MOST_AGENTS) return;
    const entry: Entry = {
      preference: information?.preference ?? 0,
      mobileRouters: information?.mobileRouter ?? false,
      expiresMs: nowMs + lifetimeSeconds * 1000,
      addresses: known?.addresses ?? new Map(),
    };
    this.#entries.set(linkLocalAddress, entry);
    learnAddresses(entry.addresses, message, nowMs);
  }

  /** Forgets agents whose lifetime is over and addresses whose prefix is not valid any more. */
  expire(nowMs: number): void {
    for (const [linkLocalAddress, { expiresMs, addresses }] of this.#entries) {
      if (expiresMs <= nowMs) this.#entries.delete(linkLocalAddress);
      for (const [address, validUntilMs] of addresses) if (validUntilMs <= nowMs) addresses.delete(address);
    }
  }

  /** Another link has other agents. */
  clear(): void {
    this.#entries.clear();
  }

  /** Those that have told a global address. */
  agents(): ListedHomeAgent[] {
    return [...this.#entries.values()]
      .filter(({ addresses }) => addresses.size > 0)
      .map(({ preference, mobileRouters, addresses }) => ({
        preference,
        mobileRouters,
        addresses: [...addresses.keys()],
      }));
  }
}

function learnAddresses(addresses: Map<Address, number>, message: RouterAdvertisement, nowMs: number): void {
  for (const option of message.options) {
    if (option.type !== NeighborOptionType.prefixInformation) continue;
    const { flags, address, validLifetimeSeconds } = option;
    if ((flags & PrefixInformationFlag.routerAddress) === 0 || !isUnicastRoutable(address)) continue;
    if (validLifetimeSeconds === 0) addresses.delete(address);
    else if (addresses.has(address) || addresses.size < MOST_ADDRESSES) {
      addresses.set(address, lifetimeEndMs(validLifetimeSeconds, nowMs));
    }
  }
}
