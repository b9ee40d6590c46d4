import { CLEAN, type LinkQuality } from './channel.ts';
import type { Random } from './random.ts';

/** A stretch of a road that a carrier serves. */
export interface Cell {
  readonly number: number;
  readonly fromMetres: number;
  readonly toMetres: number;
  readonly quality: LinkQuality;
  /** Stretches in which the terminal stays attached and nothing gets through. */
  readonly deafSpots?: readonly { readonly fromMetres: number; readonly toMetres: number }[];
}

/** A vehicle's time in one cell. Visits of one uplink follow each other and may touch. */
export interface CellVisit {
  readonly cell: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly quality: LinkQuality;
  /** Times within the visit at which nothing gets through although the link is up. */
  readonly deaf: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** A stretch driven at even speed; the vehicle stands where both ends are the same. */
export interface Leg {
  readonly fromMs: number;
  readonly toMs: number;
  readonly fromMetres: number;
  readonly toMetres: number;
}

/** Cells along a road, with gaps between some of them. */
export function randomCells(
  random: Random,
  road: {
    readonly lengthMetres: number;
    readonly cellMetres: number;
    /** Share of the boundaries at which there is a gap, and its length on average. */
    readonly gapShare: number;
    readonly gapMetres: number;
    /** Deaf spots per cell on average, and their length. */
    readonly deafSpots: number;
    readonly deafMetres: number;
  },
  quality: (random: Random) => LinkQuality,
): Cell[] {
  const cells: Cell[] = [];
  for (let at = 0, number = 0; at < road.lengthMetres; number++) {
    const end = Math.min(road.lengthMetres, at + road.cellMetres * random.uniform(0.4, 1.6));
    const deafSpots = Array.from({ length: random.chance(road.deafSpots) ? 1 : 0 }, () => {
      const fromMetres = random.uniform(at, end);
      return { fromMetres, toMetres: Math.min(end, fromMetres + random.exponential(road.deafMetres)) };
    });
    cells.push({ number, fromMetres: at, toMetres: end, quality: quality(random), deafSpots });
    at = end + (random.chance(road.gapShare) ? random.exponential(road.gapMetres) : 0);
  }
  return cells;
}

/** Back and forth on a road, with stops. */
export function* commute(
  random: Random,
  road: { readonly lengthMetres: number; readonly metresPerSecond: number; readonly stopSeconds: number },
): Iterable<Leg> {
  let at = random.uniform(0, road.lengthMetres);
  let forward = random.chance(0.5);
  for (let nowMs = 0; ; ) {
    const distance = Math.max(50, random.exponential(road.lengthMetres / 6));
    const wanted = forward ? at + distance : at - distance;
    const to = Math.min(road.lengthMetres, Math.max(0, wanted));
    const speed = road.metresPerSecond * random.uniform(0.5, 1.3);
    const arrivalMs = nowMs + (Math.abs(to - at) / speed) * 1000 + 1;
    yield { fromMs: nowMs, toMs: arrivalMs, fromMetres: at, toMetres: to };
    if (to !== wanted) forward = !forward;
    const leaveMs = arrivalMs + random.exponential(road.stopSeconds * 1000) + 1;
    yield { fromMs: arrivalMs, toMs: leaveMs, fromMetres: to, toMetres: to };
    at = to;
    nowMs = leaveMs;
  }
}

/** Which cells are visited when, on a journey through a map of cells that do not overlap. */
export function* visitsOf(legs: Iterable<Leg>, cells: readonly Cell[]): Iterable<CellVisit> {
  let open: CellVisit | undefined;
  for (const leg of legs) {
    for (const visit of visitsOfLeg(leg, cells)) {
      if (open && open.cell === visit.cell && open.toMs === visit.fromMs) {
        open = { ...open, toMs: visit.toMs, deaf: [...open.deaf, ...visit.deaf] };
        continue;
      }
      if (open) yield open;
      open = visit;
    }
    // Without cells ahead the open visit would wait for ever.
    if (open && open.toMs < leg.fromMs) {
      yield open;
      open = undefined;
    }
  }
}

function visitsOfLeg(leg: Leg, cells: readonly Cell[]): CellVisit[] {
  const visits: CellVisit[] = [];
  for (const cell of cells) {
    const span = timesWithin(leg, cell);
    if (!span) continue;
    const deaf = (cell.deafSpots ?? []).flatMap((spot) => timesWithin(leg, spot) ?? []);
    visits.push({ cell: cell.number, quality: cell.quality, ...span, deaf });
  }
  return visits.sort((a, b) => a.fromMs - b.fromMs);
}

function timesWithin(
  leg: Leg,
  stretch: { readonly fromMetres: number; readonly toMetres: number },
): { readonly fromMs: number; readonly toMs: number } | undefined {
  const { fromMetres, toMetres } = leg;
  if (fromMetres === toMetres) {
    const isInside = fromMetres >= stretch.fromMetres && fromMetres < stretch.toMetres;
    return isInside ? { fromMs: leg.fromMs, toMs: leg.toMs } : undefined;
  }
  const timeAt = (metres: number) =>
    leg.fromMs + ((metres - fromMetres) / (toMetres - fromMetres)) * (leg.toMs - leg.fromMs);
  const [a, b] = [timeAt(stretch.fromMetres), timeAt(stretch.toMetres)];
  const fromMs = Math.max(leg.fromMs, Math.min(a, b));
  const toMs = Math.min(leg.toMs, Math.max(a, b));
  return fromMs < toMs ? { fromMs, toMs } : undefined;
}

/** A link that is always there. */
export function always(quality: LinkQuality = CLEAN): CellVisit[] {
  return [{ cell: 0, fromMs: 0, toMs: Number.POSITIVE_INFINITY, quality, deaf: [] }];
}

/** Visits that come and go at random: a link without a map, such as Wi-Fi at stops. */
export function* comingAndGoing(
  random: Random,
  times: { readonly presentMs: number; readonly absentMs: number; readonly cells: number },
  quality: (random: Random) => LinkQuality,
): Iterable<CellVisit> {
  for (let atMs = random.exponential(times.absentMs); ; ) {
    const toMs = atMs + 500 + random.exponential(times.presentMs);
    yield { cell: random.integer(0, times.cells - 1), fromMs: atMs, toMs, quality: quality(random), deaf: [] };
    atMs = toMs + 200 + random.exponential(times.absentMs);
  }
}
