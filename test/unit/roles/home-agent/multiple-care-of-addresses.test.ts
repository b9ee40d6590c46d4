import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import type { BindingAcknowledgement } from '../../../../src/wire/mh/messages/binding-acknowledgement.ts';
import {
  acknowledgementIn,
  alternateCareOfAddress,
  bindingUpdate,
  boundAs,
  bulkUpdate,
  CARE_OF,
  eventsIn,
  Flag,
  HOME,
  HomeAgentBench,
  identifier,
  optionStatuses,
  ROUTER_FLAGS,
} from '../../../lib/engines.ts';

const OVERWRITE = ROUTER_FLAGS | Flag.overwrite;

/** An agent with these BIDs bound, whose last sequence number is 10. */
function benchWith(...bids: number[]): HomeAgentBench {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(10, bids));
  assert.equal(bench.bindings(), boundAs(...bids));
  return bench;
}

/** Status of the message and of each option. */
const outcome = (acknowledgement: BindingAcknowledgement) => [acknowledgement.status, optionStatuses(acknowledgement)];

test('[5648-6.2-21, 5648-6.2-26, 5648-5.3-02] a bulk registration that succeeds has status 0 everywhere and one lifetime', () => {
  const bench = new HomeAgentBench();
  const acknowledgement = bench.answer(bulkUpdate(1, [1, 2, 3]));
  assert.equal(outcome(acknowledgement), [
    0,
    [
      [1, 0],
      [2, 0],
      [3, 0],
    ],
  ]);
  assert.equal(
    bench.agent
      .status(bench.nowMs)
      .bindings.map(({ bid, remainingSeconds, sequenceNumber }) => [bid, remainingSeconds, sequenceNumber]),
    [
      [1, 60, 1],
      [2, 60, 1],
      [3, 60, 1],
    ],
  );
});

test('[5648-6.2-22, 5648-4.3-10] the options come back in their order, without care-of address and with zero flags', () => {
  const bench = new HomeAgentBench();
  const options = [3, 1, 2].map((bid) => identifier(bid, { careOfAddress: CARE_OF[bid]!, reserved: 0x7f }));
  assert.equal(bench.answer(bindingUpdate(1, { options })).options, [identifier(3), identifier(1), identifier(2)]);
});

test('[5648-4.3-05, 5648-4.3-07] status and reserved bits of a received option mean nothing', () => {
  const bench = new HomeAgentBench();
  const options = [identifier(1, { careOfAddress: CARE_OF[1]!, status: 200, reserved: 0x7f })];
  assert.is(bench.answer(bindingUpdate(1, { options })).status, 0);
  assert.equal(bench.bindings(), boundAs(1));
});

test('[5648-6.2-20, MHA-6.2.1-01] a BID that is new is bound beside the others, which stay as they are', () => {
  const bench = benchWith(1);
  bench.run(20_000);
  assert.equal(outcome(bench.answer(bulkUpdate(11, [2]))), [0, [[2, 0]]]);
  assert.equal(bench.bindings(), boundAs(1, 2));
  const rows = bench.agent.status(bench.nowMs).bindings;
  assert.equal(
    rows.map(({ remainingSeconds }) => remainingSeconds),
    [40, 60],
  );
});

test('[5648-6.2-19, 5648-6.1-02, 5648-6.1-01, MHA-6.3.2-02] the same BID with another care-of address is the same binding, moved', () => {
  const bench = benchWith(1, 2, 3);
  const options = [identifier(2, { careOfAddress: CARE_OF[9]! })];
  assert.equal(outcome(bench.answer(bindingUpdate(11, { options }))), [0, [[2, 0]]]);
  assert.equal(bench.bindings(), { ...boundAs(1, 2, 3), 2: '2001:db8:a:9::10' });
});

test('[5648-6.2-12] the care-of address is that of the option, not the source of the packet or an Alternate Care-of Address', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [2], { source: CARE_OF[1]!, options: [alternateCareOfAddress(CARE_OF[8]!)] }));
  assert.equal(bench.bindings(), boundAs(2));
});

test('[5648-6.2-14, 5648-4.4-02] without care-of address a known BID is refreshed where it is', () => {
  const bench = benchWith(1, 2);
  bench.run(50_000);
  assert.equal(outcome(bench.answer(bindingUpdate(11, { source: CARE_OF[1]!, options: [identifier(2)] }))), [
    0,
    [[2, 0]],
  ]);
  bench.run(20_000);
  assert.equal(bench.bindings(), boundAs(2));
});

test('[5648-6.2-15, 5648-4.4-02] without care-of address an unknown BID is refused with status 167', () => {
  const bench = benchWith(1);
  assert.equal(outcome(bench.answer(bindingUpdate(11, { options: [identifier(9)] }))), [167, [[9, 0]]]);
  assert.equal(bench.bindings(), boundAs(1));
});

test('[5648-6.2-06, 5648-6.2-24, 5648-6.2-25] in bulk an address that is not unicast refuses its own option: 164 there, status 4 in the message', () => {
  for (const text of ['ff02::1', '::', 'fe80::1', '127.0.0.1', '224.0.0.1', '0.0.0.0']) {
    const bench = new HomeAgentBench();
    const options = [1, 2, 3].map((bid) =>
      identifier(bid, { careOfAddress: bid === 2 ? address(text) : CARE_OF[bid]! }),
    );
    assert.equal(outcome(bench.answer(bindingUpdate(1, { options }))), [
      4,
      [
        [1, 0],
        [2, 164],
        [3, 0],
      ],
    ]);
    assert.equal(bench.bindings(), boundAs(1, 3));
  }
});

test('[5648-6.2-06, 5648-6.2-26] in a single registration the message has the status and the option none', () => {
  const bench = new HomeAgentBench();
  const options = [identifier(1, { careOfAddress: address('ff02::1') })];
  assert.equal(outcome(bench.answer(bindingUpdate(1, { options }))), [164, [[1, 0]]]);
  assert.equal(bench.bindings(), {});
});

test('an IPv4 care-of address, which this agent cannot reach, gets status 174', () => {
  const bench = new HomeAgentBench();
  const options = [identifier(1, { careOfAddress: address('192.0.2.1') })];
  assert.equal(outcome(bench.answer(bindingUpdate(1, { options }))), [174, [[1, 0]]]);
  assert.equal(bench.bindings(), {});
});

test('[5648-4.4-05, 5648-6.3-02] a binding at home and abroad at once is refused with status 169', () => {
  const bench = new HomeAgentBench();
  const options = [identifier(1, { careOfAddress: HOME, simultaneousHomeAndForeign: true })];
  assert.equal(outcome(bench.answer(bindingUpdate(1, { options }))), [169, [[1, 0]]]);
  assert.equal(bench.bindings(), {});
});

test('[5648-6.2-24, 5648-6.2-25, 5648-6.2-26] each option of a bulk registration has its own status, and the good ones are bound', () => {
  const bench = benchWith(5);
  const options = [
    identifier(1, { careOfAddress: CARE_OF[1]! }),
    identifier(5),
    identifier(6),
    identifier(7, { careOfAddress: address('fe80::7') }),
    identifier(8, { careOfAddress: HOME, simultaneousHomeAndForeign: true }),
    identifier(1, { careOfAddress: CARE_OF[2]! }),
    identifier(9, { careOfAddress: address('192.0.2.9') }),
  ];
  const acknowledgement = bench.answer(bindingUpdate(11, { options }));
  assert.equal(outcome(acknowledgement), [
    4,
    [
      [1, 0],
      [5, 0],
      [6, 167],
      [7, 164],
      [8, 169],
      [1, 164],
      [9, 174],
    ],
  ]);
  assert.is(acknowledgement.lifetimeSeconds, 60);
  assert.equal(bench.bindings(), boundAs(1, 5));
});

test('[5648-4.3-04] BID 0 is reserved: status 164', () => {
  const bench = new HomeAgentBench();
  const options = [identifier(0, { careOfAddress: CARE_OF[1]! })];
  assert.is(bench.answer(bindingUpdate(1, { options })).status, 164);
  assert.equal(bench.bindings(), {});
});

test('a bulk registration of which nothing is good grants no lifetime and sets no mobile router flag', () => {
  const bench = new HomeAgentBench();
  const acknowledgement = bench.answer(bindingUpdate(1, { options: [identifier(1), identifier(2)] }));
  assert.equal([acknowledgement.status, acknowledgement.lifetimeSeconds, acknowledgement.flags], [4, 0, 0]);
  assert.equal(bench.agent.forwarding(bench.nowMs), { tunnels: [], groups: [] });
});

// --- replacing -------------------------------------------------------------------------------------------------------

test('[5648-6.2-16, 5648-5.2-07] the Overwrite flag removes what is not in the update, without it bindings are added', () => {
  const bench = benchWith(1, 2, 3);
  const actions = bench.receive(bulkUpdate(11, [9], { flags: OVERWRITE }));
  assert.equal(outcome(acknowledgementIn(actions)), [0, [[9, 0]]]);
  assert.equal(bench.bindings(), boundAs(9));
  assert.equal(
    eventsIn(actions).map((event) => [event.type, 'bid' in event && event.bid, 'reason' in event && event.reason]),
    [
      ['binding-removed', 1, 'replaced'],
      ['binding-removed', 2, 'replaced'],
      ['binding-removed', 3, 'replaced'],
      ['binding-registered', 9, false],
    ],
  );
  bench.answer(bulkUpdate(12, [7]));
  assert.equal(bench.bindings(), boundAs(7, 9));
});

test('[5648-6.2-16] bulk with the Overwrite flag: exactly the received bindings are there', () => {
  const bench = benchWith(1, 2, 3);
  bench.answer(bulkUpdate(11, [3, 4, 5], { flags: OVERWRITE }));
  assert.equal(bench.bindings(), boundAs(3, 4, 5));
});

test('an Overwrite of which nothing is good replaces nothing', () => {
  const bench = benchWith(1, 2);
  const options = [identifier(9)];
  assert.is(bench.answer(bindingUpdate(11, { flags: OVERWRITE, options })).status, 167);
  assert.equal(bench.bindings(), boundAs(1, 2));
});

test('[5648-6.2-17, 5648-6.2-18] while a plain binding exists a BID is refused with status 165 and nothing changes', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(1));
  assert.equal(outcome(bench.answer(bulkUpdate(2, [1, 2]))), [
    165,
    [
      [1, 0],
      [2, 0],
    ],
  ]);
  assert.equal(bench.bindings(), { 0: '2001:db8:a:1::10' });
});

test('[5648-6.2-16] with the Overwrite flag the plain binding gives way', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(1));
  assert.is(bench.answer(bulkUpdate(2, [1], { flags: OVERWRITE })).status, 0);
  assert.equal(bench.bindings(), boundAs(1));
});

test('[5648-6.2-02] a plain registration takes the place of all BIDs', () => {
  const bench = benchWith(1, 2, 3);
  const actions = bench.receive(bindingUpdate(11, { source: CARE_OF[4]! }));
  assert.equal(outcome(acknowledgementIn(actions)), [0, []]);
  assert.equal(bench.bindings(), { 0: '2001:db8:a:4::10' });
  assert.is(eventsIn(actions).filter((event) => event.type === 'binding-removed').length, 3);
});

// --- removing --------------------------------------------------------------------------------------------------------

test('[5648-6.2-08, 5648-6.2-10] lifetime 0 removes the listed BIDs alone, whatever the Overwrite flag says', () => {
  for (const flags of [ROUTER_FLAGS, OVERWRITE]) {
    const bench = benchWith(1, 2, 3);
    const actions = bench.receive(bindingUpdate(11, { flags, lifetimeSeconds: 0, options: [identifier(2)] }));
    assert.equal(outcome(acknowledgementIn(actions)), [0, [[2, 0]]]);
    assert.equal(bench.bindings(), boundAs(1, 3));
    assert.equal(eventsIn(actions), [
      { type: 'binding-removed', homeAddress: HOME, bid: 2, careOfAddress: CARE_OF[2], reason: 'deregistered' },
    ]);
  }
});

test('[5648-6.2-03] lifetime 0 without BID removes all of them', () => {
  const bench = benchWith(1, 2, 3);
  assert.equal(outcome(bench.answer(bindingUpdate(11, { lifetimeSeconds: 0 }))), [0, []]);
  assert.equal(bench.bindings(), {});
});

test('[5648-6.2-09] lifetime 0 for a BID that is not bound gets status 133', () => {
  const bench = benchWith(1);
  const parts = { lifetimeSeconds: 0, options: [identifier(9)] };
  assert.equal(outcome(bench.answer(bindingUpdate(11, parts))), [133, [[9, 0]]]);
  assert.equal(bench.bindings(), boundAs(1));
});

test('a bulk removal of known and unknown BIDs removes the known ones and tells which were unknown', () => {
  const bench = benchWith(1, 2);
  const parts = { lifetimeSeconds: 0, options: [identifier(2), identifier(9)] };
  assert.equal(outcome(bench.answer(bindingUpdate(11, parts))), [
    4,
    [
      [2, 0],
      [9, 133],
    ],
  ]);
  assert.equal(bench.bindings(), boundAs(1));
});

test('[MHA-6.2.1-01] each binding has a lifetime of its own', () => {
  const bench = benchWith(1, 2);
  bench.run(30_000);
  bench.answer(bulkUpdate(11, [2]));
  const expired = eventsIn(bench.run(30_000));
  assert.equal(
    expired.map((event) => 'bid' in event && event.bid),
    [1],
  );
  assert.equal(bench.bindings(), boundAs(2));
});

// --- without the extension -------------------------------------------------------------------------------------------

test('[5648-3-07] an agent without the extension skips the options: one plain binding, and none of them in the answer', () => {
  const bench = new HomeAgentBench({ multipleCareOfAddresses: false });
  const acknowledgement = bench.answer(bulkUpdate(1, [2, 3], { flags: OVERWRITE }));
  assert.equal(outcome(acknowledgement), [0, []]);
  assert.equal(bench.bindings(), { 0: '2001:db8:a:1::10' });
  assert.is(bench.answer(bindingUpdate(2, { options: [identifier(1, { malformed: new Uint8Array(1) })] })).status, 0);
});

test.run();
