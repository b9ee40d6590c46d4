// Two home agents on a physical home link with a plain host, and a mobile router that is away.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../src/bytes/address.ts';
import { Icmpv6Type } from '../../src/wire/icmpv6/message.ts';
import { BindingStatus, BindingUpdateFlag, MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import { encodeSignalling } from '../../src/wire/signalling.ts';
import { icmpErrors, messagesByTshark, startCapture, tsharkFields } from './capture.ts';
import { buildHomeLinkTopology, type HomeLinkRole, type HomeLinkTopology, home } from './home-link-topology.ts';
import { hostState, stateDifference } from './host-state.ts';
import { inject } from './inject.ts';
import { type ConfigurationFile, type Monami, startMonami, untilAnswering, workDirectory } from './monami.ts';
import { inNamespace, ipBatch, LabError, run, sleep, until } from './namespace.ts';

const directory = workDirectory();
const ROUND_TRIP_WAIT_MS = 300;
const AGENTS = ['first', 'second'] as const;
const { acknowledge, homeRegistration, linkLocalCompatibility } = BindingUpdateFlag;

function agentConfiguration(role: (typeof AGENTS)[number]): ConfigurationFile {
  const node = (name: string, homeAddress: string, more = {}) => ({
    name,
    homeAddress,
    authentication: 'none',
    ...more,
  });
  return {
    homeAgent: {
      address: home[role],
      homePrefixes: [home.prefix],
      mobileNodes: [
        node('bus', home.homeAddress, { prefixes: [home.mobileNetworkPrefix] }),
        node('other', home.otherHomeAddress),
        node('taken', home.takenHomeAddress),
      ],
      homeLink: {
        interface: 'home',
        advertise: { preference: role === 'first' ? 10 : 20, minimumIntervalMs: 100, maximumIntervalMs: 200 },
      },
    },
    control: { socketPath: join(directory, role, 'agent.sock') },
    log: { level: 'info', target: 'stderr' },
  };
}

function startAgent({ namespaces }: HomeLinkTopology, role: (typeof AGENTS)[number]): Monami {
  return startMonami(namespaces[role], 'agent', join(directory, role), agentConfiguration(role));
}

function startRouter({ namespaces }: HomeLinkTopology): Monami {
  return startMonami(namespaces.router, 'router', directory, {
    mobileRouter: {
      homeAddress: home.homeAddress,
      homeAgentAddress: home.first,
      prefixes: [home.mobileNetworkPrefix],
      authentication: 'none',
      uplinks: [{ name: 'away', interface: 'away' }],
    },
    control: { socketPath: join(directory, 'router.sock') },
    log: { level: 'info', target: 'stderr' },
  });
}

async function untilBound(agent: Monami, count = 1): Promise<void> {
  await until(`the home agent has ${count} bindings`, 10_000, () => {
    if (agent.process.child.exitCode !== null) throw new LabError(`monami ended:\n${agent.process.errors()}`);
    return agent.status()?.homeAgent?.bindings.length === count;
  });
}

/** What `ping` from a box says: three packets, quickly. */
function ping(namespace: string, destination: string, ...more: readonly string[]): string {
  const argv = ['ping', '-n', '-c', '3', '-i', '0.2', '-W', '1', ...more, destination];
  const [command = '', ...rest] = inNamespace(namespace, argv);
  return spawnSync(command, rest, { encoding: 'utf8' }).stdout;
}

/** Every ping came back. */
function assertReturned(output: string): void {
  assert.match(output, /3 packets transmitted, 3 received/, output);
}

/** A Binding Update of a mobile node that no program here is. */
function bindingUpdate(
  homeAddress: string,
  sequenceNumber: number,
  parts: {
    readonly source?: string;
    readonly flags?: number;
    readonly lifetimeSeconds?: number;
    readonly options?: readonly MobilityOption[];
  } = {},
): Uint8Array {
  const { source = home.careOfAddress, flags = 0, lifetimeSeconds = 60, options = [] } = parts;
  return encodeSignalling({
    kind: 'mobility',
    source: address(source),
    destination: address(home.first),
    ...(source === homeAddress ? {} : { homeAddress: address(homeAddress) }),
    message: {
      type: MessageType.bindingUpdate,
      sequenceNumber,
      flags: flags | acknowledge | homeRegistration,
      lifetimeSeconds,
      options,
    },
  });
}

function macOf(namespace: string, device: string): string {
  return /link\/ether (\S+)/.exec(run(inNamespace(namespace, ['ip', 'link', 'show', 'dev', device])))?.[1] ?? '';
}

/** The link-layer address that the host has for an address. */
function neighborOf({ namespaces }: HomeLinkTopology, role: HomeLinkRole, target: string): string {
  return run(inNamespace(namespaces[role], ['ip', '-6', 'neigh', 'show', target]));
}

const topology = buildHomeLinkTopology();
const { namespaces } = topology;
const before = hostState(namespaces.first);
const captures = {
  first: await startCapture(namespaces.first, join(directory, 'first.pcap')),
  router: await startCapture(namespaces.router, join(directory, 'router.pcap')),
};
const agents = { first: startAgent(topology, 'first'), second: startAgent(topology, 'second') };
for (const role of AGENTS) await untilAnswering(agents[role]);
const router = startRouter(topology);
await untilBound(agents.first);
await until('the router is registered', 5000, () => router.status()?.mobileRouter?.uplinks[0]?.state === 'active');

test('[6275-10.4.1-01, 6275-10.4.1-07, 3963-6-01] a plain host reaches the mobile router through the agent that answers for it', () => {
  assertReturned(ping(namespaces.host, home.homeAddress));
  assert.ok(neighborOf(topology, 'host', home.homeAddress).includes(macOf(namespaces.first, 'home')));
});

test('[3963-6.3-01] the mobile network is reached from the home link, and from there', () => {
  assertReturned(ping(namespaces.host, home.vehicle));
  assertReturned(ping(namespaces.router, home.host, '-I', home.vehicle));
});

test('neighbours that ask again whether it is still there are answered as well', async () => {
  // As after a while without traffic: the neighbour is probed by unicast.
  const mac = macOf(namespaces.first, 'home');
  ipBatch([`neigh replace ${home.homeAddress} lladdr ${mac} nud probe dev net`], namespaces.host);
  await until('the host hears from it', 5000, () => /REACHABLE/.test(neighborOf(topology, 'host', home.homeAddress)));
});

test('[6275-10.3.1-11, 6275-10.3.1-12] a home address that a neighbour uses is refused with 134', async () => {
  inject(namespaces.router, directory, bindingUpdate(home.takenHomeAddress, 1));
  await sleep(1500);
  assert.is(agents.first.status()?.homeAgent?.bindings.length, 1);
  assertReturned(ping(namespaces.first, home.takenHomeAddress));
});

test('[6275-10.4.1-08] a neighbour that configures a bound address finds it taken', async () => {
  run(
    inNamespace(namespaces.host, ['sysctl', '-qw', 'net.ipv6.conf.net.accept_dad=1', 'net.ipv6.conf.all.accept_dad=1']),
  );
  ipBatch([`address add ${home.homeAddress}/128 dev net`], namespaces.host);
  const state = () => run(inNamespace(namespaces.host, ['ip', '-6', 'address', 'show', 'dev', 'net']));
  await until(
    'Duplicate Address Detection ends',
    5000,
    () => !/tentative(?! dadfailed)/.test(state().replace(/dadfailed tentative/g, 'dadfailed')),
  );
  assert.match(state(), new RegExp(`${home.homeAddress}/128[^\n]*dadfailed`));
  ipBatch([`address del ${home.homeAddress}/128 dev net`], namespaces.host);
});

test('[6275-10.5.1-06, 6275-10.5.1-07, 6275-8.4-02] discovery lists both agents, the preferred one first', async () => {
  const identifier = 0x1234;
  const request = encodeSignalling({
    kind: 'icmpv6',
    source: address(home.careOfAddress),
    destination: address(home.anycast),
    message: { type: Icmpv6Type.homeAgentAddressDiscoveryRequest, identifier, mobileRouter: true },
  });
  const capture = await startCapture(namespaces.router, join(directory, 'discovery.pcap'), 'icmp6');
  inject(namespaces.router, directory, request);
  await sleep(ROUND_TRIP_WAIT_MS);
  await capture.stop();
  const fields = ['ipv6.src', 'icmpv6.mip6.identifier', 'icmpv6.mip6.home_agent_address'];
  const [reply, ...more] = tsharkFields(capture.file, 'icmpv6.type == 145', fields);
  assert.is(more.length, 0);
  assert.equal(reply?.['ipv6.src'], [home.first]);
  assert.equal(reply?.['icmpv6.mip6.home_agent_address'], [home.second, home.first]);
  assert.is(Number(reply?.['icmpv6.mip6.identifier']?.[0]), identifier);
});

test('[6275-10.4.2-04] packets to the link-local address of a node that is away are refused, its neighbours still hear of it', async () => {
  inject(namespaces.router, directory, bindingUpdate(home.otherHomeAddress, 1, { flags: linkLocalCompatibility }));
  await untilBound(agents.first, 2);
  const linkLocal = 'fe80::200';
  const output = ping(namespaces.host, `${linkLocal}%net`);
  assert.match(output, /From (?!fe80::\S*host)\S+ icmp_seq=1 Destination unreachable: Address unreachable/, output);
  const neighbor = neighborOf(topology, 'host', linkLocal);
  assert.ok(neighbor.includes(macOf(namespaces.first, 'home')), neighbor);
  inject(namespaces.router, directory, bindingUpdate(home.otherHomeAddress, 2, { lifetimeSeconds: 0 }));
  await untilBound(agents.first, 1);
});

test('[5648-6.3-05, 5648-5.6.4-05, 5648-5.6.4-06] bound at home and abroad, a node gets its packets on the link, at its link-layer address', async () => {
  const mac = macOf(namespaces.router, 'home');
  const octets = Uint8Array.from(mac.split(':').map((octet) => Number.parseInt(octet, 16)));
  const options: MobilityOption[] = [
    {
      type: OptionType.bindingIdentifier,
      bid: 9,
      status: 0,
      simultaneousHomeAndForeign: true,
      reserved: 0,
      careOfAddress: address(home.otherHomeAddress),
    },
    { type: OptionType.mobilityHeaderLinkLayerAddress, optionCode: 2, linkLayerAddress: octets },
  ];
  // It keeps silent about its address, as status 5 asks of it, and learns the agent's link-layer address by itself.
  ipBatch(
    [
      'link set home up',
      `address add ${home.otherHomeAddress}/128 dev home nodad`,
      `neigh replace ${home.first} lladdr ${macOf(namespaces.first, 'home')} nud permanent dev home`,
      `route add ${home.first}/128 dev home src ${home.otherHomeAddress} table 77`,
      `route add default via ${home.first} dev home onlink src ${home.otherHomeAddress} table 77`,
      `rule add from ${home.otherHomeAddress} lookup 77 priority 77`,
    ],
    namespaces.router,
  );
  const silence = `table ip6 lab {
  chain input {
    type filter hook input priority 0
    iifname "home" icmpv6 type 135 drop
  }
}
`;
  run(inNamespace(namespaces.router, ['nft', '-f', '-']), silence);
  // What it sends to others by way of the agent, its default router, teaches the agent nothing about it.
  ping(namespaces.router, home.host, '-I', home.otherHomeAddress);
  await until('the capture shows that the agent forwarded it', 10_000, () =>
    tsharkFields(captures.first.file, `icmpv6.type == 128 && ipv6.dst == ${home.host}`, ['ipv6.src']).some(
      (row) => row['ipv6.src']?.[0] === home.otherHomeAddress,
    ),
  );
  assert.not.ok(neighborOf(topology, 'first', home.otherHomeAddress).includes(mac));
  inject(
    namespaces.router,
    directory,
    bindingUpdate(home.otherHomeAddress, 3, { source: home.otherHomeAddress, options }),
  );
  await untilBound(agents.first, 2);
  const known = neighborOf(topology, 'first', home.otherHomeAddress);
  assert.match(known, new RegExp(`${mac}.*PERMANENT`), known + JSON.stringify(agents.first.status()?.homeAgent));
  const heard = await startCapture(namespaces.router, join(directory, 'at-home.pcap'), 'icmp6');
  ping(namespaces.host, home.otherHomeAddress);
  await heard.stop();
  const requests = tsharkFields(heard.file, `icmpv6.type == 128 && ipv6.dst == ${home.otherHomeAddress}`, [
    'sll.src.eth',
  ]);
  assert.is(requests.length, 3);
  assert.ok(
    neighborOf(topology, 'host', home.otherHomeAddress).includes(macOf(namespaces.first, 'home')),
    'intercepted',
  );
  const redirects = tsharkFields(heard.file, 'icmpv6.type == 137', ['ipv6.src']);
  assert.equal(redirects, []);
  inject(
    namespaces.router,
    directory,
    bindingUpdate(home.otherHomeAddress, 4, { source: home.otherHomeAddress, lifetimeSeconds: 0 }),
  );
  await untilBound(agents.first, 1);
  assert.not.match(neighborOf(topology, 'first', home.otherHomeAddress), /PERMANENT/);
});

test('a killed agent that starts again, and stops, leaves its host as it was', async () => {
  await agents.first.process.stop('SIGKILL');
  // While its rules still keep the kernel quiet: without any agent it would complain about the router's farewell.
  await router.process.stop();
  const again = startAgent(topology, 'first');
  await untilAnswering(again);
  await again.process.stop();
  assert.equal(stateDifference(before, hostState(namespaces.first)), []);
  assert.equal(run(inNamespace(namespaces.first, ['ip', '-6', 'neigh', 'show', 'nud', 'permanent'])), '');
  const groups = run(inNamespace(namespaces.first, ['ip', '-6', 'maddress', 'show', 'dev', 'home']));
  assert.not.match(groups, /ff02::1:ff00:100/);
});

test('what went over the wire: refusals, acknowledgements on the home link, and no errors of ours', async () => {
  await agents.second.process.stop();
  for (const capture of Object.values(captures)) await capture.stop();
  const messages = messagesByTshark(captures.router.file).filter(
    ({ type }) => type === MessageType.bindingAcknowledgement,
  );
  const statuses = (routing2: string | undefined, destination: string) =>
    messages
      .filter((message) => message.routing2 === routing2 && message.destination === destination)
      .map(({ status }) => status);
  assert.equal(statuses(home.takenHomeAddress, home.careOfAddress), [BindingStatus.duplicateAddressDetectionFailed]);
  assert.equal(statuses(undefined, home.otherHomeAddress), [
    BindingStatus.mcoaReturnHomeWithoutNdp,
    BindingStatus.accepted,
  ]);

  // The host is refused what it sends to a link-local address that is away, and nobody else anything.
  const errors = icmpErrors(captures.first.file).filter(
    (line) => line.startsWith(`${home.first} `) || line.startsWith('2001:db8:c1::2 '),
  );
  for (const line of errors) assert.match(line, /^\S+ (2001:db8:1:f::77|fe80::\S+) 1 3$/, line);
});

test('the lab is removed', () => topology.remove());

test.run();
