// A mobile router that knows its home prefix and no home agent finds two; when the box of the one that it uses dies, the
// other takes over, and TCP sessions of its mobile network and of its home address go on.
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { complaints, icmpErrors, startCapture, tsharkFields } from './capture.ts';
import { buildHomeLinkTopology, home } from './home-link-topology.ts';
import { type Monami, startMonami, untilAnswering, workDirectory } from './monami.ts';
import { ipBatch, LabError, PROMPTLY, until } from './namespace.ts';
import { openEchoSession, startEchoServer } from './traffic/echo-session.ts';

const directory = workDirectory();
const PORT = 7008;
/** Three probes, a last update with 1.5 s to answer, duplicate address detection at the next agent. */
const LONGEST_PAUSE_MS = 7000;
const PREFERENCES = { first: 20, second: 10 } as const;
type AgentRole = keyof typeof PREFERENCES;

const topology = buildHomeLinkTopology();
const { namespaces } = topology;

function startAgent(role: AgentRole): Monami {
  return startMonami(
    namespaces[role],
    'agent',
    join(directory, role),
    {
      homeAgent: {
        address: home[role],
        homePrefixes: [home.prefix],
        mobileNodes: [
          { name: 'bus', homeAddress: home.homeAddress, prefixes: [home.mobileNetworkPrefix], authentication: 'none' },
        ],
        homeLink: {
          interface: 'home',
          advertise: { preference: PREFERENCES[role], minimumIntervalMs: 100, maximumIntervalMs: 200 },
        },
      },
      control: { socketPath: join(directory, role, 'agent.sock') },
      log: { level: 'info', target: 'stderr' },
    },
    PROMPTLY,
  );
}

const capture = await startCapture(namespaces.router, join(directory, 'router.pcap'));
const agents = { first: startAgent('first'), second: startAgent('second') };
await untilAnswering(agents.first);
await untilAnswering(agents.second);
const router = startMonami(
  namespaces.router,
  'router',
  directory,
  {
    mobileRouter: {
      homeAddress: home.homeAddress,
      homePrefix: home.prefix,
      prefixes: [home.mobileNetworkPrefix],
      authentication: 'none',
      uplinks: [{ name: 'away', interface: 'away' }],
    },
    control: { socketPath: join(directory, 'router.sock') },
    log: { level: 'info', target: 'stderr' },
  },
  PROMPTLY,
);

async function untilAt(role: AgentRole, patienceMs: number): Promise<void> {
  await until(`the router is registered with the ${role} agent`, patienceMs, () => {
    if (router.process.child.exitCode !== null) throw new LabError(`monami ended:\n${router.process.errors()}`);
    const state = router.status()?.mobileRouter;
    return state?.homeAgentAddress === home[role] && state.uplinks[0]?.state === 'active';
  });
}

test('[6275-11.4.1-03, 3963-7.1-01] the router finds the home agents by its home prefix and registers with the preferred one', async () => {
  await untilAt('first', 10_000);
  await until('the first agent has the binding', 5000, () => agents.first.status()?.homeAgent?.bindings.length === 1);
  assert.is(agents.second.status()?.homeAgent?.bindings.length, 0);
});

test('[MHA-3-16, 6275-11.4.1-04, 6275-11.4.1-06] its agent’s box dies: the other agent takes over, and the sessions go on', async () => {
  const server = await startEchoServer(namespaces.core, PORT);
  const sessions = [
    await openEchoSession(namespaces.router, home.vehicle, '2001:db8:c2::1', PORT),
    await openEchoSession(namespaces.router, home.homeAddress, '2001:db8:c2::1', PORT),
  ];
  const sinceMs = Date.now();
  await agents.first.process.stop('SIGKILL');
  ipBatch(['link set wan down', 'link set home down'], namespaces.first);
  // What the routing protocol of the home network does.
  ipBatch(
    [
      `route replace ${home.prefix} via 2001:db8:c2::2`,
      'route replace 2001:db8:100::/40 via 2001:db8:c2::2',
      `route del ${home.second}/128`,
    ],
    namespaces.core,
  );
  await untilAt('second', 15_000);
  for (const session of sessions) {
    await session.untilProgress(15_000);
    assert.equal(session.failures, []);
    assert.ok(session.longestPauseMs(sinceMs) <= LONGEST_PAUSE_MS, `${session.longestPauseMs(sinceMs)} ms`);
    await session.stop();
  }
  assert.is(agents.second.status()?.homeAgent?.bindings.length, 1);
  await server.stop();
});

test('what went over the wire: tshark understands the discovery, and nobody complained', async () => {
  await router.process.stop();
  await agents.second.process.stop();
  await capture.stop();
  const requests = tsharkFields(capture.file, 'icmpv6.type == 144', ['ipv6.dst', 'ipv6.src']);
  assert.ok(requests.length >= 2);
  for (const request of requests) {
    assert.equal([request['ipv6.dst'], request['ipv6.src']], [[home.anycast], [home.careOfAddress]]);
  }
  const replies = tsharkFields(capture.file, 'icmpv6.type == 145', ['icmpv6.mip6.home_agent_address']);
  const lists = replies.map((reply) => reply['icmpv6.mip6.home_agent_address'] ?? []);
  assert.is(lists[0]?.[0], home.first);
  assert.ok(lists.at(-1)?.includes(home.second));
  assert.equal(complaints(capture.file), []);
  assert.equal(
    icmpErrors(capture.file).filter((line) => line.startsWith(home.careOfAddress)),
    [],
  );
});

test('the lab is removed', () => topology.remove());

test.run();
