import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import { MessageType, OptionType } from '../../../../src/wire/mh/numbers.ts';
import type { MobilityPacket } from '../../../../src/wire/signalling.ts';
import {
  alternateCareOfAddress,
  bindingUpdate,
  boundAs,
  bulkUpdate,
  CARE_OF,
  dropsIn,
  Flag,
  HOME,
  HomeAgentBench,
  identifier,
  mobileNode,
  networkPrefix,
  OTHER_HOME,
  packetsIn,
  ROUTER_FLAGS,
  type UpdateParts,
} from '../../../lib/engines.ts';

/** Asserts that nothing is answered and nothing stored. */
function assertSilent(packet: MobilityPacket, reason: string): void {
  const bench = new HomeAgentBench();
  const actions = bench.receive(packet);
  assert.equal(dropsIn(actions), [reason]);
  assert.equal(packetsIn(actions), []);
  assert.equal(bench.agent.status(bench.nowMs).bindings, []);
}

const NOT_UNICAST = ['ff02::5', 'ff0e::1', '::', '::1', 'fe80::5'];
const NONCE_INDICES = { type: OptionType.nonceIndices, homeNonceIndex: 1, careOfNonceIndex: 2 } as const;

test('[6275-9.5.1-01, 6275-9.3.1-01, 6275-4.6-01] a home address that is not unicast and routable is met with silence', () => {
  for (const text of NOT_UNICAST) {
    assertSilent(bindingUpdate(1, { homeAddress: address(text) }), 'home-address-not-unicast');
  }
});

test('[6275-9.5.4-08, 6275-9.5.4-01] a source that is not unicast is met with silence', () => {
  for (const text of NOT_UNICAST) {
    assertSilent(bindingUpdate(1, { source: address(text) }), 'source-not-unicast');
  }
});

test('[6275-6.1.7-10, 6275-9.5.1-10] a care-of address that is not unicast and routable is met with silence', () => {
  for (const text of NOT_UNICAST) {
    assertSilent(bindingUpdate(1, { options: [alternateCareOfAddress(address(text))] }), 'care-of-address-not-unicast');
  }
});

test('a Binding Update that is no home registration is met with silence: no correspondent lives here', () => {
  assertSilent(bindingUpdate(1, { flags: Flag.acknowledge }), 'not-a-home-registration');
});

test('[6275-9.5.1-06] a home registration with a Nonce Indices option is met with silence', () => {
  assertSilent(bindingUpdate(1, { options: [NONCE_INDICES] }), 'nonce-indices-in-home-registration');
});

test('[6275-10.3.1-06] a registration without Home Address option is met with silence', () => {
  assertSilent(bindingUpdate(1, { homeAddress: null }), 'no-home-address-option');
  assertSilent(bindingUpdate(1, { homeAddress: null, source: HOME }), 'no-home-address-option');
});

test('other messages than Binding Updates are none of its business', () => {
  const bench = new HomeAgentBench();
  const packet: MobilityPacket = {
    ...bindingUpdate(1),
    message: { type: MessageType.bindingRefreshRequest, options: [] },
  };
  assert.equal(dropsIn(bench.receive(packet)), ['unexpected-message']);
});

// --- statuses, in the order of the tests -----------------------------------------------------------------------------

function statusOf(parts: UpdateParts, bench = new HomeAgentBench()): number {
  return bench.answer(bindingUpdate(10, parts)).status;
}

test('[3963-6.2-01] a mobile router without home registration flag gets status 140', () => {
  assert.is(statusOf({ flags: Flag.acknowledge | Flag.mobileRouter }), 140);
});

test('[6275-10.3.1-03, 6275-10.3.1-04, 3963-6.2-02] a home address outside every prefix that is served gets status 132', () => {
  const bench = new HomeAgentBench();
  assert.is(statusOf({ homeAddress: address('2001:db8:77::1') }, bench), 132);
  assert.equal(bench.agent.status(bench.nowMs).bindings, []);
});

test('[6275-10.3.1-05] a home address on the home link that no mobile node has gets status 133', () => {
  assert.is(statusOf({ homeAddress: address('2001:db8:1:f::99') }), 133);
});

test('[6275-9.5.1-02] the first Binding Update of a home address may have any sequence number', () => {
  for (const sequenceNumber of [0, 1, 32768, 54321, 65535]) {
    assert.is(new HomeAgentBench().answer(bindingUpdate(sequenceNumber)).status, 0);
  }
});

test('[6275-9.5.1-03, 6275-9.5.1-07] last 15: 0 to 15 and 32783 to 65535 get status 135 with number 15, others are accepted', () => {
  for (const [sequenceNumber, accepted] of [
    [0, false],
    [15, false],
    [16, true],
    [32782, true],
    [32783, false],
    [65535, false],
  ] as const) {
    const bench = new HomeAgentBench();
    bench.answer(bindingUpdate(15));
    const { status, sequenceNumber: answered } = bench.answer(bindingUpdate(sequenceNumber, { source: CARE_OF[2]! }));
    assert.is(status, accepted ? 0 : 135, `${sequenceNumber}`);
    assert.is(answered, accepted ? sequenceNumber : 15);
    assert.equal(bench.bindings(), { 0: accepted ? '2001:db8:a:2::10' : '2001:db8:a:1::10' });
  }
});

test('[6275-9.5.1-11] the number of an accepted Binding Update is the last one from then on', () => {
  const bench = new HomeAgentBench();
  for (const number of [200, 201, 300]) {
    assert.is(bench.answer(bindingUpdate(number)).status, 0);
    const { status, sequenceNumber, lifetimeSeconds } = bench.answer(bindingUpdate(number));
    assert.equal([status, sequenceNumber, lifetimeSeconds], [135, number, 0]);
  }
});

test('[5648-4.1-02] the sequence number is shared: BID 2 may not use the one that BID 1 used', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(10, [1]));
  bench.answer(bulkUpdate(11, [2]));
  const { status, sequenceNumber } = bench.answer(bulkUpdate(11, [1]));
  assert.equal([status, sequenceNumber], [135, 11]);
});

test('[5648-6.2-04] a stale sequence number comes before a malformed Binding Identifier', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(10));
  const malformed = identifier(1, { malformed: new Uint8Array(5) });
  assert.is(bench.answer(bindingUpdate(10, { options: [malformed] })).status, 135);
  assert.is(bench.answer(bindingUpdate(11, { options: [malformed] })).status, 164);
});

test('[5648-6.2-05] a Binding Identifier of a wrong length refuses the whole update with status 164', () => {
  for (const octets of [0, 3, 5, 16, 19, 21]) {
    const bench = new HomeAgentBench();
    bench.answer(bulkUpdate(1, [3]));
    const options = [
      identifier(1, { careOfAddress: CARE_OF[1]! }),
      identifier(2, { malformed: new Uint8Array(octets) }),
    ];
    assert.is(bench.answer(bindingUpdate(2, { options })).status, 164);
    assert.equal(bench.bindings(), boundAs(3));
  }
});

test('[5648-4.4-03] a node that may not have several care-of addresses gets status 166 and keeps what it has', () => {
  const bench = new HomeAgentBench({ mobileNodes: [mobileNode({ multipleCareOfAddresses: false })] });
  bench.answer(bindingUpdate(1));
  assert.is(bench.answer(bulkUpdate(2, [1])).status, 166);
  assert.equal(bench.bindings(), { 0: '2001:db8:a:1::10' });
  assert.is(bench.answer(bindingUpdate(3)).status, 0);
});

test('[5648-4.4-04] where bulk registration is off, several options get status 168 and one is accepted', () => {
  const bench = new HomeAgentBench({ bulkRegistration: false });
  assert.is(bench.answer(bulkUpdate(1, [1, 2])).status, 168);
  assert.equal(bench.bindings(), {});
  assert.is(bench.answer(bulkUpdate(2, [1])).status, 0);
  assert.is(bench.answer(bulkUpdate(3, [2])).status, 0);
  assert.equal(bench.bindings(), boundAs(1, 2));
});

test('[3963-6.6-02] a node that is no mobile router gets status 140 for the mobile router flag', () => {
  const bench = new HomeAgentBench({ mobileNodes: [mobileNode({ mobileRouter: false })] });
  assert.is(statusOf({}, bench), 140);
  assert.is(statusOf({ flags: Flag.acknowledge | Flag.homeRegistration }, bench), 0);
});

test('[3963-6.2-03] a change of the mobile router flag gets status 139 and leaves the binding as it was', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1]));
  assert.is(bench.answer(bulkUpdate(2, [1], { flags: Flag.acknowledge | Flag.homeRegistration })).status, 139);
  const [row] = bench.agent.status(bench.nowMs).bindings;
  assert.is(row?.mobileRouter, true);
  assert.is(row?.prefixes.length, 2);
});

test('once its bindings are gone, a node may come back with another mobile router flag', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(1));
  bench.answer(bindingUpdate(2, { lifetimeSeconds: 0 }));
  assert.is(bench.answer(bindingUpdate(3, { flags: Flag.acknowledge | Flag.homeRegistration })).status, 0);
});

test('[3963-6.1.2-01, 3963-6.1.2-02, 3963-6.2-10, 3963-6.2-14, 3963-9-06] a prefix that is not the node’s own gets status 142 and nothing is set up', () => {
  const bench = new HomeAgentBench();
  for (const text of ['2001:db8:3::/64', '2001:db8:2:1::/65', '2001:db8:2::/48']) {
    const options = [networkPrefix('2001:db8:2:1::/64'), networkPrefix(text)];
    assert.is(bench.answer(bindingUpdate(1, { options })).status, 142, text);
  }
  assert.equal(bench.agent.forwarding(bench.nowMs), { tunnels: [], groups: [] });
});

test('[3963-6.2-12] implicit mode without a configured prefix gets status 143', () => {
  const bench = new HomeAgentBench();
  assert.is(bench.answer(bindingUpdate(1, { homeAddress: OTHER_HOME })).status, 143);
  assert.equal(bench.bindings(OTHER_HOME), {});
});

test('[6275-10.3.1-05, 6275-9.5.2-05] more bindings than the agent holds get status 130', () => {
  const bench = new HomeAgentBench({ maximumBindings: 1 });
  bench.answer(bindingUpdate(1));
  const host = { homeAddress: OTHER_HOME, flags: Flag.acknowledge | Flag.homeRegistration };
  assert.is(bench.answer(bindingUpdate(1, host)).status, 130);
  bench.answer(bindingUpdate(2, { lifetimeSeconds: 0 }));
  assert.is(bench.answer(bindingUpdate(2, host)).status, 0);
});

test('[6275-10.3.1-05] further care-of addresses count against the agent’s bound as well, refreshes and replacements do not', () => {
  const bench = new HomeAgentBench({ maximumBindings: 3 });
  assert.is(bench.answer(bulkUpdate(1, [1, 2])).status, 0);
  assert.is(bench.answer(bulkUpdate(2, [3, 4])).status, 130);
  assert.is(bench.answer(bulkUpdate(3, [2, 3])).status, 0);
  assert.is(bench.answer(bulkUpdate(4, [1, 2, 3])).status, 0);
  assert.is(bench.answer(bulkUpdate(5, [4])).status, 130);
  assert.is(bench.answer(bulkUpdate(6, [4, 5, 6, 7], { flags: ROUTER_FLAGS | Flag.overwrite })).status, 130);
  assert.is(bench.answer(bulkUpdate(7, [4, 5, 6], { flags: ROUTER_FLAGS | Flag.overwrite })).status, 0);
  assert.equal(bench.bindings(), boundAs(4, 5, 6));
  assert.is(bench.answer(bindingUpdate(8)).status, 0);
});

test('[5648-6.2-22, 6275-6.1.8-06] every refusal copies the sequence number and all Binding Identifiers', () => {
  const refusals: [number, HomeAgentBench, UpdateParts][] = [
    [132, new HomeAgentBench(), { homeAddress: address('2001:db8:77::1') }],
    [133, new HomeAgentBench(), { homeAddress: address('2001:db8:1:f::99') }],
    [166, new HomeAgentBench({ mobileNodes: [mobileNode({ multipleCareOfAddresses: false })] }), {}],
    [168, new HomeAgentBench({ bulkRegistration: false }), {}],
    [140, new HomeAgentBench({ mobileNodes: [mobileNode({ mobileRouter: false })] }), {}],
    [143, new HomeAgentBench(), { homeAddress: OTHER_HOME }],
    [130, new HomeAgentBench({ maximumBindings: 0 }), {}],
  ];
  for (const [status, bench, parts] of refusals) {
    const acknowledgement = bench.answer(bulkUpdate(777, [3, 1, 2], parts));
    assert.equal(
      [acknowledgement.status, acknowledgement.sequenceNumber, acknowledgement.lifetimeSeconds],
      [status, 777, 0],
    );
    assert.equal(acknowledgement.options, [identifier(3), identifier(1), identifier(2)]);
    assert.is(acknowledgement.flags, 0);
  }
});

test.run();
