import { formatAddress } from '../../src/bytes/address.ts';
import { REGISTRATION_MS, type Rule } from './judge.ts';
import type { Vehicle } from './vehicle.ts';
import type { World } from './world.ts';

interface Broken {
  /** Of the binding as it was registered then: another registration is another case. */
  readonly registeredMs: number;
  readonly sinceMs: number;
}

/** Follows which bindings lead nowhere because a NAT has forgotten, and for how long. */
export class NatWatch {
  readonly #vehicle: Vehicle;
  readonly #broken = new Map<number, Broken>();

  constructor(vehicle: Vehicle) {
    this.#vehicle = vehicle;
  }

  /** To be called often: a binding is broken from the first look that finds it so. */
  *check(world: World): Iterable<readonly [Rule, string]> {
    const { host, homeAddress, number, detectionMs, natChangeMs } = this.#vehicle;
    const { homeAgent, witness, scheduler } = world;
    const { nowMs } = scheduler;
    if (!host.isRunning || host.isStopping || !homeAgent.isRunning) {
      this.#broken.clear();
      return;
    }
    const runningSinceMs = Math.max(host.runningSinceMs, homeAgent.runningSinceMs, world.networkChangedMs);
    for (const { bid, outer, told, registeredMs } of witness.bindings(homeAddress, homeAgent.clock.nowMs)) {
      const uplink = outer?.nat ? this.#vehicle.uplinkWith(told) : undefined;
      const external = uplink?.external(nowMs)?.endpoint;
      const isRight = external?.address === outer?.address && external?.port === outer?.port;
      if (!uplink || !outer || isRight) {
        this.#broken.delete(bid);
        continue;
      }
      const known = this.#broken.get(bid);
      const broken = known?.registeredMs === registeredMs ? known : { registeredMs, sinceMs: nowMs };
      this.#broken.set(bid, broken);
      // While it can, a router repeats its update with growing pauses.
      const mayBeSlowUntilMs = Math.max(uplink.linkGoodSinceMs, runningSinceMs) + REGISTRATION_MS + detectionMs;
      const isSilent = uplink.network.silentFamily === 'ipv4';
      const brokenMs = nowMs - Math.max(broken.sinceMs, mayBeSlowUntilMs);
      if (isSilent || brokenMs <= natChangeMs || !uplink.isLossless || world.isAgentLinkLossy) continue;
      const now = external ? `${formatAddress(external.address)} port ${external.port}` : 'nothing';
      yield [
        'bindings follow the NAT',
        `vehicle ${number}, BID ${bid}: bound to ${formatAddress(outer.address)} port ${outer.port}, the NAT has ${now} ` +
          `for ${Math.round(brokenMs / 1000)} s`,
      ];
    }
  }
}
