// A home agent on a physical home link, and what the link's nodes send it.
import { type Address, address, IPV6_UNSPECIFIED } from '../../src/bytes/address.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import { solicitedNodeAddress } from '../../src/bytes/special-addresses.ts';
import type {
  HomeAgentAdvertisementConfiguration,
  HomeAgentConfiguration,
  PhysicalHomeLinkConfiguration,
} from '../../src/config/configuration.ts';
import type { RoleAction } from '../../src/roles/action.ts';
import type { HomeLink, HomeLinkAddress } from '../../src/roles/home-agent/home-link.ts';
import type { NeighborAdvertisement, RouterAdvertisement } from '../../src/wire/icmpv6/neighbor-discovery.ts';
import type { NeighborOption, PrefixInformationOption } from '../../src/wire/icmpv6/neighbor-options.ts';
import {
  Icmpv6Type,
  NeighborOptionType,
  PrefixInformationFlag,
  RouterAdvertisementFlag,
} from '../../src/wire/icmpv6/numbers.ts';
import { LinkLayerAddressOptionCode, OptionType } from '../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import type { Icmpv6Packet, MobilityPacket } from '../../src/wire/signalling.ts';
import { AGENT, Flag, HOME, HOME_PREFIX, HomeAgentBench, ROUTER_FLAGS } from './engines.ts';

export const HOME_LINK_INDEX = 7;
export const UPSTREAM_INDEX = 8;
/** Our own address on the home link, in the home prefix. */
export const ON_LINK = address('2001:db8:1:f::1');
export const OUR_LINK_LOCAL = address('fe80::1');
export const OUR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
export const NODE_MAC = Uint8Array.of(2, 0, 0, 0, 0, 2);
export const HOST_FLAGS = Flag.acknowledge | Flag.homeRegistration;
export const ROUTER = ROUTER_FLAGS;
const FOREVER_MS = Number.POSITIVE_INFINITY;

export function onLink(text: string, more: Partial<HomeLinkAddress> = {}): HomeLinkAddress {
  return { address: address(text), validUntilMs: FOREVER_MS, preferredUntilMs: FOREVER_MS, ...more };
}

export function homeLink(more: Partial<HomeLink> = {}): HomeLink {
  return {
    interfaceIndex: HOME_LINK_INDEX,
    linkLayerAddress: OUR_MAC,
    linkLocalAddress: OUR_LINK_LOCAL,
    mtuBytes: 1500,
    addresses: [onLink('2001:db8:1:f::1')],
    ...more,
  };
}

export const ADVERTISE: HomeAgentAdvertisementConfiguration = {
  preference: 0,
  minimumIntervalMs: 200_000,
  maximumIntervalMs: 600_000,
  minimumDelayMs: 3000,
  unsolicited: true,
  intervalOption: true,
  mobileRouters: false,
  validLifetimeSeconds: 2_592_000,
  preferredLifetimeSeconds: 604_800,
};

export function homeLinkConfiguration(
  more: Partial<PhysicalHomeLinkConfiguration> = {},
): PhysicalHomeLinkConfiguration {
  return {
    interface: 'home0',
    prefixes: [HOME_PREFIX],
    onlyRouter: false,
    simultaneousHomeAndForeign: true,
    ...more,
  };
}

/** A packet and the interface that it leaves by. */
export interface Sent {
  readonly packet: Icmpv6Packet;
  readonly interfaceIndex: number;
}

export function icmpv6In(actions: readonly RoleAction[]): Sent[] {
  return actions.flatMap((action) =>
    action.type === 'send' && action.packet.kind === 'icmpv6'
      ? { packet: action.packet, interfaceIndex: action.interfaceIndex }
      : [],
  );
}

/** Messages of one ICMPv6 type, with their packets. */
export function messagesIn<Type extends Icmpv6Packet['message']['type']>(
  actions: readonly RoleAction[],
  type: Type,
): { readonly packet: Icmpv6Packet; readonly message: Extract<Icmpv6Packet['message'], { readonly type: Type }> }[] {
  return icmpv6In(actions).flatMap(({ packet }) =>
    packet.message.type === type
      ? { packet, message: packet.message as Extract<Icmpv6Packet['message'], { readonly type: Type }> }
      : [],
  );
}

export function advertisementsIn(actions: readonly RoleAction[]): NeighborAdvertisement[] {
  return messagesIn(actions, Icmpv6Type.neighborAdvertisement).map(({ message }) => message);
}

export function routerAdvertisementsIn(actions: readonly RoleAction[]): RouterAdvertisement[] {
  return messagesIn(actions, Icmpv6Type.routerAdvertisement).map(({ message }) => message);
}

export function optionOf<Type extends NeighborOption['type']>(
  { options }: { readonly options: readonly NeighborOption[] },
  type: Type,
): Extract<NeighborOption, { readonly type: Type }> | undefined {
  return options.find((option): option is Extract<NeighborOption, { readonly type: Type }> => option.type === type);
}

export function groupsIn(actions: readonly RoleAction[], type: 'join-group' | 'leave-group'): Address[] {
  return actions.flatMap((action) => (action.type === type ? action.group : []));
}

export function sentIn(actions: readonly RoleAction[]): { packet: MobilityPacket; interfaceIndex: number }[] {
  return actions.flatMap((action) =>
    action.type === 'send' && action.packet.kind === 'mobility'
      ? { packet: action.packet, interfaceIndex: action.interfaceIndex }
      : [],
  );
}

/** A Neighbor Solicitation; without a source, one that tests the target. */
export function neighborSolicitation(target: Address, source: Address = IPV6_UNSPECIFIED): Icmpv6Packet {
  return {
    kind: 'icmpv6',
    source,
    destination: solicitedNodeAddress(target),
    hopLimit: 255,
    message: { type: Icmpv6Type.neighborSolicitation, targetAddress: target, options: [] },
  };
}

export function neighborAdvertisement(target: Address): Icmpv6Packet {
  return {
    kind: 'icmpv6',
    source: target,
    destination: address('ff02::1'),
    hopLimit: 255,
    message: { type: Icmpv6Type.neighborAdvertisement, flags: 0x20, targetAddress: target, options: [] },
  };
}

export interface AdvertisementParts {
  readonly source?: string;
  readonly homeAgent?: boolean;
  readonly routerLifetimeSeconds?: number;
  readonly options?: readonly NeighborOption[];
}

/** A Router Advertisement of another home agent. */
export function routerAdvertisement(parts: AdvertisementParts = {}): Icmpv6Packet {
  return {
    kind: 'icmpv6',
    source: address(parts.source ?? 'fe80::a'),
    destination: address('ff02::1'),
    hopLimit: 255,
    message: {
      type: Icmpv6Type.routerAdvertisement,
      currentHopLimit: 64,
      flags: parts.homeAgent === false ? 0 : RouterAdvertisementFlag.homeAgent,
      routerLifetimeSeconds: parts.routerLifetimeSeconds ?? 1800,
      reachableTimeMs: 0,
      retransmitTimerMs: 0,
      options: parts.options ?? [],
    },
  };
}

/** With flag R and a router's whole address, unless `flags` says otherwise. */
export function prefixOption(text: string, more: Partial<PrefixInformationOption> = {}): PrefixInformationOption {
  const { onLink: L, autonomous: A, routerAddress: R } = PrefixInformationFlag;
  return {
    type: NeighborOptionType.prefixInformation,
    prefixLength: 64,
    flags: L | A | R,
    validLifetimeSeconds: 86_400,
    preferredLifetimeSeconds: 3600,
    address: address(text),
    ...more,
  };
}

export function information(preference: number, lifetimeSeconds: number, mobileRouter = false): NeighborOption {
  return { type: NeighborOptionType.homeAgentInformation, mobileRouter, preference, lifetimeSeconds };
}

/** A mobile node's own link-layer address (RFC 5648 §5.6.3). */
export function linkLayerAddress(octets: Uint8Array = NODE_MAC): MobilityOption {
  const optionCode = LinkLayerAddressOptionCode.mobileNode;
  return { type: OptionType.mobilityHeaderLinkLayerAddress, optionCode, linkLayerAddress: octets };
}

export interface HomeLinkBenchParts extends Partial<Omit<HomeAgentConfiguration, 'homeLink'>> {
  readonly homeLink?: Partial<PhysicalHomeLinkConfiguration>;
}

/** A home agent whose physical home link is up. */
export class HomeLinkBench extends HomeAgentBench {
  /** What it did when the link came up. */
  readonly first: readonly RoleAction[];

  constructor({ homeLink: more, ...parts }: HomeLinkBenchParts = {}, link: HomeLink | null = homeLink()) {
    super({ ...parts, homeLink: homeLinkConfiguration(more) });
    this.first = this.link(link);
  }

  link(link: HomeLink | null): RoleAction[] {
    return this.handle({ type: 'home-link', link });
  }

  /** From the home link. */
  hear(packet: Icmpv6Packet): RoleAction[] {
    return this.handle({ type: 'icmpv6', packet, interfaceIndex: HOME_LINK_INDEX });
  }

  /** From the Internet. */
  ask(packet: Icmpv6Packet): RoleAction[] {
    return this.handle({ type: 'icmpv6', packet, interfaceIndex: UPSTREAM_INDEX });
  }

  /** A Binding Update from the home link. */
  receiveAtHome(packet: MobilityPacket): RoleAction[] {
    return this.handle({ type: 'mobility', packet, interfaceIndex: HOME_LINK_INDEX });
  }

  /** A first registration, with the test of its address; returns what was done about it in all. */
  register(packet: MobilityPacket): RoleAction[] {
    return [...this.receive(packet), ...this.run(1000)];
  }
}

export { AGENT, HOME, prefix };
