// The lab's traffic in IPv6 and IPv4 at once, and what both saw together.
import type { Topology } from '../topology.ts';
import { type Family, TCP_BYTES_PER_SECOND } from './plan.ts';
import type { Effect, Recorder, SessionCount } from './recorder.ts';
import { startTraffic } from './traffic.ts';

export const FAMILIES: readonly Family[] = ['ipv6', 'ipv4'];

export type Recorders = Readonly<Record<Family, Recorder>>;
export type Totals = ReturnType<Recorder['totals']>;

export interface FamiliesTraffic {
  readonly recorders: Recorders;
  open(patienceMs: number): Promise<void>;
  finish(patienceMs: number): Promise<void>;
}

export async function startBothFamilies(
  topology: Topology,
  tcpBytesPerSecond = TCP_BYTES_PER_SECOND,
): Promise<FamiliesTraffic> {
  const [ipv6, ipv4] = await Promise.all([
    startTraffic(topology, 'ipv6', tcpBytesPerSecond),
    startTraffic(topology, 'ipv4', tcpBytesPerSecond),
  ]);
  const both = [ipv6, ipv4];
  return {
    recorders: { ipv6: ipv6.recorder, ipv4: ipv4.recorder },
    async open(patienceMs) {
      await Promise.all(both.map((traffic) => traffic.open(patienceMs)));
    },
    async finish(patienceMs) {
      await Promise.all(both.map((traffic) => traffic.finish(patienceMs)));
    },
  };
}

/** The longest gaps of either family, and what both lost. */
export function effectOf(recorders: Recorders, fromMs: number, toMs: number): Effect {
  const effects = FAMILIES.map((family) => recorders[family].effect(fromMs, toMs));
  const most = (key: keyof Effect) => Math.max(...effects.map((effect) => effect[key]));
  const all = (key: keyof Effect) => effects.reduce((sum, effect) => sum + effect[key], 0);
  return {
    gapMs: most('gapMs'),
    pingsSent: all('pingsSent'),
    pingsLost: all('pingsLost'),
    udpUpGapMs: most('udpUpGapMs'),
    udpDownGapMs: most('udpDownGapMs'),
    udpLost: all('udpLost'),
    tcpStallMs: most('tcpStallMs'),
  };
}

export function addCounts(counts: readonly SessionCount[]): SessionCount {
  return counts.reduce((sum, { opened, survived }) => ({
    opened: sum.opened + opened,
    survived: sum.survived + survived,
  }));
}

export function totalsOf(recorders: Recorders): Totals {
  const [ipv6, ipv4] = [recorders.ipv6.totals(), recorders.ipv4.totals()];
  return {
    pingsSent: ipv6.pingsSent + ipv4.pingsSent,
    pingsLost: ipv6.pingsLost + ipv4.pingsLost,
    udpSent: ipv6.udpSent + ipv4.udpSent,
    udpLost: ipv6.udpLost + ipv4.udpLost,
  };
}

/** Why TCP transfers did not survive until after the last event, one line each. */
export function transferFailures(recorders: Recorders, lastEventMs: number): string[] {
  return FAMILIES.flatMap((family) =>
    [...recorders[family].transfers.keys()].flatMap((id) => {
      const failure = recorders[family].transferFailure(id, lastEventMs);
      return failure ? [`TCP transfer ${id} in ${nameOf(family)}: ${failure}`] : [];
    }),
  );
}

export function nameOf(family: Family): string {
  return family === 'ipv6' ? 'IPv6' : 'IPv4';
}
