import { FORWARDER_COUNTERS, type ForwarderStatistics, TUNNEL_COUNTERS, type TunnelStatistics } from './statistics.ts';

/** How many counters there are with so many tunnels. */
export function statisticsLength(tunnels: number): number {
  return FORWARDER_COUNTERS.length + tunnels * TUNNEL_COUNTERS.length;
}

/** Gives the native forwarder's counters their names. */
export function readStatistics(counters: Float64Array): ForwarderStatistics {
  const named = (names: readonly string[], from: number) =>
    Object.fromEntries(names.map((name, index) => [name, counters[from + index] ?? 0]));
  const tunnels: TunnelStatistics[] = [];
  for (
    let at = FORWARDER_COUNTERS.length;
    at + TUNNEL_COUNTERS.length <= counters.length;
    at += TUNNEL_COUNTERS.length
  ) {
    tunnels.push(named(TUNNEL_COUNTERS, at) as TunnelStatistics);
  }
  return { ...(named(FORWARDER_COUNTERS, 0) as Omit<ForwarderStatistics, 'tunnels'>), tunnels };
}
