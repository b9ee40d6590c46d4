import { print, syslog, wallClockMs } from 'monami-native';
import type { LogConfiguration } from '../../config/configuration.ts';
import type { Log, LogLevel } from '../contract.ts';

/** Priorities of syslog(3). */
const PRIORITIES: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 };
/** Lines per window; what exceeds it is counted and said when the window ends. */
const LINES_PER_WINDOW = 200;
const WINDOW_MS = 10_000;

/** A log with a level and a bounded rate, so that no flood of bad input floods the disk. */
export function makeLog({ level, target }: LogConfiguration): Log {
  let windowStartMs = 0;
  let lines = 0;
  const write = (lineLevel: LogLevel, text: string) => {
    if (target === 'syslog') syslog(PRIORITIES[lineLevel], text);
    else print(2, `${new Date(wallClockMs()).toISOString()} ${lineLevel} ${text}\n`);
  };
  return (lineLevel, text) => {
    if (PRIORITIES[lineLevel] > PRIORITIES[level]) return;
    const now = wallClockMs();
    if (Math.abs(now - windowStartMs) >= WINDOW_MS) {
      if (lines > LINES_PER_WINDOW) write('warning', `${lines - LINES_PER_WINDOW} log lines left out`);
      windowStartMs = now;
      lines = 0;
    }
    lines++;
    if (lines <= LINES_PER_WINDOW) write(lineLevel, text);
  };
}
