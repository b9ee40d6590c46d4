// A home agent that is known by its DNS name, looked up through the uplink that needs it.
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dualStackRouter, openSessions, startEnds, stopEnds } from './dual-stack.ts';
import { workDirectory } from './monami.ts';
import { ipv4Batch, start, until } from './namespace.ts';
import { addresses, ipv4Addresses, publicAddress, type Topology, withTopology } from './topology.ts';

const directory = workDirectory();
const PROGRAM = new URL('./name-server.ts', import.meta.url).pathname;
const NAME = 'ha.monami.example';
const RECORDS = { [NAME]: [addresses.homeAgent, ipv4Addresses.homeAgent] };
const SECOND = '192.0.2.3';
const EVER = 1e9;

/** Starts a name server; its list of who asked for what grows. */
async function startNameServer({ namespaces }: Topology, own: string, silent: number): Promise<string[]> {
  const lines: string[] = [];
  const argv = [process.execPath, '--import', 'tsx', PROGRAM, own, '53', JSON.stringify(RECORDS), `${silent}`];
  start(namespaces.server, argv, { onLine: (line) => lines.push(line) });
  await until('the name server listens', 10_000, () => lines.includes('ready'));
  return lines;
}

function byName(name: string, nameServers: readonly string[]) {
  return dualStackRouter(join(directory, name), {
    board: undefined,
    uplinks: [{ name: 'satellite', interface: 'satellite' }],
    homeAgentAddress: undefined,
    homeAgentIpv4Address: undefined,
    homeAgentName: NAME,
    nameServers,
  });
}

const onSatellite = { uplinks: { satellite: { ipv6: false, ipv4: 'nat' } } } as const;

test('[5555-2.1-01, 5555-2.1-02] the home agent is found by its name over an IPv4 uplink, after a server that never answers', () =>
  withTopology(async (topology) => {
    ipv4Batch([`address add ${SECOND}/28 dev net`], topology.namespaces.server);
    const silent = await startNameServer(topology, ipv4Addresses.server, EVER);
    const good = await startNameServer(topology, SECOND, 0);
    const router = byName('silent', [ipv4Addresses.server, SECOND]);
    const ends = await startEnds(topology, join(directory, 'silent'), ['satellite'], { router });
    assert.ok(silent.includes(`${NAME} ${publicAddress('satellite')}`), silent.join());
    assert.ok(good.includes(`${NAME} ${publicAddress('satellite')}`), good.join());
    const sessions = await openSessions(topology);
    assert.equal(await sessions.finish(), []);
    await stopEnds(ends);
  }, onSatellite));

test('a question that is not answered is asked again', () =>
  withTopology(async (topology) => {
    const asked = await startNameServer(topology, ipv4Addresses.server, 2);
    const router = byName('again', [ipv4Addresses.server]);
    const ends = await startEnds(topology, join(directory, 'again'), ['satellite'], { router });
    assert.ok(asked.length >= 4, asked.join());
    await stopEnds(ends);
  }, onSatellite));

test.run();
