// First: third-party code looks for these globals when it is loaded.
import './platform/quickjs/globals.ts';

import {
  commandLine,
  errorText,
  exit,
  fileMode,
  monotonicMs,
  print,
  readFile,
  utf8Decode,
  version,
  wallClockMs,
} from 'monami-native';
import { parseHex } from './bytes/hex.ts';
import { CaptureError, decodeCapture, decodeHex } from './cli/decode.ts';
import { HELP, parseCommand } from './cli/help.ts';
import { formatStatusTable } from './cli/status-table.ts';
import type { Configuration } from './config/configuration.ts';
import type { FileContent } from './config/files.ts';
import { boardFile, formatProblem, type Problem, parseConfiguration } from './config/parse-configuration.ts';
import { askDaemon } from './platform/quickjs/control-client.ts';
import { Daemon } from './platform/quickjs/daemon.ts';
import { EventLoop } from './platform/quickjs/event-loop.ts';
import { makeLog } from './platform/quickjs/log.ts';
import { TelemetryPort } from './platform/quickjs/telemetry-port.ts';
import { type StatusDocument, statusDocument } from './telemetry/status-document.ts';

const DONE = 0;
const FAILED = 1;
const MISUSED = 2;
const READABLE_BY_OTHERS = 0o004;

interface UsableConfiguration {
  readonly configuration: Configuration;
  readonly warnings: readonly Problem[];
}

const loop = new EventLoop();
loop.start();
main();

function main(): void {
  const command = parseCommand(commandLine);
  switch (command.command) {
    case 'help':
      finish(HELP);
      break;
    case 'version':
      finish(`monami ${version}\n`);
      break;
    case 'misused':
      fail([`${command.problem} (see monami --help)`], MISUSED);
      break;
    case 'check':
      check(command.config);
      break;
    case 'run': {
      const found = readConfiguration(command.config);
      if (found) run(found);
      break;
    }
    case 'status':
      status(command.socketPath, command.json);
      break;
    case 'decode':
      decode(command.source, command.all);
      break;
  }
}

function check(path: string): void {
  const found = readConfiguration(path);
  if (!found) return;
  for (const warning of found.warnings) print(2, `monami: warning: ${formatProblem(warning)}\n`);
  finish(`${path} is right\n`);
}

function run({ configuration, warnings }: UsableConfiguration): void {
  const log = makeLog(configuration.log);
  for (const warning of warnings) log('warning', formatProblem(warning));
  const startedMs = monotonicMs();
  try {
    const daemon: Daemon = new Daemon(configuration, loop, log, (request) =>
      request === 'status' ? describe(daemon, startedMs) : { error: `unknown request '${request}'` },
    );
    const snapshot = () => ({ status: daemon.status(), statistics: daemon.forwarderStatistics() });
    daemon.observe(new TelemetryPort(configuration, loop, log, snapshot));
  } catch (error) {
    fail([error instanceof Error ? error.message : String(error)], FAILED);
  }
}

function describe(daemon: Daemon, startedMs: number): StatusDocument {
  const moment = { wallClockMs: wallClockMs(), monotonicMs: monotonicMs() };
  return statusDocument(daemon.status(), daemon.forwarderStatistics(), moment, startedMs, version);
}

function status(socketPath: string, json: boolean): void {
  askDaemon(loop, socketPath, 'status', (result) => {
    if ('error' in result) fail([result.error], FAILED);
    else
      finish(json ? `${JSON.stringify(result.answer, null, 2)}\n` : formatStatusTable(result.answer as StatusDocument));
  });
}

function decode(source: string, all: boolean): void {
  const emit = (row: object) => print(1, `${JSON.stringify(row)}\n`);
  const file = readFile(source);
  try {
    if (typeof file !== 'number') decodeCapture(new Uint8Array(file), emit, { all });
    else if (parseHex(source)) decodeHex(source, emit, { all });
    else {
      fail([`${source}: ${errorText(-file)}, and not hex digits either`], MISUSED);
      return;
    }
    exit(DONE);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    fail([`${source}: ${error.message}`], FAILED);
  }
}

/** `undefined` after every problem has been told. */
function readConfiguration(path: string): UsableConfiguration | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const board = (name: string) => readConfigured(boardFile(name)).text;
  const result = parseConfiguration(text, board, { read: readConfigured });
  if (!result.configuration) {
    fail(result.problems.map(formatProblem), MISUSED);
    return undefined;
  }
  const { configuration, warnings, holdsSecrets } = result;
  const isOpen = holdsSecrets && (fileMode(path) & READABLE_BY_OTHERS) > 0;
  return { configuration, warnings: isOpen ? [...warnings, openFile(path)] : warnings };
}

function openFile(path: string): Problem {
  return { path: '', message: `${path} holds secrets and can be read by everybody: chmod 600 ${path}` };
}

/** A file that the configuration names. */
function readConfigured(path: string): FileContent {
  const content = readFile(path);
  if (typeof content === 'number') return { problem: errorText(-content) };
  return { text: utf8Decode(content, 0, content.byteLength), mode: fileMode(path) };
}

function readText(path: string): string | undefined {
  const content = readFile(path);
  if (typeof content !== 'number') return utf8Decode(content, 0, content.byteLength);
  fail([`${path}: ${errorText(-content)}`], MISUSED);
  return undefined;
}

function finish(output: string): void {
  print(1, output);
  exit(DONE);
}

/** One line for each problem. */
function fail(problems: readonly string[], status: number): void {
  for (const problem of problems) print(2, `monami: ${problem}\n`);
  exit(status);
}
