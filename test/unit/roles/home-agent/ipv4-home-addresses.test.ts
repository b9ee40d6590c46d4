import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import { prefix } from '../../../../src/bytes/prefix.ts';
import type { HomeAgentIpv4Configuration, MobileNodeConfiguration } from '../../../../src/config/configuration.ts';
import type { MobilityOption } from '../../../../src/wire/mh/options/option.ts';
import {
  bindingUpdate,
  boundAs,
  bulkUpdate,
  Flag,
  HOME,
  HomeAgentBench,
  identifier,
  mobileNode,
  NETWORK,
  OTHER_HOME,
  OTHER_NETWORK,
  optionStatuses,
  ROUTER_FLAGS,
} from '../../../lib/engines.ts';
import {
  ANY_ADDRESS,
  anyPrefix,
  Ipv4Bench,
  ipv4Configuration,
  ipv4Home,
  ipv4Registration,
  ipv4Statuses,
  natRegistration,
} from '../../../lib/engines-ipv4.ts';
import { testServices } from '../../../lib/services.ts';

const OWN = ipv4Home('198.51.100.7');
const OWN_NETWORK = ipv4Home('198.51.100.64/28');
const HOST_FLAGS = Flag.acknowledge | Flag.homeRegistration;
/** Nobody has anything by configuration. */
const DYNAMIC: readonly MobileNodeConfiguration[] = [
  mobileNode({ prefixes: [NETWORK] }),
  mobileNode({ name: 'tram', homeAddress: OTHER_HOME, prefixes: [OTHER_NETWORK] }),
];

const dynamicBench = (ipv4: Partial<HomeAgentIpv4Configuration> = {}, mobileNodes = DYNAMIC) =>
  new Ipv4Bench(ipv4, { mobileNodes });

/** Sends options in an update for BID 1; the status of the acknowledgement and of each option. */
let sequenceNumber = 0;
function ask(bench: HomeAgentBench, options: readonly MobilityOption[], homeAddress = HOME, flags = ROUTER_FLAGS) {
  const acknowledgement = bench.answer(bulkUpdate(++sequenceNumber, [1], { homeAddress, options, flags }));
  assert.is(acknowledgement.status, 0);
  return ipv4Statuses(acknowledgement);
}

// --- what the configuration says -------------------------------------------------------------------------------------

test('[5555-2.3.1-01, 5555-2.3.1-03, 5555-3.2.1-05, 5555-4.5-07] a node’s own IPv4 address and prefix are bound with its home address', () => {
  const bench = new Ipv4Bench();
  assert.equal(ask(bench, [OWN, OWN_NETWORK]), ['0 198.51.100.7/32', '0 198.51.100.64/28']);
  assert.equal(bench.ipv4Of(), ['198.51.100.7', '198.51.100.64/28']);
  assert.equal(bench.bindings(), boundAs(1));
});

test('[5555-2.3.2.1-04, 5555-4.5-12] so they are from an IPv4 care-of address, NAT or not', () => {
  for (const registration of [ipv4Registration, natRegistration]) {
    const bench = new Ipv4Bench();
    assert.equal(ipv4Statuses(bench.answer(registration(1, 2, { options: [OWN] }))), ['0 198.51.100.7/32']);
    assert.equal(bench.ipv4Of(), ['198.51.100.7']);
  }
});

test('[5648-8.2-05, 5555-2.3.1-03] without IPv4 Home Address option the acknowledgement has no IPv4 Address Acknowledgement option', () => {
  const bench = new Ipv4Bench();
  assert.equal(ask(bench, []), []);
  assert.is(bench.ipv4Of(), undefined);
});

test('[5648-8.2-03, 5648-8.1-10] the IPv4 Address Acknowledgement options come before every Binding Identifier option', () => {
  const { options } = new Ipv4Bench().answer(bulkUpdate(1, [1, 2], { options: [OWN, OWN_NETWORK] }));
  assert.equal(
    options.map(({ type }) => type),
    [30, 30, 35, 35],
  );
});

test('[5648-8.2-02] both home addresses have the same care-of addresses, of both families', () => {
  const bench = new Ipv4Bench();
  bench.answer(bulkUpdate(1, [1], { options: [OWN] }));
  bench.answer(ipv4Registration(2, 2, { options: [OWN] }));
  const { tunnels, groups } = bench.agent.forwarding(bench.nowMs);
  assert.is(tunnels.length, 2);
  assert.equal(
    groups.map((group) => [group.tunnels.length, group.prefixes.length]),
    [[2, 4]],
  );
});

test('[5555-4.5-07, 5555-5-01, 5555-3.2.1-03] what is another node’s is refused, 130 an address and 133 a prefix; the IPv6 binding is not', () => {
  const bench = new Ipv4Bench();
  const foreign = [ipv4Home('198.51.100.8'), ipv4Home('198.51.100.80/28'), ipv4Home('192.0.2.99')];
  assert.equal(ask(bench, foreign), ['130 198.51.100.8/0', '133 198.51.100.80/0', '130 192.0.2.99/0']);
  assert.is(bench.ipv4Of(), undefined);
  assert.equal(ask(bench, [ipv4Home('198.51.100.8'), OWN]), ['130 198.51.100.8/0', '0 198.51.100.7/32']);
  assert.equal(bench.ipv4Of(), ['198.51.100.7']);
});

test('a part of a node’s prefix is not its prefix, and neither is what holds it', () => {
  const bench = new Ipv4Bench();
  const around = [ipv4Home('198.51.100.64/29'), ipv4Home('198.51.100.64/27')];
  assert.equal(ask(bench, around), ['133 198.51.100.64/0', '133 198.51.100.64/0']);
});

test('[5555-3.2.1-02] an address that is no unicast address is refused with 131', () => {
  const bench = new Ipv4Bench();
  const texts = ['224.0.0.1', '127.0.0.1', '255.255.255.255', '0.0.0.1'];
  assert.equal(
    ask(
      bench,
      texts.map((text) => ipv4Home(text)),
    ),
    texts.map((text) => `131 ${text}/0`),
  );
});

test('[5555-3.1.1-04] a prefix length of 0, or one that IPv4 does not have, is an error', () => {
  const bench = new Ipv4Bench();
  const wrong = [ipv4Home('198.51.100.7/0'), ipv4Home('0.0.0.0/0'), anyPrefix(0), ipv4Home('198.51.100.7/33')];
  assert.equal(ask(bench, wrong), ['128 198.51.100.7/0', '128 0.0.0.0/0', '128 0.0.0.0/0', '128 198.51.100.7/0']);
  assert.is(bench.ipv4Of(), undefined);
});

test('a router whose network has IPv4 alone registers as one, without IPv6 prefix', () => {
  const bench = dynamicBench({}, [mobileNode({ prefixes: [], ipv4: { prefixes: [prefix('198.51.100.64/28')] } })]);
  assert.equal(ask(bench, [OWN_NETWORK]), ['0 198.51.100.64/28']);
  assert.equal(ask(bench, [anyPrefix(28)]), ['0 198.51.100.64/28']);
  assert.ok(bench.rows()[0]?.mobileRouter);
  assert.is(bench.answer(bulkUpdate(++sequenceNumber, [1], { options: [ANY_ADDRESS] })).status, 143);
  assert.is(bench.answer(bulkUpdate(++sequenceNumber, [1])).status, 143);
});

test('a node that is no mobile router gets an address and no prefix', () => {
  const bench = new Ipv4Bench();
  assert.equal(ask(bench, [OWN, OWN_NETWORK, anyPrefix(28)], HOME, HOST_FLAGS), [
    '0 198.51.100.7/32',
    '133 198.51.100.64/0',
    '133 0.0.0.0/0',
  ]);
});

test('[5648-8.1-09, 5648-8.1-10, 5648-8.2-04] statuses of IPv4 home addresses and of care-of addresses do not mix', () => {
  const bench = new Ipv4Bench({ homePrefixes: [] }, { mobileNodes: DYNAMIC });
  const refused = bench.answer(bulkUpdate(1, [3], { options: [ANY_ADDRESS] }));
  assert.equal([refused.status, optionStatuses(refused), ipv4Statuses(refused)], [0, [[3, 0]], ['132 0.0.0.0/0']]);
  const other = new Ipv4Bench();
  const partly = other.answer(bulkUpdate(1, [1, 0], { options: [OWN] }));
  assert.equal(partly.status, 4);
  assert.equal(optionStatuses(partly), [
    [1, 0],
    [0, 164],
  ]);
  assert.equal(ipv4Statuses(partly), ['0 198.51.100.7/32']);
});

test('[5648-8.2-05] an update that is refused as a whole binds nothing of IPv4, and says so', () => {
  const bench = new Ipv4Bench();
  bench.answer(bulkUpdate(10, [1]));
  const acknowledgement = bench.answer(bulkUpdate(9, [1], { options: [OWN] }));
  assert.is(acknowledgement.status, 135);
  assert.equal(ipv4Statuses(acknowledgement), ['128 198.51.100.7/0']);
  assert.is(bench.ipv4Of(), undefined);
});

test('an agent that does not serve IPv4 skips the option, as one that does not know it', () => {
  const bench = new HomeAgentBench();
  assert.equal(ask(bench, [OWN, ANY_ADDRESS]), []);
});

test('[5555-4.5-04] by an update that asks for any address or prefix, a node gets its own by configuration', () => {
  const bench = new Ipv4Bench();
  assert.equal(ask(bench, [ANY_ADDRESS, anyPrefix(24)]), ['0 198.51.100.7/32', '0 198.51.100.64/28']);
  // Beside its own one, which it names, any other is one from the pool.
  assert.equal(ask(bench, [anyPrefix(28), OWN_NETWORK]), ['0 198.51.100.160/28', '0 198.51.100.64/28']);
});

test('of several own prefixes a request gets the one of its length', () => {
  const prefixes = [prefix('198.51.100.64/28'), prefix('203.0.113.64/29')];
  const bench = dynamicBench({}, [mobileNode({ ipv4: { prefixes } })]);
  assert.equal(ask(bench, [anyPrefix(29)]), ['0 203.0.113.64/29']);
  assert.equal(ask(bench, [anyPrefix(29), anyPrefix(29)]), ['0 203.0.113.64/29', '0 198.51.100.64/28']);
});

test('what is named twice is bound once', () => {
  const bench = new Ipv4Bench();
  assert.is(ask(bench, [OWN, OWN_NETWORK, OWN_NETWORK, OWN]).length, 4);
  assert.equal(bench.ipv4Of(), ['198.51.100.7', '198.51.100.64/28']);
});

// --- the entry's life ------------------------------------------------------------------------------------------------

test('[5555-4.4.2.1-02, 5555-4.4.2.1-01] an update without the option ends the IPv4 entry alone', () => {
  const bench = new Ipv4Bench();
  ask(bench, [OWN]);
  const version = bench.agent.forwardingVersion;
  ask(bench, []);
  assert.is(bench.ipv4Of(), undefined);
  assert.equal(bench.bindings(), boundAs(1));
  assert.is.not(bench.agent.forwardingVersion, version);
});

test('[5555-4.4.2.1-04] lifetime 0 ends both', () => {
  const bench = new Ipv4Bench();
  ask(bench, [OWN, OWN_NETWORK]);
  const acknowledgement = bench.answer(bindingUpdate(++sequenceNumber, { lifetimeSeconds: 0, options: [OWN] }));
  assert.equal([acknowledgement.status, ipv4Statuses(acknowledgement)], [0, ['0 198.51.100.7/32']]);
  assert.equal(bench.agent.forwarding(bench.nowMs), { tunnels: [], groups: [] });
  ask(bench, []);
  assert.is(bench.ipv4Of(), undefined);
});

test('the de-registration of one care-of address leaves the IPv4 entry to the others', () => {
  const bench = new Ipv4Bench();
  bench.answer(bulkUpdate(++sequenceNumber, [1, 2], { options: [OWN] }));
  bench.answer(bindingUpdate(++sequenceNumber, { lifetimeSeconds: 0, options: [identifier(2)] }));
  assert.equal(bench.ipv4Of(), ['198.51.100.7']);
});

test('[5555-4.4.2.1-03] after no sequence of updates is there an IPv4 entry without care-of address', () => {
  const { random16 } = testServices(undefined, 99);
  for (let run = 0; run < 20; run++) {
    const bench = new Ipv4Bench();
    let withBoth = 0;
    for (let step = 0; step < 60; step++) {
      const bid = 1 + (random16() % 3);
      const options = [[], [OWN], [OWN, OWN_NETWORK], [ANY_ADDRESS, anyPrefix(29)]][random16() % 4]!;
      const lifetimeSeconds = [0, 4, 60, 60][random16() % 4]!;
      const packets = [
        bulkUpdate(++sequenceNumber, [bid], { lifetimeSeconds, options }),
        natRegistration(++sequenceNumber, bid, { lifetimeSeconds, options }),
        bindingUpdate(++sequenceNumber, { lifetimeSeconds, options }),
      ];
      bench.receive(packets[random16() % 3]!);
      bench.run(random16() % 20_000);
      const { tunnels, groups } = bench.agent.forwarding(bench.nowMs);
      assert.is(groups.length, tunnels.length > 0 ? 1 : 0);
      if (groups[0]?.prefixes.some(({ length }) => length === 32)) withBoth++;
    }
    assert.ok(withBoth > 5);
    bench.run(100_000);
    ask(bench, []);
    assert.is(bench.ipv4Of(), undefined);
  }
});

// --- what is leased --------------------------------------------------------------------------------------------------

test('[5555-4.5-08, 5555-3.2.1-05, 5555-4.5-04] any address is one that lies in the home prefix and is nobody’s', () => {
  const bench = dynamicBench();
  assert.equal(ask(bench, [ANY_ADDRESS]), ['0 198.51.100.2/32']);
  assert.equal(bench.ipv4Of(), ['198.51.100.2']);
  assert.equal(ask(bench, [ANY_ADDRESS], OTHER_HOME), ['0 198.51.100.3/32']);
});

test('never is it the network’s, the broadcast, the agent’s, or one that a node has by configuration', () => {
  const nodes = [
    mobileNode(),
    mobileNode({
      name: 'tram',
      homeAddress: OTHER_HOME,
      ipv4: { homeAddress: address('198.51.100.4'), prefixes: [prefix('198.51.100.2/31')] },
    }),
  ];
  const homePrefixes = [prefix('198.51.100.0/29')];
  const prefixPools = [prefix('198.51.100.6/31')];
  const bench = dynamicBench({ address: address('198.51.100.1'), homePrefixes, prefixPools }, nodes);
  assert.equal(ask(bench, [ANY_ADDRESS]), ['0 198.51.100.5/32']);
});

test('no prefix on request holds the home prefix, and a pool that is a part of it has its addresses', () => {
  const homePrefixes = [prefix('198.51.100.0/25')];
  const larger = dynamicBench({ homePrefixes, prefixPools: [prefix('198.51.100.0/24')] });
  assert.equal(ask(larger, [anyPrefix(25)]), ['0 198.51.100.128/25']);
  assert.equal(ask(larger, [ANY_ADDRESS]), ['0 198.51.100.2/32']);
  const smaller = dynamicBench({ homePrefixes, prefixPools: [prefix('198.51.100.0/28')] });
  assert.equal(ask(smaller, [anyPrefix(28), ANY_ADDRESS]), ['0 198.51.100.0/28', '0 198.51.100.18/32']);
});

test('[5555-4.5-09] where there is none left it is refused with 132, and the IPv6 binding accepted', () => {
  const homePrefixes = [prefix('198.51.100.0/30')];
  const bench = dynamicBench({ homePrefixes, address: address('198.51.100.1') });
  assert.equal(ask(bench, [ANY_ADDRESS]), ['0 198.51.100.2/32']);
  assert.equal(ask(bench, [ANY_ADDRESS], OTHER_HOME), ['132 0.0.0.0/0']);
  assert.equal(bench.bindings(OTHER_HOME), boundAs(1));
  assert.is(bench.ipv4Of(OTHER_HOME), undefined);
});

test('a node gets the same address again while its lease lasts, and then somebody else may', () => {
  const homePrefixes = [prefix('198.51.100.0/30')];
  const bench = dynamicBench({ homePrefixes, address: address('198.51.100.1'), leaseSeconds: 100 });
  ask(bench, [ANY_ADDRESS]);
  bench.answer(bindingUpdate(++sequenceNumber, { lifetimeSeconds: 0 }));
  bench.run(50_000);
  assert.equal(ask(bench, [ANY_ADDRESS]), ['0 198.51.100.2/32']);
  // The binding lives for 60 s, the lease for 100 s after it.
  bench.run(159_000);
  assert.equal(ask(bench, [ANY_ADDRESS], OTHER_HOME), ['132 0.0.0.0/0']);
  bench.run(2_000);
  assert.equal(ask(bench, [ANY_ADDRESS], OTHER_HOME), ['0 198.51.100.2/32']);
  assert.equal(ask(bench, [ANY_ADDRESS, ipv4Home('198.51.100.2')]), ['132 0.0.0.0/0', '130 198.51.100.2/0']);
});

test('after the node’s last binding a lease lasts for the lease time, of an address and of a prefix', () => {
  const home = { homePrefixes: [prefix('198.51.100.0/30')], prefixPools: [prefix('198.51.100.128/30')] };
  const bench = dynamicBench({ ...home, address: address('198.51.100.1'), leaseSeconds: 100 });
  const both = [ANY_ADDRESS, anyPrefix(30)];
  const granted = ['0 198.51.100.2/32', '0 198.51.100.128/30'];
  assert.equal(ask(bench, both), granted);
  bench.answer(bindingUpdate(++sequenceNumber, { lifetimeSeconds: 0 }));
  bench.run(99_000);
  assert.equal(ask(bench, both, OTHER_HOME), ['132 0.0.0.0/0', '128 0.0.0.0/0']);
  bench.run(2_000);
  assert.equal(ask(bench, both, OTHER_HOME), granted);
});

test('a lease lasts as long as any binding of the node, with or without IPv4', () => {
  const homePrefixes = [prefix('198.51.100.0/30')];
  const bench = dynamicBench({ homePrefixes, address: address('198.51.100.1'), leaseSeconds: 8 });
  ask(bench, [ANY_ADDRESS]);
  bench.answer(bulkUpdate(++sequenceNumber, [2], { lifetimeSeconds: 400 }));
  bench.run(390_000);
  assert.equal(ask(bench, [ANY_ADDRESS], OTHER_HOME), ['132 0.0.0.0/0']);
  bench.run(20_000);
  assert.equal(ask(bench, [ANY_ADDRESS], OTHER_HOME), ['0 198.51.100.2/32']);
});

test('what was given is named from then on, also before an agent that has been started anew', () => {
  const bench = dynamicBench();
  assert.equal(ask(bench, [ANY_ADDRESS, anyPrefix(28)]), ['0 198.51.100.2/32', '0 198.51.100.160/28']);
  const named = [ipv4Home('198.51.100.2'), ipv4Home('198.51.100.160/28')];
  for (const agent of [bench, dynamicBench()]) {
    assert.equal(ask(agent, named), ['0 198.51.100.2/32', '0 198.51.100.160/28']);
    assert.equal(agent.ipv4Of(), ['198.51.100.2', '198.51.100.160/28']);
  }
});

test('what a node would not get itself is not its own because it names it', () => {
  const bench = dynamicBench();
  const foreign = [ipv4Home('198.51.100.3'), ipv4Home('198.51.100.144/28')];
  assert.equal(ask(bench, foreign), ['130 198.51.100.3/0', '133 198.51.100.144/0']);
  assert.equal(ask(bench, [ANY_ADDRESS], OTHER_HOME), ['0 198.51.100.3/32']);
  assert.equal(ask(bench, [ipv4Home('198.51.100.3')]), ['130 198.51.100.3/0']);
});

test('[5555-2.5-01] with a leased address a binding is granted no longer than the lease, with an own one longer', () => {
  const lifetimeWith = (bench: Ipv4Bench, options: readonly MobilityOption[]) =>
    bench.answer(bulkUpdate(++sequenceNumber, [1], { lifetimeSeconds: 600, options })).lifetimeSeconds;
  const bench = dynamicBench({ leaseSeconds: 302 });
  assert.is(lifetimeWith(bench, []), 600);
  assert.is(lifetimeWith(bench, [ANY_ADDRESS]), 300);
  assert.is(bench.rows()[0]?.remainingSeconds, 300);
  assert.is(lifetimeWith(bench, [anyPrefix(28)]), 300);
  assert.is(lifetimeWith(new Ipv4Bench(), [OWN]), 600);
});

test('[5555-4.5-10] a prefix of the length that is asked for', () => {
  const bench = dynamicBench();
  assert.equal(ask(bench, [anyPrefix(28)]), ['0 198.51.100.160/28']);
  assert.equal(ask(bench, [anyPrefix(29)], OTHER_HOME), ['0 198.51.100.152/29']);
  assert.equal(bench.ipv4Of(), ['-', '198.51.100.160/28']);
});

test('[5555-3.2.1-04] where there is none of that length left, a smaller network', () => {
  const prefixPools = [prefix('198.51.100.128/27')];
  const bench = dynamicBench({ prefixPools });
  assert.equal(ask(bench, [anyPrefix(28)]), ['0 198.51.100.128/28']);
  assert.equal(ask(bench, [anyPrefix(27)], OTHER_HOME), ['0 198.51.100.144/28']);
});

test('[5555-4.5-11] where there is none of any length, it is refused', () => {
  const bench = dynamicBench({ prefixPools: [prefix('198.51.100.128/29')] });
  assert.equal(ask(bench, [anyPrefix(29)]), ['0 198.51.100.128/29']);
  assert.equal(ask(bench, [anyPrefix(29)], OTHER_HOME), ['128 0.0.0.0/0']);
  assert.equal(ask(bench, [anyPrefix(20)], OTHER_HOME), ['133 0.0.0.0/0']);
  assert.equal(ask(dynamicBench({ prefixPools: [] }), [anyPrefix(29)]), ['133 0.0.0.0/0']);
});

test('[5555-3.1.1-05] flag P means nothing with an address or prefix that a node has already, and what it has stays', () => {
  const bench = dynamicBench();
  ask(bench, [ANY_ADDRESS, anyPrefix(28)]);
  const named = [ipv4Home('198.51.100.2', true), ipv4Home('198.51.100.160/28', true)];
  for (let n = 0; n < 2; n++) {
    assert.equal(ask(bench, named), ['0 198.51.100.2/32', '0 198.51.100.160/28']);
    assert.equal(bench.ipv4Of(), ['198.51.100.2', '198.51.100.160/28']);
  }
  assert.equal(ask(bench, [anyPrefix(30)]), ['0 198.51.100.160/28']);
});

test('[5555-3.2.1-02] one prefix on request is as much as a node gets: a second one is prohibited', () => {
  const bench = dynamicBench();
  assert.equal(ask(bench, [anyPrefix(28), anyPrefix(28)]), ['0 198.51.100.160/28', '129 0.0.0.0/0']);
});

test('an update that is refused leases nothing', () => {
  const homePrefixes = [prefix('198.51.100.0/30')];
  const bench = dynamicBench({ homePrefixes, address: address('198.51.100.1') });
  const refused = bulkUpdate(1, [0], { options: [ANY_ADDRESS] });
  assert.is(bench.answer(refused).status, 164);
  assert.equal(ask(bench, [ANY_ADDRESS], OTHER_HOME), ['0 198.51.100.2/32']);
});

test('hundreds of nodes have hundreds of addresses and prefixes', () => {
  const nodes = Array.from({ length: 500 }, (_, n) =>
    mobileNode({ name: `n${n}`, homeAddress: address(`2001:db8:1:f::${(n * 7 + 1).toString(16)}`), prefixes: [] }),
  );
  const options = [ANY_ADDRESS, anyPrefix(30)];
  const ipv4 = ipv4Configuration({ homePrefixes: [prefix('10.1.0.0/22')], prefixPools: [prefix('10.2.0.0/21')] });
  const bench = new HomeAgentBench({ mobileNodes: nodes, ipv4 });
  const granted = nodes.map(({ homeAddress }) => ask(bench, options, homeAddress));
  assert.is(new Set(granted.flat()).size, 1000);
  for (const [host, network] of granted) {
    assert.match(host!, /^0 10\.1\.[0-3]\.\d+\/32$/);
    assert.match(network!, /^0 10\.2\.[0-7]\.\d+\/30$/);
  }
});

test('the agent’s own address belongs to nobody', () => {
  const own = address('198.51.100.2');
  const bench = dynamicBench({ address: own });
  assert.equal(ask(bench, [ANY_ADDRESS]), ['0 198.51.100.3/32']);
  assert.equal(ask(bench, [ipv4Home('198.51.100.2')]), ['130 198.51.100.2/0']);
});

test.run();
