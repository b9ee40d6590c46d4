// `./build.sh bench [--json FILE]`: every figure that the product is judged by, measured in one run.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { DemoResult } from '../lab/demo/result.ts';
import { requireExecutable, workDirectory } from '../lab/monami.ts';
import { LabError } from '../lab/namespace.ts';
import { runInEngine } from './engine.ts';
import { type Failover, type Figures, formatFigures, type Measured } from './figures.ts';
import { measureFootprint } from './footprint.ts';
import { measureThroughput, type ThroughputResult } from './throughput.ts';

const DEMO = new URL('../lab/demo/main.ts', import.meta.url).pathname;

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function attempt<Value>(measure: () => Value | Promise<Value>): Promise<Measured<Value>> {
  try {
    return await measure();
  } catch (error) {
    const missing = error instanceof Error ? error.message : String(error);
    tell(`not measured: ${missing}`);
    return { missing };
  }
}

function ratios(throughput: Readonly<Record<string, ThroughputResult>>): Record<string, Record<string, number>> {
  const { monami, ...peers } = throughput;
  if (!monami || 'missing' in monami) return {};
  return Object.fromEntries(
    Object.entries(peers).flatMap(([name, peer]) => {
      if ('missing' in peer) return [];
      const ratio = (key: keyof typeof peer) => Math.round((100 * monami[key]) / peer[key]) / 100;
      return [
        [
          name,
          {
            tcpUp: ratio('tcpUpBitsPerSecond'),
            tcpDown: ratio('tcpDownBitsPerSecond'),
            udpUp: ratio('udpUpBitsPerSecond'),
            udpDown: ratio('udpDownBitsPerSecond'),
          },
        ],
      ];
    }),
  );
}

/** The demo itself, in its short form, is what failover is measured with. */
function measureFailover(directory: string): Failover {
  tell('failover: the demo');
  const jsonFile = join(directory, 'demo.json');
  const files = ['--json', jsonFile, '--html', join(directory, 'demo.html')];
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', DEMO, '--fast', ...files], {
    encoding: 'utf8',
  });
  if (status !== 0 && status !== 1) throw new LabError(`the demo failed: ${stderr || stdout}`);
  const { ok, events } = JSON.parse(readFileSync(jsonFile, 'utf8')) as DemoResult;
  return {
    ok,
    gapsMs: Object.fromEntries(events.map((event) => [event.name, event.gapMs])),
    pingsLost: Object.fromEntries(events.map((event) => [event.name, event.pingsLost])),
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  requireExecutable();
  const directory = workDirectory();
  tell('codec and home agent in the engine');
  const codec = await attempt(() => runInEngine('codec.ts'));
  const homeAgent = await attempt(() => runInEngine('home-agent.ts'));
  const throughput = await measureThroughput(directory, tell);
  const footprint = await attempt(() => measureFootprint(directory, tell));
  const failover = await attempt(() => measureFailover(directory));
  const figures: Figures = { codec, homeAgent, throughput, ratios: ratios(throughput), failover, footprint };
  process.stdout.write(`${formatFigures(figures)}\n`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
  const unmeasured = [codec, homeAgent, footprint, failover, throughput['monami'] ?? {}];
  return unmeasured.some((part) => 'missing' in part) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
process.exit();
