import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import { hostPrefix } from '../../../../src/bytes/prefix.ts';
import { SelectionMode } from '../../../../src/forwarding/table.ts';
import { MessageType } from '../../../../src/wire/mh/numbers.ts';
import type { MobilityPacket } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  acknowledgementOf,
  CARE_OF,
  dropsIn,
  HOME,
  identifier,
  MobileRouterBench,
  NETWORK,
  ROUTER_FLAGS,
  registeredRouter,
  UPLINK_NAMES,
} from '../../../lib/engines.ts';

const [, first, second, third] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0], (typeof CARE_OF)[0]];

const handovers = (bench: MobileRouterBench) =>
  bench.events.flatMap((event) => (event.type === 'handover' ? `${event.from} ${event.to} ${event.reason}` : []));

// --- coming and going ------------------------------------------------------------------------------------------------

test('[5648-5.4-02, MHA-6.3.4-01, MHA-A-01, MHA-3-02, MHA-3-14] an uplink that goes: traffic leaves it at once, and its BID is removed over another one', () => {
  const bench = registeredRouter([1, 2, 3]);
  assert.equal(bench.usable(), [1, 2, 3]);
  const [removal, ...more] = bench.uplinks(null, second, third);
  assert.equal(bench.usable(), [2, 3]);
  assert.is(removal?.atMs, bench.nowMs);
  assert.equal(
    [removal?.bids, removal?.lifetimeSeconds, removal?.packet.source, removal?.interfaceIndex, more],
    [[1], 0, second, 12, []],
  );
  assert.equal(handovers(bench).slice(-1), ['cellular wifi link-down']);
  bench.acknowledge(removal!);
  assert.equal(bench.wait(30_000), []);
});

test('[MHA-A-05] a better uplink that appears takes the traffic as soon as it is acknowledged', () => {
  const bench = registeredRouter([2]);
  const [update] = bench.uplinks(first, second, null);
  assert.equal(bench.usable(), [2]);
  bench.acknowledge(update!);
  assert.equal(bench.usable(), [1, 2]);
  assert.equal(handovers(bench), ['null wifi registered', 'wifi cellular registered']);
});

test('[5648-2-01, 5648-5.1-02, 5648-3-01, MHA-6.3.2-02] an uplink keeps its BID through new addresses, loss and return, and no two have the same', () => {
  const bench = registeredRouter([1, 2, 3]);
  bench.settle(bench.uplinks(first, CARE_OF[8]!, third));
  bench.run(2000);
  bench.settle(bench.uplinks(first, null, third));
  bench.run(2000);
  bench.settle(bench.uplinks(first, CARE_OF[9]!, third));
  const careOf = new Map([
    [1, [first]],
    [2, [second, CARE_OF[8], CARE_OF[9]]],
    [3, [third]],
  ]);
  const seen = new Set<unknown>();
  for (const { options } of bench.sent) {
    for (const option of options) {
      if (option.type !== 35 || !('careOfAddress' in option)) continue;
      assert.ok(careOf.get(option.bid)?.includes(option.careOfAddress), `BID ${option.bid}`);
      seen.add(option.careOfAddress);
    }
  }
  assert.is(seen.size, 5);
  assert.equal(
    bench.router.status(bench.nowMs).uplinks.map(({ bid, tunnelId }) => [bid, tunnelId]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
});

test('[MHA-6.1.2-01, 6275-6.1.7-09] whatever leaves by an interface has that interface’s care-of address as its source', () => {
  const bench = registeredRouter([1, 2, 3], { registration: 'individual' });
  bench.uplinks(null, second, third);
  bench.run(20_000);
  bench.uplinks(CARE_OF[4]!, second, null);
  bench.run(20_000);
  const sources = new Map<number, Set<unknown>>();
  for (const { interfaceIndex, packet } of bench.sent) {
    sources.set(interfaceIndex, (sources.get(interfaceIndex) ?? new Set()).add(packet.source));
  }
  assert.equal([...sources.get(11)!], [first, CARE_OF[4]]);
  assert.equal([...sources.get(12)!], [second]);
  assert.equal([...sources.get(13)!], [third]);
});

test('[3963-B.1-01, MHA-6.1.2-03] while a new care-of address is not yet acknowledged, its uplink has no tunnel; then the same as before', () => {
  const bench = registeredRouter([1, 2]);
  const [update] = bench.uplinks(first, CARE_OF[7]!, null);
  assert.equal(bench.usable(), [1]);
  bench.acknowledge(update!);
  assert.equal(bench.usable(), [1, 2]);
  assert.is(bench.router.forwarding(bench.nowMs).tunnels[1]?.outerSource, CARE_OF[7]);
});

test('[MHA-3-14] all uplinks go: nothing can be sent, and the first that returns brings everything back', () => {
  const bench = registeredRouter([1, 2]);
  assert.equal(bench.uplinks(null, null, null), []);
  assert.equal(bench.usable(), []);
  assert.equal(bench.wait(20_000), []);
  bench.settle(bench.uplinks(null, null, third));
  assert.equal(bench.usable(), [3]);
  bench.settle(bench.uplinks(first, null, third));
  assert.equal(bench.usable(), [1, 3]);
});

test('uplinks that did not change cause nothing', () => {
  const bench = registeredRouter([1, 2, 3]);
  const before = bench.events.length;
  for (let count = 0; count < 50; count++) assert.equal(bench.uplinks(first, second, third), []);
  assert.is(bench.events.length, before);
});

test('each change of an uplink is told once, with its reason', () => {
  const bench = new MobileRouterBench();
  bench.settle(bench.uplinks(first, null, null));
  bench.uplinks(null, null, null);
  const told = bench.events.flatMap((event) =>
    event.type === 'path-state' ? `${event.uplink} ${event.bid} ${event.state} ${event.reason}` : [],
  );
  assert.equal(told, ['cellular 1 registering link-up', 'cellular 1 active registered', 'cellular 1 down link-down']);
});

// --- forwarding ------------------------------------------------------------------------------------------------------

test('[MHA-3-11, 3963-5.5-01] the table has a tunnel per registered uplink, in order of preference, for home address and prefixes', () => {
  const bench = registeredRouter([1, 2]);
  const { tunnels, groups } = bench.router.forwarding(bench.nowMs);
  assert.equal(
    tunnels,
    [1, 2].map((bid) => ({
      id: bid,
      encapsulation: 1,
      outerSource: CARE_OF[bid]!,
      outerDestination: AGENT,
      sourcePort: 0,
      destinationPort: 0,
      interfaceIndex: bid + 10,
      pathMtuBytes: 1500,
      usable: true,
    })),
  );
  assert.equal(groups, [
    {
      id: 1,
      mode: SelectionMode.firstUsable,
      tunnels: [
        { tunnelId: 1, weight: 1 },
        { tunnelId: 2, weight: 1 },
      ],
      prefixes: [hostPrefix(HOME), NETWORK],
    },
  ]);
});

test('[MHA-3-13] balancing takes the uplinks’ weights', () => {
  const uplinks = [1, 2, 3].map((n) => ({
    name: UPLINK_NAMES[n - 1]!,
    interface: `wan${n - 1}`,
    priority: n,
    weight: 10 * n,
    bid: n,
  }));
  const bench = registeredRouter([1, 3], { selection: 'balance', uplinks });
  const [group] = bench.router.forwarding(bench.nowMs).groups;
  assert.is(group?.mode, SelectionMode.balance);
  assert.equal(group?.tunnels, [
    { tunnelId: 1, weight: 10 },
    { tunnelId: 3, weight: 30 },
  ]);
});

test('the path MTU is the least of link, configuration and what a Packet Too Big said', () => {
  const uplinks = [1, 2, 3].map((n) => ({
    name: UPLINK_NAMES[n - 1]!,
    interface: `wan${n - 1}`,
    priority: n,
    weight: 1,
    bid: n,
    ...(n === 2 ? { mtuBytes: 1420 } : {}),
  }));
  const bench = registeredRouter([1, 2, 3], { uplinks });
  const mtus = () => bench.router.forwarding(bench.nowMs).tunnels.map(({ pathMtuBytes }) => pathMtuBytes);
  assert.equal(mtus(), [1500, 1420, 1500]);
  const version = bench.router.forwardingVersion;
  bench.handle({ type: 'packet-too-big', local: third, remote: AGENT, mtuBytes: 1300 });
  assert.equal(mtus(), [1500, 1420, 1300]);
  assert.is.not(bench.router.forwardingVersion, version);
});

test('a Packet Too Big about what the router cannot have sent changes nothing', () => {
  const bench = registeredRouter([1]);
  const version = bench.router.forwardingVersion;
  for (const [local, remote] of [
    [address('2001:db8:9::1'), AGENT],
    [first, address('2001:db8:9::2')],
    [AGENT, first],
  ] as const) {
    bench.handle({ type: 'packet-too-big', local, remote, mtuBytes: 1300 });
  }
  assert.is(bench.router.forwardingVersion, version);
  assert.is(bench.router.forwarding(bench.nowMs).tunnels[0]?.pathMtuBytes, 1500);
});

// --- who may speak to it ---------------------------------------------------------------------------------------------

test('[6275-11.7.3-01, 6275-11.3.6-01, 6275-11.7.4-02] messages from anyone but the home agent are ignored', () => {
  const bench = new MobileRouterBench();
  const [update] = bench.uplinks(first, null, null);
  const stranger = address('2001:db8:66::1');
  const answer = acknowledgementOf(update!.packet);
  assert.equal(dropsIn(bench.receive({ ...answer, source: stranger })), ['not-from-home-agent']);
  const request: MobilityPacket = {
    ...answer,
    source: stranger,
    message: { type: MessageType.bindingRefreshRequest, options: [] },
  };
  assert.equal(dropsIn(bench.receive(request)), ['not-from-home-agent']);
  const error: MobilityPacket = {
    kind: 'mobility',
    source: stranger,
    destination: first,
    message: { type: MessageType.bindingError, status: 1, homeAddress: HOME, options: [] },
  };
  assert.equal(dropsIn(bench.receive(error)), ['not-from-home-agent']);
  assert.equal(bench.states(), ['registering', 'down', 'down']);
  assert.is(bench.sent.length, 1);
});

test('[6275-11.3.3-02] an acknowledgement without a routing header to the home address is ignored', () => {
  const bench = new MobileRouterBench();
  const [update] = bench.uplinks(first, null, null);
  const { routing2, ...without } = acknowledgementOf(update!.packet);
  assert.is(routing2, HOME);
  assert.equal(dropsIn(bench.receive(without)), ['not-for-this-node']);
  assert.equal(dropsIn(bench.receive({ ...without, routing2: address('2001:db8:1:f::77') })), ['not-for-this-node']);
  assert.equal(bench.states(), ['registering', 'down', 'down']);
});

test('Binding Updates are no business of a mobile router', () => {
  const bench = registeredRouter([1]);
  const packet: MobilityPacket = {
    kind: 'mobility',
    source: AGENT,
    destination: first,
    routing2: HOME,
    message: {
      type: MessageType.bindingUpdate,
      sequenceNumber: 1,
      flags: ROUTER_FLAGS,
      lifetimeSeconds: 60,
      options: [],
    },
  };
  assert.equal(dropsIn(bench.receive(packet)), ['unexpected-message']);
});

test('[5648-5.8-01, 5648-6.4-02, 6275-8.5-01] a Binding Refresh Request is followed by a refresh of the BIDs that it names, or of all', () => {
  for (const [named, refreshed] of [
    [[2], [2]],
    [
      [1, 3],
      [1, 3],
    ],
    [[], [1, 2, 3]],
  ]) {
    const bench = registeredRouter([1, 2, 3]);
    const packet: MobilityPacket = {
      kind: 'mobility',
      source: AGENT,
      destination: first,
      routing2: HOME,
      message: { type: MessageType.bindingRefreshRequest, options: named!.map((bid) => identifier(bid)) },
    };
    const [update, ...more] = bench.updates(() => bench.receive(packet));
    assert.equal([update?.bids, update?.lifetimeSeconds, more], [refreshed, 120, []]);
    bench.acknowledge(update!);
    assert.equal(bench.states(), ['active', 'active', 'active']);
  }
});

test('[6275-11.3.6-02] a Binding Error 1 from the home agent, which lost the bindings, is followed by a registration of all', () => {
  const bench = registeredRouter([1, 2, 3]);
  const packet: MobilityPacket = {
    kind: 'mobility',
    source: AGENT,
    destination: second,
    message: { type: MessageType.bindingError, status: 1, homeAddress: HOME, options: [] },
  };
  const [update, ...more] = bench.updates(() => bench.receive(packet));
  assert.equal([update?.bids, more], [[1, 2, 3], []]);
});

test('[6275-11.3.6-05] a Binding Error 2 changes nothing', () => {
  const bench = registeredRouter([1]);
  const packet: MobilityPacket = {
    kind: 'mobility',
    source: AGENT,
    destination: first,
    message: { type: MessageType.bindingError, status: 2, homeAddress: HOME, options: [] },
  };
  const before = bench.sent.length;
  assert.equal(dropsIn(bench.receive(packet)), ['unexpected-message']);
  assert.is(bench.sent.length, before);
});

// --- shutdown --------------------------------------------------------------------------------------------------------

test('[5648-5.4-01, 6275-6.1.7-08] a shutdown removes everything with one update of lifetime 0 without BIDs, and is done when it is answered', () => {
  const bench = registeredRouter([1, 2, 3]);
  const [farewell, ...more] = bench.updates(() => bench.handle({ type: 'shutdown' }));
  assert.equal([farewell?.bids, farewell?.lifetimeSeconds, farewell?.options, more], [[], 0, [], []]);
  assert.is(bench.router.isDone, false);
  bench.acknowledge(farewell!);
  assert.is(bench.router.isDone, true);
  assert.equal(bench.usable(), []);
  assert.is(bench.router.nextDeadlineMs, Number.POSITIVE_INFINITY);
});

test('a farewell without answer is repeated, by another uplink each time', () => {
  const bench = registeredRouter([1, 2]);
  const before = bench.sent.length;
  bench.handle({ type: 'shutdown' });
  bench.run(3000);
  assert.equal(
    bench.sent.slice(before).map(({ packet, lifetimeSeconds }) => [packet.source, lifetimeSeconds]),
    [
      [first, 0],
      [second, 0],
      [first, 0],
    ],
  );
  bench.acknowledge(bench.sent[before]!);
  assert.is(bench.router.isDone, true);
});

test('status 133 to the farewell is as good: the agent holds nothing', () => {
  const bench = registeredRouter([1]);
  const [farewell] = bench.updates(() => bench.handle({ type: 'shutdown' }));
  bench.acknowledge(farewell!, { status: 133 });
  assert.is(bench.router.isDone, true);
});

test('a router that has registered nothing is done at once', () => {
  const bench = new MobileRouterBench();
  bench.handle({ type: 'shutdown' });
  assert.is(bench.router.isDone, true);
});

test('a registration under way at the shutdown may have reached the agent: it is removed as well', () => {
  const bench = new MobileRouterBench();
  bench.uplinks(first, null, null);
  const [farewell] = bench.updates(() => bench.handle({ type: 'shutdown' }));
  assert.is(farewell?.lifetimeSeconds, 0);
  assert.is(bench.router.isDone, false);
});

test('after the farewell an uplink that appears is not registered', () => {
  const bench = registeredRouter([1]);
  const [farewell] = bench.updates(() => bench.handle({ type: 'shutdown' }));
  assert.equal(bench.uplinks(first, second, third), []);
  bench.acknowledge(farewell!);
  assert.equal(bench.wait(200_000), []);
});

test.run();
