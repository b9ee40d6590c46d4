// A physical home link with two home agents and a plain host on it, and a mobile router that is away:
//
//                       ┌── first  2001:db8:1:f::1 ──┐
//   router ══away══ core┤                            ├── switch ── host  2001:db8:1:f::77
//   2001:db8:a1::c      └── second 2001:db8:1:f::2 ──┘      └───── router's device `home`, down at first
//
// The core sends the home prefix 2001:db8:1:f::/64 and the vehicles' aggregate to the first home agent, and the second
// one's own address to the second.
import { inNamespace, ipBatch, makeNamespaces, removeNamespaces, run } from './namespace.ts';

const ROLES = ['router', 'core', 'first', 'second', 'switch', 'host'] as const;
export type HomeLinkRole = (typeof ROLES)[number];
const ROUTERS: readonly HomeLinkRole[] = ['router', 'core', 'first', 'second'];

export const home = {
  prefix: '2001:db8:1:f::/64',
  first: '2001:db8:1:f::1',
  second: '2001:db8:1:f::2',
  host: '2001:db8:1:f::77',
  /** Of the mobile router. */
  homeAddress: '2001:db8:1:f::100',
  /** Of another mobile node, which a test speaks for. */
  otherHomeAddress: '2001:db8:1:f::200',
  /** Configured as a mobile node's, but the host uses it. */
  takenHomeAddress: '2001:db8:1:f::300',
  anycast: '2001:db8:1:f:fdff:ffff:ffff:fffe',
  mobileNetworkPrefix: '2001:db8:100::/64',
  vehicle: '2001:db8:100::1',
  careOfAddress: '2001:db8:a1::c',
} as const;

export interface HomeLinkTopology {
  readonly namespaces: Readonly<Record<HomeLinkRole, string>>;
  remove(): void;
}

const up = (device: string, ...addresses: readonly string[]): string[] => [
  `link set ${device} up`,
  ...addresses.map((address) => `address add ${address} dev ${device} nodad`),
];

const BOXES: Readonly<Record<HomeLinkRole, readonly string[]>> = {
  router: [
    ...up('away', `${home.careOfAddress}/64`),
    'route add default via 2001:db8:a1::1 proto ra metric 1024',
    'link add lan type bridge',
    ...up('lan', `${home.vehicle}/64`),
  ],
  core: [
    ...up('away', '2001:db8:a1::1/64'),
    ...up('first', '2001:db8:c1::1/64'),
    ...up('second', '2001:db8:c2::1/64'),
    `route add ${home.prefix} via 2001:db8:c1::2`,
    'route add 2001:db8:100::/40 via 2001:db8:c1::2',
    `route add ${home.second}/128 via 2001:db8:c2::2`,
  ],
  first: [...up('wan', '2001:db8:c1::2/64'), ...up('home', `${home.first}/64`), 'route add default via 2001:db8:c1::1'],
  second: [
    ...up('wan', '2001:db8:c2::2/64'),
    ...up('home', `${home.second}/64`),
    'route add default via 2001:db8:c2::1',
  ],
  switch: [
    'link add bridge type bridge',
    ...['first', 'second', 'host', 'router'].flatMap((port) => [
      `link set ${port} master bridge`,
      `link set ${port} up`,
    ]),
    'link set bridge up',
  ],
  host: [...up('net', `${home.host}/64`, `${home.takenHomeAddress}/128`), `route add default via ${home.first}`],
};

/** Builds the lab; addresses are there at once, without Duplicate Address Detection of the kernels' own. */
export function buildHomeLinkTopology(): HomeLinkTopology {
  const names = makeNamespaces(ROLES, 'home-link-');
  for (const role of ROLES) {
    const settings = ['net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.default.accept_ra=0'];
    if (ROUTERS.includes(role)) settings.push('net.ipv6.conf.all.forwarding=1');
    run(inNamespace(names[role], ['sysctl', '-qw', ...settings]));
  }
  const cable = (role: HomeLinkRole, device: string, other: HomeLinkRole, otherDevice: string) =>
    `link add ${device} netns ${names[role]} type veth peer name ${otherDevice} netns ${names[other]}`;
  ipBatch([
    cable('router', 'away', 'core', 'away'),
    cable('first', 'wan', 'core', 'first'),
    cable('second', 'wan', 'core', 'second'),
    cable('first', 'home', 'switch', 'first'),
    cable('second', 'home', 'switch', 'second'),
    cable('host', 'net', 'switch', 'host'),
    cable('router', 'home', 'switch', 'router'),
  ]);
  for (const role of ROLES) ipBatch(['link set lo up', ...BOXES[role]], names[role]);
  return { namespaces: names, remove: () => removeNamespaces(Object.values(names)) };
}
