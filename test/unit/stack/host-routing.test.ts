import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { formatPrefix, hostPrefix, prefix } from '../../../src/bytes/prefix.ts';
import type { Uplink } from '../../../src/paths/uplink.ts';
import {
  HostNetwork,
  type HostNetworkItem,
  homeAgentNetwork,
  mobileRouterNetwork,
  ROUTE_PROTOCOL,
} from '../../../src/stack/host-routing.ts';
import type { NetlinkRequest } from '../../../src/wire/netlink/encode.ts';
import { RouteTable, RouteType } from '../../../src/wire/netlink/numbers.ts';
import {
  CARE_OF,
  HOME,
  homeAgentConfiguration,
  MobileRouterBench,
  mobileNode,
  mobileRouterConfiguration,
  NETWORK,
  OTHER_HOME,
  OTHER_NETWORK,
} from '../../lib/engines.ts';
import { link, linkAddress, route, rule } from '../../lib/engines-network.ts';
import { FIRST_PRIORITY, FIRST_TABLE, TUNNEL_INDEX } from '../../lib/engines-stack.ts';

const ROUTING = { firstTable: FIRST_TABLE, firstRulePriority: FIRST_PRIORITY };
const GATEWAY = address('fe80::1');
const [, first, second] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0]];

function uplinks(...careOf: (typeof first | null)[]): Uplink[] {
  const bench = new MobileRouterBench();
  bench.uplinks(...careOf);
  return bench.observed().map((uplink) => ({ ...uplink, gateway: GATEWAY }));
}

function wanted(...careOf: (typeof first | null)[]): HostNetworkItem[] {
  return mobileRouterNetwork(
    mobileRouterConfiguration({ prefixes: [NETWORK, OTHER_NETWORK] }),
    ROUTING,
    uplinks(...careOf),
    TUNNEL_INDEX,
  );
}

/** A request as a line that reads like `ip`. */
function line(request: NetlinkRequest): string {
  switch (request.kind) {
    case 'add-address':
    case 'delete-address':
      return `${request.kind} dev ${request.interfaceIndex}/${request.prefixLength}`;
    case 'add-route':
    case 'delete-route': {
      const { destination, table, interfaceIndex, gateway, type, metric } = request;
      const via = gateway === undefined ? '' : ' via';
      const lastResort = Object.entries(RouteType).find(
        ([, number]) => number === type && number !== RouteType.unicast,
      );
      const where = lastResort?.[0] ?? `dev ${interfaceIndex}${via}`;
      return `${request.kind} ${formatPrefix(destination)} ${where} table ${table}${metric ? ' last' : ''}`;
    }
    case 'add-rule':
    case 'delete-rule': {
      const suppress = request.suppressPrefixLength === undefined ? '' : ` suppress ${request.suppressPrefixLength}`;
      return `${request.kind} ${request.priority} from ${formatPrefix(request.source)} table ${request.table}${suppress}`;
    }
    default:
      return request.kind;
  }
}

const VIRTUAL = { homeLinkIndex: undefined, delivery: () => undefined, ipv4Addresses: [] };
const UPLINK_1 = ['add-route ::/0 dev 11 via table 7001', 'add-rule 2050 from 2001:db8:a:1::10/128 table 7001'];
const UPLINK_2 = ['add-route ::/0 dev 12 via table 7002', 'add-rule 2051 from 2001:db8:a:2::10/128 table 7002'];
const TUNNEL = [
  'add-address dev 9/128',
  'add-route ::/0 dev 9 table 7000',
  'add-route ::/0 blackhole table 7000 last',
  'add-rule 2000 from 2001:db8:1:f::2/128 table 254 suppress 0',
  'add-rule 2001 from 2001:db8:1:f::2/128 table 7000',
  'add-rule 2000 from 2001:db8:2:1::/64 table 254 suppress 0',
  'add-rule 2001 from 2001:db8:2:1::/64 table 7000',
  'add-rule 2000 from 2001:db8:2:2::/64 table 254 suppress 0',
  'add-rule 2001 from 2001:db8:2:2::/64 table 7000',
];

// --- what is wanted --------------------------------------------------------------------------------------------------

test('[MHA-6.1.2-01, MHA-3-11] a mobile router: the mobile network into the tunnel, each care-of address out by its own link', () => {
  assert.equal(wanted(first, second, null).map(line), [...TUNNEL, ...UPLINK_1, ...UPLINK_2]);
});

test('an uplink keeps its table and rule numbers whichever others there are', () => {
  assert.equal(wanted(null, second, null).map(line), [...TUNNEL, ...UPLINK_2]);
});

test('on a point-to-point link the default route has no gateway', () => {
  const [plain] = mobileRouterNetwork(
    mobileRouterConfiguration(),
    ROUTING,
    uplinks(first).map((uplink) => ({ ...uplink, gateway: null })),
    TUNNEL_INDEX,
  ).filter((item) => item.kind === 'add-route' && item.table === 7001);
  assert.not.ok('gateway' in plain!);
  assert.is(line(plain!), 'add-route ::/0 dev 11 table 7001');
});

test('everything that is installed bears our mark', () => {
  for (const item of wanted(first, second, null)) {
    if ('protocol' in item) assert.is(item.protocol, ROUTE_PROTOCOL);
  }
});

test('a home agent: home addresses and prefixes into the tunnel, the rest of a virtual home link unreachable', () => {
  const configuration = homeAgentConfiguration({
    mobileNodes: [mobileNode({ prefixes: [NETWORK] }), mobileNode({ homeAddress: OTHER_HOME, prefixes: [] })],
  });
  assert.equal(homeAgentNetwork(configuration, TUNNEL_INDEX, VIRTUAL).map(line), [
    'add-route 2001:db8:1:f::2/128 dev 9 table 254',
    'add-route 2001:db8:2:1::/64 dev 9 table 254',
    'add-route 2001:db8:1:f::3/128 dev 9 table 254',
    'add-route 2001:db8:1:f::/64 unreachable table 254 last',
  ]);
});

test('a home link that the agent itself is on stays reachable', () => {
  const configuration = homeAgentConfiguration({ homePrefixes: [prefix('2001:db8:1::/48')] });
  const lines = homeAgentNetwork(configuration, TUNNEL_INDEX, VIRTUAL).map(line);
  assert.not.ok(lines.some((text) => text.includes('unreachable')));
});

// --- bringing it about -----------------------------------------------------------------------------------------------

test('at first everything is asked for, then nothing as long as nothing changes', () => {
  const host = new HostNetwork(ROUTING);
  assert.equal(host.reconcile(wanted(first, null, null)).map(line), [...TUNNEL, ...UPLINK_1]);
  assert.equal(host.reconcile(wanted(first, null, null)), []);
});

test('a change asks for the difference alone, removals first', () => {
  const host = new HostNetwork(ROUTING);
  host.reconcile(wanted(first, null, null));
  assert.equal(host.reconcile(wanted(CARE_OF[5]!, second, null)).map(line), [
    'delete-rule 2050 from 2001:db8:a:1::10/128 table 7001',
    'add-rule 2050 from 2001:db8:a:5::10/128 table 7001',
    ...UPLINK_2,
  ]);
});

test('at the end everything that was installed is taken back', () => {
  const host = new HostNetwork(ROUTING);
  const installed = host.reconcile(wanted(first, second, null)).map(line);
  const removed = host.reconcile([]).map(line);
  assert.equal(removed.sort(), installed.map((text) => text.replace('add-', 'delete-')).sort());
  assert.equal(host.reconcile([]), []);
});

test('a route that the kernel removed with its link is installed again, and nothing else', () => {
  const host = new HostNetwork(ROUTING);
  host.reconcile(wanted(first, second, null));
  const gone = route(11, '::/0', { change: 'removed', table: 7001, gateway: GATEWAY, protocol: ROUTE_PROTOCOL });
  host.noteRemoval({ ...gone, table: 7005 });
  host.noteRemoval({ ...gone, interfaceIndex: 12 });
  host.noteRemoval({ ...gone, gateway: address('fe80::9') });
  host.noteRemoval({ ...gone, destination: prefix('2001:db8::/32') });
  host.noteRemoval({ ...gone, change: 'new' });
  host.noteRemoval(link(11, 'wan0', { change: 'removed' }));
  assert.equal(host.reconcile(wanted(first, second, null)), []);
  host.noteRemoval(gone);
  assert.equal(host.reconcile(wanted(first, second, null)).map(line), UPLINK_1.slice(0, 1));
});

test('a route that was removed and is not wanted any more is not asked to be removed again', () => {
  const host = new HostNetwork(ROUTING);
  host.reconcile(wanted(first, null, null));
  host.noteRemoval(route(11, '::/0', { change: 'removed', table: 7001, gateway: GATEWAY }));
  assert.equal(host.reconcile(wanted(null, null, null)).map(line), [
    'delete-rule 2050 from 2001:db8:a:1::10/128 table 7001',
  ]);
});

test('once notifications were lost everything is asked for again, and what is not wanted is removed', () => {
  const host = new HostNetwork(ROUTING);
  host.reconcile(wanted(first, second, null));
  host.noteUncertainty();
  assert.equal([...host.reconcile(wanted(first, null, null)), ...host.restore()].map(line), [
    ...UPLINK_2.map((text) => text.replace('add-', 'delete-')),
    ...TUNNEL,
    ...UPLINK_1,
  ]);
  assert.equal([...host.reconcile(wanted(first, null, null)), ...host.restore()], []);
});

// --- what an earlier run left behind ---------------------------------------------------------------------------------

test('routes with our mark and everything in our tables are recognised, and removed as they are', () => {
  const host = new HostNetwork(ROUTING);
  const marked = route(11, '2001:db8:1:f::2/128', { protocol: ROUTE_PROTOCOL, metric: 256 });
  assert.equal(host.leftover(marked), {
    kind: 'delete-route',
    table: RouteTable.main,
    destination: hostPrefix(HOME),
    metric: 256,
    protocol: ROUTE_PROTOCOL,
    interfaceIndex: 11,
  });
  const inTable = route(11, '::/0', { table: 7099, gateway: GATEWAY, protocol: 3 });
  assert.equal(host.leftover(inTable), {
    kind: 'delete-route',
    table: 7099,
    destination: prefix('::/0'),
    metric: 1024,
    protocol: 3,
    gateway: GATEWAY,
    interfaceIndex: 11,
  });
  const unreachable = route(1, '::/0', { table: 7000, type: RouteType.unreachable, protocol: ROUTE_PROTOCOL });
  assert.equal(host.leftover(unreachable), {
    kind: 'delete-route',
    table: 7000,
    destination: prefix('::/0'),
    metric: 1024,
    protocol: ROUTE_PROTOCOL,
    type: RouteType.unreachable,
  });
});

test('rules with our priorities are recognised, with or without source and suppression', () => {
  const host = new HostNetwork(ROUTING);
  assert.equal(host.leftover(rule(2000, 254, { source: NETWORK, suppressPrefixLength: 0 })), {
    kind: 'delete-rule',
    priority: 2000,
    table: 254,
    source: NETWORK,
    suppressPrefixLength: 0,
  });
  assert.equal(host.leftover(rule(2099, 7000)), {
    kind: 'delete-rule',
    priority: 2099,
    table: 7000,
    source: prefix('::/0'),
  });
});

test('what is not ours is left alone', () => {
  const host = new HostNetwork(ROUTING);
  for (const message of [
    rule(0, 255),
    rule(1999, 7000),
    rule(2100, 7000),
    rule(32766, 254),
    route(11, '::/0', { gateway: GATEWAY }),
    route(11, '::/0', { table: 6999 }),
    route(11, '::/0', { table: 7100 }),
    route(11, '::/0', { table: 7001, change: 'removed' as const }),
    link(11, 'wan0'),
    linkAddress(11, '2001:db8::1'),
  ]) {
    assert.is(host.leftover(message), undefined);
  }
});

test.run();
