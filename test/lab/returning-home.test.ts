// A mobile router comes home to a physical home link and leaves again, with one interface at a time, then with home and
// visited links at the same time; a TCP session of its mobile network and one of its home address go on throughout.
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MessageType } from '../../src/wire/mh/numbers.ts';
import { icmpErrors, messagesByTshark, startCapture, tsharkFields } from './capture.ts';
import { buildHomeLinkTopology, home } from './home-link-topology.ts';
import { hostState, stateDifference } from './host-state.ts';
import { type Monami, startMonami, untilAnswering, workDirectory } from './monami.ts';
import { inNamespace, ipBatch, LabError, PROMPTLY, run, sleep, until } from './namespace.ts';
import { type EchoSession, openEchoSession, startEchoServer } from './traffic/echo-session.ts';

const directory = workDirectory();
const SERVER = '2001:db8:c2::1';
const PORT = 7007;
/** Home link up, its router heard of, home agent told: the session may pause for so long. */
const LONGEST_PAUSE_MS = 3000;

const topology = buildHomeLinkTopology();
const { namespaces } = topology;

function startAgent(): Monami {
  return startMonami(
    namespaces.first,
    'agent',
    directory,
    {
      homeAgent: {
        address: home.first,
        homePrefixes: [home.prefix],
        mobileNodes: [
          { name: 'bus', homeAddress: home.homeAddress, prefixes: [home.mobileNetworkPrefix], authentication: 'none' },
        ],
        homeLink: { interface: 'home', advertise: { minimumIntervalMs: 100, maximumIntervalMs: 200 } },
      },
      control: { socketPath: join(directory, 'agent.sock') },
      log: { level: 'info', target: 'stderr' },
    },
    PROMPTLY,
  );
}

function startRouter(simultaneous: boolean): Monami {
  return startMonami(
    namespaces.router,
    'router',
    directory,
    {
      mobileRouter: {
        homeAddress: home.homeAddress,
        homeAgentAddress: home.first,
        homePrefix: home.prefix,
        homeLink: { interface: 'home', simultaneous },
        prefixes: [home.mobileNetworkPrefix],
        authentication: 'none',
        uplinks: [{ name: 'away', interface: 'away' }],
      },
      control: { socketPath: join(directory, 'router.sock') },
      log: { level: 'info', target: 'stderr' },
    },
    PROMPTLY,
  );
}

const ipOf = (...argv: readonly string[]) => run(inNamespace(namespaces.router, ['ip', '-6', ...argv]));
const macOf = (namespace: string) =>
  /link\/ether (\S+)/.exec(run(inNamespace(namespace, ['ip', 'link', 'show', 'dev', 'home'])))?.[1] ?? '';
const neighborOfHost = () => run(inNamespace(namespaces.host, ['ip', '-6', 'neigh', 'show', home.homeAddress]));

async function untilPlace(router: Monami, place: string): Promise<void> {
  await until(`the router is ${place}`, 10_000, () => {
    if (router.process.child.exitCode !== null) throw new LabError(`monami ended:\n${router.process.errors()}`);
    return router.status()?.mobileRouter?.homes[0]?.state === place;
  });
}

async function untilBindings(agent: Monami, bids: readonly number[]): Promise<void> {
  await until(`the agent holds BIDs ${bids.join()}`, 10_000, () => {
    const bindings = agent.status()?.homeAgent?.bindings ?? [];
    return (
      bindings
        .map(({ bid }) => bid)
        .sort((a, b) => a - b)
        .join() === bids.join()
    );
  });
}

const goHome = () => ipBatch(['link set home up'], namespaces.router);
const leaveHome = () => ipBatch(['link set home down'], namespaces.router);
const goAbroad = () =>
  ipBatch(
    [
      'link set away up',
      `address replace ${home.careOfAddress}/64 dev away nodad`,
      'route replace default via 2001:db8:a1::1 dev away proto ra metric 1024',
    ],
    namespaces.router,
  );

/** The sessions go on, and have not paused longer than they may. */
async function assertAlive(
  sessions: readonly EchoSession[],
  sinceMs: number,
  mostMs = LONGEST_PAUSE_MS,
): Promise<void> {
  for (const session of sessions) await session.untilProgress(10_000);
  for (const session of sessions) {
    assert.equal(session.failures, []);
    assert.ok(session.longestPauseMs(sinceMs) <= mostMs, `${session.longestPauseMs(sinceMs)} ms`);
  }
}

// Router Advertisements tell the router that it is at home.
run(
  inNamespace(namespaces.router, [
    ...['sysctl', '-qw', 'net.ipv6.conf.home.accept_ra=2', 'net.ipv6.conf.home.accept_ra_defrtr=1'],
  ]),
);
// A device that has never been up looks otherwise than one that is down again.
goHome();
leaveHome();
const before = hostState(namespaces.router);
const capture = await startCapture(namespaces.router, join(directory, 'router.pcap'));
const agent = startAgent();
await untilAnswering(agent);
let router = startRouter(false);
await untilPlace(router, 'away');
await untilBindings(agent, [1]);
const server = await startEchoServer(namespaces.core, PORT);
const sessions = [
  await openEchoSession(namespaces.router, home.vehicle, SERVER, PORT),
  await openEchoSession(namespaces.router, home.homeAddress, SERVER, PORT),
];

test('[6275-11.5.5-01, 3963-5.8-01, 5648-5.5.1-01, MHA-6.3.3-01] coming home: the bindings are removed, the tunnel is left, the sessions go on natively', async () => {
  const sinceMs = Date.now();
  goHome();
  await untilPlace(router, 'home');
  await untilBindings(agent, []);
  await assertAlive(sessions, sinceMs);
  assert.match(ipOf('address', 'show', 'dev', 'home'), new RegExp(`${home.homeAddress}/128`));
  assert.match(ipOf('route', 'get', SERVER, 'from', home.vehicle, 'iif', 'lan'), /dev home/);
});

test('[6275-11.5.5-10] the home link knows whose the home address is', async () => {
  run(inNamespace(namespaces.host, ['ping', '-n', '-c', '2', '-i', '0.2', home.homeAddress]));
  assert.ok(neighborOfHost().includes(macOf(namespaces.router)), neighborOfHost());
});

test('[3963-5.6-04] on the visited link the care-of address is answered for', async () => {
  run(inNamespace(namespaces.core, ['ip', '-6', 'neigh', 'flush', 'dev', 'away']));
  run(inNamespace(namespaces.core, ['ping', '-n', '-c', '1', '-W', '2', home.careOfAddress]));
  const neighbor = run(inNamespace(namespaces.core, ['ip', '-6', 'neigh', 'show', home.careOfAddress]));
  assert.match(neighbor, /lladdr .*(REACHABLE|DELAY|STALE)/);
});

test('[MHA-5.5-01] at home the visited link may come and go', async () => {
  const sinceMs = Date.now();
  ipBatch(['link set away down'], namespaces.router);
  await sleep(500);
  await assertAlive(sessions, sinceMs, 500);
  goAbroad();
  await sleep(500);
  await assertAlive(sessions, sinceMs, 500);
  await untilBindings(agent, []);
});

test('[6275-11.7.1-19, MHA-5.1-04, MHA-5.2-03] leaving home: registered from abroad, and the sessions go on through the tunnel', async () => {
  const sinceMs = Date.now();
  leaveHome();
  await untilBindings(agent, [1]);
  await untilPlace(router, 'away');
  await assertAlive(sessions, sinceMs);
  assert.match(ipOf('route', 'get', SERVER, 'from', home.vehicle, 'iif', 'lan'), /dev monami0/);
  run(inNamespace(namespaces.host, ['ping', '-n', '-c', '2', '-i', '0.2', home.homeAddress]));
  assert.ok(neighborOfHost().includes(macOf(namespaces.first)), 'the home agent defends the home address again');
});

test('[MHA-5.5-04] home and away five times', async () => {
  for (let round = 0; round < 5; round++) {
    const sinceMs = Date.now();
    goHome();
    await untilBindings(agent, []);
    await assertAlive(sessions, sinceMs);
    leaveHome();
    await untilBindings(agent, [1]);
    await assertAlive(sessions, sinceMs);
  }
});

test('what is configured for being at home goes with monami', async () => {
  goHome();
  await untilPlace(router, 'home');
  await router.process.stop('SIGKILL');
  assert.match(ipOf('address', 'show', 'dev', 'home'), new RegExp(home.homeAddress), 'left behind by the kill');
  router = startRouter(true);
  await untilAnswering(router);
});

test('[5648-5.6.3-01, MHA-5.1-02, MHA-6.2.2-01, MHA-5.3-03] home and away at the same time: a home binding beside the other one, and new sessions', async () => {
  await untilBindings(agent, [1, 3]);
  await untilPlace(router, 'home-and-away');
  for (const session of sessions) await session.stop();
  sessions.splice(
    0,
    2,
    await openEchoSession(namespaces.router, home.vehicle, SERVER, PORT),
    await openEchoSession(namespaces.router, home.homeAddress, SERVER, PORT),
  );
});

test('[MHA-5.1-03] with the H flag the loss of the visited link leaves the sessions on the home link', async () => {
  const sinceMs = Date.now();
  ipBatch(['link set away down'], namespaces.router);
  await untilBindings(agent, [3]);
  await assertAlive(sessions, sinceMs);
  goAbroad();
  await untilBindings(agent, [1, 3]);
});

test('[5648-5.6.5-01, MHA-5.1-04, 6275-11.3.1-01] with the H flag the loss of the home link leaves them in the tunnel', async () => {
  const sinceMs = Date.now();
  leaveHome();
  await untilBindings(agent, [1]);
  await untilPlace(router, 'away');
  await assertAlive(sessions, sinceMs);
  goHome();
  await untilBindings(agent, [1, 3]);
  await untilPlace(router, 'home-and-away');
  await assertAlive(sessions, sinceMs);
});

test('[MHA-7-02] at the end nothing is left, neither there nor here', async () => {
  for (const session of sessions) await session.stop();
  await router.process.stop();
  await untilBindings(agent, []);
  leaveHome();
  await sleep(300);
  assert.equal(stateDifference(before, hostState(namespaces.router)), []);
  assert.equal(ipOf('neigh', 'show', 'nud', 'permanent'), '');
  await agent.process.stop();
  await server.stop();
});

test('[6275-11.5.5-03, 6275-11.5.5-05] what went over the wire: returns from the home address, questions for who defends it without a source, and no error of ours', async () => {
  await capture.stop();
  const returns = messagesByTshark(capture.file).filter(
    ({ type, source }) => type === MessageType.bindingUpdate && source === home.homeAddress,
  );
  assert.ok(returns.length >= 6);
  const beforeReturn = tsharkFields(
    capture.file,
    `icmpv6.type == 135 && ipv6.src == :: && icmpv6.nd.ns.target_address == ${home.homeAddress}`,
    ['ipv6.dst'],
  );
  assert.ok(beforeReturn.length >= 6, `${beforeReturn.length} times asked for who defends it`);
  const errors = icmpErrors(capture.file).filter((line) => line.startsWith(home.careOfAddress));
  assert.equal(errors, []);
});

test('[6275-11.3.4-02, 6275-11.3.4-06, 6275-11.5.3-05] neither group memberships nor autoconfiguration ever have the home address as source, or its option', () => {
  const types =
    'icmpv6.type == 130 || icmpv6.type == 131 || icmpv6.type == 132 || icmpv6.type == 143 || icmpv6.type == 133';
  const packets = tsharkFields(capture.file, `(${types})`, ['ipv6.src', 'ipv6.nxt']);
  assert.ok(packets.length > 0);
  for (const packet of packets) assert.not.ok(packet['ipv6.src']?.includes(home.homeAddress), JSON.stringify(packet));
  assert.equal(tsharkFields(capture.file, `(${types}) && ipv6.dstopts`, ['ipv6.src']), []);
});

test('[3963-5.6-02, 3963-5.6-03, 3963-3-03] the router presents itself to no link as a router', () => {
  const own = new RegExp(macOf(namespaces.router).replaceAll(':', ''));
  const advertisements = tsharkFields(capture.file, 'icmpv6.type == 134', ['sll.src.eth', 'ipv6.src']);
  assert.ok(advertisements.length > 0, 'the home agent does');
  for (const row of advertisements) {
    assert.not.ok(row['ipv6.src']?.includes(home.careOfAddress));
    assert.not.match((row['sll.src.eth'] ?? []).join().replaceAll(':', ''), own);
  }
});

test('the lab is removed', () => topology.remove());

test.run();
