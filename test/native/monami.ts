// Runs small scripts on the real executable, in its release build and under AddressSanitizer and UBSan.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '../..');

export const VARIANTS = ['release', 'asan'] as const;
export type Variant = (typeof VARIANTS)[number];

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly words?: readonly string[];
  readonly input?: string;
  /** Words in front of the executable's name, such as those that enter a network namespace. */
  readonly wrapper?: readonly string[];
}

const RUN_TIMEOUT_MS = 60_000;
/** The first one compiles the interpreter, too. */
const BUILD_TIMEOUT_MS = 600_000;

function execute(program: string, words: readonly string[], input: string, timeout = RUN_TIMEOUT_MS): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout,
      killSignal: 'SIGKILL',
      // Memory that is lost is an error like any other.
      env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=1:exitcode=99', UBSAN_OPTIONS: 'print_stacktrace=1' },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Brings an executable up to date through make, and says where it is. */
export async function executable(variant: Variant): Promise<string> {
  const made = await execute('bash', [join(root, 'firmware/build/make.sh'), variant], '', BUILD_TIMEOUT_MS);
  if (made.status !== 0) throw new Error(`make ${variant}: ${made.stdout}${made.stderr}`);
  return join(process.env['MONAMI_BUILD'] ?? join(root, 'build'), variant, 'monami');
}

/** A directory for this test file's leavings, removed at its end. */
export function workDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'monami-native-'));
  process.on('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Bundles a script of `test/native/scripts` as the program's bundle is made; returns the bundle's path. */
export async function bundleScript(name: string, directory: string): Promise<string> {
  const outfile = join(directory, `${name}.js`);
  if (existsSync(outfile)) return outfile;
  await build({
    entryPoints: [join(here, 'scripts', `${name}.ts`)],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    external: ['monami-native'],
    outfile,
    logLevel: 'silent',
  });
  return outfile;
}

/** Runs a bundle to its end. */
export function runBundle(program: string, bundle: string, options: RunOptions = {}): Promise<Run> {
  const [first = program, ...rest] = [...(options.wrapper ?? []), program];
  return execute(first, [...rest, '--bundle', bundle, ...(options.words ?? [])], options.input ?? '');
}

let ownNetwork: readonly string[] | undefined;

/** Words in front of a command that give it a loopback of its own, where its ports are free; none without the right. */
function inOwnNetwork(): readonly string[] {
  ownNetwork ??=
    spawnSync('unshare', ['--net', 'true']).status === 0
      ? ['unshare', '--net', 'bash', '-ec', 'ip link set lo up; exec "$@"', 'bash']
      : [];
  return ownNetwork;
}

/** Runs a script that must end well and say nothing on standard error; returns the value that it reports. */
export async function runScript(program: string, name: string, directory: string, options: RunOptions = {}) {
  const run = await runBundle(program, await bundleScript(name, directory), { wrapper: inOwnNetwork(), ...options });
  if (run.status !== 0 || run.stderr !== '')
    throw new Error(`${name}: status ${run.status}\n${run.stdout}${run.stderr}`);
  return JSON.parse(run.stdout) as unknown;
}
