import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OptionType } from '../../../../src/wire/mh/numbers.ts';
import {
  AGENT,
  CARE_OF,
  FIRST_SEQUENCE_NUMBER,
  Flag,
  HOME,
  identifier,
  MobileRouterBench,
  NETWORK,
  OTHER_NETWORK,
  ROUTER_FLAGS,
  registeredRouter,
} from '../../../lib/engines.ts';

const [, first, second, third] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0], (typeof CARE_OF)[0]];

test('without an uplink nothing is sent and nothing has to be done', () => {
  const bench = new MobileRouterBench();
  assert.equal(bench.uplinks(null, null, null), []);
  assert.is(bench.router.nextDeadlineMs, Number.POSITIVE_INFINITY);
  assert.equal(bench.states(), ['down', 'down', 'down']);
});

test('[3963-3-01, 3963-5.2-03, 6275-11.7.1-02, 6275-11.7.1-03, 6275-11.7.1-05, 6275-11.7.1-10] a care-of address is registered at once: home registration from it, with the home address in its option', () => {
  const bench = new MobileRouterBench();
  const [update, ...more] = bench.uplinks(first, null, null);
  assert.equal(more, []);
  assert.equal(update?.packet, {
    kind: 'mobility',
    source: first,
    destination: AGENT,
    homeAddress: HOME,
    message: {
      type: 5,
      sequenceNumber: FIRST_SEQUENCE_NUMBER + 1,
      flags: ROUTER_FLAGS | Flag.overwrite,
      lifetimeSeconds: 120,
      options: [{ type: OptionType.mobileNetworkPrefix, prefix: NETWORK }, identifier(1, { careOfAddress: first })],
    },
  });
  assert.is(update?.interfaceIndex, 11);
});

test('[5648-5.9-01] after start-up the best uplink registers alone with the Overwrite flag, then the others in one bulk without it', () => {
  const bench = new MobileRouterBench();
  const [update, ...early] = bench.uplinks(first, second, third);
  assert.equal(early, []);
  assert.equal([update?.bids, update?.overwrites], [[1], true]);
  const [bulk, ...more] = bench.acknowledge(update!);
  assert.equal(more, []);
  assert.equal([bulk?.bids, bulk?.overwrites], [[2, 3], false]);
  assert.equal(bench.acknowledge(bulk!), []);
  assert.equal(bench.states(), ['active', 'active', 'active']);
});

test('[5648-5.3-01, 5648-5.1-04, 5648-5.2-01] in bulk each BID comes with its care-of address', () => {
  const bench = new MobileRouterBench();
  const [update] = bench.uplinks(first, second, third);
  const [bulk] = bench.acknowledge(update!);
  assert.equal(bulk?.options.slice(1), [
    identifier(2, { careOfAddress: second }),
    identifier(3, { careOfAddress: third }),
  ]);
});

test('the best uplink is the one with the lowest priority number, whatever its place in the list', () => {
  const uplinks = [3, 1, 2].map((priority, index) => ({
    name: ['cellular', 'wifi', 'satellite'][index]!,
    interface: `wan${index}`,
    priority,
    weight: 1,
    bid: index + 1,
  }));
  const bench = new MobileRouterBench({ uplinks });
  const [update] = bench.uplinks(first, second, third);
  assert.equal([update?.bids, update?.packet.source], [[2], second]);
  const [bulk] = bench.acknowledge(update!);
  assert.equal(bulk?.bids, [3, 1]);
});

test('[5648-4.1-01] in individual mode there is one Binding Update per BID, from its own care-of address and interface', () => {
  const bench = new MobileRouterBench({ registration: 'individual' });
  const [update] = bench.uplinks(first, second, third);
  const individual = bench.acknowledge(update!);
  assert.equal(
    individual.map(({ bids, packet, interfaceIndex, sequenceNumber }) => [
      bids,
      packet.source,
      interfaceIndex,
      sequenceNumber,
    ]),
    [
      [[2], second, 12, FIRST_SEQUENCE_NUMBER + 2],
      [[3], third, 13, FIRST_SEQUENCE_NUMBER + 3],
    ],
  );
  bench.settle(individual);
  assert.equal(bench.states(), ['active', 'active', 'active']);
});

test('[3963-3-04, 3963-5.2-01, 3963-5.2-02, 3963-5.2-05] explicit mode: every registration lists all prefixes, refreshes too', () => {
  const bench = registeredRouter([1, 2], { prefixes: [NETWORK, OTHER_NETWORK] });
  bench.wait(100_000);
  assert.ok(bench.sent.length >= 3);
  for (const { options, flags } of bench.sent) {
    const prefixes = options.flatMap((option) => (option.type === OptionType.mobileNetworkPrefix ? option.prefix : []));
    assert.equal(prefixes, [NETWORK, OTHER_NETWORK]);
    assert.is(flags & ROUTER_FLAGS, ROUTER_FLAGS);
  }
});

test('[3963-5.2-01, 3963-5.2-02, 3963-5.2-06] implicit mode: no prefix is ever listed, and the mobile router flag is set all the same', () => {
  const bench = registeredRouter([1, 2], { prefixMode: 'implicit' });
  bench.wait(100_000);
  assert.ok(bench.sent.length >= 3);
  for (const { options, flags } of bench.sent) {
    assert.not.ok(options.some(({ type }) => type === OptionType.mobileNetworkPrefix));
    assert.is(flags & ROUTER_FLAGS, ROUTER_FLAGS);
  }
});

test('[3963-5.8-04, 5648-5.4-02] a de-registration lists neither prefixes nor care-of addresses', () => {
  const bench = registeredRouter([1, 2]);
  const [removal] = bench.uplinks(first, null, null);
  assert.is(removal?.lifetimeSeconds, 0);
  assert.equal(removal?.options, [identifier(2)]);
});

test('[5648-5.2-03, 5648-4.3-08] whatever happens, no update has both a BID and an Alternate Care-of Address, or the H flag', () => {
  const bench = registeredRouter([1, 2, 3]);
  bench.uplinks(CARE_OF[7]!, second, null);
  bench.wait(100_000);
  bench.uplinks(null, second, third);
  bench.wait(5000);
  for (const { options } of bench.sent) {
    assert.not.ok(options.some(({ type }) => type === OptionType.alternateCareOfAddress));
    for (const option of options) {
      if (option.type === OptionType.bindingIdentifier) assert.is(option.simultaneousHomeAndForeign, false);
    }
  }
});

// --- refreshing ------------------------------------------------------------------------------------------------------

test('[6275-11.7.3-04, 5648-4.1-01] bindings are refreshed in bulk after four fifths of the granted lifetime, again and again', () => {
  const bench = registeredRouter([1, 2, 3]);
  for (let round = 0; round < 10; round++) {
    const before = bench.nowMs;
    const refreshes: typeof bench.sent = [];
    while (refreshes.length === 0) refreshes.push(...bench.wait(100));
    assert.ok(bench.nowMs - before <= 96_000);
    for (const refresh of refreshes) {
      assert.is(refresh.overwrites, false);
      assert.ok(refresh.bids.length > 0);
    }
    bench.settle(refreshes);
    const remaining = bench.router.status(bench.nowMs).uplinks.map((uplink) => uplink.registrationRemainingSeconds);
    for (const seconds of remaining) assert.ok(seconds !== null && seconds > 0);
  }
  const numbers = bench.sent.map(({ sequenceNumber }) => sequenceNumber);
  assert.equal(
    numbers,
    numbers.map((_, index) => FIRST_SEQUENCE_NUMBER + 1 + index),
  );
});

test('[6275-11.7.3-03] a shorter lifetime that the agent grants is what counts', () => {
  const bench = new MobileRouterBench();
  const [update] = bench.uplinks(first, null, null);
  bench.run(1000);
  bench.acknowledge(update!, { lifetimeSeconds: 40 });
  assert.is(bench.router.status(bench.nowMs).uplinks[0]?.registrationRemainingSeconds, 39);
  assert.equal(bench.wait(31_100), []);
  assert.equal(
    bench.wait(200).map(({ bids }) => bids),
    [[1]],
  );
});

test('[6275-6.2.4-03] a Binding Refresh Advice brings the refresh forward', () => {
  const bench = new MobileRouterBench();
  const [update] = bench.uplinks(first, null, null);
  const options = [{ type: OptionType.bindingRefreshAdvice, refreshIntervalSeconds: 40 } as const];
  bench.acknowledge(update!, { options });
  assert.equal(bench.wait(39_999), []);
  assert.is(bench.wait(1).length, 1);
});

test('[6275-11.1-02] a binding whose refreshes are never answered ends with its lifetime, and its tunnel with it', () => {
  const bench = registeredRouter([1]);
  const remaining = bench.router.status(bench.nowMs).uplinks[0]!.registrationRemainingSeconds! * 1000;
  bench.wait(remaining - 1);
  assert.equal(bench.states(), ['active', 'down', 'down']);
  assert.equal(bench.usable(), [1]);
  bench.wait(1);
  assert.equal(bench.states(), ['registering', 'down', 'down']);
  assert.equal(bench.usable(), []);
  const removed = bench.events.filter((event) => event.type === 'binding-removed');
  assert.equal(removed, [
    { type: 'binding-removed', homeAddress: HOME, bid: 1, careOfAddress: first, reason: 'expired' },
  ]);
});

test('[6275-11.8-07, 6275-11.5.3-02] however wildly uplinks change, no second has more than three updates of new care-of addresses', () => {
  const bench = registeredRouter([1, 2, 3]);
  const fromMs = bench.nowMs;
  for (let step = 0; step < 200; step++) {
    // Never without uplink, so that no de-registration is among them.
    const careOf = [1, 2, 3].map((n) => CARE_OF[1 + ((n + 3 * step) % 9)]!);
    const sent = [...bench.uplinks(...careOf), ...bench.wait(50)];
    // Some answers are lost: their updates are outdated by the next change.
    if (step % 3 > 0) bench.settle(sent);
  }
  const times = bench.sent.filter(({ atMs }) => atMs >= fromMs).map(({ atMs }) => atMs);
  assert.ok(times.length >= 20);
  for (const start of times) {
    const inSecond = times.filter((at) => at >= start && at < start + 1000).length;
    assert.ok(inSecond <= 3, `${inSecond} in a second`);
  }
  bench.settle(bench.wait(1000));
  bench.settle(bench.wait(40_000));
  assert.equal(bench.states(), ['active', 'active', 'active']);
});

test('[6275-11.7.2-13, 5648-4.1-01] sequence numbers go round from 65535 to 0', () => {
  const bench = new MobileRouterBench({}, 65_534);
  const [update] = bench.uplinks(first, second, null);
  assert.is(update?.sequenceNumber, 65_535);
  const [bulk] = bench.acknowledge(update!);
  assert.is(bulk?.sequenceNumber, 0);
  bench.acknowledge(bulk!);
  assert.equal(bench.states(), ['active', 'active', 'down']);
});

test('[6275-11.7.2-14] the first sequence number comes from the random stream', () => {
  for (const start of [0, 5, 40_000]) {
    const [update] = new MobileRouterBench({}, start).uplinks(first, null, null);
    assert.is(update?.sequenceNumber, start + 1);
  }
});

test.run();
