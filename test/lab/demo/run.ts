// Runs the demo: builds the lab, starts both ends of monami and the traffic, lets the events happen, and measures.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dualStackAgent, dualStackRouter } from '../dual-stack.ts';
import { hostState, stateDifference } from '../host-state.ts';
import { type Meter, type Sample, startMeter } from '../meter.ts';
import {
  type Monami,
  requireExecutable,
  startMonami,
  untilAnswering,
  untilRegistered,
  workDirectory,
} from '../monami.ts';
import { PROMPTLY, sleep } from '../namespace.ts';
import { addresses, buildTopology, type Topology, UPLINKS, type Uplink } from '../topology.ts';
import {
  addCounts,
  effectOf,
  FAMILIES,
  type FamiliesTraffic,
  type Recorders,
  startBothFamilies,
  totalsOf,
  transferFailures,
} from '../traffic/both-families.ts';
import type { Recorder } from '../traffic/recorder.ts';
import { type MqttMessage, startBroker } from './broker-process.ts';
import type { LiveView } from './live-view.ts';
import { type DemoResult, type EventResult, problemsOf, type SessionCounts } from './result.ts';
import { STEPS, type Stage } from './scenario.ts';

const WARM_UP_MS = 2000;
const FAST_WARM_UP_MS = 1000;
const BUSIEST_SPAN_MS = 500;
const DRAW_INTERVAL_MS = 200;
const FINISH_PATIENCE_MS = 10_000;
const FLOW_PATIENCE_MS = 10_000;

/** Everything that the report page needs beyond the result. */
export interface DemoRecord {
  readonly result: DemoResult;
  readonly startMs: number;
  readonly endMs: number;
  readonly samples: readonly Sample[];
  readonly recorders: Recorders;
  readonly messages: readonly MqttMessage[];
  /** What both ends of monami logged. */
  readonly logs: { readonly router: string; readonly agent: string };
}

interface Happened {
  readonly name: string;
  readonly title: string;
  readonly timeMs: number;
  readonly limitMs: number | null;
  readonly onlyUplink: Uplink | null;
}

/** An event message in a few words, or null for what is not worth a line. */
export function newsOf(message: MqttMessage): { readonly type: string; readonly text: string } | null {
  let event: unknown;
  try {
    event = JSON.parse(message.payload);
  } catch {
    return null;
  }
  if (typeof event !== 'object' || event === null || !('type' in event) || typeof event.type !== 'string') return null;
  const details = Object.entries(event)
    .filter(
      ([key, value]) => ['uplink', 'from', 'to', 'state', 'reason', 'bid', 'careOfAddress'].includes(key) && value,
    )
    .map(([key, value]) => `${key} ${String(value)}`);
  return { type: event.type, text: [event.type, ...details].join(' ') };
}

function busiest(meter: Meter): Uplink {
  const octets = meter.recent(BUSIEST_SPAN_MS);
  return UPLINKS.reduce((best, name) => ((octets[name] ?? 0) > (octets[best] ?? 0) ? name : best));
}

/** The lab of one demo run, up to the moment when traffic may start. */
async function setUp(topology: Topology, view: LiveView, messages: MqttMessage[]) {
  const directory = workDirectory();
  const { namespaces } = topology;
  const before = { router: hostState(namespaces.router), agent: hostState(namespaces.agent) };
  const trafficStarting = startBothFamilies(topology);
  await startBroker(topology, (message) => {
    messages.push(message);
    const news = newsOf(message);
    if (news) view.note(`           MQTT ${message.topic}: ${news.text}`);
  });
  const agent = startMonami(namespaces.agent, 'agent', directory, dualStackAgent(directory), PROMPTLY);
  await untilAnswering(agent);
  const mqtt = { host: addresses.server, vehicleId: 'bus', metricsIntervalSeconds: 1 };
  const startRouter = () =>
    startMonami(namespaces.router, 'router', directory, { ...dualStackRouter(directory), mqtt }, PROMPTLY);
  const router = startRouter();
  await untilRegistered(router);
  const logs = () => ({
    router: readFileSync(join(directory, 'router.log'), 'utf8'),
    agent: readFileSync(join(directory, 'agent.log'), 'utf8'),
  });
  return { before, agent, router, startRouter, traffic: await trafficStarting, logs };
}

async function playSteps(
  stage: Stage,
  fast: boolean,
  view: LiveView,
  recorders: Recorders,
  startMs: number,
  onStep: (title: string) => void,
) {
  const happened: Happened[] = [];
  let previous: Uplink | null = null;
  for (const step of STEPS) {
    const timeMs = Date.now();
    previous = await step.act(stage, previous);
    const title = step.title.replace('%', previous ?? '');
    happened.push({ name: step.name, title, timeMs, limitMs: step.limitMs, onlyUplink: step.onlyUplink ?? null });
    onStep(title);
    view.note(`${((timeMs - startMs) / 1000).toFixed(1).padStart(6)} s   ${title}`);
    await sleep(Math.max(0, timeMs + (fast ? step.fastDurationMs : step.durationMs) - Date.now()));
    const { gapMs, pingsLost } = effectOf(recorders, timeMs, Date.now());
    view.note(`           → gap ${gapMs.toFixed(0)} ms, ${pingsLost} pings lost`);
  }
  return happened;
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

function measure(
  happened: readonly Happened[],
  recorders: Recorders,
  samples: readonly Sample[],
  { startMs, endMs }: Span,
): EventResult[] {
  return happened.map(({ timeMs, ...step }, index) => {
    const untilMs = happened[index + 1]?.timeMs ?? endMs;
    return {
      ...step,
      atSeconds: Math.round((timeMs - startMs) / 100) / 10,
      ...effectOf(recorders, timeMs, untilMs),
      uplinkBytes: octetsBetween(samples, timeMs, untilMs),
    };
  });
}

/** Per uplink, from the meter's samples. */
function octetsBetween(samples: readonly Sample[], fromMs: number, toMs: number): Record<string, number> {
  const at = (timeMs: number) => samples.findLast((sample) => sample.timeMs <= timeMs)?.octets ?? {};
  const [before, after] = [at(fromMs), at(toMs)];
  return Object.fromEntries(UPLINKS.map((name) => [name, Math.max(0, (after[name] ?? 0) - (before[name] ?? 0))]));
}

function sessionsOf(recorder: Recorder, lastEventMs: number, endMs: number): SessionCounts {
  return {
    tcp: recorder.tcp(lastEventMs),
    udp: recorder.udp(lastEventMs, endMs),
    ping: recorder.ping(lastEventMs, endMs),
  };
}

/** Plays the whole demo once. Rejects with LabError if the lab itself cannot be built. */
export async function runDemo(fast: boolean, view: LiveView): Promise<DemoRecord> {
  requireExecutable();
  const topology = buildTopology({ uplinks: { satellite: { ipv6: false, ipv4: 'nat' } } });
  try {
    return await runIn(topology, fast, view);
  } finally {
    view.end();
    topology.remove();
  }
}

async function runIn(topology: Topology, fast: boolean, view: LiveView): Promise<DemoRecord> {
  const messages: MqttMessage[] = [];
  const { before, agent, startRouter, traffic, logs, ...first } = await setUp(topology, view, messages);
  let router: Monami = first.router;
  const { recorders } = traffic;
  const meter = startMeter(topology.namespaces.router, UPLINKS);
  await traffic.open(FLOW_PATIENCE_MS);
  const startMs = Date.now();
  let happening = 'all traffic flows';
  const drawing = setInterval(() => draw(view, meter, traffic, startMs, happening), DRAW_INTERVAL_MS);
  await sleep(fast ? FAST_WARM_UP_MS : WARM_UP_MS);
  const stage: Stage = {
    topology,
    busiestUplink: () => busiest(meter),
    leaveOnly(uplink) {
      for (const other of UPLINKS) if (other !== uplink) topology.carrierLost(other);
    },
    restoreOthers(uplink) {
      for (const other of UPLINKS) if (other !== uplink) topology.linkUp(other);
    },
    async killRouter(pauseMs) {
      await router.process.stop('SIGKILL');
      await sleep(pauseMs);
      router = startRouter();
    },
  };
  const happened = await playSteps(stage, fast, view, recorders, startMs, (title) => {
    happening = title;
  });
  const endMs = Date.now();
  clearInterval(drawing);
  await traffic.finish(FINISH_PATIENCE_MS);
  await meter.stop();
  const exitStatus = { router: await router.process.stop(), agent: await agent.process.stop() };
  const after = { router: hostState(topology.namespaces.router), agent: hostState(topology.namespaces.agent) };

  const lastEventMs = happened.at(-1)?.timeMs ?? startMs;
  const tcpBytes = tcpBytesOf(recorders);
  const sessionsByFamily = {
    ipv6: sessionsOf(recorders.ipv6, lastEventMs, endMs),
    ipv4: sessionsOf(recorders.ipv4, lastEventMs, endMs),
  };
  const both = (kind: keyof SessionCounts) => addCounts(FAMILIES.map((family) => sessionsByFamily[family][kind]));
  const measured = {
    sessions: { tcp: both('tcp'), udp: both('udp'), ping: both('ping') },
    sessionsByFamily,
    events: measure(happened, recorders, meter.samples, { startMs, endMs }),
    totals: totalsOf(recorders),
    throughput: {
      tcpBytes,
      tcpBitsPerSecond: Math.round((tcpBytes * 8000) / (endMs - startMs)),
      uplinkBytes: { ...meter.samples.at(-1)?.octets },
    },
    hostState: {
      router: stateDifference(before.router, after.router),
      agent: stateDifference(before.agent, after.agent),
    },
    exitStatus,
    mqtt: {
      messages: messages.length,
      handovers: messages.filter((message) => newsOf(message)?.type === 'handover').length,
    },
  };
  const problems = [...problemsOf(measured), ...transferFailures(recorders, lastEventMs)];
  const result = { ok: problems.length === 0, problems, ...measured };
  return { result, startMs, endMs, samples: meter.samples, recorders, messages, logs: logs() };
}

function tcpBytesOf(recorders: Recorders): number {
  return FAMILIES.reduce((sum, family) => sum + recorders[family].tcpBytes(), 0);
}

function draw(view: LiveView, meter: Meter, { recorders }: FamiliesTraffic, startMs: number, happening: string): void {
  const octets = meter.recent(1000);
  const all = FAMILIES.map((family) => recorders[family]);
  view.draw({
    elapsedMs: Date.now() - startMs,
    happening,
    rates: octets,
    tcpBytes: tcpBytesOf(recorders),
    pingsAnswered: all.reduce((sum, { pingReplies }) => sum + pingReplies.length, 0),
    sinceReplyMs: Date.now() - Math.min(...all.map((recorder) => recorder.lastReplyMs())),
  });
}
