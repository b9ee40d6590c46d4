// Runs the test files of the layers named on the command line, each file in a process of its own and as many at a time
// as there are processors, and ends with one line of true counts. A file that runs no test has failed, and so has one that does not end when its tests have.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';

/** Those with long files first, so that none is left over at the end. */
const LAYERS = ['fuzz', 'sim', 'unit', 'oracle', 'lab'];
/** Files that take the machine for themselves: those of the lab wait for real time, the sweep uses all processors. */
const ALONE = /(^|\/)(lab\/|sim\/sweep\.test\.ts$)/;
const FILE_TIMEOUT_MS = Number(process.env['TEST_FILE_TIMEOUT_MS'] ?? 900_000);
/** For a file to end by itself after its last test. */
const PATIENCE_MS = Number(process.env['TEST_PATIENCE_MS'] ?? 10_000);
/** For it to clean up when it is told to end. */
const FAREWELL_MS = Number(process.env['TEST_FAREWELL_MS'] ?? 10_000);
/** The last line of a file's summary. */
const SUMMARY_END = /^\s*Duration:.*\n/m;
/** Lines of a test that are shown at once. */
const PROGRESS = 'progress: ';
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

const running = new Set<ChildProcess>();

/** To a file's process and all that it has started. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid!, signal);
  } catch {
    // Nothing of it is left.
  }
}

/** Lets a file remove what it has made; SIGKILL if that takes too long. */
function end(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM');
  setTimeout(() => signalGroup(child, 'SIGKILL'), FAREWELL_MS).unref();
}

function runFile(file: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    let output = '';
    let trouble = '';
    const endFor = (reason: string) => {
      trouble = reason;
      end(child);
    };
    const timeout = setTimeout(() => endFor(`took longer than ${FILE_TIMEOUT_MS} ms`), FILE_TIMEOUT_MS);
    let patience: NodeJS.Timeout | undefined;
    let shown = 0;
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
      if (patience || !SUMMARY_END.test(output)) return;
      patience = setTimeout(() => endFor('did not end when its tests had'), PATIENCE_MS);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      keep(chunk);
      // What takes minutes says how far it is.
      const end = output.lastIndexOf('\n') + 1;
      for (const line of output.slice(shown, end).split('\n')) {
        if (line.startsWith(PROGRESS)) process.stdout.write(`     ${line.slice(PROGRESS.length)}\n`);
      }
      shown = Math.max(shown, end);
    });
    child.stderr.on('data', keep);
    const started = Date.now();
    // What it has left would keep its output open.
    child.on('exit', () => signalGroup(child, 'SIGKILL'));
    child.on('close', (status, signal) => {
      running.delete(child);
      clearTimeout(timeout);
      clearTimeout(patience);
      const passed = count(output, 'Passed');
      const skipped = count(output, 'Skipped');
      let failed = count(output, 'Total') - passed;
      if (failed === 0 && (status !== 0 || passed === 0 || trouble)) failed = 1;
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      const name = relative(join(here, '..'), file);
      process.stdout.write(`${failed === 0 ? 'ok  ' : 'FAIL'} ${name} (${passed} passed, ${seconds} s)\n`);
      const words = trouble || `exit status ${status ?? signal}`;
      if (failed > 0) process.stdout.write(`${output}\n${name}: ${words}\n`);
      resolve({ passed, failed, skipped });
    });
  });
}

let isEnding = false;
for (const [signal, number] of [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.on(signal, () => {
    isEnding = true;
    if (running.size === 0) process.exit(128 + number);
    for (const child of running) {
      child.once('close', () => running.size === 0 && process.exit(128 + number));
      end(child);
    }
  });
}

const named = process.argv.slice(2);
const files = (named.length > 0 ? named : LAYERS).flatMap((layer) =>
  layer.endsWith('.test.ts') ? [layer] : testFiles(join(here, layer)),
);
const total = { passed: 0, failed: 0, skipped: 0 };

/** Takes files from the list until there are none. */
async function runAll(list: string[]): Promise<void> {
  for (let file = list.shift(); file !== undefined && !isEnding; file = list.shift()) {
    const outcome = await runFile(file);
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    total.skipped += outcome.skipped;
  }
}

const together = files.filter((file) => !ALONE.test(file));
await Promise.all(Array.from({ length: availableParallelism() }, () => runAll(together)));
await runAll(files.filter((file) => ALONE.test(file)));
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
