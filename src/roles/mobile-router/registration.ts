import { NO_BID } from '../../bindings/binding-cache.ts';
import type { BindingUpdateListEntry } from '../../bindings/binding-update-list.ts';
import { type Address, isIpv4 } from '../../bytes/address.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import { BindingAcknowledgementFlag, BindingStatus, isAccepted } from '../../wire/mh/numbers.ts';
import type { MobilityPacket } from '../../wire/signalling.ts';
import type { DropReason, RoleAction } from '../action.ts';
import { timestampIn } from '../authentication.ts';
import { sameTimestamp } from '../timestamp.ts';
import { readAcknowledgement } from './acknowledgement.ts';
import { isMobileRouter } from './binding-update.ts';
import type { Ipv4HomeBinding } from './ipv4-home-binding.ts';
import type { Home, Path } from './path.ts';
import { RefusalWait } from './refusal-wait.ts';
import { RegisteredBindings } from './registered-bindings.ts';
import type { RegistrationAuthentication } from './registration-authentication.ts';
import { Transaction, type Transmission } from './transaction.ts';
import { UpdateSender } from './update-sender.ts';
import type { Verdict } from './verdict.ts';

/** How long a care-of address that the agent calls invalid is not tried again. */
const INVALID_CARE_OF_ADDRESS_MS = 300_000;
/** Answers with status 135 or 144 in a row that are followed at once. */
const QUICK_RESYNCHRONISATIONS = 3;
/**
 * How long nothing is sent to an agent that refuses our authentication (RFC 4285 §5.3): whatever the attempts, only
 * somebody who puts a key right can change that, and an unattended vehicle has to notice when it is done.
 */
const UNAUTHENTICATED_WAIT_MS = 300_000;

/** Keeps the home agent's bindings equal to the paths that can be used. */
export class Registration {
  readonly #home: Home;
  readonly #authentication: RegistrationAuthentication;
  readonly #bindings: RegisteredBindings;
  readonly #sender: UpdateSender;
  #transactions: Transaction[] = [];
  #paths: readonly Path[] = [];
  #support: 'unknown' | 'supported' | 'unsupported' = 'unknown';
  #bulk: boolean;
  /** The first registration after start, and one after status 165, replaces what the agent has (RFC 5648 §5.9). */
  #overwriteNext = true;
  #stage: 'away' | 'returning' | 'home' | 'leaving' = 'away';
  #resynchronisations = 0;
  readonly #refusals = new RefusalWait();
  readonly #invalidUntilMs = new Map<Address, number>();
  #verdicts: Verdict[] = [];
  #unresponsiveReported = false;
  /** The agent does not take a home binding beside others (status 169). */
  #homeBindingProhibited = false;
  /** Set while nothing may be registered: the prefixes have to be learnt first. */
  isHeld = false;
  /** No agent of the home link takes the router: nothing is registered (RFC 3963 §5.4). */
  isStopped = false;
  /** Until then nothing is sent: the agent does not know our key. */
  #silentUntilMs: number | undefined;

  constructor(home: Home, authentication: RegistrationAuthentication, firstSequenceNumber: number) {
    this.#home = home;
    this.#authentication = authentication;
    this.#bindings = new RegisteredBindings(home.homeAddress, home.natKeepAliveSeconds);
    this.#sender = new UpdateSender(home, authentication, firstSequenceNumber);
    this.#bulk = home.registration === 'bulk';
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
    return this.#support;
  }

  /** Whether nothing is registered or under way any more. */
  get isEmpty(): boolean {
    return this.#bindings.list.size === 0 && this.#transactions.length === 0;
  }

  get nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { deadlineMs } of this.#transactions) next = Math.min(next, deadlineMs);
    for (const { expiresMs } of this.#bindings.entries) next = Math.min(next, expiresMs);
    for (const untilMs of this.#invalidUntilMs.values()) next = Math.min(next, untilMs);
    if (this.#silentUntilMs !== undefined) return Math.min(next, this.#silentUntilMs);
    const overwriteIsUnderWay = this.#transactions.some(({ overwrite }) => overwrite);
    if (overwriteIsUnderWay) return next;
    if (this.isHeld || this.isStopped) return next;
    const allowedMs = Math.max(this.#refusals.untilMs, this.#sender.allowedMs);
    for (const [bid, path] of this.#wanted()) {
      if (this.#isUnderWay(bid)) continue;
      const dueMs = this.#needsRegistration(bid, path) ? 0 : this.#bindings.list.get(bid)!.refreshMs;
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
      this.#transactions.some((transaction) => transaction.hasRegistered(bid, careOfAddress))
    );
  }

  get agent(): Address {
    return this.#home.homeAgentAddress;
  }

  /** Whether some update waits for its answer. */
  get isWaiting(): boolean {
    return this.#transactions.some(({ attempts }) => attempts > 0);
  }

  /** Whether the update with this number waits for its answer. */
  isOutstanding(sequenceNumber: number): boolean {
    return this.#transactions.some((transaction) => transaction.transmission(sequenceNumber) !== undefined);
  }

  /**
   * Updates from this IPv4 care-of address are answered, packets without UDP are not: UDP is asked for (RFC 5555 §4.4.1).
   * Where that was in vain, the address is as good as none: each registration would be followed by silence again.
   */
  forceUdp(careOfAddress: Address, nowMs: number): void {
    const isInVain = this.#sender.forcedUdpRefused || this.#sender.udpOnly.has(careOfAddress);
    if (isInVain) this.#invalidUntilMs.set(careOfAddress, nowMs + INVALID_CARE_OF_ADDRESS_MS);
    this.#sender.udpOnly.add(careOfAddress);
  }

  /** Ends all attempts. */
  stop(): void {
    this.isStopped = true;
    this.#transactions = this.#transactions.filter(({ kind }) => kind !== 'register');
  }

  /** The agent cannot even read our updates: none is sent for a while. */
  refuseAll(nowMs: number): void {
    this.#transactions = [];
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
    const verdicts = this.#verdicts;
    this.#verdicts = [];
    return verdicts;
  }

  /** Takes the paths that can be used, in order of preference, and brings the bindings in line. */
  update(paths: readonly Path[], nowMs: number): RoleAction[] {
    this.#paths = paths;
    const wanted = this.#wanted();
    this.#transactions = this.#transactions.filter((transaction) => {
      for (const bid of transaction.pending) {
        const path = wanted.get(bid);
        const isRegister = transaction.kind === 'register';
        const leavesBulk = isRegister && path && transaction.pending.size > 1 && this.#mustBeAlone(bid, path);
        if ((path !== undefined && !leavesBulk) === isRegister) continue;
        transaction.pending.delete(bid);
        // Wanted again while its removal is under way: the agent may or may not have it still.
        if (transaction.kind === 'deregister') this.#bindings.list.remove(bid);
      }
      return transaction.isAboutAll || transaction.pending.size > 0;
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
    this.#stage = 'leaving';
    this.#transactions = [];
    if (this.#silentUntilMs !== undefined) this.#bindings.list.clear();
    if (this.#bindings.list.size > 0) this.#start('deregister-all', [], nowMs);
    return this.#transmitDue(nowMs);
  }

  /** The router is about to come home: what is registered stays, and nothing new is. */
  pause(): void {
    if (this.#stage === 'leaving') return;
    this.#stage = 'returning';
    this.#transactions = [];
  }

  /**
   * The router is at home: removes all bindings, from the home address by way of the home link (RFC 6275 §11.5.5). The
   * bindings stay in use until the agent has acknowledged.
   */
  returnHome(homeLink: Path, nowMs: number): RoleAction[] {
    this.#stage = 'returning';
    this.#paths = [homeLink];
    this.#transactions = [];
    this.#silentUntilMs = undefined;
    this.#start('return-home', [], nowMs);
    return this.#transmitDue(nowMs);
  }

  /** The router has left home, or never got there: care-of addresses are registered again. */
  leaveHome(): void {
    if (this.#stage === 'leaving') return;
    this.#transactions = this.#transactions.filter(({ kind }) => kind !== 'return-home');
    // On the way home the agent may have removed some, or none.
    if (this.#stage !== 'away') this.#overwriteNext = this.#support !== 'unsupported';
    for (const { bid } of this.#bindings.entries) this.#bindings.list.refreshNow(bid, 0);
    this.#stage = 'away';
  }

  /** Forgets what the agent held. */
  forget(): RoleAction[] {
    this.#transactions = [];
    return this.#bindings.allDeregistered();
  }

  /** Does what is due. */
  run(nowMs: number): RoleAction[] {
    const actions = this.#bindings.expire(nowMs);
    for (const [careOfAddress, untilMs] of this.#invalidUntilMs) {
      if (untilMs <= nowMs) this.#invalidUntilMs.delete(careOfAddress);
    }
    if (this.#silentUntilMs !== undefined && nowMs >= this.#silentUntilMs) this.#silentUntilMs = undefined;
    if (this.#stage === 'away' && this.#silentUntilMs === undefined) this.#plan(nowMs);
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
    const proofs = this.#transactions.flatMap((transaction) => transaction.proofs);
    return this.#authentication.problem(packet, acknowledgement, proofs);
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
    const expectsForwarding = transaction.kind === 'register' && isMobileRouter(this.#home);
    const reading = readAcknowledgement(acknowledgement, bids, expectsForwarding);
    if (reading.kind !== 'sequence-number-out-of-window' && reading.kind !== 'timestamp-invalid') {
      this.#resynchronisations = 0;
    }
    const actions: RoleAction[] = [];
    if (transmission?.forcesUdp && this.#refusesForcedUdp(acknowledgement, transmission)) {
      this.#sender.forcedUdpRefused = true;
      transaction.resend(nowMs);
      return this.run(nowMs);
    }
    switch (reading.kind) {
      case 'sequence-number-out-of-window':
        this.#sender.resynchronise(sequenceNumber);
        this.#resynchronisations++;
        if (this.#resynchronisations <= QUICK_RESYNCHRONISATIONS) transaction.resend(nowMs);
        break;
      case 'timestamp-invalid':
        this.#authentication.adjust(acknowledgement, nowMs);
        this.#resynchronisations++;
        if (this.#resynchronisations <= QUICK_RESYNCHRONISATIONS) transaction.resend(nowMs);
        break;
      case 'not-authenticated':
        this.#fallSilent(bids, reading.status, actions, nowMs);
        break;
      case 'no-multiple-care-of-addresses':
        if (this.#tookForReturnHome(transmission, reading.status)) {
          actions.push(...this.#endAtHome('home-link-only'));
          break;
        }
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

  /** 144 without a corrected time of day: it is not about the timestamp (RFC 5555 §4.4.2, RFC 4285 §6). */
  #refusesForcedUdp(acknowledgement: BindingAcknowledgement, { proof }: Transmission): boolean {
    if (acknowledgement.status !== BindingStatus.forcedUdpEncapsulationRefused) return false;
    const timestamp = timestampIn(acknowledgement.options);
    return !proof || (timestamp !== undefined && sameTimestamp(proof.timestamp, timestamp));
  }

  /** An agent that sees no BID option reads the home address as care-of address as a return (RFC 5648 §6.3). */
  #tookForReturnHome(transmission: Transmission | undefined, status: number): boolean {
    if (!transmission || !isAccepted(status)) return false;
    return [...transmission.bindings.values()].includes(this.#home.homeAddress);
  }

  #endAtHome(kind: 'returned' | 'home-link-only'): RoleAction[] {
    const removed = this.forget();
    if (this.#stage !== 'leaving') this.#stage = 'home';
    this.#verdicts.push({ kind });
    return removed;
  }

  /** Each binding that should exist, and its path: all paths, or only the best one in plain Mobile IPv6. */
  #wanted(): ReadonlyMap<number, Path> {
    if (this.#stage !== 'away') return new Map();
    // What seems dead is tried once the agent has no binding to it any more, or if there is nothing else.
    const isOnlyTrials = this.#paths.every(({ isTrial }) => isTrial);
    const allowed = this.#paths.filter(
      ({ bid, careOfAddress, homeLink, isTrial }) =>
        (!isTrial || isOnlyTrials || !this.#bindings.list.get(bid)?.acknowledged) &&
        !this.#invalidUntilMs.has(careOfAddress) &&
        !(homeLink && this.homeBindingUnavailable),
    );
    if (this.#support !== 'unsupported') return new Map(allowed.map((path) => [path.bid, path]));
    const best = allowed.find(({ isTrial }) => !isTrial) ?? allowed[0];
    return new Map(best ? [[NO_BID, best]] : []);
  }

  #isUnderWay(bid: number): boolean {
    return this.#transactions.some((transaction) => transaction.pending.has(bid));
  }

  #needsRegistration(bid: number, path: Path): boolean {
    const entry = this.#bindings.list.get(bid);
    return !entry?.acknowledged || entry.careOfAddress !== path.careOfAddress;
  }

  /**
   * Whether only an update from the care-of address itself may register it: a NAT on its way has to be found, or its
   * mapping kept (RFC 5648 §8.1). Beside others it goes from an IPv6 care-of address alone.
   */
  #mustBeAlone(bid: number, { careOfAddress }: Path): boolean {
    if (!isIpv4(careOfAddress)) return false;
    const entry = this.#bindings.list.get(bid);
    const isKnown = entry?.acknowledged && entry.careOfAddress === careOfAddress;
    const needsNoUdp = isKnown && entry.ipv4?.udp === false;
    return !needsNoUdp || !this.#paths.some((path) => !path.homeLink && !isIpv4(path.careOfAddress));
  }

  /** Whether the home link cannot be used beside other links: then it is either or. */
  get homeBindingUnavailable(): boolean {
    return this.#homeBindingProhibited || this.#support === 'unsupported';
  }

  /** Starts what is missing: removals first, so that traffic leaves lost paths at once. */
  #plan(nowMs: number): void {
    const wanted = this.#wanted();
    if (wanted.size === 0) return;
    // A plain registration replaces every other binding by itself.
    const lost = this.#support === 'unsupported' ? [] : this.#bindings.entries.filter(({ bid }) => !wanted.has(bid));
    const toRemove = lost.map(({ bid }) => bid).filter((bid) => !this.#isUnderWay(bid));
    if (toRemove.length > 0) this.#startEach('deregister', toRemove, nowMs);

    if (
      this.isHeld ||
      this.isStopped ||
      nowMs < this.#refusals.untilMs ||
      this.#transactions.some(({ overwrite }) => overwrite)
    )
      return;
    const isFresh = (bid: number) => (this.#bindings.list.get(bid)?.refreshMs ?? 0) > nowMs;
    const due = [...wanted]
      .filter(([bid, path]) => !this.#isUnderWay(bid) && (this.#needsRegistration(bid, path) || !isFresh(bid)))
      .map(([bid]) => bid);
    if (due.length === 0 || nowMs < this.#sender.allowedMs) return;
    if (this.#overwriteNext) {
      this.#start('register', due.slice(0, 1), nowMs);
    } else {
      const alone = due.filter((bid) => this.#mustBeAlone(bid, wanted.get(bid)!));
      for (const bid of alone) this.#start('register', [bid], nowMs);
      const others = due.filter((bid) => !alone.includes(bid));
      if (others.length > 0) this.#startEach('register', this.#withHomeBinding(others, wanted), nowMs);
    }
  }

  /**
   * An update without the H flag ends the home binding (RFC 5648 §5.6.5), so each one has to name it as long as it is
   * wanted.
   */
  #withHomeBinding(due: readonly number[], wanted: ReadonlyMap<number, Path>): readonly number[] {
    const home = [...wanted].find(([, { homeLink }]) => homeLink)?.[0];
    return home === undefined || !this.#bulk || due.includes(home) ? due : [...due, home];
  }

  /** One transaction for all, or one for each where bulk registration is not to be used. */
  #startEach(kind: 'register' | 'deregister', bids: readonly number[], nowMs: number): void {
    if (this.#bulk) this.#start(kind, bids, nowMs);
    else for (const bid of bids) this.#start(kind, [bid], nowMs);
  }

  #start(kind: Transaction['kind'], bids: readonly number[], nowMs: number): void {
    const overwrite = kind === 'register' && this.#overwriteNext && this.#support !== 'unsupported';
    const isFirst = kind === 'register' && !this.#bindings.isEstablished;
    const { firstRegistrationTimeoutMs } = this.#home;
    this.#transactions.push(new Transaction(kind, bids, { overwrite, isFirst, firstRegistrationTimeoutMs }, nowMs));
    this.#unresponsiveReported = false;
  }

  #finish(transaction: Transaction): void {
    this.#transactions = this.#transactions.filter((other) => other !== transaction);
  }

  #transmitDue(nowMs: number): RoleAction[] {
    const actions: RoleAction[] = [];
    for (const transaction of this.#transactions) {
      if (transaction.deadlineMs > nowMs) continue;
      if (transaction.kind === 'register' && nowMs < this.#sender.allowedMs) {
        transaction.postpone(this.#sender.allowedMs);
        continue;
      }
      const path = this.#choosePath(transaction);
      if (!path) {
        transaction.postpone(Number.POSITIVE_INFINITY);
        continue;
      }
      if (transaction.kind === 'register' && path.hasAlternative && transaction.isExhausted(path.careOfAddress)) {
        const { name: uplink, careOfAddress } = path;
        transaction.changeFamily(careOfAddress);
        transaction.postpone(Number.POSITIVE_INFINITY);
        this.#verdicts.push({ kind: 'care-of-address-unanswered', uplink, careOfAddress });
        continue;
      }
      if (transaction.hasReachedLongestTimeout && !this.#unresponsiveReported) {
        this.#unresponsiveReported = true;
        this.#verdicts.push({ kind: 'unresponsive' });
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
    const own = only === undefined ? undefined : this.#wanted().get(only);
    const foreign = this.#paths.filter(({ homeLink, isTrial }) => !homeLink && !isTrial);
    const isOwnIpv4 = own !== undefined && isIpv4(own.careOfAddress) && others.length === 0;
    // Where every binding has its own update, those from the home link alone do not say that it has been left.
    const home = this.#paths.find(({ homeLink }) => homeLink);
    const isRegister = transaction.kind === 'register';
    if (isRegister && !this.#bulk && home && !this.homeBindingUnavailable && !isOwnIpv4) return home;
    // Abroad the agent's answer is not in the way of its own defence of the home address.
    const isBest = isRegister && others.length === 0 && (!own?.homeLink || foreign.length === 0);
    if (isBest) return own;
    const usable = foreign.length > 0 ? foreign : this.#paths;
    // An update from an IPv4 care-of address is taken for one about that address alone.
    const ipv6 = usable.filter(({ careOfAddress }) => !isIpv4(careOfAddress));
    const carriers = !isRegister ? usable : ipv6.length > 0 ? ipv6 : home ? [home] : usable;
    return carriers[transaction.attempts % Math.max(1, carriers.length)];
  }

  /** The first registration goes round the paths until one brings an answer. */
  #tryNextPath(transaction: Transaction): void {
    const next = this.#paths[transaction.attempts % Math.max(1, this.#paths.length)];
    if (!next || this.#support === 'unsupported') return;
    transaction.pending.clear();
    transaction.pending.add(next.bid);
  }

  #transmit(transaction: Transaction, path: Path, nowMs: number): RoleAction {
    const { list } = this.#bindings;
    const action = this.#sender.send(transaction, path, this.#wanted(), (bid) => list.get(bid)?.careOfAddress, nowMs);
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

  #settle(
    transaction: Transaction,
    transmission: Transmission,
    statuses: ReadonlyMap<number, number>,
    acknowledgement: BindingAcknowledgement,
    actions: RoleAction[],
    nowMs: number,
  ): void {
    if (transaction.kind === 'return-home') {
      // 133: there was nothing to remove. After any other refusal the agent goes on to defend the home address.
      const { status } = acknowledgement;
      const isOver = isAccepted(status) || status === BindingStatus.notHomeAgentForThisMobileNode;
      if (isOver) actions.push(...this.#endAtHome('returned'));
      return;
    }
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
        actions.push(...this.#bindings.accepted(bid, status, transmission, acknowledgement, nowMs));
      } else {
        refused.push(bid);
        refusal = status;
      }
    }
    if (refused.length < statuses.size) {
      this.#proved(transmission, nowMs);
      actions.push(...(this.#home.ipv4Home?.acknowledged(transmission.ipv4Home ?? [], acknowledgement.options) ?? []));
      if (this.#support === 'unknown' && !statuses.has(NO_BID)) this.#support = 'supported';
      if (transaction.overwrite) this.#overwriteNext = false;
      this.#refusals.accepted();
    }
    if (acknowledgement.status === BindingStatus.acceptedPrefixDiscoveryNecessary) {
      this.#verdicts.push({ kind: 'prefix-discovery-necessary' });
    }
    if (refused.length > 0) this.#refused(transaction, refused, refusal, actions, nowMs);
    if (transaction.pending.size === 0) this.#finish(transaction);
    const { status, flags } = acknowledgement;
    if (isAccepted(status) && isMobileRouter(this.#home) && (flags & BindingAcknowledgementFlag.mobileRouter) === 0) {
      this.#verdicts = [{ kind: 'no-mobile-router-support' }];
      this.#startAfresh(nowMs);
    }
  }

  /** An update from an IPv4 care-of address was accepted: its path lives. */
  #proved({ source }: Transmission, nowMs: number): void {
    if (!isIpv4(source)) return;
    this.#paths = this.#paths.map((path) => (path.careOfAddress === source ? { ...path, isTrial: false } : path));
    // It could not name the home binding, which ended by that (RFC 5648 §5.6.5, §8.1).
    const home = [...this.#wanted()].find(([, { homeLink }]) => homeLink)?.[0];
    if (home !== undefined) this.#bindings.list.refreshNow(home, nowMs);
  }

  /** Whatever the status: the agent does not hold the binding any more (133, 167) or never will listen. */
  #settleRemoval(transaction: Transaction, actions: RoleAction[]): void {
    const all = transaction.kind === 'deregister-all';
    actions.push(...(all ? this.#bindings.allDeregistered() : this.#bindings.deregistered(transaction.pending)));
    this.#finish(transaction);
  }

  #refused(
    transaction: Transaction,
    bids: readonly number[],
    status: number,
    actions: RoleAction[],
    nowMs: number,
  ): void {
    actions.push(...this.#bindings.refused(bids, status, (bid) => this.#wanted().get(bid)?.careOfAddress));
    for (const bid of bids) this.#bindings.list.remove(bid);
    switch (status) {
      case BindingStatus.mcoaUnknownCareOfAddress:
        return;
      case BindingStatus.mcoaSimultaneousHomeAndForeignProhibited:
        this.#homeBindingProhibited = true;
        return;
      case BindingStatus.invalidCareOfAddress:
        this.#avoidCareOfAddresses(bids, nowMs);
        return;
      case BindingStatus.registrationTypeChangeDisallowed:
        this.#refusals.refused(nowMs);
        this.#startAfresh(nowMs);
        return;
    }
    this.#refusals.refused(nowMs);
    this.#verdicts.push({ kind: 'refused', status });
    if (transaction.pending.size === 0 || transaction.kind !== 'register') this.#finish(transaction);
  }

  /** What is registered stays so for as long as the agent has granted. */
  #fallSilent(bids: readonly number[], status: number, actions: RoleAction[], nowMs: number): void {
    this.#silentUntilMs = nowMs + UNAUTHENTICATED_WAIT_MS;
    this.#transactions = [];
    actions.push(...this.#bindings.refused(bids, status, (bid) => this.#wanted().get(bid)?.careOfAddress));
    if (this.#stage === 'leaving') this.#bindings.list.clear();
  }

  /** What the agent has is not what we want it to have: it is all removed first. */
  #startAfresh(nowMs: number): void {
    this.#transactions = [];
    this.#overwriteNext = this.#support !== 'unsupported';
    this.#start('deregister-all', [], nowMs);
  }

  #avoidCareOfAddresses(bids: readonly number[], nowMs: number): void {
    for (const bid of bids) {
      const careOfAddress = this.#wanted().get(bid)?.careOfAddress;
      if (careOfAddress !== undefined) this.#invalidUntilMs.set(careOfAddress, nowMs + INVALID_CARE_OF_ADDRESS_MS);
    }
  }

  #fallBackToPlain(): RoleAction[] {
    this.#support = 'unsupported';
    this.#overwriteNext = false;
    this.#transactions = [];
    this.#bindings.list.clear();
    const { homeAgentAddress } = this.#home;
    return [{ type: 'event', event: { type: 'multiple-care-of-addresses-unavailable', homeAgentAddress } }];
  }
}
