import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import { formatPrefix } from '../../../../src/bytes/prefix.ts';
import type { RoleAction } from '../../../../src/roles/action.ts';
import { BindingAcknowledgementFlag, OptionType } from '../../../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../../../src/wire/mh/options/option.ts';
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
  networkPrefix,
  OTHER_HOME,
  packetsIn,
  ROUTER_FLAGS,
} from '../../../lib/engines.ts';

const HOST_FLAGS = Flag.acknowledge | Flag.homeRegistration;

/** What the agent forwards to a home address: prefixes, as text. */
function prefixesOf(bench: HomeAgentBench): string[] {
  return bench.agent.forwarding(bench.nowMs).groups.flatMap(({ prefixes }) => prefixes.map(formatPrefix));
}

// --- plain registration (RFC 6275 §10.3.1, RFC 3963 §6.2) ------------------------------------------------------------

test('[6275-10.3.1-08, 6275-9.5.1-14, 6275-9.5.2-01] a registration binds the home address to the source, a second one moves it', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(1));
  assert.equal(bench.bindings(), { 0: '2001:db8:a:1::10' });
  bench.answer(bindingUpdate(2, { source: CARE_OF[2]! }));
  assert.equal(bench.bindings(), { 0: '2001:db8:a:2::10' });
});

test('[6275-9.5.1-14, 6275-9.5.4-09, 6275-6.1-03] an Alternate Care-of Address is bound, and the answer goes to the source', () => {
  const bench = new HomeAgentBench();
  const actions = bench.receive(bindingUpdate(1, { options: [alternateCareOfAddress(CARE_OF[5]!)] }));
  assert.equal(bench.bindings(), { 0: '2001:db8:a:5::10' });
  const [packet] = packetsIn(actions);
  assert.is(packet?.destination, CARE_OF[1]);
  assert.is(packet?.routing2, HOME);
});

test('[6275-10.3.1-19] a registration is acknowledged even if that was not asked for', () => {
  const bench = new HomeAgentBench();
  assert.is(bench.answer(bindingUpdate(1, { flags: Flag.homeRegistration })).status, 0);
});

test('[6275-6.1.8-06] the acknowledgement has the sequence number of the update', () => {
  assert.is(new HomeAgentBench().answer(bindingUpdate(777)).sequenceNumber, 777);
});

test('[6275-10.3.1-18, 6275-10.3.1-25, 6275-9.5.2-03] no more than the agent’s longest lifetime is granted, and no more than asked for', () => {
  const bench = new HomeAgentBench({ maximumLifetimeSeconds: 300 });
  assert.is(bench.answer(bindingUpdate(1, { lifetimeSeconds: 400 })).lifetimeSeconds, 300);
  assert.is(bench.agent.status(bench.nowMs).bindings[0]?.remainingSeconds, 300);
  assert.is(bench.answer(bindingUpdate(2, { lifetimeSeconds: 40 })).lifetimeSeconds, 40);
  assert.is(bench.agent.status(bench.nowMs).bindings[0]?.remainingSeconds, 40);
});

test('[6275-6.1.7-07, 6275-6.1.8-07, 6275-9.5.2-04] a binding is there as long as the acknowledgement says, and then it is gone', () => {
  const bench = new HomeAgentBench({ maximumLifetimeSeconds: 240 });
  assert.is(bench.answer(bindingUpdate(1, { lifetimeSeconds: 400 })).lifetimeSeconds, 240);
  assert.equal(eventsIn(bench.run(239_999)), []);
  assert.equal(bench.bindings(), { 0: '2001:db8:a:1::10' });
  const expired = eventsIn(bench.run(1));
  assert.equal(expired, [
    { type: 'binding-removed', homeAddress: HOME, bid: 0, careOfAddress: CARE_OF[1], reason: 'expired' },
  ]);
  assert.equal(bench.agent.forwarding(bench.nowMs), { tunnels: [], groups: [] });
});

test('[6275-10.3.1-10] a binding that is refreshed lives on', () => {
  const bench = new HomeAgentBench();
  for (let number = 1; number <= 20; number++) {
    assert.is(bench.answer(bindingUpdate(number, { lifetimeSeconds: 60 })).status, 0);
    assert.equal(eventsIn(bench.run(48_000)), []);
  }
  assert.equal(bench.bindings(), { 0: '2001:db8:a:1::10' });
});

test('[5648-6.2-01, 5648-4.2-02] without a Binding Identifier the Overwrite flag means nothing', () => {
  const bench = new HomeAgentBench();
  const { status, options } = bench.answer(bindingUpdate(1, { flags: ROUTER_FLAGS | Flag.overwrite }));
  assert.equal([status, options], [0, []]);
  assert.equal(bench.bindings(), { 0: '2001:db8:a:1::10' });
});

test('a registration is told once: a refresh is no news, a move is', () => {
  const bench = new HomeAgentBench();
  const told = (actions: readonly RoleAction[]) => eventsIn(actions).map(({ type }) => type);
  assert.equal(told(bench.receive(bindingUpdate(1))), ['binding-registered']);
  assert.equal(told(bench.receive(bindingUpdate(2))), []);
  assert.equal(told(bench.receive(bindingUpdate(3, { source: CARE_OF[2]! }))), ['binding-registered']);
  assert.equal(told(bench.receive(bindingUpdate(3))), ['binding-refused']);
});

// --- mobile network prefixes (RFC 3963 §6.2) -------------------------------------------------------------------------

test('[3963-6-02, 3963-6.2-06, 3963-6.2-07, 3963-6.1.1-01, 3963-6.6-01] explicit mode: the prefixes of the options are forwarded', () => {
  const bench = new HomeAgentBench();
  const options = [networkPrefix('2001:db8:2:1::/64'), networkPrefix('2001:db8:2:2::/64')];
  const { status, flags } = bench.answer(bindingUpdate(1, { options }));
  assert.equal([status, flags], [0, BindingAcknowledgementFlag.mobileRouter]);
  assert.equal(prefixesOf(bench), ['2001:db8:1:f::2/128', '2001:db8:2:1::/64', '2001:db8:2:2::/64']);
});

test('[3963-6.2-11, 3963-6.6-01] implicit mode: the configured prefixes are forwarded', () => {
  const bench = new HomeAgentBench();
  const { status, flags } = bench.answer(bindingUpdate(1));
  assert.equal([status, flags], [0, BindingAcknowledgementFlag.mobileRouter]);
  assert.equal(prefixesOf(bench), ['2001:db8:1:f::2/128', '2001:db8:2:1::/64', '2001:db8:2:2::/64']);
});

test('[3963-6.2-13] a prefix that is missing from the next Binding Update is not forwarded any more', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(1));
  const before = bench.agent.forwardingVersion;
  bench.answer(bindingUpdate(2, { options: [networkPrefix('2001:db8:2:1::/64')] }));
  assert.equal(prefixesOf(bench), ['2001:db8:1:f::2/128', '2001:db8:2:1::/64']);
  assert.is.not(bench.agent.forwardingVersion, before);
});

test('a prefix named twice is forwarded once', () => {
  const bench = new HomeAgentBench();
  const options = [networkPrefix('2001:db8:2:1::/64'), networkPrefix('2001:db8:2:1::/64')];
  bench.answer(bindingUpdate(1, { options }));
  assert.equal(prefixesOf(bench), ['2001:db8:1:f::2/128', '2001:db8:2:1::/64']);
});

test('[3963-4.1-02, 3963-4.2-02, 3963-6.1.1-02] a node without mobile router flag gets its home address alone', () => {
  const bench = new HomeAgentBench();
  const { status, flags } = bench.answer(bindingUpdate(1, { flags: HOST_FLAGS }));
  assert.equal([status, flags], [0, 0]);
  assert.equal(prefixesOf(bench), ['2001:db8:1:f::2/128']);
  assert.is(bench.agent.status(bench.nowMs).bindings[0]?.mobileRouter, false);
});

test('[MHA-S0-01] several care-of addresses serve a host as they serve a router', () => {
  for (const flags of [HOST_FLAGS, ROUTER_FLAGS]) {
    const bench = new HomeAgentBench();
    assert.is(bench.answer(bulkUpdate(1, [1, 2, 3], { flags })).status, 0);
    assert.equal(bench.bindings(), boundAs(1, 2, 3));
    assert.is(prefixesOf(bench).length, flags === HOST_FLAGS ? 1 : 3);
  }
});

// --- de-registration (RFC 6275 §10.3.2, RFC 3963 §6.7) ---------------------------------------------------------------

test('[6275-6.1.7-08, 6275-10.3.2-04, 6275-9.5.3-01, 3963-6.7-01] lifetime 0 removes binding and forwarding; the answer has status 0 and lifetime 0', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(1));
  const actions = bench.receive(bindingUpdate(2, { lifetimeSeconds: 0 }));
  const { status, lifetimeSeconds, options } = acknowledgementIn(actions);
  assert.equal([status, lifetimeSeconds, options], [0, 0, []]);
  assert.equal(bench.agent.forwarding(bench.nowMs), { tunnels: [], groups: [] });
  assert.equal(eventsIn(actions), [
    { type: 'binding-removed', homeAddress: HOME, bid: 0, careOfAddress: CARE_OF[1], reason: 'deregistered' },
  ]);
});

test('[6275-10.3.2-02, 6275-10.3.2-03, 6275-9.5.3-01] there is nothing to remove: status 133, and nothing is made', () => {
  const bench = new HomeAgentBench();
  assert.is(bench.answer(bindingUpdate(1, { lifetimeSeconds: 0 })).status, 133);
  assert.equal(bench.bindings(), {});
  bench.answer(bindingUpdate(2));
  bench.answer(bindingUpdate(3, { lifetimeSeconds: 0 }));
  assert.is(bench.answer(bindingUpdate(4, { lifetimeSeconds: 0 })).status, 133);
  assert.equal(bench.bindings(), {});
});

test('[6275-10.3.2-01, 6275-9.5.1-15, 6275-9.5.4-10] at home the Home Address option may be left out, and so is the routing header of the answer', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(1));
  const actions = bench.receive(bindingUpdate(2, { source: HOME, homeAddress: null, lifetimeSeconds: 0 }));
  const [packet] = packetsIn(actions);
  assert.is(acknowledgementIn(actions).status, 0);
  assert.is(packet?.destination, HOME);
  assert.is(packet?.routing2, undefined);
  assert.equal(bench.bindings(), {});
});

test('[3963-6.2-05, 6275-10.3.2-04] a care-of address equal to the home address removes the binding, whatever the lifetime', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(1));
  const { status, lifetimeSeconds } = bench.answer(bindingUpdate(2, { options: [alternateCareOfAddress(HOME)] }));
  assert.equal([status, lifetimeSeconds], [0, 0]);
  assert.equal(bench.bindings(), {});
});

test('[3963-6.2-04, 3963-6.7-03] mobile router flag and prefixes of a de-registration are ignored', () => {
  for (const [flags, options] of [
    [HOST_FLAGS, [] as MobilityOption[]],
    [ROUTER_FLAGS, [networkPrefix('2001:db8:99::/64')]],
  ] as const) {
    const bench = new HomeAgentBench();
    bench.answer(bindingUpdate(1));
    assert.is(bench.answer(bindingUpdate(2, { flags, options, lifetimeSeconds: 0 })).status, 0);
    assert.equal(bench.agent.forwarding(bench.nowMs), { tunnels: [], groups: [] });
  }
});

test('[6275-10.3.2-08] for 10 s after a de-registration a delayed older update gets status 135 and binds nothing', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(19));
  bench.answer(bindingUpdate(21, { lifetimeSeconds: 0 }));
  bench.run(9999);
  const actions = bench.receive(bindingUpdate(20));
  const { status, sequenceNumber } = acknowledgementIn(actions);
  assert.equal([status, sequenceNumber], [135, 21]);
  assert.is(packetsIn(actions)[0]?.destination, CARE_OF[1]);
  assert.equal(bench.bindings(), {});
  bench.run(1);
  assert.is(bench.answer(bindingUpdate(20)).status, 0, 'after 10 s nothing is known any more');
});

test('[6275-6.2.4-02] no acknowledgement has a Binding Refresh Advice', () => {
  const bench = new HomeAgentBench();
  for (const packet of [
    bindingUpdate(1),
    bulkUpdate(2, [1], { flags: ROUTER_FLAGS | Flag.overwrite }),
    bindingUpdate(3, { lifetimeSeconds: 0 }),
  ]) {
    assert.not.ok(bench.answer(packet).options.some(({ type }) => type === OptionType.bindingRefreshAdvice));
  }
});

// --- the acknowledgement's way (RFC 6275 §9.5.4) ---------------------------------------------------------------------

test('[6275-9.5.4-11, 6275-9.5.4-09] away from home the answer goes to the source, through a routing header to the home address', () => {
  const bench = new HomeAgentBench();
  for (const [number, source] of [
    [1, CARE_OF[1]!],
    [2, CARE_OF[2]!],
    [1, CARE_OF[3]!],
  ] as const) {
    const packet = bindingUpdate(number, { source, options: [identifier(7, { careOfAddress: CARE_OF[7]! })] });
    const [answer] = packetsIn(bench.receive(packet));
    assert.is(answer?.source, packet.destination);
    assert.is(answer?.destination, source);
    assert.is(answer?.routing2, HOME);
    assert.is(answer?.homeAddress, undefined);
  }
});

test('the answer comes from the address that the update was sent to', () => {
  const destination = address('2001:db8:1::8');
  const [answer] = packetsIn(new HomeAgentBench().receive(bindingUpdate(1, { destination })));
  assert.is(answer?.source, destination);
});

test('[6275-9.5.4-03] a refusal for the sequence number or for want of room is told, whether that was asked for or not', () => {
  const bench = new HomeAgentBench({ maximumBindings: 1 });
  const flags = Flag.homeRegistration;
  bench.answer(bindingUpdate(5, { flags }));
  assert.is(bench.answer(bindingUpdate(5, { flags })).status, 135);
  assert.is(bench.answer(bindingUpdate(1, { flags, homeAddress: OTHER_HOME })).status, 130);
});

test('[6275-9.5.4-05, 6275-9.5.4-02] a status below 128 is given exactly where the binding was made or updated', () => {
  const bench = new HomeAgentBench();
  const cases: [ReturnType<typeof bindingUpdate>, Record<number, string>][] = [
    [bindingUpdate(1), { 0: '2001:db8:a:1::10' }],
    [bindingUpdate(1, { source: CARE_OF[2]! }), { 0: '2001:db8:a:1::10' }],
    [bulkUpdate(2, [1]), { 0: '2001:db8:a:1::10' }],
    [bindingUpdate(3, { source: CARE_OF[2]! }), { 0: '2001:db8:a:2::10' }],
    [bindingUpdate(4, { options: [networkPrefix('2001:db8:99::/64')] }), { 0: '2001:db8:a:2::10' }],
    [bulkUpdate(5, [1, 2], { flags: ROUTER_FLAGS | Flag.overwrite }), boundAs(1, 2)],
  ];
  for (const [packet, expected] of cases) {
    const before = bench.bindings();
    const { status } = bench.answer(packet);
    assert.equal(bench.bindings(), expected);
    assert.is(status < 128, JSON.stringify(before) !== JSON.stringify(expected));
  }
});

test.run();
