import { CLEAN } from '../channel.ts';
import type { Family } from '../ipv4-access.ts';
import type { Scenario } from '../plan.ts';
import {
  driveThrough,
  familiesFail,
  HOUR_MS,
  ipv4,
  natsFail,
  ordinaryVehicle,
  PLAIN_WORLD,
  SHIFT_MS,
  wifiAtStops,
} from './parts.ts';

const FAMILIES: readonly Family[] = ['ipv6', 'ipv4', 'both'];

export const scenario: Scenario = {
  name: 'family-changes',
  sentence:
    'A coach passes cells that have IPv6, IPv4 or both, with NAT and without, of which one family fails at times.',
  plan(random) {
    const [a, b] = driveThrough(random, 2, SHIFT_MS);
    const cells = () => Array.from({ length: random.integer(3, 7) }, () => random.pick(FAMILIES));
    return {
      ...PLAIN_WORLD,
      durationMs: SHIFT_MS,
      carriers: ['carrier A', 'carrier B', 'stops'].map((name) => ({
        ...{ name, backhaul: CLEAN, ipv4: ipv4(random, cells()) },
        addressing: random.pick(['by-cell', 'fixed']),
      })),
      vehicles: [
        ordinaryVehicle(random, [
          { name: 'cellular-a', carrier: 0, visits: a! },
          { name: 'cellular-b', carrier: 1, visits: b! },
          { name: 'wifi', carrier: 2, visits: wifiAtStops(random) },
        ]),
      ],
      faults: (world, faults) => {
        natsFail(world, faults.fork('nats'), HOUR_MS);
        familiesFail(world, faults.fork('families'), HOUR_MS / 4);
      },
    };
  },
};
