// The lab's Internet, one namespace per box:
//
//   vehicle ──lan── router ══cellular══ cellular-access ──┐          ┌── agent   2001:db8:1::1, home link
//   2001:db8:100::2        ══wifi══════ wifi-access ──────┼── core ──┤           2001:db8:1:ffff::/64 (virtual)
//   in 2001:db8:100::/56   ══satellite═ satellite-access ─┘          └── server  2001:db8:5::2
//
// Uplink n has the prefix 2001:db8:an::/64; its access router is the next hop fe80::1 and lets out only what comes from
// that prefix (ingress filtering, RFC 2827), so the vehicle's own prefix gets out through tunnels alone. The core sends
// the home prefix and the vehicles' aggregate 2001:db8:100::/40 to the home agent. Addresses of the uplinks are such as
// SLAAC leaves them, and like there they go when the device goes and come back with it.
import { inNamespace, ipBatch, makeNamespaces, nft, removeNamespaces, run } from './namespace.ts';

export const UPLINKS = ['cellular', 'wifi', 'satellite'] as const;
export type Uplink = (typeof UPLINKS)[number];
export type AccessRole = `${Uplink}-access`;
export type Role = 'vehicle' | 'router' | AccessRole | 'core' | 'agent' | 'server';

const access = (uplink: Uplink): AccessRole => `${uplink}-access`;
const ROLES: readonly Role[] = ['vehicle', 'router', ...UPLINKS.map(access), 'core', 'agent', 'server'];
const ROUTERS: readonly Role[] = ['router', ...UPLINKS.map(access), 'core', 'agent'];

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

/** A care-of address of the router. */
export function careOfAddress(uplink: Uplink): string {
  return `2001:db8:a${UPLINKS.indexOf(uplink) + 1}::c`;
}

function uplinkPrefix(uplink: Uplink): string {
  return `2001:db8:a${UPLINKS.indexOf(uplink) + 1}::/64`;
}

export interface Topology {
  readonly namespaces: Readonly<Record<Role, string>>;
  /** The far end takes the link down: the router's device loses its carrier and keeps its address. */
  carrierLost(uplink: Uplink): void;
  /** The router's own device goes down, as when a modem is pulled: its addresses and routes go with it. */
  deviceDown(uplink: Uplink): void;
  /** Undoes both, with address and default route as SLAAC would set them again. */
  linkUp(uplink: Uplink): void;
  /** Drops every packet on its way through the uplink's access router, without a word; the link stays up. */
  silence(uplink: Uplink): void;
  heal(uplink: Uplink): void;
  remove(): void;
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

function linkLines(names: Readonly<Record<Role, string>>): string[] {
  const cable = (role: Role, device: string, other: Role, otherDevice: string) =>
    `link add ${device} netns ${names[role]} type veth peer name ${otherDevice} netns ${names[other]}`;
  return [
    cable('vehicle', 'lan', 'router', 'lan'),
    ...UPLINKS.map((uplink) => cable('router', uplink, access(uplink), 'radio')),
    ...UPLINKS.map((uplink) => cable(access(uplink), 'core', 'core', uplink)),
    cable('core', 'agent', 'agent', 'home'),
    cable('core', 'server', 'server', 'net'),
  ];
}

function up(device: string, ...addressesOfDevice: string[]): string[] {
  return [`link set ${device} up`, ...addressesOfDevice.map((address) => `address add ${address} dev ${device} nodad`)];
}

/** What `ip` is told in each namespace once the links are there. */
function boxLines(role: Role): string[] {
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
        ...UPLINKS.flatMap((name) => [...up(name), ...attachLines(name)]),
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
    default:
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
  }
}

function filterScript(uplink: Uplink): string {
  return `table inet lab {
  chain fault { }
  chain forward {
    type filter hook forward priority 0;
    jump fault
    iifname "radio" ip6 saddr != ${uplinkPrefix(uplink)} drop
  }
}
`;
}

/** Builds the lab. `lab` tells several of one process apart. */
export function buildTopology(lab = ''): Topology {
  const names = makeNamespaces(ROLES, lab);
  for (const role of ROLES) {
    // Before the links are there: their settings are copied from `default`. Without DAD the lab is up at once.
    const settings = ['net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.default.accept_ra=0'];
    if (ROUTERS.includes(role)) settings.push('net.ipv6.conf.all.forwarding=1');
    run(inNamespace(names[role], ['sysctl', '-qw', ...settings]));
  }
  ipBatch(linkLines(names));
  for (const role of ROLES) ipBatch(['link set lo up', ...boxLines(role)], names[role]);
  for (const uplink of UPLINKS) nft(names[access(uplink)], filterScript(uplink));
  return {
    namespaces: names,
    // The access router has its addresses again before its device is up: it answers from the first moment on.
    carrierLost: (uplink) => ipBatch(['link set radio down', ...accessAddressLines(uplink)], names[access(uplink)]),
    deviceDown: (uplink) => ipBatch([`link set ${uplink} down`], names.router),
    linkUp(uplink) {
      ipBatch(['link set radio up'], names[access(uplink)]);
      ipBatch([`link set ${uplink} up`, ...attachLines(uplink)], names.router);
    },
    silence: (uplink) => nft(names[access(uplink)], 'add rule inet lab fault drop\n'),
    heal: (uplink) => nft(names[access(uplink)], 'flush chain inet lab fault\n'),
    remove: () => removeNamespaces(Object.values(names)),
  };
}

/** Runs `use` in a lab of its own, which is gone afterwards, whatever happens. */
export async function withTopology<T>(use: (topology: Topology) => T | Promise<T>): Promise<T> {
  const topology = buildTopology();
  try {
    return await use(topology);
  } finally {
    topology.remove();
  }
}
