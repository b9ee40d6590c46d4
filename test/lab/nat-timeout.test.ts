// A NAT that forgets what is silent. Real ones do so after 30 s and more; here it takes some seconds, and the router is told
// of a shorter keep-alive accordingly. Probes are as good as off, so that nothing but the keep-alive holds the mapping.
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dualStackRouter, type Ends, startEnds, stopEnds, uplinkOf } from './dual-stack.ts';
import { workDirectory } from './monami.ts';
import { sleep, until } from './namespace.ts';
import { addresses, ipv4Addresses, type TopologyOptions, withTopology } from './topology.ts';
import { openQuietSession, type QuietSession, startQuietServer } from './traffic/quiet-session.ts';

const directory = workDirectory();
const PORT = 7008;
/** What a keep-alive brings in time cannot be told from what comes of itself, if it took longer. */
const PROMPT_MS = 250;
const PROBE = { intervalMs: 60_000, idleIntervalMs: 60_000 };
const FORGETS_AFTER_SECONDS = 7;
const IDLE_MS = 60_000;

interface Quiet {
  readonly ends: Ends;
  readonly sessions: readonly QuietSession[];
  /** The server speaks; returns the delays of what arrives in time. */
  speak(): Promise<number[]>;
}

/** A vehicle behind a NAT that forgets quickly, with sessions that are silent. */
function behindForgetfulNat(
  name: string,
  natKeepAliveSeconds: number,
  use: (quiet: Quiet) => Promise<void>,
): Promise<void> {
  const options: TopologyOptions = { lab: `${name}-`, uplinks: { satellite: { ipv6: false, ipv4: 'nat' } } };
  return withTopology(async (topology) => {
    const { namespaces } = topology;
    const work = join(directory, name);
    topology.setUdpTimeout('satellite', FORGETS_AFTER_SECONDS);
    // Whoever is silent for longer than the NAT remembers gets another port.
    topology.rebootNat('satellite', '20000-29999');
    const uplinks = [{ name: 'satellite', interface: 'satellite' }];
    const router = dualStackRouter(work, { board: undefined, uplinks, natKeepAliveSeconds, probe: PROBE });
    const ends = await startEnds(topology, work, ['satellite'], { router });
    const server = await startQuietServer(namespaces.server, PORT);
    const sessions = await Promise.all([
      openQuietSession(namespaces.vehicle, addresses.vehicle, addresses.server, PORT),
      openQuietSession(namespaces.vehicle, ipv4Addresses.vehicle, ipv4Addresses.server, PORT),
    ]);
    const heard = () => sessions.flatMap(({ delaysMs }) => [...delaysMs.tcp, ...delaysMs.udp]);
    const speak = async () => {
      const before = heard().length;
      server.speak();
      await until('the server is heard in all sessions', 5000, () => heard().length >= before + 4);
      return heard().slice(-4);
    };
    await speak();
    await use({ ends, sessions, speak });
    for (const { failures } of sessions) assert.equal(failures, []);
    await stopEnds(ends);
  }, options);
}

const bindingOf = ({ agent }: Ends) => agent.status()?.homeAgent?.bindings[0];

// Both wait for most of their time, so they do it at the same time.
const idle = behindForgetfulNat('idle', 5, async ({ ends, speak, sessions }) => {
  const port = bindingOf(ends)?.outer?.port;
  await sleep(IDLE_MS);
  assert.is(bindingOf(ends)?.outer?.port, port, 'the mapping was held');
  await speak();
  for (const { delaysMs } of sessions) {
    const latest = [delaysMs.tcp.at(-1)!, delaysMs.udp.at(-1)!];
    assert.ok(Math.max(...latest) < PROMPT_MS, `TCP and UDP took ${latest} ms`);
  }
});

const learning = behindForgetfulNat('learning', 12, async ({ ends, speak }) => {
  assert.is(uplinkOf(ends.router, 'satellite')?.ipv4?.keepAliveSeconds, 12);
  await until('the router has learnt how long the NAT remembers', 50_000, () => {
    const { keepAliveSeconds } = uplinkOf(ends.router, 'satellite')?.ipv4 ?? {};
    return typeof keepAliveSeconds === 'number' && keepAliveSeconds < FORGETS_AFTER_SECONDS;
  });
  await sleep(1000);
  const port = bindingOf(ends)?.outer?.port;
  await sleep(2 * FORGETS_AFTER_SECONDS * 1000);
  assert.is(bindingOf(ends)?.outer?.port, port, 'the mapping is held');
  const delaysMs = await speak();
  assert.ok(Math.max(...delaysMs) < PROMPT_MS, `${delaysMs} ms`);
});
const outcomes = Promise.allSettled([idle, learning]);

test('[5555-4.3-01] after a minute of silence behind a NAT that forgets in seconds, what the server sends arrives at once', async () => {
  await outcomes;
  await idle;
});

test('the router learns how often a NAT has to hear of it', async () => {
  await outcomes;
  await learning;
});

test.run();
