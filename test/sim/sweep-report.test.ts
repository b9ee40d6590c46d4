import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runSeed, scenarioOf } from './seeds.ts';
import { type Done, describeFailure, jobsOf, runJobs } from './sweep.ts';

const SEED = 14;
const RAW_IP_CAPTURE = [0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4];

test('worlds run in other processes as they run here, each once', async () => {
  const done: Done[] = [];
  const jobs = jobsOf(SEED, 3, 'satellite');
  await runJobs(jobs, (one) => done.push(one), 2);
  done.sort((a, b) => a.seed - b.seed);
  assert.equal(
    done.map(({ scenario, seed }) => ({ scenario, seed })),
    jobs,
  );
  assert.equal(done[0]!.outcome, runSeed(scenarioOf(SEED, 'satellite'), SEED));
});

test('jobs take the scenarios in turn, from any seed on', () => {
  const [first, second] = jobsOf(8, 2);
  assert.equal(first, { scenario: 'shared-addresses', seed: 8 });
  assert.equal(second, { scenario: 'clocks-jump', seed: 9 });
});

test('a failure is told with scenario, seed, time, invariant, a capture, and how to run it again', () => {
  const directory = mkdtempSync(join(tmpdir(), 'monami-sim-'));
  try {
    const outcome = runSeed(scenarioOf(SEED, 'satellite'), SEED);
    const violation = { timeMs: 12_345, rule: 'no loop', detail: 'a packet goes round' } as const;
    const failed = { scenario: 'satellite', seed: SEED, outcome: { ...outcome, violation } };
    const path = join(directory, 'satellite-14');
    assert.is(
      describeFailure(failed, directory),
      `satellite, seed 14, at 12.345 s: no loop\n  a packet goes round\n  ${path}.pcap, ${path}.log\n` +
        '  again: node --import tsx test/sim/run.ts --scenario satellite --from 14',
    );
    const capture = readFileSync(`${path}.pcap`);
    assert.equal([...capture.subarray(0, 8)], RAW_IP_CAPTURE);
    assert.ok(capture.length > 100_000);
    assert.match(readFileSync(`${path}.log`, 'utf8'), /binding-registered/);

    const other = { ...failed, outcome: { ...failed.outcome, hash: '00000000' } };
    assert.match(describeFailure(other, directory), /NOT THE SAME/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.run();
