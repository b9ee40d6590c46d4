// Inline SVG plots over time, without any library.

export interface Series {
  readonly name: string;
  readonly color: string;
  /** Seconds since the start, and the value. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Mark {
  readonly atSeconds: number;
  readonly label: string;
}

export interface Plot {
  readonly title: string;
  readonly unit: string;
  readonly seconds: number;
  readonly series: readonly Series[];
  readonly marks: readonly Mark[];
  /** Stretches painted red, in seconds. */
  readonly outages: readonly (readonly [number, number])[];
  /** Points instead of lines. */
  readonly dots?: boolean;
}

const WIDTH = 960;
const HEIGHT = 240;
const LEFT = 56;
const RIGHT = 12;
const TOP = 28;
const BOTTOM = 28;

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A round number at or above the value: 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10);
}

/** One plot as an SVG element. */
export function svgPlot(plot: Plot): string {
  const top = roundUp(Math.max(...plot.series.flatMap((series) => series.points.map(([, value]) => value)), 0.001));
  const x = (seconds: number) => LEFT + (seconds / plot.seconds) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const at = ([seconds, value]: readonly [number, number]) => `${x(seconds).toFixed(1)},${y(value).toFixed(1)}`;
  const parts: string[] = [];
  for (const [from, to] of plot.outages) {
    const width = Math.max(1.5, x(to) - x(from)).toFixed(1);
    parts.push(`<rect class="outage" x="${x(from).toFixed(1)}" y="${TOP}" width="${width}" height="${y(0) - TOP}"/>`);
  }
  for (const share of [0, 0.5, 1]) {
    const line = y(top * share).toFixed(1);
    parts.push(`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${line}" y2="${line}"/>`);
    parts.push(
      `<text x="${LEFT - 6}" y="${line}" dy="4" text-anchor="end">${Number((top * share).toPrecision(3))}</text>`,
    );
  }
  const step = roundUp(plot.seconds / 10);
  for (let seconds = 0; seconds <= plot.seconds; seconds += step) {
    parts.push(`<text x="${x(seconds).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="middle">${seconds} s</text>`);
  }
  for (const { atSeconds, label } of plot.marks) {
    const line = x(atSeconds).toFixed(1);
    parts.push(`<line class="mark" x1="${line}" x2="${line}" y1="${TOP}" y2="${y(0)}"/>`);
    parts.push(`<text class="label" x="${line}" y="${TOP - 4}" text-anchor="middle">${escapeHtml(label)}</text>`);
  }
  for (const { color, points, name } of plot.series) {
    const title = `<title>${escapeHtml(name)}</title>`;
    parts.push(
      plot.dots
        ? `<path stroke="${color}" stroke-linecap="round" class="dots" d="${points.map((p) => `M${at(p)}h0`).join('')}">${title}</path>`
        : `<polyline stroke="${color}" points="${points.map(at).join(' ')}">${title}</polyline>`,
    );
  }
  const legend = plot.series
    .map(({ name, color }) => `<span><i style="background:${color}"></i>${escapeHtml(name)}</span>`)
    .join('');
  return `<figure><figcaption>${escapeHtml(plot.title)}, ${escapeHtml(plot.unit)}<span class="legend">${legend}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(plot.title)}">${parts.join('')}</svg></figure>`;
}
