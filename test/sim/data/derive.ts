// Makes the two tables beside it from the drives they name:
//   node --import tsx test/sim/data/derive.ts multi-carrier-rtt-trip2.tsv two-carrier-downlink.tsv
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const GAP_MS = 1000;
const SAMPLE_MS = 500;
/** Less than this is nothing. */
const SILENT_MBPS = 0.05;

function rows(path: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const names = head!.split('\t');
  return lines.map((line) => {
    const values = line.split('\t');
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
  });
}

function grouped<Row>(list: readonly Row[], key: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of list) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
}

function spans(list: readonly (readonly [number, number])[]): string {
  return list.map(([from, to]) => `${Math.round(from)}-${Math.round(to)}`).join(',');
}

/** Each carrier in each 30 s: delay, jitter, loss outside gaps, and the gaps of a second and more. */
function derivePings(path: string): string {
  const lines = ['segment\tcarrier\tdelay_ms\tjitter_ms\tloss_permille\tdeaf_ms'];
  for (const [key, pings] of grouped(rows(path), (row) => `${row['segment']}\t${row['carrier']}`)) {
    const answered = pings.filter((ping) => ping['rtt_ms'] !== '');
    const times = answered.map((ping) => Number(ping['rtt_ms'])).sort((a, b) => a - b);
    if (times.length < 10) continue;
    const quantile = (q: number) => times[Math.floor(q * (times.length - 1))]!;
    const gaps: [number, number][] = [];
    for (const [index, ping] of answered.entries()) {
      const next = answered[index + 1];
      const [from, to] = [Number(ping['time_ms']), Number(next?.['time_ms'])];
      if (to - from >= GAP_MS + 200) gaps.push([from, to]);
    }
    const inGap = (ping: Record<string, string>) =>
      gaps.some(([from, to]) => Number(ping['time_ms']) > from && Number(ping['time_ms']) < to);
    const lost = pings.filter((ping) => ping['rtt_ms'] === '' && !inGap(ping)).length;
    const delayMs = (quantile(0.1) / 2).toFixed(1);
    const jitterMs = ((quantile(0.9) - quantile(0.1)) / 2).toFixed(1);
    lines.push(`${key}\t${delayMs}\t${jitterMs}\t${Math.round((1000 * lost) / pings.length)}\t${spans(gaps)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** When each of two carriers brought nothing for a second or more, and when it handed over; times in each run. */
function deriveOutages(path: string): string {
  const lines = ['run\tduration_ms\tcarrier\tdeaf_ms\thandover_ms'];
  for (const [run, samples] of grouped(rows(path), (row) => row['run']!)) {
    const startMs = 1000 * Number(samples[0]!['time_s']);
    const timeOf = (row: Record<string, string>) => 1000 * Number(row['time_s']) - startMs;
    const durationMs = timeOf(samples.at(-1)!) + SAMPLE_MS;
    if (durationMs < 10_000) continue;
    for (const carrier of ['atnt', 'verizon']) {
      const deaf: [number, number][] = [];
      let fromMs: number | undefined;
      for (const sample of [...samples, undefined]) {
        const isSilent = sample !== undefined && Number(sample[`${carrier}_mbps`]) < SILENT_MBPS;
        const atMs = sample === undefined ? durationMs : timeOf(sample);
        if (isSilent) fromMs ??= atMs;
        else if (fromMs !== undefined) {
          if (atMs - fromMs >= GAP_MS) deaf.push([fromMs, atMs]);
          fromMs = undefined;
        }
      }
      const handovers = samples.filter((row) => row[`${carrier}_event`]?.includes('Start')).map(timeOf);
      lines.push(`${run}\t${durationMs}\t${carrier}\t${spans(deaf)}\t${handovers.map(Math.round).join(',')}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

const [pings, downlink] = process.argv.slice(2);
if (pings === undefined || downlink === undefined) throw new TypeError('usage: derive.ts PINGS DOWNLINK');
writeFileSync(join(import.meta.dirname, 'pinged-segments.tsv'), derivePings(pings));
writeFileSync(join(import.meta.dirname, 'two-carrier-runs.tsv'), deriveOutages(downlink));
