import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatPrefix } from '../../../src/bytes/prefix.ts';
import type { StackAction } from '../../../src/stack/stack.ts';
import { LinkFlag } from '../../../src/wire/netlink/numbers.ts';
import type { MobilityPacket } from '../../../src/wire/signalling.ts';
import { acknowledgementOf, CARE_OF, HOME, mobileRouterConfiguration, PROBING } from '../../lib/engines.ts';
import { link, linkAddress, route, rule } from '../../lib/engines-network.ts';
import {
  AGENT_CONFIGURATION,
  FIRST_PRIORITY,
  FIRST_TABLE,
  listeningIn,
  NETWORK_OF_A_ROUTER,
  ROUTER_CONFIGURATION,
  requestsIn,
  StackBench,
  sentIn,
  stackEventsIn,
  TUNNEL_INDEX,
  tablesIn,
  uplink,
} from '../../lib/engines-stack.ts';

const types = (actions: readonly StackAction[]) => actions.map(({ type }) => type);
const updates = (actions: readonly StackAction[]) =>
  sentIn(actions).filter((packet): packet is MobilityPacket => packet.kind === 'mobility');

/** A router whose uplinks are registered. */
function registered(): StackBench {
  const bench = new StackBench(ROUTER_CONFIGURATION);
  let open = updates(bench.network(...NETWORK_OF_A_ROUTER));
  while (open.length > 0) open = open.flatMap((packet) => updates(bench.receive(acknowledgementOf(packet))));
  bench.nowMs += 1500;
  return bench;
}

test('[3963-3-01] the network’s first description is followed at once by routes, sockets, and the first Binding Update', () => {
  const bench = new StackBench(ROUTER_CONFIGURATION);
  const actions = bench.network(...NETWORK_OF_A_ROUTER);
  const order = types(actions);
  assert.ok(order.indexOf('configure') < order.indexOf('send'), 'packets leave by the rules');
  assert.ok(order.indexOf('listen') < order.indexOf('send'), 'the answer can be received');
  const [update, ...more] = updates(actions);
  assert.equal(more, []);
  assert.is(update?.homeAddress, HOME);
  assert.equal(
    actions.flatMap((action) => (action.type === 'send' ? action.interfaceIndex : [])),
    [11],
  );
});

test('[MHA-6.1.3-01, MHA-A-01] a carrier lost: the table without that tunnel comes before anything is sent', () => {
  const bench = registered();
  const actions = bench.network(link(11, 'wan0', { running: false, lowerUp: false, flags: LinkFlag.up }));
  assert.is(types(actions)[0], 'forward');
  assert.equal(
    tablesIn(actions)[0]?.tunnels.map(({ outerSource }) => outerSource),
    [CARE_OF[2]],
  );
  const [removal] = updates(actions);
  assert.is(removal?.source, CARE_OF[2]);
  const handover = stackEventsIn(actions).find(({ type }) => type === 'handover');
  assert.equal(handover, { type: 'handover', from: 'cellular', to: 'wifi', reason: 'link-down' });
});

test('an address or a route that goes takes its uplink away, with its reason', () => {
  for (const [message, reason] of [
    [linkAddress(11, '2001:db8:a:1::10', { change: 'removed' }), 'address-removed'],
    [route(11, '::/0', { gateway: linkAddress(11, 'fe80::1').address, change: 'removed' }), 'no-route'],
  ] as const) {
    const event = stackEventsIn(registered().network(message)).find(({ type }) => type === 'path-state');
    assert.equal(event, { type: 'path-state', uplink: 'cellular', bid: 1, state: 'down', reason });
  }
});

test('[6275-11.5.1-03] a second address on the link moves nothing', () => {
  const bench = registered();
  assert.equal(
    bench.network(linkAddress(11, '2001:db8:a:77::1')).filter(({ type }) => type !== 'forward'),
    [],
  );
});

test('without the tunnel device nothing is configured; when it appears everything is', () => {
  const bench = new StackBench(ROUTER_CONFIGURATION);
  const without = NETWORK_OF_A_ROUTER.filter((message) => message.kind !== 'link' || message.index !== TUNNEL_INDEX);
  assert.equal(requestsIn(bench.network(...without)), []);
  const requests = requestsIn(bench.network(link(TUNNEL_INDEX, 'monami0')));
  assert.ok(requests.some((request) => request.kind === 'add-address' && request.interfaceIndex === TUNNEL_INDEX));
  assert.is(requests.filter((request) => request.kind === 'add-rule').length, 6);
});

test('a route of ours that the kernel removes is installed again with the next change', () => {
  const bench = registered();
  const gone = route(11, '::/0', { table: FIRST_TABLE + 1, gateway: linkAddress(11, 'fe80::1').address });
  const requests = requestsIn(bench.network({ ...gone, change: 'removed' }));
  assert.equal(
    requests.map((request) => request.kind === 'add-route' && [request.table, formatPrefix(request.destination)]),
    [[FIRST_TABLE + 1, '::/0']],
  );
});

test('after lost notifications the whole network is taken anew and everything installed again', () => {
  const bench = registered();
  bench.handle({ type: 'network-lost' });
  const actions = bench.network(...NETWORK_OF_A_ROUTER.slice(0, 4), ...uplink(1));
  const requests = requestsIn(actions);
  assert.ok(requests.some((request) => request.kind === 'delete-rule' && request.priority === FIRST_PRIORITY + 50));
  assert.ok(requests.some((request) => request.kind === 'add-rule' && request.priority === FIRST_PRIORITY + 51));
  assert.ok(requests.some((request) => request.kind === 'add-address'));
  assert.is(updates(actions)[0]?.source, CARE_OF[2], 'the lost uplink is removed over the other');
});

test('leftovers of an earlier run are found among rules and routes, and at the end everything is withdrawn', () => {
  const bench = new StackBench(ROUTER_CONFIGURATION);
  const leftovers = bench.stack.leftovers([
    rule(FIRST_PRIORITY + 3, FIRST_TABLE),
    rule(32766, 254),
    route(3, '::/0', { table: FIRST_TABLE + 2 }),
    route(3, '::/0'),
  ]);
  assert.equal(
    leftovers.map(({ kind }) => kind),
    ['delete-rule', 'delete-route'],
  );
  const installed = requestsIn(bench.network(...NETWORK_OF_A_ROUTER)).length;
  assert.is(bench.stack.withdraw().length, installed);
  assert.equal(bench.stack.withdraw(), []);
});

// --- where it listens ------------------------------------------------------------------------------------------------

test('a mobile router listens on its uplinks alone', () => {
  const bench = new StackBench(ROUTER_CONFIGURATION);
  assert.equal(listeningIn(bench.network(...NETWORK_OF_A_ROUTER)), [11, 12]);
  assert.is(listeningIn(bench.network(link(30, 'eth9'))), undefined);
  assert.equal(listeningIn(bench.network(...uplink(2))), [11, 12, 13]);
  assert.equal(listeningIn(bench.network(link(12, 'wan1', { change: 'removed' }))), [11, 13]);
});

test('a home agent listens everywhere but on loopback, bridge ports and its own tunnel', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  assert.equal(listeningIn(bench.network(...NETWORK_OF_A_ROUTER)), [5, 11, 12]);
  assert.equal(listeningIn(bench.network(link(6, 'lan1', { masterIndex: undefined }))), [5, 6, 11, 12]);
  assert.equal(listeningIn(bench.network(link(6, 'lan1', { masterIndex: 0 }))), undefined);
});

test('the forwarder receives on the same interfaces', () => {
  const bench = new StackBench(ROUTER_CONFIGURATION);
  const [table] = tablesIn(bench.network(...NETWORK_OF_A_ROUTER));
  assert.equal([table?.interfaces, table?.side, table?.icmpSource], [[11, 12], 'mobile-router', HOME]);
});

// --- time and end ----------------------------------------------------------------------------------------------------

test('a stack at its deadlines for two hours never asks for one that is not ahead', () => {
  for (const probe of [PROBING, { ...PROBING, enabled: false }]) {
    const bench = new StackBench({ ...ROUTER_CONFIGURATION, mobileRouter: mobileRouterConfiguration({ probe }) });
    let open = updates(bench.network(...NETWORK_OF_A_ROUTER));
    const untilMs = bench.nowMs + 2 * 3_600_000;
    let wakes = 0;
    while (bench.stack.nextDeadlineMs < untilMs) {
      // One answer in four is lost.
      const answered = open.filter((_, index) => (wakes + index) % 4 > 0);
      open = answered.flatMap((packet) => updates(bench.receive(acknowledgementOf(packet))));
      bench.nowMs = Math.max(bench.nowMs, bench.stack.nextDeadlineMs);
      open.push(...updates(bench.handle({ type: 'deadline', traffic: () => undefined })));
      wakes++;
      assert.ok(bench.stack.nextDeadlineMs > bench.nowMs, `${bench.stack.nextDeadlineMs - bench.nowMs} ms`);
    }
    assert.ok(wakes < 7200 * 10, `${wakes} wakes`);
  }
});

test('[5648-5.4-01] a shutdown is done when its farewell is answered', () => {
  const bench = registered();
  const actions = bench.handle({ type: 'shutdown' });
  assert.not.ok(types(actions).includes('done'));
  assert.equal(tablesIn(actions)[0]?.tunnels.length, 2, 'the tunnels stand until then');
  const [farewell] = updates(actions);
  assert.ok(types(bench.receive(acknowledgementOf(farewell!))).includes('done'));
});

test('a home agent has nothing to say at its end', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  assert.ok(types(bench.handle({ type: 'shutdown' })).includes('done'));
});

test.run();
