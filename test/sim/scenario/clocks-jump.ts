import { CLEAN } from '../channel.ts';
import type { Scenario } from '../plan.ts';
import {
  driveThrough,
  HOUR_MS,
  homeAgentFails,
  MINUTE_MS,
  nowAndThen,
  ordinaryVehicle,
  PLAIN_WORLD,
  routersFail,
  SECOND_MS,
  SHIFT_MS,
} from './parts.ts';

const YEAR_MS = 365 * 24 * HOUR_MS;

export const scenario: Scenario = {
  name: 'clocks-jump',
  sentence:
    'Wall clocks are set late by satellites or time servers, by seconds, hours and years, forwards and backwards.',
  plan(random) {
    const [a, b] = driveThrough(random, 2, SHIFT_MS);
    return {
      ...PLAIN_WORLD,
      durationMs: SHIFT_MS,
      carriers: [
        { name: 'carrier A', addressing: 'by-cell', backhaul: CLEAN },
        { name: 'carrier B', addressing: 'fixed', backhaul: CLEAN },
      ],
      vehicles: [
        ordinaryVehicle(random, [
          { name: 'cellular-a', carrier: 0, visits: a! },
          { name: 'cellular-b', carrier: 1, visits: b! },
        ]),
      ],
      faults: (world, faults) => {
        const { clock } = world.vehicles[0]!.host;
        // A router without a battery starts in the past, and learns the time some minutes later.
        const yearsMs = faults.uniform(1, 20) * YEAR_MS;
        clock.jumpWall(-yearsMs);
        world.scheduler.after(faults.uniform(0, 20 * MINUTE_MS), () => clock.jumpWall(yearsMs));
        nowAndThen(world.scheduler, faults, 30 * MINUTE_MS, () => {
          const byMs = faults.pick([0.3 * SECOND_MS, 20 * SECOND_MS, HOUR_MS, YEAR_MS]) * faults.uniform(-1, 1);
          clock.jumpWall(byMs);
        });
        routersFail(world, faults.fork('routers'), HOUR_MS);
        homeAgentFails(world, faults.fork('agent'), 2 * HOUR_MS);
      },
    };
  },
};
