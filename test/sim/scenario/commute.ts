import { CLEAN } from '../channel.ts';
import type { Scenario } from '../plan.ts';
import { driveThrough, ordinaryVehicle, PLAIN_WORLD, SHIFT_MS, sometimesIpv4, wifiAtStops } from './parts.ts';

export const scenario: Scenario = {
  name: 'commute',
  sentence:
    'A bus goes back and forth through the cells of two carriers with gaps in them, and has Wi-Fi at some stops.',
  plan(random) {
    const [a, b] = driveThrough(random, 2, SHIFT_MS);
    return {
      ...PLAIN_WORLD,
      durationMs: SHIFT_MS,
      carriers: [
        {
          name: 'carrier A',
          addressing: random.pick(['by-cell', 'fixed', 'pool']),
          backhaul: CLEAN,
          ...sometimesIpv4(random),
        },
        {
          name: 'carrier B',
          addressing: random.pick(['by-cell', 'fixed', 'pool']),
          backhaul: CLEAN,
          ...sometimesIpv4(random),
        },
        { name: 'stops', addressing: 'by-cell', backhaul: CLEAN, ...sometimesIpv4(random) },
      ],
      vehicles: [
        ordinaryVehicle(random, [
          { name: 'cellular-a', carrier: 0, visits: a! },
          { name: 'cellular-b', carrier: 1, visits: b! },
          { name: 'wifi', carrier: 2, visits: wifiAtStops(random) },
        ]),
      ],
    };
  },
};
