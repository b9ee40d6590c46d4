import { type Address, IPV6_UNSPECIFIED } from '../../bytes/address.ts';
import { ALL_NODES, linkLocalOf, solicitedNodeAddress } from '../../bytes/special-addresses.ts';
import type { HomeLink } from '../../paths/home-link.ts';
import { Icmpv6Type } from '../../wire/icmpv6/message.ts';
import type { LinkLayerAddressOption } from '../../wire/icmpv6/neighbor-options.ts';
import { NeighborAdvertisementFlag, NeighborOptionType } from '../../wire/icmpv6/numbers.ts';
import type { Icmpv6Packet } from '../../wire/signalling.ts';
import type { RoleAction } from '../action.ts';

/** MAX_NEIGHBOR_ADVERTISEMENT and RETRANS_TIMER (RFC 4861 §10). */
const MAX_NEIGHBOR_ADVERTISEMENT = 3;
const RETRANSMIT_MS = 1000;
/** Nobody who defends the home address leaves this many solicitations unanswered. */
const SOLICITATIONS = 2;

/** Neighbor Discovery for the home address on the home link, where the home agent defends it (RFC 6275 §11.5.5). */
export class HomeNeighborhood {
  readonly #homeAddress: Address;
  #solicitation: { sent: number; deadlineMs: number } | undefined;
  #advertisement: { sent: number; deadlineMs: number } | undefined;

  constructor(homeAddress: Address) {
    this.#homeAddress = homeAddress;
  }

  get nextDeadlineMs(): number {
    const deadlines = [this.#solicitation?.deadlineMs, this.#advertisement?.deadlineMs];
    return Math.min(...deadlines.map((deadlineMs) => deadlineMs ?? Number.POSITIVE_INFINITY));
  }

  /** Whether the home agent's link-layer address is still asked for. */
  get isSoliciting(): boolean {
    return this.#solicitation !== undefined;
  }

  /** Asks who defends the home address: that is the home agent, and its answer has its link-layer address. */
  solicit(nowMs: number): void {
    this.#solicitation = { sent: 0, deadlineMs: nowMs };
  }

  /** Claims the home address: from now on it is ours alone. */
  advertise(nowMs: number): void {
    this.#advertisement = { sent: 0, deadlineMs: nowMs };
  }

  stop(): void {
    this.#solicitation = undefined;
    this.#advertisement = undefined;
  }

  run(link: HomeLink, nowMs: number): RoleAction[] {
    const actions: RoleAction[] = [];
    if (this.#solicitation && this.#solicitation.deadlineMs <= nowMs) {
      if (this.#solicitation.sent === SOLICITATIONS) {
        this.#solicitation = undefined;
      } else {
        this.#solicitation = { sent: this.#solicitation.sent + 1, deadlineMs: nowMs + RETRANSMIT_MS };
        actions.push(this.#solicitationOn(link));
      }
    }
    if (this.#advertisement && this.#advertisement.deadlineMs <= nowMs) {
      const sent = this.#advertisement.sent + 1;
      this.#advertisement =
        sent === MAX_NEIGHBOR_ADVERTISEMENT ? undefined : { sent, deadlineMs: nowMs + RETRANSMIT_MS };
      actions.push(...this.#advertisementsOn(link));
    }
    return actions;
  }

  /** The link-layer address of who defends the home address; ends the solicitation. */
  defended({ message }: Icmpv6Packet): Uint8Array | undefined {
    if (!this.#solicitation || this.#solicitation.sent === 0) return undefined;
    if (message.type !== Icmpv6Type.neighborAdvertisement || message.targetAddress !== this.#homeAddress)
      return undefined;
    const option = message.options.find(
      (candidate): candidate is LinkLayerAddressOption => candidate.type === NeighborOptionType.targetLinkLayerAddress,
    );
    if (option) this.#solicitation = undefined;
    return option?.linkLayerAddress;
  }

  /** The home address is the target, not the source: the home agent answers for it to the whole link. */
  #solicitationOn({ interfaceIndex }: HomeLink): RoleAction {
    return {
      type: 'send',
      packet: {
        kind: 'icmpv6',
        source: IPV6_UNSPECIFIED,
        destination: solicitedNodeAddress(this.#homeAddress),
        message: { type: Icmpv6Type.neighborSolicitation, targetAddress: this.#homeAddress, options: [] },
      },
      interfaceIndex,
    };
  }

  /** For the home address, and for the link-local address with the same interface identifier if that is ours. */
  #advertisementsOn({ interfaceIndex, linkLayerAddress, linkLocalAddress }: HomeLink): RoleAction[] {
    if (!linkLayerAddress) return [];
    const targets = [this.#homeAddress];
    if (linkLocalAddress !== null && linkLocalAddress === linkLocalOf(this.#homeAddress))
      targets.push(linkLocalAddress);
    return targets.map((targetAddress) => ({
      type: 'send',
      packet: {
        kind: 'icmpv6',
        source: targetAddress,
        destination: ALL_NODES,
        message: {
          type: Icmpv6Type.neighborAdvertisement,
          flags: NeighborAdvertisementFlag.override | NeighborAdvertisementFlag.router,
          targetAddress,
          options: [{ type: NeighborOptionType.targetLinkLayerAddress, linkLayerAddress }],
        },
      },
      interfaceIndex,
    }));
  }
}
