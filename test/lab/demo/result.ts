// The demo's outcome, and whether it is good enough.
import { FAMILIES, nameOf } from '../traffic/both-families.ts';
import type { Family } from '../traffic/plan.ts';
import type { Effect, SessionCount } from '../traffic/recorder.ts';

export interface EventResult extends Effect {
  readonly name: string;
  readonly title: string;
  /** Seconds since the traffic began. */
  readonly atSeconds: number;
  readonly limitMs: number | null;
  /** Octets over each uplink in this time, both ways. */
  readonly uplinkBytes: Readonly<Record<string, number>>;
  /** The uplink that had to carry the traffic, where there was no other. */
  readonly onlyUplink: string | null;
}

export interface SessionCounts {
  readonly tcp: SessionCount;
  readonly udp: SessionCount;
  readonly ping: SessionCount;
}

export interface DemoResult {
  readonly ok: boolean;
  /** Why not ok, one line each. */
  readonly problems: readonly string[];
  readonly sessions: SessionCounts;
  readonly sessionsByFamily: Readonly<Record<Family, SessionCounts>>;
  readonly events: readonly EventResult[];
  readonly totals: {
    readonly pingsSent: number;
    readonly pingsLost: number;
    readonly udpSent: number;
    readonly udpLost: number;
  };
  readonly throughput: {
    /** Verified content of all TCP transfers. */
    readonly tcpBytes: number;
    readonly tcpBitsPerSecond: number;
    /** Octets over each uplink, both ways, tunnel headers included. */
    readonly uplinkBytes: Readonly<Record<string, number>>;
  };
  readonly hostState: { readonly router: readonly string[]; readonly agent: readonly string[] };
  readonly exitStatus: { readonly router: number; readonly agent: number };
  readonly mqtt: { readonly messages: number; readonly handovers: number };
}

/** Over the only uplink left: all of the traffic comes to more in a tenth of a second. */
const LEAST_CARRIED_BYTES = 250_000;

/** What is wrong with a result; empty if nothing is. */
export function problemsOf(result: Omit<DemoResult, 'ok' | 'problems'>): string[] {
  const problems: string[] = [];
  for (const family of FAMILIES) {
    for (const [kind, { opened, survived }] of Object.entries(result.sessionsByFamily[family])) {
      if (opened > 0 && survived === opened) continue;
      problems.push(`${kind} in ${nameOf(family)}: ${survived} of ${opened} sessions survived`);
    }
  }
  for (const event of result.events) {
    const carried = event.onlyUplink === null ? undefined : (event.uplinkBytes[event.onlyUplink] ?? 0);
    if (carried !== undefined && carried < LEAST_CARRIED_BYTES) {
      problems.push(`${event.name}: ${event.onlyUplink} carried only ${carried} octets`);
    }
    if (event.limitMs === null) continue;
    const gaps = { ping: event.gapMs, 'UDP up': event.udpUpGapMs, 'UDP down': event.udpDownGapMs };
    for (const [kind, gapMs] of Object.entries(gaps)) {
      if (gapMs > event.limitMs) {
        problems.push(`${event.name}: a gap of ${gapMs} ms for ${kind}, ${event.limitMs} allowed`);
      }
    }
  }
  for (const [host, difference] of Object.entries(result.hostState)) {
    for (const line of difference) problems.push(`left behind on the ${host}: ${line}`);
  }
  for (const [host, status] of Object.entries(result.exitStatus)) {
    if (status !== 0) problems.push(`monami on the ${host} ended with status ${status} after SIGTERM`);
  }
  if (result.mqtt.handovers === 0) problems.push('no handover was heard of by MQTT');
  return problems;
}

/** The table for people. */
export function resultTable(result: DemoResult): string {
  const rows = result.events.map((event) => [
    `${event.atSeconds.toFixed(1)} s`,
    event.title,
    `${event.gapMs.toFixed(0)} ms`,
    event.limitMs === null ? '' : `${event.limitMs} ms`,
    `${event.pingsLost} of ${event.pingsSent}`,
    `${event.udpUpGapMs.toFixed(0)} / ${event.udpDownGapMs.toFixed(0)} ms`,
    String(event.udpLost),
    `${event.tcpStallMs.toFixed(0)} ms`,
  ]);
  const head = ['at', 'event', 'gap', 'allowed', 'pings lost', 'UDP gap up/down', 'UDP lost', 'TCP stall'];
  const { tcp, udp, ping } = result.sessions;
  return [
    align([head, ...rows]),
    '',
    `sessions that survived: TCP ${tcp.survived} of ${tcp.opened}, UDP ${udp.survived} of ${udp.opened}, ` +
      `ping ${ping.survived} of ${ping.opened}, half of them in IPv4`,
    `pings lost: ${result.totals.pingsLost} of ${result.totals.pingsSent}; datagrams lost: ` +
      `${result.totals.udpLost} of ${result.totals.udpSent}; TCP: ${megabytes(result.throughput.tcpBytes)} verified`,
    ...result.problems.map((problem) => `problem: ${problem}`),
    result.ok ? 'ok' : 'NOT ok',
  ].join('\n');
}

export function megabytes(octets: number): string {
  return `${(octets / 1e6).toFixed(1)} MB`;
}

const LEFT_ALIGNED = 1;

function align(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === LEFT_ALIGNED ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
