import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address } from '../../../../src/bytes/address.ts';
import { Icmpv6Type } from '../../../../src/wire/icmpv6/message.ts';
import { BindingStatus } from '../../../../src/wire/mh/numbers.ts';
import type { Icmpv6Packet } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  acknowledgementOf,
  CARE_OF,
  dropsIn,
  echoReplyTo,
  HOME_PREFIX,
  PROBING,
  type RouterParts,
  type SentUpdate,
} from '../../../lib/engines.ts';
import { HomeBench, LOOKING, withoutAgent } from '../../../lib/engines-home.ts';

const [, first, second] = CARE_OF as [never, Address, Address];
const OTHER_AGENT = address('2001:db8:1::2');
const THIRD_AGENT = address('2001:db8:1::3');
const ANYCAST = address('2001:db8:1:f:fdff:ffff:ffff:fffe');
const REQUEST = Icmpv6Type.homeAgentAddressDiscoveryRequest;
/** An agent in the configuration, and others to be found. */
const BOTH: RouterParts = { homePrefix: HOME_PREFIX };

function requests(bench: HomeBench) {
  return bench.sentOf(REQUEST).map(({ packet, atMs, interfaceIndex }) => {
    if (packet.message.type !== REQUEST) throw new TypeError('no request');
    return { ...packet.message, packet, atMs, interfaceIndex };
  });
}

/** A home agent's list of home agents, in answer to the last request. */
function reply(
  bench: HomeBench,
  agents: readonly Address[],
  more: { identifier?: number; mobileRouter?: boolean } = {},
) {
  const request = requests(bench).at(-1)!;
  const packet: Icmpv6Packet = {
    kind: 'icmpv6',
    source: agents[0] ?? AGENT,
    destination: request.packet.source,
    message: {
      type: Icmpv6Type.homeAgentAddressDiscoveryReply,
      identifier: more.identifier ?? request.identifier,
      mobileRouter: more.mobileRouter ?? true,
      homeAgentAddresses: agents,
    },
  };
  return bench.icmp(packet);
}

const replied = (bench: HomeBench, ...args: Parameters<typeof reply> extends [unknown, ...infer Rest] ? Rest : never) =>
  bench.updates(() => reply(bench, ...args));

function destinations(updates: readonly SentUpdate[]): Address[] {
  return updates.map(({ packet }) => packet.destination);
}

/** A router registered with the first of three agents that it has found. */
function found(more: RouterParts = LOOKING): HomeBench {
  const bench = new HomeBench(more);
  bench.uplinks(first, second, null);
  bench.settle(replied(bench, [AGENT, OTHER_AGENT, THIRD_AGENT]));
  bench.run(1500);
  return bench;
}

// --- asking ----------------------------------------------------------------------------------------------------------

test('[6275-8.5-02, 6275-6.5-02, 3963-7.1-01] without a home agent the anycast address of the home prefix is asked, for one that takes mobile routers', () => {
  const bench = new HomeBench(LOOKING);
  assert.equal(bench.uplinks(first, second, null), []);
  const [request, ...more] = requests(bench);
  assert.equal(more, []);
  assert.is(request!.packet.destination, ANYCAST);
  assert.is(request!.packet.source, first);
  assert.not('homeAddress' in request!.packet);
  assert.is(request!.mobileRouter, true);
  assert.is(request!.interfaceIndex, 11);
  assert.is(bench.place, 'looking');
});

test('[3963-7.1-01] a home without mobile networks takes any home agent', () => {
  const bench = new HomeBench({ homes: [withoutAgent({ homePrefix: HOME_PREFIX, prefixes: [] })] });
  bench.uplinks(first, null, null);
  assert.is(requests(bench)[0]!.mobileRouter, false);
  const [update] = replied(bench, [AGENT], { mobileRouter: false });
  assert.is(update!.flags & 0x0400, 0);
});

test('[6275-11.4.1-08, 6275-12-01] the same request is repeated after 3, 6, 12 and 24 s, by another uplink each time, and no more', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(first, second, null);
  bench.run(90_000);
  const sent = requests(bench);
  assert.equal(
    sent.map(({ atMs }) => (atMs - sent[0]!.atMs) / 1000),
    [0, 3, 9, 21, 45],
  );
  assert.is(new Set(sent.map(({ identifier }) => identifier)).size, 1);
  assert.equal(
    sent.map(({ packet }) => packet.source),
    [first, second, first, second, first],
  );
});

test('after five requests in vain it rests for a minute, then asks anew', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(first, null, null);
  bench.run(93_000 + 60_000);
  const sent = requests(bench);
  assert.is(sent.length, 6);
  assert.is(sent[5]!.atMs - sent[4]!.atMs, 48_000 + 60_000);
  assert.is.not(sent[5]!.identifier, sent[4]!.identifier);
});

test('without an uplink nothing is asked; with the first one at once', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(null, null, null);
  bench.run(100_000);
  assert.equal(requests(bench), []);
  bench.uplinks(first, null, null);
  assert.is(requests(bench).length, 1);
});

// --- the answer ------------------------------------------------------------------------------------------------------

test('[6275-11.4.1-03, 6275-6.1.7-02] the first agent of the reply is registered with', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(first, null, null);
  const updates = replied(bench, [OTHER_AGENT, AGENT]);
  assert.equal(destinations(updates), [OTHER_AGENT]);
  bench.settle(updates);
  assert.equal(bench.usable(), [1]);
  assert.equal(
    bench
      .told('home-agent-changed')
      .map(({ homeAgentAddress, previousHomeAgentAddress, reason }) => [
        homeAgentAddress,
        previousHomeAgentAddress,
        reason,
      ]),
    [[OTHER_AGENT, null, 'discovered']],
  );
});

test('a reply to another request is none', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(first, null, null);
  const identifier = (requests(bench)[0]!.identifier + 1) & 0xffff;
  assert.equal(dropsIn(reply(bench, [AGENT], { identifier })), ['unexpected-message']);
  assert.is(bench.place, 'looking');
  reply(bench, [AGENT]);
  assert.equal(dropsIn(reply(bench, [OTHER_AGENT])), ['unexpected-message'], 'the second reply is not expected');
  assert.is(bench.router.status(bench.nowMs).homeAgentAddress, AGENT);
});

test('agents that do not take mobile routers are of no use to one', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(first, null, null);
  assert.equal(replied(bench, [AGENT], { mobileRouter: false }), []);
  assert.is(bench.place, 'looking');
  bench.run(61_000);
  assert.is(requests(bench).length, 2, 'asked again later');
});

// --- the next agent --------------------------------------------------------------------------------------------------

test('[6275-11.4.1-02, 6275-11.7.1-13] no answer until the time-out reaches 32 s: the next agent of the list', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(first, null, null);
  const [update] = replied(bench, [AGENT, OTHER_AGENT]);
  const updates = bench.wait(50_000);
  const other = updates.find(({ packet }) => packet.destination === OTHER_AGENT);
  const own = [update!, ...updates].filter(({ packet }) => packet.destination === AGENT);
  assert.equal(
    own.map(({ atMs }) => (atMs - update!.atMs) / 1000),
    [0, 1.5, 4.5, 10.5, 22.5, 46.5],
  );
  assert.ok(other!.atMs - update!.atMs >= 1500);
  assert.is(other!.atMs - update!.atMs, 46_500);
});

test('[6275-11.4.1-04, 6275-11.4.1-06, 3963-5.4-01, 3963-5.4.1-02, 3963-5.4.2-02] an agent that refuses is left for the next of the stored list', () => {
  for (const status of [128, 129, 130, 131, 132, 133, 140, 141, 142]) {
    const bench = new HomeBench(LOOKING);
    bench.uplinks(first, null, null);
    const [update] = replied(bench, [AGENT, OTHER_AGENT]);
    const [next] = bench.acknowledge(update!, { status });
    assert.is(next?.packet.destination, OTHER_AGENT, `status ${status}`);
    bench.settle([next!]);
    assert.equal(bench.usable(), [1]);
  }
});

test('[3963-5.4.1-04] implicit mode: status 143 leads to the next agent', () => {
  const bench = new HomeBench({ homes: [withoutAgent({ homePrefix: HOME_PREFIX, prefixMode: 'implicit' })] });
  bench.uplinks(first, null, null);
  const [update] = replied(bench, [AGENT, OTHER_AGENT]);
  assert.equal(destinations(bench.acknowledge(update!, { status: BindingStatus.forwardingSetupFailed })), [
    OTHER_AGENT,
  ]);
});

test('[6275-11.4.1-05] with a live registration a new care-of address is tried first at that agent', () => {
  const bench = found();
  bench.settle(bench.uplinks(CARE_OF[7]!, second, null));
  assert.ok(bench.sent.every(({ packet }) => packet.destination === AGENT));
});

test('[6275-11.4.1-06] a refused refresh leads to another agent', () => {
  const bench = found();
  const [refresh] = bench.wait(110_000);
  const next = bench.acknowledge(refresh!, { status: BindingStatus.insufficientResources });
  assert.ok(next.length > 0);
  assert.ok(next.every(({ packet }) => packet.destination === OTHER_AGENT));
});

test('a configured agent is asked first, and others are looked for only when it fails', () => {
  const bench = new HomeBench(BOTH);
  const [update] = bench.uplinks(first, null, null);
  assert.is(update!.packet.destination, AGENT);
  assert.equal(requests(bench), []);
  bench.acknowledge(update!, { status: BindingStatus.administrativelyProhibited });
  assert.is(requests(bench).length, 1);
  assert.equal(destinations(replied(bench, [AGENT, OTHER_AGENT])), [OTHER_AGENT]);
});

// --- the mobile router refused (RFC 3963 §5.3, §5.4) -----------------------------------------------------------------

test('[3963-5.3-02, 3963-5.3-03] accepted without the R flag: de-registered there, looked for again, then the next agent', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(first, null, null);
  const [update] = replied(bench, [AGENT, OTHER_AGENT]);
  const [farewell, ...none] = bench.acknowledge(update!, { flags: 0 });
  assert.equal(none, []);
  assert.equal([farewell!.packet.destination, farewell!.lifetimeSeconds, farewell!.bids], [AGENT, 0, []]);
  const next = bench.acknowledge(farewell!, { lifetimeSeconds: 0 });
  assert.equal(destinations(next), [OTHER_AGENT]);
});

test('[3963-5.3-03] an unanswered de-registration is repeated before another agent is tried', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(first, null, null);
  const [update] = replied(bench, [AGENT, OTHER_AGENT]);
  bench.acknowledge(update!, { flags: 0 });
  const updates = bench.wait(7000);
  assert.equal(
    updates.map(({ packet, lifetimeSeconds }) => [packet.destination === AGENT, lifetimeSeconds]),
    [
      [true, 0],
      [true, 0],
      [true, 0],
      [false, 120],
    ],
  );
});

test('[3963-5.4.1-03, 3963-5.4.2-06, 3963-5.4.2-03] when all agents of the home link have refused the mobile router, none is sent an update any more, and that is told', () => {
  for (const status of [140, 141, 142, 143]) {
    const bench = new HomeBench(BOTH);
    const [update] = bench.uplinks(first, null, null);
    bench.acknowledge(update!, { status });
    const [next] = replied(bench, [AGENT, OTHER_AGENT]);
    assert.is(next!.packet.destination, OTHER_AGENT);
    assert.equal(bench.acknowledge(next!, { status }), []);
    assert.equal(
      bench.told('home-registration-stopped').map((event) => event.status),
      [status],
    );
    assert.is(bench.place, 'stopped');
    assert.equal(bench.wait(59 * 60_000), []);
    bench.uplinks(first, second, null);
    assert.equal(bench.wait(30_000), [], 'a new care-of address changes nothing');
    assert.ok(bench.wait(60_000).length > 0, 'an hour later it is tried again');
  }
});

test('[3963-5.4.1-03, 3963-5.4.1-05, 3963-5.4.1-01, 3963-5.4.2-01] with one agent and no way to find others the first such refusal stops it', () => {
  for (const [prefixMode, status] of [
    ['explicit', 140],
    ['explicit', 143],
    ['implicit', 141],
    ['implicit', 142],
    ['implicit', 143],
  ] as const) {
    const bench = new HomeBench({ prefixMode });
    const [update] = bench.uplinks(first, null, null);
    assert.equal(bench.acknowledge(update!, { status }), []);
    assert.equal(bench.wait(59 * 60_000), [], `${prefixMode} ${status}`);
    assert.is(bench.place, 'stopped');
  }
});

test('[3963-5.4.2-07] after such a refusal nothing is taken to be bound', () => {
  const bench = found();
  for (const status of [140, 141, 142]) {
    const [refresh] = bench.wait(110_000);
    bench.receive(acknowledgementOf(refresh!.packet, { status }));
    assert.equal(bench.usable(), []);
    const pending = bench.sent.slice(-1);
    bench.settle(pending);
  }
});

// --- a duplicate home address ----------------------------------------------------------------------------------------

test('[6275-11.7.1-20] status 134: the home address is not used again', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(first, null, null);
  const [update] = replied(bench, [AGENT, OTHER_AGENT]);
  assert.equal(bench.acknowledge(update!, { status: BindingStatus.duplicateAddressDetectionFailed }), []);
  assert.equal(bench.wait(24 * 3_600_000), []);
  assert.is(bench.place, 'stopped');
  bench.uplinks(first, second, null);
  assert.equal(bench.wait(60_000), []);
});

test('status 134 from the next agent while the last one may still defend the home address: back to that one', () => {
  const bench = found();
  const refresh = bench.wait(110_000)[0]!;
  const [next] = bench.acknowledge(refresh, { status: BindingStatus.insufficientResources });
  assert.is(next!.packet.destination, OTHER_AGENT);
  const [back] = bench.acknowledge(next!, { status: BindingStatus.duplicateAddressDetectionFailed });
  assert.is(back?.packet.destination, AGENT);
  assert.is(bench.told('home-agent-changed').at(-1)?.reason, 'duplicate-address');
});

// --- the death of an agent -------------------------------------------------------------------------------------------

/** Two uplinks registered with an agent that then falls silent, with probes. */
function deserted(): { readonly bench: HomeBench; readonly silentMs: number } {
  const bench = found({ ...LOOKING, probe: PROBING });
  return { bench, silentMs: bench.nowMs };
}

test('[MHA-3-16, 6275-11.4.1-02, 6275-11.4.1-05] an agent that is dead on all paths is asked once more, and left when the home link answers without it', () => {
  const { bench, silentMs } = deserted();
  const before = requests(bench).length;
  bench.run(4000);
  assert.equal(bench.states().slice(0, 2), ['dead', 'dead']);
  assert.is(requests(bench).length, before + 1);
  const tried = bench.sent.filter(({ atMs }) => atMs > silentMs);
  assert.ok(tried.length > 0 && tried.every(({ packet }) => packet.destination === AGENT));
  reply(bench, [OTHER_AGENT, THIRD_AGENT]);
  const next = bench.sent.find(({ packet }) => packet.destination === OTHER_AGENT);
  const late = next ?? bench.wait(1500).find(({ packet }) => packet.destination === OTHER_AGENT);
  assert.ok(late, 'the next agent is tried');
  assert.ok(late!.atMs - tried[0]!.atMs >= 1500, 'not before 1.5 s');
  bench.settle([late!]);
  assert.ok(bench.usable().length > 0);
  assert.is(bench.told('home-agent-changed').at(-1)?.reason, 'unresponsive');
});

test('where the home link does not answer either, the paths are what is dead: the agent is kept', () => {
  const { bench } = deserted();
  bench.run(100_000);
  assert.ok(bench.sent.every(({ packet }) => packet.destination === AGENT));
});

test('an agent that answers again in time is kept', () => {
  const { bench } = deserted();
  bench.run(4000);
  bench.receive(acknowledgementOf(bench.sent.at(-1)!.packet));
  reply(bench, [OTHER_AGENT, AGENT]);
  const probes = () => bench.icmpv6.filter(({ packet }) => packet.message.type === Icmpv6Type.echoRequest);
  for (let i = 0; i < 10; i++) {
    bench.icmp(echoReplyTo(probes().at(-1)!.packet));
    bench.run(300);
  }
  assert.ok(bench.sent.every(({ packet }) => packet.destination === AGENT));
});

// --- lifetimes -------------------------------------------------------------------------------------------------------

test('[6275-11.7.1-12] with discovery, too, a shutdown de-registers before the binding is forgotten', () => {
  const bench = found();
  const [farewell] = bench.updates(() => bench.handle({ type: 'shutdown' }));
  assert.equal([farewell!.packet.destination, farewell!.lifetimeSeconds], [AGENT, 0]);
});

test.run();
