const NOT_ECT = 0;
const ECT_1 = 1;
const ECT_0 = 2;
const CE = 3;

/** The ECN field of the packet that leaves the tunnel; `undefined`: it is to be dropped (RFC 6040 §4.2, figure 4). */
export function decapsulatedEcn(inner: number, outer: number): number | undefined {
  if (outer === CE) return inner === NOT_ECT ? undefined : CE;
  return inner === ECT_0 && outer === ECT_1 ? ECT_1 : inner;
}
