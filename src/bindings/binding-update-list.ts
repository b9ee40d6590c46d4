import type { Address } from '../bytes/address.ts';

/** How packets go between an IPv4 care-of address and the home agent (RFC 5555 §4.4.2). */
export interface Ipv4Encapsulation {
  /** In UDP: there is a NAT on the way, the agent demands it, or nothing is known yet. */
  readonly udp: boolean;
  /** `undefined` until the agent has told. */
  readonly nat: boolean | undefined;
}

/** A binding that a peer is known or presumed to hold for us (RFC 6275 §11.1, RFC 5648 §3). */
export interface BindingUpdateListEntry {
  /** 0 for a binding without identifier. */
  readonly bid: number;
  readonly careOfAddress: Address;
  /** False while a first Binding Update is under way: the peer may or may not hold the binding. */
  readonly acknowledged: boolean;
  readonly expiresMs: number;
  /** When the next Binding Update is to be sent to keep it. */
  readonly refreshMs: number;
  /** With an IPv4 care-of address. */
  readonly ipv4?: Ipv4Encapsulation;
  /** What the peer had acknowledged before it was asked for another care-of address: it may still send there. */
  readonly previous?: BindingUpdateListEntry;
}

/** The bindings that one peer holds for one home address. */
export class BindingUpdateList {
  readonly #entries = new Map<number, BindingUpdateListEntry>();

  get size(): number {
    return this.#entries.size;
  }

  get(bid: number): BindingUpdateListEntry | undefined {
    return this.#entries.get(bid);
  }

  entries(): Iterable<BindingUpdateListEntry> {
    return this.#entries.values();
  }

  /** Takes note of a Binding Update that was sent: the peer may hold this binding from now on. */
  sent(bid: number, careOfAddress: Address, expiresMs: number, ipv4?: Ipv4Encapsulation): void {
    const known = this.#entries.get(bid);
    // A refresh that is lost changes nothing; with another care-of address the peer may or may not have moved on.
    if (known?.acknowledged && known.careOfAddress === careOfAddress) return;
    const previous = known?.acknowledged ? known : known?.previous;
    const entry = { bid, careOfAddress, acknowledged: false, expiresMs, refreshMs: expiresMs };
    this.#entries.set(bid, { ...entry, ...(ipv4 && { ipv4 }), ...(previous && { previous }) });
  }

  acknowledged(
    bid: number,
    careOfAddress: Address,
    expiresMs: number,
    refreshMs: number,
    ipv4?: Ipv4Encapsulation,
  ): void {
    const entry = { bid, careOfAddress, acknowledged: true, expiresMs, refreshMs };
    this.#entries.set(bid, { ...entry, ...(ipv4 && { ipv4 }) });
  }

  /** Asks for a refresh at once: the peer said that it wants or lacks the binding. */
  refreshNow(bid: number, nowMs: number): void {
    const entry = this.#entries.get(bid);
    if (entry) this.#entries.set(bid, { ...entry, refreshMs: nowMs });
  }

  remove(bid: number): void {
    this.#entries.delete(bid);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Removes the entries whose lifetime is over and returns them. */
  expire(nowMs: number): BindingUpdateListEntry[] {
    const expired = [...this.#entries.values()].filter((entry) => entry.expiresMs <= nowMs);
    for (const { bid } of expired) this.#entries.delete(bid);
    return expired;
  }
}
