import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, formatAddress } from '../../../../src/bytes/address.ts';
import { prefix } from '../../../../src/bytes/prefix.ts';
import type { HomeAgentAdvertisementConfiguration } from '../../../../src/config/configuration.ts';
import type { RouterAdvertisement } from '../../../../src/wire/icmpv6/neighbor-discovery.ts';
import type { PrefixInformationOption } from '../../../../src/wire/icmpv6/neighbor-options.ts';
import {
  Icmpv6Type,
  INFINITE_LIFETIME_SECONDS,
  NeighborOptionType,
  RouterAdvertisementFlag,
} from '../../../../src/wire/icmpv6/numbers.ts';
import { encodeSignalling, type Icmpv6Packet } from '../../../../src/wire/signalling.ts';
import {
  ADVERTISE,
  HOME_LINK_INDEX,
  HomeLinkBench,
  homeLink,
  messagesIn,
  OUR_LINK_LOCAL,
  OUR_MAC,
  onLink,
  optionOf,
  prefixOption,
  routerAdvertisement,
  routerAdvertisementsIn,
} from '../../../lib/home-link.ts';

const { homeAgentInformation, advertisementInterval, prefixInformation, sourceLinkLayerAddress } = NeighborOptionType;

function advertising(more: Partial<HomeAgentAdvertisementConfiguration> = {}, link = homeLink()): HomeLinkBench {
  return new HomeLinkBench({ homeLink: { advertise: { ...ADVERTISE, ...more } } }, link);
}

/** The first one that it sends. */
function firstOf(bench: HomeLinkBench): RouterAdvertisement {
  return routerAdvertisementsIn(bench.first)[0]!;
}

/** When it sends within a time, from now on. */
function momentsWithin(bench: HomeLinkBench, durationMs: number): number[] {
  const startMs = bench.nowMs;
  const moments: number[] = [];
  while (bench.agent.nextDeadlineMs <= startMs + durationMs) {
    const actions = bench.runUntil(bench.agent.nextDeadlineMs);
    if (routerAdvertisementsIn(actions).length > 0) moments.push(bench.nowMs - startMs);
  }
  bench.runUntil(startMs + durationMs);
  return moments;
}

function prefixesIn({ options }: RouterAdvertisement): PrefixInformationOption[] {
  return options.filter((option) => option.type === prefixInformation);
}

const solicitation: Icmpv6Packet = {
  kind: 'icmpv6',
  source: address('fe80::77'),
  destination: address('ff02::2'),
  hopLimit: 255,
  message: { type: Icmpv6Type.routerSolicitation, options: [] },
};

test('[6275-7.1-01, 6275-7.2-02, 6275-7.5-10] an advertisement has flag H, the agent’s address with R, its link-layer address', () => {
  const [sent] = messagesIn(advertising().first, Icmpv6Type.routerAdvertisement);
  assert.is(sent!.packet.source, OUR_LINK_LOCAL);
  assert.is(formatAddress(sent!.packet.destination), 'ff02::1');
  assert.equal(sent!.message, {
    type: Icmpv6Type.routerAdvertisement,
    currentHopLimit: 64,
    flags: RouterAdvertisementFlag.homeAgent,
    routerLifetimeSeconds: 1800,
    reachableTimeMs: 0,
    retransmitTimerMs: 0,
    options: [
      { type: sourceLinkLayerAddress, linkLayerAddress: OUR_MAC },
      { type: advertisementInterval, intervalMs: 600_000 },
      prefixOption('2001:db8:1:f::1', { validLifetimeSeconds: 2_592_000, preferredLifetimeSeconds: 604_800 }),
    ],
  });
});

test('without `advertise` nothing is advertised, and nothing without an address on the link', () => {
  assert.equal(routerAdvertisementsIn(new HomeLinkBench().first), []);
  assert.equal(routerAdvertisementsIn(advertising({}, homeLink({ addresses: [] })).first), []);
});

test('lifetimes of the prefix are those of the interface’s address where they end earlier', () => {
  const { nowMs } = advertising();
  const link = homeLink({
    addresses: [onLink('2001:db8:1:f::1', { validUntilMs: nowMs + 5_000_000, preferredUntilMs: nowMs + 1_000_900 })],
  });
  const [option] = prefixesIn(firstOf(advertising({}, link)));
  assert.is(option!.validLifetimeSeconds, 5000);
  assert.is(option!.preferredLifetimeSeconds, 1000);
  const forever = {
    validLifetimeSeconds: INFINITE_LIFETIME_SECONDS,
    preferredLifetimeSeconds: INFINITE_LIFETIME_SECONDS,
  };
  assert.is(prefixesIn(firstOf(advertising(forever)))[0]!.validLifetimeSeconds, INFINITE_LIFETIME_SECONDS);
});

test('[6275-7.3-02, 6275-8.3-02] the Advertisement Interval is the maximum interval, and can be left out', () => {
  const intervalOf = (more: Partial<HomeAgentAdvertisementConfiguration>) =>
    optionOf(firstOf(advertising(more)), advertisementInterval)?.intervalMs;
  assert.is(intervalOf({ maximumIntervalMs: 4000, minimumIntervalMs: 3000 }), 4000);
  assert.is(intervalOf({ maximumIntervalMs: 200, minimumIntervalMs: 100 }), 200);
  assert.is(intervalOf({ intervalOption: false }), undefined);
});

test('[6275-7.5-08] 20 ms are added to an interval of less than 200 ms', () => {
  const fast = advertising({ minimumIntervalMs: 30, maximumIntervalMs: 70, minimumDelayMs: 30 });
  assert.is(optionOf(firstOf(fast), advertisementInterval)?.intervalMs, 90);
  const slower = advertising({ minimumIntervalMs: 100, maximumIntervalMs: 199, minimumDelayMs: 30 });
  assert.is(optionOf(firstOf(slower), advertisementInterval)?.intervalMs, 219);
});

test('[6275-7.5-11] the router lifetime is three intervals, at least a second, and what is configured', () => {
  const lifetimeOf = (more: Partial<HomeAgentAdvertisementConfiguration>) =>
    firstOf(advertising(more)).routerLifetimeSeconds;
  assert.is(lifetimeOf({ minimumIntervalMs: 30, maximumIntervalMs: 70 }), 1);
  assert.is(lifetimeOf({ minimumIntervalMs: 3000, maximumIntervalMs: 10_000 }), 30);
  assert.is(lifetimeOf({ routerLifetimeSeconds: 0 }), 0);
  assert.is(lifetimeOf({ routerLifetimeSeconds: 9000 }), 9000);
});

test('[6275-7.4-09] Home Agent Information is left out while it would say nothing new', () => {
  assert.is(optionOf(firstOf(advertising()), homeAgentInformation), undefined);
  assert.is(optionOf(firstOf(advertising({ lifetimeSeconds: 1800 })), homeAgentInformation), undefined);
});

test('[6275-8.4-03] preference and lifetime are the administrator’s', () => {
  assert.equal(optionOf(firstOf(advertising({ preference: 300, lifetimeSeconds: 65_535 })), homeAgentInformation), {
    type: homeAgentInformation,
    mobileRouter: false,
    preference: 300,
    lifetimeSeconds: 65_535,
  });
  assert.is(optionOf(firstOf(advertising({ preference: 7 })), homeAgentInformation)?.lifetimeSeconds, 1800);
});

test('[3963-7.3-01] support for mobile routers is announced', () => {
  const option = optionOf(firstOf(advertising({ mobileRouters: true })), homeAgentInformation);
  assert.is(option?.mobileRouter, true);
  assert.is(option?.lifetimeSeconds, 1800);
});

test('[6275-7.4-04, 6275-7.4-05] no advertisement tells a home agent lifetime of 0, and none with the option lacks flag H', () => {
  const bench = advertising({ preference: 5, mobileRouters: true, routerLifetimeSeconds: 0 });
  const messages = routerAdvertisementsIn([...bench.first, ...bench.handle({ type: 'shutdown' })]);
  assert.is(messages.length, 2);
  for (const message of messages) {
    assert.is(message.routerLifetimeSeconds, 0);
    assert.is(optionOf(message, homeAgentInformation), undefined);
    assert.is(message.flags, RouterAdvertisementFlag.homeAgent);
  }
});

test('[6275-7.2-03, 6275-7.2-04, 6275-7.4-07] what does not fit the link’s MTU is spread, with the same address and option in each', () => {
  const prefixes = Array.from({ length: 60 }, (_, n) => prefix(`2001:db8:1:${(0xf00 + n).toString(16)}::/64`));
  const bench = new HomeLinkBench(
    {
      homePrefixes: prefixes,
      mobileNodes: [],
      homeLink: { prefixes, advertise: { ...ADVERTISE, preference: 3, mobileRouters: true } },
    },
    homeLink({ addresses: prefixes.map(({ address }) => onLink(`${formatAddress(address)}1`)) }),
  );
  const sent = messagesIn(bench.first, Icmpv6Type.routerAdvertisement);
  assert.is(sent.length, 2);
  const seen = new Set<string>();
  for (const { packet, message } of sent) {
    assert.ok(encodeSignalling(packet).length <= 1500);
    assert.is(formatAddress(prefixesIn(message)[0]!.address), '2001:db8:1:f00::1');
    assert.equal(optionOf(message, homeAgentInformation), optionOf(sent[0]!.message, homeAgentInformation));
    assert.ok(optionOf(message, homeAgentInformation));
    assert.ok(optionOf(message, sourceLinkLayerAddress));
    for (const option of prefixesIn(message)) seen.add(formatAddress(option.address));
  }
  assert.is(seen.size, 60);
});

test('[6275-7.2-04] successive advertisements tell the same address, also when the interface gets further ones', () => {
  const bench = advertising();
  bench.link(homeLink({ addresses: [onLink('2001:db8:1:f::9'), onLink('2001:db8:1:f::1')] }));
  const messages = routerAdvertisementsIn(bench.run(3_600_000));
  assert.ok(messages.length > 5);
  for (const message of messages) assert.is(formatAddress(prefixesIn(message)[0]!.address), '2001:db8:1:f::1');
});

test('three advertisements follow each other soon, then they come at random intervals within the limits', () => {
  const bench = advertising({ minimumIntervalMs: 200_000, maximumIntervalMs: 600_000 });
  const moments = momentsWithin(bench, 20 * 3_600_000);
  assert.equal(moments.slice(0, 2), [16_000, 32_000]);
  const gaps = moments.slice(2).map((moment, index) => moment - moments[index + 1]!);
  assert.ok(gaps.every((gap) => gap >= 200_000 && gap <= 600_000));
  assert.ok(Math.max(...gaps) - Math.min(...gaps) > 200_000, 'at random');
});

test('[6275-7.5-02, 6275-7.5-03] intervals from 30 to 70 ms can be configured', () => {
  const bench = advertising({ minimumIntervalMs: 30, maximumIntervalMs: 70, minimumDelayMs: 30 });
  const moments = momentsWithin(bench, 10_000);
  const gaps = moments.slice(1).map((moment, index) => moment - moments[index]!);
  assert.ok(gaps.every((gap) => gap >= 30 && gap <= 70));
  assert.ok(moments.length > 170 && moments.length < 230, `${moments.length} in 10 s: about one in 50 ms`);
});

test('[6275-7.5-09] unsolicited advertisements can be turned off: then solicitations alone are answered', () => {
  const bench = advertising({ unsolicited: false });
  assert.equal(routerAdvertisementsIn(bench.first), []);
  assert.equal(momentsWithin(bench, 86_400_000), []);
  bench.hear(solicitation);
  const moments = momentsWithin(bench, 86_400_000);
  assert.is(moments.length, 1);
  assert.ok(moments[0]! <= 500);
});

test('a solicitation is answered within half a second, but no sooner than MinDelayBetweenRAs after the last one', () => {
  const bench = advertising();
  bench.run(1000);
  bench.hear(solicitation);
  const [answered] = momentsWithin(bench, 10_000);
  assert.is(answered, 2000, '3 s after the first one');
  bench.run(100_000);
  bench.hear(solicitation);
  bench.hear(solicitation);
  const later = momentsWithin(bench, 10_000);
  assert.is(later.length, 1);
  assert.ok(later[0]! <= 500);
});

test('[6275-13-03] MinDelayBetweenRAs follows the minimum interval where that is shorter', () => {
  const bench = advertising({ minimumIntervalMs: 50, maximumIntervalMs: 10_000, minimumDelayMs: 3000 });
  bench.run(1);
  bench.hear(solicitation);
  const [answered] = momentsWithin(bench, 3000);
  assert.ok(answered! < 600, `${answered} ms`);
});

test('solicitations that did not come from the home link are not answered', () => {
  const bench = advertising({ unsolicited: false });
  bench.ask(solicitation);
  assert.equal(momentsWithin(bench, 10_000), []);
});

test('an agent that stops says that it is no router and no home agent any more', () => {
  const bench = advertising({ preference: 9 });
  const sent = messagesIn(bench.handle({ type: 'shutdown' }), Icmpv6Type.routerAdvertisement);
  assert.is(sent.length, 1);
  assert.is(sent[0]!.message.routerLifetimeSeconds, 0);
  assert.equal(momentsWithin(bench, 3_600_000), []);
  // Another agent takes it off its list.
  const peer = new HomeLinkBench();
  peer.hear(routerAdvertisement({ source: 'fe80::1:1', options: [prefixOption('2001:db8:1:f::5')] }));
  peer.hear({ ...sent[0]!.packet, source: address('fe80::1:1') });
  assert.is(peer.agent.nextDeadlineMs, Number.POSITIVE_INFINITY);
});

test('while the link is down nothing is advertised; when it is back, a few follow soon', () => {
  const bench = advertising();
  bench.link(null);
  assert.equal(momentsWithin(bench, 3_600_000), []);
  assert.is(routerAdvertisementsIn(bench.link(homeLink())).length, 1);
  assert.equal(momentsWithin(bench, 40_000), [16_000, 32_000]);
});

test('everything goes out on the home link', () => {
  for (const action of advertising().first) {
    if (action.type === 'send') assert.is(action.interfaceIndex, HOME_LINK_INDEX);
  }
});

test.run();
