// The runner of the tests itself: whatever a file does, it ends, with all that the file has started, and is counted.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const RUNNER = new URL('../run.ts', import.meta.url).pathname;
const UVU = import.meta.resolve('uvu');
const directory = mkdtempSync(join(tmpdir(), 'monami-run-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

/**
 * Runs a file with these lines between its imports and its end; `child` in them starts a program that stays. The runner
 * is only as hasty as a test needs: a busy machine must not change what is proved.
 */
function runFile(name: string, haste: Readonly<Record<string, string>>, ...lines: readonly string[]) {
  const file = join(directory, `${name}.test.ts`);
  const pidFile = join(directory, `${name}.pid`);
  writeFileSync(
    file,
    `import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from '${UVU}';
const child = () => writeFileSync('${pidFile}', String(spawn('sleep', ['4712'], { stdio: 'inherit' }).pid));
${lines.join('\n')}
test.run();
`,
  );
  const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', RUNNER, file], {
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, ...haste },
  });
  const pid = existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : undefined;
  return { status, lines: stdout.trim().split('\n'), childLives: pid !== undefined && isAlive(pid) };
}

function isAlive(pid: string): boolean {
  try {
    // The state follows the name; a process that nobody has waited for yet has ended all the same.
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('a file whose tests pass and that ends is counted', () => {
  const { status, lines } = runFile('good', {}, "test('a', () => {});", "test('b', () => {});");
  assert.is(status, 0);
  assert.match(lines[0]!, /^ok .*good\.test\.ts \(2 passed/);
  assert.is(lines.at(-1), '2 passed, 0 failed');
});

test('a file that has passed and does not end has failed; it lets go of what it has made, and its programs end', () => {
  const mark = join(directory, 'cleaned');
  const { status, lines, childLives } = runFile(
    'stays',
    { TEST_PATIENCE_MS: '300' },
    `process.on('SIGTERM', () => { writeFileSync('${mark}', ''); process.exit(1); });`,
    "test('a', () => child());",
  );
  assert.is(status, 1);
  assert.match(lines.at(-2)!, /did not end when its tests had/);
  assert.is(lines.at(-1), '1 passed, 1 failed');
  assert.is(childLives, false);
  assert.ok(existsSync(mark));
});

test('a file that ends does not leave anything running', () => {
  const { status, childLives } = runFile('leaves', {}, "test('a', () => child());", 'setTimeout(process.exit, 100);');
  assert.is(status, 0);
  assert.is(childLives, false);
});

test('a file that hangs and is deaf is ended, too', () => {
  const { status, lines } = runFile(
    'deaf',
    { TEST_FAREWELL_MS: '300', TEST_FILE_TIMEOUT_MS: '3000' },
    "process.on('SIGTERM', () => {});",
    "test('a', () => { for (;;); });",
  );
  assert.is(status, 1);
  assert.match(lines.at(-2)!, /took longer than 3000 ms/);
  assert.is(lines.at(-1), '0 passed, 1 failed');
});

test.run();
