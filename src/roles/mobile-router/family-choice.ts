import type { UplinkConfiguration } from '../../config/configuration.ts';
import type { Uplink } from '../../paths/uplink.ts';

export type AddressFamily = 'ipv4' | 'ipv6';

/** A link that comes back within this time is taken for one of the same network. */
const SAME_NETWORK_MS = 30_000;
/** In order of preference, where the configuration says nothing else (RFC 5555 §4.4.1). */
export const FAMILIES: readonly AddressFamily[] = ['ipv6', 'ipv4'];

interface Memory {
  /** Taken because the other one did not lead to the home agent; `undefined`: the preferred one. */
  family: AddressFamily | undefined;
  /** The other one was found dead by its probes, and may come back by them. */
  isOtherDead: boolean;
  goneSinceMs: number | undefined;
}

/**
 * Which of an uplink's address families its care-of address has, towards one home agent. What was found out is kept
 * through movements: to try a family that leads nowhere at each of them would cost seconds every time (RFC 5555 §4.4.1).
 */
export class FamilyChoice {
  readonly #memories = new Map<string, Memory>();

  /** `undefined` while there is no usable address. `reachable`: the families in which the home agent has an address. */
  choose(
    { name, addressFamilies }: UplinkConfiguration,
    observed: Uplink,
    reachable: readonly AddressFamily[],
    nowMs: number,
  ): AddressFamily | undefined {
    const available = (addressFamilies ?? FAMILIES).filter(
      (family) =>
        reachable.includes(family) && (family === 'ipv6' ? observed.careOfAddress !== null : Boolean(observed.ipv4)),
    );
    const memory = this.#memories.get(name);
    if (available.length === 0) {
      if (memory) memory.goneSinceMs ??= nowMs;
      return undefined;
    }
    if (memory?.goneSinceMs !== undefined && nowMs - memory.goneSinceMs >= SAME_NETWORK_MS) this.#memories.delete(name);
    else if (memory) memory.goneSinceMs = undefined;
    const kept = this.#memories.get(name)?.family;
    return kept !== undefined && available.includes(kept) ? kept : available[0];
  }

  /** The family does not lead to the home agent: the other one is tried. */
  giveUp(uplink: string, family: AddressFamily, why: 'unanswered' | 'dead'): void {
    const other = family === 'ipv6' ? 'ipv4' : 'ipv6';
    this.#memories.set(uplink, { family: other, isOtherDead: why === 'dead', goneSinceMs: undefined });
  }

  /** Whether the family that was left is to be listened to, for it was only found dead. */
  isOtherDead(uplink: string): boolean {
    return this.#memories.get(uplink)?.isOtherDead ?? false;
  }

  /** Back to the preferred family. */
  forget(uplink: string): void {
    this.#memories.delete(uplink);
  }
}
