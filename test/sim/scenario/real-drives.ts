import { CLEAN } from '../channel.ts';
import { driveAlong, PINGED_STRETCHES, RECORDED_RUNS } from '../drives.ts';
import type { Scenario } from '../plan.ts';
import { ordinaryVehicle, PLAIN_WORLD, SHIFT_MS } from './parts.ts';

export const scenario: Scenario = {
  name: 'real-drives',
  sentence: 'A car crosses the United States with the delays, losses, gaps and handovers that were measured there.',
  plan(random) {
    const [stretches, names] = random.chance(0.5)
      ? [PINGED_STRETCHES, ['atnt', 'tmobile', 'verizon']]
      : [RECORDED_RUNS, ['atnt', 'verizon']];
    const visits = driveAlong(random, stretches, names, SHIFT_MS);
    return {
      ...PLAIN_WORLD,
      durationMs: SHIFT_MS,
      carriers: names.map((name) => ({ name, addressing: random.pick(['by-cell', 'fixed']), backhaul: CLEAN })),
      vehicles: [
        ordinaryVehicle(
          random,
          names.map((name, carrier) => ({ name, carrier, visits: visits.get(name)! })),
        ),
      ],
    };
  },
};
