// `./build.sh demo [--fast] [--json FILE] [--html FILE]`: the demo for people and for machines.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../monami.ts';
import { LabError } from '../namespace.ts';
import { openView } from './live-view.ts';
import { reportPage } from './report.ts';
import { resultTable } from './result.ts';
import { runDemo } from './run.ts';

const USAGE = `usage: ./build.sh demo [--fast] [--json FILE] [--html FILE]
  --fast       half a minute instead of one
  --json FILE  the outcome, for machines
  --html FILE  the report page (default: build/demo.html)
`;
/** Of each log, where something went wrong. */
const LOG_LINES = 40;
const INSIDE = 'MONAMI_LAB_USER_NAMESPACE';

/**
 * Without root the lab lives in a user namespace of its own, where we are root: with a mount namespace, so that
 * `ip netns` has a place for its names.
 */
function reenterAsRoot(): number {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    process.stderr.write('The demo needs root here: this user may not open /dev/net/tun.\n');
    return 1;
  }
  const script = 'mount -t tmpfs tmpfs /run && exec "$0" "$@"';
  const argv = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync(
    'unshare',
    ['--user', '--map-root-user', '--net', '--mount', 'sh', '-c', script, ...argv],
    {
      stdio: 'inherit',
      env: { ...process.env, [INSIDE]: '1' },
    },
  );
  if (error || status === null)
    process.stderr.write('The demo needs root, or a kernel that lets users make namespaces.\n');
  return status ?? 1;
}

function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      fast: { type: 'boolean', default: false },
      json: { type: 'string' },
      html: { type: 'string', default: join(ROOT, 'build/demo.html') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (process.getuid?.() !== 0 && process.env[INSIDE] === undefined) return reenterAsRoot();
  const record = await runDemo(values.fast, openView(process.stdout));
  process.stdout.write(`\n${resultTable(record.result)}\n`);
  write(values.html, reportPage(record));
  if (values.json) write(values.json, `${JSON.stringify(record.result, null, 2)}\n`);
  if (!record.result.ok) {
    for (const [host, log] of Object.entries(record.logs)) {
      process.stdout.write(`\nthe ${host}'s log:\n${log.split('\n').slice(-LOG_LINES).join('\n')}`);
    }
  }
  process.stdout.write(`report: ${values.html}\n`);
  return record.result.ok ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof LabError) && !(error instanceof TypeError && 'code' in error)) throw error;
  process.stderr.write(`demo: ${error.message}\n`);
  process.exitCode = 2;
}
// Pipes of the lab's processes that have not quite ended must not keep this one.
process.exit();
