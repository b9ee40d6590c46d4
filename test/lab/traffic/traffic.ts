// All the traffic of the lab in one address family, from start to finish.

import { LabError, type LabProcess, PROMPTLY, sleep, start, until } from '../namespace.ts';
import type { Topology } from '../topology.ts';
import { addresses, ipv4Addresses } from '../topology.ts';
import { type End, type Family, PING_INTERVAL_MS, type Report, TCP_BYTES_PER_SECOND } from './plan.ts';
import { Recorder } from './recorder.ts';

const ENDPOINT = new URL('./endpoint.ts', import.meta.url).pathname;
const PEERS = {
  ipv6: { vehicle: addresses.server, server: addresses.vehicle },
  ipv4: { vehicle: ipv4Addresses.server, server: ipv4Addresses.vehicle },
} as const;

export interface Traffic {
  readonly recorder: Recorder;
  /** Opens everything and waits until everything flows. */
  open(patienceMs: number): Promise<void>;
  /** Ends everything in order; resolves when the last octet has been counted, or after `patienceMs`. */
  finish(patienceMs: number): Promise<void>;
}

/** Starts the programs of both ends, waiting for their cue. */
export async function startTraffic(
  topology: Topology,
  family: Family = 'ipv6',
  tcpBytesPerSecond = TCP_BYTES_PER_SECOND,
): Promise<Traffic> {
  const peers = PEERS[family];
  const recorder = new Recorder();
  const ready = new Set<End>();
  const startEnd = (end: End): LabProcess =>
    start(
      topology.namespaces[end],
      [...PROMPTLY, process.execPath, '--import', 'tsx', ENDPOINT, end, peers[end], String(tcpBytesPerSecond)],
      {
        onLine(line) {
          const report = JSON.parse(line) as Report;
          if (report.kind === 'ready') ready.add(end);
          else recorder.take(report);
        },
      },
    );
  const ends = [startEnd('vehicle'), startEnd('server')];
  const tellAll = (command: string) => {
    for (const end of ends) end.child.stdin?.write(`${command}\n`);
  };
  await until('both ends of the traffic are ready', 20_000, () => {
    if (ends.some((end) => end.child.exitCode !== null)) throw new LabError(ends.map((end) => end.errors()).join(''));
    return ready.size === 2;
  });
  let ping: LabProcess | undefined;
  return {
    recorder,
    async open(patienceMs) {
      const argv = [...PROMPTLY, 'ping', '-D', '-n', '-i', String(PING_INTERVAL_MS / 1000), peers.vehicle];
      ping = start(topology.namespaces.vehicle, argv, { onLine: (line) => recorder.takePing(line) });
      tellAll('open');
      await until('all traffic flows', patienceMs, () => recorder.allFlowing());
    },
    async finish(patienceMs) {
      await ping?.stop('SIGINT');
      tellAll('finish');
      await Promise.race([Promise.all(ends.map((end) => end.ended)), sleep(patienceMs)]);
      await Promise.all(ends.map((end) => end.stop('SIGKILL')));
    },
  };
}
