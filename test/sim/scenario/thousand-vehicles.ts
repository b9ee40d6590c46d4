import { formatAddress } from '../../../src/bytes/address.ts';
import { CLEAN } from '../channel.ts';
import { comingAndGoing } from '../coverage.ts';
import { REGISTRATION_MS } from '../judge.ts';
import type { Scenario, VehiclePlan } from '../plan.ts';
import type { World } from '../world.ts';
import { MINUTE_MS, ordinaryVehicle, PLAIN_WORLD, radio, SECOND_MS } from './parts.ts';

const VEHICLES = 1000;
const LIFETIME_SECONDS = 120;
const DETECTION_MS = 30 * SECOND_MS;
const REBOOT_MS = 8 * MINUTE_MS;
const DOWN_MS = 20 * SECOND_MS;
/** The home agent has forgotten all: every router finds out at its next refresh at the latest. */
const BOUND_MS = LIFETIME_SECONDS * SECOND_MS + DETECTION_MS + REGISTRATION_MS;

export const scenario: Scenario = {
  name: 'thousand-vehicles',
  sentence:
    'A thousand vehicles with coverage gaps lose their home agent for a while, and all are registered again in time.',
  plan(random) {
    const vehicle = (): VehiclePlan => {
      const visits = () =>
        comingAndGoing(random, { presentMs: 6 * MINUTE_MS, absentMs: 20 * SECOND_MS, cells: 500 }, radio);
      return ordinaryVehicle(
        random,
        [
          { name: 'cellular-a', carrier: 0, visits: visits() },
          { name: 'cellular-b', carrier: 1, visits: visits() },
        ],
        {
          lifetimeSeconds: LIFETIME_SECONDS,
          probe: { intervalMs: 1000, idleIntervalMs: 10_000, failuresUntilDead: 2, successesUntilAlive: 1 },
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
      vehicles: Array.from({ length: VEHICLES }, vehicle),
      faults: (world) => world.scheduler.at(REBOOT_MS, () => world.killHomeAgent(DOWN_MS)),
      verdict: allRegistered,
    };
  },
};

/** Every vehicle that has a link for long enough is in the home agent's binding cache with it. */
function allRegistered(world: World): string | undefined {
  const nowMs = world.scheduler.nowMs;
  const rows = world.homeAgent.status()?.homeAgent?.bindings ?? [];
  const registered = new Set(rows.map(({ homeAddress, careOfAddress }) => homeAddress + careOfAddress));
  const missing = world.vehicles.flatMap((vehicle) =>
    vehicle.uplinks.flatMap((uplink) => {
      if (nowMs - uplink.goodSinceMs < DETECTION_MS + REGISTRATION_MS || uplink.careOfAddress === null) return [];
      const isThere = registered.has(vehicle.homeAddress + uplink.careOfAddress);
      return isThere ? [] : `vehicle ${vehicle.number} ${formatAddress(uplink.careOfAddress)}`;
    }),
  );
  return missing.length === 0 ? undefined : `not registered again: ${missing.join(', ')}`;
}
