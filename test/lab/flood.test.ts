// A flood at line rate of malformed, forged, replayed and spoofed datagrams to port 4191 of the home agent.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recordedIn } from './attacks.ts';
import { icmpv4Errors, startCapture, tsharkFields } from './capture.ts';
import { dualStackAgent, dualStackRouter, openSessions, startEnds, stopEnds } from './dual-stack.ts';
import { buildFlood, hostileDatagrams } from './flood.ts';
import { type Monami, workDirectory } from './monami.ts';
import { sleep } from './namespace.ts';
import { ipv4Addresses, type Topology, type TopologyOptions, UPLINKS, withTopology } from './topology.ts';

const SEED = 4191;
const SECONDS = 10;
const MOST_DATAGRAMS = 5_000_000;
const FEWEST_DATAGRAMS = 100_000;
const FEWEST_UPDATES = 8;
const LONGEST_DELAY_MS = 100;
/** So that each of three uplinks, registered alone behind its NAT, is refreshed every few seconds. */
const LIFETIME_SECONDS = 4;
const BINDING_UPDATE = 5;
const BINDING_ACKNOWLEDGEMENT = 6;
/** Nothing that the agent keeps may grow with the flood. */
const GROWTH_LIMIT_KB = 16_384;

const directory = workDirectory();
const behindNat = { ipv6: false, ipv4: 'nat' } as const;
const options: TopologyOptions = { uplinks: { cellular: behindNat, wifi: behindNat, satellite: behindNat } };

/** Of every Binding Update that the router sent, how long its acknowledgement took; Infinity if none came. */
function delaysMs(file: string): number[] {
  const rows = tsharkFields(file, 'mipv6', ['frame.time_epoch', 'mip6.mhtype', 'mip6.bu.seqnr', 'mip6.ba.seqnr']);
  const of = (type: number, field: string) =>
    rows
      .filter((row) => Number(row['mip6.mhtype']?.[0]) === type)
      .map((row) => ({ sequence: row[field]?.[0], atMs: Number(row['frame.time_epoch']?.[0]) * 1000 }));
  const acknowledgements = of(BINDING_ACKNOWLEDGEMENT, 'mip6.ba.seqnr');
  return of(BINDING_UPDATE, 'mip6.bu.seqnr').map(({ sequence, atMs }) => {
    const answer = acknowledgements.find((other) => other.sequence === sequence && other.atMs >= atMs);
    return (answer?.atMs ?? Number.POSITIVE_INFINITY) - atMs;
  });
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

function bindingsOf(agent: Monami): unknown {
  return (agent.status()?.homeAgent?.bindings ?? [])
    .map(({ homeAddress, bid, careOfAddress, outer, prefixes, ipv4 }) => {
      return { homeAddress, bid, careOfAddress, outer, prefixes, ipv4 };
    })
    .sort((a, b) => a.bid - b.bid);
}

function residentKb({ process: { pid } }: Monami): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** What the router's signalling took in the time that `meanwhile` took. */
async function signallingDuring({ namespaces }: Topology, name: string, meanwhile: () => Promise<unknown>) {
  const capture = await startCapture(
    namespaces.router,
    join(directory, `${name}.pcap`),
    'udp port 4191 and udp[14] = 135',
  );
  await meanwhile();
  await capture.stop();
  return { file: capture.file, delays: delaysMs(capture.file) };
}

test('a flood neither moves a binding, nor ends anything, nor delays a good Binding Update', () =>
  withTopology(async (topology) => {
    const { namespaces } = topology;
    const configurations = {
      router: dualStackRouter(directory, { lifetimeSeconds: LIFETIME_SECONDS }),
      agent: dualStackAgent(directory),
    };
    const ends = await startEnds(topology, directory, UPLINKS, configurations);
    const sessions = await openSessions(topology);
    const calm = await signallingDuring(topology, 'calm', () => sleep(SECONDS * 1000));
    const flood = buildFlood(directory, hostileDatagrams(recordedIn(calm.file).updates, SEED));
    const errors = await startCapture(namespaces.agent, join(directory, 'errors.pcap'), 'icmp');
    const bindings = bindingsOf(ends.agent);
    const beforeKb = residentKb(ends.agent);
    let sent = 0;
    const flooded = await signallingDuring(topology, 'flooded', async () => {
      const sender = flood.send(namespaces.server, SECONDS, MOST_DATAGRAMS, (line) => (sent = Number(line)));
      assert.is(await sender.ended, 0, sender.errors());
    });
    const growthKb = residentKb(ends.agent) - beforeKb;
    assert.equal(bindingsOf(ends.agent), bindings, 'no binding has moved');
    assert.equal(await sessions.finish(), []);
    await errors.stop();
    await stopEnds(ends);
    assert.is(ends.agent.process.child.exitCode, 0);
    assert.equal(
      icmpv4Errors(errors.file).filter((line) => line.startsWith(`${ipv4Addresses.homeAgent} `)),
      [],
    );
    assert.ok(sent >= FEWEST_DATAGRAMS, `${sent} datagrams`);
    assert.ok(growthKb < GROWTH_LIMIT_KB, `${growthKb} KB more`);
    assert.ok(flooded.delays.length >= FEWEST_UPDATES, `${flooded.delays.length} Binding Updates`);
    // The median: on a machine with two processors the sender, the agent and the router have to wait for each other.
    const moreMs = median(flooded.delays) - median(calm.delays);
    const words = `${flooded.delays.map(Math.round)} ms, without the flood ${calm.delays.map(Math.round)} ms`;
    assert.ok(moreMs <= LONGEST_DELAY_MS, words);
  }, options));

test.run();
