import { CLEAN } from '../channel.ts';
import { always } from '../coverage.ts';
import type { Scenario } from '../plan.ts';
import {
  driveThrough,
  MINUTE_MS,
  ordinaryVehicle,
  PLAIN_WORLD,
  radio,
  routersFail,
  SHIFT_MS,
  sometimesIpv4,
} from './parts.ts';

export const scenario: Scenario = {
  name: 'router-reboots',
  sentence: 'Two mobile routers are killed, stopped, power-cycled, and lose notifications of their kernels.',
  plan(random) {
    const shiftMs = SHIFT_MS / 2;
    const vehicle = () => {
      const [a] = driveThrough(random, 1, shiftMs);
      return ordinaryVehicle(random, [
        { name: 'cellular', carrier: 0, visits: a! },
        { name: 'satellite', carrier: 1, visits: always(radio(random)) },
      ]);
    };
    return {
      ...PLAIN_WORLD,
      // With timestamps sequence numbers mean nothing (RFC 4285 §7): both are to be seen.
      authentication: random.chance(0.5),
      durationMs: shiftMs,
      carriers: [
        { name: 'carrier A', addressing: random.pick(['by-cell', 'pool']), backhaul: CLEAN, ...sometimesIpv4(random) },
        { name: 'satellite', addressing: 'fixed', backhaul: CLEAN, ...sometimesIpv4(random) },
      ],
      vehicles: [vehicle(), vehicle()],
      faults: (world, faults) => routersFail(world, faults, 8 * MINUTE_MS),
    };
  },
};
