// Runs simulated worlds: node --import tsx test/sim/run.ts --seeds 504
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ALL_SCENARIOS } from './seeds.ts';
import { CAPTURES, type Done, describeFailure, jobsOf, runJobs } from './sweep.ts';

const usage = `usage: node --import tsx test/sim/run.ts [OPTION…]

Runs vehicles, carriers and a home agent in virtual time, on the real machines, and checks the invariants. What happens
in a world is decided by its scenario and its seed alone. Of each failure it prints scenario, seed, virtual time and the
invariant, writes a capture and a log, and says how to run it again.

  --seeds N         how many worlds (1)
  --from K          the first seed (1)
  --scenario NAME   always this one; without it they take turns, but for those marked *
  --processes N     how many at a time (as many as there are processors)
  --pcap DIR        where captures and logs of failures go (${CAPTURES})
  --verbose         a line for every world, and what all of them went through

${ALL_SCENARIOS.map(({ name, sentence, isLarge }) => `  ${(isLarge ? `${name} *` : name).padEnd(20)} ${sentence}`).join('\n')}
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    scenario: { type: 'string' },
    processes: { type: 'string', default: `${availableParallelism()}` },
    pcap: { type: 'string', default: CAPTURES },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const print = (text: string) => process.stdout.write(`${text}\n`);

function addTo(sums: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, count] of more) sums.set(name, (sums.get(name) ?? 0) + count);
}

function printSums(sums: ReadonlyMap<string, number>): void {
  for (const [name, count] of [...sums].sort((a, b) => b[1] - a[1])) print(`  ${`${count}`.padStart(9)} ${name}`);
}

async function main(): Promise<number> {
  const [seeds, from, processes] = [values.seeds, values.from, values.processes].map(Number) as [
    number,
    number,
    number,
  ];
  const isKnown = values.scenario === undefined || ALL_SCENARIOS.some(({ name }) => name === values.scenario);
  const areNumbers = [seeds, from, processes].every((number) => Number.isInteger(number) && number > 0);
  if (values.help || !isKnown || !areNumbers) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const total = { vehicleMs: 0, packets: 0, sent: 0, must: 0, delivered: 0, registrations: 0 };
  const [losses, exercised] = [new Map<string, number>(), new Map<string, number>()];
  let failed = 0;
  const startedMs = Date.now();
  const take = (done: Done) => {
    const { scenario, seed, outcome } = done;
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += outcome[name];
    addTo(losses, outcome.losses);
    addTo(exercised, outcome.exercised);
    const { hash, sent, must, delivered, violation } = outcome;
    if (values.verbose) {
      print(`seed ${seed} (${scenario}): ${hash}, ${sent} sent, ${must} had to arrive, ${delivered} arrived`);
    }
    if (!violation) return;
    failed++;
    print(`FAIL ${describeFailure(done, values.pcap)}`);
  };
  await runJobs(jobsOf(from, seeds, values.scenario), take, processes);
  const days = (total.vehicleMs / 86_400_000).toFixed(1);
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  print(
    `${seeds} seeds, ${days} vehicle-days in ${seconds} s: ${total.packets} packets on links, ` +
      `${total.registrations} registrations; ${total.sent} user packets, ${total.delivered} arrived, ` +
      `${total.must} had to`,
  );
  if (values.verbose) {
    printSums(exercised);
    print('user packets lost:');
    printSums(losses);
  }
  print(`${seeds - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

main().then((status) => {
  process.exitCode = status;
});
