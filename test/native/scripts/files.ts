// Files, commands and the values of the process.
import {
  commandLine,
  environment,
  errorText,
  fileMode,
  monotonicMs,
  processId,
  readFile,
  removeFile,
  runCommand,
  signalOpen,
  signalRead,
  syslog,
  utf8Decode,
  utf8Encode,
  wallClockMs,
  writeFile,
  writeSystemFile,
} from 'monami-native';
import { closeHandle, finish, on, outcome, start } from './lib.ts';

const directory = commandLine[0] ?? '.';
const path = `${directory}/ä file`;
const text = (read: ArrayBuffer | number) => (typeof read === 'number' ? read : utf8Decode(read, 0, read.byteLength));

const beforeMs = monotonicMs();
const late = runCommand(['sh', '-c', 'sleep 20 & sleep 20'], '', 200);
const lateMs = monotonicMs() - beforeMs;
const beforeDaemonMs = monotonicMs();
const daemon = runCommand(['sh', '-c', 'echo started; sleep 3 &'], '', 10_000);
const daemonMs = monotonicMs() - beforeDaemonMs;

syslog(6, 'a line from a test');
const results = {
  absent: text(readFile(path)),
  written: writeFile(path, utf8Encode('first'), 0o640),
  first: text(readFile(path)),
  mode: fileMode(path),
  rewritten: writeFile(path, utf8Encode('second'), 0o600),
  second: text(readFile(path)),
  removed: removeFile(path),
  removedAgain: removeFile(path),
  noMode: fileMode(path),
  directoryRead: text(readFile(directory)),
  noDirectory: writeFile(`${directory}/none/file`, utf8Encode(''), 0o600),
  kernelFile: String(text(readFile('/proc/sys/kernel/ostype'))).trim(),
  endless: readFile('/dev/zero'),
  input: text(readFile('-')),
  systemFile: [
    outcome(() => writeSystemFile('/etc/passwd', 'x')),
    outcome(() => writeSystemFile('/proc/sys/../../etc/passwd', 'x')),
    writeSystemFile('/proc/sys/no/such/thing', '1'),
  ],
  echo: runCommand(['cat'], 'through a pipe', 5000),
  big: runCommand(['cat'], 'x'.repeat(300_000), 5000).output.length,
  deaf: runCommand(['true'], 'y'.repeat(300_000), 5000),
  both: runCommand(['sh', '-c', 'echo out; echo err >&2; exit 5'], '', 5000),
  killed: runCommand(['sh', '-c', 'kill -TERM $$'], '', 5000).status,
  noProgram: runCommand(['/no/such/program'], '', 5000).status,
  noWords: outcome(() => runCommand([], '', 5000)),
  late: late.status,
  lateInTime: lateMs >= 200 && lateMs < 5000,
  daemon,
  daemonInTime: daemonMs < 2500,
  environment: [environment('HOME') !== undefined, environment('MONAMI_NO_SUCH_VARIABLE') === undefined],
  errorText: errorText(2),
  wallClock: wallClockMs() > 1.6e12,
};

// Also after a child, whose end is a signal too, signals come as a handle.
const SIGTERM = 15;
const SIGUSR1 = 10;
const signals = signalOpen([SIGUSR1, SIGTERM]);
on(signals, () => {
  const numbers = [signalRead(signals), signalRead(signals), signalRead(signals)];
  closeHandle(signals);
  finish({ ...results, signals: numbers });
});
runCommand(['sh', '-c', `kill -USR1 ${processId()}; kill -TERM ${processId()}`], '', 5000);
start();
