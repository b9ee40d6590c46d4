// A TCP session between two boxes of a lab that has to outlive what happens to the paths below it.
import { LabError, type LabProcess, PROMPTLY, start, until } from '../namespace.ts';

export type EchoReport =
  | { readonly kind: 'ready' }
  /** How many numbers have come back, in order, and when the last one did. */
  | { readonly kind: 'returned'; readonly count: number; readonly timeMs: number }
  | { readonly kind: 'failed'; readonly reason: string };

const PROGRAM = new URL('./echo.ts', import.meta.url).pathname;
const RUN = [...PROMPTLY, process.execPath, '--import', 'tsx', PROGRAM];

export interface EchoSession {
  readonly count: number;
  readonly failures: readonly string[];
  /** The longest time without an answer since a moment, in milliseconds. */
  longestPauseMs(sinceMs: number): number;
  /** Waits until answers come that were not there before. */
  untilProgress(patienceMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts an echo server in a namespace. */
export async function startEchoServer(namespace: string, port: number): Promise<LabProcess> {
  let isReady = false;
  const server = start(namespace, [...RUN, 'serve', `${port}`], { onLine: () => (isReady = true) });
  await until('the echo server listens', 10_000, () => isReady);
  return server;
}

/** Opens a session from an address of ours to the server, and waits until it flows. */
export async function openEchoSession(
  namespace: string,
  local: string,
  peer: string,
  port: number,
): Promise<EchoSession> {
  const momentsMs: number[] = [];
  const failures: string[] = [];
  let count = 0;
  const client = start(namespace, [...RUN, 'talk', local, peer, `${port}`], {
    onLine(line) {
      const report = JSON.parse(line) as EchoReport;
      if (report.kind === 'failed') failures.push(report.reason);
      if (report.kind !== 'returned') return;
      count = report.count;
      momentsMs.push(report.timeMs);
    },
  });
  const session: EchoSession = {
    get count() {
      return count;
    },
    failures,
    longestPauseMs(sinceMs) {
      const later = momentsMs.filter((timeMs) => timeMs >= sinceMs);
      return [...later, Date.now()].reduce((longest, timeMs, index) => {
        return Math.max(longest, timeMs - (later[index - 1] ?? sinceMs));
      }, 0);
    },
    async untilProgress(patienceMs) {
      const before = count;
      await until('the session goes on', patienceMs, () => {
        if (failures.length > 0) throw new LabError(failures.join('\n'));
        return count > before + 10;
      });
    },
    async stop() {
      await client.stop();
    },
  };
  await session.untilProgress(10_000);
  return session;
}
