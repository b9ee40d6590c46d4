import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ForwardingTable } from '../../../../src/forwarding/table.ts';
import { tableProblem } from '../../../../src/forwarding/table-problem.ts';
import type { BindingAcknowledgement } from '../../../../src/wire/mh/messages/binding-acknowledgement.ts';
import { OptionType } from '../../../../src/wire/mh/numbers.ts';
import {
  type AcknowledgementParts,
  AGENT,
  acknowledgementOf,
  alternateCareOfAddress,
  CARE_OF,
  dropsIn,
  HOME,
  identifier,
  MobileRouterBench,
  ROUTER_FLAGS,
  registeredRouter,
  type SentUpdate,
} from '../../../lib/engines.ts';

const [, first, second, third] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0], (typeof CARE_OF)[0]];

/** A router that has just sent its first registration, and that update. */
function starting(): [MobileRouterBench, SentUpdate] {
  const bench = new MobileRouterBench();
  const [update] = bench.uplinks(first, second, null);
  return [bench, update!];
}

function refusals(bench: MobileRouterBench): [number, number][] {
  return bench.events.flatMap((event) => (event.type === 'binding-refused' ? [[event.bid, event.status]] : []));
}

// --- 135 -------------------------------------------------------------------------------------------------------------

test('[6275-11.7.1-17, 6275-11.7.3-05] status 135 sets the sequence number, and the update is sent again at once with the next', () => {
  const [bench, update] = starting();
  const [again, ...more] = bench.acknowledge(update, { status: 135, sequenceNumber: 5000 });
  assert.equal(more, []);
  assert.equal([again?.sequenceNumber, again?.bids, again?.overwrites], [5001, [1], true]);
  bench.settle([again!]);
  assert.equal(bench.states(), ['active', 'active', 'down']);
  assert.equal(refusals(bench), []);
});

test('status 135 without end does not make the router send without end', () => {
  const [bench, update] = starting();
  const fromMs = bench.nowMs;
  let number = 100;
  for (let open: SentUpdate[] = [update]; bench.nowMs < fromMs + 60_000; ) {
    for (const sent of open) {
      number = (number + 1000) & 0xffff;
      bench.acknowledge(sent, { status: 135, sequenceNumber: number });
    }
    open = bench.wait(20);
  }
  assert.ok(bench.sent.length < 20, `${bench.sent.length} updates in a minute`);
});

test('status 135 while nothing is under way is ignored', () => {
  const bench = registeredRouter([1]);
  const before = bench.router.status(bench.nowMs).sequenceNumber;
  const actions = bench.receive(acknowledgementOf(bench.sent[0]!.packet, { status: 135, sequenceNumber: 7 }));
  assert.equal(dropsIn(actions), ['unexpected-sequence-number']);
  assert.is(bench.router.status(bench.nowMs).sequenceNumber, before);
});

test('a late answer with status 135, overtaken by others, does not make the router use its numbers twice', () => {
  const bench = registeredRouter([1, 2]);
  const [late] = bench.uplinks(first, CARE_OF[5]!, null);
  const [later] = bench.uplinks(first, CARE_OF[6]!, null);
  const [again] = bench.acknowledge(late!, { status: 135, sequenceNumber: late!.sequenceNumber - 1 });
  assert.is(again?.sequenceNumber, later!.sequenceNumber + 1);
  const numbers = bench.sent.map(({ sequenceNumber }) => sequenceNumber);
  assert.is(new Set(numbers).size, numbers.length);
});

// --- statuses of several bindings (RFC 5648 §5.7) --------------------------------------------------------------------

test('[5648-5.7-03, 5648-5.7-04] in a bulk answer each BID has the status of its option, or that of the message where it is zero', () => {
  const bench = registeredRouter([1]);
  const [bulk] = bench.uplinks(first, second, third);
  bench.acknowledge(bulk!, { status: 4, statuses: { 3: 130 } });
  assert.equal(bench.states(), ['active', 'active', 'registering']);
  assert.equal(refusals(bench), [[3, 130]]);
});

test('an answer that does not name a BID says nothing about it: the update goes on for that one', () => {
  const bench = registeredRouter([1]);
  const [bulk] = bench.uplinks(first, second, third);
  const answer = acknowledgementOf(bulk!.packet);
  const message = answer.message as BindingAcknowledgement;
  bench.receive({ ...answer, message: { ...message, options: [identifier(2)] } });
  assert.equal(bench.states(), ['active', 'active', 'registering']);
  const [rest] = bench.wait(1000);
  assert.equal(rest?.bids, [3]);
});

test('[6275-6.1.8-02, 5648-5.7-04] every status below 128 accepts, known or not, and every other one refuses', () => {
  for (const status of [0, 1, 4, 5, 99, 127]) {
    const [bench, update] = starting();
    bench.acknowledge(update, { status });
    assert.is(bench.states()[0], 'active', `${status}`);
  }
  for (const status of [128, 129, 130, 131, 132, 133, 134, 136, 139, 141, 164, 169, 174, 200, 255]) {
    const [bench, update] = starting();
    bench.acknowledge(update, { status, lifetimeSeconds: 262_140 });
    assert.is(bench.states()[0], 'registering', `${status}`);
    assert.equal(refusals(bench), [[1, status]]);
    assert.equal(bench.usable(), []);
  }
});

test('[6275-6.1.8-08, 3963-5.4.2-07] a refused refresh ends the binding, whatever lifetime the refusal states', () => {
  for (const status of [130, 133, 140, 141, 142, 143, 164, 169]) {
    const bench = registeredRouter([1]);
    const [refresh] = bench.wait(100_000);
    bench.acknowledge(refresh!, { status, lifetimeSeconds: 262_140 });
    assert.equal(bench.usable(), [], `${status}`);
    assert.is(bench.router.status(bench.nowMs).uplinks[0]?.registrationRemainingSeconds, null);
  }
});

test('after a refusal the router waits 10 s, then twice as long each time, up to 5 minutes', () => {
  const [bench, update] = starting();
  const waits: number[] = [];
  for (let open = update; waits.length < 8; ) {
    const refusedMs = bench.nowMs;
    assert.equal(bench.acknowledge(open, { status: 129 }), []);
    const next: SentUpdate[] = [];
    while (next.length === 0) next.push(...bench.wait(100));
    waits.push((bench.nowMs - refusedMs) / 1000);
    open = next[0]!;
  }
  assert.equal(waits, [10, 20, 40, 80, 160, 300, 300, 300]);
});

test('an acceptance ends the growth of the waits', () => {
  const [bench, update] = starting();
  bench.acknowledge(update, { status: 130 });
  const [again] = bench.wait(10_000);
  const [bulk] = bench.acknowledge(again!);
  bench.acknowledge(bulk!, { status: 130 });
  assert.equal(bench.wait(9999), []);
  assert.equal(
    bench.wait(1).map(({ bids }) => bids),
    [[2]],
  );
});

test('[3963-5.3-01] accepted without the mobile router flag is as good as refused: nothing is tunnelled', () => {
  const [bench, update] = starting();
  bench.acknowledge(update, { flags: 0 });
  assert.equal(bench.usable(), []);
  assert.equal(refusals(bench), [[1, 140]]);
});

test('[3963-5.3-01, 3963-5.5-01] nothing is tunnelled before the acknowledgement, and all of the mobile network after it', () => {
  const [bench, update] = starting();
  assert.equal(bench.usable(), []);
  bench.acknowledge(update);
  const { tunnels, groups } = bench.router.forwarding(bench.nowMs);
  assert.equal(
    tunnels.filter(({ usable }) => usable).map(({ outerSource, outerDestination }) => [outerSource, outerDestination]),
    [[first, AGENT]],
  );
  assert.is(groups[0]?.prefixes.length, 2);
});

test('what the agent sends before its acknowledgement has come is received, though nothing is sent by that tunnel', () => {
  const [bench] = starting();
  const [tunnel] = bench.router.forwarding(bench.nowMs).tunnels;
  assert.equal([tunnel?.outerSource, tunnel?.outerDestination, tunnel?.usable], [first, AGENT, false]);
});

test('an address that is on two interfaces for a moment makes one tunnel', () => {
  const bench = registeredRouter([1, 2]);
  bench.settle(bench.uplinks(first, first, null));
  bench.settle(bench.wait(2000));
  assert.equal(bench.states(), ['active', 'active', 'down']);
  assert.equal(bench.usable(), [1]);
  const table = { side: 'mobile-router', icmpSource: HOME, interfaces: [], ...bench.router.forwarding(bench.nowMs) };
  assert.is(tableProblem(table as ForwardingTable), undefined);
});

// --- falling back to plain Mobile IPv6 -------------------------------------------------------------------------------

/** Asserts that from here on the router speaks plain Mobile IPv6 over its best uplink. */
function assertPlain(bench: MobileRouterBench, update: SentUpdate | undefined): void {
  assert.equal([update?.bids, update?.overwrites, update?.packet.source], [[], false, first]);
  assert.is(update!.flags, ROUTER_FLAGS);
  assert.equal(
    update!.options.filter(({ type }) => type === OptionType.alternateCareOfAddress),
    [alternateCareOfAddress(first)],
  );
  bench.settle([update!], { identifiers: false });
  assert.is(bench.router.status(bench.nowMs).multipleCareOfAddresses, 'unsupported');
  assert.equal(bench.states(), ['active', 'standby', 'down']);
  assert.equal(
    bench.events.flatMap(({ type }) => (type === 'multiple-care-of-addresses-unavailable' ? type : [])).length,
    1,
  );
  for (const { bids } of bench.wait(200_000)) assert.equal(bids, []);
}

test('back on the old path after an update by another one that may have arrived, the router registers again', () => {
  const bench = registeredRouter([1, 2]);
  const [refresh] = bench.uplinks(third, second, null);
  assert.equal(refresh?.bids, [1]);
  // No answer comes; the agent may have taken it.
  const [again] = bench.uplinks(first, second, null);
  assert.equal([again?.bids, again?.packet.source], [[1], first]);
  assert.equal(bench.usable(), [2]);
  bench.acknowledge(again!);
  assert.equal(bench.usable(), [1, 2]);
});

test('[6275-11.5.4-03] the care-of address that was bound before stays good to receive by, as long as the router has it', () => {
  const [bench, update] = starting();
  bench.settle(bench.acknowledge(update, { identifiers: false }), { identifiers: false });
  bench.settle(bench.wait(2000).concat(bench.uplinks(null, second, null)), { identifiers: false });
  bench.run(2000);
  // The better uplink is back and bound: what the agent sent to the other one is still on its way.
  bench.settle(bench.uplinks(first, second, null), { identifiers: false });
  const table = { side: 'mobile-router', icmpSource: HOME, interfaces: [], ...bench.router.forwarding(bench.nowMs) };
  assert.equal(
    table.tunnels.map(({ outerSource, outerDestination, usable }) => [outerSource, outerDestination, usable]),
    [
      [first, AGENT, true],
      [second, AGENT, false],
    ],
  );
  assert.is(tableProblem(table as ForwardingTable), undefined);
  bench.settle(bench.uplinks(first, null, null), { identifiers: false });
  assert.equal(
    bench.router.forwarding(bench.nowMs).tunnels.map(({ outerSource }) => outerSource),
    [first],
  );
});

test('[5648-3-06, 5648-5.7-01, 6275-11.7.1-04] no BID in the answer: plain Mobile IPv6 from then on', () => {
  const [bench, update] = starting();
  const [plain, ...more] = bench.acknowledge(update, { identifiers: false });
  assert.equal(more, []);
  assertPlain(bench, plain);
});

test('[5648-5.7-01] a refusal without BID means the same, after the wait', () => {
  const [bench, update] = starting();
  assert.equal(bench.acknowledge(update, { identifiers: false, status: 130 }), []);
  assertPlain(bench, bench.wait(10_000)[0]);
});

test('[5648-5.7-05] status 166: plain Mobile IPv6 from then on', () => {
  const [bench, update] = starting();
  assertPlain(bench, bench.acknowledge(update, { status: 166 })[0]);
});

test('[MHA-6.3.4-01] in plain Mobile IPv6 the loss of the uplink moves the binding to the next one', () => {
  const [bench, update] = starting();
  bench.settle(bench.acknowledge(update, { identifiers: false }), { identifiers: false });
  bench.run(2000);
  const [moved, ...more] = bench.uplinks(null, second, null);
  assert.equal([moved?.bids, moved?.packet.source, moved!.lifetimeSeconds > 0, more], [[], second, true, []]);
  bench.acknowledge(moved!, { identifiers: false });
  assert.equal(bench.states(), ['down', 'active', 'down']);
  const [back] = bench.wait(2000).concat(bench.uplinks(first, second, null));
  assert.is(back?.packet.source, first, 'the preferred uplink is taken again when it returns');
});

// --- 165, 167, 168 ---------------------------------------------------------------------------------------------------

test('[5648-5.7-07] status 165: the next update has the Overwrite flag', () => {
  const bench = registeredRouter([1]);
  const [update] = bench.uplinks(first, second, null);
  assert.is(update?.overwrites, false);
  const [again, ...more] = bench.acknowledge(update!, { status: 165 });
  assert.equal([again?.overwrites, again?.bids, more], [true, [2], []]);
});

test('[5648-5.7-08] status 167 or 133 to a de-registration: done, nothing is repeated', () => {
  for (const status of [167, 133]) {
    const bench = registeredRouter([1, 2]);
    const [removal] = bench.uplinks(first, null, null);
    assert.equal(bench.acknowledge(removal!, { status }), []);
    assert.equal(bench.wait(60_000), []);
  }
});

test('[5648-5.7-09] status 167 to a registration: it is sent again with its care-of address', () => {
  const bench = registeredRouter([1, 2]);
  const [refresh] = bench.wait(100_000);
  const [again] = bench.acknowledge(refresh!, { status: 4, statuses: { 2: 167 } });
  assert.equal(again?.bids, [2]);
  const option = again!.options.find(({ type }) => type === OptionType.bindingIdentifier);
  assert.is(option && 'careOfAddress' in option && option.careOfAddress, second);
  bench.settle([again!]);
  assert.equal(bench.states(), ['active', 'active', 'down']);
});

test('[5648-5.7-06] status 168: every binding of the update is registered by itself, and no bulk is ever sent again', () => {
  const bench = new MobileRouterBench();
  const [update] = bench.uplinks(first, second, third);
  const [bulk] = bench.acknowledge(update!);
  assert.equal(bulk?.bids, [2, 3]);
  const individual = bench.acknowledge(bulk!, { status: 168 });
  bench.settle(individual);
  const rest = bench.wait(1000);
  assert.equal(
    [...individual, ...rest].map(({ bids }) => bids),
    [[2], [3]],
  );
  bench.settle(rest);
  assert.equal(bench.states(), ['active', 'active', 'active']);
  const later = bench.wait(100_000);
  assert.ok(later.length > 0);
  for (const { bids } of later) assert.is(bids.length, 1);
});

// --- sweeping --------------------------------------------------------------------------------------------------------

test('every status in every place leads to a finite number of updates, and never to a deadline in the past', () => {
  const statuses = [
    0,
    1,
    4,
    5,
    ...Array.from({ length: 14 }, (_, n) => 128 + n),
    142,
    143,
    164,
    165,
    166,
    167,
    168,
    169,
    174,
  ];
  for (const status of statuses) {
    for (const parts of [
      { status },
      { status, identifiers: false },
      { status: 4, statuses: { 1: status } },
      { status: 4, statuses: { 2: status, 3: status } },
      { status, flags: 0 },
      { status, lifetimeSeconds: 0 },
    ] as AcknowledgementParts[]) {
      for (const registration of ['bulk', 'individual'] as const) {
        const bench = new MobileRouterBench({ registration });
        let open = bench.uplinks(first, second, third);
        // A third of the answers say this for ever.
        for (let round = 0; round < 60; round++) {
          open = [...open.flatMap((update) => bench.acknowledge(update, round % 3 ? {} : parts)), ...bench.wait(100)];
        }
        assert.ok(bench.sent.length <= 60, `${bench.sent.length} updates in 6 s after ${JSON.stringify(parts)}`);
      }
    }
  }
});

test.run();
