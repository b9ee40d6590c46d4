import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { formatPrefix } from '../../../src/bytes/prefix.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import type { StackAction } from '../../../src/stack/stack.ts';
import { MessageType } from '../../../src/wire/mh/numbers.ts';
import { encodeSignalling, type MobilityPacket, type SignallingPacket } from '../../../src/wire/signalling.ts';
import {
  AGENT,
  bindingUpdate,
  HOME,
  homeAgentConfiguration,
  mobileNode,
  mobileRouterConfiguration,
} from '../../lib/engines.ts';
import {
  AGENT_IPV4,
  ANY_ADDRESS,
  IPV4_CARE_OF,
  ipv4Configuration,
  ipv4Registration,
  ipv4Update,
  NAT,
  NAT_PORT,
  natRegistration,
  PORT,
  STATIC_NODES,
} from '../../lib/engines-ipv4.ts';
import { link, linkAddress, route } from '../../lib/engines-network.ts';
import {
  AGENT_CONFIGURATION,
  NETWORK_OF_A_ROUTER,
  ROUTER_CONFIGURATION,
  requestsIn,
  StackBench,
  sentIn,
  TUNNEL_INDEX,
  tablesIn,
} from '../../lib/engines-stack.ts';

const SERVING: Configuration = {
  ...AGENT_CONFIGURATION,
  homeAgent: homeAgentConfiguration({ ipv4: ipv4Configuration(), mobileNodes: STATIC_NODES }),
};
const FROM_NAT = { source: NAT, destination: AGENT_IPV4, ports: { source: NAT_PORT, destination: PORT } };
const TO_NAT = { source: AGENT_IPV4, destination: NAT, ports: { source: PORT, destination: NAT_PORT } };

const unknownMessage: MobilityPacket = {
  kind: 'mobility',
  outer: FROM_NAT,
  source: HOME,
  destination: AGENT,
  message: { type: 'unknown', messageType: 99, data: new Uint8Array(2) },
};

/** An ICMPv4 error about the head of a packet between two addresses. */
function icmpv4(code: number, mtuBytes: number, source = AGENT_IPV4, destination = NAT): SignallingPacket {
  const tunnel = {
    kind: 'other',
    source: AGENT,
    destination: HOME,
    protocol: 59,
    payload: new Uint8Array(40),
  } as const;
  const invokingPacket = encodeSignalling({ ...tunnel, outer: { ...TO_NAT, source, destination } }).slice(0, 28);
  return {
    kind: 'icmpv4',
    source: address('203.0.113.254'),
    destination: AGENT_IPV4,
    message: { type: 3, code, mtuBytes, invokingPacket },
  };
}

const routes = (actions: readonly StackAction[]) =>
  requestsIn(actions).flatMap((request) =>
    request.kind === 'add-route' || request.kind === 'delete-route'
      ? `${request.kind} ${formatPrefix(request.destination)} dev ${request.interfaceIndex}`
      : request.kind,
  );

// --- answers ---------------------------------------------------------------------------------------------------------

test('[5555-2.3.2.2-04] a registration by UDP is answered to where it came from, and the forwarding table has its tunnel', () => {
  const bench = new StackBench(SERVING);
  const actions = bench.receive(natRegistration(1, 1));
  const [answer] = sentIn(actions);
  assert.equal(answer?.outer, TO_NAT);
  assert.is(answer?.kind === 'mobility' && answer.message.type, MessageType.bindingAcknowledgement);
  const [table] = tablesIn(actions);
  assert.is(table?.icmpv4Source, AGENT_IPV4);
  assert.equal([table?.tunnels[0]?.outerDestination, table?.tunnels[0]?.destinationPort], [NAT, NAT_PORT]);
});

test('an error about what came by UDP goes back through the NAT', () => {
  const bench = new StackBench(SERVING);
  const [answer, ...more] = bench.answers(unknownMessage);
  assert.equal(more, []);
  assert.equal(answer?.outer, TO_NAT);
  assert.equal([answer?.source, answer?.destination], [AGENT, HOME]);
  assert.is(answer?.kind === 'mobility' && answer.message.type, MessageType.bindingError);
});

test('a mobile router that is asked to be a home agent refuses by the same way', () => {
  const bench = new StackBench(ROUTER_CONFIGURATION);
  bench.network(...NETWORK_OF_A_ROUTER, linkAddress(5, '2001:db8:1::1'));
  const [answer] = bench.answers(natRegistration(1, 1));
  assert.equal(answer?.outer, TO_NAT);
});

test('a malformed packet in UDP is answered through the NAT, with the IPv6 packet and its pointer alone', () => {
  const bench = new StackBench(SERVING);
  // A hop-by-hop header where none may stand.
  const bytes = encodeSignalling({
    kind: 'other',
    outer: FROM_NAT,
    source: HOME,
    destination: AGENT,
    homeAddress: HOME,
    protocol: 0,
    payload: new Uint8Array(32),
  });
  const [answer] = bench.answers(bytes);
  assert.equal(answer?.outer, TO_NAT);
  assert.ok(answer?.kind === 'icmpv6' && 'invokingPacket' in answer.message && 'value' in answer.message);
  assert.equal(answer.message.invokingPacket, bytes.subarray(28));
  assert.is(answer.message.value, 40);
});

test('errors by UDP share the limit of all errors', () => {
  const bench = new StackBench(SERVING);
  let answers = 0;
  for (let count = 0; count < 100; count++) answers += bench.answers(unknownMessage).length;
  assert.is(answers, 10);
});

test('nothing is sent to an outer address that is no unicast address', () => {
  for (const text of ['224.0.0.1', '255.255.255.255', '127.0.0.1', '0.0.0.0']) {
    const bench = new StackBench(SERVING);
    assert.equal(bench.answers({ ...unknownMessage, outer: { ...FROM_NAT, source: address(text) } }), [], text);
    assert.is(bench.drops()['source-not-unicast'], 1);
  }
});

test('a Home Address option is good from a registered mapping alone', () => {
  const bench = new StackBench(SERVING);
  bench.receive(natRegistration(1, 1));
  const data = (port: number): SignallingPacket => ({
    kind: 'other',
    outer: { ...FROM_NAT, ports: { source: port, destination: PORT } },
    source: HOME,
    destination: AGENT,
    homeAddress: HOME,
    protocol: 17,
    payload: new Uint8Array(8),
  });
  assert.equal(bench.answers(data(NAT_PORT)), []);
  assert.is(bench.answers(data(NAT_PORT + 1)).length, 1);
});

// --- path MTU --------------------------------------------------------------------------------------------------------

test('[5555-4.1.1-01] ICMPv4’s fragmentation needed lowers the MTU of the tunnel that it is about, nothing else does', () => {
  const bench = new StackBench(SERVING);
  bench.receive(natRegistration(1, 1));
  assert.equal(
    tablesIn(bench.receive(icmpv4(4, 1400, AGENT_IPV4, address('203.0.113.77'))))[0]?.tunnels[0]?.pathMtuBytes ?? 1500,
    1500,
  );
  assert.equal(tablesIn(bench.receive(icmpv4(3, 1400))), []);
  assert.is(bench.drops()['unexpected-message'], 1);
  assert.equal(
    tablesIn(bench.receive(icmpv4(4, 1400)))[0]?.tunnels.map(({ pathMtuBytes }) => pathMtuBytes),
    [1400],
  );
});

// --- the host's network ----------------------------------------------------------------------------------------------

test('a leased IPv4 home address is routed while it is bound', () => {
  const bench = new StackBench({
    ...AGENT_CONFIGURATION,
    homeAgent: homeAgentConfiguration({ ipv4: ipv4Configuration(), mobileNodes: [mobileNode()] }),
  });
  bench.network(link(TUNNEL_INDEX, 'monami0'));
  const actions = bench.receive(ipv4Registration(1, 1, { options: [ANY_ADDRESS] }));
  const [added, ...more] = routes(actions);
  assert.equal(more, []);
  assert.match(added!, /^add-route 198\.51\.100\.\d+\/32 dev 9$/);
  const types = actions.map(({ type }) => type);
  assert.ok(types.indexOf('configure') < types.indexOf('send'), 'before the node is told');
  assert.equal(
    routes(bench.receive(ipv4Registration(2, 1, { options: [ANY_ADDRESS] }))),
    [],
    'a refresh changes nothing',
  );
  const removed: string[] = [];
  while (bench.stack.nextDeadlineMs < Number.POSITIVE_INFINITY && removed.length === 0) {
    bench.nowMs = bench.stack.nextDeadlineMs;
    removed.push(...routes(bench.handle({ type: 'deadline', traffic: () => undefined })));
  }
  assert.equal(removed, [added!.replace('add', 'delete')]);
});

test('what a node has by configuration is routed before it comes, and its coming changes nothing', () => {
  const bench = new StackBench(SERVING);
  assert.ok(routes(bench.network(link(TUNNEL_INDEX, 'monami0'))).includes('add-route 198.51.100.7/32 dev 9'));
  const options = [{ ...ANY_ADDRESS, homeAddress: address('198.51.100.7') } as typeof ANY_ADDRESS];
  assert.equal(routes(bench.receive(ipv4Registration(1, 1, { options }))), []);
});

test('without IPv4 in the configuration a Binding Update by UDP is not served', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  assert.equal(
    bench
      .answers(ipv4Update(1))
      .filter((answer) => answer.kind === 'mobility' && 'status' in answer.message && answer.message.status < 128),
    [],
  );
  assert.equal(bench.stack.status(bench.nowMs).homeAgent?.bindings, []);
  assert.is(bench.answers(bindingUpdate(2)).length, 1);
});

// --- names -----------------------------------------------------------------------------------------------------------

test('[5555-2.1-01] a home agent’s name is looked up from the IPv4 care-of address, and the answer is registered with', () => {
  const [home] = mobileRouterConfiguration().homes;
  const configuration: Configuration = {
    ...ROUTER_CONFIGURATION,
    mobileRouter: mobileRouterConfiguration({
      homes: [{ ...home!, homeAgentName: 'agent.example' }],
    } as Partial<ReturnType<typeof mobileRouterConfiguration>>),
  };
  const bench = new StackBench(configuration);
  bench.network(
    link(TUNNEL_INDEX, 'monami0'),
    link(11, 'wan0'),
    linkAddress(11, '203.0.113.1', { prefixLength: 24 }),
    route(11, '0.0.0.0/0', { family: 'ipv4', gateway: address('203.0.113.254') }),
  );
  const actions = bench.handle({ type: 'name-servers', servers: [address('192.0.2.53')] });
  const [query] = actions.flatMap((action) => (action.type === 'query-name' ? action : []));
  assert.equal(
    [query?.name, query?.recordType, query?.server, query?.source, query?.interfaceIndex],
    ['agent.example', 'A', address('192.0.2.53'), IPV4_CARE_OF[1], 11],
  );
  const answered = bench.handle({ type: 'name-answer', id: query!.id, addresses: [AGENT_IPV4], ttlSeconds: 300 });
  const [update] = sentIn(answered);
  assert.equal(update?.outer, {
    source: IPV4_CARE_OF[1],
    destination: AGENT_IPV4,
    ports: { source: PORT, destination: PORT },
  });
  const rules = answered.flatMap((action) => (action.type === 'receive-rules' ? action.rules : []));
  assert.match(rules.join(), /ip saddr 192\.0\.2\.1 udp sport 4191 drop/);
});

test.run();
