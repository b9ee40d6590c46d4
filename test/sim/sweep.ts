// Runs many worlds, on all processors.
import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Scenario } from './plan.ts';
import { runSeed, scenarioOf } from './seeds.ts';
import type { Outcome } from './world.ts';

/** Where captures and logs of failures go. */
export const CAPTURES = 'build/sim';

export interface Job {
  readonly scenario: string;
  readonly seed: number;
}

export interface Done extends Job {
  readonly outcome: Outcome;
}

/** The jobs of the seeds from one on: their scenarios in turn, or always the same one. */
export function jobsOf(from: number, seeds: number, scenario?: string): Job[] {
  return Array.from({ length: seeds }, (_, index) => {
    const seed = from + index;
    return { scenario: scenarioOf(seed, scenario).name, seed };
  });
}

/** The worker in one file: it runs a tenth faster than from its parts. */
async function bundleWorker(directory: string): Promise<string> {
  const outfile = join(directory, 'sweep-worker.mjs');
  const here = import.meta.dirname;
  await build({
    entryPoints: [join(here, 'sweep-worker.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    // Of the simulator's own folder, where its data lie.
    define: { 'import.meta.dirname': JSON.stringify(here) },
    outfile,
    logLevel: 'warning',
  });
  return outfile;
}

/** Runs each job in one of several processes and tells of each that is done. Which process takes which changes nothing. */
export async function runJobs(
  jobs: readonly Job[],
  done: (done: Done) => void,
  processes: number = availableParallelism(),
): Promise<void> {
  const waiting = [...jobs].reverse();
  const directory = mkdtempSync(join(tmpdir(), 'monami-sweep-'));
  const worker = await bundleWorker(directory);
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const child = fork(worker, { execArgv: [], serialization: 'advanced' });
      let current: Job | undefined;
      const next = () => {
        current = waiting.pop();
        if (current) child.send(current);
        else child.disconnect();
      };
      child.on('message', (outcome: Outcome) => {
        done({ ...current!, outcome });
        next();
      });
      child.on('error', reject);
      child.on('exit', (status, signal) => {
        if (status === 0 && !current) resolve();
        else
          reject(new Error(`${current?.scenario}, seed ${current?.seed}: the process ended with ${status ?? signal}`));
      });
      next();
    });
  try {
    await Promise.all(Array.from({ length: Math.min(processes, jobs.length) }, work));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Runs a world that failed again, for its capture, and says all that one needs to look into it. */
export function describeFailure({ scenario: name, seed, outcome }: Done, directory: string = CAPTURES): string {
  const scenario: Scenario = scenarioOf(seed, name);
  const { violation } = outcome;
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name}-${seed}`);
  const again = runSeed(scenario, seed, { keeps: true }, (trace) => trace.write(path));
  const isSame =
    again.hash === outcome.hash ? '' : '\n  NOT THE SAME when it was run again: the simulator is not deterministic';
  return (
    `${name}, seed ${seed}, at ${((violation?.timeMs ?? 0) / 1000).toFixed(3)} s: ${violation?.rule}\n` +
    `  ${violation?.detail}\n  ${path}.pcap, ${path}.log${isSame}\n` +
    `  again: node --import tsx test/sim/run.ts --scenario ${name} --from ${seed}`
  );
}
