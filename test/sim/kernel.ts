import { type Address, isIpv4, isLinkLocal } from '../../src/bytes/address.ts';
import { type Prefix, prefix, prefixContains, prefixOf, samePrefix } from '../../src/bytes/prefix.ts';
import type { NetlinkRequest } from '../../src/wire/netlink/encode.ts';
import type {
  AddressMessage,
  LinkMessage,
  NetlinkChange,
  NetlinkMessage,
  RouteMessage,
  RuleMessage,
} from '../../src/wire/netlink/message.ts';
import {
  AddressFlag,
  LinkFlag,
  RouteProtocol,
  RouteScope,
  RouteTable,
  RouteType,
  RuleAction,
} from '../../src/wire/netlink/numbers.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

const NOTIFICATION = { sequence: 0, portId: 0, dumpInterrupted: false } as const;
const ENODEV = 19;
const EEXIST = 17;
const ESRCH = 3;
const ENETDOWN = 100;
const EADDRNOTAVAIL = 99;
const INFINITE_SECONDS = 0xffffffff;
const ANYWHERE = prefix('::/0');
const IPV4_ANYWHERE = prefix('0.0.0.0/0');
/** A program that is woken reads its socket a little later. */
const NOTIFICATION_DELAY_MS = 2;
const REMEMBERED_DECISIONS = 20_000;
const OWN_RULES = 2;

interface Device {
  readonly index: number;
  readonly name: string;
  readonly mtuBytes: number;
  up: boolean;
  running: boolean;
  readonly transmit: (packet: Uint8Array) => void;
}

interface HostAddress {
  readonly interfaceIndex: number;
  readonly address: Address;
  readonly prefixLength: number;
  flags: number;
}

interface Route {
  readonly table: number;
  readonly destination: Prefix;
  readonly gateway: Address | undefined;
  readonly interfaceIndex: number | undefined;
  readonly metric: number;
  readonly protocol: number;
  readonly type: number;
}

interface Rule {
  readonly priority: number;
  readonly table: number;
  readonly source: Prefix;
  readonly suppressPrefixLength: number | undefined;
  readonly protocol: number;
}

/** Where a packet goes. */
export type Decision =
  | { readonly kind: 'local' }
  | { readonly kind: 'device'; readonly interfaceIndex: number }
  | { readonly kind: 'unreachable' };

/**
 * As much of a host's kernel as monami deals with: links, addresses, routes and rules that are told through rtnetlink
 * and changed by its requests, and the way that a packet takes by them.
 */
export class Kernel {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #devices = new Map<number, Device>();
  #addresses: HostAddress[] = [];
  #routes: Route[] = [];
  #rules: Rule[] = [ANYWHERE, IPV4_ANYWHERE].map((source) => ({
    ...{ priority: 32766, table: RouteTable.main, source },
    ...{ suppressPrefixLength: undefined, protocol: 2 },
  }));
  readonly #decisions = new Map<string, Decision>();
  #notifications: NetlinkMessage[] = [];
  #listener: ((messages: readonly NetlinkMessage[]) => void) | undefined;
  #lastIndex = 1;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** One program at a time watches; it hears of nothing that happened before. */
  watch(listener: ((messages: readonly NetlinkMessage[]) => void) | undefined): void {
    this.#listener = listener;
    this.#notifications = [];
  }

  /** Links, addresses and routes, as the answers to three dumps. */
  dump(): NetlinkMessage[] {
    return [
      ...[...this.#devices.values()].map((device) => linkMessage('new', device)),
      ...this.#addresses.map((entry) => addressMessage('new', entry)),
      ...this.#routes.map((route) => routeMessage('new', route)),
    ];
  }

  dumpRulesAndRoutes(): NetlinkMessage[] {
    return [
      ...this.#rules.map((rule) => ruleMessage('new', rule)),
      ...this.#routes.map((route) => routeMessage('new', route)),
    ];
  }

  /** What there is in all: it must not grow. */
  get entries(): number {
    return this.#devices.size + this.#addresses.length + this.#routes.length + this.#rules.length;
  }

  /** What is neither the kernel's own nor the work of those who manage its network. */
  get foreignEntries(): number {
    const isForeign = ({ protocol, table }: Route) =>
      table !== RouteTable.main ||
      (protocol !== RouteProtocol.routerAdvertisement && protocol !== RouteProtocol.static);
    return this.#rules.length - OWN_RULES + this.#routes.filter(isForeign).length;
  }

  addDevice(name: string, mtuBytes: number, transmit: (packet: Uint8Array) => void): number {
    const index = ++this.#lastIndex;
    const device = { index, name, mtuBytes, up: true, running: false, transmit };
    this.#devices.set(index, device);
    this.#changed(linkMessage('new', device));
    return index;
  }

  /** As when a modem is pulled out: everything on it goes with it. */
  removeDevice(index: number): void {
    const device = this.#devices.get(index);
    if (!device) return;
    this.#flush(index);
    this.#devices.delete(index);
    this.#changed(linkMessage('removed', { ...device, up: false, running: false }));
  }

  setRunning(index: number, running: boolean): void {
    const device = this.#devices.get(index);
    if (!device || device.running === running) return;
    device.running = running;
    this.#changed(linkMessage('new', device));
  }

  /** Down by the administrator: routes of the device go, and IPv6 addresses. */
  setUp(index: number, up: boolean): void {
    const device = this.#devices.get(index);
    if (!device || device.up === up) return;
    device.up = up;
    if (!up) {
      device.running = false;
      this.#flush(index, (address) => !isIpv4(address));
    }
    this.#changed(linkMessage('new', device));
  }

  isRunning(index: number): boolean {
    const device = this.#devices.get(index);
    return (device?.up && device.running) ?? false;
  }

  hasDevice(index: number): boolean {
    return this.#devices.has(index);
  }

  setAddress(interfaceIndex: number, address: Address, prefixLength: number, flags = 0): void {
    const known = this.#addresses.find((entry) => entry.interfaceIndex === interfaceIndex && entry.address === address);
    if (known) known.flags = flags;
    const entry = known ?? { interfaceIndex, address, prefixLength, flags };
    if (!known) this.#addresses.push(entry);
    this.#changed(addressMessage('new', entry));
  }

  removeAddress(interfaceIndex: number, address: Address): boolean {
    const entry = this.#addresses.find(
      (candidate) => candidate.interfaceIndex === interfaceIndex && candidate.address === address,
    );
    if (!entry) return false;
    this.#addresses = this.#addresses.filter((other) => other !== entry);
    if (isIpv4(address) && !this.addressesOf(interfaceIndex).some(isIpv4)) this.#dropIpv4Routes(interfaceIndex);
    this.#changed(addressMessage('removed', entry));
    return true;
  }

  addressesOf(interfaceIndex: number): Address[] {
    return this.#addresses.filter((entry) => entry.interfaceIndex === interfaceIndex).map(({ address }) => address);
  }

  /** An address that packets are accepted for. */
  isLocal(address: Address): boolean {
    return this.#addresses.some((entry) => entry.address === address && (entry.flags & AddressFlag.tentative) === 0);
  }

  setDefaultRoute(interfaceIndex: number, gateway: Address, metric: number): void {
    this.#addRoute({
      table: RouteTable.main,
      destination: isIpv4(gateway) ? IPV4_ANYWHERE : ANYWHERE,
      gateway,
      interfaceIndex,
      metric,
      protocol: isIpv4(gateway) ? RouteProtocol.static : RouteProtocol.routerAdvertisement,
      type: RouteType.unicast,
    });
  }

  addStaticRoute(destination: Prefix, interfaceIndex: number | undefined): void {
    const type = interfaceIndex === undefined ? RouteType.blackhole : RouteType.unicast;
    const metric = interfaceIndex === undefined ? 65535 : 1024;
    this.#addRoute({
      table: RouteTable.main,
      destination,
      gateway: undefined,
      interfaceIndex,
      metric,
      protocol: RouteProtocol.static,
      type,
    });
  }

  removeRoutes(interfaceIndex: number, table: number, family: 'ipv4' | 'ipv6' = 'ipv6'): void {
    for (const route of this.#routes) {
      if (route.interfaceIndex !== interfaceIndex || route.table !== table) continue;
      if (isIpv4(route.destination.address) !== (family === 'ipv4')) continue;
      this.#routes = this.#routes.filter((other) => other !== route);
      this.#changed(routeMessage('removed', route));
    }
  }

  /** Carries out a request. Returns the positive errno of the answer, 0 for success. */
  request(request: NetlinkRequest): number {
    switch (request.kind) {
      case 'add-address':
        if (!this.#devices.has(request.interfaceIndex)) return ENODEV;
        if (this.addressesOf(request.interfaceIndex).includes(request.address)) return EEXIST;
        this.setAddress(request.interfaceIndex, request.address, request.prefixLength, request.flags ?? 0);
        return 0;
      case 'delete-address':
        return this.removeAddress(request.interfaceIndex, request.address) ? 0 : EADDRNOTAVAIL;
      case 'add-route':
      case 'replace-route': {
        const { table, destination, gateway, interfaceIndex, metric = 1024, protocol, type } = request;
        const device = interfaceIndex === undefined ? undefined : this.#devices.get(interfaceIndex);
        if (interfaceIndex !== undefined && !device) return ENODEV;
        if (device && !device.up) return ENETDOWN;
        const route = {
          table,
          destination,
          gateway,
          interfaceIndex,
          metric,
          protocol,
          type: type ?? RouteType.unicast,
        };
        const same = this.#routes.find((other) => isSameRoute(other, route));
        if (same && request.kind === 'add-route') return EEXIST;
        if (same) this.#routes = this.#routes.filter((other) => other !== same);
        this.#addRoute(route);
        return 0;
      }
      case 'delete-route': {
        const route = this.#routes.find(
          (other) =>
            isSameRoute(other, { ...request, metric: request.metric ?? other.metric }) &&
            (request.interfaceIndex === undefined || request.interfaceIndex === other.interfaceIndex),
        );
        if (!route) return ESRCH;
        this.#routes = this.#routes.filter((other) => other !== route);
        this.#changed(routeMessage('removed', route));
        return 0;
      }
      case 'add-rule': {
        const { priority, table, source, suppressPrefixLength, protocol = 0 } = request;
        if (this.#rules.some((rule) => isSameRule(rule, request))) return EEXIST;
        this.#rules = [...this.#rules, { priority, table, source, suppressPrefixLength, protocol }].sort(
          (a, b) => a.priority - b.priority,
        );
        this.#decisions.clear();
        return 0;
      }
      case 'delete-rule': {
        const rule = this.#rules.find((other) => isSameRule(other, request));
        if (!rule) return ESRCH;
        this.#rules = this.#rules.filter((other) => other !== rule);
        this.#decisions.clear();
        return 0;
      }
      default:
        return 0;
    }
  }

  /** The way of a packet by rules and routes. `through`: bound to a device, as a socket may be. */
  decide(source: Address, destination: Address, through = 0): Decision {
    const key = `${source}${destination}${through}`;
    const known = this.#decisions.get(key);
    if (known) return known;
    const decision = this.#decide(source, destination, through);
    if (this.#decisions.size >= REMEMBERED_DECISIONS) this.#decisions.clear();
    this.#decisions.set(key, decision);
    return decision;
  }

  /** Hands a packet to a device. Returns whether it could be taken. */
  transmit(interfaceIndex: number, packet: Uint8Array): boolean {
    const device = this.#devices.get(interfaceIndex);
    if (!device?.up || !device.running) return false;
    device.transmit(packet);
    return true;
  }

  mtuBytes(interfaceIndex: number): number {
    return this.#devices.get(interfaceIndex)?.mtuBytes ?? 0;
  }

  #decide(source: Address, destination: Address, through: number): Decision {
    if (this.isLocal(destination)) return { kind: 'local' };
    for (const rule of this.#rules) {
      if (!prefixContains(rule.source, source)) continue;
      const route = this.#lookUp(rule.table, destination, through);
      if (!route || route.destination.length <= (rule.suppressPrefixLength ?? -1)) continue;
      if (route.type !== RouteType.unicast || route.interfaceIndex === undefined) return { kind: 'unreachable' };
      return { kind: 'device', interfaceIndex: route.interfaceIndex };
    }
    return { kind: 'unreachable' };
  }

  #lookUp(table: number, destination: Address, through: number): Route | undefined {
    let best: Route | undefined;
    for (const route of this.#routes) {
      if (route.table !== table || !prefixContains(route.destination, destination)) continue;
      if (through !== 0 && route.interfaceIndex !== through && route.type === RouteType.unicast) continue;
      const isBetter =
        !best ||
        route.destination.length > best.destination.length ||
        (route.destination.length === best.destination.length && route.metric < best.metric);
      if (isBetter) best = route;
    }
    return best;
  }

  #addRoute(route: Route): void {
    if (this.#routes.some((other) => isSameRoute(other, route) && other.interfaceIndex === route.interfaceIndex))
      return;
    this.#routes.push(route);
    this.#changed(routeMessage('new', route));
  }

  #flush(interfaceIndex: number, isOver: (address: Address) => boolean = () => true): void {
    const [routes, addresses] = [this.#routes, this.#addresses];
    const goes = (entry: HostAddress) => entry.interfaceIndex === interfaceIndex && isOver(entry.address);
    this.#routes = routes.filter((route) => route.interfaceIndex !== interfaceIndex);
    this.#addresses = addresses.filter((entry) => !goes(entry));
    this.#decisions.clear();
    // Of IPv4 routes that go with their link nothing is said.
    for (const route of routes)
      if (route.interfaceIndex === interfaceIndex && !isIpv4(route.destination.address))
        this.#changed(routeMessage('removed', route));
    for (const entry of addresses) if (goes(entry)) this.#changed(addressMessage('removed', entry));
  }

  /** Without an address a link has no IPv4: its routes go, and nothing is said of it. */
  #dropIpv4Routes(interfaceIndex: number): void {
    this.#routes = this.#routes.filter(
      (route) => route.interfaceIndex !== interfaceIndex || !isIpv4(route.destination.address),
    );
  }

  #changed(message: NetlinkMessage): void {
    this.#decisions.clear();
    if (!this.#listener) return;
    this.#notifications.push(message);
    if (this.#notifications.length > 1) return;
    this.#scheduler.after(this.#random.uniform(0.02, NOTIFICATION_DELAY_MS), () => {
      const messages = this.#notifications;
      this.#notifications = [];
      if (messages.length > 0) this.#listener?.(messages);
    });
  }
}

function isSameRoute(
  a: Pick<Route, 'table' | 'destination' | 'metric'>,
  b: Pick<Route, 'table' | 'destination' | 'metric'>,
): boolean {
  return a.table === b.table && a.metric === b.metric && samePrefix(a.destination, b.destination);
}

function isSameRule(
  a: Pick<Rule, 'priority' | 'table' | 'source'>,
  b: Pick<Rule, 'priority' | 'table' | 'source'>,
): boolean {
  return a.priority === b.priority && a.table === b.table && samePrefix(a.source, b.source);
}

function linkMessage(change: NetlinkChange, device: Device): LinkMessage {
  const { index, name, mtuBytes, up, running } = device;
  const flags = (up ? LinkFlag.up : 0) | (running ? LinkFlag.running | LinkFlag.lowerUp : 0);
  return {
    kind: 'link',
    change,
    ...NOTIFICATION,
    index,
    name,
    flags,
    up,
    running,
    lowerUp: running,
    mtuBytes,
    masterIndex: undefined,
    hardwareAddress: Uint8Array.of(2, 0, 0, 0, index >> 8, index & 0xff),
    operationalState: undefined,
  };
}

function addressMessage(change: NetlinkChange, entry: HostAddress): AddressMessage {
  const has = (flag: number) => (entry.flags & flag) !== 0;
  return {
    kind: 'address',
    change,
    ...NOTIFICATION,
    ...entry,
    scope: isLinkLocal(entry.address) ? RouteScope.link : RouteScope.universe,
    tentative: has(AddressFlag.tentative),
    deprecated: has(AddressFlag.deprecated),
    duplicateAddressDetectionFailed: has(AddressFlag.duplicateAddressDetectionFailed),
    temporary: has(AddressFlag.temporary),
    preferredSeconds: has(AddressFlag.deprecated) ? 0 : INFINITE_SECONDS,
    validSeconds: INFINITE_SECONDS,
  };
}

function routeMessage(change: NetlinkChange, route: Route): RouteMessage {
  return { kind: 'route', change, ...NOTIFICATION, family: familyOf(route.destination), ...route, flags: 0 };
}

function ruleMessage(change: NetlinkChange, rule: Rule): RuleMessage {
  const { source } = rule;
  return {
    kind: 'rule',
    change,
    ...NOTIFICATION,
    family: familyOf(source),
    ...rule,
    source: source.length === 0 ? undefined : prefixOf(source.address, source.length),
    destination: undefined,
    action: RuleAction.toTable,
    narrowed: false,
  };
}

function familyOf({ address }: Prefix): 'ipv4' | 'ipv6' {
  return isIpv4(address) ? 'ipv4' : 'ipv6';
}
