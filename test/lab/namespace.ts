// Network namespaces and the processes in them. Whatever is made here is removed when this process ends, however it
// ends; after SIGKILL, by the next lab that starts.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, readdirSync } from 'node:fs';

const NAME = /^monami-(\d+)-/;
const NETNS_DIRECTORY = '/run/netns';

const ownNamespaces = new Set<string>();
const ownProcesses = new Set<ChildProcess>();
let exitHandled = false;

/** A command of the lab failed: the lab itself is broken, not what it tests. */
export class LabError extends Error {}

/** Runs a short command and returns its output. LabError with its words if it fails. */
export function run(argv: readonly string[], input = ''): string {
  const [command = '', ...rest] = argv;
  const result = spawnSync(command, rest, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error) throw new LabError(`${argv.join(' ')}: ${result.error.message}`);
  if (result.status !== 0) {
    throw new LabError(`${argv.join(' ')}: status ${result.status ?? result.signal}: ${result.stderr.trim()}`);
  }
  return result.stdout;
}

/** The words in front of a command that make it run in a namespace. */
export function inNamespace(namespace: string, argv: readonly string[]): string[] {
  return ['ip', 'netns', 'exec', namespace, ...argv];
}

function batch(family: '-4' | '-6', lines: readonly string[], namespace: string | undefined): void {
  if (lines.length === 0) return;
  run(['ip', family, ...(namespace ? ['-n', namespace] : []), '-batch', '-'], `${lines.join('\n')}\n`);
}

/** Runs many `ip` commands at once, in one namespace or (without it) in ours. */
export function ipBatch(lines: readonly string[], namespace?: string): void {
  batch('-6', lines, namespace);
}

/** The same for addresses, routes and rules of IPv4. */
export function ipv4Batch(lines: readonly string[], namespace: string): void {
  batch('-4', lines, namespace);
}

/** Replaces or extends a namespace's nftables rules. */
export function nft(namespace: string, script: string): void {
  run(inNamespace(namespace, ['nft', '-f', '-']), script);
}

/** Makes namespaces called `monami-<our pid>-<role>`; returns their full names by role. */
export function makeNamespaces<Role extends string>(roles: readonly Role[], lab = ''): Record<Role, string> {
  removeLeftovers();
  handleExit();
  const names = Object.fromEntries(roles.map((role) => [role, `monami-${process.pid}-${lab}${role}`]));
  for (const name of Object.values<string>(names)) ownNamespaces.add(name);
  ipBatch(roles.map((role) => `netns add ${names[role]}`));
  return names as Record<Role, string>;
}

/** Ends what still runs in the namespaces and removes them. */
export function removeNamespaces(names: Iterable<string>): void {
  for (const name of [...names]) {
    ownNamespaces.delete(name);
    if (!existsSync(`${NETNS_DIRECTORY}/${name}`)) continue;
    for (const pid of processesIn(name)) kill(pid, 'SIGKILL');
    spawnSync('ip', ['netns', 'delete', name]);
  }
}

function processesIn(name: string): number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
  return (stdout ?? '').split(/\s+/).filter(Boolean).map(Number);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Namespaces of labs that were killed: their name holds the process that made them. */
function removeLeftovers(): void {
  if (!existsSync(NETNS_DIRECTORY)) return;
  const dead = readdirSync(NETNS_DIRECTORY).filter((name) => {
    const pid = NAME.exec(name)?.[1];
    // One of our number that is not ours is of a process that had the number before.
    if (Number(pid) === process.pid) return !ownNamespaces.has(name);
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
  removeNamespaces(dead);
}

function handleExit(): void {
  if (exitHandled) return;
  exitHandled = true;
  process.on('exit', () => {
    for (const child of ownProcesses) child.kill('SIGKILL');
    removeNamespaces(ownNamespaces);
  });
  for (const [signal, number] of [
    ['SIGHUP', 1],
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(signal, () => process.exit(128 + number));
  }
}

/**
 * Words in front of a command that must not wait for what else the machine is doing: what measures, and what is measured
 * with it. Without the right to it, it runs as it can.
 */
export const PROMPTLY: readonly string[] = ['nice', '-n', '-15'];

/** A process of the lab, running in a namespace under its own pid. */
export interface LabProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves to the exit status, or 128 + n if it was ended by signal n. */
  readonly ended: Promise<number>;
  /** All that it has written to stderr so far. */
  readonly errors: () => string;
  /** Sends a signal and waits for the end; SIGKILL if that takes longer than `patienceMs`. */
  stop(signal?: NodeJS.Signals, patienceMs?: number): Promise<number>;
}

export interface StartOptions {
  /** Called with every line of standard output. */
  readonly onLine?: (line: string) => void;
  /** A file that gets a copy of stderr. */
  readonly logFile?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };

/** Starts a program in a namespace. `ip netns exec` becomes the program, so the pid is the program's own. */
export function start(namespace: string, argv: readonly string[], options: StartOptions = {}): LabProcess {
  const [command = '', ...rest] = inNamespace(namespace, argv);
  const child = spawn(command, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
  });
  ownProcesses.add(child);
  let errors = '';
  const log = options.logFile ? createWriteStream(options.logFile, { flags: 'a' }) : undefined;
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
    log?.write(chunk);
  });
  child.stdin.on('error', () => {
    // A program that has ended takes no more input: `ended` tells.
  });
  splitLines(child, options.onLine);
  const ended = new Promise<number>((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (status, signal) => {
      ownProcesses.delete(child);
      log?.end();
      resolve(status ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0));
    });
  });
  return {
    pid: child.pid ?? 0,
    child,
    ended,
    errors: () => errors,
    async stop(signal = 'SIGTERM', patienceMs = 5000) {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      const status = await ended;
      clearTimeout(timer);
      return status;
    },
  };
}

function splitLines(child: ChildProcess, onLine: ((line: string) => void) | undefined): void {
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    if (!onLine) return;
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Waits until a condition holds, or fails after `patienceMs` saying what was waited for. */
export async function until(what: string, patienceMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new LabError(`${what}: not within ${patienceMs} ms`);
    await sleep(20);
  }
}
