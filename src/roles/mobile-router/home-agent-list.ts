import type { Address } from '../../bytes/address.ts';

/** The home agents that may serve one home, in the order in which they are tried (RFC 6275 §11.4.1). */
export class HomeAgentList {
  #addresses: readonly Address[];
  #current: Address | undefined;
  /** Agents that refused or fell silent, and until when they are passed over. */
  readonly #avoidedUntilMs = new Map<Address, number>();

  constructor(configured: Address | undefined) {
    this.#addresses = configured === undefined ? [] : [configured];
    this.#current = configured;
  }

  get current(): Address | undefined {
    return this.#current;
  }

  /** Takes over the answer to a discovery, in its order; an agent that it does not name stays at the end of the list. */
  discovered(addresses: readonly Address[]): void {
    this.#addresses = [...new Set([...addresses, ...this.#addresses])];
  }

  /** Passes an agent over until then. */
  avoid(address: Address, untilMs: number): void {
    this.#avoidedUntilMs.set(address, Math.max(untilMs, this.#avoidedUntilMs.get(address) ?? 0));
  }

  /** The next agent that may be tried instead of the current one, if there is one. */
  alternative(nowMs: number): Address | undefined {
    const isTried = (address: Address) =>
      address !== this.#current && (this.#avoidedUntilMs.get(address) ?? 0) <= nowMs;
    const place = this.#current === undefined ? -1 : this.#addresses.indexOf(this.#current);
    const rest = [...this.#addresses.slice(place + 1), ...this.#addresses.slice(0, Math.max(0, place))];
    return rest.find(isTried);
  }

  use(address: Address): void {
    this.#current = address;
    if (!this.#addresses.includes(address)) this.#addresses = [...this.#addresses, address];
  }
}
