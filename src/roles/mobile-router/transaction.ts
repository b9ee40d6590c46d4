import type { Address } from '../../bytes/address.ts';
import type { Ipv4HomeAddressOption } from '../../wire/mh/options/ipv4-home-address.ts';
import type { Proof } from './registration-authentication.ts';

/** RFC 6275 §12. */
export const INITIAL_BINDACK_TIMEOUT_MS = 1000;
export const MAX_BINDACK_TIMEOUT_MS = 32_000;
/** How often an update is sent in vain before the other address family is tried (RFC 5555 §4.4.1). */
const ATTEMPTS_PER_FAMILY = 3;

/** Transmissions remembered: an acknowledgement of an earlier one is as good as of the last. */
const REMEMBERED_TRANSMISSIONS = 8;

/** One Binding Update as it was sent. */
export interface Transmission {
  readonly sequenceNumber: number;
  readonly sentMs: number;
  readonly lifetimeSeconds: number;
  readonly bindings: ReadonlyMap<number, Address>;
  readonly overwrite: boolean;
  /** The care-of address that it left from. */
  readonly source: Address;
  readonly forcesUdp?: boolean;
  readonly ipv4Home?: readonly Ipv4HomeAddressOption[];
  /** How its acknowledgement is recognised, where they are authenticated. */
  readonly proof?: Proof;
}

/** A Binding Update that waits for its acknowledgement, through all its retransmissions (RFC 6275 §11.8). */
export class Transaction {
  readonly kind: 'register' | 'deregister' | 'deregister-all' | 'return-home';
  /** BIDs not yet acknowledged. */
  readonly pending: Set<number>;
  readonly overwrite: boolean;
  attempts = 0;
  /** When to send, again or for the first time. */
  deadlineMs: number;
  #timeoutMs: number;
  #transmissions: Transmission[] = [];
  /** How often it was sent in vain from each care-of address. */
  readonly #unanswered = new Map<Address, number>();
  #hasChangedFamily = false;

  constructor(
    kind: Transaction['kind'],
    bids: Iterable<number>,
    options: { readonly overwrite: boolean; readonly isFirst: boolean; readonly firstRegistrationTimeoutMs: number },
    nowMs: number,
  ) {
    this.kind = kind;
    this.pending = new Set(bids);
    this.overwrite = options.overwrite;
    this.deadlineMs = nowMs;
    this.#timeoutMs = options.isFirst ? options.firstRegistrationTimeoutMs : INITIAL_BINDACK_TIMEOUT_MS;
  }

  /** Takes note of a transmission; the next one comes after a time-out that doubles each time. */
  sent(transmission: Transmission): void {
    this.#transmissions = [...this.#transmissions.slice(1 - REMEMBERED_TRANSMISSIONS), transmission];
    this.attempts++;
    const { source } = transmission;
    this.#unanswered.set(source, (this.#unanswered.get(source) ?? 0) + 1);
    this.deadlineMs = transmission.sentMs + this.#timeoutMs;
    this.#timeoutMs = Math.min(2 * this.#timeoutMs, MAX_BINDACK_TIMEOUT_MS);
  }

  /** Whether the other family's care-of address is to be tried. The first registration goes round all care-of addresses. */
  isExhausted(source: Address): boolean {
    const unanswered = this.#unanswered.get(source) ?? 0;
    if (unanswered === 0) return false;
    const all = [...this.#unanswered.values()].reduce((sum, count) => sum + count, 0);
    return (this.overwrite ? all : unanswered) >= ATTEMPTS_PER_FAMILY;
  }

  /** From a care-of address of another family the back-off begins anew, once. */
  changeFamily(source: Address): void {
    this.#unanswered.delete(source);
    if (!this.#hasChangedFamily) this.#timeoutMs = INITIAL_BINDACK_TIMEOUT_MS;
    this.#hasChangedFamily = true;
  }

  /** The last transmission. */
  get last(): Transmission | undefined {
    return this.#transmissions.at(-1);
  }

  /** Whether it concerns the home address as a whole. */
  get isAboutAll(): boolean {
    return this.kind === 'deregister-all' || this.kind === 'return-home';
  }

  /** Whether the next transmission waits as long for its answer as any ever will. */
  get hasReachedLongestTimeout(): boolean {
    return this.#timeoutMs >= MAX_BINDACK_TIMEOUT_MS;
  }

  /** Whether it waits for a path to appear. */
  get isPostponed(): boolean {
    return this.deadlineMs === Number.POSITIVE_INFINITY;
  }

  /** Whether the last transmission named another care-of address for this BID than the one that it has now. */
  isOutdated(bid: number, careOfAddress: Address | undefined): boolean {
    const sent = this.#transmissions.at(-1)?.bindings.get(bid);
    return sent !== undefined && careOfAddress !== undefined && sent !== careOfAddress;
  }

  /** Whether a transmission may have made this binding. */
  hasRegistered(bid: number, careOfAddress: Address): boolean {
    return this.kind === 'register' && this.#transmissions.some(({ bindings }) => bindings.get(bid) === careOfAddress);
  }

  /**
   * Whether a later transmission replaced at the agent what this one registered: then its acknowledgement says nothing
   * any more, whichever of the two arrived first.
   */
  isSuperseded(transmission: Transmission): boolean {
    const last = this.#transmissions.at(-1);
    return (
      this.overwrite && last !== undefined && [...transmission.bindings.keys()].some((bid) => !last.bindings.has(bid))
    );
  }

  /** The path is good, the content was not: sends again at once, by the same path. */
  resend(nowMs: number): void {
    this.attempts = Math.max(0, this.attempts - 1);
    this.deadlineMs = nowMs;
  }

  /** Nothing could be sent for want of a path: try again as soon as there is one. */
  postpone(untilMs: number): void {
    this.deadlineMs = untilMs;
  }

  /** Of all transmissions that an acknowledgement may still answer. */
  get proofs(): Proof[] {
    return this.#transmissions.flatMap(({ proof }) => proof ?? []);
  }

  transmission(sequenceNumber: number): Transmission | undefined {
    return this.#transmissions.find((sent) => sent.sequenceNumber === sequenceNumber);
  }
}
