import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import { formatPrefix, prefix } from '../../../../src/bytes/prefix.ts';
import type { HomeIpv4Configuration } from '../../../../src/config/configuration.ts';
import { BindingStatus, Ipv4AddressStatus, OptionType } from '../../../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../../../src/wire/mh/options/option.ts';
import { CARE_OF, HOME, NETWORK, type SentUpdate } from '../../../lib/engines.ts';
import {
  ANY_IPV4,
  DualStackBench,
  IPV4_CARE_OF,
  ipv4Acknowledgement,
  ipv4HomeOptions,
  natDetection,
} from '../../../lib/engines-dual-stack.ts';

const OWN = address('198.51.100.7');
const GRANTED = address('198.51.100.77');
const POOL = prefix('198.51.100.128/28');
const ipv6 = CARE_OF[1]!;
const ipv4 = IPV4_CARE_OF[1]!;

/** What is asked for: prefixes with flag P are marked. */
const asked = (update: SentUpdate | undefined) =>
  ipv4HomeOptions(update).map(({ homeAddress, prefixLength, requestsPrefix }) => {
    const text = formatPrefix({ address: homeAddress, length: prefixLength });
    return requestsPrefix ? `${text} P` : text;
  });

function registered(ipv4Home: HomeIpv4Configuration, options: readonly MobilityOption[], parts = {}) {
  const bench = new DualStackBench({ ipv4: ipv4Home });
  bench.settle(bench.attach({ ipv6 }), { options, ...parts });
  return bench;
}

/** What the host and the forwarder have of IPv4. */
function bound(bench: DualStackBench) {
  const [placement] = bench.router.placements();
  const prefixes = bench.groupPrefixes().filter((known) => known.address.length === 4);
  const status = bench.router.status(bench.nowMs).homes[0]!.ipv4!;
  assert.equal(status.homeAddress, placement!.ipv4Address);
  assert.equal(status.prefixes, placement!.ipv4Prefixes);
  assert.equal(
    prefixes.map(formatPrefix),
    [
      ...(placement!.ipv4Address === null ? [] : [{ address: placement!.ipv4Address, length: 32 }]),
      ...placement!.ipv4Prefixes,
    ].map(formatPrefix),
  );
  return prefixes.map(formatPrefix);
}

/** The next updates until there is one, acknowledged with these options. */
function refreshed(bench: DualStackBench, options: readonly MobilityOption[]): SentUpdate {
  const [update] = bench.wait(100_000);
  bench.settle([update!], { options });
  return update!;
}

test('[5555-3.1.1-02, 5555-2.3.2.1-02, 5555-4.4.2-06, 5648-8.2-01] a static IPv4 home address stands in every registration, by IPv6 and IPv4, of one BID or several', () => {
  const bench = new DualStackBench({ ipv4: { homeAddress: OWN, prefixes: [] } });
  const parts = { options: [natDetection(0), ipv4Acknowledgement(OWN, 32)] };
  bench.settle(bench.attach({ ipv6 }, { ipv4: IPV4_CARE_OF[2]! }, { ipv6: CARE_OF[3]! }), parts);
  for (let step = 0; step < 200; step++) for (const update of bench.wait(1000)) bench.settle([update], parts);
  assert.ok(bench.sent.some(({ packet }) => packet.outer));
  assert.ok(bench.sent.some(({ bids }) => bids.length > 1));
  for (const update of bench.sent) {
    assert.equal(asked(update), ['198.51.100.7/32']);
    const places = (type: number) => update.options.map((option) => option.type).indexOf(type as never);
    assert.ok(places(OptionType.ipv4HomeAddress) < places(OptionType.bindingIdentifier));
  }
});

test('[5555-4.4.2-06] without an IPv4 home address none is mentioned', () => {
  const bench = new DualStackBench();
  assert.equal(asked(bench.attach({ ipv6 })[0]), []);
  assert.equal(asked(new DualStackBench().attach({ ipv4 })[0]), []);
});

test('[5555-4.4.2-08, 5555-4.4.3-01, 5648-8.2-02] once acknowledged, it is bound with all the care-of addresses that the home address has', () => {
  const bench = registered({ homeAddress: OWN, prefixes: [] }, [ipv4Acknowledgement(OWN, 32)]);
  assert.equal(bound(bench), ['198.51.100.7/32']);
  const { groups, tunnels } = bench.router.forwarding(bench.nowMs);
  assert.equal(
    groups.map(({ prefixes }) => prefixes.slice(0, 2).map(formatPrefix)),
    [[formatPrefix({ address: HOME, length: 128 }), '198.51.100.7/32']],
  );
  assert.ok(groups[0]!.prefixes.includes(NETWORK));
  assert.equal(
    tunnels.map(({ encapsulation }) => encapsulation),
    [1],
    'IPv4 packets go within IPv6',
  );
});

test('[5555-4.4.2-02, 5555-4.4.2-06] a dynamic address is asked for as 0.0.0.0 first, and by what was granted afterwards', () => {
  const bench = registered({ homeAddress: 'dynamic', prefixes: [] }, [ipv4Acknowledgement(GRANTED, 32)]);
  assert.equal(asked(bench.sent[0]), ['0.0.0.0/32']);
  assert.equal(bound(bench), ['198.51.100.77/32']);
  assert.equal(asked(refreshed(bench, [ipv4Acknowledgement(GRANTED, 32)])), ['198.51.100.77/32']);
});

test('[5555-3.1.1-03, 5555-3.1.1-07, 5555-3.2.1-04] a prefix is asked for by its length with flag P, next to the address; the length that was granted counts', () => {
  const ipv4Home = { homeAddress: OWN, prefixes: [], requestPrefixLength: 28 };
  const granted = [ipv4Acknowledgement(OWN, 32), ipv4Acknowledgement(address('198.51.100.128'), 29)];
  const bench = registered(ipv4Home, granted);
  assert.equal(asked(bench.sent[0]), ['198.51.100.7/32', '0.0.0.0/28 P']);
  assert.equal(bound(bench), ['198.51.100.7/32', '198.51.100.128/29']);
  assert.equal(asked(refreshed(bench, granted)), ['198.51.100.7/32', '198.51.100.128/29 P']);
});

test('a prefix of the router’s own is named, and what the agent makes of it is used', () => {
  const bench = registered({ prefixes: [POOL] }, [ipv4Acknowledgement(POOL.address, 30)]);
  assert.equal(asked(bench.sent[0]), ['198.51.100.128/28 P']);
  assert.equal(bound(bench), ['198.51.100.128/30']);
  assert.is(bench.router.placements()[0]!.ipv4Address, null);
});

test('[5555-2.3.1-04, 5555-2.3.1-05, 5555-4.4.2-11] an agent that does not answer the option knows no IPv4: nothing is bound, and it is not asked again', () => {
  const bench = registered({ homeAddress: OWN, prefixes: [POOL] }, []);
  assert.equal(bound(bench), []);
  assert.equal(bench.states()[0], 'active');
  const refusals = bench.events.filter(({ type }) => type === 'ipv4-home-refused');
  assert.equal(refusals, [
    { type: 'ipv4-home-refused', homeAddress: HOME, requestedAddress: OWN, prefixLength: 32, status: null },
  ]);
  assert.equal(asked(refreshed(bench, [])), []);
  bench.attach({ ipv6: CARE_OF[7]! });
  assert.equal(asked(bench.sent.at(-1)), []);
});

test('[5555-4.4.2-12, 5555-4.4.2-13, 5555-3.2.1-03] what is refused is not bound and may be asked for again; the home address and what was granted stay', () => {
  const { prefixAllocationUnauthorized } = Ipv4AddressStatus;
  const answers = [ipv4Acknowledgement(OWN, 32), ipv4Acknowledgement(ANY_IPV4, 24, prefixAllocationUnauthorized)];
  const bench = registered({ homeAddress: OWN, prefixes: [], requestPrefixLength: 28 }, answers);
  assert.equal(bound(bench), ['198.51.100.7/32']);
  assert.equal(bench.states()[0], 'active');
  assert.equal(asked(refreshed(bench, answers)), ['198.51.100.7/32', '0.0.0.0/28 P']);
  const refusals = bench.events.filter(({ type }) => type === 'ipv4-home-refused');
  assert.is(refusals.length, 1, 'the same refusal is told once');
  refreshed(bench, [ipv4Acknowledgement(OWN, 32), ipv4Acknowledgement(POOL.address, 28)]);
  assert.equal(bound(bench), ['198.51.100.7/32', '198.51.100.128/28']);
});

test('an address that the agent does not want to give again is asked for anew', () => {
  const bench = registered({ homeAddress: 'dynamic', prefixes: [] }, [ipv4Acknowledgement(GRANTED, 32)]);
  refreshed(bench, [ipv4Acknowledgement(GRANTED, 0, Ipv4AddressStatus.incorrectHomeAddress)]);
  assert.equal(bound(bench), []);
  assert.equal(asked(refreshed(bench, [ipv4Acknowledgement(OWN, 32)])), ['0.0.0.0/32']);
  assert.equal(bound(bench), ['198.51.100.7/32']);
});

test('of several answers, if some are missing, each is taken for the address that it names', () => {
  const bench = registered({ homeAddress: OWN, prefixes: [POOL] }, [ipv4Acknowledgement(POOL.address, 28)]);
  assert.equal(bound(bench), ['198.51.100.128/28']);
});

test('[5555-4.4.2.1-03] what of IPv4 is bound ends with the last binding, and comes back with the next', () => {
  const bench = registered({ homeAddress: 'dynamic', prefixes: [] }, [ipv4Acknowledgement(GRANTED, 32)]);
  bench.attach(null);
  bench.run(200_000);
  assert.equal(bound(bench), []);
  const [update] = bench.attach({ ipv6 });
  assert.equal(asked(update), ['198.51.100.77/32']);
  bench.settle([update!], { options: [ipv4Acknowledgement(GRANTED, 32)] });
  assert.equal(bound(bench), ['198.51.100.77/32']);
});

test('a refused registration says nothing about IPv4', () => {
  const bench = new DualStackBench({ ipv4: { homeAddress: OWN, prefixes: [] } });
  const [update] = bench.attach({ ipv6 });
  bench.acknowledge(update!, { status: BindingStatus.insufficientResources });
  const [again] = bench.wait(20_000);
  assert.equal(asked(again), ['198.51.100.7/32']);
});

test('a de-registration asks for nothing of IPv4', () => {
  const bench = registered({ homeAddress: OWN, prefixes: [] }, [ipv4Acknowledgement(OWN, 32)]);
  bench.run(2000);
  const [removal] = bench.updates(() => bench.handle({ type: 'shutdown' }));
  assert.equal([removal?.lifetimeSeconds, asked(removal)], [0, []]);
  assert.equal(bench.router.placements()[0]!.ipv4Prefixes, []);
});

test('[5555-2-01] from IPv6 to IPv4 and back both home addresses stay bound', () => {
  const options = [natDetection(0), ipv4Acknowledgement(OWN, 32)];
  const bench = registered({ homeAddress: OWN, prefixes: [] }, options);
  for (const sides of [{ ipv4 }, { ipv6 }]) {
    bench.run(2000);
    const sent = bench.attach(sides);
    assert.is(sent.length, 1);
    bench.settle(sent, { options });
    assert.equal(bound(bench), ['198.51.100.7/32']);
    assert.ok(bench.groupPrefixes().some(({ address: own }) => own === HOME));
    assert.equal(bench.usable(), [1]);
  }
});

test.run();
