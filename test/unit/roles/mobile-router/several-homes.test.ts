import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address, formatAddress } from '../../../../src/bytes/address.ts';
import { formatPrefix, prefix } from '../../../../src/bytes/prefix.ts';
import type { HomeConfiguration } from '../../../../src/config/configuration.ts';
import { CompiledTable } from '../../../../src/forwarding/compiled-table.ts';
import { tableProblem } from '../../../../src/forwarding/table-problem.ts';
import { Icmpv6Type } from '../../../../src/wire/icmpv6/message.ts';
import { BindingStatus, OptionType } from '../../../../src/wire/mh/numbers.ts';
import {
  AGENT,
  CARE_OF,
  echoReplyTo,
  HOME,
  HOME_PREFIX,
  homeConfiguration,
  NETWORK,
  OTHER_NETWORK,
  PROBING,
  type RouterParts,
  type SentUpdate,
} from '../../../lib/engines.ts';
import { HomeBench, homeLink } from '../../../lib/engines-home.ts';

const [, first, second, third] = CARE_OF as [never, Address, Address, Address];
const OTHER_AGENT = address('2001:db8:7::1');
const OTHER_HOME = address('2001:db8:7:f::2');
const OTHER_PREFIX = prefix('2001:db8:7:f::/64');

const DEPOT: HomeConfiguration = homeConfiguration({ name: 'depot', homePrefix: HOME_PREFIX });
const HARBOUR: HomeConfiguration = homeConfiguration({
  name: 'harbour',
  homeAddress: OTHER_HOME,
  homeAgentAddress: OTHER_AGENT,
  homePrefix: OTHER_PREFIX,
  prefixes: [OTHER_NETWORK],
});

function router(more: RouterParts = {}, homes: readonly HomeConfiguration[] = [DEPOT, HARBOUR]): HomeBench {
  return new HomeBench({ homes, ...more });
}

function registered(more: RouterParts = {}, homes?: readonly HomeConfiguration[]): HomeBench {
  const bench = router(more, homes);
  bench.settle(bench.uplinks(first, second, null));
  bench.run(1500);
  return bench;
}

/** `home via care-of address` of all bindings. */
function bindings(bench: HomeBench): string[] {
  return bench.router
    .status(bench.nowMs)
    .homes.flatMap((home) => home.bindings.map(({ uplink }) => `${home.name} ${uplink}`));
}

function of(updates: readonly SentUpdate[], homeAddress: Address): SentUpdate[] {
  return updates.filter(({ packet }) => (packet.homeAddress ?? packet.source) === homeAddress);
}

// --- registrations ---------------------------------------------------------------------------------------------------

test('[MHA-5.2-01, MHA-3-17, 6275-11.7.1-18] one care-of address is registered for every home address, each at its own agent with its own sequence numbers and prefixes', () => {
  const bench = router();
  const updates = bench.uplinks(first, null, null);
  assert.equal(
    updates.map(({ packet }) => [packet.source, packet.destination, packet.homeAddress]),
    [
      [first, AGENT, HOME],
      [first, OTHER_AGENT, OTHER_HOME],
    ],
  );
  const prefixes = updates.map(({ options }) =>
    options.flatMap((option) => (option.type === OptionType.mobileNetworkPrefix ? formatPrefix(option.prefix) : [])),
  );
  assert.equal(prefixes, [[formatPrefix(NETWORK)], [formatPrefix(OTHER_NETWORK)]]);
  bench.settle(updates);
  const after = bench.uplinks(CARE_OF[5]!, null, null);
  assert.equal(
    after.map(({ packet }) => packet.destination),
    [AGENT, OTHER_AGENT],
    'a change goes to both',
  );
});

test('[MHA-5.4-01, MHA-6.1.2-04, MHA-6.2.1-03] every care-of address is bound to every home address: four tunnels, two groups', () => {
  const bench = registered();
  assert.equal(bindings(bench), ['depot cellular', 'depot wifi', 'harbour cellular', 'harbour wifi']);
  const { tunnels, groups } = bench.router.forwarding(bench.nowMs);
  assert.equal(
    tunnels.map(({ outerSource, outerDestination }) => [outerSource, outerDestination]),
    [
      [first, AGENT],
      [second, AGENT],
      [first, OTHER_AGENT],
      [second, OTHER_AGENT],
    ],
  );
  assert.equal(
    groups.map(({ prefixes }) => prefixes.map(formatPrefix)),
    [
      [`${formatAddress(HOME)}/128`, formatPrefix(NETWORK)],
      [`${formatAddress(OTHER_HOME)}/128`, formatPrefix(OTHER_NETWORK)],
    ],
  );
});

test('[MHA-6.1.2-02] what comes from one home never goes to the other’s agent', () => {
  const bench = registered();
  const table = {
    side: 'mobile-router',
    icmpSource: HOME,
    interfaces: [],
    ...bench.router.forwarding(bench.nowMs),
  } as const;
  assert.is(tableProblem(table), undefined);
  const compiled = new CompiledTable(table);
  for (const [source, agent] of [
    [HOME, AGENT],
    [NETWORK.address, AGENT],
    [OTHER_HOME, OTHER_AGENT],
    [OTHER_NETWORK.address, OTHER_AGENT],
  ] as const) {
    const usable = compiled.usable(compiled.groupOf(source)!);
    assert.is(usable.length, 2);
    assert.ok(usable.every(({ outerDestination }) => outerDestination === agent));
  }
});

test('two home addresses of one agent share care-of addresses, and the table is sound', () => {
  const neighbour = homeConfiguration({
    name: 'second',
    homeAddress: address('2001:db8:1:f::3'),
    prefixes: [OTHER_NETWORK],
  });
  const bench = registered({}, [DEPOT, neighbour]);
  const { tunnels, groups } = bench.router.forwarding(bench.nowMs);
  assert.equal([tunnels.length, new Set(tunnels.map(({ id }) => id)).size, groups.length], [4, 4, 2]);
  const table = { side: 'mobile-router', icmpSource: HOME, interfaces: [], tunnels, groups } as const;
  assert.is(tableProblem(table), undefined);
  const ends = bench.updates(() => bench.uplinks(null, second, null));
  assert.equal(ends.length, 2, 'each home address has its own bindings');
});

test('[MHA-4-02, MHA-6.3.2-01] the configuration says which uplinks serve which home, the same at every start', () => {
  const all = UPLINKS;
  for (const [depot, harbour, expected] of [
    [
      all,
      all,
      ['depot cellular', 'depot wifi', 'depot satellite', 'harbour cellular', 'harbour wifi', 'harbour satellite'],
    ],
    [['cellular'], ['wifi'], ['depot cellular', 'harbour wifi']],
    [
      ['wifi', 'satellite'],
      ['cellular', 'satellite'],
      ['depot wifi', 'depot satellite', 'harbour cellular', 'harbour satellite'],
    ],
  ] as const) {
    for (let start = 0; start < 3; start++) {
      const bench = router({}, [
        { ...DEPOT, uplinks: depot },
        { ...HARBOUR, uplinks: harbour },
      ]);
      bench.settle(bench.uplinks(first, second, third));
      bench.run(2000);
      assert.equal(bindings(bench), expected);
    }
  }
});

const UPLINKS = ['cellular', 'wifi', 'satellite'];

test('[MHA-4-01] the status shows every home with its agent and its bindings', () => {
  const bench = registered({}, [DEPOT, { ...HARBOUR, uplinks: ['wifi'] }]);
  const { homes } = bench.router.status(bench.nowMs);
  assert.equal(
    homes.map(({ name, homeAgentAddress, state, bindings: bound }) => [
      name,
      homeAgentAddress,
      state,
      bound.map(({ bid, careOfAddress }) => [bid, careOfAddress]),
    ]),
    [
      [
        'depot',
        AGENT,
        'away',
        [
          [1, first],
          [2, second],
        ],
      ],
      ['harbour', OTHER_AGENT, 'away', [[2, second]]],
    ],
  );
});

// --- losses ----------------------------------------------------------------------------------------------------------

test('[MHA-5.4-02] the loss of a care-of address moves every home to another one, with one update per agent', () => {
  const bench = registered();
  const updates = bench.uplinks(null, second, null);
  assert.equal(
    updates.map(({ packet, lifetimeSeconds, bids }) => [packet.destination, lifetimeSeconds, bids]),
    [
      [AGENT, 0, [1]],
      [OTHER_AGENT, 0, [1]],
    ],
  );
  assert.equal(bindings(bench), ['depot wifi', 'harbour wifi']);
});

test('[MHA-5.4-03, MHA-5.2-02] an agent that does not answer leaves the other home alone, and is tried with doubling pauses up to 32 s', () => {
  const bench = router();
  const updates = bench.uplinks(first, null, null);
  bench.settle(of(updates, OTHER_HOME));
  const retries = of(bench.wait(90_000), HOME);
  assert.equal(
    retries.map(({ atMs }) => (atMs - updates[0]!.atMs) / 1000),
    [1.5, 4.5, 10.5, 22.5, 46.5, 78.5],
  );
  assert.ok(bindings(bench).includes('harbour cellular'));
});

test('[6275-11.7.1-20, 6275-11.7.1-21] a home address that somebody else has is given up, the other one is not', () => {
  const bench = router();
  const [depot, harbour] = bench.uplinks(first, null, null);
  bench.acknowledge(depot!, { status: BindingStatus.duplicateAddressDetectionFailed });
  bench.settle([harbour!]);
  bench.settle(bench.uplinks(CARE_OF[5]!, second, null));
  for (let minute = 0; minute < 5; minute++) bench.settle(bench.wait(60_000));
  assert.equal(bindings(bench), ['harbour cellular', 'harbour wifi']);
  assert.is(of(bench.sent, HOME).length, 1);
});

test('[MHA-6.1.3-02] an agent that is dead on a path is so for its own homes alone', () => {
  const bench = registered({ probe: PROBING });
  for (let turn = 0; turn < 40; turn++) {
    const start = bench.icmpv6.length;
    bench.run(100);
    for (const { packet } of bench.icmpv6.slice(start)) {
      if (packet.message.type === Icmpv6Type.echoRequest && packet.destination === OTHER_AGENT)
        bench.icmp(echoReplyTo(packet));
    }
  }
  const usable = bench.router.forwarding(bench.nowMs).tunnels.filter((tunnel) => tunnel.usable);
  assert.ok(usable.length > 0);
  assert.ok(usable.every(({ outerDestination }) => outerDestination === OTHER_AGENT));
  assert.equal(bench.states().slice(0, 2), ['active', 'active'], 'an uplink is as good as its best home has it');
});

test('an answer of one agent about the home of another is ignored', () => {
  const bench = router();
  const [update] = bench.uplinks(first, null, null);
  const forged = { ...update!.packet, destination: OTHER_AGENT };
  bench.acknowledge({ ...update!, packet: forged });
  assert.equal(bindings(bench), []);
});

// --- a home address as care-of address -------------------------------------------------------------------------------

/** The harbour's home address can carry the depot's. */
const DEPOT_BY_HARBOUR: HomeConfiguration = {
  ...DEPOT,
  homeLink: { interface: 'eth9', simultaneous: false },
  careOfHomes: ['harbour'],
};
const HARBOUR_LINK: HomeConfiguration = { ...HARBOUR, homeLink: { interface: 'eth8', simultaneous: false } };
const atDepot = (attached: boolean) => homeLink({ home: 'depot', interfaceIndex: 14, attached });
const atHarbour = (attached: boolean) => homeLink({ home: 'harbour', interfaceIndex: 15, attached });

test('[MHA-6.3.1-01, MHA-5.5-01, MHA-5.5-02] at both homes nothing is bound; when one home link is lost, the other home address becomes its care-of address, until it is back', () => {
  const bench = router({}, [DEPOT_BY_HARBOUR, HARBOUR_LINK]);
  bench.homeLinks(atDepot(true), atHarbour(true));
  bench.settle(bench.wait(2000), { lifetimeSeconds: 0 });
  assert.equal(
    bench.router.status(bench.nowMs).homes.map(({ state }) => state),
    ['home', 'home'],
  );
  assert.equal(bindings(bench), []);

  const [update, ...more] = bench.homeLinks(atDepot(false), atHarbour(true));
  assert.equal(more, []);
  assert.equal([update!.packet.source, update!.packet.homeAddress, update!.interfaceIndex], [OTHER_HOME, HOME, 15]);
  bench.settle([update!]);
  assert.equal(bindings(bench), ['depot harbour']);
  const [tunnel] = bench.router.forwarding(bench.nowMs).tunnels;
  assert.equal([tunnel!.outerSource, tunnel!.outerDestination], [OTHER_HOME, AGENT]);

  bench.run(2000);
  bench.homeLinks(atDepot(true), atHarbour(true));
  const [farewell] = bench.wait(2000);
  assert.equal([farewell!.packet.source, farewell!.lifetimeSeconds], [HOME, 0]);
  bench.settle([farewell!], { lifetimeSeconds: 0 });
  assert.equal(bindings(bench), []);
});

test('[MHA-6.3.1-03] a home address that leaves its own home carries no other any more: real care-of addresses do', () => {
  const bench = router({}, [DEPOT_BY_HARBOUR, HARBOUR_LINK]);
  bench.homeLinks(atDepot(false), atHarbour(true));
  const [farewell] = bench.wait(2000);
  bench.settle(bench.acknowledge(farewell!, { lifetimeSeconds: 0 }));
  assert.equal(bindings(bench), ['depot harbour']);
  bench.uplinks(first, null, null);
  bench.settle(bench.sent.slice(-1));
  bench.run(2000);
  const before = bench.sent.length;
  bench.homeLinks(atDepot(false), atHarbour(false));
  bench.settle(bench.sent.slice(before));
  assert.equal(bindings(bench), ['depot cellular', 'harbour cellular']);
});

test('[MHA-5.4-04, MHA-3-12] three interfaces: two at two home links, one abroad; every address is reached', () => {
  const bench = router({}, [DEPOT_BY_HARBOUR, HARBOUR_LINK]);
  bench.uplinks(first, second, null);
  bench.settle(bench.sent.slice());
  bench.homeLinks(atDepot(true), atHarbour(true));
  bench.settle(bench.wait(2000), { lifetimeSeconds: 0 });
  assert.equal(
    bench.router.placements().map(({ native, onLink }) => [native?.interfaceIndex, onLink?.interfaceIndex]),
    [
      [14, 14],
      [15, 15],
    ],
  );
});

test('a handover is told with the home that it is of', () => {
  const bench = registered();
  assert.equal(
    bench.told('handover').map(({ to, homeAddress }) => [to, homeAddress]),
    [
      ['cellular', HOME],
      ['cellular', OTHER_HOME],
    ],
  );
});

test('a shutdown says farewell to every agent and waits for all', () => {
  const bench = registered();
  const farewells = bench.updates(() => bench.handle({ type: 'shutdown' }));
  assert.equal(
    farewells.map(({ packet, lifetimeSeconds }) => [packet.destination, lifetimeSeconds]),
    [
      [AGENT, 0],
      [OTHER_AGENT, 0],
    ],
  );
  bench.settle(farewells.slice(0, 1), { lifetimeSeconds: 0 });
  assert.not.ok(bench.router.isDone);
  bench.settle(farewells.slice(1), { lifetimeSeconds: 0 });
  assert.ok(bench.router.isDone);
});

test.run();
