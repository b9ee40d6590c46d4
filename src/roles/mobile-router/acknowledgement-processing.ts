import { NO_BID } from '../../bindings/binding-cache.ts';
import { isIpv4 } from '../../bytes/address.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import { BindingAcknowledgementFlag, BindingStatus, isAccepted } from '../../wire/mh/numbers.ts';
import { type RoleAction, tell } from '../action.ts';
import { timestampIn } from '../authentication.ts';
import { sameTimestamp } from '../timestamp.ts';
import { readAcknowledgement } from './acknowledgement.ts';
import type { AgentAbilities } from './agent-abilities.ts';
import { isMobileRouter } from './binding-update.ts';
import type { OutstandingUpdates } from './outstanding-updates.ts';
import type { Home } from './path.ts';
import type { RefusalWait } from './refusal-wait.ts';
import type { RegisteredBindings } from './registered-bindings.ts';
import type { RegistrationAuthentication } from './registration-authentication.ts';
import type { Transaction, Transmission } from './transaction.ts';
import type { UpdateSender } from './update-sender.ts';
import type { Verdict } from './verdict.ts';
import type { WantedBindings } from './wanted-bindings.ts';

/** Answers with status 135 or 144 in a row that are followed at once. */
const QUICK_RESYNCHRONISATIONS = 3;

/** What a registration is about: an acknowledgement changes all of it. */
export interface RegistrationState {
  readonly home: Home;
  readonly authentication: RegistrationAuthentication;
  readonly abilities: AgentAbilities;
  readonly bindings: RegisteredBindings;
  readonly wanted: WantedBindings;
  readonly updates: OutstandingUpdates;
  readonly refusals: RefusalWait;
  readonly sender: UpdateSender;
}

/** Follows the Binding Acknowledgements of one home agent (RFC 6275 §11.7.3, RFC 3963 §5.3, RFC 5648 §5.7). */
export class AcknowledgementProcessing {
  readonly #home: Home;
  readonly #authentication: RegistrationAuthentication;
  readonly #abilities: AgentAbilities;
  readonly #bindings: RegisteredBindings;
  readonly #wanted: WantedBindings;
  readonly #updates: OutstandingUpdates;
  readonly #refusals: RefusalWait;
  readonly #sender: UpdateSender;
  #resynchronisations = 0;
  /** What was found out and not taken yet. */
  verdicts: Verdict[] = [];

  constructor(state: RegistrationState) {
    this.#home = state.home;
    this.#authentication = state.authentication;
    this.#abilities = state.abilities;
    this.#bindings = state.bindings;
    this.#wanted = state.wanted;
    this.#updates = state.updates;
    this.#refusals = state.refusals;
    this.#sender = state.sender;
  }

  /** `undefined` if it answers nothing that is under way. */
  process(acknowledgement: BindingAcknowledgement, nowMs: number): RoleAction[] | undefined {
    const { sequenceNumber } = acknowledgement;
    let transaction = this.#updates.answeredBy(sequenceNumber);
    if (acknowledgement.status === BindingStatus.sequenceNumberOutOfWindow) {
      // It carries the agent's last accepted number, which need not be one of ours.
      transaction ??= this.#updates.all.find((candidate) => candidate.attempts > 0);
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
      return actions;
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
        this.#abilities.bulk = false;
        this.#updates.finish(transaction);
        break;
      case 'plain-binding-exists':
        this.#updates.overwriteNext = true;
        this.#updates.finish(transaction);
        break;
      case 'statuses':
        if (transmission) this.#settle(transaction, transmission, reading.statuses, acknowledgement, actions, nowMs);
        break;
    }
    return actions;
  }

  /**
   * 144 without a corrected time of day: it is not about the timestamp (RFC 5555 §4.4.2, RFC 4285 §6). But of one that
   * was overtaken by a later one the agent says the same, if it answers within the same second.
   */
  #refusesForcedUdp(acknowledgement: BindingAcknowledgement, { proof }: Transmission): boolean {
    if (acknowledgement.status !== BindingStatus.forcedUdpEncapsulationRefused) return false;
    if (!proof) return true;
    const timestamp = timestampIn(acknowledgement.options);
    const isLast = acknowledgement.sequenceNumber === this.#sender.sequenceNumber;
    const isCredible = !this.#sender.forcedUdpGranted || this.#resynchronisations >= QUICK_RESYNCHRONISATIONS;
    return isLast && isCredible && timestamp !== undefined && sameTimestamp(proof.timestamp, timestamp);
  }

  /** An agent that sees no BID option reads the home address as care-of address as a return (RFC 5648 §6.3). */
  #tookForReturnHome(transmission: Transmission | undefined, status: number): boolean {
    if (!transmission || !isAccepted(status)) return false;
    return [...transmission.bindings.values()].includes(this.#home.homeAddress);
  }

  #endAtHome(kind: 'returned' | 'home-link-only'): RoleAction[] {
    this.#updates.clear();
    const removed = this.#bindings.allDeregistered();
    if (this.#wanted.stage !== 'leaving') this.#wanted.stage = 'home';
    this.verdicts.push({ kind });
    return removed;
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
      if (transmission.forcesUdp) this.#sender.forcedUdpGranted = true;
      this.#proved(transmission, nowMs);
      actions.push(...(this.#home.ipv4Home?.acknowledged(transmission.ipv4Home ?? [], acknowledgement.options) ?? []));
      if (this.#abilities.support === 'unknown' && !statuses.has(NO_BID)) this.#abilities.support = 'supported';
      if (transaction.overwrite) this.#updates.overwriteNext = false;
      this.#refusals.accepted();
    }
    if (acknowledgement.status === BindingStatus.acceptedPrefixDiscoveryNecessary) {
      this.verdicts.push({ kind: 'prefix-discovery-necessary' });
    }
    if (refused.length > 0) this.#refused(transaction, refused, refusal, actions, nowMs);
    if (transaction.pending.size === 0) this.#updates.finish(transaction);
    const { status, flags } = acknowledgement;
    if (isAccepted(status) && isMobileRouter(this.#home) && (flags & BindingAcknowledgementFlag.mobileRouter) === 0) {
      this.verdicts = [{ kind: 'no-mobile-router-support' }];
      this.#startAfresh(nowMs);
    }
  }

  /** An update from an IPv4 care-of address was accepted: its path lives. */
  #proved({ source }: Transmission, nowMs: number): void {
    if (!isIpv4(source)) return;
    this.#wanted.proved(source);
    // It could not name the home binding, which ended by that (RFC 5648 §5.6.5, §8.1).
    const home = this.#wanted.homeBid;
    if (home !== undefined) this.#bindings.list.refreshNow(home, nowMs);
  }

  /** Whatever the status: the agent does not hold the binding any more (133, 167) or never will listen. */
  #settleRemoval(transaction: Transaction, actions: RoleAction[]): void {
    const all = transaction.kind === 'deregister-all';
    actions.push(...(all ? this.#bindings.allDeregistered() : this.#bindings.deregistered(transaction.pending)));
    this.#updates.finish(transaction);
  }

  #refused(
    transaction: Transaction,
    bids: readonly number[],
    status: number,
    actions: RoleAction[],
    nowMs: number,
  ): void {
    actions.push(...this.#bindings.refused(bids, status, (bid) => this.#wanted.careOfAddress(bid)));
    for (const bid of bids) this.#bindings.list.remove(bid);
    switch (status) {
      case BindingStatus.mcoaUnknownCareOfAddress:
        return;
      case BindingStatus.mcoaSimultaneousHomeAndForeignProhibited:
        this.#abilities.homeBindingProhibited = true;
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
    this.verdicts.push({ kind: 'refused', status });
    if (transaction.pending.size === 0 || transaction.kind !== 'register') this.#updates.finish(transaction);
  }

  /** What is registered stays so for as long as the agent has granted. */
  #fallSilent(bids: readonly number[], status: number, actions: RoleAction[], nowMs: number): void {
    this.#refusals.notAuthenticated(nowMs);
    this.#updates.clear();
    actions.push(...this.#bindings.refused(bids, status, (bid) => this.#wanted.careOfAddress(bid)));
    if (this.#wanted.stage === 'leaving') this.#bindings.list.clear();
  }

  /** What the agent has is not what we want it to have: it is all removed first. */
  #startAfresh(nowMs: number): void {
    this.#updates.clear();
    this.#updates.overwriteNext = this.#abilities.support !== 'unsupported';
    this.#updates.start('deregister-all', [], nowMs);
  }

  #avoidCareOfAddresses(bids: readonly number[], nowMs: number): void {
    for (const bid of bids) {
      const careOfAddress = this.#wanted.careOfAddress(bid);
      if (careOfAddress !== undefined) this.#wanted.avoid(careOfAddress, nowMs);
    }
  }

  #fallBackToPlain(): RoleAction[] {
    this.#abilities.support = 'unsupported';
    this.#updates.overwriteNext = false;
    this.#updates.clear();
    this.#bindings.list.clear();
    const { homeAgentAddress } = this.#home;
    return [tell({ type: 'multiple-care-of-addresses-unavailable', homeAgentAddress })];
  }
}
