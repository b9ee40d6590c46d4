// The bench's figures for people, each beside what the design demands.
import type { Footprint } from './footprint.ts';
import type { ThroughputResult } from './throughput.ts';

export interface Failover {
  readonly ok: boolean;
  readonly gapsMs: Readonly<Record<string, number>>;
  readonly pingsLost: Readonly<Record<string, number>>;
}

/** A part that could not be measured says why instead. */
export type Measured<Value> = Value | { readonly missing: string };

export interface Figures {
  readonly codec: Measured<Record<string, number>>;
  readonly homeAgent: Measured<Record<string, number>>;
  readonly throughput: Readonly<Record<string, ThroughputResult>>;
  /** monami's figure divided by the peer's. */
  readonly ratios: Readonly<Record<string, Record<string, number>>>;
  readonly failover: Measured<Failover>;
  readonly footprint: Measured<Footprint>;
}

const rate = (value: number) => Math.round(value).toLocaleString('en-US');
const gigabits = (value: number) => (value / 1e9).toFixed(2);
const kilobytes = (value: number) => `${(value / 1000).toFixed(0)} KB`;
const megabytes = (value: number) => `${(value / 1e6).toFixed(1)} MB`;

/** How often a figure is better than a peer's: at least this many times, in the same run. */
const DEMANDED_RATIO = 3;

type Row = readonly [name: string, value: string, demanded: string];

function part<Value extends object>(title: string, measured: Measured<Value>, rows: (value: Value) => Row[]): string {
  if ('missing' in measured) return `${title}\n  not measured: ${measured.missing}`;
  const lines = rows(measured).map(([name, value, demanded]) => {
    return `  ${name.padEnd(44)} ${value.padStart(14)}  ${demanded}`.trimEnd();
  });
  return [title, ...lines].join('\n');
}

function throughputTable(throughput: Readonly<Record<string, ThroughputResult>>): string {
  const head = `  ${''.padEnd(14)}${['TCP up', 'TCP down', 'UDP up', 'UDP down'].map((cell) => cell.padStart(12)).join('')}`;
  const lines = Object.entries(throughput).map(([name, result]) => {
    if ('missing' in result) return `  ${name.padEnd(14)}${result.missing}`;
    const values = [
      result.tcpUpBitsPerSecond,
      result.tcpDownBitsPerSecond,
      result.udpUpBitsPerSecond,
      result.udpDownBitsPerSecond,
    ];
    const packets = `${rate(result.udpUpPacketsPerSecond)} / ${rate(result.udpDownPacketsPerSecond)} datagrams/s`;
    return `  ${name.padEnd(14)}${values.map((value) => gigabits(value).padStart(12)).join('')}   ${packets}`;
  });
  return ['throughput, Gbit/s delivered (UDP: 1200 octets)', head, ...lines].join('\n');
}

function ratioTable(ratios: Figures['ratios']): string {
  const lines = Object.entries(ratios).map(([name, values]) => {
    const cells = Object.values(values).map((value) => `${value.toFixed(2)}×`.padStart(12));
    return `  ${name.padEnd(14)}${cells.join('')}${name === 'raw' ? '' : `   must be ${DEMANDED_RATIO}×`}`;
  });
  return lines.length > 0 ? ['monami against', ...lines].join('\n') : '';
}

/** Every figure as text. */
export function formatFigures(figures: Figures): string {
  return [
    part('codec in the engine, messages per second', figures.codec, (codec) =>
      Object.entries(codec)
        .filter(([name]) => name.endsWith('PerSecond'))
        .map(([name, value]): Row => [name.replace('PerSecond', ''), rate(value), '']),
    ),
    part('home agent, one core, packet to packet', figures.homeAgent, (agent) => [
      ['registrations per second', rate(agent['registrationsPerSecond'] ?? Number.NaN), 'must be 20,000'],
      ['refreshes per second', rate(agent['refreshesPerSecond'] ?? Number.NaN), 'must be 20,000'],
      [
        `octets per binding, of ${rate(agent['bindings'] ?? 0)}`,
        rate(agent['bytesPerBinding'] ?? Number.NaN),
        'must be below 1,000',
      ],
    ]),
    throughputTable(figures.throughput),
    ratioTable(figures.ratios),
    part('failover, from the demo', figures.failover, ({ gapsMs, pingsLost }) =>
      Object.entries(gapsMs).map(([name, gapMs]): Row => [name, `${gapMs} ms`, `${pingsLost[name] ?? '?'} pings lost`]),
    ),
    part('footprint', figures.footprint, (footprint) => [
      ['bundle', kilobytes(footprint.bundleBytes), 'must be below 400 KB'],
      ['executable', kilobytes(footprint.executableBytes), 'must be below 1700 KB'],
      ['router, 3 uplinks and MQTT: RSS', megabytes(footprint.routerResidentBytes), 'must be below 8 MB'],
      ['router: largest RSS', megabytes(footprint.routerPeakBytes), ''],
      ['start to the first Binding Update', `${footprint.startToBindingUpdateMs} ms`, 'must be below 150 ms'],
    ]),
  ]
    .filter(Boolean)
    .join('\n\n');
}
