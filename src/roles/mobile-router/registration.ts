import type { BindingUpdateListEntry } from '../../bindings/binding-update-list.ts';
import { type Address, isIpv4 } from '../../bytes/address.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import type { MobilityPacket } from '../../wire/signalling.ts';
import type { DropReason, RoleAction } from '../action.ts';
import { AcknowledgementProcessing } from './acknowledgement-processing.ts';
import { AgentAbilities } from './agent-abilities.ts';
import type { Ipv4HomeBinding } from './ipv4-home-binding.ts';
import { OutstandingUpdates } from './outstanding-updates.ts';
import type { Home, Path } from './path.ts';
import { RefusalWait } from './refusal-wait.ts';
import { RegisteredBindings } from './registered-bindings.ts';
import type { RegistrationAuthentication } from './registration-authentication.ts';
import type { Transaction } from './transaction.ts';
import { choosePath } from './update-path.ts';
import { UpdateSender } from './update-sender.ts';
import type { Verdict } from './verdict.ts';
import { WantedBindings } from './wanted-bindings.ts';

/** Keeps the home agent's bindings equal to the paths that can be used. */
export class Registration {
  readonly #home: Home;
  readonly #authentication: RegistrationAuthentication;
  readonly #bindings: RegisteredBindings;
  readonly #sender: UpdateSender;
  readonly #abilities: AgentAbilities;
  readonly #wanted: WantedBindings;
  readonly #updates: OutstandingUpdates;
  readonly #refusals = new RefusalWait();
  readonly #processing: AcknowledgementProcessing;
  /** Set while nothing may be registered: the prefixes have to be learnt first. */
  isHeld = false;
  /** No agent of the home link takes the router: nothing is registered (RFC 3963 §5.4). */
  isStopped = false;

  constructor(home: Home, authentication: RegistrationAuthentication, firstSequenceNumber: number) {
    this.#home = home;
    this.#authentication = authentication;
    this.#bindings = new RegisteredBindings(home.homeAddress, home.natKeepAliveSeconds);
    this.#sender = new UpdateSender(home, authentication, firstSequenceNumber);
    this.#abilities = new AgentAbilities(home.registration === 'bulk');
    this.#wanted = new WantedBindings(this.#bindings.list, this.#abilities);
    this.#updates = new OutstandingUpdates(home, this.#bindings, this.#abilities);
    this.#processing = new AcknowledgementProcessing({
      ...{ home, authentication },
      abilities: this.#abilities,
      bindings: this.#bindings,
      wanted: this.#wanted,
      updates: this.#updates,
      refusals: this.#refusals,
      sender: this.#sender,
    });
  }

  get sequenceNumber(): number {
    return this.#sender.sequenceNumber;
  }

  /** Sets what all updates say of the home address: flag L, and a limit to their lifetimes. */
  describeHome(linkLocalCompatible: boolean, validUntilMs: number): void {
    this.#sender.linkLocalCompatible = linkLocalCompatible;
    this.#sender.homeValidUntilMs = validUntilMs;
  }

  /** The home binding stands, but the home agent goes on to defend the home address (status 5, RFC 5648 §5.6.4). */
  get withoutNeighborDiscovery(): boolean {
    return this.#bindings.withoutNeighborDiscovery;
  }

  get support(): 'unknown' | 'supported' | 'unsupported' {
    return this.#abilities.support;
  }

  /** Whether nothing is registered or under way any more. */
  get isEmpty(): boolean {
    return this.#bindings.list.size === 0 && this.#updates.all.length === 0;
  }

  get nextDeadlineMs(): number {
    let next = Math.min(this.#updates.nextDeadlineMs, this.#wanted.nextDeadlineMs);
    for (const { expiresMs } of this.#bindings.entries) next = Math.min(next, expiresMs);
    if (this.#refusals.silentUntilMs !== undefined) return Math.min(next, this.#refusals.silentUntilMs);
    if (this.#updates.isOverwriting || this.isHeld || this.isStopped) return next;
    const allowedMs = Math.max(this.#refusals.untilMs, this.#sender.allowedMs);
    for (const [bid, path] of this.#wanted.all()) {
      if (this.#updates.isUnderWay(bid)) continue;
      const dueMs = this.#wanted.needsRegistration(bid, path) ? 0 : this.#bindings.list.get(bid)!.refreshMs;
      next = Math.min(next, Math.max(dueMs, allowedMs));
    }
    return next;
  }

  /** What the home agent was asked for under this BID, and whether it has acknowledged. */
  entry(bid: number): BindingUpdateListEntry | undefined {
    return this.#bindings.list.get(bid);
  }

  /** What of IPv4 the agent has bound with the home address. */
  get ipv4Home(): Ipv4HomeBinding | undefined {
    return this.#home.ipv4Home;
  }

  /** The binding which the home agent has acknowledged under this BID. */
  registered(bid: number): BindingUpdateListEntry | undefined {
    const entry = this.#bindings.list.get(bid);
    return entry?.acknowledged ? entry : undefined;
  }

  /** Whether the agent may hold this binding: it was asked to, whether or not it has said so. */
  mayHold(bid: number, careOfAddress: Address): boolean {
    return (
      this.#bindings.list.get(bid)?.careOfAddress === careOfAddress ||
      this.#updates.all.some((transaction) => transaction.hasRegistered(bid, careOfAddress))
    );
  }

  get agent(): Address {
    return this.#home.homeAgentAddress;
  }

  /** Whether some update waits for its answer. */
  get isWaiting(): boolean {
    return this.#updates.all.some(({ attempts }) => attempts > 0);
  }

  /** Whether the update with this number waits for its answer. */
  isOutstanding(sequenceNumber: number): boolean {
    return this.#updates.answeredBy(sequenceNumber) !== undefined;
  }

  /**
   * Updates from this IPv4 care-of address are answered, packets without UDP are not: UDP is asked for (RFC 5555 §4.4.1).
   * Where that was in vain, the address is as good as none: each registration would be followed by silence again.
   */
  forceUdp(careOfAddress: Address, nowMs: number): void {
    const isInVain = this.#sender.forcedUdpRefused || this.#sender.udpOnly.has(careOfAddress);
    if (isInVain) this.#wanted.avoid(careOfAddress, nowMs);
    this.#sender.udpOnly.add(careOfAddress);
  }

  /** Ends all attempts. */
  stop(): void {
    this.isStopped = true;
    this.#updates.keep(({ kind }) => kind !== 'register');
  }

  /** The agent cannot even read our updates: none is sent for a while. */
  refuseAll(nowMs: number): void {
    this.#updates.clear();
    this.#refusals.refused(nowMs);
  }

  /** Whether the agent holds a binding that it has acknowledged. */
  get isEstablished(): boolean {
    return this.#bindings.isEstablished;
  }

  /** When the last binding that this agent may hold ends; 0 if it holds none. */
  get expiresMs(): number {
    return this.#bindings.expiresMs;
  }

  /** What was found out since the last call. */
  takeVerdicts(): readonly Verdict[] {
    const { verdicts } = this.#processing;
    this.#processing.verdicts = [];
    return verdicts;
  }

  /** Takes the paths that can be used, in order of preference, and brings the bindings in line. */
  update(paths: readonly Path[], nowMs: number): RoleAction[] {
    this.#wanted.paths = paths;
    const wanted = this.#wanted.all();
    this.#updates.keep((transaction) => {
      for (const bid of transaction.pending) {
        const path = wanted.get(bid);
        const isRegister = transaction.kind === 'register';
        const leavesBulk = isRegister && path && transaction.pending.size > 1 && this.#wanted.mustBeAlone(bid, path);
        if ((path !== undefined && !leavesBulk) === isRegister) continue;
        transaction.pending.delete(bid);
        // Wanted again while its removal is under way: the agent may or may not have it still.
        if (transaction.kind === 'deregister') this.#bindings.list.remove(bid);
      }
      return transaction.isAboutAll || transaction.pending.size > 0;
    });
    for (const transaction of this.#updates.all) {
      const isStale = [...transaction.pending].some((bid) =>
        transaction.isOutdated(bid, wanted.get(bid)?.careOfAddress),
      );
      if (isStale || (transaction.isPostponed && paths.length > 0)) transaction.postpone(nowMs);
    }
    return this.run(nowMs);
  }

  /** De-registers everything. */
  shutDown(nowMs: number): RoleAction[] {
    this.#wanted.stage = 'leaving';
    this.#updates.clear();
    if (this.#refusals.silentUntilMs !== undefined) this.#bindings.list.clear();
    if (this.#bindings.list.size > 0) this.#updates.start('deregister-all', [], nowMs);
    return this.#transmitDue(nowMs);
  }

  /** The router is about to come home: what is registered stays, and nothing new is. */
  pause(): void {
    if (this.#wanted.stage === 'leaving') return;
    this.#wanted.stage = 'returning';
    this.#updates.clear();
  }

  /**
   * The router is at home: removes all bindings, from the home address by way of the home link (RFC 6275 §11.5.5). The
   * bindings stay in use until the agent has acknowledged.
   */
  returnHome(homeLink: Path, nowMs: number): RoleAction[] {
    this.#wanted.stage = 'returning';
    this.#wanted.paths = [homeLink];
    this.#updates.clear();
    this.#refusals.silentUntilMs = undefined;
    this.#updates.start('return-home', [], nowMs);
    return this.#transmitDue(nowMs);
  }

  /** The router has left home, or never got there: care-of addresses are registered again. */
  leaveHome(): void {
    if (this.#wanted.stage === 'leaving') return;
    this.#updates.keep(({ kind }) => kind !== 'return-home');
    // On the way home the agent may have removed some, or none.
    if (this.#wanted.stage !== 'away') this.#updates.overwriteNext = this.#abilities.support !== 'unsupported';
    for (const { bid } of this.#bindings.entries) this.#bindings.list.refreshNow(bid, 0);
    this.#wanted.stage = 'away';
  }

  /** Forgets what the agent held. */
  forget(): RoleAction[] {
    this.#updates.clear();
    return this.#bindings.allDeregistered();
  }

  /** Does what is due. */
  run(nowMs: number): RoleAction[] {
    const actions = this.#bindings.expire(nowMs);
    this.#wanted.expire(nowMs);
    if (this.#refusals.silentUntilMs !== undefined && nowMs >= this.#refusals.silentUntilMs)
      this.#refusals.silentUntilMs = undefined;
    if (this.#wanted.stage === 'away' && this.#refusals.silentUntilMs === undefined) this.#plan(nowMs);
    return [...actions, ...this.#transmitDue(nowMs)];
  }

  /** The home agent asks for bindings to be refreshed (RFC 6275 §11.7.4, RFC 5648 §5.8); no BIDs: for all. */
  refreshRequested(bids: readonly number[], nowMs: number): RoleAction[] {
    for (const entry of this.#bindings.entries) {
      if (bids.length === 0 || bids.includes(entry.bid)) this.#bindings.list.refreshNow(entry.bid, nowMs);
    }
    return this.run(nowMs);
  }

  /** Why an acknowledgement is not to be believed. */
  acknowledgementProblem(packet: MobilityPacket, acknowledgement: BindingAcknowledgement): DropReason | undefined {
    const proofs = this.#updates.all.flatMap((transaction) => transaction.proofs);
    return this.#authentication.problem(packet, acknowledgement, proofs);
  }

  /** A Binding Acknowledgement from the home agent; `undefined` if it answers nothing that is under way. */
  acknowledged(acknowledgement: BindingAcknowledgement, nowMs: number): RoleAction[] | undefined {
    const actions = this.#processing.process(acknowledgement, nowMs);
    return actions && [...actions, ...this.run(nowMs)];
  }

  /** Whether the home link cannot be used beside other links: then it is either or. */
  get homeBindingUnavailable(): boolean {
    return this.#abilities.homeBindingUnavailable;
  }

  /** Starts what is missing: removals first, so that traffic leaves lost paths at once. */
  #plan(nowMs: number): void {
    const wanted = this.#wanted.all();
    if (wanted.size === 0) return;
    // A plain registration replaces every other binding by itself.
    const lost =
      this.#abilities.support === 'unsupported' ? [] : this.#bindings.entries.filter(({ bid }) => !wanted.has(bid));
    const toRemove = lost.map(({ bid }) => bid).filter((bid) => !this.#updates.isUnderWay(bid));
    if (toRemove.length > 0) this.#startEach('deregister', toRemove, nowMs);

    if (this.isHeld || this.isStopped || nowMs < this.#refusals.untilMs || this.#updates.isOverwriting) return;
    const isFresh = (bid: number) => (this.#bindings.list.get(bid)?.refreshMs ?? 0) > nowMs;
    const due = [...wanted]
      .filter(
        ([bid, path]) => !this.#updates.isUnderWay(bid) && (this.#wanted.needsRegistration(bid, path) || !isFresh(bid)),
      )
      .map(([bid]) => bid);
    if (due.length === 0 || nowMs < this.#sender.allowedMs) return;
    if (this.#updates.overwriteNext) {
      this.#updates.start('register', due.slice(0, 1), nowMs);
    } else {
      const alone = due.filter((bid) => this.#wanted.mustBeAlone(bid, wanted.get(bid)!));
      for (const bid of alone) this.#updates.start('register', [bid], nowMs);
      const others = due.filter((bid) => !alone.includes(bid));
      if (others.length > 0) this.#startEach('register', this.#withHomeBinding(others), nowMs);
    }
  }

  /**
   * An update without the H flag ends the home binding (RFC 5648 §5.6.5), so each one has to name it as long as it is
   * wanted.
   */
  #withHomeBinding(due: readonly number[]): readonly number[] {
    const home = this.#wanted.homeBid;
    return home === undefined || !this.#abilities.bulk || due.includes(home) ? due : [...due, home];
  }

  /** One transaction for all, or one for each where bulk registration is not to be used. */
  #startEach(kind: 'register' | 'deregister', bids: readonly number[], nowMs: number): void {
    if (this.#abilities.bulk) this.#updates.start(kind, bids, nowMs);
    else for (const bid of bids) this.#updates.start(kind, [bid], nowMs);
  }

  #transmitDue(nowMs: number): RoleAction[] {
    const actions: RoleAction[] = [];
    for (const transaction of this.#updates.all) {
      if (transaction.deadlineMs > nowMs) continue;
      if (transaction.kind === 'register' && nowMs < this.#sender.allowedMs) {
        transaction.postpone(this.#sender.allowedMs);
        continue;
      }
      const path = choosePath(transaction, this.#wanted, this.#abilities);
      if (!path) {
        transaction.postpone(Number.POSITIVE_INFINITY);
        continue;
      }
      if (transaction.kind === 'register' && path.hasAlternative && transaction.isExhausted(path.careOfAddress)) {
        const { name: uplink, careOfAddress } = path;
        transaction.changeFamily(careOfAddress);
        transaction.postpone(Number.POSITIVE_INFINITY);
        this.#processing.verdicts.push({ kind: 'care-of-address-unanswered', uplink, careOfAddress });
        continue;
      }
      if (transaction.hasReachedLongestTimeout && !this.#updates.unresponsiveReported) {
        this.#updates.unresponsiveReported = true;
        this.#processing.verdicts.push({ kind: 'unresponsive' });
      }
      actions.push(this.#transmit(transaction, path, nowMs));
    }
    return actions;
  }

  #transmit(transaction: Transaction, path: Path, nowMs: number): RoleAction {
    const { list } = this.#bindings;
    const action = this.#sender.send(
      transaction,
      path,
      this.#wanted.all(),
      (bid) => list.get(bid)?.careOfAddress,
      nowMs,
    );
    const sent = transaction.last;
    if (transaction.kind === 'register' && sent) {
      const expiresMs = nowMs + sent.lifetimeSeconds * 1000;
      for (const [bid, careOfAddress] of sent.bindings) {
        const ipv4 = isIpv4(careOfAddress) ? { udp: true, nat: undefined } : undefined;
        list.sent(bid, careOfAddress, expiresMs, ipv4);
      }
    }
    return action;
  }
}
