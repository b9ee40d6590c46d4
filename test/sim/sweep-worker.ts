// The other end of `runJobs`: runs the worlds that it is sent, and answers what became of each.
import { runSeed, scenarioOf } from './seeds.ts';
import type { Job } from './sweep.ts';

process.on('message', ({ scenario, seed }: Job) => process.send!(runSeed(scenarioOf(seed, scenario), seed)));
