import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address } from '../../../../src/bytes/address.ts';
import { Icmpv6Type } from '../../../../src/wire/icmpv6/message.ts';
import type { NeighborOption } from '../../../../src/wire/icmpv6/neighbor-options.ts';
import { INFINITE_LIFETIME_SECONDS, NeighborOptionType } from '../../../../src/wire/icmpv6/numbers.ts';
import { BindingStatus } from '../../../../src/wire/mh/numbers.ts';
import type { Icmpv6Packet } from '../../../../src/wire/signalling.ts';
import { AGENT, CARE_OF, dropsIn, HOME, HOME_PREFIX, type SentUpdate } from '../../../lib/engines.ts';
import { HomeBench, LOOKING } from '../../../lib/engines-home.ts';

const [, first, second] = CARE_OF as [never, Address, Address];
const SOLICITATION = Icmpv6Type.mobilePrefixSolicitation;
const { acceptedPrefixDiscoveryNecessary } = BindingStatus;

function solicitations(bench: HomeBench) {
  return bench.sentOf(SOLICITATION).map(({ packet, atMs }) => {
    if (packet.message.type !== SOLICITATION) throw new TypeError('no solicitation');
    return { packet, atMs, identifier: packet.message.identifier };
  });
}

function homePrefix(validLifetimeSeconds: number): NeighborOption {
  return {
    type: NeighborOptionType.prefixInformation,
    prefixLength: 64,
    flags: 0xc0,
    validLifetimeSeconds,
    preferredLifetimeSeconds: validLifetimeSeconds,
    address: HOME_PREFIX.address,
  };
}

function advertisement(
  identifier: number,
  options: readonly NeighborOption[],
  more: Partial<Icmpv6Packet> = {},
): Icmpv6Packet {
  return {
    kind: 'icmpv6',
    source: AGENT,
    destination: first,
    routing2: HOME,
    message: { type: Icmpv6Type.mobilePrefixAdvertisement, identifier, flags: 0, options },
    ...more,
  };
}

/** A router whose first registration was accepted with status 1; chance gives the identifier. */
function asked(identifier = 0x1234): [HomeBench, SentUpdate[]] {
  const bench = new HomeBench({ homePrefix: HOME_PREFIX });
  bench.random.push(identifier);
  const [update] = bench.uplinks(first, null, null);
  const after = bench.acknowledge(update!, { status: acceptedPrefixDiscoveryNecessary });
  return [bench, after];
}

test('[6275-11.7.3-07, 6275-6.7-02, 6275-11.4.2-02] status 1: the prefixes of the home link are asked for, from the care-of address, with the home address in its option and a random identifier', () => {
  const [bench] = asked();
  const [solicitation, ...more] = solicitations(bench);
  assert.equal(more, []);
  const { packet } = solicitation!;
  assert.equal([packet.source, packet.destination, packet.homeAddress], [first, AGENT, HOME]);
  assert.not('routing2' in packet);
  assert.equal(bench.usable(), [1], 'the binding counts');
  for (const identifier of [0, 1, 0xfedc]) assert.is(solicitations(asked(identifier)[0])[0]!.identifier, identifier);
});

test('[6275-11.7.1-01] after status 1 nothing is registered before the prefixes are known', () => {
  const [bench, after] = asked();
  assert.equal(after, []);
  assert.equal(bench.uplinks(first, second, null), []);
  const { identifier } = solicitations(bench)[0]!;
  const updates = bench.updates(() => bench.icmp(advertisement(identifier, [homePrefix(INFINITE_LIFETIME_SECONDS)])));
  assert.equal(
    updates.map(({ packet }) => packet.source),
    [second],
  );
});

test('[6275-11.8-01, 6275-11.8-05] an unanswered solicitation is repeated after 3, 6 and 12 s, then it is given up and registering goes on', () => {
  const [bench] = asked();
  bench.uplinks(first, second, null);
  const updates = bench.wait(60_000);
  const sent = solicitations(bench);
  assert.equal(
    sent.map(({ atMs }) => (atMs - sent[0]!.atMs) / 1000),
    [0, 3, 9, 21],
  );
  assert.ok(updates.length > 0 && updates[0]!.atMs - sent[0]!.atMs === 45_000);
});

test('[6275-11.4.3-01, 6275-11.4.3-03, 6275-11.4.3-02] an advertisement is taken from the home agent alone, and only through a routing header to the home address', () => {
  const [bench] = asked();
  const { identifier } = solicitations(bench)[0]!;
  const options = [homePrefix(20)];
  const stranger = advertisement(identifier, options, { source: address('2001:db8:bad::1') });
  assert.equal(dropsIn(bench.icmp(stranger)), ['not-from-home-agent']);
  const { routing2: _, ...direct } = advertisement(identifier, options);
  assert.equal(dropsIn(bench.icmp(direct)), ['not-for-this-node']);
  const elsewhere = advertisement(identifier, options, { routing2: address('2001:db8:1:f::9') });
  assert.equal(dropsIn(bench.icmp(elsewhere)), ['not-for-this-node']);
  const [, update] = [bench.uplinks(first, second, null), bench.wait(60_000)];
  assert.is(update[0]!.lifetimeSeconds, 120, 'nothing was learnt');
});

test('[6275-11.4.3-03] before a home agent is known none is accepted', () => {
  const bench = new HomeBench(LOOKING);
  bench.uplinks(first, null, null);
  assert.equal(dropsIn(bench.icmp(advertisement(0, [homePrefix(20)]))), ['not-from-home-agent']);
  assert.equal(solicitations(bench), []);
});

test('[6275-11.4.3-05, 6275-11.4.3-06] an advertisement that was not asked for is discarded, and asked for', () => {
  const bench = new HomeBench({ homePrefix: HOME_PREFIX });
  bench.settle(bench.uplinks(first, null, null));
  assert.equal(dropsIn(bench.icmp(advertisement(7, [homePrefix(20)]))), ['unexpected-message']);
  const [solicitation] = solicitations(bench);
  assert.ok(solicitation);
  const another = advertisement(solicitation!.identifier + 1, [homePrefix(9999)]);
  assert.equal(dropsIn(bench.icmp(another)), ['unexpected-message'], 'one with another identifier');
  assert.equal(dropsIn(bench.icmp(advertisement(solicitation!.identifier, [homePrefix(40)]))), []);
  assert.equal(
    dropsIn(bench.icmp(advertisement(solicitation!.identifier, [homePrefix(9999)]))),
    ['unexpected-message'],
    'the second one',
  );
  const [refresh] = bench.wait(110_000);
  assert.is(refresh?.lifetimeSeconds, 4);
});

test('unsolicited advertisements make the router ask once in ten seconds at most', () => {
  const bench = new HomeBench({ homePrefix: HOME_PREFIX });
  bench.settle(bench.uplinks(first, null, null));
  for (let i = 0; i < 200; i++) {
    bench.icmp(advertisement(i, []));
    const open = solicitations(bench).at(-1)!;
    bench.icmp(advertisement(open.identifier, []));
    bench.run(100);
  }
  assert.ok(solicitations(bench).length <= 3, `${solicitations(bench).length}`);
});

test('[6275-11.4.2-04, 6275-11.7.1-11, 6275-11.4.3-07] lifetimes stay within what remains of the home prefix', () => {
  const [bench] = asked();
  bench.icmp(advertisement(solicitations(bench)[0]!.identifier, [homePrefix(61)]));
  bench.run(1000);
  const [update] = bench.uplinks(first, second, null);
  assert.is(update!.lifetimeSeconds, 60);
});

test('[6275-11.4.2-01] before the home prefix ends fresh information is asked for', () => {
  const [bench] = asked();
  bench.icmp(advertisement(solicitations(bench)[0]!.identifier, [homePrefix(1000)]));
  const before = solicitations(bench).length;
  bench.run(899_000);
  assert.is(solicitations(bench).length, before);
  bench.run(2000);
  assert.is(solicitations(bench).length, before + 1);
});

test('[6275-6.8-05] options that nobody knows, and other prefixes, are passed over', () => {
  const [bench] = asked();
  const unknown: NeighborOption = { type: 'unknown', optionType: 200, data: new Uint8Array(6) };
  const other = { ...homePrefix(8), address: address('2001:db8:77::') } as NeighborOption;
  bench.icmp(advertisement(solicitations(bench)[0]!.identifier, [unknown, other, homePrefix(41), unknown]));
  bench.run(1000);
  assert.is(bench.uplinks(first, second, null)[0]!.lifetimeSeconds, 40);
});

test.run();
