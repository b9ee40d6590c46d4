import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address } from '../../../../src/bytes/address.ts';
import { Icmpv6Type } from '../../../../src/wire/icmpv6/message.ts';
import { BindingStatus, OptionType } from '../../../../src/wire/mh/numbers.ts';
import {
  AGENT,
  acknowledgementOf,
  CARE_OF,
  dropsIn,
  FIRST_SEQUENCE_NUMBER,
  Flag,
  HOME,
  HOME_PREFIX,
  identifier,
  NETWORK,
  ROUTER_FLAGS,
  type SentUpdate,
} from '../../../lib/engines.ts';
import {
  AGENT_IPV4,
  DualStackBench,
  IPV4_CARE_OF,
  NAT,
  NO_NAT,
  natDetection,
  registeredIpv4,
} from '../../../lib/engines-dual-stack.ts';
import { AT_BOTH, homeLink } from '../../../lib/engines-home.ts';

const ipv6 = CARE_OF[1]!;
const ipv4 = IPV4_CARE_OF[1]!;
const ipv6Two = CARE_OF[2]!;
const ipv4Two = IPV4_CARE_OF[2]!;
const ipv4Three = IPV4_CARE_OF[3]!;
/** The lowest that no uplink has, but one: that is kept for the home address as a care-of address. */
const HOME_BID = 5;
const PORTS = { source: 4191, destination: 4191 };

/** From which address it left, and for which BIDs. */
const brief = ({ bids, packet }: SentUpdate) => [bids, packet.outer?.source ?? packet.source];

test('[5555-4.4.2-01, 5555-4.4.2-04, 5555-4.1-04, 5555-4.2-03, 5648-8.1-02, 5648-8.1-03, 5555-4.4.4-02] without IPv6 a Binding Update goes in UDP from the IPv4 care-of address, its IPv6 packet from the home address, the care-of address in the BID option', () => {
  const bench = new DualStackBench();
  const [update, ...more] = bench.attach({ ipv4 });
  assert.equal(more, []);
  assert.equal(update?.packet, {
    kind: 'mobility',
    outer: { source: ipv4, destination: AGENT_IPV4, ports: PORTS },
    source: HOME,
    destination: AGENT,
    message: {
      type: 5,
      sequenceNumber: FIRST_SEQUENCE_NUMBER + 1,
      flags: ROUTER_FLAGS | Flag.overwrite,
      lifetimeSeconds: 120,
      options: [{ type: OptionType.mobileNetworkPrefix, prefix: NETWORK }, identifier(1, { careOfAddress: ipv4 })],
    },
  });
  assert.is(update?.interfaceIndex, 11);
});

test('without an IPv4 address of the home agent an IPv4 address is no care-of address', () => {
  const bench = new DualStackBench({ homeAgentIpv4Address: undefined as never });
  assert.equal(bench.attach({ ipv4 }), []);
  assert.is(bench.states()[0], 'down');
});

test('[5555-4.4.1-01, 5555-3.1.3-02, 5555-5.1-03, 5555-4.1-02, 5555-4.4.2-05] with both families the IPv6 care-of address is registered, in plain IPv6 and never with flag F', () => {
  const bench = new DualStackBench({ udpEncapsulation: 'always' });
  const [update, ...more] = bench.attach({ ipv6, ipv4 });
  assert.equal(more, []);
  assert.equal([update?.packet.source, update?.packet.homeAddress, update?.packet.outer], [ipv6, HOME, undefined]);
  assert.is(update!.flags & Flag.forceUdpEncapsulation, 0);
  bench.settle([update!]);
  const [tunnel] = bench.tunnels();
  assert.equal([tunnel?.encapsulation, tunnel?.outerSource, tunnel?.usable], [1, ipv6, true]);
});

test('an uplink that is configured for IPv4 first, or alone, takes IPv4', () => {
  const uplinks = (addressFamilies: readonly ('ipv4' | 'ipv6')[]) => [
    { name: 'cellular', interface: 'wan0', priority: 1, weight: 1, bid: 1, addressFamilies },
  ];
  for (const families of [['ipv4', 'ipv6'], ['ipv4']] as const) {
    const bench = new DualStackBench({ uplinks: uplinks(families) });
    assert.equal(bench.attach({ ipv6, ipv4 }).map(brief), [[[1], ipv4]]);
  }
  assert.equal(new DualStackBench({ uplinks: uplinks(['ipv4']) }).attach({ ipv6 }), []);
  assert.equal(new DualStackBench({ uplinks: uplinks(['ipv6']) }).attach({ ipv4 }), []);
});

test('[5555-4.4.1-02, 5555-4.4.1-03] IPv6 is tried three times, each pause twice the last one, then IPv4 in the same manner', () => {
  const bench = new DualStackBench();
  const [first] = bench.attach({ ipv6, ipv4 });
  const later = bench.wait(13_600);
  assert.equal(
    [first!, ...later].map((update) => [
      update.atMs - first!.atMs,
      update.packet.outer?.source ?? update.packet.source,
    ]),
    [
      [0, ipv6],
      [1500, ipv6],
      [4500, ipv6],
      [10_500, ipv4],
      [11_500, ipv4],
      [13_500, ipv4],
    ],
  );
  assert.equal(
    bench.sent.map(({ bids }) => bids),
    bench.sent.map(() => [1]),
  );
});

test('where neither family gets an answer they take turns, and the pauses still grow to 32 s', () => {
  const bench = new DualStackBench();
  bench.attach({ ipv6, ipv4 });
  bench.wait(600_000);
  const used = new Set(bench.sent.slice(-12).map(({ packet }) => packet.outer?.source ?? packet.source));
  assert.equal([...used].sort(), [ipv4, ipv6].sort());
  assert.ok(bench.sent.at(-1)!.atMs - bench.sent.at(-2)!.atMs >= 32_000);
});

test('[5555-4.4.1-04] IPv4 that was fallen back to is kept through movements, until the link has been gone for a while', () => {
  const bench = new DualStackBench();
  bench.attach({ ipv6, ipv4 });
  const [, , fallBack] = bench.wait(10_600);
  assert.equal(brief(fallBack!), [[1], ipv4]);
  bench.settle([fallBack!], NO_NAT);
  bench.run(2000);
  const [moved] = bench.attach({ ipv6: CARE_OF[7]!, ipv4: IPV4_CARE_OF[7]! });
  assert.equal(brief(moved!), [[1], IPV4_CARE_OF[7]]);
  bench.settle([moved!], NO_NAT);
  bench.attach(null);
  bench.run(5000);
  const [again] = bench.attach({ ipv6, ipv4 });
  assert.equal(brief(again!), [[1], ipv4]);
  bench.settle([again!], NO_NAT);
  bench.attach(null);
  bench.run(60_000);
  const [anew] = bench.attach({ ipv6, ipv4 });
  assert.equal(brief(anew!), [[1], ipv6]);
});

test('[5648-8.1-01, 5648-8.1-04] IPv4 care-of addresses that are new, changed or behind a NAT are registered each alone from itself', () => {
  const bench = new DualStackBench();
  const [first] = bench.attach({ ipv6 }, { ipv4: ipv4Two }, { ipv4: ipv4Three });
  const next = bench.acknowledge(first!);
  assert.equal(next.map(brief), [
    [[2], ipv4Two],
    [[3], ipv4Three],
  ]);
  bench.settle(next, NAT);
  bench.run(2000);
  const changed = bench.attach({ ipv6 }, { ipv4: IPV4_CARE_OF[8]! }, { ipv4: ipv4Three });
  assert.equal(changed.map(brief), [[[2], IPV4_CARE_OF[8]]]);
  bench.settle(changed, NAT);
  const before = bench.sent.length;
  for (let step = 0; step < 100; step++) for (const update of bench.wait(1000)) bench.settle([update], NAT);
  const refreshes = bench.sent.slice(before);
  assert.ok(refreshes.some(({ bids }) => bids.includes(1)));
  assert.ok(refreshes.some(({ bids }) => bids.includes(3)));
  for (const update of refreshes) {
    assert.is(update.bids.length, 1);
    const own = [ipv6, IPV4_CARE_OF[8], ipv4Three][update.bids[0]! - 1]!;
    assert.equal(brief(update), [update.bids, own]);
  }
});

test('[5648-8.1-05] without NAT an IPv4 care-of address is refreshed in bulk with others, from an IPv6 care-of address', () => {
  const bench = new DualStackBench();
  const [first] = bench.attach({ ipv6 }, { ipv4: ipv4Two }, { ipv6: CARE_OF[3]! });
  const next = bench.acknowledge(first!);
  bench.settle(next, NO_NAT);
  bench.run(2000);
  // All that the agent wants refreshed is due at the same time.
  const options: never[] = [];
  const request = { type: 0 as const, options };
  const actions = bench.updates(() =>
    bench.receive({ kind: 'mobility', source: AGENT, destination: ipv6, routing2: HOME, message: request }),
  );
  assert.equal(actions.map(brief), [[[1, 2, 3], ipv6]]);
  const careOf = actions[0]!.options.flatMap((option) =>
    option.type === OptionType.bindingIdentifier ? option.careOfAddress : [],
  );
  assert.equal(careOf, [ipv6, ipv4Two, CARE_OF[3]]);
  bench.settle(actions);
  const tunnel = bench.tunnels().find(({ id }) => id === 2);
  assert.equal([tunnel?.encapsulation, tunnel?.usable], [2, true]);
});

test('without an IPv6 care-of address nothing goes in bulk, NAT or not', () => {
  const bench = new DualStackBench();
  const [first] = bench.attach({ ipv4 }, { ipv4: ipv4Two }, null);
  bench.settle(bench.acknowledge(first!, NO_NAT), NO_NAT);
  const before = bench.sent.length;
  for (let step = 0; step < 100; step++) for (const update of bench.wait(1000)) bench.settle([update], NO_NAT);
  assert.ok(bench.sent.length > before);
  for (const update of bench.sent.slice(before))
    assert.equal(brief(update), [update.bids, IPV4_CARE_OF[update.bids[0]!]]);
});

test('a care-of address that becomes an IPv4 one leaves the bulk that is under way', () => {
  const bench = new DualStackBench();
  const [first] = bench.attach({ ipv6 }, { ipv6: ipv6Two, ipv4: ipv4Two }, { ipv6: CARE_OF[3]! });
  const [bulk] = bench.acknowledge(first!);
  assert.equal(bulk?.bids, [2, 3]);
  const after = bench.attach({ ipv6 }, { ipv4: ipv4Two }, { ipv6: CARE_OF[3]! });
  assert.equal(after.map(brief), [[[2], ipv4Two]]);
  const again = bench.wait(1500);
  assert.ok(again.some(({ bids }) => bids.length === 1 && bids[0] === 3));
  assert.not.ok(again.some(({ bids }) => bids.length > 1));
});

test('[5555-4.4.2-09, 5555-4.4.3-02, 5555-4.4.2-10] the agent that sees no NAT gets packets in IPv4 alone, the one that does gets them in UDP', () => {
  for (const [options, encapsulation, port, status] of [
    [[], 2, 0, { encapsulation: 'ipv4', nat: false, keepAliveSeconds: null }],
    [[natDetection()], 2, 0, { encapsulation: 'ipv4', nat: false, keepAliveSeconds: null }],
    [[natDetection(0)], 3, 4191, { encapsulation: 'udp', nat: true, keepAliveSeconds: 25 }],
    [[natDetection(45)], 3, 4191, { encapsulation: 'udp', nat: true, keepAliveSeconds: 25 }],
  ] as const) {
    const bench = registeredIpv4({ options }, { probe: { ...PROBES } });
    const [tunnel, ...more] = bench.tunnels();
    assert.equal(more, []);
    assert.equal(tunnel, {
      id: 1,
      encapsulation,
      outerSource: ipv4,
      outerDestination: AGENT_IPV4,
      sourcePort: port,
      destinationPort: port,
      interfaceIndex: 11,
      pathMtuBytes: 1500,
      usable: true,
    });
    const [uplink] = bench.router.status(bench.nowMs).uplinks;
    assert.equal([uplink?.state, uplink?.careOfAddress, uplink?.ipv4], ['active', ipv4, status]);
  }
});

test('[5555-3.2.2-04, 5555-4.3-04] an agent that forces UDP gets packets in it without a NAT, and no keep-alives', () => {
  const parts = { options: [natDetection(undefined, true)] };
  const bench = registeredIpv4(parts, { lifetimeSeconds: 3600 });
  assert.equal(
    bench.tunnels().map(({ encapsulation, sourcePort }) => [encapsulation, sourcePort]),
    [[3, 4191]],
  );
  assert.equal(bench.wait(2000_000), []);
});

test('until the agent has answered, packets are expected in UDP', () => {
  const bench = new DualStackBench();
  bench.attach({ ipv4 });
  assert.equal(
    bench.tunnels().map(({ encapsulation, usable }) => [encapsulation, usable]),
    [[3, false]],
  );
});

test('[5555-4.3-01, 5555-4.3-02, 5555-4.3-03, 5555-3.2.2-07] behind a NAT the binding is refreshed as often as the agent says, and every 110 s if it does not say', () => {
  for (const [refreshSeconds, longestMs] of [
    [0, 110_000],
    [45, 45_000],
    [200, 200_000],
  ] as const) {
    const parts = { options: [natDetection(refreshSeconds)] };
    const bench = registeredIpv4(parts, { lifetimeSeconds: 3600, natKeepAliveSeconds: 3600 });
    const since = bench.sent.at(-1)!.atMs;
    const [refresh] = bench.wait(longestMs);
    assert.is(refresh!.atMs - since, longestMs);
    assert.equal(refresh?.packet.outer, { source: ipv4, destination: AGENT_IPV4, ports: PORTS });
  }
  assert.equal(registeredIpv4(NO_NAT, { lifetimeSeconds: 3600 }).wait(2_000_000), []);
});

test('without probes updates alone keep the mapping, as often as the configuration says', () => {
  const bench = registeredIpv4(NAT, { lifetimeSeconds: 3600 });
  const since = bench.sent.at(-1)!.atMs;
  assert.is(bench.wait(25_000)[0]!.atMs - since, 25_000);
});

test('[5555-3.1.3-03, 5555-4.4.2-03] UDP encapsulation is asked for by flag F where the configuration wants it', () => {
  const bench = registeredIpv4(NO_NAT, { udpEncapsulation: 'always' });
  assert.is(bench.sent[0]!.flags & Flag.forceUdpEncapsulation, Flag.forceUdpEncapsulation);
  const plain = registeredIpv4(NO_NAT);
  assert.is(plain.sent[0]!.flags & Flag.forceUdpEncapsulation, 0);
});

test('[5555-4.4.2-07] refused with 144, the update goes again at once without flag F, and so do all later ones', () => {
  const bench = new DualStackBench({ udpEncapsulation: 'always' });
  const [update] = bench.attach({ ipv4 });
  const [again, ...more] = bench.acknowledge(update!, { status: BindingStatus.forcedUdpEncapsulationRefused });
  assert.equal(more, []);
  assert.equal([brief(again!), again!.flags & Flag.forceUdpEncapsulation], [[[1], ipv4], 0]);
  bench.settle([again!], NO_NAT);
  assert.equal(bench.states()[0], 'active');
  bench.run(2000);
  const [moved] = bench.attach({ ipv4: ipv4Two });
  assert.is(moved!.flags & Flag.forceUdpEncapsulation, 0);
});

test('an acknowledgement over IPv4 counts only from the agent’s IPv4 address to a care-of address of the router', () => {
  const bench = new DualStackBench();
  const [update] = bench.attach({ ipv4 });
  const answer = acknowledgementOf(update!.packet, NO_NAT);
  const outer = answer.outer!;
  for (const wrong of [
    { ...outer, source: ipv4Three },
    { ...outer, destination: ipv4Two },
  ]) {
    assert.equal(dropsIn(bench.receive({ ...answer, outer: wrong })), ['not-from-home-agent']);
  }
  assert.equal(bench.states()[0], 'registering');
  bench.receive(answer);
  assert.equal(bench.states()[0], 'active');
});

test('a Binding Refresh Request and a Binding Error over IPv4 make the router register again from the IPv4 care-of address', () => {
  for (const message of [
    { type: 0 as const, options: [] },
    { type: 7 as const, status: 1, homeAddress: HOME, options: [] },
  ]) {
    const bench = registeredIpv4(NAT);
    bench.run(2000);
    const outer = { source: AGENT_IPV4, destination: ipv4, ports: PORTS };
    const sent = bench.updates(() =>
      bench.receive({ kind: 'mobility', outer, source: AGENT, destination: HOME, message }),
    );
    assert.equal(sent.map(brief), [[[1], ipv4]]);
  }
});

test('[5555-2.3.2.1-01] in plain Mobile IPv6 the care-of address stands in the IPv4 Care-of Address option', () => {
  const bench = new DualStackBench();
  const [update] = bench.attach({ ipv4 });
  const [plain, ...more] = bench.acknowledge(update!, { ...NO_NAT, identifiers: false });
  assert.equal(more, []);
  assert.equal(plain?.packet.outer, { source: ipv4, destination: AGENT_IPV4, ports: PORTS });
  assert.equal(plain?.bids, []);
  assert.equal(plain?.options.slice(1), [{ type: OptionType.ipv4CareOfAddress, careOfAddress: ipv4 }]);
  bench.settle([plain!], NO_NAT);
  assert.equal(
    bench.tunnels().map(({ id, encapsulation, usable }) => [id, encapsulation, usable]),
    [[0x10000, 2, true]],
  );
});

test('[5555-5.1-05] from one family to the other the old tunnel carries on until the new care-of address is acknowledged', () => {
  const bench = registeredIpv4(NAT);
  bench.run(2000);
  const [update] = bench.attach({ ipv6, ipv4 });
  assert.equal(brief(update!), [[1], ipv6]);
  const shapes = () =>
    bench.tunnels().map(({ id, encapsulation, outerSource, usable }) => [id, encapsulation, outerSource, usable]);
  assert.equal(shapes(), [
    [1, 3, ipv4, true],
    [0x10001, 1, ipv6, false],
  ]);
  bench.settle([update!]);
  assert.equal(shapes(), [[1, 1, ipv6, true]]);
  bench.run(2000);
  const [back] = bench.attach({ ipv4 });
  assert.equal(shapes(), [[1, 3, ipv4, false]], 'the IPv6 care-of address is gone');
  bench.settle([back!], NO_NAT);
  assert.equal(shapes(), [[1, 2, ipv4, true]]);
});

test('[5555-4.4.4-03] on an IPv4-only home link the router is abroad like anywhere else', () => {
  const homeLink = { interface: 'wan0', simultaneous: false };
  const bench = new DualStackBench({ homePrefix: HOME_PREFIX, homeLink });
  const homeLinks = [
    {
      ...{ home: 'home', interfaceIndex: 11, attached: false, linkLayerAddress: undefined, linkLocalAddress: null },
      ...{ router: null, mtuBytes: 1500 },
    },
  ];
  bench.look({ ipv4 });
  const sent = bench.updates(() => bench.handle({ type: 'uplinks', uplinks: bench.observed(), homeLinks }));
  bench.settle([...bench.sent, ...sent], NO_NAT);
  assert.equal(bench.states()[0], 'active');
  assert.is(bench.router.status(bench.nowMs).homes[0]?.state, 'away');
  for (const { lifetimeSeconds } of bench.sent) assert.ok(lifetimeSeconds > 0);
});

test('a shutdown removes everything by a Binding Update over IPv4', () => {
  const bench = registeredIpv4(NAT);
  bench.run(2000);
  const [removal] = bench.updates(() => bench.handle({ type: 'shutdown' }));
  assert.equal([removal?.lifetimeSeconds, removal?.packet.outer?.source, removal?.packet.source], [0, ipv4, HOME]);
  bench.acknowledge(removal!, NAT);
  assert.ok(bench.router.isDone);
});

test('[5555-2.1-01] home agents are not looked for by anycast from an IPv4 care-of address', () => {
  const bench = new DualStackBench({ homeAgentAddress: undefined as never, homePrefix: HOME_PREFIX });
  const packets = [...bench.look({ ipv4 }), ...bench.run(60_000)].filter(({ type }) => type === 'send');
  assert.equal(packets, []);
  assert.ok(bench.look({ ipv6 }).some(({ type }) => type === 'send'));
});

test('[5648-8.1-02] beside the home link, what names the home binding never leaves from an IPv4 care-of address, and is sent again after what cannot name it', () => {
  for (const registration of ['bulk', 'individual'] as const) {
    const bench = new DualStackBench({ ...AT_BOTH, registration });
    bench.homeLinks = [homeLink()];
    const all = (sent: readonly SentUpdate[]) => {
      for (let open = [...sent]; open.length > 0; ) {
        open = open.flatMap((update) => bench.acknowledge(update, update.packet.outer ? NAT : {}));
      }
    };
    all(bench.attach({ ipv4 }, { ipv4: ipv4Two }));
    for (let step = 0; step < 100; step++) all(bench.wait(1000));
    const names = (update: SentUpdate) => update.bids.includes(HOME_BID);
    assert.ok(bench.sent.some(({ packet }) => packet.outer));
    for (const update of bench.sent) {
      assert.is(update.packet.outer !== undefined, !names(update));
      if (!names(update)) assert.is(update.packet.outer?.source, IPV4_CARE_OF[update.bids[0]!]);
    }
    const lastOther = bench.sent.findLastIndex((update) => !names(update));
    assert.ok(bench.sent.slice(lastOther).some(names), 'the home binding is named last');
  }
});

test('on a home link with both families an uplink has no care-of address, not even by IPv4', () => {
  const onlyIpv4 = { name: 'cellular', interface: 'wan0', priority: 1, weight: 1, bid: 1, addressFamilies: ['ipv4'] };
  for (const uplinks of [undefined, [onlyIpv4 as never]]) {
    const bench = new DualStackBench({ ...AT_BOTH, ...(uplinks && { uplinks }) });
    assert.equal(bench.attach({ ipv6: address('2001:db8:1:f::99'), ipv4 }), []);
    assert.is(bench.states()[0], 'standby');
  }
});

test('[5555-2.2-01, 5555-2.2-02] from an IPv4 network the prefixes of the home link are asked for in IPv4, with the home address as source and in its option', () => {
  const bench = new DualStackBench({ homePrefix: HOME_PREFIX });
  const [update] = bench.attach({ ipv4 });
  const answer = acknowledgementOf(update!.packet, { ...NAT, status: BindingStatus.acceptedPrefixDiscoveryNecessary });
  const [solicitation] = bench
    .receive(answer)
    .flatMap((action) => (action.type === 'send' && action.packet.kind === 'icmpv6' ? action.packet : []));
  const outer = { source: ipv4, destination: AGENT_IPV4, ports: PORTS };
  assert.equal(
    [solicitation?.outer, solicitation?.source, solicitation?.homeAddress, solicitation?.destination],
    [outer, HOME, HOME, AGENT],
  );
  const { message } = solicitation!;
  if (message.type !== Icmpv6Type.mobilePrefixSolicitation) throw new TypeError('no solicitation');
  const { identifier: id } = message;
  const back = { source: AGENT_IPV4, destination: ipv4, ports: PORTS };
  const advertisement = { type: Icmpv6Type.mobilePrefixAdvertisement, identifier: id, flags: 0, options: [] };
  const packet = { kind: 'icmpv6', outer: back, source: AGENT, destination: HOME, message: advertisement } as const;
  assert.equal(dropsIn(bench.handle({ type: 'icmpv6', packet })), []);
  assert.equal(
    bench.run(10_000).filter(({ type }) => type === 'send'),
    [],
    'it is answered',
  );
});

test('[5555-4.1.1-01] path MTUs of IPv4 tunnels are learnt, down to 576 octets', () => {
  const bench = registeredIpv4(NAT);
  const learn = (remote: Address, mtuBytes: number) =>
    dropsIn(bench.handle({ type: 'packet-too-big', local: ipv4, remote, mtuBytes }));
  const mtu = () => bench.tunnels()[0]!.pathMtuBytes;
  assert.equal(learn(ipv4Three, 1000), ['not-for-this-node']);
  assert.is(mtu(), 1500);
  assert.equal(learn(AGENT_IPV4, 1000), []);
  assert.is(mtu(), 1000);
  learn(AGENT_IPV4, 68);
  assert.is(mtu(), 576);
});

const PROBES = { enabled: true, intervalMs: 250, idleIntervalMs: 2000, failuresUntilDead: 3, successesUntilAlive: 3 };

test.run();
