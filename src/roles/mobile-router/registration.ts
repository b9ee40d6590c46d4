import { NO_BID } from '../../bindings/binding-cache.ts';
import { BindingUpdateList } from '../../bindings/binding-update-list.ts';
import { remainingAfterAcknowledgementMs } from '../../bindings/lifetime.ts';
import { isNewerSequenceNumber, nextSequenceNumber } from '../../bindings/sequence-number.ts';
import type { Address } from '../../bytes/address.ts';
import type { MobileRouterConfiguration } from '../../config/configuration.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import { BindingStatus, isAccepted, OptionType } from '../../wire/mh/numbers.ts';
import type { RoleAction } from '../action.ts';
import { readAcknowledgement } from './acknowledgement.ts';
import { buildBindingUpdate } from './binding-update.ts';
import type { Path } from './path.ts';
import { Transaction, type Transmission } from './transaction.ts';

/** Binding Updates about a new care-of address per second (MAX_UPDATE_RATE, RFC 6275 §11.5.3, §12). */
const MAX_UPDATE_RATE = 3;
/** Share of the lifetime after which a binding is refreshed. */
const REFRESH_AFTER = 0.8;
/** After a refusal the next attempt waits, longer each time. */
const FIRST_REFUSAL_WAIT_MS = 10_000;
const LONGEST_REFUSAL_WAIT_MS = 300_000;
/** Answers with status 135 in a row that are followed at once. */
const QUICK_RESYNCHRONISATIONS = 3;

/** Keeps the home agent's bindings equal to the paths that can be used. */
export class Registration {
  readonly #configuration: MobileRouterConfiguration;
  readonly #list = new BindingUpdateList();
  #transactions: Transaction[] = [];
  #sequenceNumber: number;
  #paths: readonly Path[] = [];
  #support: 'unknown' | 'supported' | 'unsupported' = 'unknown';
  #bulk: boolean;
  /** The first registration after start, and one after status 165, replaces what the agent has (RFC 5648 §5.9). */
  #overwriteNext = true;
  #isShuttingDown = false;
  #refusedUntilMs = 0;
  #refusalWaitMs = FIRST_REFUSAL_WAIT_MS;
  #resynchronisations = 0;
  #recentUpdatesMs: number[] = [];

  constructor(configuration: MobileRouterConfiguration, firstSequenceNumber: number) {
    this.#configuration = configuration;
    this.#sequenceNumber = firstSequenceNumber;
    this.#bulk = configuration.registration === 'bulk';
  }

  get sequenceNumber(): number {
    return this.#sequenceNumber;
  }

  get support(): 'unknown' | 'supported' | 'unsupported' {
    return this.#support;
  }

  /** Whether nothing is registered or under way any more. */
  get isEmpty(): boolean {
    return this.#list.size === 0 && this.#transactions.length === 0;
  }

  get nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.#transactions) next = Math.min(next, deadlineMs);
    for (const { expiresMs } of this.#list.entries()) next = Math.min(next, expiresMs);
    const overwriteIsUnderWay = this.#transactions.some(({ overwrite }) => overwrite);
    if (overwriteIsUnderWay) return next;
    const allowedMs = Math.max(this.#refusedUntilMs, this.#nextUpdateAllowedMs());
    for (const [bid, path] of this.#wanted()) {
      if (this.#isUnderWay(bid)) continue;
      const dueMs = this.#needsRegistration(bid, path) ? 0 : this.#list.get(bid)!.refreshMs;
      next = Math.min(next, Math.max(dueMs, allowedMs));
    }
    return next;
  }

  /** The care-of address under which the home agent has acknowledged this BID. */
  registered(bid: number): { readonly careOfAddress: Address; readonly expiresMs: number } | undefined {
    const entry = this.#list.get(bid);
    return entry?.acknowledged ? entry : undefined;
  }

  /** Takes the paths that can be used, in order of preference, and brings the bindings in line. */
  update(paths: readonly Path[], nowMs: number): RoleAction[] {
    this.#paths = paths;
    const wanted = this.#wanted();
    this.#transactions = this.#transactions.filter((transaction) => {
      for (const bid of transaction.pending) {
        if (wanted.has(bid) === (transaction.kind === 'register')) continue;
        transaction.pending.delete(bid);
        // Wanted again while its removal is under way: the agent may or may not have it still.
        if (transaction.kind === 'deregister') this.#list.remove(bid);
      }
      return transaction.kind === 'deregister-all' || transaction.pending.size > 0;
    });
    for (const transaction of this.#transactions) {
      const isStale = [...transaction.pending].some((bid) =>
        transaction.isOutdated(bid, wanted.get(bid)?.careOfAddress),
      );
      if (isStale || (transaction.isPostponed && paths.length > 0)) transaction.postpone(nowMs);
    }
    return this.run(nowMs);
  }

  /** De-registers everything. */
  shutDown(nowMs: number): RoleAction[] {
    this.#isShuttingDown = true;
    this.#transactions = [];
    if (this.#list.size > 0) this.#start('deregister-all', [], nowMs);
    return this.#transmitDue(nowMs);
  }

  /** Does what is due. */
  run(nowMs: number): RoleAction[] {
    const actions: RoleAction[] = this.#list
      .expire(nowMs)
      .map(({ bid, careOfAddress }) => this.#removed(bid, careOfAddress, 'expired'));
    if (!this.#isShuttingDown) this.#plan(nowMs);
    return [...actions, ...this.#transmitDue(nowMs)];
  }

  /** The home agent asks for bindings to be refreshed (RFC 6275 §11.7.4, RFC 5648 §5.8); no BIDs: for all. */
  refreshRequested(bids: readonly number[], nowMs: number): RoleAction[] {
    for (const entry of [...this.#list.entries()]) {
      if (bids.length === 0 || bids.includes(entry.bid)) this.#list.refreshNow(entry.bid, nowMs);
    }
    return this.run(nowMs);
  }

  /** A Binding Acknowledgement from the home agent; `undefined` if it answers nothing that is under way. */
  acknowledged(acknowledgement: BindingAcknowledgement, nowMs: number): RoleAction[] | undefined {
    const { sequenceNumber } = acknowledgement;
    let transaction = this.#transactions.find((candidate) => candidate.transmission(sequenceNumber));
    if (acknowledgement.status === BindingStatus.sequenceNumberOutOfWindow) {
      // It carries the agent's last accepted number, which need not be one of ours.
      transaction ??= this.#transactions.find((candidate) => candidate.attempts > 0);
    }
    if (!transaction) return undefined;
    const transmission = transaction.transmission(sequenceNumber);
    const bids = [...(transmission?.bindings.keys() ?? [])];
    const reading = readAcknowledgement(acknowledgement, bids, transaction.kind === 'register');
    if (reading.kind !== 'sequence-number-out-of-window') this.#resynchronisations = 0;
    const actions: RoleAction[] = [];
    switch (reading.kind) {
      case 'sequence-number-out-of-window':
        // A late answer, overtaken by others, must not make us use numbers twice.
        if (!isNewerSequenceNumber(this.#sequenceNumber, sequenceNumber)) this.#sequenceNumber = sequenceNumber;
        this.#resynchronisations++;
        if (this.#resynchronisations <= QUICK_RESYNCHRONISATIONS) transaction.resend(nowMs);
        break;
      case 'no-multiple-care-of-addresses':
        actions.push(...this.#fallBackToPlain());
        // The agent took the Binding Update for a plain one of its source address; our next one says so plainly.
        if (!isAccepted(reading.status)) this.#refused(transaction, bids, reading.status, actions, nowMs);
        break;
      case 'multiple-care-of-addresses-prohibited':
        actions.push(...this.#fallBackToPlain());
        break;
      case 'bulk-registration-prohibited':
        this.#bulk = false;
        this.#finish(transaction);
        break;
      case 'plain-binding-exists':
        this.#overwriteNext = true;
        this.#finish(transaction);
        break;
      case 'statuses':
        if (transmission) this.#settle(transaction, transmission, reading.statuses, acknowledgement, actions, nowMs);
        break;
    }
    return [...actions, ...this.run(nowMs)];
  }

  /** Each binding that should exist, and its path: all paths, or only the best one in plain Mobile IPv6. */
  #wanted(): ReadonlyMap<number, Path> {
    if (this.#isShuttingDown) return new Map();
    if (this.#support !== 'unsupported') return new Map(this.#paths.map((path) => [path.bid, path]));
    const [best] = this.#paths;
    return new Map(best ? [[NO_BID, best]] : []);
  }

  #isUnderWay(bid: number): boolean {
    return this.#transactions.some((transaction) => transaction.pending.has(bid));
  }

  #needsRegistration(bid: number, path: Path): boolean {
    const entry = this.#list.get(bid);
    return !entry?.acknowledged || entry.careOfAddress !== path.careOfAddress;
  }

  /** Starts what is missing: removals first, so that traffic leaves lost paths at once. */
  #plan(nowMs: number): void {
    const wanted = this.#wanted();
    if (wanted.size === 0) return;
    // A plain registration replaces every other binding by itself.
    const lost = this.#support === 'unsupported' ? [] : [...this.#list.entries()].filter(({ bid }) => !wanted.has(bid));
    const toRemove = lost.map(({ bid }) => bid).filter((bid) => !this.#isUnderWay(bid));
    if (toRemove.length > 0) this.#startEach('deregister', toRemove, nowMs);

    if (nowMs < this.#refusedUntilMs || this.#transactions.some(({ overwrite }) => overwrite)) return;
    const isFresh = (bid: number) => (this.#list.get(bid)?.refreshMs ?? 0) > nowMs;
    const due = [...wanted]
      .filter(([bid, path]) => !this.#isUnderWay(bid) && (this.#needsRegistration(bid, path) || !isFresh(bid)))
      .map(([bid]) => bid);
    if (due.length === 0 || nowMs < this.#nextUpdateAllowedMs()) return;
    if (this.#overwriteNext) this.#start('register', due.slice(0, 1), nowMs);
    else this.#startEach('register', due, nowMs);
  }

  /** One transaction for all, or one for each where bulk registration is not to be used. */
  #startEach(kind: 'register' | 'deregister', bids: readonly number[], nowMs: number): void {
    if (this.#bulk) this.#start(kind, bids, nowMs);
    else for (const bid of bids) this.#start(kind, [bid], nowMs);
  }

  #start(kind: Transaction['kind'], bids: readonly number[], nowMs: number): void {
    const overwrite = kind === 'register' && this.#overwriteNext && this.#support !== 'unsupported';
    const isFirst = kind === 'register' && ![...this.#list.entries()].some(({ acknowledged }) => acknowledged);
    this.#transactions.push(new Transaction(kind, bids, { overwrite, isFirst }, nowMs));
  }

  #finish(transaction: Transaction): void {
    this.#transactions = this.#transactions.filter((other) => other !== transaction);
  }

  #transmitDue(nowMs: number): RoleAction[] {
    const actions: RoleAction[] = [];
    for (const transaction of this.#transactions) {
      if (transaction.deadlineMs > nowMs) continue;
      if (transaction.kind === 'register' && nowMs < this.#nextUpdateAllowedMs()) {
        transaction.postpone(this.#nextUpdateAllowedMs());
        continue;
      }
      const path = this.#choosePath(transaction);
      if (!path) {
        transaction.postpone(Number.POSITIVE_INFINITY);
        continue;
      }
      actions.push(this.#transmit(transaction, path, nowMs));
    }
    return actions;
  }

  /**
   * A registration of one care-of address leaves from that address, which proves the path. Everything else takes the
   * best path, and another one each time that no answer came.
   */
  #choosePath(transaction: Transaction): Path | undefined {
    if (transaction.overwrite && transaction.attempts > 0) this.#tryNextPath(transaction);
    const [only, ...others] = transaction.pending;
    if (transaction.kind === 'register' && others.length === 0 && only !== undefined) return this.#wanted().get(only);
    return this.#paths[transaction.attempts % Math.max(1, this.#paths.length)];
  }

  /** The first registration goes round the paths until one brings an answer. */
  #tryNextPath(transaction: Transaction): void {
    const next = this.#paths[transaction.attempts % Math.max(1, this.#paths.length)];
    if (!next || this.#support === 'unsupported') return;
    transaction.pending.clear();
    transaction.pending.add(next.bid);
  }

  #transmit(transaction: Transaction, path: Path, nowMs: number): RoleAction {
    const registers = transaction.kind === 'register';
    this.#sequenceNumber = nextSequenceNumber(this.#sequenceNumber);
    const wanted = this.#wanted();
    const transmission: Transmission = {
      sequenceNumber: this.#sequenceNumber,
      sentMs: nowMs,
      lifetimeSeconds: registers ? this.#configuration.lifetimeSeconds : 0,
      bindings: new Map(
        [...transaction.pending].map((bid) => [
          bid,
          wanted.get(bid)?.careOfAddress ?? this.#list.get(bid)?.careOfAddress ?? path.careOfAddress,
        ]),
      ),
      overwrite: transaction.overwrite,
    };
    transaction.sent(transmission);
    if (registers) {
      this.#recentUpdatesMs = [...this.#recentUpdatesMs.slice(1 - MAX_UPDATE_RATE), nowMs];
      const expiresMs = nowMs + this.#configuration.lifetimeSeconds * 1000;
      for (const [bid, careOfAddress] of transmission.bindings) this.#list.sent(bid, careOfAddress, expiresMs);
    }
    const packet = buildBindingUpdate(this.#configuration, transmission, path.careOfAddress);
    return { type: 'send', packet, interfaceIndex: path.interfaceIndex };
  }

  #nextUpdateAllowedMs(): number {
    const oldest = this.#recentUpdatesMs[0];
    return oldest === undefined || this.#recentUpdatesMs.length < MAX_UPDATE_RATE ? 0 : oldest + 1000;
  }

  #settle(
    transaction: Transaction,
    transmission: Transmission,
    statuses: ReadonlyMap<number, number>,
    acknowledgement: BindingAcknowledgement,
    actions: RoleAction[],
    nowMs: number,
  ): void {
    if (transaction.kind !== 'register') {
      this.#settleRemoval(transaction, actions);
      return;
    }
    if (transaction.isSuperseded(transmission)) return;
    const refused: number[] = [];
    let refusal: number = BindingStatus.reasonUnspecified;
    for (const [bid, status] of statuses) {
      transaction.pending.delete(bid);
      if (isAccepted(status)) {
        actions.push(...this.#accepted(bid, transmission, acknowledgement, nowMs));
      } else {
        refused.push(bid);
        refusal = status;
      }
    }
    if (refused.length < statuses.size) {
      if (this.#support === 'unknown' && !statuses.has(NO_BID)) this.#support = 'supported';
      if (transaction.overwrite) this.#overwriteNext = false;
      this.#refusalWaitMs = FIRST_REFUSAL_WAIT_MS;
    }
    if (refused.length > 0) this.#refused(transaction, refused, refusal, actions, nowMs);
    if (transaction.pending.size === 0) this.#finish(transaction);
  }

  /** Whatever the status: the agent does not hold the binding any more (133, 167) or never will listen. */
  #settleRemoval(transaction: Transaction, actions: RoleAction[]): void {
    const bids =
      transaction.kind === 'deregister-all' ? [...this.#list.entries()].map(({ bid }) => bid) : transaction.pending;
    for (const bid of bids) {
      const entry = this.#list.get(bid);
      this.#list.remove(bid);
      if (entry) actions.push(this.#removed(bid, entry.careOfAddress, 'deregistered'));
    }
    this.#finish(transaction);
  }

  #accepted(
    bid: number,
    transmission: Transmission,
    acknowledgement: BindingAcknowledgement,
    nowMs: number,
  ): RoleAction[] {
    const careOfAddress = transmission.bindings.get(bid)!;
    const askedRemainingMs = transmission.sentMs + transmission.lifetimeSeconds * 1000 - nowMs;
    const remainingMs = remainingAfterAcknowledgementMs(
      askedRemainingMs,
      transmission.lifetimeSeconds,
      acknowledgement.lifetimeSeconds,
    );
    const advice = acknowledgement.options.find((option) => option.type === OptionType.bindingRefreshAdvice);
    const advisedMs = advice ? advice.refreshIntervalSeconds * 1000 : Number.POSITIVE_INFINITY;
    const refreshMs = nowMs + Math.min(remainingMs * REFRESH_AFTER, advisedMs);
    const before = this.#list.get(bid);
    const isNews = !before?.acknowledged || before.careOfAddress !== careOfAddress;
    this.#list.acknowledged(bid, careOfAddress, nowMs + remainingMs, refreshMs);
    if (!isNews) return [];
    const { homeAddress } = this.#configuration;
    const { lifetimeSeconds } = acknowledgement;
    return [{ type: 'event', event: { type: 'binding-registered', homeAddress, bid, careOfAddress, lifetimeSeconds } }];
  }

  #refused(
    transaction: Transaction,
    bids: readonly number[],
    status: number,
    actions: RoleAction[],
    nowMs: number,
  ): void {
    for (const bid of bids) {
      const careOfAddress = this.#list.get(bid)?.careOfAddress ?? this.#wanted().get(bid)?.careOfAddress;
      this.#list.remove(bid);
      if (careOfAddress === undefined) continue;
      const { homeAddress } = this.#configuration;
      actions.push({ type: 'event', event: { type: 'binding-refused', homeAddress, bid, careOfAddress, status } });
    }
    if (status === BindingStatus.mcoaUnknownCareOfAddress) return;
    this.#refusedUntilMs = nowMs + this.#refusalWaitMs;
    this.#refusalWaitMs = Math.min(2 * this.#refusalWaitMs, LONGEST_REFUSAL_WAIT_MS);
    if (transaction.pending.size === 0 || transaction.kind !== 'register') this.#finish(transaction);
  }

  #fallBackToPlain(): RoleAction[] {
    this.#support = 'unsupported';
    this.#overwriteNext = false;
    this.#transactions = [];
    this.#list.clear();
    const { homeAgentAddress } = this.#configuration;
    return [{ type: 'event', event: { type: 'multiple-care-of-addresses-unavailable', homeAgentAddress } }];
  }

  #removed(bid: number, careOfAddress: Address, reason: 'deregistered' | 'expired'): RoleAction {
    const { homeAddress } = this.#configuration;
    return { type: 'event', event: { type: 'binding-removed', homeAddress, bid, careOfAddress, reason } };
  }
}
