import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Address } from '../../../../src/bytes/address.ts';
import type { RoleAction } from '../../../../src/roles/action.ts';
import { BindingStatus } from '../../../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../../../src/wire/mh/options/option.ts';
import type { Icmpv6Packet } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  CARE_OF,
  echoReplyTo,
  Flag,
  HOME,
  PROBING,
  probesIn,
  type RouterParts,
  type SentUpdate,
  updatesIn,
} from '../../../lib/engines.ts';
import {
  AGENT_IPV4,
  DualStackBench,
  IPV4_CARE_OF,
  NAT,
  NO_NAT,
  natDetection,
  type Sides,
} from '../../../lib/engines-dual-stack.ts';

const ipv6 = CARE_OF[1]!;
const ipv4 = IPV4_CARE_OF[1]!;
const second = CARE_OF[2]!;
const PORTS = { source: 4191, destination: 4191 };

/** What gets through: everything, updates alone, or nothing, by care-of address. */
interface World {
  readonly alive: readonly Address[];
  readonly updatesOnly?: readonly Address[];
  readonly answer?: { readonly options: readonly MobilityOption[] };
  /** More for an update. */
  readonly answerTo?: (update: SentUpdate) => { readonly options: readonly MobilityOption[]; readonly status?: number };
}

const sourceOf = ({ outer, source }: { outer?: { source: Address }; source: Address }) => outer?.source ?? source;

/** Lets time pass in small steps in such a world. Returns everything that was done. */
function live(bench: DualStackBench, durationMs: number, world: World): RoleAction[] {
  const all: RoleAction[] = [];
  const { alive, updatesOnly = [], answer = NAT } = world;
  const react = (actions: readonly RoleAction[]): void => {
    all.push(...actions);
    for (const probe of probesIn(actions)) {
      if (probe.message.type === 128 && alive.includes(sourceOf(probe))) {
        react(bench.handle({ type: 'icmpv6', packet: echoReplyTo(probe) }));
      }
    }
    for (const update of updatesIn(actions, bench.nowMs)) {
      const source = sourceOf(update.packet);
      if (![...alive, ...updatesOnly].includes(source)) continue;
      const parts = update.packet.outer ? (world.answerTo?.(update) ?? answer) : {};
      const before = bench.sent.length;
      all.push(...[bench.acknowledge(update, parts)].flat().map((sent) => ({ type: 'send', ...sent }) as RoleAction));
      for (const sent of bench.sent.slice(before))
        react([{ type: 'send', packet: sent.packet, interfaceIndex: sent.interfaceIndex }]);
    }
  };
  for (const untilMs = bench.nowMs + durationMs; bench.nowMs < untilMs; ) react(bench.run(10));
  return all;
}

function started(world: World, sides: readonly Sides[], more: RouterParts = {}): DualStackBench {
  const bench = new DualStackBench({ probe: PROBING, ...more });
  bench.look(...sides);
  bench.wait(1);
  for (const update of bench.sent) bench.settle([update], update.packet.outer ? (world.answer ?? NAT) : {});
  live(bench, 5000, world);
  return bench;
}

const sentSince = (bench: DualStackBench, place: number) =>
  bench.sent.slice(place).map(({ bids, lifetimeSeconds, packet }) => [bids, lifetimeSeconds > 0, sourceOf(packet)]);

test('a registered IPv4 path is probed by echo requests from the home address in its encapsulation, one that is not registered is not', () => {
  for (const [answer, ports] of [
    [NAT, PORTS],
    [NO_NAT, undefined],
  ] as const) {
    const bench = new DualStackBench({ probe: PROBING });
    const [update] = bench.attach({ ipv4 });
    assert.equal(probesIn(bench.run(5000)), []);
    assert.is(bench.states()[0], 'registering');
    bench.settle([update!], answer);
    const sends = bench.run(1000).filter((action) => action.type === 'send');
    const [probe] = sends.map(({ packet }) => packet as Icmpv6Packet);
    assert.equal(
      [probe?.kind, probe?.source, probe?.destination, probe?.outer, sends[0]?.interfaceIndex],
      ['icmpv6', HOME, AGENT, { source: ipv4, destination: AGENT_IPV4, ...(ports && { ports }) }, 11],
    );
  }
});

test('an answer that comes by another way says nothing of an IPv4 path', () => {
  const bench = new DualStackBench({ probe: PROBING });
  bench.settle(bench.attach({ ipv4 }), NAT);
  for (let step = 0; step < 500; step++) {
    for (const probe of probesIn(bench.run(10))) {
      const { outer: _, ...reply } = echoReplyTo(probe);
      bench.handle({ type: 'icmpv6', packet: reply });
    }
  }
  assert.is(bench.states()[0], 'dead');
});

test('[5555-4.3-01] the first missing answer of a path through a NAT makes the router register it again at once, from itself', () => {
  const bench = started({ alive: [ipv4] }, [{ ipv4 }]);
  const place = bench.sent.length;
  const [probe] = probesIn(live(bench, 2500, { alive: [] }));
  assert.ok(probe);
  assert.ok(bench.sent.length > place);
  assert.equal(sentSince(bench, place)[0], [[1], true, ipv4]);
});

test('a NAT that forgot its mapping is asked for a new one without the path being given up', () => {
  const bench = started({ alive: [ipv4] }, [{ ipv4 }]);
  const place = bench.sent.length;
  // Probes get no answer until an update has made a new mapping.
  while (bench.sent.length === place) live(bench, 10, { alive: [], updatesOnly: [ipv4] });
  live(bench, 10_000, { alive: [ipv4] });
  assert.is(bench.states()[0], 'active');
  assert.not.ok(bench.events.some((event) => event.type === 'path-state' && event.state === 'dead'));
});

test('[5555-4.3-03] a mapping that is lost after a silence makes the silences shorter, never below 5 s', () => {
  const probe = { ...PROBING, idleIntervalMs: 60_000 };
  const bench = started({ alive: [ipv4] }, [{ ipv4 }], { probe, lifetimeSeconds: 3600 });
  const keepAlive = () => bench.router.status(bench.nowMs).uplinks[0]!.ipv4!.keepAliveSeconds!;
  assert.is(keepAlive(), 25);
  live(bench, 26_000, { alive: [ipv4] });
  const seen: number[] = [keepAlive()];
  for (let loss = 0; loss < 12; loss++) {
    const place = bench.sent.length;
    while (bench.sent.length === place) live(bench, 10, { alive: [], updatesOnly: [ipv4] });
    live(bench, 2000, { alive: [ipv4] });
    seen.push(keepAlive());
  }
  assert.ok(seen[1]! < 20, `${seen}`);
  assert.ok(
    seen.every((value) => value >= 5),
    `${seen}`,
  );
  assert.ok(seen.at(-1)! < 6, `${seen}`);
  live(bench, 600_000, { alive: [ipv4] });
  assert.ok(keepAlive() > seen.at(-1)! + 1, 'it grows back');
  assert.ok(keepAlive() < 25, 'slowly');
  assert.is(bench.states()[0], 'active');
});

test('a dead IPv4 path is removed over another one and tried again by registering it, with pauses that double up to 32 s', () => {
  const bench = started({ alive: [ipv4, second] }, [{ ipv4 }, { ipv6: second }]);
  assert.equal(bench.usable(), [1, 2]);
  live(bench, 6000, { alive: [second] });
  assert.is(bench.states()[0], 'dead');
  assert.equal(bench.usable(), [2]);
  const place = bench.sent.findLastIndex(({ lifetimeSeconds }) => lifetimeSeconds === 0);
  assert.equal(sentSince(bench, place)[0], [[1], false, second]);
  live(bench, 150_000, { alive: [second] });
  const attempts = bench.sent.slice(place).filter(({ packet }) => sourceOf(packet) === ipv4);
  const pauses = attempts.slice(1).map(({ atMs }, index) => Math.round((atMs - attempts[index]!.atMs) / 1000));
  assert.equal(pauses.slice(0, 8), [1, 2, 4, 8, 16, 32, 32, 32]);
  assert.is(bench.states()[0], 'dead');
  const revivedFrom = bench.sent.length;
  live(bench, 40_000, { alive: [ipv4, second] });
  assert.ok(bench.sent.slice(revivedFrom).every(({ lifetimeSeconds }) => lifetimeSeconds > 0));
  assert.equal(bench.states().slice(0, 2), ['active', 'active']);
  assert.equal(bench.usable(), [1, 2]);
});

test('the only path, dead, is tried by registering too, and its answer brings everything back', () => {
  const bench = started({ alive: [ipv4] }, [{ ipv4 }]);
  live(bench, 20_000, { alive: [] });
  assert.equal([bench.states()[0], bench.usable()], ['dead', []]);
  // Probes get no answer until an update has made a new mapping.
  for (const untilMs = bench.nowMs + 33_000; bench.nowMs < untilMs && bench.states()[0] === 'dead'; ) {
    live(bench, 10, { alive: [], updatesOnly: [ipv4] });
  }
  assert.equal([bench.states()[0], bench.usable()], ['active', [1]]);
  live(bench, 20_000, { alive: [ipv4] });
  assert.is(bench.states()[0], 'active');
  const back = bench.events.findLast(({ type }) => type === 'path-state');
  assert.equal(back, { type: 'path-state', uplink: 'cellular', bid: 1, state: 'active', reason: 'registered' });
});

test('[5555-4.4.1-05, 5555-4.4.1-06] where updates get through and packets without UDP do not, UDP is asked for', () => {
  const forced = Flag.forceUdpEncapsulation;
  const grants = (update: SentUpdate) => ({ options: [natDetection(undefined, (update.flags & forced) !== 0)] });
  const bench = started({ alive: [ipv4], answer: NO_NAT }, [{ ipv4 }, { ipv6: second }]);
  assert.is(bench.tunnels()[0]!.encapsulation, 2);
  const blocked: World = { alive: [second], updatesOnly: [ipv4], answerTo: grants };
  while (bench.tunnels().find(({ id }) => id === 1)?.encapsulation !== 3) {
    live(bench, 100, blocked);
    assert.ok(bench.nowMs < 5_100_000);
  }
  live(bench, 10_000, { alive: [ipv4, second], answerTo: grants });
  assert.equal(bench.states().slice(0, 2), ['active', 'active']);
  assert.equal(
    bench.tunnels().map(({ encapsulation, usable }) => [encapsulation, usable]),
    [
      [3, true],
      [1, true],
    ],
  );
});

test('[5555-4.4.1-05] UDP is asked for as well where the path is so slow that updates are answered after it was found dead', () => {
  const bench = started({ alive: [ipv4, second], answer: NO_NAT }, [{ ipv4 }, { ipv6: second }]);
  const blocked: World = { alive: [second], updatesOnly: [ipv4], answer: NO_NAT };
  const until = (state: string, world: World) => {
    for (let turns = 0; bench.states()[0] !== state && turns < 10_000; turns++) live(bench, 10, world);
    assert.is(bench.states()[0], state);
  };
  for (let turn = 0; turn < 2; turn++) {
    until('dead', { alive: [second] });
    const place = bench.sent.length;
    until('active', blocked);
    const forced = bench.sent.slice(place).map(({ flags }) => (flags & Flag.forceUdpEncapsulation) !== 0);
    assert.equal([...new Set(forced)], [turn === 1], `turn ${turn}`);
  }
});

test('where the agent does not grant UDP either, the path is left alone for a while instead of coming and going', () => {
  const refuses = ({ flags }: SentUpdate) => ({
    options: [natDetection()],
    ...((flags & Flag.forceUdpEncapsulation) !== 0 && { status: BindingStatus.forcedUdpEncapsulationRefused }),
  });
  for (const answerTo of [refuses, () => NO_NAT]) {
    const bench = started({ alive: [ipv4], answer: NO_NAT }, [{ ipv4 }, { ipv6: second }]);
    live(bench, 60_000, { alive: [second], updatesOnly: [ipv4], answerTo });
    const turns = bench.events.filter((event) => event.type === 'path-state' && event.bid === 1);
    assert.ok(turns.length < 10, `${turns.length} changes`);
    assert.equal(bench.usable(), [2]);
    live(bench, 400_000, { alive: [ipv4, second], answerTo });
    assert.equal(bench.usable(), [1, 2]);
  }
});

test('a next hop that does not answer ARP any more ends the IPv4 path at once, without waiting for probes', () => {
  const world = { alive: [ipv4, second] };
  const bench = started(world, [{ ipv4 }, { ipv6: second }]);
  const place = bench.sent.length;
  bench.attach({ ipv4, ipv4RouterLost: true }, { ipv6: second });
  assert.is(bench.states()[0], 'dead');
  assert.equal(sentSince(bench, place)[0], [[1], false, second]);
  live(bench, 2000, { alive: [second] });
  bench.look({ ipv4 }, { ipv6: second });
  live(bench, 40_000, world);
  assert.is(bench.states()[0], 'active');
});

test('an uplink whose IPv6 side is dead is removed over another one and tried by IPv4; it goes back only if IPv4 does not lead anywhere', () => {
  const sides = [{ ipv6, ipv4 }, { ipv6: second }];
  for (const ipv4Works of [true, false]) {
    const bench = started({ alive: [ipv6, second] }, sides);
    const place = bench.sent.length;
    live(bench, 20_000, { alive: [second, ...(ipv4Works ? [ipv4] : [])] });
    assert.equal(sentSince(bench, place).slice(0, 2), [
      [[1], false, second],
      [[1], true, ipv4],
    ]);
    assert.equal(bench.usable(), ipv4Works ? [1, 2] : [2]);
    live(bench, 15_000, { alive: [ipv6, ipv4, second] });
    assert.equal(bench.usable(), [1, 2]);
    if (ipv4Works) assert.is(bench.tunnels()[0]!.outerSource, ipv4);
  }
});

test('[5555-4.4.1-06] IPv4 that comes to an uplink whose IPv6 side has long been dead is tried at once', () => {
  const bench = started({ alive: [ipv6, second] }, [{ ipv6 }, { ipv6: second }]);
  live(bench, 60_000, { alive: [second] });
  assert.is(bench.states()[0], 'dead');
  bench.look({ ipv6, ipv4 }, { ipv6: second });
  live(bench, 1000, { alive: [ipv4, second] });
  assert.equal([bench.states()[0], bench.usable()], ['active', [1, 2]]);
});

test('after a short loss of the whole link the IPv6 side comes back first, for it is probed', () => {
  const bench = started({ alive: [ipv6, second] }, [{ ipv6, ipv4 }, { ipv6: second }]);
  live(bench, 4600, { alive: [second] });
  assert.equal(bench.usable(), [2]);
  live(bench, 4000, { alive: [ipv6, second] });
  assert.equal(bench.usable(), [1, 2]);
  assert.is(bench.tunnels().find(({ id }) => id === 1)?.outerSource, ipv6);
});

test.run();
