import { formatAddress } from '../../../src/bytes/address.ts';
import { CLEAN } from '../channel.ts';
import { detectionMs } from '../configurations.ts';
import { comingAndGoing } from '../coverage.ts';
import { REGISTRATION_MS } from '../judge.ts';
import type { Plan, ProbePlan, Scenario, VehiclePlan } from '../plan.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { MINUTE_MS, ordinaryVehicle, PLAIN_WORLD, radio, SECOND_MS } from './parts.ts';

const LIFETIME_SECONDS = 120;
const PROBE: ProbePlan = { intervalMs: 1000, idleIntervalMs: 10_000, failuresUntilDead: 2, successesUntilAlive: 1 };
const REBOOT_MS = 4 * MINUTE_MS;
const DOWN_MS = 20 * SECOND_MS;
/**
 * From the home agent's return until all are registered again. It has forgotten all, and a router finds out with its next
 * Binding Update. That is due before its binding ends, a lifetime after the last acknowledgement at the latest; sent in
 * vain while the agent was away, it is repeated after MAX_BINDACK_TIMEOUT at the latest (RFC 6275 §11.8, §12). A path
 * that was found dead meanwhile has to be found alive first, and a new one to be noticed.
 */
const BOUND_MS = LIFETIME_SECONDS * SECOND_MS + REGISTRATION_MS + detectionMs({ probe: PROBE });

export const scenario: Scenario = {
  name: 'thousand-vehicles',
  isLarge: true,
  sentence:
    'A thousand vehicles with coverage gaps lose their home agent for a while, and all are registered again in time.',
  plan: (random) => fleet(random, 1000),
};

/** The same for as many vehicles as one likes. */
export function fleet(random: Random, vehicles: number): Plan {
  const vehicle = (): VehiclePlan => {
    const visits = () =>
      comingAndGoing(random, { presentMs: 3 * MINUTE_MS, absentMs: 20 * SECOND_MS, cells: 500 }, radio);
    return ordinaryVehicle(
      random,
      [
        { name: 'cellular-a', carrier: 0, visits: visits() },
        { name: 'cellular-b', carrier: 1, visits: visits() },
      ],
      {
        lifetimeSeconds: LIFETIME_SECONDS,
        probe: PROBE,
        trafficIntervalMs: 10 * MINUTE_MS,
        startMs: random.uniform(0, 10 * SECOND_MS),
      },
    );
  };
  return {
    ...PLAIN_WORLD,
    durationMs: REBOOT_MS + DOWN_MS + BOUND_MS,
    carriers: [
      { name: 'carrier A', addressing: 'by-cell', backhaul: CLEAN },
      { name: 'carrier B', addressing: 'by-cell', backhaul: CLEAN },
    ],
    vehicles: Array.from({ length: vehicles }, vehicle),
    faults: (world) => world.scheduler.at(REBOOT_MS, () => world.killHomeAgent(DOWN_MS)),
    verdict: allRegistered,
  };
}

/** Every vehicle has registered again, and each that has a link for long enough is in the binding cache with it. */
function allRegistered(world: World): string | undefined {
  const nowMs = world.scheduler.nowMs;
  const late = world.vehicles.filter(({ homeAddress }) => !world.witness.hasAccepted(homeAddress));
  if (late.length > 0) return `not registered again: vehicles ${late.map(({ number }) => number).join(', ')}`;
  const rows = world.homeAgent.status()?.homeAgent?.bindings ?? [];
  const registered = new Set(rows.map(({ homeAddress, careOfAddress }) => homeAddress + careOfAddress));
  const missing = world.vehicles.flatMap((vehicle) =>
    vehicle.uplinks.flatMap((uplink) => {
      if (nowMs - uplink.goodSinceMs < vehicle.detectionMs + REGISTRATION_MS || uplink.careOfAddresses.length === 0)
        return [];
      const isThere = uplink.careOfAddresses.some((address) => registered.has(vehicle.homeAddress + address));
      return isThere ? [] : `vehicle ${vehicle.number} ${uplink.careOfAddresses.map(formatAddress).join(' or ')}`;
    }),
  );
  return missing.length === 0 ? undefined : `registered again, but not with a link that works: ${missing.join(', ')}`;
}
