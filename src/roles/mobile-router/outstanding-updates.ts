import type { AgentAbilities } from './agent-abilities.ts';
import type { Home } from './path.ts';
import type { RegisteredBindings } from './registered-bindings.ts';
import { Transaction } from './transaction.ts';

/** The Binding Updates of one home address that wait to be sent or acknowledged. */
export class OutstandingUpdates {
  readonly #home: Home;
  readonly #bindings: RegisteredBindings;
  readonly #abilities: AgentAbilities;
  #all: readonly Transaction[] = [];
  /** The first registration after start, and one after status 165, replaces what the agent has (RFC 5648 §5.9). */
  overwriteNext = true;
  /** Whether the agent's silence was told. */
  unresponsiveReported = false;

  constructor(home: Home, bindings: RegisteredBindings, abilities: AgentAbilities) {
    this.#home = home;
    this.#bindings = bindings;
    this.#abilities = abilities;
  }

  get all(): readonly Transaction[] {
    return this.#all;
  }

  get nextDeadlineMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#all.map(({ deadlineMs }) => deadlineMs));
  }

  /** Whether one replaces all that the agent has: until it is answered no other one may register. */
  get isOverwriting(): boolean {
    return this.#all.some(({ overwrite }) => overwrite);
  }

  isUnderWay(bid: number): boolean {
    return this.#all.some(({ pending }) => pending.has(bid));
  }

  /** One that had this number. */
  answeredBy(sequenceNumber: number): Transaction | undefined {
    return this.#all.find((transaction) => transaction.transmission(sequenceNumber));
  }

  start(kind: Transaction['kind'], bids: readonly number[], nowMs: number): void {
    const overwrite = kind === 'register' && this.overwriteNext && this.#abilities.support !== 'unsupported';
    const isFirst = kind === 'register' && !this.#bindings.isEstablished;
    const { firstRegistrationTimeoutMs } = this.#home;
    const options = { overwrite, isFirst, firstRegistrationTimeoutMs };
    this.#all = [...this.#all, new Transaction(kind, bids, options, nowMs)];
    this.unresponsiveReported = false;
  }

  keep(isKept: (transaction: Transaction) => boolean): void {
    this.#all = this.#all.filter(isKept);
  }

  finish(transaction: Transaction): void {
    this.keep((other) => other !== transaction);
  }

  clear(): void {
    this.#all = [];
  }
}
