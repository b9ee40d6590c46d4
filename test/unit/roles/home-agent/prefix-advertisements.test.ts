import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, formatAddress } from '../../../../src/bytes/address.ts';
import type { RoleAction } from '../../../../src/roles/action.ts';
import { Icmpv6Type, INFINITE_LIFETIME_SECONDS, NeighborOptionType } from '../../../../src/wire/icmpv6/numbers.ts';
import type { Icmpv6Packet } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  bindingUpdate,
  bulkUpdate,
  CARE_OF,
  dropsIn,
  HOME,
  HomeAgentBench,
  identifier,
  mobileNode,
} from '../../../lib/engines.ts';
import {
  HomeLinkBench,
  homeLink,
  linkLayerAddress,
  messagesIn,
  onLink,
  prefixOption,
  routerAdvertisement,
} from '../../../lib/home-link.ts';

const PREFIXES = { enabled: true, minimumIntervalSeconds: 600, maximumIntervalSeconds: 86_400 };
const DAY_MS = 86_400_000;
const HOUR_SECONDS = 3600;

function solicitation(identifierOfIt = 77, source = CARE_OF[1]!, homeAddress: typeof HOME | null = HOME): Icmpv6Packet {
  return {
    kind: 'icmpv6',
    source,
    destination: AGENT,
    hopLimit: 60,
    ...(homeAddress === null ? {} : { homeAddress }),
    message: { type: Icmpv6Type.mobilePrefixSolicitation, identifier: identifierOfIt, options: [] },
  };
}

interface SentAdvertisement {
  readonly afterMs: number;
  readonly packet: Icmpv6Packet;
  readonly prefixes: readonly string[];
}

/** What is sent to the mobile node within a time, which its binding outlives. */
function sentWithin(bench: HomeAgentBench, durationMs: number): SentAdvertisement[] {
  const startMs = bench.nowMs;
  const sent: SentAdvertisement[] = [];
  while (bench.agent.nextDeadlineMs <= startMs + durationMs) {
    const actions = bench.runUntil(bench.agent.nextDeadlineMs);
    sent.push(...read(actions, bench.nowMs - startMs));
  }
  bench.runUntil(startMs + durationMs);
  return sent;
}

function read(actions: readonly RoleAction[], afterMs = 0): SentAdvertisement[] {
  return messagesIn(actions, Icmpv6Type.mobilePrefixAdvertisement).map(({ packet, message }) => ({
    afterMs,
    packet,
    prefixes: message.options.map((option) =>
      option.type === NeighborOptionType.prefixInformation
        ? `${formatAddress(option.address)}/${option.prefixLength}`
        : 'another option',
    ),
  }));
}

/** A node that is away, for days, on a physical home link. */
function away(parts: { readonly prefixAdvertisements?: typeof PREFIXES } = {}): HomeLinkBench {
  const bench = new HomeLinkBench({ prefixAdvertisements: PREFIXES, maximumLifetimeSeconds: 262_140, ...parts });
  bench.register(bindingUpdate(1, { lifetimeSeconds: 262_140 }));
  return bench;
}

/** Asked and answered: nothing is open. */
function settled(): HomeLinkBench {
  const bench = away();
  bench.run(5000);
  bench.ask(solicitation());
  bench.run(5000);
  return bench;
}

const newPrefix = routerAdvertisement({ options: [prefixOption('2001:db8:1:abc::a')] });

test('[6275-6.8-04, 6275-6.8-07, 6275-10.6.2-02, 6275-10.6.3-01, 6275-8.4-04] a solicitation is answered at once', () => {
  const bench = away();
  bench.run(5000);
  const [answer, ...more] = read(bench.ask(solicitation(4711, CARE_OF[1]!)));
  assert.is(more.length, 0);
  const { packet } = answer!;
  assert.is(packet.source, AGENT);
  assert.is(packet.destination, CARE_OF[1]);
  assert.is(packet.routing2, HOME);
  assert.is(packet.homeAddress, undefined);
  assert.is(packet.message.type === Icmpv6Type.mobilePrefixAdvertisement && packet.message.identifier, 4711);
});

test('[6275-10.4.2-01] what the agent itself sends to a node that is away goes to its care-of address with a type 2 routing header', () => {
  const bench = away();
  const [unsolicited] = sentWithin(bench, DAY_MS);
  assert.is(unsolicited!.packet.destination, CARE_OF[1]);
  assert.is(unsolicited!.packet.routing2, HOME);
});

test('[6275-6.8-06] a prefix is told with the agent’s whole address in it and flag R', () => {
  const [answer] = read(away().ask(solicitation()));
  const { message } = answer!.packet;
  assert.equal(message.type === Icmpv6Type.mobilePrefixAdvertisement && message.options, [
    prefixOption('2001:db8:1:f::1', { validLifetimeSeconds: 2_592_000, preferredLifetimeSeconds: 604_800 }),
  ]);
});

test('on a virtual home link, the prefix of the home address is told: it has no end', () => {
  const bench = new HomeAgentBench({ prefixAdvertisements: PREFIXES });
  bench.answer(bindingUpdate(1));
  const actions = bench.handle({ type: 'icmpv6', packet: solicitation() });
  const [answer] = messagesIn(actions, Icmpv6Type.mobilePrefixAdvertisement);
  const lifetimes = {
    validLifetimeSeconds: INFINITE_LIFETIME_SECONDS,
    preferredLifetimeSeconds: INFINITE_LIFETIME_SECONDS,
  };
  assert.equal(answer!.message.options, [prefixOption('2001:db8:1:f::', { ...lifetimes, flags: 0xc0 })]);
});

test('[6275-6.8-09] flags M and O are clear', () => {
  const { message } = read(away().ask(solicitation()))[0]!.packet;
  assert.is(message.type === Icmpv6Type.mobilePrefixAdvertisement && message.flags, 0);
});

test('[6275-6.8-08] solicitations in quick succession get one answer a second', () => {
  const bench = away();
  bench.run(5000);
  const moments: number[] = [];
  for (let i = 0; i < 40; i++) {
    for (const _ of read(bench.ask(solicitation(i)))) moments.push(bench.nowMs);
    for (const { afterMs } of sentWithin(bench, 100)) moments.push(bench.nowMs - 100 + afterMs);
  }
  assert.ok(moments.length >= 4 && moments.length <= 5, `${moments.length} in 4 s`);
  for (const [index, moment] of moments.slice(1).entries()) assert.ok(moment - moments[index]! >= 1000);
});

test('[5648-6.1-03] where no BID is known, the first binding of the home address is taken', () => {
  const bench = new HomeLinkBench({ prefixAdvertisements: PREFIXES, maximumLifetimeSeconds: 262_140 });
  bench.register(bulkUpdate(1, [3, 1, 2], { lifetimeSeconds: 262_140 }));
  const [first] = sentWithin(bench, DAY_MS);
  assert.is(first!.packet.destination, CARE_OF[3]);
});

test('[5648-9.2-02, 6275-10.6.3-02] any registered care-of address may solicit, and is answered there; what has no binding gets nothing', () => {
  const bench = new HomeAgentBench({ prefixAdvertisements: PREFIXES });
  bench.answer(bulkUpdate(1, [1, 2]));
  const ask = (packet: Icmpv6Packet) => bench.handle({ type: 'icmpv6', packet });
  assert.is(read(ask(solicitation(1, CARE_OF[2]!)))[0]!.packet.destination, CARE_OF[2]);
  assert.ok(bench.agent.hasBinding(HOME, CARE_OF[1]!) && !bench.agent.hasBinding(HOME, CARE_OF[3]!));
  assert.equal(dropsIn(ask(solicitation(1, CARE_OF[1]!, null))), ['no-home-address-option']);
  assert.equal(dropsIn(ask(solicitation(1, CARE_OF[1]!, address('2001:db8:1:f::99')))), ['unknown-binding']);
});

test('[6275-8.4-05] advertisements can be turned off', () => {
  const bench = away({ prefixAdvertisements: { ...PREFIXES, enabled: false } });
  assert.equal(dropsIn(bench.ask(solicitation())), ['prefix-advertisements-disabled']);
  assert.equal(sentWithin(bench, 2 * DAY_MS), []);
});

test('[6275-6.8-02, 6275-10.6.2-04, 6275-10.6.2-07] a node hears something within a day, after ten minutes at least', () => {
  const moments = new Set<number>();
  for (let n = 0; n < 8; n++) {
    const bench = away();
    // Another stream of random numbers each time.
    for (let i = 0; i < n; i++) bench.register(bindingUpdate(1, { homeAddress: address('2001:db8:1:f::3') }));
    const [first] = sentWithin(bench, DAY_MS);
    assert.is(first!.packet.destination, CARE_OF[1]);
    assert.ok(first!.afterMs >= 599_000 && first!.afterMs < DAY_MS);
    moments.add(first!.afterMs);
  }
  assert.ok(moments.size >= 1);
  const bench = settled();
  assert.ok(sentWithin(bench, DAY_MS).length > 0, 'and so on after it was told');
});

test('[6275-13-01, 6275-10.6.2-07] the limits of the delay are configured, and the preferred lifetime is one of them', () => {
  const narrow = away({
    prefixAdvertisements: { enabled: true, minimumIntervalSeconds: 10, maximumIntervalSeconds: 12 },
  });
  const [first] = sentWithin(narrow, 20_000);
  assert.ok(first!.afterMs >= 9000 && first!.afterMs <= 12_000, `${first!.afterMs}`);

  const bench = new HomeLinkBench(
    { prefixAdvertisements: PREFIXES, maximumLifetimeSeconds: 262_140 },
    homeLink({ addresses: [onLink('2001:db8:1:f::1', { preferredUntilMs: 5_000_000 + 700_000 })] }),
  );
  bench.register(bindingUpdate(1, { lifetimeSeconds: 262_140 }));
  assert.ok(sentWithin(bench, 700_000).length > 0, 'before the prefix is deprecated');
});

test('[6275-10.6.2-08, 6275-10.6.2-09] an unsolicited one is repeated after 3, 6 and 12 s, and then given up', () => {
  const bench = away();
  const [first] = sentWithin(bench, DAY_MS);
  const again = away();
  const moments = sentWithin(again, first!.afterMs + 100_000).map(({ afterMs }) => afterMs - first!.afterMs);
  assert.equal(moments, [0, 3000, 9000, 21_000]);
});

test('[6275-10.6.2-08] a solicitation acknowledges it: no more repetitions', () => {
  const bench = away();
  const [first] = sentWithin(away(), DAY_MS);
  bench.run(first!.afterMs + 4000);
  assert.is(read(bench.ask(solicitation())).length, 1);
  assert.equal(sentWithin(bench, 60_000), []);
});

test('[6275-10.6.2-05, 6275-10.6.2-10, 6275-6.8-03] without a binding nothing is sent, repeated or kept', () => {
  const [first] = sentWithin(away(), DAY_MS);
  for (const end of ['expires', 'is removed'] as const) {
    const bench = new HomeLinkBench({ prefixAdvertisements: PREFIXES, maximumLifetimeSeconds: 262_140 });
    const lifetimeSeconds = Math.ceil((first!.afterMs + 4000) / 4000) * 4;
    bench.register(bindingUpdate(1, { lifetimeSeconds }));
    assert.ok(sentWithin(bench, first!.afterMs + 1000).length > 0);
    if (end === 'is removed') bench.receive(bindingUpdate(2, { lifetimeSeconds: 0 }));
    else bench.run(8000);
    assert.equal(bench.bindings(), {}, end);
    assert.equal(sentWithin(bench, 3 * DAY_MS), [], end);
    assert.is(bench.agent.nextDeadlineMs, Number.POSITIVE_INFINITY, end);
  }
});

test('[6275-10.6.2-11] another Binding Update has it told again, once it was given up', () => {
  const bench = away();
  const [first] = sentWithin(away(), DAY_MS);
  assert.is(sentWithin(bench, first!.afterMs + 60_000).length, 4);
  const [again] = read(bench.receive(bindingUpdate(2, { lifetimeSeconds: 262_140, source: CARE_OF[2]! })));
  assert.is(again!.packet.destination, CARE_OF[2]);
  assert.equal(
    sentWithin(bench, 60_000).map(({ afterMs }) => afterMs),
    [3000, 9000, 21_000],
  );
});

test('[6275-10.6.2-01] a changed lifetime or flag of the prefix has it told', () => {
  for (const change of ['valid', 'preferred'] as const) {
    const bench = settled();
    const untilMs = bench.nowMs + 200_000_000;
    const address = onLink(
      '2001:db8:1:f::1',
      change === 'valid' ? { validUntilMs: untilMs } : { preferredUntilMs: untilMs },
    );
    bench.link(homeLink({ addresses: [address] }));
    const sent = sentWithin(bench, DAY_MS);
    assert.ok(sent.length >= 4, `${change}: told, and repeated as nobody acknowledged`);
    assert.ok(sent[0]!.afterMs >= 600_000);
  }
});

test('[6275-10.6.2-01] lifetimes that only grow shorter by themselves are no change', () => {
  const bench = new HomeLinkBench(
    { prefixAdvertisements: { ...PREFIXES, minimumIntervalSeconds: 86_399 }, maximumLifetimeSeconds: 262_140 },
    homeLink({ addresses: [onLink('2001:db8:1:f::1', { validUntilMs: 900_000_000, preferredUntilMs: 800_000_000 })] }),
  );
  bench.register(bindingUpdate(1, { lifetimeSeconds: 262_140 }));
  bench.ask(solicitation());
  for (let hour = 0; hour < 20; hour++) {
    bench.run(HOUR_SECONDS * 1000);
    // As rtnetlink tells it again, in whole seconds.
    const jitterMs = (hour % 3) * 500;
    const again = { validUntilMs: 900_000_000 - jitterMs, preferredUntilMs: 800_000_000 - jitterMs };
    assert.equal(read(bench.link(homeLink({ addresses: [onLink('2001:db8:1:f::1', again)] }))), []);
  }
  assert.equal(sentWithin(bench, HOUR_SECONDS * 1000), []);
});

test('[6275-10.6.1-01, 6275-10.6.2-03, 6275-10.6.2-06] a new prefix of another home agent is told with all the others', () => {
  const bench = settled();
  bench.hear(newPrefix);
  const sent = sentWithin(bench, DAY_MS);
  assert.ok(sent[0]!.afterMs >= 600_000);
  for (const { prefixes } of sent) assert.equal(prefixes, ['2001:db8:1:f::1/64', '2001:db8:1:abc::/64']);
  assert.equal(read(bench.hear(newPrefix)), [], 'it is known now');
});

test('[6275-10.6.2-06] a change before an advertisement is sent joins it, at its time', () => {
  const plain = settled();
  plain.hear(newPrefix);
  const [expected] = sentWithin(plain, DAY_MS);
  const bench = settled();
  bench.hear(newPrefix);
  bench.run(1000);
  bench.hear(routerAdvertisement({ options: [prefixOption('2001:db8:1:abd::a')] }));
  const sent = sentWithin(bench, DAY_MS);
  assert.is(sent[0]!.afterMs + 1000, expected!.afterMs);
  assert.is(sent[0]!.prefixes.length, 3);
  assert.ok(sent[1]!.afterMs - sent[0]!.afterMs === 3000, 'the next one is its repetition');
});

test('[6275-10.6.2-12] a change before the acknowledgement makes one new advertisement of both', () => {
  const bench = settled();
  bench.hear(routerAdvertisement({ options: [prefixOption('2001:db8:1:abc::a', { validLifetimeSeconds: 90_000 })] }));
  const [first] = sentWithin(bench, DAY_MS).slice(0, 1);
  assert.ok(first);
  const again = settled();
  again.hear(routerAdvertisement({ options: [prefixOption('2001:db8:1:abc::a', { validLifetimeSeconds: 90_000 })] }));
  assert.is(sentWithin(again, first!.afterMs + 1000).length, 1);
  // The first prefix goes, another one comes: the node has heard of neither for certain.
  again.hear(
    routerAdvertisement({
      options: [prefixOption('2001:db8:1:abc::a', { validLifetimeSeconds: 0 }), prefixOption('2001:db8:1:abd::a')],
    }),
  );
  const sent = sentWithin(again, 60_000);
  assert.equal(sent[0]!.prefixes, ['2001:db8:1:f::1/64', '2001:db8:1:abd::/64', '2001:db8:1:abc::/64']);
  assert.is(sent.length, 4, 'with repetitions of its own');
});

test('a node at home hears nothing', () => {
  const bench = away();
  const homeBinding = identifier(9, { simultaneousHomeAndForeign: true, careOfAddress: HOME });
  bench.receive(bindingUpdate(2, { lifetimeSeconds: 0 }));
  bench.register(
    bindingUpdate(3, {
      source: HOME,
      homeAddress: null,
      lifetimeSeconds: 262_140,
      options: [homeBinding, linkLayerAddress()],
    }),
  );
  assert.is(Object.keys(bench.bindings()).length, 1);
  assert.equal(sentWithin(bench, 2 * DAY_MS), []);
});

test('state is bounded by the bindings: solicitations alone leave none', () => {
  const bench = new HomeAgentBench({ prefixAdvertisements: PREFIXES, mobileNodes: [mobileNode()] });
  for (let n = 0; n < 100; n++) {
    bench.handle({ type: 'icmpv6', packet: solicitation(n, CARE_OF[1]!, address(`2001:db8:1:f::${n + 10}`)) });
  }
  assert.is(bench.agent.nextDeadlineMs, Number.POSITIVE_INFINITY);
});

test.run();
