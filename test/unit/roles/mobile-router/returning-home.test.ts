import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, IPV6_UNSPECIFIED } from '../../../../src/bytes/address.ts';
import { ALL_NODES, solicitedNodeAddress } from '../../../../src/bytes/special-addresses.ts';
import { NeighborAdvertisementFlag, NeighborOptionType } from '../../../../src/wire/icmpv6/numbers.ts';
import { BindingStatus, OptionType } from '../../../../src/wire/mh/numbers.ts';
import { AGENT, acknowledgementOf, CARE_OF, HOME, NETWORK, ROUTER_FLAGS } from '../../../lib/engines.ts';
import {
  AGENT_LINK_ADDRESS,
  AT_HOME,
  HOME_LINK_INDEX,
  HOME_ROUTER,
  HomeBench,
  homeLink,
  OWN_LINK_ADDRESS,
  OWN_LINK_LOCAL,
} from '../../../lib/engines-home.ts';

const [, first, second] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0]];
const INSIDE = address('2001:db8:1:f::77');

/** A router with two bindings, away from home. */
function away(): HomeBench {
  const bench = new HomeBench(AT_HOME);
  bench.settle(bench.uplinks(first, second, null));
  bench.run(1500);
  return bench;
}

/** The same, on its home link, with its farewell on the way. */
function returning(): HomeBench {
  const bench = away();
  bench.homeLinks(homeLink());
  bench.defend();
  return bench;
}

function home(): HomeBench {
  const bench = returning();
  bench.settle(bench.sent.slice(-1), { lifetimeSeconds: 0 });
  return bench;
}

// --- coming home -----------------------------------------------------------------------------------------------------

test('[6275-11.5.5-05, 6275-11.5.5-04] to learn the home agent’s link-layer address the home address is the target, never the source', () => {
  const bench = away();
  assert.equal(bench.homeLinks(homeLink()), []);
  assert.is(bench.place, 'returning');
  const [solicitation, ...more] = bench.solicitations();
  assert.equal(more, []);
  assert.is(solicitation!.message.targetAddress, HOME);
  assert.is(solicitation!.packet.source, IPV6_UNSPECIFIED);
  assert.is(solicitation!.packet.destination, solicitedNodeAddress(HOME));
  assert.equal(solicitation!.message.options, []);
});

test('[6275-11.5.5-06] the answer’s link-layer address goes into the neighbour cache for the home agent', () => {
  const bench = away();
  bench.homeLinks(homeLink());
  bench.defend();
  const neighbors = bench.actions.filter(({ type }) => type === 'neighbor');
  assert.equal(neighbors, [
    { type: 'neighbor', address: AGENT, linkLayerAddress: AGENT_LINK_ADDRESS, interfaceIndex: HOME_LINK_INDEX },
  ]);
});

test('an advertisement for another address, or from another link, is no answer', () => {
  const bench = away();
  bench.homeLinks(homeLink());
  const before = bench.sent.length;
  bench.icmp({ ...bench.icmpv6[0]!.packet, message: advertisement(INSIDE) }, HOME_LINK_INDEX);
  bench.icmp({ ...bench.icmpv6[0]!.packet, message: advertisement(HOME) }, 11);
  assert.is(bench.sent.length, before);
});

function advertisement(targetAddress: typeof HOME) {
  const options = [{ type: NeighborOptionType.targetLinkLayerAddress, linkLayerAddress: AGENT_LINK_ADDRESS } as const];
  return { type: 136, flags: 0x20, targetAddress, options } as const;
}

test('[6275-11.5.5-01, 6275-11.5.5-03, 3963-5.8-01, 3963-5.8-02, 3963-5.8-04, 5648-5.5.1-01, 6275-11.7.2-11] the home agent is told from the home address, without BIDs and prefixes, with lifetime 0', () => {
  const bench = away();
  bench.homeLinks(homeLink());
  const [update, ...more] = bench.defend();
  assert.equal(more, []);
  assert.is(update!.packet.source, HOME);
  assert.is(update!.packet.destination, AGENT);
  assert.not('homeAddress' in update!.packet);
  assert.equal([update!.lifetimeSeconds, update!.flags, update!.options], [0, ROUTER_FLAGS, []]);
  assert.is(update!.interfaceIndex, HOME_LINK_INDEX);
});

test('[6275-11.5.5-02, 6275-11.5.5-09, 6275-11.5.5-07] the home address is on the home link when the update is sent, not before, and without duplicate address detection', () => {
  const bench = away();
  assert.is(bench.placement.onLink, null);
  bench.homeLinks(homeLink());
  assert.is(bench.placement.onLink, null);
  bench.defend();
  assert.equal(bench.placement.onLink, { interfaceIndex: HOME_LINK_INDEX, detectDuplicates: false });
});

test('the tunnels are used until the home agent has acknowledged, then the home link', () => {
  const bench = returning();
  assert.equal(bench.usable(), [1, 2]);
  assert.is(bench.placement.native, null);
  bench.settle(bench.sent.slice(-1), { lifetimeSeconds: 0 });
  assert.equal(bench.usable(), []);
  assert.equal(bench.placement.native, { interfaceIndex: HOME_LINK_INDEX, gateway: HOME_ROUTER });
  assert.equal(bench.placement.prefixes, [NETWORK]);
  assert.is(bench.place, 'home');
  assert.equal(bench.router.status(bench.nowMs).homes[0]!.bindings, []);
});

test('[6275-11.5.5-10] after the acknowledgement the whole link is told whose address it is, and again twice', () => {
  const bench = home();
  bench.run(10_000);
  const advertisements = bench.advertisements();
  assert.is(advertisements.length, 3);
  for (const [index, { packet, message, atMs, interfaceIndex }] of advertisements.entries()) {
    assert.is(packet.destination, ALL_NODES);
    assert.is(message.targetAddress, HOME);
    assert.is(message.flags & NeighborAdvertisementFlag.solicited, 0);
    assert.is(message.flags & NeighborAdvertisementFlag.override, NeighborAdvertisementFlag.override);
    assert.equal(message.options, [
      { type: NeighborOptionType.targetLinkLayerAddress, linkLayerAddress: OWN_LINK_ADDRESS },
    ]);
    assert.is(atMs - advertisements[0]!.atMs, index * 1000);
    assert.is(interfaceIndex, HOME_LINK_INDEX);
  }
});

test('[6275-11.5.5-10] a link-local address with the same interface identifier is advertised as well', () => {
  const bench = away();
  bench.homeLinks(homeLink({ linkLocalAddress: OWN_LINK_LOCAL }));
  const [update] = bench.defend();
  bench.settle([update!], { lifetimeSeconds: 0 });
  assert.equal(
    bench.advertisements().map(({ message }) => message.targetAddress),
    [HOME, OWN_LINK_LOCAL],
  );
});

test('where nobody defends the home address, the update is sent all the same', () => {
  const bench = away();
  bench.homeLinks(homeLink());
  const updates = bench.wait(2000);
  assert.equal(
    updates.map(({ packet, atMs }) => [packet.source, atMs - bench.nowMs]),
    [[HOME, 0]],
  );
  assert.is(bench.solicitations().length, 2);
});

test('[6275-11.8-04, 6275-11.8-05] the farewell from home is repeated until it is answered', () => {
  const bench = returning();
  const start = bench.sent.length - 1;
  bench.run(16_000);
  const farewells = bench.sent.slice(start);
  assert.equal(
    farewells.map(({ atMs }) => atMs - farewells[0]!.atMs),
    [0, 1000, 3000, 7000, 15_000],
  );
  assert.equal(new Set(farewells.map(({ sequenceNumber }) => sequenceNumber)).size, 5);
});

test('status 133 to the farewell: there was nothing to remove, and the router is at home', () => {
  const bench = returning();
  bench.settle(bench.sent.slice(-1), { status: BindingStatus.notHomeAgentForThisMobileNode });
  assert.is(bench.place, 'home');
});

test('after another refusal the home agent goes on to defend the home address: the farewell is repeated', () => {
  const bench = returning();
  bench.settle(bench.sent.slice(-1), { status: BindingStatus.insufficientResources });
  assert.is(bench.place, 'returning');
  assert.is(bench.wait(1000).length, 1);
});

test('status 135 to the farewell sets the sequence number', () => {
  const bench = returning();
  const [again] = bench.acknowledge(bench.sent.at(-1)!, { status: 135, sequenceNumber: 3000 });
  assert.equal([again?.sequenceNumber, again?.packet.source], [3001, HOME]);
});

test('[6275-11.3.3-02] the acknowledgement comes to the home address itself, without a routing header', () => {
  const bench = returning();
  const packet = acknowledgementOf(bench.sent.at(-1)!.packet, { lifetimeSeconds: 0 });
  assert.not('routing2' in packet);
  assert.is(packet.destination, HOME);
  bench.receive(packet);
  assert.is(bench.place, 'home');
});

// --- being at home ---------------------------------------------------------------------------------------------------

test('[5648-5.5-01, MHA-6.2.2-02, MHA-5.5-01] at home nothing is registered, whatever other uplinks there are', () => {
  const bench = home();
  bench.run(2000);
  assert.equal(bench.uplinks(first, second, CARE_OF[3]!), []);
  assert.equal(bench.wait(600_000), []);
  assert.equal(bench.states(), ['standby', 'standby', 'standby']);
});

test('a router that has no home link in its configuration never returns', () => {
  const bench = new HomeBench();
  bench.settle(bench.uplinks(first, second, null));
  bench.homeLinks(homeLink());
  assert.is(bench.place, 'away');
  assert.is(bench.solicitations().length, 0);
});

test('[5648-5.5.2-01] an interface that was brought to the home link and shut has its binding removed, and the router stays away by the others', () => {
  const bench = new HomeBench();
  bench.settle(bench.uplinks(first, second, null));
  bench.run(1500);
  const [removal, ...more] = bench.uplinks(null, second, null);
  assert.equal([removal!.bids, removal!.lifetimeSeconds, removal!.packet.source, more], [[1], 0, second, []]);
  bench.acknowledge(removal!);
  assert.equal([bench.place, bench.usable()], ['away', [2]]);
  assert.equal([bench.placement.onLink, bench.placement.native], [null, null]);
  const later = bench.wait(110_000);
  assert.ok(later.length > 0);
  for (const { bids, packet } of later) assert.equal([bids, packet.source], [[2], second]);
});

test('an address of the home link is no care-of address', () => {
  const bench = new HomeBench(AT_HOME);
  const [update] = bench.uplinks(INSIDE, second, null);
  assert.is(update!.packet.source, second);
  bench.settle([update!]);
  assert.equal(bench.usable(), [2]);
});

test('[6275-11.5.2-01] at the start on the home link a binding of an earlier run is removed, without duplicate address detection', () => {
  const bench = new HomeBench(AT_HOME);
  bench.homeLinks(homeLink());
  const [update] = bench.defend();
  assert.equal([update!.packet.source, update!.lifetimeSeconds], [HOME, 0]);
  assert.is(bench.placement.onLink?.detectDuplicates, false);
});

test('[6275-11.5.5-08] after all bindings have expired the home address is checked for duplicates, and nobody is told', () => {
  const bench = away();
  bench.uplinks(null, null, null);
  bench.run(400_000);
  assert.equal(bench.homeLinks(homeLink()), []);
  assert.is(bench.place, 'home');
  assert.equal(bench.placement.onLink, { interfaceIndex: HOME_LINK_INDEX, detectDuplicates: true });
  assert.is(bench.solicitations().length, 0);
});

test('a shutdown at home has nothing to say', () => {
  const bench = home();
  assert.equal(
    bench.updates(() => bench.handle({ type: 'shutdown' })),
    [],
  );
  assert.ok(bench.router.isDone);
  assert.is(bench.placement.onLink, null);
});

// --- leaving ---------------------------------------------------------------------------------------------------------

test('[6275-11.7.1-19, MHA-5.1-04, MHA-5.2-03] leaving home registers at once, as a first registration that replaces what there may be', () => {
  const bench = home();
  bench.run(2000);
  const [update] = bench.homeLinks(homeLink({ attached: false }));
  assert.equal([update!.packet.source, update!.packet.homeAddress, update!.overwrites], [first, HOME, true]);
  assert.is(bench.placement.onLink, null);
  assert.is(bench.placement.native, null);
  const [again] = bench.wait(1500);
  assert.is(again!.atMs - update!.atMs, 1500);
});

test('[MHA-5.5-04] ten times home and away again: nothing is left behind, and every sequence number is a new one', () => {
  const bench = away();
  for (let round = 0; round < 10; round++) {
    bench.homeLinks(homeLink());
    bench.settle(bench.defend(), { lifetimeSeconds: 0 });
    assert.equal([bench.place, bench.usable()], ['home', []]);
    bench.run(5000);
    bench.settle(bench.homeLinks(homeLink({ attached: false })));
    bench.run(5000);
    assert.equal([bench.place, bench.usable()], ['away', [1, 2]]);
  }
  const numbers = bench.sent.map(({ sequenceNumber }) => sequenceNumber);
  assert.equal(
    numbers,
    [...new Set(numbers)].sort((a, b) => a - b),
  );
});

test('a router that turns round on its way home keeps its tunnels and registers anew', () => {
  const bench = returning();
  const updates = bench.homeLinks(homeLink({ attached: false }));
  assert.equal(bench.usable(), [1, 2]);
  assert.equal([updates[0]!.overwrites, updates[0]!.lifetimeSeconds], [true, 120]);
  assert.is(bench.placement.onLink, null);
  bench.settle(updates);
  assert.equal(bench.usable(), [1, 2]);
});

test('[6275-11.3.1-06, 6275-11.3.1-07] Neighbor Discovery has no Home Address option and no routing header', () => {
  const bench = home();
  bench.run(5000);
  assert.ok(bench.icmpv6.length >= 4);
  for (const { packet } of bench.icmpv6) assert.not.ok('homeAddress' in packet || 'routing2' in packet);
});

test('what happens is told once each', () => {
  const bench = home();
  bench.homeLinks(homeLink({ attached: false }));
  assert.equal(
    bench.told('home-state').map(({ state }) => state),
    ['away', 'returning', 'home', 'away'],
  );
});

test('[6275-11.7.1-06, 6275-11.7.1-07] the L flag says that the link-local address has the home address’s interface identifier, and only then', () => {
  for (const [linkLocalAddress, flag] of [
    [OWN_LINK_LOCAL, 0x2000],
    [address('fe80::1234'), 0],
    [null, 0],
  ] as const) {
    const bench = new HomeBench(AT_HOME);
    bench.homeLinks(homeLink({ attached: false, linkLocalAddress }));
    const [update] = bench.uplinks(first, null, null);
    assert.is(update!.flags & 0x2000, flag);
    assert.not.ok(update!.options.some(({ type }) => type === OptionType.mobilityHeaderLinkLayerAddress));
  }
});

test.run();
