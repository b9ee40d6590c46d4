import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../../../src/bytes/address.ts';
import { linkLocalOf } from '../../../../src/bytes/special-addresses.ts';
import { BindingStatus, OptionType } from '../../../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../../../src/wire/mh/options/option.ts';
import type { MobilityPacket } from '../../../../src/wire/signalling.ts';
import {
  acknowledgementIn,
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
  NETWORK,
  optionStatuses,
} from '../../../lib/engines.ts';
import {
  advertisementsIn,
  HOME_LINK_INDEX,
  HomeLinkBench,
  type HomeLinkBenchParts,
  linkLayerAddress,
  NODE_MAC,
  neighborSolicitation,
  ON_LINK,
  sentIn,
} from '../../../lib/home-link.ts';

const HOME_BID = 9;
const { accepted, mcoaNotComplete, mcoaReturnHomeWithoutNdp } = BindingStatus;

/** Flag H: bound at home while bound elsewhere. */
function homeBinding(bid = HOME_BID): MobilityOption {
  return identifier(bid, { simultaneousHomeAndForeign: true, careOfAddress: HOME });
}

/** What a mobile router at home sends from its home address. */
function fromHome(sequenceNumber: number, options: readonly MobilityOption[], lifetimeSeconds = 60): MobilityPacket {
  return bindingUpdate(sequenceNumber, { source: HOME, homeAddress: null, options, lifetimeSeconds });
}

/** Bound abroad under BIDs 1 and 2. */
function away(parts: HomeLinkBenchParts = {}): HomeLinkBench {
  const bench = new HomeLinkBench(parts);
  bench.register(bulkUpdate(1, [1, 2]));
  return bench;
}

const onlyRouter = { homeLink: { onlyRouter: true } };
const isDefended = (bench: HomeLinkBench) =>
  advertisementsIn(bench.hear(neighborSolicitation(HOME, ON_LINK))).length > 0;

test('[5648-5.5.1-02] a node that de-registers everything from home gets its packets on the home link alone', () => {
  const bench = away();
  assert.is(bench.agent.delivery(HOME)?.tunnelled, true);
  const actions = bench.receiveAtHome(fromHome(2, [], 0));
  const { status, lifetimeSeconds } = acknowledgementIn(actions);
  assert.is(status, accepted);
  assert.is(lifetimeSeconds, 0);
  assert.equal(bench.agent.delivery(HOME), { tunnelled: false });
  assert.equal(bench.agent.forwarding(bench.nowMs).tunnels, []);
  assert.not(isDefended(bench));
});

test('the answer to a node that is at home leaves on the home link, without a routing header', () => {
  const bench = away();
  const [sent] = sentIn(bench.receiveAtHome(fromHome(2, [], 0)));
  assert.is(sent!.interfaceIndex, HOME_LINK_INDEX);
  assert.is(sent!.packet.destination, HOME);
  assert.is(sent!.packet.routing2, undefined);
  // The same, said from elsewhere, is answered by the routing tables.
  const other = away();
  assert.is(sentIn(other.receive(bindingUpdate(2, { lifetimeSeconds: 0 })))[0]!.interfaceIndex, 0);
});

test('[6275-10.3.2-06] an answer that rejects goes to the link-layer address that the update tells, or else is looked for', () => {
  const bench = new HomeLinkBench();
  const told = bench.receiveAtHome(fromHome(1, [linkLayerAddress()], 0));
  assert.is(acknowledgementIn(told).status, BindingStatus.notHomeAgentForThisMobileNode);
  const neighbor = told.findIndex(({ type }) => type === 'neighbor');
  assert.equal(told[neighbor], {
    type: 'neighbor',
    address: HOME,
    linkLayerAddress: NODE_MAC,
    interfaceIndex: HOME_LINK_INDEX,
  });
  assert.ok(neighbor < told.findIndex(({ type }) => type === 'send'), 'before the answer is sent');
  const untold = bench.receiveAtHome(fromHome(1, [], 0));
  assert.not.ok(untold.some(({ type }) => type === 'neighbor'));
  // On that interface the kernel sends a Neighbor Solicitation: no route leads into the tunnel there.
  assert.is(sentIn(untold)[0]!.interfaceIndex, HOME_LINK_INDEX);
});

test('nobody else is introduced to the kernel: not from elsewhere, and not under another address', () => {
  const bench = away();
  const options = [linkLayerAddress()];
  const updates = [
    bench.receive(fromHome(2, options, 0)),
    bench.receiveAtHome(bindingUpdate(3, { options, lifetimeSeconds: 0 })),
  ];
  for (const actions of updates) assert.not.ok(actions.some(({ type }) => type === 'neighbor'));
});

test('[5648-6.3-01, 5648-6.3-05, 5648-5.6.4-04, 5648-5.6.4-05] beside other routers, a home binding is accepted with 5', () => {
  const bench = away();
  const actions = bench.receiveAtHome(fromHome(2, [homeBinding(), linkLayerAddress()]));
  const acknowledgement = acknowledgementIn(actions);
  assert.is(acknowledgement.status, mcoaReturnHomeWithoutNdp);
  assert.equal(optionStatuses(acknowledgement), [[HOME_BID, 0]]);
  assert.equal(bench.agent.delivery(HOME), { tunnelled: false, linkLayerAddress: NODE_MAC });
  assert.ok(isDefended(bench), 'the agent keeps intercepting');
});

test('[5648-6.3-01, 5648-6.3-04] as the only router, the agent accepts with 0 and leaves the address to its owner', () => {
  const bench = away(onlyRouter);
  assert.ok(isDefended(bench));
  const actions = bench.receiveAtHome(fromHome(2, [homeBinding(), linkLayerAddress()]));
  assert.is(acknowledgementIn(actions).status, accepted);
  assert.equal(bench.agent.delivery(HOME), { tunnelled: false });
  assert.not(isDefended(bench));
  // Until its owner answers for it, the kernel knows it from the option.
  assert.ok(actions.some(({ type }) => type === 'neighbor'));
});

test('[5648-6.3-03] unless it is the only router, the agent neither answers 0 nor falls silent about the address', () => {
  for (const parts of [{}, { homeLink: { onlyRouter: false } }]) {
    const bench = away(parts);
    const { status } = acknowledgementIn(bench.receiveAtHome(fromHome(2, [homeBinding(), linkLayerAddress()])));
    assert.is(status, mcoaReturnHomeWithoutNdp);
    assert.ok(isDefended(bench));
  }
});

test('[5648-6.2-11] flag H stores the home address as care-of address, whatever the option says', () => {
  const options = [identifier(HOME_BID, { simultaneousHomeAndForeign: true, careOfAddress: CARE_OF[5]! })];
  const bench = away();
  bench.receiveAtHome(fromHome(2, [...options, linkLayerAddress()]));
  assert.equal(bench.bindings(), { ...boundAs(1, 2), [HOME_BID]: formatAddress(HOME) });
});

test('[5648-5.6.2-01] bound at home and abroad, a node is reached on the link, its tunnels stay open for what it sends', () => {
  const bench = away();
  bench.receiveAtHome(fromHome(2, [homeBinding(), linkLayerAddress()]));
  assert.is(bench.agent.delivery(HOME)?.tunnelled, false);
  const { tunnels, groups } = bench.agent.forwarding(bench.nowMs);
  assert.equal(
    tunnels.map(({ outerDestination }) => formatAddress(outerDestination)),
    [formatAddress(CARE_OF[1]!), formatAddress(CARE_OF[2]!)],
  );
  assert.ok(groups[0]!.prefixes.some(({ address }) => address === NETWORK.address));
  // De-registering the home binding alone sends everything through the tunnels again.
  bench.receiveAtHome(fromHome(3, [homeBinding()], 0));
  assert.equal(bench.agent.delivery(HOME), { tunnelled: true });
  assert.ok(isDefended(bench));
});

test('a home binding may come in one update with others: then its status stands in its option', () => {
  const bench = new HomeLinkBench();
  const careOf = (bid: number) => identifier(bid, { careOfAddress: CARE_OF[bid]! });
  const actions = bench.register(
    bindingUpdate(1, { options: [careOf(1), homeBinding(), careOf(2), linkLayerAddress()] }),
  );
  const acknowledgement = acknowledgementIn(actions);
  assert.is(acknowledgement.status, mcoaNotComplete);
  assert.equal(optionStatuses(acknowledgement), [
    [1, 0],
    [HOME_BID, mcoaReturnHomeWithoutNdp],
    [2, 0],
  ]);
  const returned = acknowledgement.options.filter((option) => option.type === OptionType.bindingIdentifier);
  assert.equal(
    returned.map(({ simultaneousHomeAndForeign }) => simultaneousHomeAndForeign),
    [false, true, false],
  );
});

test('a node has one binding to its home link at a time', () => {
  const bench = away();
  bench.receiveAtHome(fromHome(2, [homeBinding(8), linkLayerAddress()]));
  bench.receiveAtHome(fromHome(3, [homeBinding(9), linkLayerAddress()]));
  assert.equal(Object.keys(bench.bindings()), ['1', '2', '9']);
  const twice = acknowledgementIn(
    bench.receiveAtHome(fromHome(4, [homeBinding(8), homeBinding(9), linkLayerAddress()])),
  );
  assert.equal(optionStatuses(twice), [
    [8, mcoaReturnHomeWithoutNdp],
    [9, BindingStatus.mcoaMalformed],
  ]);
});

test('[5648-5.6.5-02] an update from elsewhere without flag H ends forwarding to the home link', () => {
  const bench = away();
  bench.receiveAtHome(fromHome(2, [homeBinding(), linkLayerAddress()]));
  const left = bench.receive(bindingUpdate(3, { options: [identifier(1)] }));
  assert.is(acknowledgementIn(left).status, accepted);
  assert.equal(bench.bindings(), boundAs(1, 2));
  assert.equal(bench.agent.delivery(HOME), { tunnelled: true });
  assert.ok(isDefended(bench));
});

test('[5648-5.6.5-02] flag H clear for the BID of the home binding makes it one to the care-of address given', () => {
  const bench = away();
  bench.receiveAtHome(fromHome(2, [homeBinding(), linkLayerAddress()]));
  bench.receiveAtHome(fromHome(3, [identifier(HOME_BID, { careOfAddress: CARE_OF[3]! }), homeBinding(8)]));
  assert.equal(bench.bindings(), { ...boundAs(1, 2), 8: formatAddress(HOME), [HOME_BID]: formatAddress(CARE_OF[3]!) });
  bench.receive(bindingUpdate(4, { options: [identifier(HOME_BID)] }));
  assert.equal(bench.agent.delivery(HOME), { tunnelled: true });
});

test('a node that is still at home may refresh its other bindings from there', () => {
  const bench = away();
  bench.receiveAtHome(fromHome(2, [homeBinding(), linkLayerAddress()]));
  bench.receiveAtHome(bindingUpdate(3, { options: [identifier(1)] }));
  assert.equal(bench.bindings(), { ...boundAs(1, 2), [HOME_BID]: formatAddress(HOME) });
});

test('a home binding is refused where it cannot be served', () => {
  const { mcoaSimultaneousHomeAndForeignProhibited, reasonUnspecified } = BindingStatus;
  const options = [homeBinding(), linkLayerAddress()];
  const rows: [string, HomeAgentBench, readonly MobilityOption[], number][] = [
    ['on a virtual home link', new HomeAgentBench(), options, mcoaSimultaneousHomeAndForeignProhibited],
    [
      'where it is turned off',
      away({ homeLink: { simultaneousHomeAndForeign: false } }),
      options,
      mcoaSimultaneousHomeAndForeignProhibited,
    ],
    ['without a link-layer address', away(), [homeBinding()], reasonUnspecified],
    [
      'with one of another kind of link',
      away(),
      [homeBinding(), linkLayerAddress(new Uint8Array(14))],
      reasonUnspecified,
    ],
    [
      'with that of a group',
      away(),
      [homeBinding(), linkLayerAddress(Uint8Array.of(1, 0, 0, 0, 0, 1))],
      reasonUnspecified,
    ],
  ];
  for (const [where, bench, given, status] of rows) {
    assert.is(bench.answer(fromHome(20, given)).status, status, where);
    assert.not.ok(HOME_BID in bench.bindings(), where);
  }
});

test('a refresh need not repeat the link-layer address', () => {
  const bench = away();
  bench.receiveAtHome(fromHome(2, [homeBinding(), linkLayerAddress()]));
  assert.is(acknowledgementIn(bench.receiveAtHome(fromHome(3, [homeBinding()]))).status, mcoaReturnHomeWithoutNdp);
  assert.equal(bench.agent.delivery(HOME)?.linkLayerAddress, NODE_MAC);
  const moved = Uint8Array.of(2, 0, 0, 0, 0, 3);
  bench.receiveAtHome(fromHome(4, [homeBinding(), linkLayerAddress(moved)]));
  assert.equal(bench.agent.delivery(HOME)?.linkLayerAddress, moved);
});

test('a node that ends its home binding is answered at the link-layer address that it told before', () => {
  const bench = away();
  bench.receiveAtHome(fromHome(2, [homeBinding(), linkLayerAddress()]));
  const actions = bench.receiveAtHome(fromHome(3, [], 0));
  assert.equal(
    actions.filter(({ type }) => type === 'neighbor'),
    [{ type: 'neighbor', address: HOME, linkLayerAddress: NODE_MAC, interfaceIndex: HOME_LINK_INDEX }],
  );
  assert.is(acknowledgementIn(actions).status, accepted);
});

test('when the home binding expires, its packets go through the tunnels again', () => {
  const bench = away();
  bench.receiveAtHome(fromHome(2, [homeBinding(), linkLayerAddress()], 40));
  bench.run(40_000);
  assert.equal(bench.bindings(), boundAs(1, 2));
  assert.equal(bench.agent.delivery(HOME), { tunnelled: true });
});

test('only a node that binds itself at home may leave the Home Address option out of a registration', () => {
  const bench = away();
  const careOf = identifier(1, { careOfAddress: CARE_OF[1]! });
  assert.equal(dropsIn(bench.receiveAtHome(fromHome(2, [careOf]))), ['no-home-address-option']);
  assert.equal(dropsIn(bench.receiveAtHome(fromHome(2, []))), ['no-home-address-option']);
});

test('[3963-6.2-08, 3963-6.2-09] a prefix that nothing can be forwarded to is refused with 141, and the others with it', () => {
  const asked = (prefix: { address: typeof HOME; length: number }) => ({
    type: OptionType.mobileNetworkPrefix,
    prefix,
  });
  const bench = new HomeAgentBench();
  for (const useless of [
    { address: '\xff\x02'.padEnd(16, '\0') as typeof HOME, length: 16 },
    { address: '\0'.repeat(16) as typeof HOME, length: 0 },
    { address: linkLocalOf('\0'.repeat(16) as typeof HOME), length: 64 },
  ]) {
    const { status } = bench.answer(bindingUpdate(1, { options: [asked(NETWORK), asked(useless)] }));
    assert.is(status, BindingStatus.invalidPrefix);
    assert.equal(bench.agent.forwarding(bench.nowMs).groups, []);
  }
  assert.is(bench.answer(bindingUpdate(1, { options: [asked(NETWORK)] })).status, accepted);
});

test('[6275-9.5.1-08] an update of another registration type is refused with 139, and the binding stays', () => {
  const bench = new HomeAgentBench({ mobileNodes: [mobileNode({ mobileRouter: false, prefixes: [] })] });
  bench.answer(bindingUpdate(1, { flags: Flag.acknowledge | Flag.homeRegistration }));
  const { status } = bench.answer(bindingUpdate(2, { flags: Flag.acknowledge }));
  assert.is(status, BindingStatus.registrationTypeChangeDisallowed);
  assert.equal(bench.bindings(), { 0: formatAddress(CARE_OF[1]!) });
  assert.equal(dropsIn(new HomeAgentBench().receive(bindingUpdate(1, { flags: Flag.acknowledge }))), [
    'not-a-home-registration',
  ]);
});

test('a care-of address that leads back to the home address through other bindings is refused with 174', () => {
  const [first, second] = [HOME, CARE_OF[7]!];
  const bench = new HomeAgentBench({
    homePrefixes: [{ address: '\x20'.padEnd(16, '\0') as typeof HOME, length: 3 }],
    mobileNodes: [
      mobileNode({ homeAddress: first }),
      mobileNode({ name: 'inner', homeAddress: second, prefixes: [NETWORK] }),
    ],
  });
  assert.is(bench.answer(bindingUpdate(1, { homeAddress: first, source: second })).status, accepted);
  const circular = bench.answer(bindingUpdate(1, { homeAddress: second, source: first }));
  assert.is(circular.status, BindingStatus.invalidCareOfAddress);
  assert.is(bench.answer(bindingUpdate(2, { homeAddress: second, source: CARE_OF[1]! })).status, accepted);
});

test.run();
