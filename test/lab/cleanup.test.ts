// The lab's own traces: a lab that ends leaves no namespace behind, and one that was killed is cleared by the next.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from './namespace.ts';
import { buildTopology } from './topology.ts';

const TOPOLOGY = new URL('./topology.ts', import.meta.url).href;
const SLEEPER_SECONDS = '4711';

/** A lab in a process of its own that has a program running and waits. */
async function otherLab(): Promise<ChildProcess> {
  const script = `
    const { buildTopology } = await import(${JSON.stringify(TOPOLOGY)});
    const { start } = await import(${JSON.stringify(new URL('./namespace.ts', import.meta.url).href)});
    start(buildTopology().namespaces.router, ['sleep', '${SLEEPER_SECONDS}']);
    console.log('built');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (status) => reject(new Error(`the other lab ended with ${status}`)));
  });
  return child;
}

const namespacesOf = (pid: number) => readdirSync('/run/netns').filter((name) => name.startsWith(`monami-${pid}-`));

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    child.removeAllListeners('exit');
    child.once('exit', (status) => resolve(status));
    child.kill(signal);
  });
}

/** Processes of the sleeper's command line in namespaces that a lab of this pid made. */
function sleepers(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => commandLine(pid) === `sleep\0${SLEEPER_SECONDS}\0`);
}

/** A program takes a moment to start, and one that has been killed to be gone. */
function untilSleepers(count: number): Promise<void> {
  return until(`${count} sleepers`, 5000, () => sleepers().length === count);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`a lab ended by ${signal} takes its namespaces and programs with it`, async () => {
    const child = await otherLab();
    assert.ok(namespacesOf(child.pid!).length > 0);
    await untilSleepers(1);
    assert.is(await end(child, signal), status);
    assert.equal(namespacesOf(child.pid!), []);
    await untilSleepers(0);
  });
}

test('what a killed lab leaves is removed by the next one, which leaves living labs alone', async () => {
  const living = await otherLab();
  const killed = await otherLab();
  await untilSleepers(2);
  await end(killed, 'SIGKILL');
  assert.ok(namespacesOf(killed.pid!).length > 0);
  const topology = buildTopology();
  assert.equal(namespacesOf(killed.pid!), []);
  assert.ok(namespacesOf(living.pid!).length > 0);
  await untilSleepers(1);
  topology.remove();
  assert.equal(namespacesOf(process.pid), []);
  await end(living, 'SIGTERM');
});

test.run();
