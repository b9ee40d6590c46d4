// Runs simulated worlds: node --import tsx test/sim/run.ts --seeds 500 [--from K] [--scenario NAME] [--pcap DIR]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ALL_SCENARIOS, runSeed, scenarioOf } from './seeds.ts';

const usage = `usage: node --import tsx test/sim/run.ts [--seeds N] [--from K] [--scenario NAME] [--pcap DIR] [--verbose]

${ALL_SCENARIOS.map(({ name, sentence }) => `  ${name.padEnd(18)} ${sentence}`).join('\n')}
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    scenario: { type: 'string' },
    pcap: { type: 'string', default: 'build/sim' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function main(): number {
  const [seeds, from] = [Number(values.seeds), Number(values.from)];
  const known = values.scenario === undefined || ALL_SCENARIOS.some(({ name }) => name === values.scenario);
  if (values.help || !known || !Number.isInteger(seeds) || !Number.isInteger(from)) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const total = { vehicleMs: 0, packets: 0, sent: 0, must: 0, delivered: 0, registrations: 0, failed: 0 };
  const losses = new Map<string, number>();
  const startedMs = Date.now();
  for (let seed = from; seed < from + seeds; seed++) {
    const scenario = scenarioOf(seed, values.scenario);
    const seedStartedMs = Date.now();
    const outcome = runSeed(scenario, seed);
    const { violation } = outcome;
    total.vehicleMs += outcome.vehicleMs;
    total.packets += outcome.packets;
    total.sent += outcome.sent;
    total.must += outcome.must;
    total.delivered += outcome.delivered;
    total.registrations += outcome.registrations;
    for (const [where, count] of outcome.losses) losses.set(where, (losses.get(where) ?? 0) + count);
    const name = `seed ${seed} (${scenario.name})`;
    if (values.verbose) {
      const { hash, sent, delivered, must } = outcome;
      process.stdout.write(
        `${name}: ${hash}, ${sent} sent, ${must} had to arrive, ${delivered} arrived, ${Date.now() - seedStartedMs} ms\n`,
      );
    }
    if (!violation) continue;
    total.failed++;
    mkdirSync(values.pcap, { recursive: true });
    const path = join(values.pcap, `${scenario.name}-${seed}`);
    runSeed(scenario, seed, { keeps: true }, (trace) => trace.write(path));
    process.stdout.write(
      `FAIL ${name} at ${(violation.timeMs / 1000).toFixed(3)} s: ${violation.rule}\n  ${violation.detail}\n` +
        `  ${path}.pcap, ${path}.log; again: node --import tsx test/sim/run.ts --from ${seed} --scenario ${scenario.name}\n`,
    );
  }
  const days = (total.vehicleMs / 86_400_000).toFixed(1);
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(
    `${seeds} seeds, ${days} vehicle-days in ${seconds} s: ${total.packets} packets on links, ` +
      `${total.registrations} registrations; ${total.sent} user packets, ${total.delivered} arrived, ` +
      `${total.must} had to\n`,
  );
  if (values.verbose) {
    for (const [where, count] of [...losses].sort((a, b) => b[1] - a[1])) process.stdout.write(`  ${count} ${where}\n`);
  }
  process.stdout.write(`${seeds - total.failed} passed, ${total.failed} failed\n`);
  return total.failed > 0 ? 1 : 0;
}

process.exitCode = main();
