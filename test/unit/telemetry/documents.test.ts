import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { formatEventLine } from '../../../src/telemetry/event-line.ts';
import { statusDocument, tunnelDocuments } from '../../../src/telemetry/status-document.ts';
import {
  agentBindingList,
  eventDocument,
  LISTED_BINDINGS,
  pathMetricsDocument,
  pathStateDocument,
  routerBindingList,
} from '../../../src/telemetry/topic-documents.ts';
import { assertSchema, matchesSchema, SCHEMA_NAMES } from '../../lib/schemas.ts';
import {
  AGENT_STATUS,
  CARE_OF,
  EVENTS,
  HOME,
  IPV4_AGENT_STATUS,
  IPV4_ROUTER_STATUS,
  NOW,
  ROUTER_STATUS,
  STATISTICS,
} from './samples.ts';

test('the status of a mobile router is plain JSON by its schema', () => {
  const document = statusDocument(ROUTER_STATUS, STATISTICS, NOW, 10_250, '0.1.0');
  assertSchema('status', document);
  assert.is(document.time, '2026-01-02T03:04:05.678Z');
  assert.is(document.uptimeSeconds, 49.75);
  assert.equal(document.mobileRouter?.uplinks[0], {
    name: 'cellular',
    interface: 'wwan0',
    priority: 1,
    bid: 1,
    state: 'active',
    careOfAddress: '2001:db8:a::7',
    preferred: true,
    roundTripMs: 41.235,
    registrationRemainingSeconds: 512,
    tunnel: {
      id: 3,
      sentPackets: 10,
      sentBytes: 12345,
      receivedPackets: 8,
      receivedBytes: 20_000_000,
      silentSeconds: 1.5,
    },
  });
  assert.is(document.mobileRouter?.uplinks[1]?.tunnel, null);
  assert.not('tunnels' in document.forwarder!);
});

test('the status of a home agent is plain JSON by its schema, with and without a forwarder', () => {
  const document = statusDocument(AGENT_STATUS, STATISTICS, NOW, 0, '0.1.0');
  assertSchema('status', document);
  assert.is(document.homeAgent?.bindings[0]?.tunnel?.silentSeconds, null);
  assert.is(document.homeAgent?.bindings[1]?.tunnel, null);
  assert.equal(document.homeAgent?.bindings[0]?.prefixes, ['2001:db8:100:1::/64']);
  const without = statusDocument(AGENT_STATUS, undefined, NOW, 0, '0.1.0');
  assertSchema('status', without);
  assert.not('forwarder' in without);
});

test('what of IPv4 a mobile router has is told by the schemas: family, encapsulation, NAT, keep-alive, home address', () => {
  const document = statusDocument(IPV4_ROUTER_STATUS, STATISTICS, NOW, 0, '0.1.0');
  assertSchema('status', document);
  assert.equal(document.mobileRouter?.uplinks[1]?.ipv4, { encapsulation: 'udp', nat: true, keepAliveSeconds: 25 });
  assert.not('ipv4' in document.mobileRouter!.uplinks[0]!);
  assert.equal(document.mobileRouter?.homes[0]?.ipv4, {
    homeAgentAddress: '192.0.2.1',
    homeAddress: '198.51.100.7',
    prefixes: ['203.0.113.0/28'],
  });
  const state = pathStateDocument(IPV4_ROUTER_STATUS.mobileRouter!.uplinks[1]!, NOW);
  assertSchema('path-state', state);
  assert.equal(state.ipv4, { encapsulation: 'udp', nat: true }, 'the keep-alive changes too often to be retained');
  const list = routerBindingList(IPV4_ROUTER_STATUS.mobileRouter!, NOW);
  assertSchema('binding-list', list);
  const ipv4 = { ipv4HomeAddress: '198.51.100.7', ipv4Prefixes: ['203.0.113.0/28'] };
  const common = { homeAddress: '2001:db8:100::1', prefixes: ['2001:db8:100:1::/64'], ...ipv4 };
  assert.equal(list.bindings, [
    { ...common, bid: 1, careOfAddress: '2001:db8:a::7', remainingSeconds: 512, uplink: 'cellular' },
    {
      ...common,
      bid: 2,
      careOfAddress: '10.0.0.7',
      remainingSeconds: 500,
      encapsulation: 'udp',
      nat: true,
      uplink: 'wifi',
    },
  ]);
});

test('what of IPv4 a home agent has bound is told by the schemas, with the place that the binding is heard from', () => {
  const document = statusDocument(IPV4_AGENT_STATUS, STATISTICS, NOW, 0, '0.1.0');
  assertSchema('status', document);
  const [plain, behindNat] = document.homeAgent!.bindings;
  assert.not('outer' in plain! || 'ipv4' in plain!);
  assert.equal(behindNat!.outer, { encapsulation: 'udp', address: '203.0.113.200', port: 40_123, nat: true });
  assert.equal(behindNat!.ipv4, { homeAddress: '198.51.100.7', prefixes: ['203.0.113.0/28'] });
  const list = agentBindingList(IPV4_AGENT_STATUS.homeAgent!, NOW);
  assertSchema('binding-list', list);
  const { encapsulation, nat, ipv4HomeAddress, ipv4Prefixes } = list.bindings[1]!;
  assert.equal([encapsulation, nat, ipv4HomeAddress, ipv4Prefixes], ['udp', true, '198.51.100.7', ['203.0.113.0/28']]);
  assert.not('encapsulation' in list.bindings[0]!);
});

test('every event is plain JSON by its schema, late or not', () => {
  for (const [index, event] of EVENTS.entries()) {
    const document = eventDocument(event, NOW.wallClockMs, index + 1);
    assertSchema('event', document);
    assertSchema('event', { ...document, historical: true });
  }
  assert.equal(eventDocument(EVENTS[3]!, NOW.wallClockMs, 8), {
    type: 'binding-registered',
    homeAddress: '2001:db8:100::1',
    bid: 1,
    careOfAddress: '2001:db8:a::7',
    lifetimeSeconds: 600,
    time: '2026-01-02T03:04:05.678Z',
    sequence: 8,
  });
});

test('path documents and binding lists follow their schemas', () => {
  const tunnels = tunnelDocuments(STATISTICS, NOW);
  for (const uplink of ROUTER_STATUS.mobileRouter!.uplinks) {
    assertSchema('path-state', pathStateDocument(uplink, NOW));
    assertSchema('path-metrics', pathMetricsDocument(uplink, tunnels, NOW));
  }
  const router = routerBindingList(ROUTER_STATUS.mobileRouter!, NOW);
  assertSchema('binding-list', router);
  assert.equal(
    router.bindings.map(({ uplink, bid, remainingSeconds }) => [uplink, bid, remainingSeconds]),
    [['cellular', 1, 512]],
  );
  const agent = agentBindingList(AGENT_STATUS.homeAgent!, NOW);
  assertSchema('binding-list', agent);
  assert.is(agent.total, 2);
});

test('a long binding list is cut below the 128 KiB that brokers take, and says how many there are', () => {
  const [row] = AGENT_STATUS.homeAgent!.bindings;
  const bindings = Array.from({ length: 5000 }, (_, index) => ({
    ...row!,
    bid: 65535,
    homeAddress: address(`2001:db8:1111:2222:3333:4444:5555:${(index + 4096).toString(16)}`),
    careOfAddress: address('2001:db8:9999:8888:7777:6666:5555:4444'),
  }));
  const document = agentBindingList({ ...AGENT_STATUS.homeAgent!, bindings }, NOW);
  assertSchema('binding-list', document);
  assert.is(document.total, 5000);
  assert.is(document.bindings.length, LISTED_BINDINGS);
  assert.ok(JSON.stringify(document).length < 131_072);
});

test('the schemas refuse what they should', () => {
  assert.equal(SCHEMA_NAMES.toSorted(), ['binding-list', 'event', 'path-metrics', 'path-state', 'presence', 'status']);
  const event = eventDocument(EVENTS[1]!, NOW.wallClockMs, 1);
  assert.ok(matchesSchema('event', event));
  assert.not.ok(matchesSchema('event', { ...event, historical: false }));
  assert.not.ok(matchesSchema('event', { ...event, reason: 'weather' }));
  assert.not.ok(matchesSchema('event', { ...event, sequence: undefined, extra: 1 }));
  assert.not.ok(matchesSchema('presence', { state: 'online' }));
  assert.ok(matchesSchema('presence', { state: 'offline' }));
  const status = statusDocument(ROUTER_STATUS, STATISTICS, NOW, 0, '0.1.0');
  assert.not.ok(matchesSchema('status', { ...status, mobileRouter: { ...status.mobileRouter, homeAddress: HOME } }));
});

test('events read as one line each, with a level', () => {
  assert.equal(EVENTS.map(formatEventLine), [
    { level: 'warning', text: 'uplink cellular (BID 1) is dead: probe-lost' },
    { level: 'notice', text: 'new flows take wifi, no longer cellular: probe-lost' },
    { level: 'warning', text: 'no uplink left, wifi is gone: link-down' },
    { level: 'info', text: 'binding 2001:db8:100::1 BID 1 at 2001:db8:a::7 is registered for 600 s' },
    { level: 'notice', text: 'binding 2001:db8:100::1 at 2001:db8:a::7 is expired' },
    { level: 'warning', text: 'binding 2001:db8:100::1 BID 2 at 2001:db8:a::7 is refused with status 133' },
    {
      level: 'warning',
      text: 'home agent does not bind 0.0.0.0/32 to 2001:db8:100::1: status 132',
    },
    {
      level: 'warning',
      text: 'home agent does not bind 198.51.100.7/32 to 2001:db8:100::1: it does not know IPv4',
    },
    { level: 'warning', text: 'home agent 2001:db8:1::1 ignores Binding Identifiers: one uplink at a time' },
  ]);
  assert.equal(
    formatEventLine({ type: 'path-state', uplink: 'a', bid: 1, state: 'down', reason: 'shutdown' }).level,
    'notice',
  );
  assert.equal(CARE_OF.length, 16);
});

test.run();
