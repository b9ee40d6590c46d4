import { CLEAN } from '../channel.ts';
import { comingAndGoing } from '../coverage.ts';
import type { Scenario } from '../plan.ts';
import { driveThrough, ipv4, MINUTE_MS, ordinaryVehicle, PLAIN_WORLD, radio, SHIFT_MS } from './parts.ts';

export const scenario: Scenario = {
  name: 'ipv4-only-vehicles',
  sentence: 'Two lorries have nothing but IPv4 outside, one carrier without NAT, and narrow links.',
  plan(random) {
    const shiftMs = SHIFT_MS / 2;
    const narrow = () => ({ ...radio(random), mtuBytes: random.pick([1000, 1280, 1400, 1428, 1492, 1500]) });
    const vehicle = () => {
      const [a] = driveThrough(random, 1, shiftMs);
      const times = { presentMs: 20 * MINUTE_MS, absentMs: 2 * MINUTE_MS, cells: 1 };
      return ordinaryVehicle(
        random,
        [
          { name: 'cellular', carrier: 0, visits: a! },
          { name: 'satellite', carrier: 1, visits: comingAndGoing(random, times, narrow) },
        ],
        { ipv4: random.pick(['static', 'dynamic']) },
      );
    };
    const { nat: _, ...direct } = ipv4(random, ['ipv4']);
    return {
      ...PLAIN_WORLD,
      durationMs: shiftMs,
      carriers: [
        { name: 'carrier A', addressing: 'by-cell', backhaul: CLEAN, ipv4: ipv4(random, ['ipv4']) },
        { name: 'satellite', addressing: 'fixed', backhaul: CLEAN, ipv4: direct },
      ],
      vehicles: [vehicle(), vehicle()],
    };
  },
};
