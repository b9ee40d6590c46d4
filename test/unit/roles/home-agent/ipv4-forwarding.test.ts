import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hostPrefix } from '../../../../src/bytes/prefix.ts';
import { Encapsulation, type Tunnel } from '../../../../src/forwarding/table.ts';
import { Icmpv6Type } from '../../../../src/wire/icmpv6/numbers.ts';
import { MessageType } from '../../../../src/wire/mh/numbers.ts';
import type { Icmpv6Packet, OuterHeader } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  bindingUpdate,
  bulkUpdate,
  CARE_OF,
  dropsIn,
  Flag,
  HOME,
  identifier,
  NETWORK,
  OTHER_HOME,
  OTHER_NETWORK,
  packetsIn,
  probesIn,
  ROUTER_FLAGS,
} from '../../../lib/engines.ts';
import {
  AGENT_IPV4,
  IPV4_CARE_OF,
  IPV4_HOME,
  IPV4_NETWORK,
  Ipv4Bench,
  ipv4Home,
  ipv4Registration,
  NAT,
  NAT_PORT,
  natRegistration,
  PORT,
} from '../../../lib/engines-ipv4.ts';
import { HOME_LINK_INDEX, homeLink, homeLinkConfiguration, linkLayerAddress } from '../../../lib/home-link.ts';

const OWN = [ipv4Home('198.51.100.7'), ipv4Home('198.51.100.64/28')];
const PREFIXES = { enabled: true, minimumIntervalSeconds: 600, maximumIntervalSeconds: 86_400 };
const TO_NAT: OuterHeader = {
  source: AGENT_IPV4,
  destination: NAT,
  ports: { source: PORT, destination: NAT_PORT },
};

const tunnelsOf = (bench: Ipv4Bench): readonly Tunnel[] => bench.agent.forwarding(bench.nowMs).tunnels;
const outerOf = ({ encapsulation, outerSource, outerDestination, sourcePort, destinationPort }: Tunnel) => [
  encapsulation,
  outerSource,
  outerDestination,
  sourcePort,
  destinationPort,
];

// --- tunnels ---------------------------------------------------------------------------------------------------------

test('[5555-4.5-12, 5555-4.5.1-01, 5555-4.5.1-02, 5555-4.5.1-03, 5555-4.5-15] a tunnel is IPv6 to an IPv6 care-of address, IPv4 to an IPv4 one, and UDP from port 4191 to a NAT’s address and port', () => {
  const bench = new Ipv4Bench();
  bench.answer(bulkUpdate(1, [1]));
  bench.answer(ipv4Registration(2, 2));
  bench.answer(natRegistration(3, 3));
  assert.equal(tunnelsOf(bench).map(outerOf), [
    [Encapsulation.ipv6, AGENT, CARE_OF[1], 0, 0],
    [Encapsulation.ipv4, AGENT_IPV4, IPV4_CARE_OF[2], 0, 0],
    [Encapsulation.udp, AGENT_IPV4, NAT, PORT, NAT_PORT],
  ]);
});

test('[5555-3.2.2-04] UDP that was asked for is used without NAT, too', () => {
  const bench = new Ipv4Bench();
  bench.answer(ipv4Registration(1, 2, { flags: ROUTER_FLAGS | Flag.forceUdpEncapsulation }));
  assert.equal(tunnelsOf(bench).map(outerOf), [[Encapsulation.udp, AGENT_IPV4, IPV4_CARE_OF[2], PORT, PORT]]);
});

test('[5555-2.3.1-01, 5555-2-01] the IPv4 home address and prefixes belong to the group, whatever the care-of addresses are', () => {
  const bench = new Ipv4Bench();
  const prefixes = () => bench.agent.forwarding(bench.nowMs).groups.map((group) => group.prefixes);
  const all = [[HOME, NETWORK, OTHER_NETWORK, IPV4_HOME, IPV4_NETWORK]].map((group) =>
    group.map((one) => (typeof one === 'string' ? hostPrefix(one) : one)),
  );
  bench.answer(bulkUpdate(1, [1], { options: OWN }));
  assert.equal(prefixes(), all);
  bench.answer(natRegistration(2, 1, { options: OWN }));
  assert.equal(prefixes(), all);
  bench.answer(bulkUpdate(3, [1]));
  assert.equal(prefixes(), [all[0]!.slice(0, 3)]);
});

test('two identifiers behind one NAT are two tunnels, for it gives each a port', () => {
  const bench = new Ipv4Bench();
  bench.answer(natRegistration(1, 1, { port: 40_001 }));
  bench.answer(natRegistration(2, 2, { port: 40_002 }));
  assert.equal(
    tunnelsOf(bench).map(({ destinationPort }) => destinationPort),
    [40_001, 40_002],
  );
  bench.answer(natRegistration(3, 2, { port: 40_001 }));
  assert.is(tunnelsOf(bench).length, 1);
});

test('two identifiers of one IPv4 care-of address are one tunnel', () => {
  const bench = new Ipv4Bench();
  for (const bid of [1, 2]) bench.answer(ipv4Registration(bid, bid, { from: IPV4_CARE_OF[1]!, port: 4190 + bid }));
  assert.is(tunnelsOf(bench).length, 1);
});

test('one IPv4 care-of address with UDP and without makes two', () => {
  const bench = new Ipv4Bench();
  const from = IPV4_CARE_OF[1]!;
  bench.answer(ipv4Registration(1, 1, { from }));
  bench.answer(ipv4Registration(2, 2, { from, flags: ROUTER_FLAGS | Flag.forceUdpEncapsulation }));
  assert.equal(
    tunnelsOf(bench).map(({ encapsulation }) => encapsulation),
    [Encapsulation.ipv4, Encapsulation.udp],
  );
});

test('[5555-4.1.1-01] the path MTU to an IPv4 care-of address may be less than IPv6 allows, to an IPv6 one not', () => {
  const bench = new Ipv4Bench();
  bench.answer(bulkUpdate(1, [1]));
  bench.answer(ipv4Registration(2, 2));
  const version = bench.agent.forwardingVersion;
  const tooBig = (local: typeof AGENT, remote: typeof AGENT, mtuBytes: number) =>
    bench.handle({ type: 'packet-too-big', local, remote, mtuBytes });
  tooBig(AGENT, CARE_OF[1]!, 600);
  tooBig(AGENT_IPV4, IPV4_CARE_OF[2]!, 600);
  const mtus = () => tunnelsOf(bench).map(({ pathMtuBytes }) => pathMtuBytes);
  assert.equal(mtus(), [1280, 600]);
  assert.is(bench.agent.forwardingVersion, version + 2);
  tooBig(AGENT_IPV4, IPV4_CARE_OF[2]!, 0);
  assert.equal(mtus(), [1280, 576]);
  assert.equal(dropsIn(tooBig(NAT, IPV4_CARE_OF[2]!, 600)), ['not-for-this-node']);
});

test('a group without IPv4 is what it was: nothing of it changes because IPv4 is served', () => {
  const [plain, dual] = [new Ipv4Bench({}, { ipv4: undefined as never }), new Ipv4Bench()];
  for (const bench of [plain, dual]) bench.answer(bulkUpdate(1, [1, 2]));
  assert.equal(dual.agent.forwarding(dual.nowMs), plain.agent.forwarding(plain.nowMs));
  assert.equal(dual.rows(), plain.rows());
});

// --- what the agent sends by itself ----------------------------------------------------------------------------------

test('a refresh request for an IPv4 care-of address goes by the way that its updates come', () => {
  const bench = new Ipv4Bench({}, { refreshRequests: true });
  bench.answer(natRegistration(1, 2, { lifetimeSeconds: 80 }));
  bench.answer(bindingUpdate(2, { options: [identifier(1, { careOfAddress: CARE_OF[1]! })], lifetimeSeconds: 160 }));
  const [first] = packetsIn(bench.run(71_000));
  assert.equal(first?.outer, TO_NAT);
  assert.is(first?.destination, HOME);
  assert.is(first?.message.type, MessageType.bindingRefreshRequest);
  bench.run(20_000);
  const [second] = packetsIn(bench.run(60_000));
  assert.is(second?.outer, undefined);
});

function solicitation(more: Partial<Icmpv6Packet> = {}): Icmpv6Packet {
  const { source, destination, ports } = TO_NAT;
  return {
    kind: 'icmpv6',
    outer: {
      source: destination,
      destination: source,
      ports: { source: ports!.destination, destination: ports!.source },
    },
    source: HOME,
    destination: AGENT,
    homeAddress: HOME,
    message: { type: Icmpv6Type.mobilePrefixSolicitation, identifier: 77, options: [] },
    ...more,
  };
}

test('[5555-2.2-01, 5555-2.2-02] a prefix solicitation in IPv4 is answered by the way that it came', () => {
  const bench = new Ipv4Bench({}, { prefixAdvertisements: PREFIXES });
  bench.answer(natRegistration(1, 2));
  const [packet] = probesIn(bench.handle({ type: 'icmpv6', packet: solicitation() }));
  assert.equal(packet?.outer, TO_NAT);
  assert.equal([packet?.destination, packet?.routing2], [HOME, HOME]);
  assert.is(packet?.message.type, Icmpv6Type.mobilePrefixAdvertisement);
});

test('one that came over IPv6 is answered over IPv6, though the node has an IPv4 care-of address, too', () => {
  const bench = new Ipv4Bench({}, { prefixAdvertisements: PREFIXES });
  bench.answer(natRegistration(1, 2));
  bench.answer(bulkUpdate(2, [3]));
  const { outer, ...inner } = solicitation({ source: CARE_OF[3]! });
  const [packet] = probesIn(bench.handle({ type: 'icmpv6', packet: inner }));
  assert.equal([packet?.outer, packet?.destination], [undefined, CARE_OF[3]]);
});

test('[5555-2.2-02, 5555-2.2-03] one that does not come from a registered care-of address is not, and none where prefixes are not told', () => {
  const bench = new Ipv4Bench({}, { prefixAdvertisements: PREFIXES });
  bench.answer(natRegistration(1, 2));
  const { outer } = solicitation();
  const { homeAddress, ...withoutOption } = solicitation();
  const cases: [Icmpv6Packet, string][] = [
    [solicitation({ outer: { ...outer!, ports: { source: 5555, destination: PORT } } }), 'unknown-binding'],
    [solicitation({ outer: { ...outer!, source: IPV4_CARE_OF[4]! } }), 'unknown-binding'],
    [solicitation({ source: CARE_OF[1]! }), 'unknown-binding'],
    [solicitation({ homeAddress: OTHER_HOME, source: OTHER_HOME }), 'unknown-binding'],
    [withoutOption, 'no-home-address-option'],
  ];
  for (const [packet, reason] of cases) {
    const actions = bench.handle({ type: 'icmpv6', packet });
    assert.equal([dropsIn(actions), probesIn(actions)], [[reason], []]);
  }
  const silent = new Ipv4Bench();
  silent.answer(natRegistration(1, 2));
  assert.equal(dropsIn(silent.handle({ type: 'icmpv6', packet: solicitation() })), ['prefix-advertisements-disabled']);
});

test('an unsolicited prefix advertisement finds a node at an IPv4 care-of address', () => {
  const bench = new Ipv4Bench({}, { prefixAdvertisements: PREFIXES, homeLink: homeLinkConfiguration() });
  bench.answer(natRegistration(1, 2, { lifetimeSeconds: 600 }));
  for (let n = 0; n < 400; n++) {
    const [packet] = probesIn(bench.run(300_000));
    if (packet) {
      assert.equal(packet.outer, TO_NAT);
      assert.equal([packet.destination, packet.routing2], [HOME, HOME]);
      return;
    }
    bench.answer(natRegistration(n + 2, 2, { lifetimeSeconds: 600 }));
  }
  assert.unreachable('none was sent in 33 hours');
});

test('[5555-2.1-01] home agents are not looked for through IPv4, and nothing of the home link comes that way', () => {
  const bench = new Ipv4Bench();
  bench.answer(natRegistration(1, 2));
  for (const message of [
    { type: Icmpv6Type.homeAgentAddressDiscoveryRequest, identifier: 1, mobileRouter: true },
    { type: Icmpv6Type.routerSolicitation, options: [] },
  ] as const) {
    const actions = bench.handle({ type: 'icmpv6', packet: solicitation({ message }) });
    assert.equal([dropsIn(actions), probesIn(actions)], [['unexpected-message'], []]);
  }
});

// --- the home link ---------------------------------------------------------------------------------------------------

/** An agent on a physical home link, on which home addresses are not tested. */
function linkBench(): Ipv4Bench {
  return new Ipv4Bench({}, { homeLink: homeLinkConfiguration() });
}

test('[5555-4.5-02] the IPv4 home addresses of nodes that are away are those to answer for on the home link', () => {
  const bench = linkBench();
  const { agent } = bench;
  assert.equal(agent.ipv4HomeAddresses(), []);
  const version = agent.deliveryVersion;
  bench.answer(natRegistration(1, 2, { options: OWN }));
  assert.equal(agent.ipv4HomeAddresses(), [IPV4_HOME]);
  assert.is.not(agent.deliveryVersion, version);
  const registered = agent.deliveryVersion;
  bench.answer(natRegistration(2, 2, { options: OWN }));
  assert.is(agent.deliveryVersion, registered);
  bench.answer(natRegistration(3, 2));
  assert.equal(agent.ipv4HomeAddresses(), []);
  assert.is.not(agent.deliveryVersion, registered);
});

test('[5555-4.5-02] no longer when the node is at home, or its bindings are gone', () => {
  const bench = linkBench();
  bench.handle({ type: 'home-link', link: homeLink() });
  bench.receive(natRegistration(1, 2, { options: OWN }));
  bench.run(3000);
  assert.equal(bench.agent.ipv4HomeAddresses(), [IPV4_HOME]);
  const options = [identifier(9, { simultaneousHomeAndForeign: true }), linkLayerAddress(), ...OWN];
  const packet = bindingUpdate(2, { source: HOME, homeAddress: null, options });
  bench.handle({ type: 'mobility', packet, interfaceIndex: HOME_LINK_INDEX });
  assert.equal(bench.bindings(), { 2: '203.0.113.200', 9: '2001:db8:1:f::2' });
  assert.equal(bench.agent.ipv4HomeAddresses(), []);
  bench.answer(bindingUpdate(3, { lifetimeSeconds: 0, options: [identifier(9)] }));
  assert.equal(bench.agent.ipv4HomeAddresses(), [IPV4_HOME]);
  bench.run(100_000);
  assert.equal(bench.agent.ipv4HomeAddresses(), []);
});

test('[5555-4.4.4-03] an update in IPv4 is never one from the home link, wherever it comes in', () => {
  const bench = linkBench();
  bench.handle({ type: 'home-link', link: homeLink() });
  const input = { type: 'mobility', packet: natRegistration(1, 2), interfaceIndex: HOME_LINK_INDEX } as const;
  const actions = [...bench.handle(input), ...bench.run(3000)];
  const [answer] = actions.filter((action) => action.type === 'send' && action.packet.kind === 'mobility');
  assert.ok(answer?.type === 'send');
  assert.is(answer.interfaceIndex, 0);
  assert.equal(answer.packet.outer, TO_NAT);
  assert.ok(bench.agent.delivery(HOME)?.tunnelled);
});

test('updates of one node that wait for the test of its home address wait for each of its IPv4 paths', () => {
  const bench = linkBench();
  bench.handle({ type: 'home-link', link: homeLink() });
  for (const from of [NAT, IPV4_CARE_OF[1]!]) bench.receive(natRegistration(1, 2, { from }));
  const answers = packetsIn(bench.run(3000));
  assert.equal(
    answers.map(({ outer }) => outer?.destination),
    [NAT, IPV4_CARE_OF[1]],
  );
});

// --- the status ------------------------------------------------------------------------------------------------------

test('the status tells how packets reach an IPv4 care-of address and what of IPv4 is bound', () => {
  const bench = new Ipv4Bench();
  bench.answer(natRegistration(1, 2, { options: OWN }));
  const [row] = bench.rows();
  assert.equal(row?.outer, { encapsulation: 'udp', address: NAT, port: NAT_PORT, nat: true });
  assert.equal(row?.ipv4, { homeAddress: IPV4_HOME, prefixes: [IPV4_NETWORK] });
  bench.answer(bulkUpdate(2, [2], { options: OWN.slice(1) }));
  assert.equal([bench.rows()[0]?.outer, bench.rows()[0]?.ipv4?.homeAddress], [undefined, null]);
});

test('a lifetime that the home link shortens leaves an IPv4 care-of address where it is', () => {
  const bench = linkBench();
  bench.answer(natRegistration(1, 2, { lifetimeSeconds: 600 }));
  const validUntilMs = bench.nowMs + 60_000;
  const { addresses, ...link } = homeLink();
  const soon = addresses.map((one) => ({ ...one, validUntilMs, preferredUntilMs: validUntilMs }));
  bench.handle({ type: 'home-link', link: { ...link, addresses: soon } });
  assert.is(bench.rows()[0]?.remainingSeconds, 60);
  assert.equal(bench.outers(), { 2: 'udp 203.0.113.200:40123 NAT' });
});

test.run();
