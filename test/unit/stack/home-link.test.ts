import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, formatAddress } from '../../../src/bytes/address.ts';
import { formatPrefix, prefix } from '../../../src/bytes/prefix.ts';
import { homeAgentsAnycastAddress, linkLocalOf } from '../../../src/bytes/special-addresses.ts';
import type { PhysicalHomeLinkConfiguration } from '../../../src/config/configuration.ts';
import { ROUTE_PROTOCOL } from '../../../src/stack/host-routing.ts';
import type { StackAction } from '../../../src/stack/stack.ts';
import { Icmpv6Type } from '../../../src/wire/icmpv6/numbers.ts';
import { BindingStatus, MessageType } from '../../../src/wire/mh/numbers.ts';
import type { NetlinkRequest } from '../../../src/wire/netlink/encode.ts';
import type { NeighborMessage } from '../../../src/wire/netlink/message.ts';
import { LinkFlag, NeighborState, RouteType } from '../../../src/wire/netlink/numbers.ts';
import { encodeSignalling, type SignallingPacket } from '../../../src/wire/signalling.ts';
import {
  AGENT,
  bindingUpdate,
  bulkUpdate,
  CARE_OF,
  Flag,
  HOME,
  HOME_PREFIX,
  homeAgentConfiguration,
  identifier,
  NETWORK,
  OTHER_HOME,
  OTHER_NETWORK,
} from '../../lib/engines.ts';
import { link, linkAddress } from '../../lib/engines-network.ts';
import {
  AGENT_CONFIGURATION,
  listeningIn,
  NETWORK_OF_A_ROUTER,
  ROUTER_CONFIGURATION,
  requestsIn,
  StackBench,
  sentIn,
  TUNNEL_INDEX,
  tablesIn,
} from '../../lib/engines-stack.ts';
import {
  HOME_LINK_INDEX,
  HOST_FLAGS,
  homeLinkConfiguration,
  linkLayerAddress,
  NODE_MAC,
  neighborSolicitation,
  OUR_LINK_LOCAL,
  OUR_MAC,
  UPSTREAM_INDEX,
} from '../../lib/home-link.ts';

const TRAM_NETWORK = OTHER_NETWORK;
const TEST_MS = 1000;
const NO_TRAFFIC = { type: 'deadline', traffic: () => undefined } as const;

const NETWORK_OF_AN_AGENT = [
  link(1, 'lo', { flags: LinkFlag.up | LinkFlag.running | LinkFlag.loopback }),
  link(TUNNEL_INDEX, 'monami0'),
  link(UPSTREAM_INDEX, 'wan'),
  linkAddress(UPSTREAM_INDEX, formatAddress(AGENT)),
  link(HOME_LINK_INDEX, 'home0', { hardwareAddress: OUR_MAC }),
  linkAddress(HOME_LINK_INDEX, '2001:db8:1:f::1'),
  linkAddress(HOME_LINK_INDEX, formatAddress(OUR_LINK_LOCAL)),
];

/** A home agent with a bus (two networks) and a tram on its home link. */
class HomeLinkStack extends StackBench {
  readonly first: readonly StackAction[];

  constructor(more: Partial<PhysicalHomeLinkConfiguration> = {}) {
    const agent = homeAgentConfiguration({ homeLink: homeLinkConfiguration(more) });
    const [bus, tram] = agent.mobileNodes;
    super({
      ...AGENT_CONFIGURATION,
      homeAgent: {
        ...agent,
        mobileNodes: [
          { ...bus!, prefixes: [NETWORK] },
          { ...tram!, prefixes: [TRAM_NETWORK] },
        ],
      },
    });
    this.first = this.network(...NETWORK_OF_AN_AGENT);
  }

  from(interfaceIndex: number, packet: SignallingPacket): StackAction[] {
    return this.handle({ type: 'packet', bytes: encodeSignalling(packet), interfaceIndex });
  }

  /** Lets the address test pass. */
  pass(durationMs = TEST_MS): StackAction[] {
    this.nowMs += durationMs;
    return this.handle(NO_TRAFFIC);
  }

  register(packet: SignallingPacket = bulkUpdate(1, [1, 2])): StackAction[] {
    return [...this.from(UPSTREAM_INDEX, packet), ...this.pass()];
  }
}

/** `+ 2001:db8::/32 dev 7 via …` for each request about a route. */
function routesIn(requests: readonly NetlinkRequest[]): string[] {
  return requests.flatMap((request) => {
    if (request.kind !== 'add-route' && request.kind !== 'delete-route') return [];
    assert.is(request.protocol, ROUTE_PROTOCOL);
    const sign = request.kind === 'add-route' ? '+' : '-';
    const gateway = request.gateway === undefined ? '' : ` via ${formatAddress(request.gateway)}`;
    const way = request.type === RouteType.unreachable ? 'nowhere' : `dev ${request.interfaceIndex}${gateway}`;
    return `${sign} ${formatPrefix(request.destination)} ${way}`;
  });
}

const sorted = (lines: readonly string[]) => [...lines].sort();
const bus = formatPrefix(NETWORK);
const tram = formatPrefix(TRAM_NETWORK);
const homeOfBus = `${formatAddress(HOME)}/128`;

function fromHome(sequenceNumber: number, lifetimeSeconds = 60): SignallingPacket {
  const options = [identifier(9, { simultaneousHomeAndForeign: true, careOfAddress: HOME }), linkLayerAddress()];
  return bindingUpdate(sequenceNumber, { source: HOME, homeAddress: null, options, lifetimeSeconds });
}

test('the home link is what its interface has: up, with a link-layer and a link-local address', () => {
  const bench = new HomeLinkStack();
  assert.equal(listeningIn(bench.first), [HOME_LINK_INDEX, UPSTREAM_INDEX]);
  const listening = bench.first.find(({ type }) => type === 'listen');
  assert.equal(listening?.type === 'listen' && listening.neighborDiscovery, [HOME_LINK_INDEX]);
  assert.equal(
    bench.first.filter(({ type }) => type === 'join-group'),
    [{ type: 'join-group', group: homeAgentsAnycastAddress(HOME_PREFIX), interfaceIndex: HOME_LINK_INDEX }],
  );
  for (const missing of [
    link(HOME_LINK_INDEX, 'home0', { hardwareAddress: OUR_MAC, up: false }),
    link(HOME_LINK_INDEX, 'home0', { hardwareAddress: OUR_MAC, running: false }),
    link(HOME_LINK_INDEX, 'home0'),
    linkAddress(HOME_LINK_INDEX, formatAddress(OUR_LINK_LOCAL), { tentative: true }),
  ]) {
    const left = new HomeLinkStack().network(missing);
    assert.ok(
      left.some(({ type }) => type === 'leave-group'),
      JSON.stringify(missing),
    );
  }
});

test('nodes that nothing is known of are looked for at home, and their networks behind them', () => {
  const { first } = new HomeLinkStack();
  const way = `dev ${HOME_LINK_INDEX} via`;
  assert.equal(
    sorted(routesIn(requestsIn(first))),
    sorted([
      `+ ${bus} nowhere`,
      `+ ${tram} nowhere`,
      `+ ${bus} ${way} ${formatAddress(HOME)}`,
      `+ ${tram} ${way} ${formatAddress(OTHER_HOME)}`,
      `+ ${formatPrefix(HOME_PREFIX)} nowhere`,
    ]),
  );
});

test('[6275-10.3.1-29, 6275-9.1-02] on acceptance the tunnel is open both ways, and the routes lead into it', () => {
  const bench = new HomeLinkStack();
  const actions = bench.register();
  assert.equal(
    sorted(routesIn(requestsIn(actions))),
    sorted([
      `+ ${homeOfBus} dev ${TUNNEL_INDEX}`,
      `+ ${bus} dev ${TUNNEL_INDEX}`,
      `- ${bus} dev ${HOME_LINK_INDEX} via ${formatAddress(HOME)}`,
      `- ${bus} nowhere`,
    ]),
  );
  const [table] = tablesIn(actions);
  assert.equal(
    table!.tunnels.map(({ outerDestination }) => outerDestination),
    [CARE_OF[1], CARE_OF[2]],
  );
  const forwarded = actions.findIndex(({ type }) => type === 'forward');
  const acknowledged = actions.findIndex(
    (action) => action.type === 'send' && sentIn([action])[0]!.kind === 'mobility',
  );
  assert.ok(forwarded < acknowledged, 'the acknowledgement comes last');
});

test('de-registration takes the routes back before it is acknowledged', () => {
  const bench = new HomeLinkStack();
  bench.register();
  const actions = bench.from(
    HOME_LINK_INDEX,
    bindingUpdate(2, { source: HOME, homeAddress: null, lifetimeSeconds: 0 }),
  );
  assert.ok(routesIn(requestsIn(actions)).includes(`- ${homeOfBus} dev ${TUNNEL_INDEX}`));
  assert.ok(routesIn(requestsIn(actions)).includes(`+ ${bus} dev ${HOME_LINK_INDEX} via ${formatAddress(HOME)}`));
  const sent = actions.find((action) => action.type === 'send');
  assert.is(sent?.type === 'send' && sent.interfaceIndex, HOME_LINK_INDEX);
  assert.ok(actions.findIndex(({ type }) => type === 'configure') < actions.findIndex(({ type }) => type === 'send'));
});

test('[5648-5.6.4-05] a node bound at home and abroad is reached by the link-layer address that it told', () => {
  const bench = new HomeLinkStack();
  bench.register();
  const actions = bench.from(HOME_LINK_INDEX, fromHome(2));
  const requests = requestsIn(actions);
  assert.ok(routesIn(requests).includes(`- ${homeOfBus} dev ${TUNNEL_INDEX}`));
  assert.ok(routesIn(requests).includes(`+ ${bus} dev ${HOME_LINK_INDEX} via ${formatAddress(HOME)}`));
  const neighbor = {
    interfaceIndex: HOME_LINK_INDEX,
    address: HOME,
    linkLayerAddress: NODE_MAC,
    state: NeighborState.permanent,
  };
  assert.equal(
    requests.filter(({ kind }) => kind === 'replace-neighbor'),
    [{ kind: 'replace-neighbor', ...neighbor }],
  );
  const ended = requestsIn(bench.from(HOME_LINK_INDEX, fromHome(3, 0)));
  assert.equal(
    ended.filter(({ kind }) => kind === 'delete-neighbor'),
    [{ kind: 'delete-neighbor', ...neighbor }],
  );
  assert.ok(routesIn(ended).includes(`+ ${homeOfBus} dev ${TUNNEL_INDEX}`));
});

test('[5648-6.3-04] as the only router, the agent tells the kernel the address until its owner answers for it', () => {
  const bench = new HomeLinkStack({ onlyRouter: true });
  bench.register();
  const requests = requestsIn(bench.from(HOME_LINK_INDEX, fromHome(2)));
  const neighbors = requests.filter(({ kind }) => kind === 'replace-neighbor');
  assert.equal(neighbors, [
    {
      kind: 'replace-neighbor',
      interfaceIndex: HOME_LINK_INDEX,
      address: HOME,
      linkLayerAddress: NODE_MAC,
      state: NeighborState.reachable,
    },
  ]);
});

test('Neighbor Discovery counts from the home link alone', () => {
  const bench = new HomeLinkStack();
  bench.register(bindingUpdate(1, { flags: HOST_FLAGS, source: CARE_OF[1]! }));
  const solicitation = neighborSolicitation(HOME, address('2001:db8:1:f::77'));
  assert.is(sentIn(bench.from(HOME_LINK_INDEX, solicitation)).length, 1);
  assert.is(sentIn(bench.from(UPSTREAM_INDEX, solicitation)).length, 0);
  assert.is(sentIn(bench.handle({ type: 'packet', bytes: encodeSignalling(solicitation) })).length, 0);
  const forwarded = encodeSignalling({ ...solicitation, hopLimit: 254 });
  assert.is(sentIn(bench.handle({ type: 'packet', bytes: forwarded, interfaceIndex: HOME_LINK_INDEX })).length, 0);
});

test('[3963-6.7-02] what is sent to the kernel is taken back whole', () => {
  const bench = new HomeLinkStack();
  const added = [...requestsIn(bench.first), ...requestsIn(bench.register())];
  added.push(...requestsIn(bench.from(HOME_LINK_INDEX, fromHome(2))));
  const withdrawn = bench.stack.withdraw();
  const open = new Map<string, number>();
  for (const request of [...added, ...withdrawn]) {
    const { kind, ...rest } = request;
    const key = JSON.stringify(rest);
    const change = kind.startsWith('delete') ? -1 : 1;
    open.set(key, (open.get(key) ?? 0) + change);
  }
  assert.ok(withdrawn.length > 0);
  assert.ok([...open.values()].every((count) => count === 0));
});

test('a link-layer address that an earlier run left behind is removed, an operator’s is not', () => {
  const bench = new HomeLinkStack();
  const neighbor = (text: string, state: number): NeighborMessage => ({
    kind: 'neighbor',
    change: 'new',
    ...{ sequence: 0, portId: 0, dumpInterrupted: false },
    interfaceIndex: HOME_LINK_INDEX,
    address: address(text),
    linkLayerAddress: NODE_MAC,
    state,
    failed: false,
    router: false,
  });
  const leftovers = bench.stack.leftovers([
    neighbor(formatAddress(HOME), NeighborState.permanent),
    neighbor(formatAddress(OTHER_HOME), NeighborState.reachable),
    neighbor('2001:db8:1:f::77', NeighborState.permanent),
  ]);
  assert.equal(
    leftovers.map((request) => request.kind === 'delete-neighbor' && request.address),
    [HOME],
  );
});

test('[6275-10.4.2-04] the rules refuse packets to the link-local address of a node that is away, with code 3', () => {
  const bench = new HomeLinkStack();
  const derived = formatAddress(linkLocalOf(HOME));
  assert.not.ok(bench.stack.receiveRules()?.includes(derived));
  const flags = HOST_FLAGS | Flag.linkLocalCompatibility | Flag.mobileRouter;
  const rules = bench.register(bindingUpdate(1, { flags })).find(({ type }) => type === 'receive-rules');
  const text = rules?.type === 'receive-rules' ? rules.rules : '';
  const selector = `iifname "home0" ip6 daddr ${derived}`;
  const drop = text.indexOf(`${selector} icmpv6 type { 133-137 } drop`);
  const reject = text.indexOf(`${selector} reject with icmpv6 type addr-unreachable`);
  assert.ok(drop >= 0 && drop < reject, 'Neighbor Discovery is ours, all else is refused');
  const ended = bench.from(UPSTREAM_INDEX, bindingUpdate(2, { flags, lifetimeSeconds: 0 }));
  const without = ended.find(({ type }) => type === 'receive-rules');
  assert.not.ok(without?.type === 'receive-rules' && without.rules.includes(derived));
});

test('the rules keep the kernel from forwarding Neighbor Discovery, from redirecting, and from answering discovery', () => {
  const rules = new HomeLinkStack().stack.receiveRules()!;
  for (const rule of [
    'type filter hook forward priority filter; policy accept;',
    'iifname "home0" icmpv6 type { 133-137 } drop',
    'oifname "home0" icmpv6 type 137 drop',
    `ip6 daddr ${formatAddress(homeAgentsAnycastAddress(HOME_PREFIX))} icmpv6 type 144 drop`,
    `ip6 daddr ${formatAddress(AGENT)} exthdr dst exists drop`,
  ]) {
    assert.ok(rules.includes(rule), rule);
  }
  const virtual = new StackBench(AGENT_CONFIGURATION).stack.receiveRules()!;
  assert.not.ok(virtual.includes('hook forward'));
  assert.ok(virtual.includes('icmpv6 type 144 drop'));
});

test('a home agent that stops says so on its home link', () => {
  const advertise = {
    ...{ preference: 0, minimumIntervalMs: 3000, maximumIntervalMs: 4000, minimumDelayMs: 3000, unsolicited: true },
    ...{ intervalOption: true, mobileRouters: true, validLifetimeSeconds: 100, preferredLifetimeSeconds: 50 },
  };
  const bench = new HomeLinkStack({ advertise });
  const [farewell] = sentIn(bench.handle({ type: 'shutdown' }));
  const message = farewell?.kind === 'icmpv6' ? farewell.message : undefined;
  assert.is(message?.type === Icmpv6Type.routerAdvertisement && message.routerLifetimeSeconds, 0);
});

test('[6275-9.3.4-01] an error from the way of a tunnel packet is told to who sent what was in it', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  bench.network(...NETWORK_OF_AN_AGENT);
  bench.receive(bulkUpdate(1, [1]));
  const correspondent = address('2001:db8:5::2');
  const inner = encodeSignalling({
    kind: 'icmpv6',
    source: correspondent,
    destination: HOME,
    message: { type: Icmpv6Type.echoRequest, identifier: 1, sequenceNumber: 2, data: new Uint8Array(100) },
  });
  const quoting = (source: typeof AGENT, destination: typeof AGENT, payload = inner): SignallingPacket => ({
    kind: 'icmpv6',
    source: address('2001:db8:aa::1'),
    destination: AGENT,
    message: {
      type: Icmpv6Type.timeExceeded,
      code: 0,
      value: 0,
      invokingPacket: encodeSignalling({ kind: 'other', source, destination, protocol: 41, payload }),
    },
  });
  const [error, ...more] = bench.answers(quoting(AGENT, CARE_OF[1]!));
  assert.is(more.length, 0);
  assert.is(error!.source, AGENT);
  assert.is(error!.destination, correspondent);
  const message = error!.kind === 'icmpv6' ? error!.message : undefined;
  assert.equal(message, {
    type: Icmpv6Type.destinationUnreachable,
    code: 3,
    value: 0,
    invokingPacket: inner,
  });
  const failure = encodeSignalling({
    kind: 'icmpv6',
    source: correspondent,
    destination: HOME,
    message: { type: Icmpv6Type.destinationUnreachable, code: 0, value: 0, invokingPacket: new Uint8Array(48) },
  });
  assert.equal(bench.answers(quoting(AGENT, CARE_OF[1]!, failure)), [], 'never about an error');
  assert.equal(bench.answers(quoting(AGENT, CARE_OF[2]!)), [], 'no tunnel goes there');
  assert.equal(bench.answers(quoting(CARE_OF[1]!, AGENT)), [], 'not a packet of ours');
  assert.equal(bench.answers(quoting(AGENT, CARE_OF[1]!, inner.subarray(0, 30))), [], 'cut short');
  const many = Array.from({ length: 100 }, () => bench.answers(quoting(AGENT, CARE_OF[1]!)).length);
  assert.ok(many.reduce((sum, count) => sum + count, 0) < 25, 'and not without bound');
});

test('[6275-10.3.1-02] a node that is no home agent refuses a home registration with 131', () => {
  const bench = new StackBench(ROUTER_CONFIGURATION);
  bench.network(...NETWORK_OF_A_ROUTER);
  const [answer] = bench.answers(bindingUpdate(77, { source: CARE_OF[5]!, destination: CARE_OF[1]! }));
  const message = answer?.kind === 'mobility' ? answer.message : undefined;
  assert.is(message?.type, MessageType.bindingAcknowledgement);
  assert.equal(message?.type === MessageType.bindingAcknowledgement && [message.status, message.sequenceNumber], [
    BindingStatus.homeRegistrationNotSupported,
    77,
  ]);
  assert.is(answer?.routing2, HOME);
  assert.equal(bench.answers(bindingUpdate(78, { source: CARE_OF[5]!, destination: address('2001:db8:77::1') })), []);
});

test('[6275-9.3.1-04] behind a Home Address option, the home address is the source that the upper layer knows', () => {
  const agent = homeAgentConfiguration({
    prefixAdvertisements: { enabled: true, minimumIntervalSeconds: 600, maximumIntervalSeconds: 86_400 },
  });
  const bench = new StackBench({ ...AGENT_CONFIGURATION, homeAgent: agent });
  bench.receive(bulkUpdate(1, [1]));
  const solicitation: SignallingPacket = {
    kind: 'icmpv6',
    source: CARE_OF[1]!,
    destination: AGENT,
    homeAddress: HOME,
    message: { type: Icmpv6Type.mobilePrefixSolicitation, identifier: 5, options: [] },
  };
  // Its checksum covers the home address: whoever takes the care-of address for the source finds it wrong.
  const [answer] = bench.answers(solicitation);
  assert.is(answer?.kind === 'icmpv6' && answer.message.type, Icmpv6Type.mobilePrefixAdvertisement);
  assert.is(answer?.routing2, HOME);
});

test('[6275-6.3-05] a Home Address option changes nothing about bindings and routes', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  bench.network(...NETWORK_OF_AN_AGENT);
  bench.receive(bulkUpdate(1, [1]));
  const before = JSON.stringify(bench.stack.status(bench.nowMs).homeAgent);
  const echo = { type: Icmpv6Type.echoRequest, identifier: 1, sequenceNumber: 1, data: new Uint8Array(4) } as const;
  for (const [source, homeAddress] of [
    [CARE_OF[1]!, HOME],
    [CARE_OF[5]!, HOME],
    [CARE_OF[5]!, OTHER_HOME],
  ] as const) {
    const actions = bench.receive({ kind: 'icmpv6', source, destination: AGENT, homeAddress, message: echo });
    assert.equal(
      actions.filter(({ type }) => type === 'configure' || type === 'forward'),
      [],
    );
  }
  assert.is(JSON.stringify(bench.stack.status(bench.nowMs).homeAgent), before);
});

test('a home prefix that the link does not have stays virtual', () => {
  const elsewhere = prefix('2001:db8:1:e::/64');
  const agent = homeAgentConfiguration({
    homePrefixes: [HOME_PREFIX, elsewhere],
    mobileNodes: [
      { ...homeAgentConfiguration().mobileNodes[0]!, homeAddress: address('2001:db8:1:e::2'), prefixes: [NETWORK] },
    ],
    homeLink: homeLinkConfiguration({ prefixes: [HOME_PREFIX] }),
  });
  const bench = new StackBench({ ...AGENT_CONFIGURATION, homeAgent: agent });
  const routes = routesIn(requestsIn(bench.network(...NETWORK_OF_AN_AGENT)));
  assert.ok(routes.includes(`+ 2001:db8:1:e::2/128 dev ${TUNNEL_INDEX}`));
  assert.ok(routes.includes(`+ ${bus} dev ${TUNNEL_INDEX}`));
});

test.run();
