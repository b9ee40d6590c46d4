// The bench's four boxes in a row, as short as a tunnel can be measured on:
//
//   client ──lan── left ══wan══ right ──net── server
//   2001:db8:100::2     2001:db8:a1::c │ 2001:db8:a1::1     2001:db8:5::2
//
// Whoever is measured carries the client's packets between left and right. Bare, the two simply forward.
import { inNamespace, ipBatch, makeNamespaces, removeNamespaces, run } from '../lab/namespace.ts';
import { addresses } from '../lab/topology.ts';

const ROLES = ['client', 'left', 'right', 'server'] as const;
export type LineRole = (typeof ROLES)[number];

export const lineAddresses = {
  client: '2001:db8:100::2',
  server: '2001:db8:5::2',
  left: '2001:db8:a1::c',
  right: '2001:db8:a1::1',
} as const;

export interface Line {
  readonly namespaces: Readonly<Record<LineRole, string>>;
  /** Lets left and right forward plainly between each other. */
  routePlainly(): void;
  remove(): void;
}

/** Builds the row; the client's packets go nowhere yet. */
export function buildLine(): Line {
  const names = makeNamespaces(ROLES, 'bench-');
  for (const role of ROLES) {
    const settings = ['net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.default.accept_ra=0'];
    if (role === 'left' || role === 'right') settings.push('net.ipv6.conf.all.forwarding=1');
    run(inNamespace(names[role], ['sysctl', '-qw', ...settings]));
  }
  ipBatch([
    `link add lan netns ${names.client} type veth peer name lan netns ${names.left}`,
    `link add wan netns ${names.left} type veth peer name wan netns ${names.right}`,
    `link add net netns ${names.right} type veth peer name net netns ${names.server}`,
  ]);
  const boxes: Record<LineRole, string[]> = {
    client: [
      'link set lan up',
      `address add ${lineAddresses.client}/64 dev lan nodad`,
      `route add default via ${addresses.routerLan}`,
    ],
    left: [
      'link set lan up',
      'link set wan up',
      `address add ${addresses.routerLan}/64 dev lan nodad`,
      `address add ${lineAddresses.left}/64 dev wan nodad`,
      'route add default via fe80::1 dev wan proto ra metric 1024',
    ],
    right: [
      'link set wan up',
      'link set net up',
      'address add fe80::1/64 dev wan nodad',
      `address add ${lineAddresses.right}/64 dev wan nodad`,
      `address add ${addresses.homeAgent}/64 dev wan nodad`,
      'address add 2001:db8:5::1/64 dev net nodad',
    ],
    server: [
      'link set net up',
      `address add ${lineAddresses.server}/64 dev net nodad`,
      'route add default via 2001:db8:5::1',
    ],
  };
  for (const role of ROLES) ipBatch(['link set lo up', ...boxes[role]], names[role]);
  return {
    namespaces: names,
    routePlainly: () => ipBatch([`route add ${addresses.mobileNetworkPrefix} via ${lineAddresses.left}`], names.right),
    remove: () => removeNamespaces(Object.values(names)),
  };
}
