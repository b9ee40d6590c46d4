import { CLEAN } from '../channel.ts';
import { comingAndGoing } from '../coverage.ts';
import type { Scenario } from '../plan.ts';
import { HOUR_MS, MINUTE_MS, ordinaryVehicle, PLAIN_WORLD, radio, routersFail, SECOND_MS, SHIFT_MS } from './parts.ts';

const VEHICLES = 8;

export const scenario: Scenario = {
  name: 'shared-addresses',
  sentence: 'Eight taxis with two modems each share a carrier that gives the address that one has left to the next.',
  plan(random) {
    const visits = () =>
      comingAndGoing(random, { presentMs: 5 * MINUTE_MS, absentMs: 40 * SECOND_MS, cells: 1 }, radio);
    return {
      ...PLAIN_WORLD,
      // With timestamps sequence numbers mean nothing (RFC 4285 §7): both are to be seen.
      authentication: random.chance(0.5),
      durationMs: SHIFT_MS / VEHICLES,
      carriers: [{ name: 'carrier A', addressing: 'pool', backhaul: CLEAN }],
      vehicles: Array.from({ length: VEHICLES }, () =>
        ordinaryVehicle(random, [
          { name: 'modem-1', carrier: 0, visits: visits() },
          { name: 'modem-2', carrier: 0, visits: visits() },
        ]),
      ),
      faults: (world, faults) => routersFail(world, faults, HOUR_MS / 4),
    };
  },
};
