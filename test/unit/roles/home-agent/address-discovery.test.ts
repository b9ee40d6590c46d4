import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address, formatAddress } from '../../../../src/bytes/address.ts';
import { prefix } from '../../../../src/bytes/prefix.ts';
import { homeAgentsAnycastAddress } from '../../../../src/bytes/special-addresses.ts';
import type { RoleAction } from '../../../../src/roles/action.ts';
import { Icmpv6Type, NeighborOptionType } from '../../../../src/wire/icmpv6/numbers.ts';
import { encodeSignalling, type Icmpv6Packet } from '../../../../src/wire/signalling.ts';
import { AGENT, CARE_OF, dropsIn, HOME_PREFIX } from '../../../lib/engines.ts';
import {
  ADVERTISE,
  HomeLinkBench,
  type HomeLinkBenchParts,
  homeLink,
  information,
  messagesIn,
  ON_LINK,
  prefixOption,
  routerAdvertisement,
} from '../../../lib/home-link.ts';

const ANYCAST = homeAgentsAnycastAddress(HOME_PREFIX);
const IDENTIFIER = 0x4711;
/** Other home agents of the link. */
const ALPHA = '2001:db8:1:f::a';
const BETA = '2001:db8:1:f::b';

interface RequestParts {
  readonly mobileRouter?: boolean;
  readonly source?: Address;
  readonly destination?: Address;
}

function request({
  mobileRouter = false,
  source = CARE_OF[1]!,
  destination = ANYCAST,
}: RequestParts = {}): Icmpv6Packet {
  return {
    kind: 'icmpv6',
    source,
    destination,
    hopLimit: 60,
    message: { type: Icmpv6Type.homeAgentAddressDiscoveryRequest, identifier: IDENTIFIER, mobileRouter },
  };
}

function replyIn(actions: readonly RoleAction[]) {
  const replies = messagesIn(actions, Icmpv6Type.homeAgentAddressDiscoveryReply);
  assert.is(replies.length, 1, `one reply expected, got ${replies.length}`);
  return replies[0]!;
}

function listed(bench: HomeLinkBench, parts: RequestParts = {}): string[] {
  return replyIn(bench.ask(request(parts))).message.homeAgentAddresses.map(formatAddress);
}

/** An agent whose link has two others: alpha of preference 20, beta of 10 and for mobile routers. */
function withOthers(parts: HomeLinkBenchParts = {}): HomeLinkBench {
  const bench = new HomeLinkBench(parts);
  bench.hear(routerAdvertisement({ source: 'fe80::a', options: [prefixOption(ALPHA), information(20, 600)] }));
  bench.hear(routerAdvertisement({ source: 'fe80::b', options: [prefixOption(BETA), information(10, 300, true)] }));
  return bench;
}

test('[6275-6.5-03, 6275-10.5.1-05] a reply comes from a global address of the agent, straight to who asked', () => {
  const { packet, message } = replyIn(new HomeLinkBench().ask(request()));
  assert.is(packet.source, AGENT);
  assert.is(packet.destination, CARE_OF[1]);
  assert.is(packet.routing2, undefined);
  assert.is(packet.homeAddress, undefined);
  assert.is(message.identifier, IDENTIFIER);
});

test('[6275-8.4-02] every home prefix is served: that of the link with its list, a virtual one with this agent alone', () => {
  const virtual = prefix('2001:db8:1:e::/64');
  const bench = withOthers({ homePrefixes: [HOME_PREFIX, virtual] });
  assert.equal(listed(bench), [ALPHA, BETA, formatAddress(ON_LINK)]);
  assert.equal(listed(bench, { destination: homeAgentsAnycastAddress(virtual) }), [formatAddress(AGENT)]);
  const foreign = homeAgentsAnycastAddress(prefix('2001:db8:77::/64'));
  assert.equal(dropsIn(bench.ask(request({ destination: foreign }))), ['not-for-this-node']);
  assert.equal(dropsIn(bench.ask(request({ destination: AGENT }))), ['not-for-this-node']);
});

test('[6275-10.5.1-06, 6275-10.5.1-07] all addresses of all agents are listed, the preferred ones first', () => {
  const bench = new HomeLinkBench({ homeLink: { advertise: { ...ADVERTISE, preference: 15 } } });
  const further = '2001:db8:1:f::aa';
  const options = [prefixOption(ALPHA), prefixOption(further), information(20, 600)];
  bench.hear(routerAdvertisement({ source: 'fe80::a', options }));
  bench.hear(routerAdvertisement({ source: 'fe80::b', options: [prefixOption(BETA), information(10, 300)] }));
  const addresses = listed(bench);
  assert.equal([...addresses.slice(0, 2)].sort(), [ALPHA, further]);
  assert.equal(addresses.slice(2), [formatAddress(ON_LINK), BETA]);
});

test('[6275-10.5.1-08] equals come in random order: agents among agents, addresses within an agent', () => {
  const bench = new HomeLinkBench({ homeLink: { advertise: ADVERTISE } });
  const further = '2001:db8:1:f::aa';
  bench.hear(routerAdvertisement({ source: 'fe80::a', options: [prefixOption(ALPHA), prefixOption(further)] }));
  bench.hear(routerAdvertisement({ source: 'fe80::b', options: [prefixOption(BETA)] }));
  const orders = new Set<string>();
  const firsts = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const addresses = listed(bench, { source: address(`2001:db8:c:${i.toString(16)}::1`) });
    assert.is(Math.abs(addresses.indexOf(ALPHA) - addresses.indexOf(further)), 1, 'an agent’s addresses stay together');
    orders.add(addresses.join());
    firsts.add(addresses[0]!);
  }
  assert.is(firsts.size, 4);
  assert.is(orders.size, 12, 'three agents in any order, and two addresses within one');
});

test('[6275-10.5.1-09] a reply fits the minimum MTU and keeps the most preferred', () => {
  const bench = new HomeLinkBench();
  for (let agent = 1; agent <= 100; agent++) {
    const number = agent.toString(16);
    const options = [prefixOption(`2001:db8:1:f::a:${number}`), information(agent, 600)];
    bench.hear(routerAdvertisement({ source: `fe80::a:${number}`, options }));
  }
  const { packet, message } = replyIn(bench.ask(request()));
  assert.is(message.homeAgentAddresses.length, 77);
  assert.is(formatAddress(message.homeAgentAddresses[0]!), '2001:db8:1:f::a:64');
  assert.is(formatAddress(message.homeAgentAddresses[76]!), '2001:db8:1:f::a:18');
  assert.is(encodeSignalling(packet).length, 1280);
});

test('[6275-7.4-02, 6275-7.4-06] without Home Agent Information, preference is 0 and the lifetime the router’s', () => {
  const bench = new HomeLinkBench({ homeLink: { advertise: { ...ADVERTISE, preference: 1 } } });
  bench.hear(routerAdvertisement({ routerLifetimeSeconds: 100, options: [prefixOption(ALPHA)] }));
  assert.equal(listed(bench), [formatAddress(ON_LINK), ALPHA]);
  bench.run(99_999);
  assert.is(listed(bench).length, 2);
  bench.run(1);
  assert.equal(listed(bench), [formatAddress(ON_LINK)]);
});

test('[6275-10.1-02, 6275-10.5.1-04] entries are kept until their lifetime ends, and no longer', () => {
  const bench = withOthers();
  bench.run(299_999);
  assert.is(listed(bench).length, 3);
  bench.run(1);
  assert.equal(listed(bench), [ALPHA, formatAddress(ON_LINK)]);
  bench.run(300_000);
  assert.equal(listed(bench), [formatAddress(ON_LINK)]);
});

test('[6275-10.5.1-03] a further advertisement resets lifetime and preference, and adds addresses', () => {
  const bench = withOthers();
  bench.run(200_000);
  const further = '2001:db8:1:f::bb';
  bench.hear(routerAdvertisement({ source: 'fe80::b', options: [prefixOption(further), information(30, 300)] }));
  bench.run(299_999);
  assert.equal(listed(bench).slice(0, 2).sort(), [BETA, further]);
});

test('[6275-10.5.1-01] an advertisement without flag H removes its sender', () => {
  const bench = withOthers();
  bench.hear(routerAdvertisement({ source: 'fe80::a', homeAgent: false, options: [prefixOption(ALPHA)] }));
  assert.equal(listed(bench), [BETA, formatAddress(ON_LINK)]);
});

test('[6275-10.5.1-02] lifetime 0 removes an agent that is known, and adds none that is not', () => {
  const bench = withOthers();
  bench.hear(routerAdvertisement({ source: 'fe80::a', options: [prefixOption(ALPHA), information(20, 0)] }));
  bench.hear(routerAdvertisement({ source: 'fe80::c', options: [prefixOption('2001:db8:1:f::c'), information(9, 0)] }));
  bench.hear(routerAdvertisement({ source: 'fe80::b', routerLifetimeSeconds: 0, options: [prefixOption(BETA)] }));
  assert.equal(listed(bench), [formatAddress(ON_LINK)]);
});

test('[6275-10.1-01] an agent’s address goes when its prefix is not valid any more', () => {
  const bench = new HomeLinkBench();
  const options = [prefixOption(ALPHA, { validLifetimeSeconds: 60 }), prefixOption(BETA), information(20, 600)];
  bench.hear(routerAdvertisement({ options }));
  bench.run(60_000);
  assert.equal(listed(bench), [BETA, formatAddress(ON_LINK)]);
  bench.hear(routerAdvertisement({ options: [prefixOption(BETA, { validLifetimeSeconds: 0 }), information(20, 600)] }));
  assert.equal(listed(bench), [formatAddress(ON_LINK)]);
});

test('only prefix options with flag R tell an address, and only such as can be one', () => {
  const bench = new HomeLinkBench();
  const options = [prefixOption(ALPHA, { flags: 0xc0 }), prefixOption('fe80::5'), prefixOption('ff02::5')];
  bench.hear(routerAdvertisement({ options }));
  assert.equal(listed(bench), [formatAddress(ON_LINK)]);
});

test('[6275-8.4-01] the list is that of its link: other interfaces add nothing, and a new link begins with none', () => {
  const bench = new HomeLinkBench();
  bench.ask(routerAdvertisement({ options: [prefixOption(ALPHA)] }));
  assert.equal(listed(bench), [formatAddress(ON_LINK)]);
  bench.hear(routerAdvertisement({ options: [prefixOption(ALPHA)] }));
  assert.is(listed(bench).length, 2);
  bench.link(homeLink({ interfaceIndex: 70 }));
  assert.equal(listed(bench), [formatAddress(ON_LINK)]);
});

test('the list is bounded, whatever the link’s nodes say', () => {
  const bench = new HomeLinkBench();
  for (let agent = 1; agent <= 400; agent++) {
    const options = Array.from({ length: 3 }, (_, n) => prefixOption(`2001:db8:1:f:${n}::${agent.toString(16)}`));
    bench.hear(routerAdvertisement({ source: `fe80::${agent.toString(16)}`, options }));
  }
  // Whoever came last found no room: of equal preference, any of those that are listed may be drawn.
  const drawn = new Set<string>();
  for (let i = 0; i < 200; i++) {
    for (const one of listed(bench, { source: address(`2001:db8:c:${i.toString(16)}::1`) })) drawn.add(one);
  }
  assert.is(drawn.size, 256 * 3 + 1);
});

test('[6275-7.4-08, 6275-7.3-04] the options of a home agent mean nothing in other messages', () => {
  const bench = withOthers();
  const interval = { type: NeighborOptionType.advertisementInterval, intervalMs: 1 } as const;
  const message = {
    type: Icmpv6Type.neighborAdvertisement,
    flags: 0,
    targetAddress: address(ALPHA),
    options: [information(0, 1), interval],
  } as const;
  bench.hear({ kind: 'icmpv6', source: address('fe80::a'), destination: address('ff02::1'), hopLimit: 255, message });
  bench.run(1000);
  assert.equal(listed(bench), [ALPHA, BETA, formatAddress(ON_LINK)]);
});

test('[3963-7.2-01, 3963-7.2-02] a request with R lists the agents for mobile routers, and the reply says so', () => {
  const bench = withOthers({ homeLink: { advertise: { ...ADVERTISE, mobileRouters: false } } });
  const { message } = replyIn(bench.ask(request({ mobileRouter: true })));
  assert.is(message.mobileRouter, true);
  assert.equal(message.homeAgentAddresses.map(formatAddress), [BETA]);
  const plain = replyIn(bench.ask(request()));
  assert.is(plain.message.mobileRouter, false);
  assert.is(plain.message.homeAgentAddresses.length, 3);
});

test('[3963-7.2-03] where no agent supports mobile routers, the others are listed and R is clear', () => {
  const bench = new HomeLinkBench({ homeLink: { advertise: { ...ADVERTISE, mobileRouters: false } } });
  bench.hear(routerAdvertisement({ options: [prefixOption(ALPHA), information(5, 600)] }));
  const { message } = replyIn(bench.ask(request({ mobileRouter: true })));
  assert.is(message.mobileRouter, false);
  assert.equal(message.homeAgentAddresses.map(formatAddress), [ALPHA, formatAddress(ON_LINK)]);
});

test('discovery can be turned off', () => {
  assert.equal(dropsIn(new HomeLinkBench({ addressDiscovery: false }).ask(request())), ['discovery-disabled']);
});

test('requests from one network are answered a few times a second', () => {
  const bench = new HomeLinkBench();
  const answers = (source: Address) =>
    Array.from({ length: 50 }, () => bench.ask(request({ source }))).filter((actions) => dropsIn(actions).length === 0);
  assert.is(answers(CARE_OF[1]!).length, 5);
  assert.is(answers(CARE_OF[2]!).length, 5, 'others are not concerned');
  bench.run(10_000);
  assert.is(answers(CARE_OF[1]!).length, 5);
});

test.run();
