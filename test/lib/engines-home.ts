// A mobile router that can come home, and one that looks for home agents, on their own.
import { type Address, address } from '../../src/bytes/address.ts';
import { ALL_NODES } from '../../src/bytes/special-addresses.ts';
import type { HomeConfiguration } from '../../src/config/configuration.ts';
import type { HomeLink } from '../../src/paths/home-link.ts';
import type { RoleAction } from '../../src/roles/action.ts';
import type { RoleEvent } from '../../src/roles/events.ts';
import type { HomePlacement } from '../../src/roles/mobile-router/home-placement.ts';
import { Icmpv6Type } from '../../src/wire/icmpv6/message.ts';
import type { NeighborAdvertisement, NeighborSolicitation } from '../../src/wire/icmpv6/neighbor-discovery.ts';
import { NeighborOptionType } from '../../src/wire/icmpv6/numbers.ts';
import type { Icmpv6Packet } from '../../src/wire/signalling.ts';
import {
  AGENT,
  HOME,
  HOME_PREFIX,
  homeConfiguration,
  MobileRouterBench,
  type RouterParts,
  type SentUpdate,
} from './engines.ts';

export const HOME_LINK_INDEX = 14;
export const OWN_LINK_ADDRESS = Uint8Array.of(2, 0, 0, 0, 0, 0x10);
export const AGENT_LINK_ADDRESS = Uint8Array.of(2, 0, 0, 0, 0, 0x99);
export const HOME_ROUTER = address('fe80::1');
/** With the interface identifier of the home address. */
export const OWN_LINK_LOCAL = address('fe80::2');

export function homeLink(more: Partial<HomeLink> = {}): HomeLink {
  return {
    home: 'home',
    interfaceIndex: HOME_LINK_INDEX,
    attached: true,
    linkLayerAddress: OWN_LINK_ADDRESS,
    linkLocalAddress: address('fe80::1234'),
    router: { address: HOME_ROUTER, linkLayerAddress: AGENT_LINK_ADDRESS },
    mtuBytes: 1500,
    ...more,
  };
}

export const AT_HOME: RouterParts = { homePrefix: HOME_PREFIX, homeLink: { interface: 'eth9', simultaneous: false } };
export const AT_BOTH: RouterParts = { homePrefix: HOME_PREFIX, homeLink: { interface: 'eth9', simultaneous: true } };
/** Without an agent of its own: one has to be found. */
export const LOOKING: RouterParts = { homes: [withoutAgent({ homePrefix: HOME_PREFIX })] };

export function withoutAgent(more: Partial<HomeConfiguration>): HomeConfiguration {
  const { homeAgentAddress: _, ...home } = homeConfiguration(more);
  return home;
}

export interface SentIcmpv6 {
  readonly atMs: number;
  readonly packet: Icmpv6Packet;
  readonly interfaceIndex: number;
}

/** A `MobileRouterBench` with home links, that remembers what it sends beside Binding Updates. */
export class HomeBench extends MobileRouterBench {
  readonly icmpv6: SentIcmpv6[] = [];
  readonly actions: RoleAction[] = [];
  #homeLinks: readonly HomeLink[] = [];

  override handle(input: Parameters<MobileRouterBench['handle']>[0]): RoleAction[] {
    const actions = super.handle(input);
    this.actions.push(...actions);
    for (const action of actions) {
      if (action.type !== 'send' || action.packet.kind !== 'icmpv6') continue;
      this.icmpv6.push({ atMs: this.nowMs, packet: action.packet, interfaceIndex: action.interfaceIndex });
    }
    return actions;
  }

  /** The home links from now on. */
  homeLinks(...homeLinks: readonly HomeLink[]): SentUpdate[] {
    this.#homeLinks = homeLinks;
    return this.uplinks(...this.careOf);
  }

  override observe(...careOf: readonly (Address | null)[]): RoleAction[] {
    this.careOf = careOf;
    return this.handle({ type: 'uplinks', uplinks: this.observed(), homeLinks: this.#homeLinks });
  }

  icmp(packet: Icmpv6Packet, interfaceIndex?: number): RoleAction[] {
    return this.handle({ type: 'icmpv6', packet, ...(interfaceIndex !== undefined && { interfaceIndex }) });
  }

  /** The home agent answers who asks for the home address. */
  defend(linkLayerAddress: Uint8Array = AGENT_LINK_ADDRESS): SentUpdate[] {
    return this.updates(() => this.icmp(defence(linkLayerAddress), HOME_LINK_INDEX));
  }

  solicitations(): { readonly packet: Icmpv6Packet; readonly message: NeighborSolicitation; readonly atMs: number }[] {
    return this.icmpv6.flatMap(({ packet, atMs }) =>
      packet.message.type === Icmpv6Type.neighborSolicitation ? [{ packet, message: packet.message, atMs }] : [],
    );
  }

  advertisements(): {
    readonly packet: Icmpv6Packet;
    readonly message: NeighborAdvertisement;
    readonly atMs: number;
    readonly interfaceIndex: number;
  }[] {
    return this.icmpv6.flatMap(({ packet, atMs, interfaceIndex }) =>
      packet.message.type === Icmpv6Type.neighborAdvertisement
        ? [{ packet, message: packet.message, atMs, interfaceIndex }]
        : [],
    );
  }

  /** Messages of one ICMPv6 type that were sent. */
  sentOf(type: number): SentIcmpv6[] {
    return this.icmpv6.filter(({ packet }) => packet.message.type === type);
  }

  get placement(): HomePlacement {
    return this.router.placements()[0]!;
  }

  get place(): string {
    return this.router.status(this.nowMs).homes[0]!.state;
  }

  told<Type extends RoleEvent['type']>(type: Type): Extract<RoleEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<RoleEvent, { type: Type }> => event.type === type);
  }
}

/** The home agent's Neighbor Advertisement for the home address. */
export function defence(linkLayerAddress: Uint8Array, targetAddress = HOME): Icmpv6Packet {
  return {
    kind: 'icmpv6',
    source: AGENT,
    destination: ALL_NODES,
    message: {
      type: Icmpv6Type.neighborAdvertisement,
      flags: 0x20,
      targetAddress,
      options: [{ type: NeighborOptionType.targetLinkLayerAddress, linkLayerAddress }],
    },
  };
}
