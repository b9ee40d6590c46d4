import type { Address } from '../bytes/address.ts';
import { hostPrefix, type Prefix, prefix, prefixContains } from '../bytes/prefix.ts';
import type {
  HomeAgentConfiguration,
  HomeConfiguration,
  MobileRouterConfiguration,
  RoutingConfiguration,
} from '../config/configuration.ts';
import type { Uplink } from '../paths/uplink.ts';
import type { Delivery } from '../roles/home-agent/home-deliveries.ts';
import type { HomePlacement } from '../roles/mobile-router/home-placement.ts';
import type { AddressRequest } from '../wire/netlink/address.ts';
import type { NetlinkRequest } from '../wire/netlink/encode.ts';
import type { NetlinkMessage } from '../wire/netlink/message.ts';
import type { NeighborRequest } from '../wire/netlink/neighbor.ts';
import { AddressFlag, NeighborState, RouteTable, RouteType } from '../wire/netlink/numbers.ts';
import type { RouteRequest } from '../wire/netlink/route.ts';
import type { RuleRequest } from '../wire/netlink/rule.ts';

/** Marks the routes and rules that are ours (an rtnetlink protocol number that nothing else claims). */
export const ROUTE_PROTOCOL = 109;
/** Tables and rule priorities reserved from the configured first ones on. */
export const RESERVED_NUMBERS = 100;
/** Behind the rules for home address and prefixes. */
const UPLINK_RULES = 50;
/** Loses against every other route of its table. */
const LAST_RESORT_METRIC = 0x7fff_ffff;
const DEFAULT_ROUTE = prefix('::/0');

/** One thing that the host's network shall have. */
export type HostNetworkItem =
  | (AddressRequest & { readonly kind: 'add-address' })
  | (RouteRequest & { readonly kind: 'add-route' })
  | (RuleRequest & { readonly kind: 'add-rule' })
  | (NeighborRequest & { readonly kind: 'replace-neighbor' });

/**
 * What a mobile router needs: the home address on the tunnel device; traffic from the home address and the mobile
 * network into the tunnel, unless it stays on a local link; and per uplink a table that its care-of address is looked
 * up in, so that every packet leaves by the link that its source belongs to (RFC 3704).
 */
export function mobileRouterNetwork(
  configuration: MobileRouterConfiguration,
  routing: RoutingConfiguration,
  uplinks: readonly Uplink[],
  tunnelInterfaceIndex: number,
  placements: readonly HomePlacement[] = configuration.homes.map(awayFromHome),
): HostNetworkItem[] {
  const tunnelTable = routing.firstTable;
  const items: HostNetworkItem[] = [
    ...placements.map(({ homeAddress }) => addressOn(tunnelInterfaceIndex, homeAddress)),
    route({ table: tunnelTable, destination: DEFAULT_ROUTE, interfaceIndex: tunnelInterfaceIndex }),
    // Silent: while monami restarts the tunnel is away, and an ICMPv6 error would end the vehicle's sessions.
    lastResort(tunnelTable, DEFAULT_ROUTE, RouteType.blackhole),
  ];
  for (const [index, placement] of placements.entries()) {
    const homeLinkTable = tunnelTable + 1 + configuration.uplinks.length + index;
    items.push(...placedHome(placement, tunnelTable, homeLinkTable, routing.firstRulePriority));
  }
  for (const [place, { name }] of configuration.uplinks.entries()) {
    const uplink = uplinks.find((candidate) => candidate.name === name);
    if (!uplink || uplink.careOfAddress === null) continue;
    const table = tunnelTable + 1 + place;
    const { interfaceIndex, gateway } = uplink;
    items.push(
      route({
        table,
        destination: DEFAULT_ROUTE,
        interfaceIndex,
        ...(gateway ? { gateway, gatewayOnLink: true } : {}),
      }),
      rule({
        priority: routing.firstRulePriority + UPLINK_RULES + place,
        source: hostPrefix(uplink.careOfAddress),
        table,
      }),
    );
  }
  return items;
}

function awayFromHome({ homeAddress, prefixes }: HomeConfiguration): HomePlacement {
  return { homeAddress, prefixes, ipv4Address: null, ipv4Prefixes: [], onLink: null, neighbor: null, native: null };
}

/**
 * What comes from a home address and its mobile network goes into the tunnel, or out by the home link where the router
 * is at home; in both cases unless it stays on a local link.
 */
function placedHome(
  { homeAddress, prefixes, onLink, neighbor, native }: HomePlacement,
  tunnelTable: number,
  homeLinkTable: number,
  priority: number,
): HostNetworkItem[] {
  const table = native ? homeLinkTable : tunnelTable;
  const items: HostNetworkItem[] = [];
  if (onLink) items.push(addressOn(onLink.interfaceIndex, homeAddress, onLink.detectDuplicates));
  if (neighbor) items.push({ kind: 'replace-neighbor', ...neighbor, state: NeighborState.permanent });
  if (native) {
    const { interfaceIndex, gateway } = native;
    const hop = gateway === null ? {} : { gateway, gatewayOnLink: true };
    if (gateway !== null) items.push(route({ table, destination: DEFAULT_ROUTE, interfaceIndex, ...hop }));
    items.push(lastResort(table, DEFAULT_ROUTE, RouteType.unreachable));
  }
  for (const source of [hostPrefix(homeAddress), ...prefixes]) {
    items.push(rule({ priority, source, table: RouteTable.main, suppressPrefixLength: 0 }));
    items.push(rule({ priority: priority + 1, source, table }));
  }
  return items;
}

/** What a home agent's routing depends on beside its configuration. */
export interface HomeAgentState {
  /** The physical home link's interface, while it can be used. */
  readonly homeLinkIndex: number | undefined;
  /** `undefined` for a node of a virtual home link. */
  delivery(homeAddress: Address): Delivery | undefined;
}

/**
 * What a home agent needs: every home address and mobile network prefix leads into the tunnel device, but for nodes
 * that are at home on a physical link, whose networks are behind them there. The rest of a virtual home link is
 * unreachable, lest the default route send it back to where it came from.
 */
export function homeAgentNetwork(
  configuration: HomeAgentConfiguration,
  tunnelInterfaceIndex: number,
  { homeLinkIndex, delivery }: HomeAgentState,
): HostNetworkItem[] {
  const table = RouteTable.main;
  const items: HostNetworkItem[] = [];
  for (const { homeAddress, prefixes } of configuration.mobileNodes) {
    const atHome = delivery(homeAddress);
    if (!atHome || atHome.tunnelled) {
      for (const destination of [hostPrefix(homeAddress), ...prefixes]) {
        items.push(route({ table, destination, interfaceIndex: tunnelInterfaceIndex }));
      }
      continue;
    }
    items.push(...prefixes.map((destination) => lastResort(table, destination, RouteType.unreachable)));
    if (homeLinkIndex !== undefined) items.push(...homeNetwork(homeAddress, prefixes, homeLinkIndex, atHome));
  }
  const virtualLinks = configuration.homePrefixes.filter((home) => !prefixContains(home, configuration.address));
  return [...items, ...virtualLinks.map((destination) => lastResort(table, destination, RouteType.unreachable))];
}

/** A node that is at home: its networks lie behind its home address. */
function homeNetwork(
  homeAddress: Address,
  prefixes: readonly Prefix[],
  interfaceIndex: number,
  { linkLayerAddress }: Delivery,
): HostNetworkItem[] {
  const table = RouteTable.main;
  const gateway = homeAddress;
  const items: HostNetworkItem[] = prefixes.map((destination) =>
    route({ table, destination, interfaceIndex, gateway, gatewayOnLink: true }),
  );
  // A home address within its own mobile network (RFC 4887 §6) would else be looked for behind itself.
  if (prefixes.some((prefix) => prefixContains(prefix, homeAddress))) {
    items.push(route({ table, destination: hostPrefix(homeAddress), interfaceIndex }));
  }
  if (linkLayerAddress) {
    const state = NeighborState.permanent;
    items.push({ kind: 'replace-neighbor', interfaceIndex, address: homeAddress, linkLayerAddress, state });
  }
  return items;
}

/** Brings the host's routing in line with what is wanted, and takes it back. Knows what it has installed. */
export class HostNetwork {
  readonly #routing: RoutingConfiguration;
  readonly #installed = new Map<string, HostNetworkItem>();
  #isUncertain = false;

  constructor(routing: RoutingConfiguration) {
    this.#routing = routing;
  }

  /** The requests that lead from what is installed to what is wanted: removals first. */
  reconcile(wanted: readonly HostNetworkItem[]): NetlinkRequest[] {
    const wantedByKey = new Map(wanted.map((item) => [JSON.stringify(item), item]));
    const requests: NetlinkRequest[] = [];
    for (const [key, item] of this.#installed) {
      if (wantedByKey.has(key)) continue;
      this.#installed.delete(key);
      requests.push(removal(item));
    }
    for (const [key, item] of wantedByKey) {
      if (this.#installed.has(key) && !this.#isUncertain) continue;
      this.#installed.set(key, item);
      requests.push(item);
    }
    this.#isUncertain = false;
    return requests;
  }

  /** Removals may have gone unnoticed: asks for everything again next time, for adding what is there does no harm. */
  noteUncertainty(): void {
    this.#isUncertain = true;
  }

  /** The kernel removes a link's routes with the link: forgets what is gone, so that it is installed again. */
  noteRemoval(message: NetlinkMessage): void {
    if (message.kind !== 'route' || message.change !== 'removed') return;
    for (const [key, item] of this.#installed) {
      const isSame =
        item.kind === 'add-route' &&
        item.table === message.table &&
        item.destination.address === message.destination.address &&
        item.destination.length === message.destination.length &&
        item.gateway === message.gateway &&
        item.interfaceIndex === message.interfaceIndex;
      if (isSame) this.#installed.delete(key);
    }
  }

  /** The request that removes what an earlier run left behind; `undefined` for what is not ours. */
  leftover(message: NetlinkMessage): NetlinkRequest | undefined {
    if (message.kind === 'rule' && this.#isOurNumber(message.priority, this.#routing.firstRulePriority)) {
      const { priority, table, suppressPrefixLength, family } = message;
      const source = message.source ?? (family === 'ipv6' ? DEFAULT_ROUTE : prefix('0.0.0.0/0'));
      return {
        kind: 'delete-rule',
        priority,
        table,
        source,
        ...(suppressPrefixLength === undefined ? {} : { suppressPrefixLength }),
      };
    }
    if (message.kind !== 'route' || message.change !== 'new') return undefined;
    const isOurs = message.protocol === ROUTE_PROTOCOL || this.#isOurNumber(message.table, this.#routing.firstTable);
    if (!isOurs) return undefined;
    const { table, destination, gateway, interfaceIndex, metric, protocol } = message;
    const { type } = message;
    const isLastResort = type === RouteType.unreachable || type === RouteType.blackhole;
    return {
      kind: 'delete-route',
      table,
      destination,
      metric,
      protocol,
      ...(isLastResort ? { type } : {}),
      ...(gateway === undefined ? {} : { gateway }),
      ...(interfaceIndex === undefined || isLastResort ? {} : { interfaceIndex }),
    };
  }

  #isOurNumber(number: number, first: number): boolean {
    return number >= first && number < first + RESERVED_NUMBERS;
  }
}

function addressOn(interfaceIndex: number, address: Address, detectDuplicates = false): HostNetworkItem {
  const flags = detectDuplicates ? 0 : AddressFlag.noDuplicateAddressDetection;
  return { kind: 'add-address', interfaceIndex, address, prefixLength: address.length * 8, flags };
}

function route(request: Omit<RouteRequest, 'kind' | 'protocol'>): HostNetworkItem {
  return { kind: 'add-route', protocol: ROUTE_PROTOCOL, ...request };
}

function lastResort(
  table: number,
  destination: Prefix,
  type: typeof RouteType.blackhole | typeof RouteType.unreachable,
): HostNetworkItem {
  return route({ table, destination, type, metric: LAST_RESORT_METRIC });
}

function rule(request: Omit<RuleRequest, 'kind' | 'protocol'>): HostNetworkItem {
  return { kind: 'add-rule', protocol: ROUTE_PROTOCOL, ...request };
}

function removal(item: HostNetworkItem): NetlinkRequest {
  switch (item.kind) {
    case 'add-address':
      return { ...item, kind: 'delete-address' };
    case 'add-route':
      return { ...item, kind: 'delete-route' };
    case 'add-rule':
      return { ...item, kind: 'delete-rule' };
    case 'replace-neighbor':
      return { ...item, kind: 'delete-neighbor' };
  }
}
