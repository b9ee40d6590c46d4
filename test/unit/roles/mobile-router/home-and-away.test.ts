import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BindingStatus, OptionType } from '../../../../src/wire/mh/numbers.ts';
import { CARE_OF, HOME, identifier, ROUTER_FLAGS, type SentUpdate } from '../../../lib/engines.ts';
import {
  AT_BOTH,
  HOME_LINK_INDEX,
  HOME_ROUTER,
  HomeBench,
  homeLink,
  OWN_LINK_ADDRESS,
} from '../../../lib/engines-home.ts';

const [, first, second] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0]];
/** The lowest that no uplink has, but one: that is kept for the home address as a care-of address. */
const HOME_BID = 5;
const { mcoaReturnHomeWithoutNdp: WITHOUT_NDP } = BindingStatus;

function away(): HomeBench {
  const bench = new HomeBench(AT_BOTH);
  bench.settle(bench.uplinks(first, second, null));
  bench.run(1500);
  return bench;
}

/** At home and away, with a home binding of this status. */
function both(status = 0): HomeBench {
  const bench = away();
  bench.settle(bench.homeLinks(homeLink()), { statuses: { [HOME_BID]: status } });
  bench.run(1500);
  return bench;
}

function homeOption({ options }: SentUpdate) {
  return options.find((option) => option.type === OptionType.bindingIdentifier && option.bid === HOME_BID);
}

// --- the home binding ------------------------------------------------------------------------------------------------

test('[5648-5.6.3-01, 5648-5.6.3-02, 5648-5.6.3-04, 5648-4.3-08] on the home link a home binding is registered: flag H, the home address, a lifetime, and our link-layer address', () => {
  const bench = away();
  const [update, ...more] = bench.homeLinks(homeLink());
  assert.equal(more, []);
  assert.equal([update!.lifetimeSeconds, update!.flags, update!.bids], [120, ROUTER_FLAGS, [HOME_BID]]);
  assert.equal(homeOption(update!), identifier(HOME_BID, { simultaneousHomeAndForeign: true, careOfAddress: HOME }));
  assert.equal(
    update!.options.filter(({ type }) => type === OptionType.mobilityHeaderLinkLayerAddress),
    [{ type: OptionType.mobilityHeaderLinkLayerAddress, optionCode: 2, linkLayerAddress: OWN_LINK_ADDRESS }],
  );
});

test('it travels by a foreign link while there is one, where nobody defends the home address', () => {
  const bench = away();
  const [update] = bench.homeLinks(homeLink());
  assert.equal([update!.packet.source, update!.packet.homeAddress], [first, HOME]);
  const alone = new HomeBench(AT_BOTH);
  const [own] = alone.homeLinks(homeLink());
  assert.equal([own!.packet.source, own!.packet.homeAddress, own!.interfaceIndex], [HOME, undefined, HOME_LINK_INDEX]);
});

test('[5648-5.6.3-06] nothing is answered for the home address before the acknowledgement', () => {
  const bench = away();
  const [update] = bench.homeLinks(homeLink());
  assert.is(bench.placement.onLink, null);
  bench.run(500);
  assert.is(bench.placement.onLink, null);
  bench.acknowledge(update!);
  assert.equal(bench.placement.onLink, { interfaceIndex: HOME_LINK_INDEX, detectDuplicates: false });
});

test('[MHA-5.1-02, MHA-6.2.2-01, MHA-5.3-03] with status 0 home link and tunnels are used together', () => {
  const bench = both();
  assert.is(bench.place, 'home-and-away');
  assert.equal(bench.placement.native, { interfaceIndex: HOME_LINK_INDEX, gateway: HOME_ROUTER });
  assert.equal(bench.usable(), [1, 2]);
  assert.equal(bench.states(), ['active', 'active', 'down']);
  assert.is(bench.advertisements().length, 2, 'the link is told whose address it is');
});

test('[5648-5.6.4-02, 5648-5.6.4-03] with status 5 there is no Neighbor Discovery for the home address, and frames go to the router whose link-layer address is known', () => {
  const bench = both(WITHOUT_NDP);
  assert.is(bench.placement.onLink, null);
  assert.equal(bench.placement.native, { interfaceIndex: HOME_LINK_INDEX, gateway: HOME_ROUTER });
  bench.run(10_000);
  assert.equal([bench.advertisements(), bench.solicitations()], [[], []]);
  bench.homeLinks(homeLink({ router: { address: HOME_ROUTER, linkLayerAddress: undefined } }));
  assert.is(bench.placement.native, null, 'the router’s link-layer address must not be asked for');
});

test('[5648-5.6.4-03] the router’s link-layer address is put into the neighbour cache for good, so that it is never resolved', () => {
  const bench = both(WITHOUT_NDP);
  assert.equal(bench.placement.neighbor, {
    interfaceIndex: HOME_LINK_INDEX,
    ...homeLink().router!,
  });
  assert.is(both().placement.neighbor, null);
});

test('[5648-5.6.3-03] however often the home link is seen, there is one home binding', () => {
  const bench = both();
  bench.homeLinks(homeLink(), homeLink({ interfaceIndex: 15 }));
  bench.wait(300_000);
  for (const { options } of bench.sent) {
    const homes = options.filter(
      (option) => option.type === OptionType.bindingIdentifier && option.simultaneousHomeAndForeign,
    );
    assert.ok(homes.length <= 1);
  }
});

test('[5648-5.6.3-08] the home binding is refreshed like any other, in bulk with them', () => {
  const bench = both();
  const refreshes = bench.wait(100_000).filter(({ bids }) => bids.includes(HOME_BID));
  assert.ok(refreshes.length > 0);
  assert.ok(refreshes.some(({ bids }) => bids.length > 1) || refreshes.every(({ bids }) => bids.length === 1));
  assert.is(homeOption(refreshes[0]!)?.type === OptionType.bindingIdentifier, true);
});

test('[5648-5.6.5-01, 5648-5.6.3-07] while the home link is there, every registration names the home binding with its H flag: without it the agent would take it for left', () => {
  const bench = both();
  bench.settle(bench.uplinks(CARE_OF[7]!, second, null));
  bench.settle(bench.uplinks(CARE_OF[7]!, second, CARE_OF[3]!));
  for (let minute = 0; minute < 10; minute++) bench.settle(bench.wait(60_000));
  const registrations = bench.sent.slice(3).filter(({ lifetimeSeconds }) => lifetimeSeconds > 0);
  assert.ok(registrations.length > 5);
  for (const update of registrations) assert.ok(homeOption(update), `${update.bids}`);
});

test('in individual mode every registration comes from the home link itself', () => {
  const bench = new HomeBench({ ...AT_BOTH, registration: 'individual' });
  bench.settle(bench.uplinks(first, second, null));
  bench.run(1500);
  bench.settle(bench.homeLinks(homeLink()));
  bench.run(1500);
  const updates = bench.uplinks(CARE_OF[7]!, second, null);
  assert.equal(
    updates.map(({ packet, bids, options }) => [packet.source, bids, options.length > 0]),
    [[HOME, [1], true]],
  );
});

// --- leaving ---------------------------------------------------------------------------------------------------------

test('[5648-5.6.5-01, MHA-5.1-04] leaving the home link: at once an update for a foreign care-of address with H clear, then the removal of the home binding', () => {
  const bench = both();
  const updates = bench.homeLinks(homeLink({ attached: false }));
  assert.equal(
    updates.map(({ bids, lifetimeSeconds, packet }) => [bids, lifetimeSeconds, packet.source]),
    [
      [[1], 120, first],
      [[HOME_BID], 0, first],
    ],
  );
  for (const { options } of updates) {
    for (const option of options) {
      if (option.type === OptionType.bindingIdentifier) assert.is(option.simultaneousHomeAndForeign, false);
    }
  }
  assert.equal([bench.placement.onLink, bench.placement.native], [null, null]);
});

test('[MHA-5.1-03] the loss of the foreign links leaves the home link', () => {
  const bench = both();
  const [update] = bench.uplinks(null, null, null);
  assert.equal([update!.lifetimeSeconds, update!.packet.source, update!.interfaceIndex], [0, HOME, HOME_LINK_INDEX]);
  assert.ok(bench.placement.native);
});

// --- agents that do not take it --------------------------------------------------------------------------------------

test('[5648-6.3-07] no BID in the answer to a home binding: the agent took it for a return, so the foreign links are given up', () => {
  const bench = away();
  const [update] = bench.homeLinks(homeLink());
  bench.acknowledge(update!, { identifiers: false });
  assert.equal([bench.place, bench.usable()], ['home', []]);
  assert.ok(bench.placement.onLink);
  assert.equal(bench.wait(300_000), []);
});

test('status 169: home link and foreign links are not for the same time, and the home link wins', () => {
  const bench = away();
  const [update] = bench.homeLinks(homeLink());
  bench.acknowledge(update!, { statuses: { [HOME_BID]: BindingStatus.mcoaSimultaneousHomeAndForeignProhibited } });
  assert.is(bench.place, 'returning');
  const [farewell] = bench.defend();
  assert.equal([farewell!.packet.source, farewell!.lifetimeSeconds], [HOME, 0]);
});

test('a refused home binding is tried again like any other', () => {
  const bench = away();
  const [update] = bench.homeLinks(homeLink());
  bench.acknowledge(update!, { statuses: { [HOME_BID]: BindingStatus.insufficientResources } });
  assert.equal(bench.wait(9000), []);
  assert.equal(
    bench.wait(1000).map(({ bids }) => bids),
    [[HOME_BID]],
  );
});

test.run();
