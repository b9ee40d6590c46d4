import { CLEAN } from '../channel.ts';
import type { Scenario } from '../plan.ts';
import {
  driveThrough,
  homeAgentFails,
  MINUTE_MS,
  ordinaryVehicle,
  PLAIN_WORLD,
  SHIFT_MS,
  sometimesIpv4,
} from './parts.ts';

export const scenario: Scenario = {
  name: 'home-agent-reboots',
  sentence: 'The home agent is killed or stopped now and then, and comes back knowing nothing.',
  plan(random) {
    const [a, b] = driveThrough(random, 2, SHIFT_MS);
    return {
      ...PLAIN_WORLD,
      durationMs: SHIFT_MS,
      carriers: [
        { name: 'carrier A', addressing: 'by-cell', backhaul: CLEAN, ...sometimesIpv4(random) },
        { name: 'carrier B', addressing: 'fixed', backhaul: CLEAN, ...sometimesIpv4(random) },
      ],
      vehicles: [
        ordinaryVehicle(random, [
          { name: 'cellular-a', carrier: 0, visits: a! },
          { name: 'cellular-b', carrier: 1, visits: b! },
        ]),
      ],
      faults: (world, faults) => homeAgentFails(world, faults, 40 * MINUTE_MS),
    };
  },
};
