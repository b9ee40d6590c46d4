import type { Ipv4Home } from '../bindings/binding-cache.ts';
import { type Address, isIpv4 } from '../bytes/address.ts';
import { hostPrefix, type Prefix, prefix, prefixContains, samePrefix } from '../bytes/prefix.ts';
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
import type { NeighborRequest, ProxyNeighborRequest } from '../wire/netlink/neighbor.ts';
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
const IPV4_DEFAULT_ROUTE = prefix('0.0.0.0/0');

/** One thing that the host's network shall have. */
export type HostNetworkItem =
  | (AddressRequest & { readonly kind: 'add-address' })
  | (RouteRequest & { readonly kind: 'add-route' })
  | (RuleRequest & { readonly kind: 'add-rule' })
  | (NeighborRequest & { readonly kind: 'replace-neighbor' })
  | (ProxyNeighborRequest & { readonly kind: 'add-proxy-neighbor' });

/**
 * What a mobile router needs: the home addresses on the tunnel device; traffic from the home addresses and the mobile
 * networks into the tunnel, unless it stays on a local link; and per uplink a table that its care-of addresses are looked
 * up in, so that every packet leaves by the link that its source belongs to (RFC 3704). Both families have tables of the
 * same numbers.
 */
export function mobileRouterNetwork(
  configuration: MobileRouterConfiguration,
  routing: RoutingConfiguration,
  uplinks: readonly Uplink[],
  tunnelInterfaceIndex: number,
  placements: readonly HomePlacement[] = configuration.homes.map(awayFromHome),
): HostNetworkItem[] {
  const tunnelTable = routing.firstTable;
  const hasIpv4 = placements.some((placement) => ipv4Sources(placement).length > 0);
  const items: HostNetworkItem[] = [
    ...placements.map(({ homeAddress }) => addressOn(tunnelInterfaceIndex, homeAddress)),
    ...placements.flatMap(({ ipv4Address }) =>
      ipv4Address === null ? [] : addressOn(tunnelInterfaceIndex, ipv4Address),
    ),
    ...(hasIpv4 ? [DEFAULT_ROUTE, IPV4_DEFAULT_ROUTE] : [DEFAULT_ROUTE]).flatMap((destination) => [
      route({ table: tunnelTable, destination, interfaceIndex: tunnelInterfaceIndex }),
      // Silent: while monami restarts the tunnel is away, and an ICMP error would end the vehicle's sessions.
      lastResort(tunnelTable, destination, RouteType.blackhole),
    ]),
  ];
  for (const [index, placement] of placements.entries()) {
    const homeLinkTable = tunnelTable + 1 + configuration.uplinks.length + index;
    items.push(...placedHome(placement, tunnelTable, homeLinkTable, routing.firstRulePriority));
  }
  for (const [place, { name }] of configuration.uplinks.entries()) {
    const uplink = uplinks.find((candidate) => candidate.name === name);
    if (!uplink) continue;
    const table = tunnelTable + 1 + place;
    const priority = routing.firstRulePriority + UPLINK_RULES + place;
    for (const side of [uplink, uplink.ipv4]) {
      if (!side || side.careOfAddress === null) continue;
      const { careOfAddress, gateway } = side;
      const destination = isIpv4(careOfAddress) ? IPV4_DEFAULT_ROUTE : DEFAULT_ROUTE;
      const hop = gateway ? { gateway, gatewayOnLink: true } : {};
      items.push(
        route({ table, destination, interfaceIndex: uplink.interfaceIndex, ...hop }),
        rule({ priority, source: hostPrefix(careOfAddress), table }),
      );
    }
  }
  return items;
}

/** What of IPv4 is sent from behind a home address. */
function ipv4Sources({ ipv4Address, ipv4Prefixes }: HomePlacement): readonly Prefix[] {
  return [...(ipv4Address === null ? [] : [hostPrefix(ipv4Address)]), ...ipv4Prefixes];
}

function awayFromHome({ homeAddress, prefixes }: HomeConfiguration): HomePlacement {
  return { homeAddress, prefixes, ipv4Address: null, ipv4Prefixes: [], onLink: null, neighbor: null, native: null };
}

/**
 * What comes from a home address and its mobile network goes into the tunnel, or out by the home link where the router
 * is at home; in both cases unless it stays on a local link.
 */
function placedHome(
  placement: HomePlacement,
  tunnelTable: number,
  homeLinkTable: number,
  priority: number,
): HostNetworkItem[] {
  const { homeAddress, prefixes, onLink, neighbor, native } = placement;
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
  for (const source of [hostPrefix(homeAddress), ...prefixes]) items.push(...sourceRules(source, table, priority));
  // What is bound leads through the tunnel, and nothing of it is bound at home.
  for (const source of ipv4Sources(placement)) items.push(...sourceRules(source, tunnelTable, priority));
  return items;
}

function sourceRules(source: Prefix, table: number, priority: number): HostNetworkItem[] {
  return [
    rule({ priority, source, table: RouteTable.main, suppressPrefixLength: 0 }),
    rule({ priority: priority + 1, source, table }),
  ];
}

/** What a home agent's routing depends on beside its configuration. */
export interface HomeAgentState {
  /** The physical home link's interface, while it can be used. */
  readonly homeLinkIndex: number | undefined;
  /** `undefined` for a node of a virtual home link. */
  delivery(homeAddress: Address): Delivery | undefined;
  /** The agent's own IPv4 addresses: home prefixes with one of them are physical links. */
  readonly ipv4Addresses: readonly Address[];
}

/**
 * What a home agent needs: every home address and mobile network prefix leads into the tunnel device, but for nodes
 * that are at home on a physical link, whose networks are behind them there. The rest of a virtual home link is
 * unreachable, lest the default route send it back to where it came from.
 */
export function homeAgentNetwork(
  configuration: HomeAgentConfiguration,
  tunnelInterfaceIndex: number,
  { homeLinkIndex, delivery, ipv4Addresses }: HomeAgentState,
): HostNetworkItem[] {
  const table = RouteTable.main;
  const items: HostNetworkItem[] = [];
  for (const { homeAddress, prefixes, ipv4 } of configuration.mobileNodes) {
    const atHome = delivery(homeAddress);
    if (!atHome || atHome.tunnelled) {
      for (const destination of [hostPrefix(homeAddress), ...prefixes, ...ipv4Destinations(ipv4)]) {
        items.push(route({ table, destination, interfaceIndex: tunnelInterfaceIndex }));
      }
      continue;
    }
    const networks = [...prefixes, ...(ipv4?.prefixes ?? [])];
    items.push(...networks.map((destination) => lastResort(table, destination, RouteType.unreachable)));
    if (homeLinkIndex !== undefined) items.push(...homeNetwork(homeAddress, prefixes, homeLinkIndex, atHome));
  }
  const { homePrefixes = [], prefixPools = [] } = configuration.ipv4 ?? {};
  const virtualLinks = [
    ...configuration.homePrefixes.filter((home) => !prefixContains(home, configuration.address)),
    ...homePrefixes.filter((home) => !isOnLink(home, ipv4Addresses)),
    ...prefixPools,
  ];
  return [...items, ...virtualLinks.map((destination) => lastResort(table, destination, RouteType.unreachable))];
}

/**
 * What a node's IPv4 needs while it is bound, beside what it has by configuration: its leased address and prefixes lead
 * into the tunnel device, and on a physical home link we answer ARP for it (RFC 5555 §4.5).
 */
export function boundIpv4Network(
  homePrefixes: readonly Prefix[],
  own: Ipv4Home | undefined,
  bound: Ipv4Home | undefined,
  tunnelInterfaceIndex: number,
  { homeLinkIndex, ipv4Addresses }: Pick<HomeAgentState, 'homeLinkIndex' | 'ipv4Addresses'>,
): HostNetworkItem[] {
  const configured = ipv4Destinations(own);
  const leased = ipv4Destinations(bound).filter(
    (destination) => !configured.some((each) => samePrefix(each, destination)),
  );
  const items = leased.map((destination) =>
    route({ table: RouteTable.main, destination, interfaceIndex: tunnelInterfaceIndex }),
  );
  const address = bound?.homeAddress;
  const home = address === undefined ? undefined : homePrefixes.find((link) => prefixContains(link, address));
  if (address !== undefined && home && isOnLink(home, ipv4Addresses) && homeLinkIndex !== undefined) {
    const interfaceIndex = homeLinkIndex;
    items.push({ kind: 'add-proxy-neighbor', interfaceIndex, address, protocol: ROUTE_PROTOCOL });
  }
  return items;
}

function ipv4Destinations(ipv4: Ipv4Home | undefined): readonly Prefix[] {
  if (!ipv4) return [];
  return [...(ipv4.homeAddress === undefined ? [] : [hostPrefix(ipv4.homeAddress)]), ...ipv4.prefixes];
}

function isOnLink(home: Prefix, ipv4Addresses: readonly Address[]): boolean {
  return ipv4Addresses.some((own) => prefixContains(home, own));
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

/** What belongs together, such as all that one mobile node needs for itself. */
type Items = Map<string, HostNetworkItem>;

/** Brings the host's routing in line with what is wanted, and takes it back. Knows what it has installed. */
export class HostNetwork {
  readonly #routing: RoutingConfiguration;
  readonly #installed = new Map<string, Items>();
  /** Of these it is not known whether the kernel still has them. */
  readonly #uncertain = new Set<HostNetworkItem>();

  constructor(routing: RoutingConfiguration) {
    this.#routing = routing;
  }

  /**
   * The requests that lead from what is installed to what is wanted: removals first. `part`: which part of it all is
   * meant; the others stay as they are.
   */
  reconcile(wanted: readonly HostNetworkItem[], part = ''): NetlinkRequest[] {
    const wantedByKey = new Map(wanted.map((item) => [JSON.stringify(item), item]));
    const installed: Items = this.#installed.get(part) ?? new Map();
    const requests: NetlinkRequest[] = [];
    for (const [key, item] of installed) {
      if (wantedByKey.has(key)) continue;
      installed.delete(key);
      this.#uncertain.delete(item);
      requests.push(removal(item));
    }
    for (const [key, item] of wantedByKey) {
      if (installed.has(key)) continue;
      installed.set(key, item);
      requests.push(item);
    }
    if (installed.size > 0) this.#installed.set(part, installed);
    else this.#installed.delete(part);
    return requests;
  }

  /** The requests for what may have got lost: adding what is there does no harm. */
  restore(): NetlinkRequest[] {
    const requests = [...this.#uncertain];
    this.#uncertain.clear();
    return requests;
  }

  /** The requests that take everything back. */
  withdraw(): NetlinkRequest[] {
    return [...this.#installed.keys()].flatMap((part) => this.reconcile([], part));
  }

  /** Removals may have gone unnoticed. */
  noteUncertainty(): void {
    for (const items of this.#installed.values()) for (const item of items.values()) this.#uncertain.add(item);
  }

  /** The kernel removes a link's routes with the link: forgets what is gone, so that it is installed again. */
  noteRemoval(message: NetlinkMessage): void {
    this.#noteSilentRemoval(message);
    if (message.kind !== 'route' || message.change !== 'removed') return;
    for (const [part, items] of this.#installed) {
      for (const [key, item] of items) {
        const isSame =
          item.kind === 'add-route' &&
          item.table === message.table &&
          item.destination.address === message.destination.address &&
          item.destination.length === message.destination.length &&
          item.gateway === message.gateway &&
          item.interfaceIndex === message.interfaceIndex;
        if (isSame && part === '') items.delete(key);
        else if (isSame) this.#uncertain.add(item);
      }
    }
  }

  /** Of IPv4 routes that go with their link, or with its last address, the kernel says nothing. */
  #noteSilentRemoval(message: NetlinkMessage): void {
    const isLinkDown = message.kind === 'link' && (message.change === 'removed' || !message.up);
    const isAddressGone = message.kind === 'address' && message.change === 'removed' && isIpv4(message.address);
    if (!isLinkDown && !isAddressGone) return;
    const interfaceIndex = message.kind === 'link' ? message.index : message.interfaceIndex;
    for (const items of this.#installed.values()) {
      for (const item of items.values()) {
        const isLost =
          item.kind === 'add-route' && item.interfaceIndex === interfaceIndex && isIpv4(item.destination.address);
        if (isLost) this.#uncertain.add(item);
      }
    }
  }

  /** The request that removes what an earlier run left behind; `undefined` for what is not ours. */
  leftover(message: NetlinkMessage): NetlinkRequest | undefined {
    if (message.kind === 'rule' && this.#isOurNumber(message.priority, this.#routing.firstRulePriority)) {
      const { priority, table, suppressPrefixLength, family } = message;
      const source = message.source ?? (family === 'ipv6' ? DEFAULT_ROUTE : IPV4_DEFAULT_ROUTE);
      return {
        kind: 'delete-rule',
        priority,
        table,
        source,
        ...(suppressPrefixLength === undefined ? {} : { suppressPrefixLength }),
      };
    }
    if (message.kind === 'proxy-neighbor' && message.protocol === ROUTE_PROTOCOL) {
      const { interfaceIndex, address, protocol } = message;
      return { kind: 'delete-proxy-neighbor', interfaceIndex, address, protocol };
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
  const flags = detectDuplicates || isIpv4(address) ? 0 : AddressFlag.noDuplicateAddressDetection;
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
    case 'add-proxy-neighbor':
      return { ...item, kind: 'delete-proxy-neighbor' };
  }
}
