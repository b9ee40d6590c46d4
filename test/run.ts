// Runs the test files of the layers named on the command line, each file in a process of its own, and ends with one
// line of true counts. A file that runs no test has failed.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const LAYERS = ['unit', 'sim', 'oracle', 'fuzz', 'lab'];
const FILE_TIMEOUT_MS = 600_000;
const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

function testFiles(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(directory, name));
}

function count(output: string, label: string): number {
  return [...output.matchAll(new RegExp(`^\\s*${label}:\\s+(\\d+)`, 'gm'))].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
}

function runFile(file: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => child.kill('SIGKILL'), FILE_TIMEOUT_MS);
    const started = Date.now();
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      const passed = count(output, 'Passed');
      const skipped = count(output, 'Skipped');
      let failed = count(output, 'Total') - passed;
      if (failed === 0 && (status !== 0 || passed === 0)) failed = 1;
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      const name = relative(join(here, '..'), file);
      process.stdout.write(`${failed === 0 ? 'ok  ' : 'FAIL'} ${name} (${passed} passed, ${seconds} s)\n`);
      if (failed > 0) process.stdout.write(`${output}\n${name}: exit status ${status ?? signal}\n`);
      resolve({ passed, failed, skipped });
    });
  });
}

const named = process.argv.slice(2);
const files = (named.length > 0 ? named : LAYERS).flatMap((layer) =>
  layer.endsWith('.test.ts') ? [layer] : testFiles(join(here, layer)),
);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of files) {
  const outcome = await runFile(file);
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  total.skipped += outcome.skipped;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
