import { type Binding, type BindingCache, NO_BID } from '../../bindings/binding-cache.ts';
import { DeadlineQueue } from '../../bindings/deadline-queue.ts';
import type { Address } from '../../bytes/address.ts';
import type { HomeAgentConfiguration } from '../../config/configuration.ts';
import { MessageType, OptionType } from '../../wire/mh/numbers.ts';
import type { MobilityPacket } from '../../wire/signalling.ts';
import { outerTo } from './ipv4-care-of.ts';

/** A binding nears its end when this part of its lifetime is left, but no more than that. */
const LAST_PART = 1 / 8;
const LONGEST_MARGIN_MS = 20_000;
/** The second and last request comes halfway to the end: far below any rate limit (RFC 6275 §9.5.5). */
const REPEAT_AT = 1 / 2;

/** Asks mobile nodes for a refresh when bindings are about to expire (RFC 6275 §9.5.5, RFC 5648 §6.4). */
export class RefreshRequests {
  readonly #agentAddress: Address;
  readonly #agentIpv4Address: Address | undefined;
  readonly #cache: BindingCache;
  /** When each home address is looked at next. */
  readonly #nextMs = new Map<Address, number>();
  /** Of home addresses whose bindings live so short that it is not the longest. */
  readonly #marginsMs = new Map<Address, number>();
  readonly #deadlines = new DeadlineQueue<Address>();

  constructor({ address, ipv4 }: HomeAgentConfiguration, cache: BindingCache) {
    this.#agentAddress = address;
    this.#agentIpv4Address = ipv4?.address;
    this.#cache = cache;
  }

  get nextDeadlineMs(): number {
    return this.#deadlines.nextMs;
  }

  /** Bindings of a home address were registered for a time. */
  registered(homeAddress: Address, lifetimeSeconds: number, nowMs: number): void {
    const marginMs = Math.min(lifetimeSeconds * 1000 * LAST_PART, LONGEST_MARGIN_MS);
    if (marginMs < LONGEST_MARGIN_MS) this.#marginsMs.set(homeAddress, marginMs);
    else if (this.#marginsMs.size > 0) this.#marginsMs.delete(homeAddress);
    const nextMs = nowMs + lifetimeSeconds * 1000 - marginMs;
    // A refresh leaves its earlier moment in the queue, which finds the true one when it comes up.
    if (nextMs < (this.#nextMs.get(homeAddress) ?? Number.POSITIVE_INFINITY)) this.#watch(homeAddress, nextMs);
  }

  /** The requests whose time has come: one per home address, for all of its bindings that are about to expire. */
  run(nowMs: number): MobilityPacket[] {
    const packets: MobilityPacket[] = [];
    for (let key = this.#deadlines.popDue(nowMs); key !== undefined; key = this.#deadlines.popDue(nowMs)) {
      if ((this.#nextMs.get(key) ?? Number.POSITIVE_INFINITY) > nowMs) continue;
      this.#nextMs.delete(key);
      const marginMs = this.#marginsMs.get(key) ?? LONGEST_MARGIN_MS;
      const bindings = this.#visitedLinks(key, nowMs);
      const expiring = bindings.filter(({ expiresMs }) => expiresMs - nowMs <= marginMs);
      if (expiring.length > 0) packets.push(this.#request(key, expiring));
      const moments = bindings
        .flatMap(({ expiresMs }) => [expiresMs - marginMs, expiresMs - marginMs * REPEAT_AT])
        .filter((moment) => moment > nowMs);
      if (moments.length > 0) this.#watch(key, Math.min(...moments));
      else this.#marginsMs.delete(key);
    }
    return packets;
  }

  #watch(homeAddress: Address, atMs: number): void {
    this.#nextMs.set(homeAddress, atMs);
    this.#deadlines.push(atMs, homeAddress);
  }

  /** Bindings to the home link need no tunnel, and no request could be sent through it. */
  #visitedLinks(homeAddress: Address, nowMs: number): Binding[] {
    return [...(this.#cache.entry(homeAddress)?.bindings.values() ?? [])].filter(
      ({ careOfAddress, expiresMs }) => careOfAddress !== homeAddress && expiresMs > nowMs,
    );
  }

  /**
   * To the home address, and so through the tunnel: no routing header goes with it (RFC 6275 §6.1). To an IPv4 care-of
   * address that is about to expire it goes as Binding Acknowledgements do.
   */
  #request(homeAddress: Address, bindings: readonly Binding[]): MobilityPacket {
    const options = bindings
      .filter(({ bid }) => bid !== NO_BID)
      .map(({ bid }) => ({
        type: OptionType.bindingIdentifier,
        bid,
        status: 0,
        simultaneousHomeAndForeign: false,
        reserved: 0,
      }));
    const outer = bindings.find((binding) => binding.outer)?.outer;
    return {
      kind: 'mobility',
      ...(outer && { outer: outerTo(this.#agentIpv4Address!, outer) }),
      source: this.#agentAddress,
      destination: homeAddress,
      message: { type: MessageType.bindingRefreshRequest, options },
    };
  }
}
