// The demo's report: one HTML page that needs nothing from elsewhere.
import { rates } from '../meter.ts';
import { UPLINKS } from '../topology.ts';
import { FAMILIES, nameOf } from '../traffic/both-families.ts';
import { type Family, TCP_PLANS } from '../traffic/plan.ts';
import { escapeHtml, type Mark, type Series, svgPlot } from './plot.ts';
import { type EventResult, megabytes } from './result.ts';
import { type DemoRecord, newsOf } from './run.ts';

const COLORS = ['#2563eb', '#16a34a', '#d97706', '#9333ea', '#0891b2', '#65a30d', '#dc2626', '#db2777'];
const UPLINK_NAMES = { cellular: 'cellular', wifi: 'wifi', satellite: 'satellite (IPv4, NAT)' } as const;
/** A stretch without a ping reply that is painted as an outage. */
const OUTAGE_MS = 30;

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 980px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .25rem .6rem; text-align: right; }
th { font-weight: 600; border-bottom: 2px solid #8886; } td { border-bottom: 1px solid #8883; }
th:nth-child(-n+3), td:nth-child(-n+3) { text-align: left; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: currentColor; }
polyline, .dots { fill: none; stroke-width: 1.8; } .dots { stroke-width: 2.6; }
.grid { stroke: #8884; } .mark { stroke: #8889; stroke-dasharray: 3 3; } .label { font-weight: 600; }
.outage { fill: #ef444466; } .legend { font-weight: 400; margin-left: 1rem; } .legend span { margin-right: 1rem; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .35em; }
.ok { color: #16a34a; } .bad { color: #dc2626; } code { font-size: .9em; }`;

function eventRow(event: EventResult, number: number): string {
  const over = event.limitMs !== null && event.gapMs > event.limitMs;
  const cells = [
    String(number),
    `${event.atSeconds.toFixed(1)} s`,
    event.title,
    `<span class="${over ? 'bad' : ''}">${event.gapMs.toFixed(0)} ms</span>`,
    event.limitMs === null ? '' : `${event.limitMs} ms`,
    `${event.pingsLost} of ${event.pingsSent}`,
    `${event.udpUpGapMs.toFixed(0)} / ${event.udpDownGapMs.toFixed(0)} ms`,
    String(event.udpLost),
    `${event.tcpStallMs.toFixed(0)} ms`,
  ];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  return `<table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** Of either family. */
function outages(record: DemoRecord): [number, number][] {
  return FAMILIES.flatMap((family) => outagesOf(record, family));
}

function outagesOf(record: DemoRecord, family: Family): [number, number][] {
  const replies = record.recorders[family].pingReplies.map((reply) => (reply.replyMs - record.startMs) / 1000);
  return replies.flatMap((at, index): [number, number][] => {
    const before = replies[index - 1] ?? at;
    return (at - before) * 1000 > OUTAGE_MS && before >= 0 ? [[before, at]] : [];
  });
}

function plots(record: DemoRecord): string {
  const seconds = (record.endMs - record.startMs) / 1000;
  const since = (timeMs: number) => (timeMs - record.startMs) / 1000;
  const within = ([at]: readonly [number, number]) => at >= 0 && at <= seconds;
  const marks: Mark[] = record.result.events.map((event, index) => ({
    atSeconds: event.atSeconds,
    label: String(index + 1),
  }));
  const common = { seconds, marks, outages: outages(record) };
  const throughput = UPLINKS.map((name, index) => ({
    name: UPLINK_NAMES[name],
    color: COLORS[index]!,
    points: rates(record.samples, name)
      .map(({ timeMs, bytesPerSecond }): [number, number] => [since(timeMs), (bytesPerSecond * 8) / 1e6])
      .filter(within),
  }));
  const roundTrips = FAMILIES.map(
    (family, index): Series => ({
      name: nameOf(family),
      color: COLORS[index]!,
      points: record.recorders[family].pingReplies
        .map((reply): [number, number] => [since(reply.replyMs), reply.roundTripMs])
        .filter(within),
    }),
  );
  const transfers = FAMILIES.flatMap((family, place) =>
    TCP_PLANS.map(
      ({ id, opener, sender }, index): Series => ({
        name: `${nameOf(family)}, opened by the ${opener}, sent by the ${sender}`,
        color: COLORS[place * TCP_PLANS.length + index]!,
        points: (record.recorders[family].transfers.get(id)?.progress ?? [])
          .map(({ timeMs, bytes }): [number, number] => [since(timeMs), bytes / 1e6])
          .filter(within),
      }),
    ),
  );
  return [
    svgPlot({ ...common, title: 'Uplinks, both ways', unit: 'Mbit/s', series: throughput }),
    svgPlot({
      ...common,
      title: 'Ping from the vehicle to the server',
      unit: 'ms',
      dots: true,
      series: roundTrips,
    }),
    svgPlot({ ...common, title: 'TCP content delivered and verified', unit: 'MB', series: transfers }),
  ].join('\n');
}

/** The whole page. */
export function reportPage(record: DemoRecord): string {
  const { result, startMs } = record;
  const head = ['', 'at', 'event', 'gap', 'allowed', 'pings lost', 'UDP gap up / down', 'UDP lost', 'TCP stall'];
  const sessions = FAMILIES.flatMap((family) =>
    Object.entries(result.sessionsByFamily[family]).map(([kind, { opened, survived }]) => {
      return `<tr><td>${kind.toUpperCase()}</td><td>${nameOf(family)}</td><td>${opened}</td><td>${survived}</td></tr>`;
    }),
  );
  const news = record.messages.flatMap((message) => {
    const read = newsOf(message);
    if (!read) return [];
    const at = ((message.timeMs - startMs) / 1000).toFixed(1);
    return [
      `<tr><td>${at} s</td><td><code>${escapeHtml(message.topic)}</code></td><td>${escapeHtml(read.text)}</td></tr>`,
    ];
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>monami demo</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head><body>
<h1>monami demo: <span class="${result.ok ? 'ok' : 'bad'}">${result.ok ? 'ok' : 'not ok'}</span></h1>
<p>A router with three uplinks, one of them IPv4 behind a NAT, keeps a vehicle's IPv6 and IPv4 sessions with a server alive.
${result.totals.pingsLost} of ${result.totals.pingsSent} pings and ${result.totals.udpLost} of ${result.totals.udpSent}
datagrams were lost; ${megabytes(result.throughput.tcpBytes)} went through TCP and arrived octet for octet.</p>
${result.problems.map((problem) => `<p class="bad">${escapeHtml(problem)}</p>`).join('')}
${plots(record)}
<p>Red: no ping reply for more than ${OUTAGE_MS} ms. Dashed: the events below, by number.</p>
<h2>Events</h2>
${table(
  head,
  result.events.map((event, index) => eventRow(event, index + 1)),
)}
<h2>Sessions</h2>
${table(['kind', 'family', 'opened', 'survived'], sessions)}
<h2>What MQTT subscribers heard</h2>
${table(['at', 'topic', 'event'], news)}
</body></html>
`;
}
