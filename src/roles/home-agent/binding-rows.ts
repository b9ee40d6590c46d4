import type { Binding, BindingOuter, HomeEntry } from '../../bindings/binding-cache.ts';
import type { BindingStatusRow, OuterStatus } from '../status.ts';

/** The bindings of a home address for the status. */
export function bindingRows(entry: HomeEntry, nowMs: number): BindingStatusRow[] {
  return [...entry.bindings.values()].map((binding) => bindingRow(entry, binding, nowMs));
}

function bindingRow(
  { homeAddress, sequenceNumber, mobileRouter, prefixes, ipv4 }: HomeEntry,
  { bid, careOfAddress, expiresMs, outer, tunnelId }: Binding,
  nowMs: number,
): BindingStatusRow {
  return {
    homeAddress,
    bid,
    careOfAddress,
    sequenceNumber,
    remainingSeconds: Math.max(0, (expiresMs - nowMs) / 1000),
    mobileRouter,
    prefixes,
    ...(outer && { outer: outerStatus(outer) }),
    ...(ipv4 && { ipv4: { homeAddress: ipv4.homeAddress ?? null, prefixes: ipv4.prefixes } }),
    tunnelId,
  };
}

function outerStatus({ address, port, nat, udp }: BindingOuter): OuterStatus {
  return { encapsulation: udp ? 'udp' : 'ipv4', address, port, nat };
}
