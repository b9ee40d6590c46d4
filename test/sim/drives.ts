// Journeys put together from stretches of the real drives in data/.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLEAN, type LinkQuality } from './channel.ts';
import type { CellVisit } from './coverage.ts';
import type { Random } from './random.ts';

const SEGMENT_MS = 30_000;

interface Stretch {
  readonly durationMs: number;
  /** By carrier; a carrier that is missing has no coverage. */
  readonly carriers: ReadonlyMap<string, StretchCarrier>;
}

interface StretchCarrier {
  readonly quality: LinkQuality;
  readonly deaf: readonly Span[];
  readonly handoversMs: readonly number[];
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

function lines(name: string): string[][] {
  const text = readFileSync(join(import.meta.dirname, 'data', name), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'));
}

function spans(text: string | undefined): Span[] {
  if (!text) return [];
  return text.split(',').map((span) => {
    const [fromMs, toMs] = span.split('-').map(Number);
    return { fromMs: fromMs!, toMs: toMs! };
  });
}

function collect(
  list: readonly (readonly [key: string, durationMs: number, carrier: string, StretchCarrier])[],
): Stretch[] {
  const stretches = new Map<string, { durationMs: number; carriers: Map<string, StretchCarrier> }>();
  for (const [key, durationMs, carrier, what] of list) {
    const stretch = stretches.get(key) ?? { durationMs, carriers: new Map() };
    stretches.set(key, stretch);
    stretch.carriers.set(carrier, what);
  }
  return [...stretches.values()];
}

/** Stretches in which delays, loss and gaps of two or three carriers were measured at the same time. */
export const PINGED_STRETCHES = collect(
  lines('pinged-segments.tsv').map(([segment, carrier, delay, jitter, loss, deaf]) => {
    const quality = { ...CLEAN, delayMs: Number(delay), jitterMs: Number(jitter), loss: Number(loss) / 1000 };
    return [segment!, SEGMENT_MS, carrier!, { quality, deaf: spans(deaf), handoversMs: [] }];
  }),
);

/** Stretches in which the gaps and handovers of two carriers were recorded at the same time. */
export const RECORDED_RUNS = collect(
  lines('two-carrier-runs.tsv').map(([run, durationMs, carrier, deaf, handovers]) => {
    const quality = { ...CLEAN, delayMs: 25, jitterMs: 15 };
    const handoversMs = handovers ? handovers.split(',').map(Number) : [];
    return [run!, Number(durationMs), carrier!, { quality, deaf: spans(deaf), handoversMs }];
  }),
);

/** One stretch after the other, drawn at random and the same for all carriers: their visits by name. */
export function driveAlong(
  random: Random,
  stretches: readonly Stretch[],
  carriers: readonly string[],
  durationMs: number,
): ReadonlyMap<string, readonly CellVisit[]> {
  const visits = new Map(carriers.map((carrier) => [carrier, [] as CellVisit[]]));
  let cell = 0;
  for (let atMs = 1000; atMs < durationMs; ) {
    const stretch = random.pick(stretches);
    for (const carrier of carriers) {
      const measured = stretch.carriers.get(carrier);
      if (measured) cell = addVisits(visits.get(carrier)!, measured, atMs, stretch.durationMs, cell);
    }
    atMs += stretch.durationMs;
  }
  return visits;
}

/** A handover begins another cell. */
function addVisits(
  list: CellVisit[],
  measured: StretchCarrier,
  atMs: number,
  durationMs: number,
  cell: number,
): number {
  const { quality, deaf } = measured;
  const cuts = [0, ...measured.handoversMs.filter((timeMs) => timeMs > 0 && timeMs < durationMs), durationMs];
  let number = cell;
  for (const [index, cut] of cuts.slice(0, -1).entries()) {
    const [fromMs, toMs] = [atMs + cut, atMs + cuts[index + 1]!];
    const within = deaf.flatMap((span) => {
      const clipped = { fromMs: Math.max(fromMs, atMs + span.fromMs), toMs: Math.min(toMs, atMs + span.toMs) };
      return clipped.fromMs < clipped.toMs ? clipped : [];
    });
    number = (number + 1) % 4096;
    list.push({ cell: number, fromMs, toMs, quality, deaf: within });
  }
  return number;
}
