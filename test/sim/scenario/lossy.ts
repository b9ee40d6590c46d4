import { CLEAN } from '../channel.ts';
import type { Scenario } from '../plan.ts';
import {
  driveThrough,
  HOUR_MS,
  homeAgentFails,
  ordinaryVehicle,
  PLAIN_WORLD,
  rough,
  routersFail,
  SHIFT_MS,
  sometimesIpv4,
  wifiAtStops,
} from './parts.ts';

export const scenario: Scenario = {
  name: 'lossy',
  sentence:
    'Every link loses, doubles, delays and reorders packets and is narrow in places, while daemons fail at times.',
  plan(random) {
    const [a, b] = driveThrough(random, 2, SHIFT_MS, rough);
    return {
      ...PLAIN_WORLD,
      // With timestamps sequence numbers mean nothing (RFC 4285 §7): both are to be seen.
      authentication: random.chance(0.5),
      durationMs: SHIFT_MS,
      carriers: [
        { name: 'carrier A', addressing: 'by-cell', backhaul: rough(random), ...sometimesIpv4(random) },
        { name: 'carrier B', addressing: 'pool', backhaul: rough(random), ...sometimesIpv4(random) },
        { name: 'stops', addressing: 'by-cell', backhaul: CLEAN, ...sometimesIpv4(random) },
      ],
      homeAgentLink: { ...rough(random), loss: 0.01 },
      vehicles: [
        ordinaryVehicle(random, [
          { name: 'cellular-a', carrier: 0, visits: a! },
          { name: 'cellular-b', carrier: 1, visits: b! },
          { name: 'wifi', carrier: 2, visits: wifiAtStops(random, rough) },
        ]),
      ],
      faults: (world, faults) => {
        homeAgentFails(world, faults.fork('agent'), 2 * HOUR_MS);
        routersFail(world, faults.fork('routers'), HOUR_MS);
      },
    };
  },
};
