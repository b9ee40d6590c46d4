import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import type { Icmpv6Packet } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  CARE_OF,
  dropsIn,
  echoReplyTo,
  type MobileRouterBench,
  PROBE_IDENTIFIER,
  PROBING,
  probesIn,
  registeredRouter,
  updatesIn,
} from '../../../lib/engines.ts';

const [, first, second, third] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0], (typeof CARE_OF)[0]];

/** Lets time pass in small steps; answers the probes of the uplinks with these care-of addresses at once. */
function run(bench: MobileRouterBench, durationMs: number, alive: readonly unknown[]): void {
  for (const untilMs = bench.nowMs + durationMs; bench.nowMs < untilMs; ) {
    const actions = bench.run(10);
    for (const probe of probesIn(actions)) {
      if (alive.includes(probe.source)) bench.handle({ type: 'icmpv6', packet: echoReplyTo(probe) });
    }
    for (const update of updatesIn(actions, bench.nowMs)) {
      if (alive.includes(update.packet.source)) bench.settle([update]);
    }
  }
}

function probed(): MobileRouterBench {
  const bench = registeredRouter([1, 2, 3], { probe: PROBING });
  run(bench, 5000, [first, second, third]);
  assert.equal(bench.states(), ['active', 'active', 'active']);
  return bench;
}

test('a probe is an echo request from the care-of address to the home agent, by its own interface', () => {
  const bench = registeredRouter([2], { probe: PROBING });
  const sends = bench.run(2000).filter((action) => action.type === 'send');
  assert.ok(sends.length > 0);
  for (const { packet, interfaceIndex } of sends) {
    assert.equal([packet.kind, packet.source, packet.destination, interfaceIndex], ['icmpv6', second, AGENT, 12]);
    const { message } = packet as Icmpv6Packet;
    assert.ok(message.type === 128);
    assert.is(message.type === 128 && message.identifier, PROBE_IDENTIFIER);
  }
});

test('[MHA-6.1.3-02, MHA-A-02, 5648-5.4-02] a silently dead uplink is left, and its BID removed over another one', () => {
  const bench = probed();
  const before = bench.sent.length;
  const deadMs = bench.nowMs;
  while (bench.states()[0] === 'active') run(bench, 50, [second, third]);
  assert.ok(bench.nowMs - deadMs < 6000, 'it carries nothing, so it is probed slowly');
  assert.equal(bench.states(), ['dead', 'active', 'active']);
  assert.equal(bench.usable(), [2, 3]);
  const [removal, ...more] = bench.sent.slice(before);
  assert.equal([removal?.bids, removal?.lifetimeSeconds, removal?.packet.source, more], [[1], 0, second, []]);
  const handover = bench.events.findLast(({ type }) => type === 'handover');
  assert.equal(handover, { type: 'handover', from: 'cellular', to: 'wifi', reason: 'probe-lost' });
});

test('[MHA-5.3-02] of two care-of addresses of one link the one that brings nothing any more is left for the other', () => {
  const bench = probed();
  const together = bench.observed().map((uplink) => ({ ...uplink, interfaceIndex: 11 }));
  bench.handle({ type: 'uplinks', uplinks: together });
  bench.traffic = (tunnelId) => ({ sentPackets: tunnelId === 1 ? bench.nowMs : 0, lastReceivedMs: 0 });
  run(bench, 3000, [second, third]);
  assert.equal(bench.states(), ['dead', 'active', 'active']);
  const { tunnels } = bench.router.forwarding(bench.nowMs);
  assert.equal(
    tunnels.filter(({ usable }) => usable).map(({ outerSource, interfaceIndex }) => [outerSource, interfaceIndex]),
    [
      [second, 11],
      [third, 11],
    ],
  );
});

test('[MHA-6.1.3-06] when it answers again it is registered again and takes the traffic', () => {
  const bench = probed();
  run(bench, 8000, [second, third]);
  assert.is(bench.states()[0], 'dead');
  const repairedMs = bench.nowMs;
  while (bench.states()[0] !== 'active') run(bench, 50, [first, second, third]);
  assert.ok(bench.nowMs - repairedMs <= 5000, `${bench.nowMs - repairedMs} ms`);
  assert.equal(bench.usable(), [1, 2, 3]);
});

test('a dead uplink that gets a new address begins as alive', () => {
  const bench = probed();
  run(bench, 8000, [second, third]);
  bench.uplinks(CARE_OF[7]!, second, third);
  assert.equal(bench.states(), ['registering', 'active', 'active']);
});

test('all paths dead: nothing is usable, and the first answer path brings everything back', () => {
  const bench = probed();
  run(bench, 10_000, []);
  assert.equal(bench.states(), ['dead', 'dead', 'dead']);
  assert.equal(bench.usable(), []);
  run(bench, 6000, [third]);
  assert.equal(bench.usable(), [3]);
});

test('echo replies of strangers, or to another’s echo requests, are no sign of life', () => {
  const bench = registeredRouter([1], { probe: PROBING });
  const stranger = address('2001:db8:66::1');
  for (let count = 0; count < 800; count++) {
    for (const probe of probesIn(bench.run(10))) {
      const reply = echoReplyTo(probe);
      const other = { ...reply.message, identifier: 1 } as Icmpv6Packet['message'];
      assert.equal(dropsIn(bench.handle({ type: 'icmpv6', packet: { ...reply, source: stranger } })), []);
      bench.handle({ type: 'icmpv6', packet: { ...reply, message: other } });
      bench.handle({ type: 'icmpv6', packet: probe });
    }
  }
  assert.equal(bench.states(), ['dead', 'down', 'down']);
});

test('the round trip is that of the last answered probe', () => {
  const bench = registeredRouter([1], { probe: PROBING });
  const [probe] = probesIn(bench.run(2000));
  bench.run(40);
  bench.handle({ type: 'icmpv6', packet: echoReplyTo(probe!) });
  assert.ok((bench.router.status(bench.nowMs).uplinks[0]?.roundTripMs ?? 0) >= 40);
});

test.run();
