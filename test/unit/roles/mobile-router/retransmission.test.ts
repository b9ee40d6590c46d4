import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { acknowledgementOf, CARE_OF, dropsIn, MobileRouterBench, registeredRouter } from '../../../lib/engines.ts';

const [, first, second, third] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0], (typeof CARE_OF)[0]];

/** Seconds between the transmissions. */
function gaps(times: readonly { readonly atMs: number }[]): number[] {
  return times.slice(1).map(({ atMs }, index) => (atMs - times[index]!.atMs) / 1000);
}

test('[6275-11.8-02, 6275-11.8-04, 6275-11.8-05, 6275-11.7.1-14] a first registration is repeated after 1.5 s, then 3, 6, 12, 24, and every 32 s', () => {
  const bench = new MobileRouterBench();
  bench.uplinks(first, null, null);
  bench.run(180_000);
  assert.equal(gaps(bench.sent), [1.5, 3, 6, 12, 24, 32, 32, 32, 32]);
});

test('[6275-11.8-03, 6275-11.8-05] any other update is repeated after 1 s, then 2, 4, 8, 16', () => {
  const bench = registeredRouter([1]);
  const before = bench.sent.length;
  bench.uplinks(first, second, null);
  bench.run(32_000);
  assert.equal(gaps(bench.sent.slice(before)), [1, 2, 4, 8, 16]);
});

test('[6275-11.7.1-19, 6275-11.8-02] after a gap in the binding the first time-out is 1.5 s again', () => {
  const bench = registeredRouter([1]);
  bench.settle(bench.uplinks(null, null, null));
  bench.run(200_000);
  const before = bench.sent.length;
  bench.uplinks(first, null, null);
  bench.run(5000);
  assert.is(gaps(bench.sent.slice(before))[0], 1.5);
});

test('[6275-11.7.2-13] every repetition has a sequence number of its own, one more than the last', () => {
  const bench = new MobileRouterBench();
  bench.uplinks(first, null, null);
  bench.run(100_000);
  const numbers = bench.sent.map(({ sequenceNumber }) => sequenceNumber);
  assert.ok(numbers.length > 6);
  numbers.slice(1).forEach((number, index) => {
    assert.is(number, numbers[index]! + 1);
  });
});

test('[6275-11.7.3-02, 6275-11.8-04] an answer ends the repetitions', () => {
  const bench = new MobileRouterBench();
  bench.uplinks(first, null, null);
  const [, repeated] = [...bench.sent, ...bench.wait(2000)];
  bench.acknowledge(repeated!);
  assert.equal(bench.wait(60_000), []);
});

test('an answer to an earlier transmission of the same bindings is as good as one to the last', () => {
  const bench = new MobileRouterBench();
  const [update] = bench.uplinks(first, null, null);
  bench.run(2000);
  assert.is(bench.sent.length, 2);
  bench.acknowledge(update!);
  assert.equal(bench.states(), ['active', 'down', 'down']);
  assert.equal(bench.wait(60_000), []);
});

test('[6275-11.7.3-01] an answer to a number that was never sent, or one answered before, is ignored', () => {
  const bench = new MobileRouterBench();
  const [update] = bench.uplinks(first, null, null);
  for (const sequenceNumber of [update!.sequenceNumber - 1, update!.sequenceNumber + 1, 0, 65_535]) {
    const actions = bench.receive(acknowledgementOf(update!.packet, { sequenceNumber }));
    assert.equal(dropsIn(actions), ['unexpected-sequence-number']);
  }
  assert.equal(bench.states(), ['registering', 'down', 'down']);
  bench.acknowledge(update!);
  const again = bench.receive(acknowledgementOf(update!.packet, { status: 130 }));
  assert.equal(dropsIn(again), ['unexpected-sequence-number']);
  assert.equal(bench.states(), ['active', 'down', 'down']);
});

test('a first registration without answer goes round the uplinks until one brings it', () => {
  const bench = new MobileRouterBench();
  bench.uplinks(first, second, third);
  bench.run(20_000);
  assert.equal(
    bench.sent.map(({ bids, packet, overwrites }) => [bids, packet.source, overwrites]),
    [
      [[1], first, true],
      [[2], second, true],
      [[3], third, true],
      [[1], first, true],
    ],
  );
});

test('[5648-5.9-01, 5648-5.2-07] of several overwriting registrations only the last one counts: the agent has dropped the others', () => {
  const bench = new MobileRouterBench();
  const [slow] = bench.uplinks(first, second, null);
  const [last] = bench.wait(1500);
  assert.equal([slow?.bids, last?.bids], [[1], [2]]);
  bench.acknowledge(slow!);
  assert.equal(bench.usable(), [], 'BID 1 may have been replaced by BID 2');
  const rest = bench.acknowledge(last!);
  assert.equal(
    rest.map(({ bids, overwrites }) => [bids, overwrites]),
    [[[1], false]],
  );
  bench.settle(rest);
  assert.equal(bench.states(), ['active', 'active', 'down']);
  assert.equal(bench.wait(60_000), []);
});

test('[6275-11.8-06] the silence of one care-of address does not delay another', () => {
  const bench = registeredRouter([1], { registration: 'individual' });
  const [dead] = bench.uplinks(first, second, null);
  bench.run(20_000);
  const [alive] = bench.uplinks(first, second, third).filter(({ bids }) => bids.includes(3));
  assert.is(alive?.atMs, bench.nowMs);
  bench.acknowledge(alive!);
  assert.equal(bench.states(), ['active', 'registering', 'active']);
  assert.equal(dead?.bids, [2]);
});

test('a bulk registration without answer takes another uplink each time', () => {
  const bench = registeredRouter([1]);
  const before = bench.sent.length;
  bench.uplinks(first, second, third);
  bench.run(8000);
  assert.equal(
    bench.sent.slice(before).map(({ bids, packet }) => [bids, packet.source]),
    [
      [[2, 3], first],
      [[2, 3], second],
      [[2, 3], third],
      [[2, 3], first],
    ],
  );
});

test('a new care-of address is sent at once, not when the old one’s time-out is over', () => {
  const bench = registeredRouter([1]);
  bench.uplinks(first, second, null);
  bench.run(7500);
  const [update] = bench.uplinks(first, CARE_OF[8]!, null);
  assert.is(update?.atMs, bench.nowMs);
  assert.equal(update?.bids, [2]);
  bench.acknowledge(update!);
  assert.is(bench.router.status(bench.nowMs).uplinks[1]?.state, 'active');
});

test('an uplink that goes while its registration is under way ends the registration', () => {
  const bench = registeredRouter([1]);
  const [update] = bench.uplinks(first, second, null);
  const [removal] = bench.uplinks(first, null, null);
  assert.equal([update?.bids, removal?.bids, removal?.lifetimeSeconds], [[2], [2], 0]);
  assert.equal(dropsIn(bench.receive(acknowledgementOf(update!.packet))), ['unexpected-sequence-number']);
  bench.acknowledge(removal!);
  assert.equal(bench.wait(30_000), []);
});

test('an uplink that returns before its de-registration is answered is registered anew at once, and the late answer changes nothing', () => {
  const bench = registeredRouter([1, 2, 3]);
  const [removal] = bench.uplinks(first, null, null);
  assert.equal([removal?.bids, removal?.lifetimeSeconds], [[2, 3], 0]);
  bench.run(100);
  const [update, ...more] = bench.uplinks(first, second, null);
  assert.equal([update?.bids, update?.lifetimeSeconds, more], [[2], 120, []]);
  assert.equal(bench.usable(), [1], 'the agent may have dropped BID 2 already');
  bench.acknowledge(update!);
  assert.equal(bench.usable(), [1, 2]);
  bench.acknowledge(removal!);
  assert.equal(bench.usable(), [1, 2]);
  assert.equal(bench.wait(60_000), []);
});

test('[6275-11.8-07] one update per binding: more than three in a second wait for the next', () => {
  const bench = registeredRouter([1, 2, 3], { registration: 'individual' });
  const fromMs = bench.nowMs;
  bench.uplinks(CARE_OF[4]!, CARE_OF[5]!, CARE_OF[6]!);
  bench.uplinks(CARE_OF[7]!, CARE_OF[8]!, CARE_OF[9]!);
  assert.is(bench.sent.filter(({ atMs }) => atMs >= fromMs).length, 3);
  assert.is(bench.wait(999).length, 0);
  assert.is(bench.wait(1).length, 3);
});

test('without any uplink nothing is repeated; with the next one everything goes on at once', () => {
  const bench = new MobileRouterBench();
  bench.uplinks(first, null, null);
  bench.uplinks(null, null, null);
  assert.equal(bench.wait(100_000), []);
  const resumed = bench.uplinks(null, second, null);
  assert.ok(resumed.some(({ bids, lifetimeSeconds }) => bids.includes(2) && lifetimeSeconds > 0));
  assert.is(resumed[0]?.atMs, bench.nowMs);
});

test.run();
