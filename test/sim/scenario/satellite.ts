import { CLEAN } from '../channel.ts';
import { comingAndGoing } from '../coverage.ts';
import type { Scenario } from '../plan.ts';
import { MINUTE_MS, ordinaryVehicle, PLAIN_WORLD, SHIFT_MS } from './parts.ts';

export const scenario: Scenario = {
  name: 'satellite',
  sentence: 'A ship has a satellite link alone, whose answers take longer than the first repetition waits.',
  plan(random) {
    const delayMs = random.uniform(250, 700);
    const link = { ...CLEAN, delayMs, jitterMs: 60, mtuBytes: random.pick([1400, 1500]) };
    return {
      ...PLAIN_WORLD,
      durationMs: SHIFT_MS,
      carriers: [{ name: 'satellite', addressing: 'fixed', backhaul: { ...CLEAN, delayMs: 5 } }],
      vehicles: [
        ordinaryVehicle(random, [
          {
            name: 'satellite',
            carrier: 0,
            visits: comingAndGoing(random, { presentMs: 40 * MINUTE_MS, absentMs: MINUTE_MS, cells: 1 }, () => link),
          },
        ]),
      ],
    };
  },
};
