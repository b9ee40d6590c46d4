import { DeadlineQueue } from '../../bindings/deadline-queue.ts';
import { type Address, IPV6_UNSPECIFIED } from '../../bytes/address.ts';
import { ALL_NODES, solicitedNodeAddress } from '../../bytes/special-addresses.ts';
import { Icmpv6Type } from '../../wire/icmpv6/message.ts';
import { NeighborAdvertisementFlag, NeighborOptionType } from '../../wire/icmpv6/numbers.ts';
import type { Icmpv6Packet } from '../../wire/signalling.ts';
import type { RoleAction } from '../action.ts';
import type { GroupMemberships } from './group-memberships.ts';
import type { HomeLink } from './home-link.ts';

/** RFC 4861 §10: MAX_NEIGHBOR_ADVERTISEMENT, RETRANS_TIMER. */
const ANNOUNCEMENTS = 3;
const RETRANSMIT_TIMER_MS = 1000;

interface Defended {
  readonly router: boolean;
  /** Unsolicited advertisements still to be sent. */
  remaining: number;
  nextMs: number;
}

/**
 * Proxy Neighbor Discovery for addresses of mobile nodes that are away (RFC 6275 §10.4.1, RFC 3963 §6.2): announces
 * each with our link-layer address, and answers for it. The kernel's own proxy is not used: what it holds would
 * outlive a process that is killed.
 */
export class AddressDefence {
  readonly #groups: GroupMemberships;
  readonly #defended = new Map<Address, Defended>();
  readonly #announcements = new DeadlineQueue<Address>();

  constructor(groups: GroupMemberships) {
    this.#groups = groups;
  }

  get nextDeadlineMs(): number {
    return this.#announcements.nextMs;
  }

  isDefending(target: Address): boolean {
    return this.#defended.has(target);
  }

  /** Begins to speak for an address; `router`: as its owner would, who is one (RFC 3963 §6.2). */
  defend(target: Address, router: boolean, link: HomeLink | undefined, nowMs: number): RoleAction[] {
    if (this.#defended.get(target)?.router === router) return [];
    const joined = this.#defended.has(target) ? [] : this.#groups.join(solicitedNodeAddress(target));
    this.#defended.set(target, { router, remaining: ANNOUNCEMENTS, nextMs: nowMs });
    return [...joined, ...this.#announce(target, link, nowMs)];
  }

  /** Falls silent about an address at once. */
  release(target: Address): RoleAction[] {
    return this.#defended.delete(target) ? this.#groups.leave(solicitedNodeAddress(target)) : [];
  }

  /** The link is there, or there with another link-layer address: all addresses are announced. */
  announceAll(link: HomeLink, nowMs: number): RoleAction[] {
    return [...this.#defended].flatMap(([target, defended]) => {
      defended.remaining = ANNOUNCEMENTS;
      return this.#announce(target, link, nowMs);
    });
  }

  run(link: HomeLink | undefined, nowMs: number): RoleAction[] {
    const actions: RoleAction[] = [];
    for (let target = this.#announcements.popDue(nowMs); target; target = this.#announcements.popDue(nowMs)) {
      const defended = this.#defended.get(target);
      if (defended && defended.remaining > 0 && defended.nextMs <= nowMs) {
        actions.push(...this.#announce(target, link, nowMs));
      }
    }
    return actions;
  }

  /** The answer to a Neighbor Solicitation, if we speak for its target. */
  answer(packet: Icmpv6Packet, link: HomeLink): RoleAction[] {
    const { source, message } = packet;
    if (message.type !== Icmpv6Type.neighborSolicitation) return [];
    const defended = this.#defended.get(message.targetAddress);
    if (!defended) return [];
    // Who tests the address has none yet: all nodes are told (RFC 4861 §7.2.4).
    const isTest = source === IPV6_UNSPECIFIED;
    const flags = isTest ? 0 : NeighborAdvertisementFlag.solicited;
    const destination = isTest ? ALL_NODES : source;
    return [advertisement(message.targetAddress, defended.router, flags, destination, link)];
  }

  #announce(target: Address, link: HomeLink | undefined, nowMs: number): RoleAction[] {
    const defended = this.#defended.get(target)!;
    defended.remaining--;
    defended.nextMs = nowMs + RETRANSMIT_TIMER_MS;
    if (defended.remaining > 0) this.#announcements.push(defended.nextMs, target);
    return link ? [advertisement(target, defended.router, 0, ALL_NODES, link)] : [];
  }
}

/** All but the link-layer address and the router flag are as the mobile node itself would set them. */
function advertisement(
  targetAddress: Address,
  router: boolean,
  flags: number,
  destination: Address,
  link: HomeLink,
): RoleAction {
  const { router: ROUTER, override } = NeighborAdvertisementFlag;
  return {
    type: 'send',
    interfaceIndex: link.interfaceIndex,
    packet: {
      kind: 'icmpv6',
      source: link.linkLocalAddress,
      destination,
      message: {
        type: Icmpv6Type.neighborAdvertisement,
        flags: flags | override | (router ? ROUTER : 0),
        targetAddress,
        options: [{ type: NeighborOptionType.targetLinkLayerAddress, linkLayerAddress: link.linkLayerAddress }],
      },
    },
  };
}
