import { NO_BID } from '../../bindings/binding-cache.ts';
import type { BindingUpdateList } from '../../bindings/binding-update-list.ts';
import { type Address, isIpv4 } from '../../bytes/address.ts';
import type { AgentAbilities } from './agent-abilities.ts';
import type { Path } from './path.ts';

/** How long a care-of address that the agent calls invalid is not tried again. */
const INVALID_CARE_OF_ADDRESS_MS = 300_000;

/** Which bindings one home agent should have, as the paths are and as far as it takes them. */
export class WantedBindings {
  readonly #list: BindingUpdateList;
  readonly #abilities: AgentAbilities;
  readonly #invalidUntilMs = new Map<Address, number>();
  /** Those that can be used, in order of preference. */
  paths: readonly Path[] = [];
  stage: 'away' | 'returning' | 'home' | 'leaving' = 'away';

  constructor(list: BindingUpdateList, abilities: AgentAbilities) {
    this.#list = list;
    this.#abilities = abilities;
  }

  get nextDeadlineMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#invalidUntilMs.values());
  }

  expire(nowMs: number): void {
    for (const [careOfAddress, untilMs] of this.#invalidUntilMs) {
      if (untilMs <= nowMs) this.#invalidUntilMs.delete(careOfAddress);
    }
  }

  /** The care-of address is of no use with this agent, for a while. */
  avoid(careOfAddress: Address, nowMs: number): void {
    this.#invalidUntilMs.set(careOfAddress, nowMs + INVALID_CARE_OF_ADDRESS_MS);
  }

  /** Each binding that should exist, and its path: all paths, or only the best one in plain Mobile IPv6. */
  all(): ReadonlyMap<number, Path> {
    if (this.stage !== 'away') return new Map();
    // What seems dead is tried once the agent has no binding to it any more, or if there is nothing else.
    const isOnlyTrials = this.paths.every(({ isTrial }) => isTrial);
    const allowed = this.paths.filter(
      ({ bid, careOfAddress, homeLink, isTrial }) =>
        (!isTrial || isOnlyTrials || !this.#list.get(bid)?.acknowledged) &&
        !this.#invalidUntilMs.has(careOfAddress) &&
        !(homeLink && this.#abilities.homeBindingUnavailable),
    );
    if (this.#abilities.support !== 'unsupported') return new Map(allowed.map((path) => [path.bid, path]));
    const best = allowed.find(({ isTrial }) => !isTrial) ?? allowed[0];
    return new Map(best ? [[NO_BID, best]] : []);
  }

  careOfAddress(bid: number): Address | undefined {
    return this.all().get(bid)?.careOfAddress;
  }

  /** The BID of the binding to the home link. */
  get homeBid(): number | undefined {
    return [...this.all()].find(([, { homeLink }]) => homeLink)?.[0];
  }

  needsRegistration(bid: number, path: Path): boolean {
    const entry = this.#list.get(bid);
    return !entry?.acknowledged || entry.careOfAddress !== path.careOfAddress;
  }

  /**
   * Whether only an update from the care-of address itself may register it: a NAT on its way has to be found, or its
   * mapping kept (RFC 5648 §8.1). Beside others it goes from an IPv6 care-of address alone.
   */
  mustBeAlone(bid: number, path: Path): boolean {
    if (!isIpv4(path.careOfAddress)) return false;
    const needsNoUdp = !this.needsRegistration(bid, path) && this.#list.get(bid)?.ipv4?.udp === false;
    return !needsNoUdp || !this.paths.some(({ homeLink, careOfAddress }) => !homeLink && !isIpv4(careOfAddress));
  }

  /** An update from an IPv4 care-of address was accepted: its path lives. */
  proved(source: Address): void {
    this.paths = this.paths.map((path) => (path.careOfAddress === source ? { ...path, isTrial: false } : path));
  }
}
