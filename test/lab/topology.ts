// The lab's Internet, one namespace per box:
//
//   vehicle ──lan── router ══cellular══ cellular-access ──┐          ┌── agent   2001:db8:1::1, 203.0.113.1, home link
//   2001:db8:100::2        ══wifi══════ wifi-access ──────┼── core ──┤           2001:db8:1:ffff::/64 (virtual)
//   in 2001:db8:100::/56   ══satellite═ satellite-access ─┘          │           198.51.100.128/25
//   198.51.100.2                                                     └── server  2001:db8:5::2, 192.0.2.2
//   in 198.51.100.0/28
//
// Uplink n has the prefix 2001:db8:an::/64; its access router is the next hop fe80::1 and lets out only what comes from
// that prefix (ingress filtering, RFC 2827), so the vehicle's own prefix gets out through tunnels alone. The core sends
// the home prefixes and the vehicles' aggregates 2001:db8:100::/40 and 198.51.100.0/25 to the home agent. Addresses of
// the uplinks are such as SLAAC leaves them, and like there they go when the device goes and come back with it.
//
// What IPv4 an uplink has, and behind which NATs, is told when the lab is built (ipv4-access.ts); without a word it has
// none. Another vehicle can be had whose one uplink has the same private address as the first one's satellite:
//
//   other-router ══satellite══ other-access [NAT] ── core      LAN 2001:db8:100:100::1, 198.51.100.17
import {
  type AccessNetwork,
  coreIpv4,
  coreRouteLines,
  type Ipv4Access,
  ipv4CareOf,
  publicIpv4,
  rebootNat,
  setUdpTimeout,
  setUpIpv4Access,
} from './ipv4-access.ts';
import { inNamespace, ipBatch, ipv4Batch, makeNamespaces, nft, removeNamespaces, run } from './namespace.ts';

export const UPLINKS = ['cellular', 'wifi', 'satellite'] as const;
export type Uplink = (typeof UPLINKS)[number];
export type AccessRole = `${Uplink}-access`;
export type Role = 'vehicle' | 'router' | AccessRole | 'core' | 'agent' | 'server';
type ExtraRole = `${Uplink}-carrier` | 'other-router' | 'other-access';

const access = (uplink: Uplink): AccessRole => `${uplink}-access`;
const ROLES: readonly Role[] = ['vehicle', 'router', ...UPLINKS.map(access), 'core', 'agent', 'server'];

export const addresses = {
  homeAgent: '2001:db8:1::1',
  homePrefix: '2001:db8:1:ffff::/64',
  homeAddress: '2001:db8:1:ffff::1',
  mobileNetworkPrefix: '2001:db8:100::/56',
  mobileNetworkAggregate: '2001:db8:100::/40',
  routerLan: '2001:db8:100::1',
  vehicle: '2001:db8:100::2',
  server: '2001:db8:5::2',
} as const;

export const ipv4Addresses = {
  homeAgent: '203.0.113.1',
  homePrefix: '198.51.100.128/25',
  homeAddress: '198.51.100.129',
  mobileNetworkPrefix: '198.51.100.0/28',
  mobileNetworkAggregate: '198.51.100.0/25',
  routerLan: '198.51.100.1',
  vehicle: '198.51.100.2',
  server: '192.0.2.2',
} as const;

/** The other vehicle, which is its own LAN's only host. */
export const other = {
  homeAddress: '2001:db8:1:ffff::2',
  mobileNetworkPrefix: '2001:db8:100:100::/56',
  vehicle: '2001:db8:100:100::1',
  ipv4: { homeAddress: '198.51.100.130', mobileNetworkPrefix: '198.51.100.16/28', vehicle: '198.51.100.17' },
} as const;

/** A care-of address of the router. */
export function careOfAddress(uplink: Uplink): string {
  return `2001:db8:a${UPLINKS.indexOf(uplink) + 1}::c`;
}

/** The address that packets of an uplink's NAT have in the core. */
export function publicAddress(uplink: Uplink | 'other'): string {
  return publicIpv4(uplink === 'other' ? OTHER_NUMBER : UPLINKS.indexOf(uplink) + 1);
}

/** The router's IPv4 care-of address on an uplink of this kind. */
export function ipv4CareOfAddress(uplink: Uplink, kind: Exclude<Ipv4Access, 'none'>): string {
  const number = UPLINKS.indexOf(uplink) + 1;
  return ipv4CareOf({ kind, number, inside: number, access: '', carrier: undefined }).address;
}

function uplinkPrefix(uplink: Uplink): string {
  return `2001:db8:a${UPLINKS.indexOf(uplink) + 1}::/64`;
}

/** What an uplink has to offer. */
export interface Families {
  readonly ipv6: boolean;
  readonly ipv4: boolean;
}

export interface UplinkKind {
  /** True if left out. */
  readonly ipv6?: boolean;
  /** `none` if left out. */
  readonly ipv4?: Ipv4Access;
}

export interface TopologyOptions {
  /** Tells several labs of one process apart. */
  readonly lab?: string;
  readonly uplinks?: Partial<Record<Uplink, UplinkKind>>;
  readonly otherVehicle?: boolean;
}

export interface Topology {
  readonly namespaces: Readonly<Record<Role, string>> & Partial<Readonly<Record<ExtraRole, string>>>;
  /** The far end takes the link down: the router's device loses its carrier and keeps its address. */
  carrierLost(uplink: Uplink): void;
  /** The router's own device goes down, as when a modem is pulled: its addresses and routes go with it. */
  deviceDown(uplink: Uplink): void;
  /** Undoes both, with addresses and default routes as SLAAC and DHCP would set them again. */
  linkUp(uplink: Uplink): void;
  /** Drops every packet on its way through the uplink's access router, without a word; the link stays up. */
  silence(uplink: Uplink): void;
  heal(uplink: Uplink): void;
  /** The link stays up, but the network behind it gives other families now, of those that it was built with. */
  offer(uplink: Uplink, families: Families): void;
  /** The uplink's outermost NAT forgets its mappings, and uses the ports `ports` (`20000-29999`) for new ones. */
  rebootNat(uplink: Uplink, ports: string): void;
  /** How long the uplink's NATs keep a mapping that is not used. */
  setUdpTimeout(uplink: Uplink, seconds: number): void;
  remove(): void;
}

const OTHER_NUMBER = UPLINKS.length + 1;
/** The other vehicle's private network is that of this uplink. */
const OTHER_INSIDE = UPLINKS.indexOf('satellite') + 1;

type Names = Topology['namespaces'];
type Networks = Readonly<Record<Uplink, AccessNetwork>>;

function networksOf(options: TopologyOptions, names: Names): Networks {
  const network = (uplink: Uplink): AccessNetwork => {
    const number = UPLINKS.indexOf(uplink) + 1;
    const kind = options.uplinks?.[uplink]?.ipv4 ?? 'none';
    return { kind, number, inside: number, access: names[access(uplink)], carrier: names[`${uplink}-carrier`] };
  };
  return { cellular: network('cellular'), wifi: network('wifi'), satellite: network('satellite') };
}

function accessAddressLines(uplink: Uplink): string[] {
  const addressOfPrefix = uplinkPrefix(uplink).replace('::/64', '::1/64');
  return ['fe80::1/64', addressOfPrefix].map((address) => `address replace ${address} dev radio nodad`);
}

/** Address and default route of an uplink, as the system has them after SLAAC. */
function attachLines(uplink: Uplink): string[] {
  const metric = 1024 + UPLINKS.indexOf(uplink);
  return [
    `address replace ${careOfAddress(uplink)}/64 dev ${uplink} nodad`,
    `route replace default via fe80::1 dev ${uplink} proto ra metric ${metric}`,
  ];
}

/** The same after DHCP. */
function attachIpv4Lines(network: AccessNetwork, device: string): string[] {
  if (network.kind === 'none') return [];
  const { address, bits, gateway } = ipv4CareOf(network);
  return [
    `address replace ${address}/${bits} dev ${device}`,
    `route replace default via ${gateway} dev ${device} proto dhcp metric ${1024 + network.number}`,
  ];
}

function cable(end: string, device: string, otherEnd: string, otherDevice: string): string {
  return `link add ${device} netns ${end} type veth peer name ${otherDevice} netns ${otherEnd}`;
}

function linkLines(names: Names, networks: Networks): string[] {
  const { 'other-router': otherRouter, 'other-access': otherAccess } = names;
  return [
    cable(names.vehicle, 'lan', names.router, 'lan'),
    ...UPLINKS.map((uplink) => cable(names.router, uplink, names[access(uplink)], 'radio')),
    ...UPLINKS.flatMap((uplink) => {
      const { access: first, carrier } = networks[uplink];
      if (carrier === undefined) return [cable(first, 'core', names.core, uplink)];
      return [cable(first, 'core', carrier, 'inside'), cable(carrier, 'core', names.core, uplink)];
    }),
    cable(names.core, 'agent', names.agent, 'home'),
    cable(names.core, 'server', names.server, 'net'),
    ...(otherRouter && otherAccess
      ? [cable(otherRouter, 'satellite', otherAccess, 'radio'), cable(otherAccess, 'core', names.core, 'other')]
      : []),
  ];
}

function up(device: string, ...addressesOfDevice: string[]): string[] {
  return [`link set ${device} up`, ...addressesOfDevice.map((address) => `address add ${address} dev ${device} nodad`)];
}

/** What `ip` is told in each namespace once the links are there. */
function boxLines(role: Role | ExtraRole, hasIpv6: (uplink: Uplink) => boolean): string[] {
  const uplink = UPLINKS.find((name) => access(name) === role);
  if (uplink) {
    const number = UPLINKS.indexOf(uplink) + 1;
    return [
      'link set radio up',
      ...accessAddressLines(uplink),
      ...up('core', `2001:db8:c${number}::2/64`),
      `route add default via 2001:db8:c${number}::1`,
    ];
  }
  switch (role) {
    case 'vehicle':
      return [...up('lan', `${addresses.vehicle}/64`), `route add default via ${addresses.routerLan}`];
    case 'router':
      return [
        ...up('lan', `${addresses.routerLan}/64`),
        ...UPLINKS.flatMap((name) => [...up(name), ...(hasIpv6(name) ? attachLines(name) : [])]),
      ];
    case 'agent':
      return [
        ...up('home', `${addresses.homeAgent}/64`),
        'route add default via 2001:db8:1::fe',
        // What no tunnel takes must not go back to the core, which would return it.
        `route add blackhole ${addresses.homePrefix} metric 65535`,
        `route add blackhole ${addresses.mobileNetworkAggregate} metric 65535`,
      ];
    case 'server':
      return [...up('net', `${addresses.server}/64`), 'route add default via 2001:db8:5::1'];
    case 'core':
      return [
        ...up('agent', '2001:db8:1::fe/64'),
        ...up('server', '2001:db8:5::1/64'),
        ...UPLINKS.flatMap((name, index) => [
          ...up(name, `2001:db8:c${index + 1}::1/64`),
          `route add ${uplinkPrefix(name)} via 2001:db8:c${index + 1}::2`,
        ]),
        `route add ${addresses.homePrefix} via ${addresses.homeAgent}`,
        `route add ${addresses.mobileNetworkAggregate} via ${addresses.homeAgent}`,
      ];
    case 'other-router':
      return [...up('satellite'), 'link add lan type bridge', ...up('lan', `${other.vehicle}/64`)];
    case 'other-access':
      return [...up('radio'), ...up('core')];
    default:
      return [...up('inside'), ...up('core')];
  }
}

/** The same for IPv4, but for the access networks. */
function ipv4BoxLines(role: Role | ExtraRole, networks: Networks): string[] {
  switch (role) {
    case 'vehicle':
      return [`address add ${ipv4Addresses.vehicle}/28 dev lan`, `route add default via ${ipv4Addresses.routerLan}`];
    case 'router':
      return [
        `address add ${ipv4Addresses.routerLan}/28 dev lan`,
        ...UPLINKS.flatMap((name) => attachIpv4Lines(networks[name], name)),
      ];
    case 'agent':
      return [
        `address add ${ipv4Addresses.homeAgent}/28 dev home`,
        'route add default via 203.0.113.14',
        `route add blackhole ${ipv4Addresses.homePrefix} metric 65535`,
        `route add blackhole ${ipv4Addresses.mobileNetworkAggregate} metric 65535`,
      ];
    case 'server':
      return [`address add ${ipv4Addresses.server}/28 dev net`, 'route add default via 192.0.2.1'];
    case 'core':
      return [
        'address add 203.0.113.14/28 dev agent',
        'address add 192.0.2.1/28 dev server',
        ...UPLINKS.map((name) => `address add ${coreIpv4(networks[name].number)}/28 dev ${name}`),
        ...UPLINKS.flatMap((name) => coreRouteLines(networks[name])),
        `route add 198.51.100.0/24 via ${ipv4Addresses.homeAgent}`,
      ];
    case 'other-router':
      return [`address add ${other.ipv4.vehicle}/28 dev lan`];
    default:
      return [];
  }
}

function filterScript(uplink: Uplink, network: AccessNetwork): string {
  const inside = network.kind === 'none' ? undefined : ipv4CareOf(network);
  const ipv4 = inside ? `iifname "radio" ip saddr != ${inside.address}/${inside.bits} drop` : '';
  return `table inet lab {
  chain fault { }
  chain forward {
    type filter hook forward priority 0;
    jump fault
    iifname "radio" ip6 saddr != ${uplinkPrefix(uplink)} drop
    ${ipv4}
  }
}
`;
}

function prepare(namespace: string, isRouter: boolean): void {
  // Before the links are there: their settings are copied from `default`. Without DAD the lab is up at once.
  const settings = ['net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.default.accept_ra=0'];
  if (isRouter) settings.push('net.ipv6.conf.all.forwarding=1', 'net.ipv4.ip_forward=1');
  run(inNamespace(namespace, ['sysctl', '-qw', ...settings]));
}

function connectOther({ core, 'other-router': router, 'other-access': box }: Names): void {
  if (!router || !box) return;
  const network: AccessNetwork = {
    kind: 'nat',
    number: OTHER_NUMBER,
    inside: OTHER_INSIDE,
    access: box,
    carrier: undefined,
  };
  ipBatch(['link set other up'], core);
  ipv4Batch([`address add ${coreIpv4(OTHER_NUMBER)}/28 dev other`], core);
  setUpIpv4Access(network);
  ipv4Batch(attachIpv4Lines(network, 'satellite'), router);
}

/** Builds the lab. */
export function buildTopology(options: TopologyOptions = {}): Topology {
  const kindOf = (uplink: Uplink) => options.uplinks?.[uplink]?.ipv4 ?? 'none';
  const extra: ExtraRole[] = UPLINKS.filter((uplink) => kindOf(uplink) === 'two-nats').map(
    (uplink): ExtraRole => `${uplink}-carrier`,
  );
  if (options.otherVehicle) extra.push('other-router', 'other-access');
  const roles = [...ROLES, ...extra];
  const names: Names = makeNamespaces<Role | ExtraRole>(roles, options.lab);
  const networks = networksOf(options, names);
  const offers = new Map<Uplink, Families>();
  for (const uplink of UPLINKS)
    offers.set(uplink, { ipv6: options.uplinks?.[uplink]?.ipv6 ?? true, ipv4: kindOf(uplink) !== 'none' });
  const has = (uplink: Uplink, family: keyof Families) => offers.get(uplink)![family];
  for (const role of roles) prepare(names[role]!, role !== 'vehicle' && role !== 'server');
  ipBatch(linkLines(names, networks));
  for (const role of roles) {
    ipBatch(['link set lo up', ...boxLines(role, (uplink) => has(uplink, 'ipv6'))], names[role]);
    ipv4Batch(ipv4BoxLines(role, networks), names[role]!);
  }
  for (const uplink of UPLINKS) {
    nft(names[access(uplink)], filterScript(uplink, networks[uplink]));
    setUpIpv4Access(networks[uplink]);
  }
  connectOther(names);
  const attach = (uplink: Uplink) => {
    ipBatch([`link set ${uplink} up`, ...(has(uplink, 'ipv6') ? attachLines(uplink) : [])], names.router);
    if (has(uplink, 'ipv4')) ipv4Batch(attachIpv4Lines(networks[uplink], uplink), names.router);
  };
  return {
    namespaces: names,
    // The access router has its addresses again before its device is up: it answers from the first moment on.
    carrierLost: (uplink) => ipBatch(['link set radio down', ...accessAddressLines(uplink)], names[access(uplink)]),
    deviceDown(uplink) {
      ipBatch([`link set ${uplink} down`], names.router);
      // The system's DHCP client takes back what it has set.
      if (has(uplink, 'ipv4')) ipv4Batch([`address flush dev ${uplink}`], names.router);
    },
    linkUp(uplink) {
      ipBatch(['link set radio up'], names[access(uplink)]);
      attach(uplink);
    },
    silence: (uplink) => nft(names[access(uplink)], 'add rule inet lab fault drop\n'),
    heal: (uplink) => nft(names[access(uplink)], 'flush chain inet lab fault\n'),
    offer(uplink, families) {
      if (has(uplink, 'ipv6') && !families.ipv6) {
        const lines = [`route delete default via fe80::1 dev ${uplink}`];
        ipBatch([...lines, `address delete ${careOfAddress(uplink)}/64 dev ${uplink}`], names.router);
      }
      if (has(uplink, 'ipv4') && !families.ipv4) ipv4Batch([`address flush dev ${uplink}`], names.router);
      offers.set(uplink, families);
      attach(uplink);
    },
    rebootNat: (uplink, ports) => rebootNat(networks[uplink], ports),
    setUdpTimeout: (uplink, seconds) => setUdpTimeout(networks[uplink], seconds),
    remove: () => removeNamespaces(Object.values(names)),
  };
}

/** Runs `use` in a lab of its own, which is gone afterwards, whatever happens. */
export async function withTopology<T>(
  use: (topology: Topology) => T | Promise<T>,
  options: TopologyOptions = {},
): Promise<T> {
  const topology = buildTopology(options);
  try {
    return await use(topology);
  } finally {
    topology.remove();
  }
}
