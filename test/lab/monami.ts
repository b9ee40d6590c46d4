// Starts the real executable in the lab, and asks it how it is.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StatusDocument } from '../../src/telemetry/status-document.ts';
import { LabError, type LabProcess, run, start, until } from './namespace.ts';
import { addresses, UPLINKS } from './topology.ts';

export const ROOT = new URL('../../', import.meta.url).pathname;
/** Another build, such as one with sanitizers, can be named by the environment. */
export const EXECUTABLE = process.env['MONAMI_EXECUTABLE'] ?? join(ROOT, 'dist/monami');
const BOARD = new URL('./demo/board.json', import.meta.url).pathname;

/** What the router of the topology and its home agent share, and nobody else knows. */
export const KEY = 'd41d8cd98f00b204e9800998ecf8427e';
export const SPI = 4711;
/** So many lines of each log are shown after a failure. */
const LOG_LINES = 60;
export const AUTHENTICATION = { spi: SPI, key: KEY };

export type MonamiRole = 'router' | 'agent';

/** A configuration file's content. */
export type ConfigurationFile = Record<string, unknown>;

export interface Monami {
  readonly configFile: string;
  readonly process: LabProcess;
  /** What it says of itself; null while it does not answer. */
  status(): StatusDocument | null;
}

/** A directory for configurations, sockets and logs, removed with this process; if that has failed, it says what is in the logs. */
export function workDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'monami-lab-'));
  process.on('exit', (status) => {
    if (status !== 0) printLogs(directory);
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

function printLogs(directory: string): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.log')) continue;
    const lines = readFileSync(join(directory, name), 'utf8').trimEnd().split('\n');
    process.stdout.write(`${name}, its end:\n${lines.slice(-LOG_LINES).join('\n')}\n`);
  }
}

function socketPath(directory: string, role: MonamiRole): string {
  return join(directory, `${role}.sock`);
}

/** The mobile router of the topology; `extra` replaces or adds keys of its `mobileRouter` part. */
export function routerConfiguration(directory: string, extra: ConfigurationFile = {}): ConfigurationFile {
  return {
    mobileRouter: {
      homeAddress: addresses.homeAddress,
      homeAgentAddress: addresses.homeAgent,
      prefixes: [addresses.mobileNetworkPrefix],
      authentication: AUTHENTICATION,
      board: BOARD,
      ...extra,
    },
    control: { socketPath: socketPath(directory, 'router') },
    log: { level: 'info', target: 'stderr' },
  };
}

/** The home agent of the topology, which knows its one mobile router. */
export function agentConfiguration(directory: string, extra: ConfigurationFile = {}): ConfigurationFile {
  return {
    homeAgent: {
      address: addresses.homeAgent,
      homePrefixes: [addresses.homePrefix],
      mobileNodes: [
        {
          name: 'bus',
          homeAddress: addresses.homeAddress,
          prefixes: [addresses.mobileNetworkPrefix],
          authentication: AUTHENTICATION,
        },
      ],
      ...extra,
    },
    control: { socketPath: socketPath(directory, 'agent') },
    log: { level: 'info', target: 'stderr' },
  };
}

export function requireExecutable(): void {
  if (!existsSync(EXECUTABLE)) throw new LabError(`${EXECUTABLE} is not there yet: run ./build.sh`);
}

/**
 * Writes the configuration and starts `monami run` with it. The log goes to `<role>.log` in the directory; `wrapper`
 * are words in front of the command, of a program that becomes it.
 */
export function startMonami(
  namespace: string,
  role: MonamiRole,
  directory: string,
  configuration: ConfigurationFile,
  wrapper: readonly string[] = [],
): Monami {
  requireExecutable();
  mkdirSync(directory, { recursive: true });
  const configFile = join(directory, `${role}.json`);
  writeFileSync(configFile, JSON.stringify(configuration, null, 2), { mode: 0o600 });
  const process = start(namespace, [...wrapper, EXECUTABLE, 'run', '--config', configFile], {
    logFile: join(directory, `${role}.log`),
  });
  return {
    configFile,
    process,
    status() {
      try {
        return JSON.parse(
          run([EXECUTABLE, 'status', '--json', '--socket', socketPath(directory, role)]),
        ) as StatusDocument;
      } catch (error) {
        if (error instanceof LabError) return null;
        throw error;
      }
    },
  };
}

function mustRun({ process }: Monami): void {
  const { exitCode } = process.child;
  if (exitCode !== null) throw new LabError(`monami ended with status ${exitCode}:\n${process.errors()}`);
}

/** Waits until a daemon has taken its host in hand and answers. */
export async function untilAnswering(monami: Monami, patienceMs = 5000): Promise<void> {
  await until('monami answers', patienceMs, () => {
    mustRun(monami);
    return monami.status() !== null;
  });
}

/** Waits until the router has registered every uplink. */
export async function untilRegistered(router: Monami, patienceMs = 10_000): Promise<void> {
  await until('the router registers all its uplinks', patienceMs, () => {
    mustRun(router);
    const uplinks = router.status()?.mobileRouter?.uplinks ?? [];
    return uplinks.length === UPLINKS.length && uplinks.every((uplink) => uplink.state === 'active');
  });
}
