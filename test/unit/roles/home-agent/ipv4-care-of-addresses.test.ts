import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, formatAddress } from '../../../../src/bytes/address.ts';
import { NO_NAT_REFRESH_SECONDS } from '../../../../src/wire/mh/options/nat-detection.ts';
import type { MobilityPacket } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  alternateCareOfAddress,
  bindingUpdate,
  boundAs,
  bulkUpdate,
  CARE_OF,
  dropsIn,
  eventsIn,
  Flag,
  HOME,
  HomeAgentBench,
  identifier,
  optionStatuses,
  packetsIn,
  ROUTER_FLAGS,
} from '../../../lib/engines.ts';
import {
  AGENT_IPV4,
  BEHIND_NAT,
  IPV4_CARE_OF,
  Ipv4Bench,
  ipv4CareOf,
  ipv4Registration,
  ipv4Update,
  NAT,
  NAT_PORT,
  natDetectionIn,
  natRegistration,
  PORT,
} from '../../../lib/engines-ipv4.ts';

const FORCED = ROUTER_FLAGS | Flag.forceUdpEncapsulation;
const NO_NAT: [boolean, number] = [false, NO_NAT_REFRESH_SECONDS];
const [, FIRST, SECOND] = IPV4_CARE_OF as [never, (typeof IPV4_CARE_OF)[0], (typeof IPV4_CARE_OF)[0]];

function assertSilent(packet: MobilityPacket, reason: string, bench: HomeAgentBench = new Ipv4Bench()): void {
  const actions = bench.receive(packet);
  assert.equal(dropsIn(actions), [reason]);
  assert.equal(packetsIn(actions), []);
  assert.equal(bench.agent.status(bench.nowMs).bindings, []);
}

/** An agent with BID 1 bound to an IPv6 and BIDs 2 and up to IPv4 care-of addresses without NAT; last sequence number 10. */
function benchWith(...ipv4Bids: number[]): Ipv4Bench {
  const bench = new Ipv4Bench();
  bench.answer(bulkUpdate(5, [1]));
  for (const bid of ipv4Bids) bench.answer(ipv4Registration(5 + bid, bid));
  bench.answer(bindingUpdate(10, { options: [identifier(1)] }));
  return bench;
}

// --- what is not answered --------------------------------------------------------------------------------------------

test('an agent that does not serve IPv4 drops every packet in IPv4', () => {
  assertSilent(ipv4Registration(1, 1), 'ipv4-disabled', new HomeAgentBench());
});

test('[5555-2.3.2.2-01] only what was sent to the agent’s IPv4 address and port is looked at', () => {
  const ports = { source: PORT, destination: 4500 };
  assertSilent(ipv4Registration(1, 1, { outer: { destination: NAT } }), 'not-for-this-node');
  assertSilent(ipv4Registration(1, 1, { outer: { ports } }), 'not-for-this-node');
});

test('an outer source that no packet can be sent back to is met with silence', () => {
  for (const text of ['0.0.0.0', '127.0.0.1', '224.0.0.5', '255.255.255.255', '192.0.2.1']) {
    assertSilent(ipv4Registration(1, 1, { from: address(text) }), 'source-not-unicast');
  }
  assertSilent(ipv4Registration(1, 1, { port: 0 }), 'source-not-unicast');
});

test('[5555-4.2-03, 5555-4.1-04] a Binding Update in IPv4 without UDP is met with silence: it would hide a NAT', () => {
  const { outer, ...inner } = ipv4Registration(1, 1);
  const { ports, ...header } = outer!;
  assertSilent({ ...inner, outer: header }, 'not-in-udp');
});

test('[5555-4.4.2-04, 5648-8.1-02] in IPv4 the inner source is the home address, and a Home Address option can say nothing else', () => {
  const bench = new Ipv4Bench();
  const packet = ipv4Registration(1, 2);
  assertSilent({ ...packet, source: CARE_OF[1]!, homeAddress: HOME }, 'source-not-home-address', bench);
  const [answer] = packetsIn(bench.receive({ ...packet, homeAddress: HOME }));
  assert.equal([answer?.destination, answer?.routing2], [HOME, undefined]);
  assert.equal(bench.bindings(), { 2: '203.0.113.2' });
});

// --- the answer ------------------------------------------------------------------------------------------------------

test('[5555-4.2-04, 5555-4.5-14, 5555-4.5-15, 5555-2.3.2.2-04, 5555-5.2.1-03, 5555-2.3.1-02] the acknowledgement goes back in UDP from port 4191 to where the update came from, inside to the home address without routing header', () => {
  for (const [from, port] of [
    [FIRST, PORT],
    [NAT, NAT_PORT],
  ] as const) {
    const [packet] = packetsIn(new Ipv4Bench().receive(ipv4Registration(1, 1, { from, port })));
    assert.equal(packet?.outer, {
      source: AGENT_IPV4,
      destination: from,
      ports: { source: PORT, destination: port },
    });
    assert.is(packet?.source, AGENT);
    assert.is(packet?.destination, HOME);
    assert.is(packet?.routing2, undefined);
  }
});

test('[5555-5.1-13, 5555-4.5-05] the acknowledgement of a refused update goes the same way, with the status that it would have without NAT', () => {
  const bench = new Ipv4Bench();
  bench.answer(natRegistration(10, 1));
  const [packet] = packetsIn(bench.receive(natRegistration(9, 1, { port: 5555 })));
  assert.is(packet?.message.type === 6 && packet.message.status, 135);
  assert.equal(packet?.outer?.ports, { source: PORT, destination: 5555 });
  assert.equal(natDetectionIn(bench.answer(natRegistration(9, 1))), [false, 110]);
  assert.equal(bench.outers(), { 1: `udp ${formatAddress(NAT)}:${NAT_PORT} NAT` });
});

test('[5555-4.5-13] from an IPv6 care-of address the routing header has the IPv6 home address, and there is no NAT Detection option', () => {
  const bench = new Ipv4Bench();
  const [packet] = packetsIn(bench.receive(bulkUpdate(1, [1])));
  assert.is(packet?.routing2, HOME);
  assert.is(packet?.outer, undefined);
  assert.is(packet?.message.type === 6 && natDetectionIn(packet.message), undefined);
});

// --- NAT detection ---------------------------------------------------------------------------------------------------

test('[5555-4.2-01, 5555-4.2-05, 5555-2.3.2.1-03, 5555-2.3.2.1-05, 5648-8.1-07] an address in the option that is the source: no NAT, nothing to refresh, and packets go to it without UDP', () => {
  const bench = new Ipv4Bench();
  const acknowledgement = bench.answer(ipv4Registration(1, 2));
  assert.is(acknowledgement.status, 0);
  assert.equal(natDetectionIn(acknowledgement), NO_NAT);
  assert.equal(bench.bindings(), { 2: '203.0.113.2' });
  assert.equal(bench.outers(), { 2: 'ipv4 203.0.113.2:4191' });
});

test('[5555-3.2.2-03, 5555-4.5-01, 5555-2.3.2.2-02, 5555-2.3.2.2-03, 5648-8.1-06, 5648-8.1-07] an address in the option that is not the source: a NAT, whose address and port are what packets go to, in UDP', () => {
  const bench = new Ipv4Bench();
  assert.equal(natDetectionIn(bench.answer(natRegistration(1, 2))), [false, 110]);
  assert.equal(bench.bindings(), { 2: '203.0.113.200' });
  assert.equal(bench.outers(), { 2: 'udp 203.0.113.200:40123 NAT' });
});

test('[5555-4.2-01, 5555-3.1.2-01] without identifier the IPv4 Care-of Address option tells the node’s own address', () => {
  const bench = new Ipv4Bench();
  assert.equal(natDetectionIn(bench.answer(ipv4Update(1, { options: [ipv4CareOf(FIRST)] }))), NO_NAT);
  assert.equal(bench.outers(), { 0: 'ipv4 203.0.113.1:4191' });
  const behind = ipv4Update(2, { from: NAT, port: NAT_PORT, options: [ipv4CareOf(BEHIND_NAT)] });
  assert.equal(natDetectionIn(bench.answer(behind)), [false, 110]);
  assert.equal(bench.outers(), { 0: 'udp 203.0.113.200:40123 NAT' });
});

test('a node that does not tell its own address is taken to be behind a NAT: UDP works either way', () => {
  const bench = new Ipv4Bench();
  assert.equal(natDetectionIn(bench.answer(ipv4Update(1))), [false, 110]);
  assert.equal(bench.outers(), { 0: 'udp 203.0.113.1:4191 NAT' });
});

test('[5555-3.2.2-02, 5555-3.2.2-06] the refresh time is the configured one', () => {
  const bench = new Ipv4Bench({ natRefreshSeconds: 45 });
  assert.equal(natDetectionIn(bench.answer(natRegistration(1, 1))), [false, 45]);
});

test('[5555-2.3.2.2-04] when the NAT has chosen another port, the same binding moves there', () => {
  const bench = new Ipv4Bench();
  bench.answer(natRegistration(1, 2));
  const { tunnelId } = bench.rows()[0]!;
  const version = bench.agent.forwardingVersion;
  bench.answer(natRegistration(2, 2));
  assert.is(bench.agent.forwardingVersion, version);
  const actions = bench.receive(natRegistration(3, 2, { port: 51_000 }));
  assert.equal(bench.outers(), { 2: 'udp 203.0.113.200:51000 NAT' });
  assert.is(bench.rows()[0]?.tunnelId, tunnelId);
  assert.is.not(bench.agent.forwardingVersion, version);
  assert.equal(
    eventsIn(actions).map(({ type }) => type),
    ['binding-registered'],
  );
});

test('a node that leaves the NAT is reached without UDP again, and one that comes to IPv6 without IPv4', () => {
  const bench = new Ipv4Bench();
  bench.answer(natRegistration(1, 2));
  bench.answer(ipv4Registration(2, 2));
  assert.equal(bench.outers(), { 2: 'ipv4 203.0.113.2:4191' });
  bench.answer(bulkUpdate(3, [2]));
  assert.equal(bench.outers(), {});
  assert.equal(bench.bindings(), boundAs(2));
});

// --- forced UDP ------------------------------------------------------------------------------------------------------

test('[5555-4.5-06, 5555-3.2.2-04, 5555-3.1.3-01] UDP that is asked for is granted with flag F, without anything to refresh', () => {
  const bench = new Ipv4Bench();
  const acknowledgement = bench.answer(ipv4Registration(1, 2, { flags: FORCED }));
  assert.equal(natDetectionIn(acknowledgement), [true, NO_NAT_REFRESH_SECONDS]);
  assert.equal(bench.outers(), { 2: 'udp 203.0.113.2:4191' });
  const version = bench.agent.forwardingVersion;
  bench.answer(ipv4Registration(2, 2));
  assert.is.not(bench.agent.forwardingVersion, version);
  assert.equal(bench.outers(), { 2: 'ipv4 203.0.113.2:4191' });
});

test('[5555-4.5-06] where that is not allowed it is refused with status 144, and nothing is bound', () => {
  const bench = new Ipv4Bench({ allowForcedUdpEncapsulation: false });
  const acknowledgement = bench.answer(ipv4Registration(1, 2, { flags: FORCED }));
  assert.is(acknowledgement.status, 144);
  assert.equal(natDetectionIn(acknowledgement), NO_NAT);
  assert.equal(bench.bindings(), {});
  assert.is(bench.answer(ipv4Registration(1, 2)).status, 0);
});

test('[5555-3.2.2-05, 5555-4.1-02] flag F means nothing with an IPv6 care-of address', () => {
  for (const allowForcedUdpEncapsulation of [true, false]) {
    const bench = new Ipv4Bench({ allowForcedUdpEncapsulation });
    const acknowledgement = bench.answer(bulkUpdate(1, [1], { flags: FORCED }));
    assert.is(acknowledgement.status, 0);
    assert.is(natDetectionIn(acknowledgement), undefined);
    assert.equal(bench.outers(), {});
  }
});

test('a de-registration is not refused because of flag F', () => {
  const bench = new Ipv4Bench({ allowForcedUdpEncapsulation: false });
  bench.answer(natRegistration(1, 2));
  assert.is(bench.answer(natRegistration(2, 2, { flags: FORCED, lifetimeSeconds: 0 })).status, 0);
  assert.equal(bench.bindings(), {});
});

// --- several care-of addresses ---------------------------------------------------------------------------------------

test('[5648-8.1-05] without NAT a registered IPv4 care-of address is refreshed in bulk, from IPv6 as from IPv4', () => {
  const bench = benchWith(2, 3);
  const outers = bench.outers();
  const options = [
    identifier(1, { careOfAddress: CARE_OF[1]! }),
    identifier(2, { careOfAddress: SECOND }),
    identifier(3, { careOfAddress: IPV4_CARE_OF[3]! }),
  ];
  bench.run(30_000);
  assert.is(bench.answer(bindingUpdate(11, { options })).status, 0);
  bench.run(20_000);
  assert.is(bench.answer(ipv4Update(12, { from: SECOND, port: 50_000, options })).status, 0);
  bench.run(50_000);
  assert.equal(bench.bindings(), { 1: '2001:db8:a:1::10', 2: '203.0.113.2', 3: '203.0.113.3' });
  assert.equal(bench.outers(), outers);
});

test('[5648-8.1-01] a first registration of an IPv4 care-of address in bulk is refused with status 168, the others are bound', () => {
  const bench = new Ipv4Bench();
  const options = [identifier(1, { careOfAddress: CARE_OF[1]! }), identifier(2, { careOfAddress: SECOND })];
  for (const packet of [bindingUpdate(1, { options }), ipv4Update(2, { from: SECOND, options })]) {
    const acknowledgement = bench.answer(packet);
    assert.is(acknowledgement.status, 4);
    assert.equal(optionStatuses(acknowledgement), [
      [1, 0],
      [2, 168],
    ]);
    assert.equal(bench.bindings(), boundAs(1));
  }
});

test('[5648-8.1-01] neither is a changed one accepted in bulk, nor one behind a NAT: they stay where they are', () => {
  const bench = benchWith(2);
  bench.answer(natRegistration(11, 3));
  const before = bench.outers();
  const told = [
    [2, IPV4_CARE_OF[4]!],
    [3, BEHIND_NAT],
    [3, NAT],
  ] as const;
  for (const [index, [bid, careOfAddress]] of told.entries()) {
    const options = [identifier(1), identifier(bid, { careOfAddress })];
    assert.equal(optionStatuses(bench.answer(bindingUpdate(12 + index, { options }))), [
      [1, 0],
      [bid, 168],
    ]);
    assert.equal(bench.outers(), before);
  }
});

test('from an IPv6 care-of address an IPv4 one that is not registered is refused with status 174', () => {
  const bench = benchWith(2);
  const packet = bindingUpdate(11, { options: [identifier(3, { careOfAddress: IPV4_CARE_OF[3]! })] });
  assert.is(bench.answer(packet).status, 174);
  assert.is(bench.answer(bindingUpdate(12, { options: [identifier(2, { careOfAddress: SECOND })] })).status, 0);
  assert.equal(Object.keys(bench.bindings()), ['1', '2']);
});

test('an agent that does not serve IPv4 refuses an IPv4 care-of address with status 174', () => {
  const bench = new HomeAgentBench();
  const options = [identifier(1, { careOfAddress: FIRST }), identifier(2, { careOfAddress: CARE_OF[2]! })];
  assert.is(bench.answer(bindingUpdate(1, { options: options.slice(0, 1) })).status, 174);
  assert.equal(optionStatuses(bench.answer(bindingUpdate(2, { options }))), [
    [1, 174],
    [2, 0],
  ]);
});

test('an identifier without care-of address refreshes an IPv4 care-of address where it is, NAT or not', () => {
  const bench = benchWith(2);
  bench.answer(natRegistration(11, 3));
  const before = bench.outers();
  bench.run(50_000);
  assert.is(bench.answer(bindingUpdate(12, { options: [1, 2, 3].map((bid) => identifier(bid)) })).status, 0);
  bench.run(50_000);
  assert.equal(bench.outers(), before);
});

test('[5648-8.1-08] the outcome of an IPv4 care-of address is the status alone: no IPv4 Address Acknowledgement option', () => {
  const { options } = new Ipv4Bench().answer(ipv4Registration(1, 2));
  assert.equal(
    options.map(({ type }) => type),
    [31, 35],
  );
});

test('one identifier is de-registered over another path, whichever family that has', () => {
  const bench = benchWith(2, 3);
  bench.answer(bindingUpdate(11, { lifetimeSeconds: 0, options: [identifier(2)] }));
  assert.equal(Object.keys(bench.bindings()), ['1', '3']);
  bench.answer(ipv4Update(12, { from: IPV4_CARE_OF[3]!, lifetimeSeconds: 0, options: [identifier(1)] }));
  assert.equal(Object.keys(bench.bindings()), ['3']);
});

test('[5555-4.4.2.1-04] an update in IPv4 with lifetime 0 and without identifier ends all bindings', () => {
  const bench = benchWith(2);
  assert.is(bench.answer(ipv4Update(11, { lifetimeSeconds: 0, options: [ipv4CareOf(FIRST)] })).status, 0);
  assert.equal(bench.bindings(), {});
});

test('an Alternate Care-of Address in an update in IPv4 leads nowhere else', () => {
  const bench = new Ipv4Bench();
  bench.answer(ipv4Update(1, { options: [ipv4CareOf(FIRST), alternateCareOfAddress(CARE_OF[8]!)] }));
  assert.equal(bench.bindings(), { 0: '203.0.113.1' });
});

test('an IPv4 Care-of Address option in an update from an IPv6 care-of address means nothing', () => {
  const bench = new Ipv4Bench();
  bench.answer(bindingUpdate(1, { options: [ipv4CareOf(FIRST)] }));
  assert.equal(bench.bindings(), { 0: '2001:db8:a:1::10' });
});

test('refused updates in IPv4 tell operators the outer source', () => {
  const bench = new Ipv4Bench({ allowForcedUdpEncapsulation: false });
  const [event] = eventsIn(bench.receive(natRegistration(1, 2, { flags: FORCED })));
  assert.equal(event, { type: 'binding-refused', homeAddress: HOME, bid: 2, careOfAddress: NAT, status: 144 });
});

test('a source is known by its outer address and port, and without UDP where UDP is not used', () => {
  const bench = benchWith(2);
  bench.answer(natRegistration(11, 3));
  const { agent } = bench;
  const outer = (source = NAT, port?: number) => ({
    source,
    destination: AGENT_IPV4,
    ...(port !== undefined && { ports: { source: port, destination: PORT } }),
  });
  assert.ok(agent.hasBinding(HOME, HOME, outer(NAT, NAT_PORT)));
  assert.not.ok(agent.hasBinding(HOME, HOME, outer(NAT, NAT_PORT + 1)));
  assert.not.ok(agent.hasBinding(HOME, HOME, outer(NAT)));
  assert.ok(agent.hasBinding(HOME, HOME, outer(SECOND)));
  assert.ok(agent.hasBinding(HOME, HOME, outer(SECOND, PORT)));
  assert.not.ok(agent.hasBinding(HOME, CARE_OF[1]!, outer(SECOND, PORT)));
  assert.not.ok(agent.hasBinding(HOME, HOME));
  assert.ok(agent.hasBinding(HOME, CARE_OF[1]!));
});

test.run();
