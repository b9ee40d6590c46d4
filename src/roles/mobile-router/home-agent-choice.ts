import type { Address } from '../../bytes/address.ts';
import type { HomeConfiguration } from '../../config/configuration.ts';
import type { HomeAgentAddressDiscoveryReply } from '../../wire/icmpv6/home-agent-address-discovery.ts';
import { BindingStatus } from '../../wire/mh/numbers.ts';
import { type RoleAction, tell } from '../action.ts';
import type { HomeAgentChangeReason } from '../events.ts';
import type { AddressDiscovery } from './address-discovery.ts';
import { HomeAgentList } from './home-agent-list.ts';
import type { Path } from './path.ts';

/** How long an agent is passed over that refused, that fell silent, or that does not serve mobile routers. */
const REFUSED_MS = 300_000;
const SILENT_MS = 60_000;
const NO_MOBILE_ROUTERS_MS = 3_600_000;
/**
 * How long nothing is registered after every agent of the home link has refused the mobile router (RFC 3963 §5.4):
 * only their operator can change that, and an unattended vehicle has to notice when it is done.
 */
const STOPPED_MS = 3_600_000;

/** Statuses by which an agent refuses a mobile router for good (RFC 3963 §5.4). */
const MOBILE_ROUTER_REFUSALS: readonly number[] = [
  BindingStatus.mobileRouterOperationNotPermitted,
  BindingStatus.invalidPrefix,
  BindingStatus.notAuthorizedForPrefix,
  BindingStatus.forwardingSetupFailed,
];

/** Which home agent is registered with: finds them, leaves those that refuse or die (RFC 6275 §11.4.1, RFC 3963 §5.4). */
export class HomeAgentChoice {
  readonly #homeAddress: Address;
  readonly #list: HomeAgentList;
  readonly #discovery: AddressDiscovery | undefined;
  readonly #patienceMs: number;
  /** Why the current agent is to be left for another, if there is one. */
  #leaves: HomeAgentChangeReason | undefined;
  /** The last refusal of the mobile router as such. */
  #refusal: number | undefined;
  /** Since when every path to the agent seems dead. */
  #suspectSinceMs: number | undefined;
  #testedMs: number | undefined;
  /** A reply has come since then: the network works, so it is the agent that does not. */
  #hasReply = false;
  /** A discovery has been tried since the last success, so that all agents of the home link have been asked. */
  #hasAskedAll = false;
  #previous: { readonly agent: Address; readonly expiresMs: number } | undefined;
  #stopped: { readonly status: number; readonly untilMs: number } | undefined;

  /** `patienceMs`: how long an agent has to answer before the next one is tried. */
  constructor(
    configuration: Pick<HomeConfiguration, 'homeAddress' | 'homeAgentAddress'>,
    discovery: AddressDiscovery | undefined,
    patienceMs: number,
  ) {
    this.#homeAddress = configuration.homeAddress;
    this.#list = new HomeAgentList(configuration.homeAgentAddress);
    this.#discovery = discovery;
    this.#patienceMs = patienceMs;
  }

  get current(): Address | undefined {
    return this.#list.current;
  }

  /** Whether the suspected agent has been sent an update. */
  get isTested(): boolean {
    return this.#testedMs !== undefined;
  }

  get nextDeadlineMs(): number {
    const testEndsMs = this.#testedMs === undefined || !this.#hasReply ? undefined : this.#testedMs + this.#patienceMs;
    const untilMs = this.#stopped?.untilMs;
    return Math.min(
      this.#discovery?.nextDeadlineMs ?? Number.POSITIVE_INFINITY,
      this.#leaves === undefined ? (testEndsMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
      untilMs ?? Number.POSITIVE_INFINITY,
    );
  }

  /** The status after which nothing is registered any more; `undefined` while something is. */
  stoppedStatus(nowMs: number): number | undefined {
    return this.#stopped && nowMs < this.#stopped.untilMs ? this.#stopped.status : undefined;
  }

  /** A path has appeared. */
  wake(nowMs: number): void {
    this.#discovery?.wake(nowMs);
  }

  /** The current agent has answered: it lives, and perhaps it has accepted. */
  heard(isEstablished: boolean): void {
    this.trust();
    if (!isEstablished) return;
    this.#leaves = undefined;
    this.#refusal = undefined;
    this.#hasAskedAll = false;
  }

  /**
   * No path to the agent brings anything back. Returns whether that is looked into: only where other agents can be
   * found is there something to decide between.
   */
  suspect(isEstablished: boolean, nowMs: number): boolean {
    if (!isEstablished || !this.#discovery) return this.#suspectSinceMs !== undefined;
    if (this.#suspectSinceMs === undefined) {
      this.#suspectSinceMs = nowMs;
      this.#hasReply = false;
      this.#discovery.startNow(nowMs);
    }
    return true;
  }

  /** Some path works again. */
  trust(): void {
    if (this.#suspectSinceMs !== undefined) this.#discovery?.stop();
    this.#suspectSinceMs = undefined;
    this.#testedMs = undefined;
    this.#hasReply = false;
  }

  /** The suspected agent has been sent an update. */
  tested(nowMs: number): void {
    this.#testedMs = nowMs;
  }

  /** The agent refused a registration; says so if nothing is left to try. */
  refused(status: number | 'not-supported', nowMs: number): RoleAction[] {
    const { current } = this.#list;
    if (current === undefined) return [];
    if (status === BindingStatus.duplicateAddressDetectionFailed) return this.#duplicate(current, nowMs);
    const isAboutRouters = status !== 'not-supported' && MOBILE_ROUTER_REFUSALS.includes(status);
    this.#list.avoid(current, nowMs + (isAboutRouters ? NO_MOBILE_ROUTERS_MS : REFUSED_MS));
    this.#leaves = 'refused';
    this.#refusal = isAboutRouters ? status : undefined;
    return [];
  }

  /** The agent does not answer. While every path to it seems dead, that says nothing: only a reply tells them apart. */
  unresponsive(nowMs: number): void {
    const { current } = this.#list;
    if (this.#suspectSinceMs !== undefined && !this.#hasReply) return;
    if (current !== undefined) this.#list.avoid(current, nowMs + SILENT_MS);
    this.#leaves = 'unresponsive';
  }

  noMobileRouterSupport(nowMs: number): void {
    const { current } = this.#list;
    if (current !== undefined) this.#list.avoid(current, nowMs + NO_MOBILE_ROUTERS_MS);
    this.#leaves = 'no-mobile-router-support';
  }

  /** Whether a reply answers our request. */
  discovered(reply: HomeAgentAddressDiscoveryReply, nowMs: number): boolean {
    const addresses = this.#discovery?.answered(reply, nowMs);
    if (!addresses) return false;
    this.#list.discovered(addresses);
    this.#hasReply = true;
    this.#hasAskedAll = true;
    return true;
  }

  /** The agent's name stands for these. */
  named(addresses: readonly Address[]): void {
    this.#list.discovered(addresses);
  }

  /** Does what is due. `expiresMs`: when the last binding that the current agent may hold ends. */
  run(paths: readonly Path[], expiresMs: number, nowMs: number): RoleAction[] {
    if (this.#stopped && nowMs >= this.#stopped.untilMs) this.#stopped = undefined;
    if (this.stoppedStatus(nowMs) !== undefined) return [];
    const reason = this.#reasonToChange(nowMs);
    if (reason === undefined) return this.#discovery?.run(paths, nowMs) ?? [];
    const next = this.#list.alternative(nowMs);
    if (next === undefined && this.#refusal !== undefined && (this.#hasAskedAll || !this.#discovery)) {
      return this.#stop(this.#refusal, nowMs + STOPPED_MS);
    }
    if (next === undefined) {
      this.#discovery?.start(nowMs);
      return this.#discovery?.run(paths, nowMs) ?? [];
    }
    return this.#change(next, reason, expiresMs, nowMs);
  }

  #reasonToChange(nowMs: number): HomeAgentChangeReason | undefined {
    if (this.#list.current === undefined) return 'discovered';
    if (this.#leaves !== undefined) return this.#leaves;
    const isSilent = this.#hasReply && this.#testedMs !== undefined && nowMs >= this.#testedMs + this.#patienceMs;
    return isSilent ? 'unresponsive' : undefined;
  }

  #change(next: Address, reason: HomeAgentChangeReason, expiresMs: number, nowMs: number): RoleAction[] {
    const from = this.#list.current ?? null;
    if (from !== null && expiresMs > nowMs) this.#previous = { agent: from, expiresMs };
    if (from !== null && reason === 'unresponsive') this.#list.avoid(from, nowMs + SILENT_MS);
    this.#list.use(next);
    this.#leaves = undefined;
    this.trust();
    const homeAddress = this.#homeAddress;
    const addresses = { previousHomeAgentAddress: from, homeAgentAddress: next };
    return [tell({ type: 'home-agent-changed', homeAddress, ...addresses, reason })];
  }

  /**
   * While an agent that we left may still hold a binding, it is that one which defends the home address: back to it.
   * Otherwise somebody else has the address, and it must not be used again (RFC 6275 §11.7.1).
   */
  #duplicate(current: Address, nowMs: number): RoleAction[] {
    const previous = this.#previous;
    if (!previous || previous.agent === current || previous.expiresMs <= nowMs) {
      return this.#stop(BindingStatus.duplicateAddressDetectionFailed, Number.POSITIVE_INFINITY);
    }
    this.#list.avoid(current, previous.expiresMs);
    this.#previous = undefined;
    return this.#change(previous.agent, 'duplicate-address', 0, nowMs);
  }

  #stop(status: number, untilMs: number): RoleAction[] {
    this.#stopped = { status, untilMs };
    this.#leaves = undefined;
    this.#refusal = undefined;
    this.#hasAskedAll = false;
    this.#discovery?.stop();
    const homeAddress = this.#homeAddress;
    return [tell({ type: 'home-registration-stopped', homeAddress, status })];
  }
}
