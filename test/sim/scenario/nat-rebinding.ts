import { CLEAN } from '../channel.ts';
import { always } from '../coverage.ts';
import type { Scenario } from '../plan.ts';
import { ipv4, MINUTE_MS, nat, natsFail, ordinaryVehicle, PLAIN_WORLD, radio, SECOND_MS, SHIFT_MS } from './parts.ts';

export const scenario: Scenario = {
  name: 'nat-rebinding',
  sentence: 'Two parked vehicles behind NATs that forget soon, restart, and give other ports and addresses.',
  plan(random) {
    const vehicle = () =>
      ordinaryVehicle(random, [
        { name: 'cellular', carrier: 0, visits: always(radio(random)) },
        { name: 'satellite', carrier: 1, visits: always({ ...CLEAN, delayMs: 280, jitterMs: 40 }) },
      ]);
    const carrier = (name: string) => ({
      name,
      addressing: 'fixed' as const,
      backhaul: CLEAN,
      ipv4: ipv4(random, ['ipv4'], { nat: nat(random, { timeoutMs: random.uniform(5, 120) * SECOND_MS }) }),
    });
    return {
      ...PLAIN_WORLD,
      durationMs: SHIFT_MS / 2,
      carriers: [carrier('carrier A'), carrier('satellite')],
      vehicles: [vehicle(), vehicle()],
      faults: (world, faults) => natsFail(world, faults, 6 * MINUTE_MS),
    };
  },
};
