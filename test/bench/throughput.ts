// Throughput through monami and its peers, in one run, on one row of boxes each.
import { spawnSync } from 'node:child_process';
import { inNamespace, type LabProcess, run, sleep, start, until } from '../lab/namespace.ts';
import { buildLine, type Line, lineAddresses } from './line.ts';
import { PEERS, type Peer } from './peers.ts';

const SECONDS = 2;
/** Every peer has its turn this often; its better figure counts, for a busy moment of the machine only takes away. */
const ROUNDS = 2;
const UDP_OCTETS = 1200;
const PATIENCE_MS = 10_000;

/** Delivered at the receiver; up is from the client (the vehicle) to the server. */
export interface Throughput {
  readonly tcpUpBitsPerSecond: number;
  readonly tcpDownBitsPerSecond: number;
  readonly udpUpBitsPerSecond: number;
  readonly udpDownBitsPerSecond: number;
  readonly udpUpPacketsPerSecond: number;
  readonly udpDownPacketsPerSecond: number;
}

export type ThroughputResult = Throughput | { readonly missing: string };

interface IperfOutput {
  readonly end: {
    readonly sum_received?: { readonly bits_per_second: number; readonly bytes: number; readonly seconds: number };
  };
  readonly server_output_json?: IperfOutput;
  readonly error?: string;
}

function iperf(line: Line, ...options: string[]): number {
  const argv = ['iperf3', '-6', '-c', lineAddresses.server, '-J', '-t', String(SECONDS), ...options];
  const output = JSON.parse(run(inNamespace(line.namespaces.client, argv))) as IperfOutput;
  return output.end.sum_received?.bits_per_second ?? 0;
}

function measure(line: Line): Throughput {
  const udp = ['-u', '-b', '0', '-l', String(UDP_OCTETS)];
  const udpUp = iperf(line, ...udp);
  const udpDown = iperf(line, ...udp, '-R');
  const packets = (bitsPerSecond: number) => Math.round(bitsPerSecond / (8 * UDP_OCTETS));
  return {
    tcpUpBitsPerSecond: Math.round(iperf(line)),
    tcpDownBitsPerSecond: Math.round(iperf(line, '-R')),
    udpUpBitsPerSecond: Math.round(udpUp),
    udpDownBitsPerSecond: Math.round(udpDown),
    udpUpPacketsPerSecond: packets(udpUp),
    udpDownPacketsPerSecond: packets(udpDown),
  };
}

function reaches(line: Line): boolean {
  const ping = inNamespace(line.namespaces.client, ['ping', '-c', '1', '-W', '1', lineAddresses.server]);
  return spawnSync(ping[0]!, ping.slice(1)).status === 0;
}

function better(one: ThroughputResult | undefined, other: ThroughputResult): ThroughputResult {
  if (!one || 'missing' in one) return other;
  if ('missing' in other) return one;
  const keys = Object.keys(one) as (keyof Throughput)[];
  return Object.fromEntries(keys.map((key) => [key, Math.max(one[key], other[key])])) as unknown as Throughput;
}

async function measurePeer(peer: Peer, directory: string): Promise<ThroughputResult> {
  if (!peer.available()) return { missing: 'not installed' };
  const line = buildLine();
  let processes: LabProcess[] = [];
  try {
    processes = await peer.connect(line, directory);
    const server = start(line.namespaces.server, ['iperf3', '-s']);
    await until(`${peer.name} carries packets`, PATIENCE_MS, () => reaches(line));
    await sleep(200);
    const throughput = measure(line);
    await server.stop();
    return throughput;
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const process of processes) await process.stop();
    line.remove();
  }
}

/** Measures every peer that is installed; the others are named as missing, with the reason. */
export async function measureThroughput(
  directory: string,
  tell: (line: string) => void,
): Promise<Record<string, ThroughputResult>> {
  const results: Record<string, ThroughputResult> = {};
  for (let round = 1; round <= ROUNDS; round++) {
    for (const peer of PEERS) {
      tell(`throughput: ${peer.name}, round ${round} of ${ROUNDS}`);
      results[peer.name] = better(results[peer.name], await measurePeer(peer, directory));
    }
  }
  return results;
}
