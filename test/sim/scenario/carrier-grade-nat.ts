import { CLEAN } from '../channel.ts';
import type { Scenario } from '../plan.ts';
import { driveThrough, HOUR_MS, ipv4, nat, natsFail, ordinaryVehicle, PLAIN_WORLD, SHIFT_MS } from './parts.ts';

export const scenario: Scenario = {
  name: 'carrier-grade-nat',
  sentence:
    'Two vans whose modems are NATs behind the NAT of their carrier, which they share, on the way from cell to cell.',
  plan(random) {
    const shiftMs = SHIFT_MS / 2;
    const vehicle = () => {
      const [a, b] = driveThrough(random, 2, shiftMs);
      return ordinaryVehicle(random, [
        { name: 'cellular-a', carrier: 0, visits: a!, modemNat: nat(random) },
        { name: 'cellular-b', carrier: 1, visits: b!, modemNat: nat(random) },
      ]);
    };
    return {
      ...PLAIN_WORLD,
      durationMs: shiftMs,
      carriers: ['carrier A', 'carrier B'].map((name) => ({
        ...{ name, backhaul: { ...CLEAN, mtuBytes: random.pick([1360, 1428, 1500]) } },
        addressing: random.pick(['by-cell', 'fixed']),
        ipv4: ipv4(random, random.pick([['ipv4'], ['ipv4'], ['both']]), { nat: nat(random) }),
      })),
      vehicles: [vehicle(), vehicle()],
      faults: (world, faults) => natsFail(world, faults, HOUR_MS / 3),
    };
  },
};
