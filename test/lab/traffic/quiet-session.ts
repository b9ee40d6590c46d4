// Sessions of a vehicle that are silent until the server speaks.
import { PROMPTLY, start, until } from '../namespace.ts';

export type QuietReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'heard'; readonly by: 'tcp' | 'udp'; readonly delayMs: number }
  | { readonly kind: 'failed'; readonly reason: string };

const PROGRAM = new URL('./quiet.ts', import.meta.url).pathname;
const RUN = [...PROMPTLY, process.execPath, '--import', 'tsx', PROGRAM];

export interface QuietServer {
  /** The server speaks to all of its clients at once. */
  speak(): void;
}

export interface QuietSession {
  readonly failures: readonly string[];
  /** How long each message was on its way, in milliseconds. */
  readonly delaysMs: { readonly tcp: number[]; readonly udp: number[] };
}

export async function startQuietServer(namespace: string, port: number): Promise<QuietServer> {
  let isReady = false;
  const { child } = start(namespace, [...RUN, 'serve', `${port}`], { onLine: () => (isReady = true) });
  await until('the quiet server listens', 10_000, () => isReady);
  return { speak: () => child.stdin?.write('speak\n') };
}

/** Opens a TCP connection and a UDP flow from an address of ours to the server. */
export async function openQuietSession(
  namespace: string,
  local: string,
  server: string,
  port: number,
): Promise<QuietSession> {
  let isReady = false;
  const failures: string[] = [];
  const delaysMs = { tcp: [] as number[], udp: [] as number[] };
  start(namespace, [...RUN, 'listen', local, server, `${port}`], {
    onLine(line) {
      const report = JSON.parse(line) as QuietReport;
      if (report.kind === 'ready') isReady = true;
      else if (report.kind === 'failed') failures.push(report.reason);
      else delaysMs[report.by].push(report.delayMs);
    },
  });
  await until('the quiet session is open', 10_000, () => isReady);
  return { failures, delaysMs };
}
