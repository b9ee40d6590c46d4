import type { Address } from '../bytes/address.ts';
import { type Prefix, samePrefix } from '../bytes/prefix.ts';
import { DeadlineQueue } from './deadline-queue.ts';

/** The BID of a binding that was registered without one. */
export const NO_BID = 0;

/**
 * How long a home address without bindings keeps its sequence number, so that a delayed Binding Update cannot bring
 * the binding back (MAX_DELETE_BCE_TIMEOUT, RFC 6275 §10.3.2).
 */
const REMEMBER_DEREGISTERED_MS = 10_000;
const STALE_DEADLINES_ALLOWED = 64;

/** One care-of address of a home address (RFC 6275 §9.1, RFC 5648 §3). */
export interface Binding {
  readonly homeAddress: Address;
  /** `NO_BID` for a binding registered without identifier. */
  readonly bid: number;
  readonly careOfAddress: Address;
  readonly expiresMs: number;
  /** With an IPv4 care-of address: where packets to it go, as the Binding Update came (RFC 5555 §4.5). */
  readonly outer?: BindingOuter;
  /** Names the binding's tunnel for as long as the binding lives, through changes of its care-of address. */
  readonly tunnelId: number;
}

/** How packets reach an IPv4 care-of address: it may be that of a NAT's mapping. */
export interface BindingOuter {
  /** Source of the packet that brought the Binding Update: the care-of address itself where there is no NAT. */
  readonly address: Address;
  readonly port: number;
  /** The Binding Update came through a NAT. */
  readonly nat: boolean;
  /** All packets are encapsulated in UDP: there is a NAT, or it was asked for (flag F). */
  readonly udp: boolean;
}

/** What of IPv4 is bound together with a home address. */
export interface Ipv4Home {
  readonly homeAddress?: Address;
  /** IPv4 mobile network prefixes. */
  readonly prefixes: readonly Prefix[];
}

/** What all bindings of a home address share. */
export interface HomeEntry {
  readonly homeAddress: Address;
  /** Last accepted; shared by all bindings (RFC 5648 §4.1). */
  readonly sequenceNumber: number;
  /** Registered with the mobile router flag (RFC 3963 §6.1.1). */
  readonly mobileRouter: boolean;
  /** Mobile network prefixes in force. */
  readonly prefixes: readonly Prefix[];
  /** The same care-of addresses serve it (RFC 5648 §8.2), so it goes with the last of them (RFC 5555 §4.4.2.1). */
  readonly ipv4?: Ipv4Home | undefined;
  readonly bindings: ReadonlyMap<number, Binding>;
}

interface MutableEntry extends HomeEntry {
  sequenceNumber: number;
  mobileRouter: boolean;
  prefixes: readonly Prefix[];
  ipv4?: Ipv4Home | undefined;
  readonly bindings: Map<number, Binding>;
  forgetMs: number;
  /** The earliest deadline of this entry in the queue. */
  queuedMs: number;
}

/** The binding cache of a home agent: bindings by home address and BID (RFC 5648 §6.1). */
export class BindingCache {
  readonly #entries = new Map<Address, MutableEntry>();
  readonly #deadlines = new DeadlineQueue<Address>();
  #ipv4Changes = new Set<Address>();
  #bindingCount = 0;
  #lastTunnelId = 0;

  /** Bindings of all home addresses. */
  get size(): number {
    return this.#bindingCount;
  }

  /** When `expire` has something to do. */
  get nextDeadlineMs(): number {
    return this.#deadlines.nextMs;
  }

  /** What is known of a home address, also shortly after its last binding went. */
  entry(homeAddress: Address): HomeEntry | undefined {
    return this.#entries.get(homeAddress);
  }

  binding(homeAddress: Address, bid: number): Binding | undefined {
    return this.#entries.get(homeAddress)?.bindings.get(bid);
  }

  *bindings(): Iterable<Binding> {
    for (const entry of this.#entries.values()) yield* entry.bindings.values();
  }

  *entries(): Iterable<HomeEntry> {
    yield* this.#entries.values();
  }

  /** Home addresses whose `ipv4` has changed since this was last asked. */
  takeIpv4Changes(): Iterable<Address> {
    const changes = this.#ipv4Changes;
    if (changes.size > 0) this.#ipv4Changes = new Set();
    return changes;
  }

  /** Remembers what a valid Binding Update says about the home address as a whole. */
  updateEntry(
    homeAddress: Address,
    update: Pick<HomeEntry, 'sequenceNumber' | 'mobileRouter' | 'prefixes' | 'ipv4'>,
    nowMs: number,
  ): void {
    const entry = this.#entries.get(homeAddress);
    if (!sameIpv4(entry?.ipv4, update.ipv4)) this.#ipv4Changes.add(homeAddress);
    if (entry) {
      Object.assign(entry, update);
    } else {
      this.#entries.set(homeAddress, {
        homeAddress,
        ...update,
        bindings: new Map(),
        forgetMs: Number.POSITIVE_INFINITY,
        queuedMs: Number.POSITIVE_INFINITY,
      });
    }
    this.#forgetLater(this.#entries.get(homeAddress)!, nowMs);
  }

  /** Creates or updates the binding with this BID. The entry of the home address must exist. */
  put(homeAddress: Address, bid: number, careOfAddress: Address, expiresMs: number, outer?: BindingOuter): Binding {
    const entry = this.#entries.get(homeAddress);
    if (!entry) throw new RangeError('no entry for this home address');
    const old = entry.bindings.get(bid);
    if (!old) this.#bindingCount++;
    const tunnelId = old?.tunnelId ?? this.#newTunnelId();
    const binding: Binding = outer
      ? { homeAddress, bid, careOfAddress, expiresMs, outer, tunnelId }
      : { homeAddress, bid, careOfAddress, expiresMs, tunnelId };
    entry.bindings.set(bid, binding);
    this.#schedule(entry, expiresMs);
    return binding;
  }

  /** Removes one binding; `undefined` if there is none. */
  remove(homeAddress: Address, bid: number, nowMs: number): Binding | undefined {
    const entry = this.#entries.get(homeAddress);
    const binding = entry?.bindings.get(bid);
    if (!entry || !binding) return undefined;
    entry.bindings.delete(bid);
    this.#bindingCount--;
    if (entry.bindings.size === 0 && entry.ipv4) {
      entry.ipv4 = undefined;
      this.#ipv4Changes.add(homeAddress);
    }
    this.#forgetLater(entry, nowMs);
    return binding;
  }

  /** Removes all bindings of a home address and returns them. */
  removeAll(homeAddress: Address, nowMs: number): Binding[] {
    const bindings = [...(this.#entries.get(homeAddress)?.bindings.values() ?? [])];
    for (const binding of bindings) this.remove(homeAddress, binding.bid, nowMs);
    return bindings;
  }

  /** Removes the bindings whose lifetime is over and returns them. */
  expire(nowMs: number): Binding[] {
    const expired: Binding[] = [];
    for (let key = this.#deadlines.popDue(nowMs); key !== undefined; key = this.#deadlines.popDue(nowMs)) {
      const entry = this.#entries.get(key);
      if (!entry || entry.queuedMs > nowMs) continue;
      entry.queuedMs = Number.POSITIVE_INFINITY;
      let nextMs = Number.POSITIVE_INFINITY;
      for (const binding of [...entry.bindings.values()]) {
        if (binding.expiresMs > nowMs) {
          nextMs = Math.min(nextMs, binding.expiresMs);
        } else {
          this.remove(key, binding.bid, nowMs);
          expired.push(binding);
        }
      }
      if (entry.bindings.size > 0) this.#schedule(entry, nextMs);
      else if (entry.forgetMs <= nowMs) this.#entries.delete(key);
      else this.#schedule(entry, entry.forgetMs);
    }
    return expired;
  }

  #forgetLater(entry: MutableEntry, nowMs: number): void {
    if (entry.bindings.size > 0) return;
    entry.forgetMs = nowMs + REMEMBER_DEREGISTERED_MS;
    this.#schedule(entry, entry.forgetMs);
  }

  #schedule(entry: MutableEntry, deadlineMs: number): void {
    if (deadlineMs >= entry.queuedMs) return;
    entry.queuedMs = deadlineMs;
    this.#deadlines.push(deadlineMs, entry.homeAddress);
    // A lifetime that becomes shorter leaves its old deadline behind: whoever asks for ever shorter ones shall not
    // fill the memory with them.
    if (this.#deadlines.size > STALE_DEADLINES_ALLOWED + 4 * this.#entries.size) this.#dropStaleDeadlines();
  }

  #dropStaleDeadlines(): void {
    this.#deadlines.clear();
    for (const { queuedMs, homeAddress } of this.#entries.values()) {
      if (queuedMs < Number.POSITIVE_INFINITY) this.#deadlines.push(queuedMs, homeAddress);
    }
  }

  #newTunnelId(): number {
    this.#lastTunnelId = (this.#lastTunnelId % 0xffff_ffff) + 1;
    return this.#lastTunnelId;
  }
}

function sameIpv4(one: Ipv4Home | undefined, other: Ipv4Home | undefined): boolean {
  if (one === other) return true;
  if (!one || !other || one.homeAddress !== other.homeAddress) return false;
  return (
    one.prefixes.length === other.prefixes.length &&
    one.prefixes.every((prefix, index) => samePrefix(prefix, other.prefixes[index]!))
  );
}
