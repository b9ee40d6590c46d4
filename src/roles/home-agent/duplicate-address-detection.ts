import { type Address, IPV6_UNSPECIFIED } from '../../bytes/address.ts';
import { linkLocalOf, solicitedNodeAddress } from '../../bytes/special-addresses.ts';
import { Icmpv6Type } from '../../wire/icmpv6/message.ts';
import type { Icmpv6Packet } from '../../wire/signalling.ts';
import type { RoleAction } from '../action.ts';
import type { GroupMemberships } from './group-memberships.ts';
import type { HomeLink } from './home-link.ts';

/** RETRANS_TIMER (RFC 4861 §10): how long an owner of the address has to answer the one probe (RFC 4862 §5.1). */
const RETRANSMIT_TIMER_MS = 1000;

interface Test {
  readonly targets: readonly Address[];
  readonly doneMs: number;
}

/** Finds out whether somebody on the home link uses a home address (RFC 6275 §10.3.1, RFC 4862 §5.4). */
export class DuplicateAddressDetection {
  readonly #groups: GroupMemberships;
  readonly #tests = new Map<Address, Test>();

  constructor(groups: GroupMemberships) {
    this.#groups = groups;
  }

  get nextDeadlineMs(): number {
    // All tests take as long: the first one begun is the first one done.
    for (const { doneMs } of this.#tests.values()) return doneMs;
    return Number.POSITIVE_INFINITY;
  }

  isTesting(homeAddress: Address): boolean {
    return this.#tests.has(homeAddress);
  }

  /** Begins a test; with `linkLocal` (flag L) the derived link-local address is tested, too. */
  start(homeAddress: Address, linkLocal: boolean, link: HomeLink, nowMs: number): RoleAction[] {
    const targets = linkLocal ? [homeAddress, linkLocalOf(homeAddress)] : [homeAddress];
    this.#tests.set(homeAddress, { targets, doneMs: nowMs + RETRANSMIT_TIMER_MS });
    return targets.flatMap((target) => [
      // Before the probe is sent: another node's own probe for the address must be heard.
      ...this.#groups.join(solicitedNodeAddress(target)),
      { type: 'send', packet: probe(target), interfaceIndex: link.interfaceIndex } as const,
    ]);
  }

  /**
   * Takes a Neighbor Solicitation or Advertisement from the link: names the home address whose test it fails. A
   * solicitation counts if its sender tests the address itself.
   */
  conflict({ source, message }: Icmpv6Packet): Address | undefined {
    const isClaim =
      message.type === Icmpv6Type.neighborAdvertisement ||
      (message.type === Icmpv6Type.neighborSolicitation && source === IPV6_UNSPECIFIED);
    if (!isClaim || !('targetAddress' in message)) return undefined;
    for (const [homeAddress, { targets }] of this.#tests) {
      if (targets.includes(message.targetAddress)) return homeAddress;
    }
    return undefined;
  }

  /** Ends a test. */
  stop(homeAddress: Address): RoleAction[] {
    const targets = this.#tests.get(homeAddress)?.targets ?? [];
    this.#tests.delete(homeAddress);
    return targets.flatMap((target) => this.#groups.leave(solicitedNodeAddress(target)));
  }

  /** The home addresses whose tests have passed by now; they are still to be stopped. */
  passed(nowMs: number): Address[] {
    return [...this.#tests].filter(([, { doneMs }]) => doneMs <= nowMs).map(([homeAddress]) => homeAddress);
  }
}

/** RFC 4862 §5.4.2. */
function probe(target: Address): Icmpv6Packet {
  return {
    kind: 'icmpv6',
    source: IPV6_UNSPECIFIED,
    destination: solicitedNodeAddress(target),
    message: { type: Icmpv6Type.neighborSolicitation, targetAddress: target, options: [] },
  };
}
