import type { Address } from '../../bytes/address.ts';
import type { RouterAdvertisement } from '../../wire/icmpv6/neighbor-discovery.ts';
import { NeighborOptionType } from '../../wire/icmpv6/numbers.ts';

/** Advertisements in a row that may be lost before that is a hint that the link has been left. */
const LOST_ADVERTISEMENTS = 3;

/**
 * Watches for the Router Advertisements that a default router has promised (Advertisement Interval option, RFC 6275
 * §7.3, §11.5.1). Routers that promise nothing are not waited for.
 */
export class RouterWatch {
  readonly #promises = new Map<number, { readonly router: Address; readonly missedMs: number }>();

  get nextDeadlineMs(): number {
    return Math.min(...[...this.#promises.values()].map(({ missedMs }) => missedMs), Number.POSITIVE_INFINITY);
  }

  /** An advertisement of a link's current default router. */
  heard(interfaceIndex: number, router: Address, { options }: RouterAdvertisement, nowMs: number): void {
    const promise = options.find((option) => option.type === NeighborOptionType.advertisementInterval);
    if (promise?.type !== NeighborOptionType.advertisementInterval || promise.intervalMs === 0) {
      this.#promises.delete(interfaceIndex);
    } else {
      this.#promises.set(interfaceIndex, { router, missedMs: nowMs + LOST_ADVERTISEMENTS * promise.intervalMs });
    }
  }

  /** The link's default router is another one now, or there is none. */
  follow(interfaceIndex: number, router: Address | null): void {
    const promise = this.#promises.get(interfaceIndex);
    if (promise && promise.router !== router) this.#promises.delete(interfaceIndex);
  }

  /** Interfaces whose router has been silent for too long; each is told once. */
  missed(nowMs: number): number[] {
    const missed = [...this.#promises].filter(([, { missedMs }]) => missedMs <= nowMs).map(([index]) => index);
    for (const index of missed) this.#promises.delete(index);
    return missed;
  }
}
