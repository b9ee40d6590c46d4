import { CLEAN } from '../channel.ts';
import { comingAndGoing } from '../coverage.ts';
import type { Scenario } from '../plan.ts';
import {
  HOUR_MS,
  ipv4,
  MINUTE_MS,
  nat,
  natsFail,
  ordinaryVehicle,
  PLAIN_WORLD,
  radio,
  routersFail,
  SECOND_MS,
  SHIFT_MS,
} from './parts.ts';

const VEHICLES = 6;

export const scenario: Scenario = {
  name: 'shared-private-addresses',
  sentence: 'Six taxis of two fleets have the same private addresses behind different NATs, which reuse their ports.',
  plan(random) {
    const visits = () =>
      comingAndGoing(random, { presentMs: 5 * MINUTE_MS, absentMs: 40 * SECOND_MS, cells: 1 }, radio);
    const carrier = (name: string, privateBlock: number) => ({
      ...{ name, addressing: 'pool' as const, backhaul: CLEAN },
      ipv4: ipv4(random, ['ipv4'], {
        nat: nat(random, { ports: random.pick(['preserving', 'sequential']) }),
        privateBlock,
      }),
    });
    const vehicle = (fleet: number) =>
      ordinaryVehicle(random, [
        { name: 'modem-1', carrier: 2 * fleet, visits: visits() },
        { name: 'modem-2', carrier: 2 * fleet + 1, visits: visits() },
      ]);
    return {
      ...PLAIN_WORLD,
      // With timestamps sequence numbers mean nothing (RFC 4285 §7): both are to be seen.
      authentication: random.chance(0.5),
      durationMs: SHIFT_MS / VEHICLES,
      carriers: [carrier('carrier A', 0), carrier('carrier B', 1), carrier('carrier C', 0), carrier('carrier D', 1)],
      vehicles: Array.from({ length: VEHICLES }, (_, index) => vehicle(index % 2)),
      faults: (world, faults) => {
        routersFail(world, faults.fork('routers'), HOUR_MS / 4);
        natsFail(world, faults.fork('nats'), HOUR_MS / 10);
      },
    };
  },
};
