import { CLEAN } from '../channel.ts';
import type { Scenario } from '../plan.ts';
import { driveThrough, ordinaryVehicle, PLAIN_WORLD, radio, SHIFT_MS } from './parts.ts';

export const scenario: Scenario = {
  name: 'narrow-paths',
  sentence: 'Links are narrower than the devices say, down to the smallest that IPv6 allows, and packets are large.',
  plan(random) {
    const narrow = () => ({ ...CLEAN, mtuBytes: random.pick([1280, 1300, 1400, 1460]) });
    const [a, b] = driveThrough(random, 2, SHIFT_MS, (cell) => ({
      ...radio(cell),
      mtuBytes: cell.pick([1280, 1288, 1320, 1500]),
    }));
    return {
      ...PLAIN_WORLD,
      durationMs: SHIFT_MS,
      carriers: [
        { name: 'carrier A', addressing: 'fixed', backhaul: narrow() },
        { name: 'carrier B', addressing: 'by-cell', backhaul: narrow() },
      ],
      vehicles: [
        ordinaryVehicle(random, [
          { name: 'cellular-a', carrier: 0, visits: a! },
          { name: 'cellular-b', carrier: 1, visits: b! },
        ]),
      ],
    };
  },
};
