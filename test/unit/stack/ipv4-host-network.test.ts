import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, formatAddress } from '../../../src/bytes/address.ts';
import { formatPrefix, prefix } from '../../../src/bytes/prefix.ts';
import type { Uplink } from '../../../src/paths/uplink.ts';
import type { HomePlacement } from '../../../src/roles/mobile-router/home-placement.ts';
import {
  boundIpv4Network,
  HostNetwork,
  type HostNetworkItem,
  homeAgentNetwork,
  mobileRouterNetwork,
  ROUTE_PROTOCOL,
} from '../../../src/stack/host-routing.ts';
import type { NetlinkRequest } from '../../../src/wire/netlink/encode.ts';
import type { ProxyNeighborMessage } from '../../../src/wire/netlink/message.ts';
import { RouteType } from '../../../src/wire/netlink/numbers.ts';
import {
  CARE_OF,
  HOME,
  homeAgentConfiguration,
  mobileNode,
  mobileRouterConfiguration,
  NETWORK,
} from '../../lib/engines.ts';
import { link, linkAddress, route, rule } from '../../lib/engines-network.ts';
import { FIRST_PRIORITY, FIRST_TABLE, TUNNEL_INDEX } from '../../lib/engines-stack.ts';

const ROUTING = { firstTable: FIRST_TABLE, firstRulePriority: FIRST_PRIORITY };
const IPV4_HOME = address('198.51.100.7');
const IPV4_NETWORK = prefix('10.7.0.0/16');
const IPV4_CARE_OF = address('203.0.113.9');

/** A request as a line that reads like `ip`. */
function line(request: NetlinkRequest): string {
  switch (request.kind) {
    case 'add-address':
    case 'delete-address':
      return `${request.kind} ${formatAddress(request.address)}/${request.prefixLength} dev ${request.interfaceIndex} flags ${request.flags}`;
    case 'add-route':
    case 'delete-route': {
      const { destination, table, interfaceIndex, gateway, type } = request;
      const via = gateway === undefined ? '' : ` via ${formatAddress(gateway)}`;
      const words: Readonly<Record<number, string>> = {
        [RouteType.blackhole]: 'blackhole',
        [RouteType.unreachable]: 'unreachable',
      };
      const lastResort = words[type ?? RouteType.unicast];
      return `${request.kind} ${formatPrefix(destination)} ${lastResort ?? `dev ${interfaceIndex}${via}`} table ${table}`;
    }
    case 'add-rule':
    case 'delete-rule': {
      const suppress = request.suppressPrefixLength === undefined ? '' : ` suppress ${request.suppressPrefixLength}`;
      return `${request.kind} ${request.priority} from ${formatPrefix(request.source)} table ${request.table}${suppress}`;
    }
    case 'add-proxy-neighbor':
    case 'delete-proxy-neighbor':
      return `${request.kind} ${formatAddress(request.address)} dev ${request.interfaceIndex}`;
    default:
      return request.kind;
  }
}

const ofIpv4 = (items: readonly NetlinkRequest[]) => items.map(line).filter((text) => /\d+\.\d+\.\d+\.\d+/.test(text));

function placement(more: Partial<HomePlacement> = {}): HomePlacement {
  return {
    homeAddress: HOME,
    prefixes: [NETWORK],
    ipv4Address: IPV4_HOME,
    ipv4Prefixes: [IPV4_NETWORK],
    onLink: null,
    neighbor: null,
    native: null,
    ...more,
  };
}

function uplink(more: Partial<Uplink> = {}): Uplink {
  return {
    name: 'cellular',
    interfaceIndex: 11,
    careOfAddress: CARE_OF[1]!,
    gateway: address('fe80::1'),
    mtuBytes: 1500,
    ipv4: { careOfAddress: IPV4_CARE_OF, gateway: address('203.0.113.1') },
    reason: 'link-up',
    ...more,
  };
}

function routerNetwork(uplinks: readonly Uplink[], ...placements: readonly HomePlacement[]): HostNetworkItem[] {
  return mobileRouterNetwork(mobileRouterConfiguration(), ROUTING, uplinks, TUNNEL_INDEX, placements);
}

const BOUND = [
  'add-address 198.51.100.7/32 dev 9 flags 0',
  'add-route 0.0.0.0/0 dev 9 table 7000',
  'add-route 0.0.0.0/0 blackhole table 7000',
  'add-rule 2000 from 198.51.100.7/32 table 254 suppress 0',
  'add-rule 2001 from 198.51.100.7/32 table 7000',
  'add-rule 2000 from 10.7.0.0/16 table 254 suppress 0',
  'add-rule 2001 from 10.7.0.0/16 table 7000',
];
const UPLINK = [
  'add-route 0.0.0.0/0 dev 11 via 203.0.113.1 table 7001',
  'add-rule 2050 from 203.0.113.9/32 table 7001',
];

// --- a mobile router -------------------------------------------------------------------------------------------------

test('what of IPv4 is bound goes into the tunnel, and an IPv4 care-of address out by its own link', () => {
  assert.equal(ofIpv4(routerNetwork([uplink()], placement())), [...BOUND, ...UPLINK]);
});

test('nothing of IPv4 is installed before it is bound, but the way of the care-of address that is to bind it', () => {
  const nothing = placement({ ipv4Address: null, ipv4Prefixes: [] });
  assert.equal(ofIpv4(routerNetwork([uplink()], nothing)), UPLINK);
  assert.equal(ofIpv4(routerNetwork([uplink({ ipv4: null })], nothing)), []);
});

test('an uplink without IPv6 has its IPv4 side alone, in the same table', () => {
  const [items, both] = [uplink({ careOfAddress: null, gateway: null }), uplink()].map((each) =>
    routerNetwork([each], placement({ ipv4Address: null, ipv4Prefixes: [] })).map(line),
  );
  assert.equal(
    items!.filter((text) => text.includes('table 7001')),
    UPLINK,
  );
  assert.is(both!.filter((text) => text.includes('table 7001')).length, 4);
});

test('IPv4 prefixes without an IPv4 home address are routed all the same', () => {
  assert.equal(ofIpv4(routerNetwork([], placement({ ipv4Address: null }))), [BOUND[1], BOUND[2], BOUND[5], BOUND[6]]);
});

test('at home by IPv6 the bound IPv4 addresses still have the tunnel: there is no home by IPv4 (RFC 5555 §4.4.4)', () => {
  const native = { interfaceIndex: 12, gateway: address('fe80::1') };
  assert.equal(ofIpv4(routerNetwork([], placement({ native }))), BOUND);
});

// --- a home agent ----------------------------------------------------------------------------------------------------

const SERVED = {
  address: address('192.0.2.1'),
  homePrefixes: [prefix('198.51.100.0/25')],
  prefixPools: [prefix('10.64.0.0/12')],
  leaseSeconds: 300,
  allowForcedUdpEncapsulation: true,
  natRefreshSeconds: 110,
};
const NODES = [mobileNode({ ipv4: { homeAddress: IPV4_HOME, prefixes: [IPV4_NETWORK] } })];
const AGENT = homeAgentConfiguration({ ipv4: SERVED, mobileNodes: NODES });
const STATE = { homeLinkIndex: undefined, delivery: () => undefined, ipv4Addresses: [SERVED.address] };

test('a home agent: nodes’ own IPv4 into the tunnel, the rest of virtual links and of pools unreachable', () => {
  assert.equal(ofIpv4(homeAgentNetwork(AGENT, TUNNEL_INDEX, STATE)), [
    'add-route 198.51.100.7/32 dev 9 table 254',
    'add-route 10.7.0.0/16 dev 9 table 254',
    'add-route 198.51.100.0/25 unreachable table 254',
    'add-route 10.64.0.0/12 unreachable table 254',
  ]);
});

test('an IPv4 home link that the agent has an address on stays reachable', () => {
  const state = { ...STATE, ipv4Addresses: [SERVED.address, address('198.51.100.1')] };
  assert.not.ok(ofIpv4(homeAgentNetwork(AGENT, TUNNEL_INDEX, state)).some((text) => text.includes('198.51.100.0/25')));
});

test('a node that is at home is not reached by the tunnel in IPv4 either', () => {
  const state = { ...STATE, homeLinkIndex: 20, delivery: () => ({ tunnelled: false }) };
  assert.equal(ofIpv4(homeAgentNetwork(AGENT, TUNNEL_INDEX, state)).slice(0, 1), [
    'add-route 10.7.0.0/16 unreachable table 254',
  ]);
});

test('what is leased leads into the tunnel while it is bound; what is the node’s own does so anyway', () => {
  const leased = { homeAddress: address('198.51.100.20'), prefixes: [IPV4_NETWORK, prefix('10.64.4.0/24')] };
  const own = { prefixes: [IPV4_NETWORK] };
  assert.equal(boundIpv4Network(SERVED.homePrefixes, own, leased, TUNNEL_INDEX, STATE).map(line), [
    'add-route 198.51.100.20/32 dev 9 table 254',
    'add-route 10.64.4.0/24 dev 9 table 254',
  ]);
  assert.equal(boundIpv4Network(SERVED.homePrefixes, own, undefined, TUNNEL_INDEX, STATE), []);
});

test('[5555-4.5-02] on a physical home link ARP is answered for an IPv4 home address while it is bound, not on a virtual one', () => {
  const own = NODES[0]!.ipv4;
  const onLink = { homeLinkIndex: 20, ipv4Addresses: [address('198.51.100.1')] };
  const items = (state: Pick<typeof STATE, 'ipv4Addresses'> & { readonly homeLinkIndex: number | undefined }) =>
    boundIpv4Network(SERVED.homePrefixes, own, own, TUNNEL_INDEX, state).map(line);
  assert.equal(items(onLink), ['add-proxy-neighbor 198.51.100.7 dev 20']);
  assert.equal(items({ ...onLink, ipv4Addresses: [SERVED.address] }), []);
  assert.equal(items({ ...onLink, homeLinkIndex: undefined }), []);
});

// --- bringing it about -----------------------------------------------------------------------------------------------

test('parts are brought about and taken back each on its own, and all of them at the end', () => {
  const host = new HostNetwork(ROUTING);
  const lease = boundIpv4Network([], undefined, { prefixes: [IPV4_NETWORK] }, TUNNEL_INDEX, STATE);
  const base = host.reconcile(routerNetwork([uplink()], placement()));
  assert.equal(host.reconcile(lease, HOME).map(line), ['add-route 10.7.0.0/16 dev 9 table 254']);
  assert.equal(host.reconcile(routerNetwork([uplink()], placement())), []);
  assert.equal(host.reconcile([], HOME).map(line), ['delete-route 10.7.0.0/16 dev 9 table 254']);
  host.reconcile(lease, HOME);
  assert.is(host.withdraw().length, base.length + 1);
  assert.equal(host.withdraw(), []);
});

test('IPv4 routes that the kernel has dropped silently, with a link or its last address, are asked for again', () => {
  for (const message of [
    link(11, 'wan0', { up: false, running: false }),
    link(11, 'wan0', { change: 'removed' }),
    linkAddress(11, '203.0.113.9', { change: 'removed' }),
  ]) {
    const host = new HostNetwork(ROUTING);
    host.reconcile(routerNetwork([uplink()], placement()));
    host.noteRemoval(message);
    assert.equal(host.restore().map(line), UPLINK.slice(0, 1));
    assert.equal(host.restore(), []);
  }
});

test('news that leave IPv4 routes alone bring nothing about', () => {
  const host = new HostNetwork(ROUTING);
  host.reconcile(routerNetwork([uplink()], placement()));
  for (const message of [
    link(11, 'wan0', { running: false }),
    link(12, 'wan1', { up: false }),
    linkAddress(11, '203.0.113.9'),
    linkAddress(11, '2001:db8::9', { change: 'removed' }),
  ]) {
    host.noteRemoval(message);
  }
  assert.equal(host.restore(), []);
});

test('a route that is not wanted any more is taken back although nobody knows whether it is there', () => {
  const host = new HostNetwork(ROUTING);
  host.reconcile(routerNetwork([uplink()], placement()));
  host.noteRemoval(linkAddress(11, '203.0.113.9', { change: 'removed' }));
  assert.equal(host.reconcile(routerNetwork([uplink({ ipv4: null })], placement())).map(line), [
    'delete-route 0.0.0.0/0 dev 11 via 203.0.113.1 table 7001',
    'delete-rule 2050 from 203.0.113.9/32 table 7001',
  ]);
  assert.equal(host.restore(), []);
});

// --- what an earlier run left behind ---------------------------------------------------------------------------------

test('IPv4 routes and rules of ours, and addresses that we answered ARP for, are recognised', () => {
  const host = new HostNetwork(ROUTING);
  const family = 'ipv4' as const;
  assert.equal(
    [
      host.leftover(route(1, '0.0.0.0/0', { family, table: 7000, type: RouteType.blackhole })),
      host.leftover(route(9, '10.7.0.0/16', { family, protocol: ROUTE_PROTOCOL })),
      host.leftover(rule(2001, 7000, { family, source: IPV4_NETWORK })),
      host.leftover(rule(2050, 7001, { family })),
    ].map((request) => request && line(request)),
    [
      'delete-route 0.0.0.0/0 blackhole table 7000',
      'delete-route 10.7.0.0/16 dev 9 table 254',
      'delete-rule 2001 from 10.7.0.0/16 table 7000',
      'delete-rule 2050 from 0.0.0.0/0 table 7001',
    ],
  );
  const proxy: ProxyNeighborMessage = {
    kind: 'proxy-neighbor',
    change: 'new',
    sequence: 0,
    portId: 0,
    dumpInterrupted: false,
    interfaceIndex: 20,
    address: IPV4_HOME,
    protocol: ROUTE_PROTOCOL,
  };
  assert.is(line(host.leftover(proxy)!), 'delete-proxy-neighbor 198.51.100.7 dev 20');
  assert.is(host.leftover({ ...proxy, protocol: 4 }), undefined);
});

test.run();
