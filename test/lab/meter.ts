// Reads the byte counters of a namespace's interfaces without entering it: through a process that lives there.
import { readFileSync } from 'node:fs';
import { type LabProcess, start } from './namespace.ts';

export interface Sample {
  readonly timeMs: number;
  /** Received and sent octets per interface since the interface was made. */
  readonly octets: Readonly<Record<string, number>>;
}

export interface Meter {
  readonly samples: readonly Sample[];
  /** Octets per interface that passed in the last `spanMs`. */
  recent(spanMs: number): Record<string, number>;
  stop(): Promise<void>;
}

const INTERVAL_MS = 100;

function read(pid: number, interfaces: readonly string[]): Sample {
  const octets: Record<string, number> = {};
  for (const line of readFileSync(`/proc/${pid}/net/dev`, 'utf8').split('\n')) {
    const [name = '', counters = ''] = line.split(':');
    if (!interfaces.includes(name.trim())) continue;
    const columns = counters.trim().split(/\s+/).map(Number);
    octets[name.trim()] = (columns[0] ?? 0) + (columns[8] ?? 0);
  }
  return { timeMs: Date.now(), octets };
}

/** Samples the counters ten times a second until stopped. */
export function startMeter(namespace: string, interfaces: readonly string[]): Meter {
  const anchor: LabProcess = start(namespace, ['sleep', 'infinity']);
  const samples: Sample[] = [];
  const timer = setInterval(() => samples.push(read(anchor.pid, interfaces)), INTERVAL_MS);
  return {
    samples,
    recent(spanMs) {
      const last = samples.at(-1);
      const first = samples.findLast((sample) => last && sample.timeMs <= last.timeMs - spanMs) ?? samples[0];
      return Object.fromEntries(
        interfaces.map((name) => [name, (last?.octets[name] ?? 0) - (first?.octets[name] ?? 0)]),
      );
    },
    async stop() {
      clearInterval(timer);
      await anchor.stop('SIGKILL');
    },
  };
}

/** Octets per second of one interface, as (time, rate) pairs. */
export function rates(samples: readonly Sample[], name: string): { timeMs: number; bytesPerSecond: number }[] {
  return samples.slice(1).map((sample, index) => {
    const before = samples[index]!;
    const octets = (sample.octets[name] ?? 0) - (before.octets[name] ?? 0);
    return { timeMs: sample.timeMs, bytesPerSecond: Math.max(0, (octets * 1000) / (sample.timeMs - before.timeMs)) };
  });
}
