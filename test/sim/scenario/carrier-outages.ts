import { CLEAN } from '../channel.ts';
import { always } from '../coverage.ts';
import type { Scenario } from '../plan.ts';
import {
  familiesFail,
  MINUTE_MS,
  nowAndThen,
  ordinaryVehicle,
  PLAIN_WORLD,
  radio,
  SECOND_MS,
  SHIFT_MS,
  sometimesIpv4,
} from './parts.ts';

export const scenario: Scenario = {
  name: 'carrier-outages',
  sentence: 'Four parked vehicles see their carriers go silent one after the other, and at times all at once.',
  plan(random) {
    const vehicle = () =>
      ordinaryVehicle(random, [
        { name: 'cellular-a', carrier: 0, visits: always(radio(random)) },
        { name: 'cellular-b', carrier: 1, visits: always(radio(random)) },
        { name: 'satellite', carrier: 2, visits: always({ ...CLEAN, delayMs: 280, jitterMs: 40 }) },
      ]);
    return {
      ...PLAIN_WORLD,
      durationMs: SHIFT_MS / 4,
      carriers: ['carrier A', 'carrier B', 'satellite'].map((name) => ({
        name,
        addressing: 'fixed' as const,
        backhaul: CLEAN,
        ...sometimesIpv4(random),
      })),
      vehicles: [vehicle(), vehicle(), vehicle(), vehicle()],
      faults: (world, faults) => {
        familiesFail(world, faults.fork('families'), 20 * MINUTE_MS);
        for (const index of [0, 1, 2]) {
          nowAndThen(world.scheduler, faults.fork(index), 12 * MINUTE_MS, () => {
            world.silenceCarrier(index, faults.exponential(100 * SECOND_MS));
          });
        }
      },
    };
  },
};
