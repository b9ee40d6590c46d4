import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, formatAddress, IPV6_UNSPECIFIED } from '../../../../src/bytes/address.ts';
import {
  homeAgentsAnycastAddress,
  linkLocalOf,
  solicitedNodeAddress,
} from '../../../../src/bytes/special-addresses.ts';
import { Icmpv6Type, NeighborAdvertisementFlag, NeighborOptionType } from '../../../../src/wire/icmpv6/numbers.ts';
import { BindingStatus } from '../../../../src/wire/mh/numbers.ts';
import {
  acknowledgementIn,
  bindingUpdate,
  bulkUpdate,
  CARE_OF,
  Flag,
  HOME,
  HOME_PREFIX,
  mobileNode,
  OTHER_HOME,
  packetsIn,
} from '../../../lib/engines.ts';
import {
  advertisementsIn,
  groupsIn,
  HOME_LINK_INDEX,
  HOST_FLAGS,
  HomeLinkBench,
  homeLink,
  icmpv6In,
  messagesIn,
  neighborAdvertisement,
  neighborSolicitation,
  ON_LINK,
  OUR_LINK_LOCAL,
  OUR_MAC,
} from '../../../lib/home-link.ts';

const { override, router, solicited } = NeighborAdvertisementFlag;
const LINK_LOCAL_HOME = linkLocalOf(HOME);
const NEIGHBOR = address('2001:db8:1:f::77');
const withLinkLocal = { flags: HOST_FLAGS | Flag.linkLocalCompatibility };

/** The targets of the tests that are under way. */
function tested(actions: Parameters<typeof messagesIn>[0]): string[] {
  return messagesIn(actions, Icmpv6Type.neighborSolicitation).map(({ message }) =>
    formatAddress(message.targetAddress),
  );
}

test('[6275-10.3.1-11] a first registration is acknowledged only after a test of its address on the home link', () => {
  const bench = new HomeLinkBench();
  const begun = bench.receive(bindingUpdate(1));
  assert.equal(packetsIn(begun), [], 'no acknowledgement yet');
  const [probe, ...others] = icmpv6In(begun);
  assert.is(others.length, 0);
  assert.is(probe!.interfaceIndex, HOME_LINK_INDEX);
  assert.is(probe!.packet.source, IPV6_UNSPECIFIED);
  assert.is(probe!.packet.destination, solicitedNodeAddress(HOME));
  assert.equal(probe!.packet.message, {
    type: Icmpv6Type.neighborSolicitation,
    targetAddress: HOME,
    options: [],
  });
  assert.equal(groupsIn(begun, 'join-group'), [solicitedNodeAddress(HOME)], 'another node’s test must be heard');
  assert.equal(bench.bindings(), {});
  assert.equal(packetsIn(bench.run(999)), []);
  const done = bench.run(1);
  assert.is(acknowledgementIn(done).status, BindingStatus.accepted);
  assert.equal(bench.bindings(), { 0: formatAddress(CARE_OF[1]!) });
});

test('[6275-10.3.1-11] a home address that has a binding is not tested again', () => {
  const bench = new HomeLinkBench();
  bench.register(bindingUpdate(1));
  const refreshed = bench.receive(bindingUpdate(2));
  assert.equal(icmpv6In(refreshed), []);
  assert.is(acknowledgementIn(refreshed).sequenceNumber, 2);
  // A further care-of address is no first binding either.
  bench.register(bindingUpdate(3, { lifetimeSeconds: 0 }));
  bench.register(bulkUpdate(4, [1]));
  assert.is(acknowledgementIn(bench.receive(bulkUpdate(5, [2]))).status, BindingStatus.accepted);
});

test('[6275-10.3.1-11] what would be refused anyway is refused without a test', () => {
  const bench = new HomeLinkBench({ mobileNodes: [mobileNode({ mobileRouter: false, prefixes: [] })] });
  const actions = bench.receive(bindingUpdate(1));
  assert.is(acknowledgementIn(actions).status, BindingStatus.mobileRouterOperationNotPermitted);
  assert.equal(icmpv6In(actions), []);
});

test('retransmissions neither restart the test nor get answers of their own', () => {
  const bench = new HomeLinkBench();
  bench.receive(bindingUpdate(1));
  bench.run(600);
  assert.equal(bench.receive(bindingUpdate(2)), []);
  const done = bench.run(400);
  assert.is(acknowledgementIn(done).sequenceNumber, 2);
});

test('updates of several care-of addresses wait together, in their order', () => {
  const bench = new HomeLinkBench();
  for (const bid of [1, 2, 3]) bench.receive(bulkUpdate(bid, [bid], { source: CARE_OF[bid]! }));
  const numbers = packetsIn(bench.run(1000)).map(
    ({ message }) => 'sequenceNumber' in message && message.sequenceNumber,
  );
  assert.equal(numbers, [1, 2, 3]);
  assert.equal(Object.keys(bench.bindings()), ['1', '2', '3']);
});

for (const [how, conflict] of [
  ['a neighbour answers for it', neighborAdvertisement(HOME)],
  ['a neighbour tests it at the same time', neighborSolicitation(HOME)],
] as const) {
  test(`[6275-10.3.1-12] the whole update is rejected with 134 when ${how}`, () => {
    const bench = new HomeLinkBench();
    bench.receive(bulkUpdate(1, [1, 2]));
    bench.run(300);
    const refused = bench.hear(conflict);
    const { status, lifetimeSeconds, options } = acknowledgementIn(refused);
    assert.is(status, BindingStatus.duplicateAddressDetectionFailed);
    assert.is(lifetimeSeconds, 0);
    assert.equal(
      options.map((option) => 'status' in option && option.status),
      [0, 0],
    );
    assert.equal(groupsIn(refused, 'leave-group'), [solicitedNodeAddress(HOME)]);
    assert.equal(bench.run(5000), [], 'it is over');
    assert.equal(bench.bindings(), {});
    assert.equal(bench.agent.forwarding(bench.nowMs).groups, []);
  });
}

test('[6275-10.3.1-12, 6275-10.3.1-14] with flag L, a conflict about the derived link-local address rejects it as well', () => {
  const bench = new HomeLinkBench();
  bench.receive(bindingUpdate(1, withLinkLocal));
  const refused = bench.hear(neighborAdvertisement(LINK_LOCAL_HOME));
  assert.is(acknowledgementIn(refused).status, BindingStatus.duplicateAddressDetectionFailed);
});

test('what is said about other addresses, or asked about this one, is no conflict', () => {
  const bench = new HomeLinkBench();
  bench.receive(bindingUpdate(1));
  assert.equal(bench.hear(neighborAdvertisement(NEIGHBOR)), []);
  assert.equal(bench.hear(neighborSolicitation(HOME, NEIGHBOR)), [], 'the address is tentative: no answer');
  assert.equal(bench.ask(neighborAdvertisement(HOME)), [], 'it did not come from the home link');
  assert.is(acknowledgementIn(bench.run(1000)).status, BindingStatus.accepted);
});

test('[6275-10.3.1-13] without flag L, the home address alone is tested and defended', () => {
  const bench = new HomeLinkBench();
  const begun = bench.receive(bindingUpdate(1, { flags: HOST_FLAGS }));
  assert.equal(tested(begun), [formatAddress(HOME)]);
  assert.equal(
    advertisementsIn(bench.run(1000)).map(({ targetAddress }) => targetAddress),
    [HOME],
  );
  assert.equal(bench.hear(neighborSolicitation(LINK_LOCAL_HOME, NEIGHBOR)), []);
  assert.equal(bench.agent.refusedLinkLocal(), []);
});

test('[6275-10.3.1-14, 6275-10.4.1-03] with flag L, the derived link-local address is tested, announced and defended', () => {
  const bench = new HomeLinkBench();
  const begun = bench.receive(bindingUpdate(1, withLinkLocal));
  assert.equal(tested(begun), [formatAddress(HOME), formatAddress(LINK_LOCAL_HOME)]);
  assert.equal(
    advertisementsIn(bench.run(1000)).map(({ targetAddress }) => targetAddress),
    [HOME, LINK_LOCAL_HOME],
  );
  assert.is(advertisementsIn(bench.hear(neighborSolicitation(LINK_LOCAL_HOME, NEIGHBOR))).length, 1);
  assert.equal(bench.agent.refusedLinkLocal(), [LINK_LOCAL_HOME]);
  bench.receive(bindingUpdate(2, { ...withLinkLocal, lifetimeSeconds: 0 }));
  assert.equal(bench.hear(neighborSolicitation(LINK_LOCAL_HOME, NEIGHBOR)), []);
  assert.equal(bench.agent.refusedLinkLocal(), []);
});

test('[6275-10.4.1-02, 6275-10.4.1-04, 6275-10.4.1-05] service begins with an unsolicited advertisement to all nodes', () => {
  const bench = new HomeLinkBench();
  const actions = bench.register(bindingUpdate(1, { flags: HOST_FLAGS }));
  const [announcement] = icmpv6In(actions).filter(
    ({ packet }) => packet.message.type === Icmpv6Type.neighborAdvertisement,
  );
  assert.equal(announcement, {
    interfaceIndex: HOME_LINK_INDEX,
    packet: {
      kind: 'icmpv6',
      source: OUR_LINK_LOCAL,
      destination: address('ff02::1'),
      message: {
        type: Icmpv6Type.neighborAdvertisement,
        flags: override,
        targetAddress: HOME,
        options: [{ type: NeighborOptionType.targetLinkLayerAddress, linkLayerAddress: OUR_MAC }],
      },
    },
  });
});

test('the announcement is repeated twice, a second apart, and not again when the binding is refreshed', () => {
  const bench = new HomeLinkBench();
  bench.register(bindingUpdate(1));
  assert.is(advertisementsIn(bench.run(999)).length, 0);
  assert.is(advertisementsIn(bench.run(1)).length, 1);
  assert.is(advertisementsIn(bench.run(1000)).length, 1);
  assert.is(advertisementsIn([...bench.run(10_000), ...bench.receive(bindingUpdate(2))]).length, 0);
});

test('[3963-6.2-15, 3963-6.2-16] for a mobile router, the advertisements say that it is a router', () => {
  const bench = new HomeLinkBench();
  const [announcement] = advertisementsIn(bench.register(bindingUpdate(1)));
  assert.is(announcement!.flags, override | router);
  const [answer] = advertisementsIn(bench.hear(neighborSolicitation(HOME, NEIGHBOR)));
  assert.is(answer!.flags, override | router | solicited);
});

test('[6275-10.4.1-01, 6275-10.4.1-07] a solicitation for a bound address is answered, any other is not', () => {
  const bench = new HomeLinkBench();
  bench.register(bindingUpdate(1, { flags: HOST_FLAGS }));
  const [answer, ...more] = icmpv6In(bench.hear(neighborSolicitation(HOME, NEIGHBOR)));
  assert.is(more.length, 0);
  assert.is(answer!.interfaceIndex, HOME_LINK_INDEX);
  assert.is(answer!.packet.destination, NEIGHBOR);
  assert.equal(answer!.packet.message, {
    type: Icmpv6Type.neighborAdvertisement,
    flags: override | solicited,
    targetAddress: HOME,
    options: [{ type: NeighborOptionType.targetLinkLayerAddress, linkLayerAddress: OUR_MAC }],
  });
  assert.equal(bench.hear(neighborSolicitation(OTHER_HOME, NEIGHBOR)), []);
  assert.equal(bench.hear(neighborSolicitation(ON_LINK, NEIGHBOR)), [], 'for its own address the kernel answers');
  assert.equal(bench.ask(neighborSolicitation(HOME, NEIGHBOR)), [], 'only on the home link');
});

test('[6275-10.4.1-08] another node that tests a bound address hears, with all others, that it is taken', () => {
  const bench = new HomeLinkBench();
  bench.register(bindingUpdate(1, { flags: HOST_FLAGS }));
  const [answer] = icmpv6In(bench.hear(neighborSolicitation(HOME)));
  assert.is(formatAddress(answer!.packet.destination), 'ff02::1');
  assert.is(answer!.packet.message.type === Icmpv6Type.neighborAdvertisement && answer!.packet.message.flags, override);
});

test('[6275-10.3.2-07, 6275-10.3.2-09] de-registration ends the interception at once, although the entry is remembered', () => {
  const bench = new HomeLinkBench();
  bench.register(bindingUpdate(10));
  const actions = bench.receive(bindingUpdate(11, { lifetimeSeconds: 0 }));
  assert.equal(groupsIn(actions, 'leave-group'), [solicitedNodeAddress(HOME)]);
  assert.equal(bench.hear(neighborSolicitation(HOME, NEIGHBOR)), []);
  assert.is(bench.agent.delivery(HOME)?.tunnelled, false);
  assert.is(acknowledgementIn(bench.receive(bindingUpdate(9))).status, BindingStatus.sequenceNumberOutOfWindow);
  assert.is(advertisementsIn(bench.run(60_000)).length, 0);
});

test('expiry ends the interception as well', () => {
  const bench = new HomeLinkBench();
  bench.register(bindingUpdate(1, { lifetimeSeconds: 60 }));
  assert.is(bench.agent.delivery(HOME)?.tunnelled, true);
  const actions = bench.run(60_000);
  assert.equal(groupsIn(actions, 'leave-group'), [solicitedNodeAddress(HOME)]);
  assert.equal(bench.hear(neighborSolicitation(HOME, NEIGHBOR)), []);
  assert.is(bench.agent.delivery(HOME)?.tunnelled, false);
});

test('a link that goes and comes back has every defended address announced, and its groups joined again', () => {
  const bench = new HomeLinkBench();
  bench.register(bindingUpdate(1));
  bench.run(5000);
  bench.link(null);
  assert.equal(bench.hear(neighborSolicitation(HOME, NEIGHBOR)), [], 'nothing can be sent');
  const back = bench.link(homeLink());
  assert.ok(groupsIn(back, 'join-group').includes(solicitedNodeAddress(HOME)));
  assert.equal(
    advertisementsIn(back).map(({ targetAddress }) => targetAddress),
    [HOME],
  );
  const mac = Uint8Array.of(2, 9, 9, 9, 9, 9);
  const [announcement] = advertisementsIn(bench.link(homeLink({ linkLayerAddress: mac })));
  assert.equal(announcement!.options, [{ type: NeighborOptionType.targetLinkLayerAddress, linkLayerAddress: mac }]);
});

test('while the home link is down nobody can be on it: registrations are accepted without a test', () => {
  const bench = new HomeLinkBench({}, null);
  assert.is(acknowledgementIn(bench.receive(bindingUpdate(1))).status, BindingStatus.accepted);
  assert.is(advertisementsIn(bench.link(homeLink())).length, 1, 'it is announced as soon as somebody may listen');
});

test('a home prefix that is not one of the link’s is a virtual home link: no test, no defence', () => {
  const elsewhere = address('2001:db8:1:e::2');
  const bench = new HomeLinkBench({
    homePrefixes: [HOME_PREFIX, { address: address('2001:db8:1:e::'), length: 64 }],
    mobileNodes: [mobileNode({ homeAddress: elsewhere })],
  });
  const actions = bench.receive(bindingUpdate(1, { homeAddress: elsewhere }));
  assert.is(acknowledgementIn(actions).status, BindingStatus.accepted);
  assert.equal(icmpv6In(actions), []);
  assert.is(bench.agent.delivery(elsewhere), undefined);
});

test('[6275-8.4-02] the Home-Agents anycast address of the link is taken, unless discovery is turned off', () => {
  assert.equal(groupsIn(new HomeLinkBench().first, 'join-group'), [homeAgentsAnycastAddress(HOME_PREFIX)]);
  assert.equal(groupsIn(new HomeLinkBench({ addressDiscovery: false }).first, 'join-group'), []);
});

test('[6275-9.3.2-02] Neighbor Discovery goes without a routing header, whoever is away', () => {
  const bench = new HomeLinkBench();
  const actions = [...bench.register(bindingUpdate(1)), ...bench.run(5000)];
  actions.push(...bench.hear(neighborSolicitation(HOME, NEIGHBOR)));
  // The one who asks is away itself, as far as the binding cache knows.
  bench.register(bindingUpdate(1, { homeAddress: OTHER_HOME, flags: HOST_FLAGS }));
  actions.push(...bench.hear(neighborSolicitation(HOME, OTHER_HOME)));
  const sent = icmpv6In(actions);
  assert.ok(sent.length >= 5);
  for (const { packet } of sent) assert.is(packet.routing2, undefined);
  assert.is(sent.at(-1)!.packet.destination, OTHER_HOME);
});

test('two home addresses with one solicited-node group leave it only when both are gone', () => {
  const twin = address('2001:db8:1:f:1::2');
  const bench = new HomeLinkBench({ mobileNodes: [mobileNode(), mobileNode({ name: 'twin', homeAddress: twin })] });
  bench.register(bindingUpdate(1));
  assert.equal(groupsIn(bench.register(bindingUpdate(1, { homeAddress: twin })), 'join-group'), []);
  assert.equal(groupsIn(bench.receive(bindingUpdate(2, { lifetimeSeconds: 0 })), 'leave-group'), []);
  const last = bench.receive(bindingUpdate(2, { homeAddress: twin, lifetimeSeconds: 0 }));
  assert.equal(groupsIn(last, 'leave-group'), [solicitedNodeAddress(HOME)]);
});

test.run();
