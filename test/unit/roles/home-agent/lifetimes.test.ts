import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RoleAction } from '../../../../src/roles/action.ts';
import type { BindingAcknowledgement } from '../../../../src/wire/mh/messages/binding-acknowledgement.ts';
import { BindingAcknowledgementFlag, BindingStatus, MessageType, OptionType } from '../../../../src/wire/mh/numbers.ts';
import type { MobilityPacket } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  acknowledgementIn,
  bindingUpdate,
  bulkUpdate,
  CARE_OF,
  eventsIn,
  Flag,
  HOME,
  HomeAgentBench,
  OTHER_HOME,
  packetsIn,
  ROUTER_FLAGS,
  START_MS,
} from '../../../lib/engines.ts';
import { HOST_FLAGS, HomeLinkBench, homeLink, onLink } from '../../../lib/home-link.ts';

const { accepted, acceptedPrefixDiscoveryNecessary, notHomeSubnet } = BindingStatus;

/** An agent whose home prefix has so many seconds left. */
function withPrefix(validSeconds: number, preferredSeconds: number): HomeLinkBench {
  const lifetimes = {
    validUntilMs: START_MS + validSeconds * 1000,
    preferredUntilMs: START_MS + preferredSeconds * 1000,
  };
  return new HomeLinkBench(
    { maximumLifetimeSeconds: 262_140 },
    homeLink({ addresses: [onLink('2001:db8:1:f::1', lifetimes)] }),
  );
}

/** The answer to a first registration, whose test takes a second. */
function answered(bench: HomeLinkBench, lifetimeSeconds: number): BindingAcknowledgement {
  return acknowledgementIn(bench.register(bindingUpdate(1, { lifetimeSeconds })));
}

function refreshAdvice({ options }: BindingAcknowledgement): number | undefined {
  const advice = options.find((option) => option.type === OptionType.bindingRefreshAdvice);
  return advice?.refreshIntervalSeconds;
}

function requestsIn(actions: readonly RoleAction[]): MobilityPacket[] {
  return packetsIn(actions).filter(({ message }) => message.type === MessageType.bindingRefreshRequest);
}

test('[6275-10.3.1-15] a binding is not granted for longer than its home prefix is valid', () => {
  const acknowledgement = answered(withPrefix(102, 102), 600);
  assert.is(acknowledgement.lifetimeSeconds, 100, 'whole units of 4 s of the 101 that are left after the test');
  assert.is(answered(withPrefix(602, 602), 600).lifetimeSeconds, 600);
});

test('[6275-10.3.1-16] the preferred lifetime does not limit it', () => {
  assert.is(answered(withPrefix(10_000, 0), 600).lifetimeSeconds, 600);
});

test('a home address whose prefix is not valid any more is not on the home link', () => {
  const { status, lifetimeSeconds } = answered(withPrefix(3, 3), 600);
  assert.is(status, notHomeSubnet);
  assert.is(lifetimeSeconds, 0);
});

test('[6275-10.3.1-20] status 1 where the prefix is deprecated, will be within the binding’s life, or ends with it', () => {
  assert.is(answered(withPrefix(10_000, 10_000), 600).status, accepted);
  assert.is(answered(withPrefix(10_000, 0), 600).status, acceptedPrefixDiscoveryNecessary, 'deprecated');
  assert.is(answered(withPrefix(10_000, 300), 600).status, acceptedPrefixDiscoveryNecessary, 'deprecated meanwhile');
  assert.is(answered(withPrefix(601, 601), 600).status, acceptedPrefixDiscoveryNecessary, 'ends with it');
  assert.is(answered(withPrefix(300, 300), 600).status, acceptedPrefixDiscoveryNecessary, 'cut short');
  const endless = acknowledgementIn(new HomeLinkBench().register(bindingUpdate(1)));
  assert.is(endless.status, accepted);
});

test('[6275-10.3.1-21] prefix lifetimes are compared in units of 4 s, the rest is dropped', () => {
  // After the test's second, 603 and 604 s are left.
  assert.is(answered(withPrefix(604, 604), 600).status, acceptedPrefixDiscoveryNecessary, '150 units, as the binding');
  assert.is(answered(withPrefix(605, 605), 600).status, accepted, '151 units');
  assert.is(answered(withPrefix(10_000, 601), 600).status, accepted, 'preferred for 150 units');
  assert.is(answered(withPrefix(10_000, 600), 600).status, acceptedPrefixDiscoveryNecessary, 'preferred for 149');
});

test('[6275-10.3.1-17] a prefix that ends earlier than it was said to takes its bindings along', () => {
  const bench = withPrefix(10_000, 10_000);
  answered(bench, 600);
  const validUntilMs = bench.nowMs + 50_000;
  bench.link(homeLink({ addresses: [onLink('2001:db8:1:f::1', { validUntilMs, preferredUntilMs: validUntilMs })] }));
  assert.equal(eventsIn(bench.run(49_999)), []);
  assert.is(Object.keys(bench.bindings()).length, 1);
  const [removed] = eventsIn(bench.run(1));
  assert.is(removed?.type === 'binding-removed' && removed.reason, 'expired');
  assert.equal(bench.bindings(), {});
});

test('[6275-10.3.1-17] an interface that loses its addresses because it goes down ends nothing', () => {
  const bench = withPrefix(10_000, 10_000);
  answered(bench, 600);
  bench.link(homeLink({ addresses: [] }));
  bench.link(null);
  bench.run(100_000);
  assert.is(Object.keys(bench.bindings()).length, 1);
});

test('[6275-6.2.4-02, 6275-6.2.4-04] refresh advice goes with registrations, and only if it is shorter', () => {
  const bench = new HomeAgentBench({ refreshAdviceSeconds: 40 });
  assert.is(refreshAdvice(bench.answer(bindingUpdate(1, { lifetimeSeconds: 60 }))), 40);
  assert.is(refreshAdvice(bench.answer(bindingUpdate(2, { lifetimeSeconds: 40 }))), undefined);
  assert.is(refreshAdvice(bench.answer(bindingUpdate(1, { lifetimeSeconds: 60 }))), undefined, 'refused: 135');
  assert.is(refreshAdvice(new HomeAgentBench().answer(bindingUpdate(1))), undefined, 'nobody asked for it');
});

test('[6275-10.3.2-04] refresh advice does not go with a de-registration', () => {
  const bench = new HomeAgentBench({ refreshAdviceSeconds: 4 });
  bench.answer(bindingUpdate(1));
  const acknowledgement = bench.answer(bindingUpdate(2, { lifetimeSeconds: 0 }));
  assert.is(acknowledgement.status, accepted);
  assert.is(acknowledgement.lifetimeSeconds, 0);
  assert.is(refreshAdvice(acknowledgement), undefined);
});

test('[6275-10.3.1-28, 6275-10.3.1-09] a binding that is not refreshed as advised is kept for its whole lifetime', () => {
  const bench = new HomeAgentBench({ refreshAdviceSeconds: 8, maximumBindings: 1 });
  bench.answer(bindingUpdate(1, { lifetimeSeconds: 60 }));
  bench.run(59_999);
  // Not for anybody else's sake either.
  const other = bench.answer(bindingUpdate(1, { homeAddress: OTHER_HOME, flags: HOST_FLAGS }));
  assert.is(other.status, BindingStatus.insufficientResources);
  assert.is(Object.keys(bench.bindings()).length, 1);
  bench.run(1);
  assert.equal(bench.bindings(), {});
});

test('[6275-10.3.1-22, 6275-10.3.2-05] flag K is clear in every answer: no key management connection is moved', () => {
  const bench = new HomeAgentBench();
  const flags = ROUTER_FLAGS | Flag.keyManagement;
  const registered = bench.answer(bindingUpdate(1, { flags }));
  const removed = bench.answer(bindingUpdate(2, { flags, lifetimeSeconds: 0 }));
  for (const acknowledgement of [registered, removed]) {
    assert.is(acknowledgement.status, accepted);
    assert.is(acknowledgement.flags & BindingAcknowledgementFlag.keyManagement, 0);
  }
});

test('[5648-6.4-01, 6275-9.5.5-02] bindings that are about to expire are asked for with their BIDs, through the tunnel', () => {
  const bench = new HomeAgentBench({ refreshRequests: true });
  bench.answer(bulkUpdate(1, [1], { lifetimeSeconds: 600 }));
  bench.run(100_000);
  bench.answer(bulkUpdate(2, [2, 3], { lifetimeSeconds: 80 }));
  assert.equal(requestsIn(bench.run(69_999)), []);
  const [request, ...more] = requestsIn(bench.run(1));
  assert.is(more.length, 0);
  assert.is(request!.source, AGENT);
  assert.is(request!.destination, HOME, 'to the home address');
  assert.is(request!.routing2, undefined);
  const bids = (packet: MobilityPacket) =>
    'options' in packet.message ? packet.message.options.map((option) => 'bid' in option && option.bid) : [];
  assert.equal(bids(request!), [2, 3]);
  assert.equal(requestsIn(bench.run(5000)).map(bids), [[2, 3]], 'once more, halfway to the end');
  assert.equal(requestsIn(bench.run(20_000)), []);
  assert.equal(requestsIn(bench.run(400_000)).map(bids), [[1], [1]]);
});

test('[6275-9.5.5-03] a plain binding is asked for without a BID, and a refreshed one not at all', () => {
  const bench = new HomeAgentBench({ refreshRequests: true });
  bench.answer(bindingUpdate(1, { lifetimeSeconds: 80 }));
  const [request] = requestsIn(bench.run(70_000));
  assert.equal('options' in request!.message && request!.message.options, []);
  bench.answer(bindingUpdate(2, { lifetimeSeconds: 80 }));
  assert.equal(requestsIn(bench.run(69_999)), [], 'a Binding Update ends the requests');
  assert.is(requestsIn(bench.run(1)).length, 1);
  bench.answer(bindingUpdate(3, { lifetimeSeconds: 0 }));
  assert.equal(requestsIn(bench.run(600_000)), []);
});

test('requests can be turned off, and refreshing leaves nothing behind', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(1));
  assert.equal(requestsIn(bench.run(60_000)), []);
  const busy = new HomeAgentBench({ refreshRequests: true });
  for (let sequence = 1; sequence <= 1000; sequence++) {
    busy.answer(bindingUpdate(sequence, { lifetimeSeconds: 600, source: CARE_OF[1]! }));
    busy.run(10);
  }
  busy.answer(bindingUpdate(1001, { lifetimeSeconds: 0 }));
  busy.wakes = 0;
  busy.run(3_600_000);
  assert.ok(busy.wakes < 10, `${busy.wakes} wakes for what is gone`);
});

test.run();
