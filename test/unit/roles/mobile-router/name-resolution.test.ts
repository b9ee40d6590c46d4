import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address, formatAddress } from '../../../../src/bytes/address.ts';
import type { RoleAction } from '../../../../src/roles/action.ts';
import { NameResolution } from '../../../../src/roles/mobile-router/name-resolution.ts';
import { AGENT, CARE_OF, dropsIn, HOME_PREFIX } from '../../../lib/engines.ts';
import { AGENT_IPV4, DualStackBench, IPV4_CARE_OF, NO_NAT } from '../../../lib/engines-dual-stack.ts';

const NAME = 'ha1.example.com';
const SERVER_6 = address('2001:db8:53::1');
const SERVER_4 = address('192.0.2.53');
const OTHER_SERVER_4 = address('192.0.2.54');
const ipv6 = CARE_OF[1]!;
const ipv4 = IPV4_CARE_OF[1]!;

type Query = Extract<RoleAction, { type: 'query-name' }>;
const queriesIn = (actions: readonly RoleAction[]) =>
  actions.filter((action): action is Query => action.type === 'query-name');
const brief = ({ recordType, server, source, interfaceIndex }: Query) =>
  [recordType, formatAddress(server), formatAddress(source), interfaceIndex] as const;

function unknownAgent(more = {}) {
  return new DualStackBench({
    homeAgentAddress: undefined as never,
    homeAgentIpv4Address: undefined as never,
    homeAgentName: NAME,
    nameServers: [SERVER_6, SERVER_4],
    ...more,
  });
}

function answer(bench: DualStackBench, query: Query, addresses: readonly Address[], ttlSeconds = 300): RoleAction[] {
  return bench.handle({ type: 'name-answer', id: query.id, addresses, ttlSeconds });
}

test('[5555-2.1-01, 5555-2.1-02, 5555-2-02] without a known agent its name is looked up, A and AAAA, over an IPv4-only uplink; then both addresses are in use', () => {
  const bench = unknownAgent();
  const actions = bench.look({ ipv4 });
  assert.equal(queriesIn(actions).map(brief), [
    ['A', '192.0.2.53', '203.0.113.1', 11],
    ['AAAA', '192.0.2.53', '203.0.113.1', 11],
  ]);
  assert.ok(queriesIn(actions).every(({ name }) => name === NAME));
  assert.not.ok(actions.some(({ type }) => type === 'send'));
  const [a, aaaa] = queriesIn(actions);
  answer(bench, a!, [AGENT_IPV4]);
  assert.equal(bench.sent, []);
  answer(bench, aaaa!, [AGENT]);
  assert.equal(
    [bench.sent.length, bench.sent[0]?.packet.outer?.destination, bench.sent[0]?.packet.destination],
    [1, AGENT_IPV4, AGENT],
  );
  bench.settle([bench.sent[0]!], NO_NAT);
  const [home] = bench.router.status(bench.nowMs).homes;
  assert.equal([home?.homeAgentAddress, home?.ipv4?.homeAgentAddress], [AGENT, AGENT_IPV4]);
  assert.equal(bench.router.homeAgentsIpv4, [AGENT_IPV4]);
});

test('every uplink with an address asks, by its own interface, the servers of the family that it has', () => {
  const bench = unknownAgent({ homeAgentAddress: AGENT });
  const actions = bench.look({ ipv6, ipv4 }, { ipv6: CARE_OF[2]! }, { ipv4: IPV4_CARE_OF[3]! });
  assert.equal(queriesIn(actions).map(brief), [
    ['A', '2001:db8:53::1', formatAddress(ipv6), 11],
    ['A', '192.0.2.53', '203.0.113.1', 11],
    ['A', '2001:db8:53::1', formatAddress(CARE_OF[2]!), 12],
    ['A', '192.0.2.53', '203.0.113.3', 13],
  ]);
  const ids = queriesIn(actions).map(({ id }) => id);
  assert.is(new Set(ids).size, 4);
});

test('registration by what is known does not wait for the name', () => {
  const bench = unknownAgent({ homeAgentAddress: AGENT });
  const sent = bench.attach({ ipv6, ipv4 });
  assert.equal(
    sent.map(({ packet }) => packet.source),
    [ipv6],
  );
});

test('no query is sent for an agent whose addresses are both configured, and none without a server', () => {
  const known = unknownAgent({ homeAgentAddress: AGENT, homeAgentIpv4Address: AGENT_IPV4 });
  assert.equal(queriesIn(known.look({ ipv6, ipv4 })), []);
  const serverless = unknownAgent({ nameServers: undefined });
  assert.equal(queriesIn([...serverless.look({ ipv6, ipv4 }), ...serverless.run(600_000)]), []);
  const told = serverless.handle({ type: 'name-servers', servers: [SERVER_4] });
  assert.equal(queriesIn(told).map(brief), [
    ['A', '192.0.2.53', '203.0.113.1', 11],
    ['AAAA', '192.0.2.53', '203.0.113.1', 11],
  ]);
});

test('without an answer the next server is asked, with pauses that double up to a minute', () => {
  const bench = unknownAgent({ homeAgentAddress: AGENT, nameServers: [SERVER_4, OTHER_SERVER_4] });
  const asked: [number, string][] = [];
  const note = (actions: readonly RoleAction[]) => {
    for (const query of queriesIn(actions)) asked.push([bench.nowMs, formatAddress(query.server)]);
  };
  const startMs = bench.nowMs;
  note(bench.look({ ipv4 }));
  for (let step = 0; step < 2600; step++) note(bench.run(100));
  assert.equal(
    asked.slice(0, 7).map(([atMs, server]) => [(atMs - startMs) / 1000, server]),
    [
      [0, '192.0.2.53'],
      [2, '192.0.2.54'],
      [6, '192.0.2.53'],
      [14, '192.0.2.54'],
      [30, '192.0.2.53'],
      [62, '192.0.2.54'],
      [126, '192.0.2.53'],
    ],
  );
  assert.equal((asked[7]![0] - asked[6]![0]) / 1000, 64);
});

test('a refusal, an answer without addresses and a stranger’s answer change nothing', () => {
  const bench = unknownAgent({ homeAgentAddress: AGENT });
  const [query] = queriesIn(bench.look({ ipv4 }));
  assert.equal(answer(bench, { ...query!, id: query!.id + 7 }, [AGENT_IPV4]), []);
  answer(bench, query!, [AGENT]);
  bench.handle({ type: 'name-failed', id: query!.id });
  assert.equal(bench.sent, []);
  const [again] = queriesIn(bench.run(2000));
  bench.handle({ type: 'name-failed', id: again!.id });
  assert.equal(dropsIn(answer(bench, again!, [AGENT_IPV4])), [], 'it has been given up');
  assert.equal(bench.sent, []);
  const [third] = queriesIn(bench.run(4000));
  answer(bench, third!, [AGENT_IPV4]);
  assert.is(bench.sent.length, 1);
});

test('a new uplink is asked at once', () => {
  const bench = unknownAgent({ homeAgentAddress: AGENT });
  bench.look({ ipv4 });
  bench.run(20_000);
  const queries = queriesIn(bench.look({ ipv4 }, { ipv4: IPV4_CARE_OF[2]! }));
  assert.equal(
    queries.map(({ interfaceIndex }) => interfaceIndex),
    [11, 12],
  );
});

test('an answer is kept for its TTL, between half a minute and a day, and used beyond while nothing newer is known', () => {
  for (const [ttlSeconds, keptSeconds] of [
    [300, 300],
    [0, 30],
    [10_000_000, 86_400],
  ] as const) {
    const names = new NameResolution(NAME, ['A'], () => 5, [SERVER_4]);
    const [query] = queriesIn(names.observe([{ source: ipv4, interfaceIndex: 11 }], 1000));
    const { addresses } = names.handle(
      { type: 'name-answer', id: query!.id, addresses: [AGENT_IPV4], ttlSeconds },
      1000,
    );
    assert.equal(addresses, [AGENT_IPV4]);
    assert.is(names.nextDeadlineMs, 1000 + keptSeconds * 1000);
    assert.is(queriesIn(names.run(names.nextDeadlineMs)).length, 1);
  }
});

test('an agent whose IPv4 address changes is registered with at the new one', () => {
  const bench = unknownAgent({ homeAgentAddress: AGENT });
  const [query] = queriesIn(bench.look({ ipv4 }));
  answer(bench, query!, [AGENT_IPV4], 60);
  bench.settle(bench.sent, NO_NAT);
  const [later] = queriesIn(bench.run(60_000));
  const next = address('192.0.2.200');
  const sent = bench.updates(() => answer(bench, later!, [next]));
  assert.equal(
    sent.map(({ packet }) => packet.outer?.destination),
    [next],
  );
  bench.settle(sent, NO_NAT);
  assert.equal(
    bench.tunnels().map(({ outerDestination, usable }) => [outerDestination, usable]),
    [[next, true]],
  );
});

test('while the name still stands for the address in use, that is kept, whatever the order of the answer', () => {
  const bench = unknownAgent({ homeAgentAddress: AGENT });
  const [query] = queriesIn(bench.look({ ipv4 }));
  answer(bench, query!, [AGENT_IPV4], 60);
  bench.settle(bench.sent, NO_NAT);
  const [later] = queriesIn(bench.run(60_000));
  assert.equal(
    bench.updates(() => answer(bench, later!, [address('192.0.2.200'), AGENT_IPV4])),
    [],
  );
});

test('where agents can be found by anycast too, the name is looked up all the same', () => {
  const bench = unknownAgent({ homePrefix: HOME_PREFIX });
  const actions = bench.look({ ipv6 });
  assert.is(queriesIn(actions).length, 2);
  assert.ok(actions.some(({ type }) => type === 'send'));
});

test.run();
