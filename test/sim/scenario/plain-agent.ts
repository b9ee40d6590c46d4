import { CLEAN } from '../channel.ts';
import type { Scenario } from '../plan.ts';
import { driveThrough, HOUR_MS, homeAgentFails, ordinaryVehicle, PLAIN_WORLD, SHIFT_MS } from './parts.ts';

export const scenario: Scenario = {
  name: 'plain-agent',
  sentence: 'The home agent skips Binding Identifiers, as one that only speaks RFC 6275, so one path at a time serves.',
  plan(random) {
    const [a, b] = driveThrough(random, 2, SHIFT_MS);
    return {
      ...PLAIN_WORLD,
      // With timestamps sequence numbers mean nothing (RFC 4285 §7): both are to be seen.
      authentication: random.chance(0.5),
      durationMs: SHIFT_MS,
      homeAgent: { ...PLAIN_WORLD.homeAgent, multipleCareOfAddresses: false },
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
      faults: (world, faults) => homeAgentFails(world, faults, 2 * HOUR_MS),
    };
  },
};
