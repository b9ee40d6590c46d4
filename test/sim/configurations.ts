// The hosts' configurations, written as an operator writes them and read as the daemon reads them.
import { type Address, address, formatAddress } from '../../src/bytes/address.ts';
import { type Prefix, prefix } from '../../src/bytes/prefix.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import type { Plan, VehiclePlan } from './plan.ts';

export const HOME_AGENT = address('2001:db8:1::1');
export const SERVER = address('2001:db8:5::1');
export const HOME_NETWORK = prefix('2001:db8:1::/48');
export const HOME_LINK = prefix('2001:db8:1:f::/64');
/** All mobile networks lie in it. */
export const MOBILE_NETWORKS = prefix('2001:db8:2::/48');

const hex = (number: number) => number.toString(16);

/** Vehicles have numbers from 1. */
export function homeAddress(vehicle: number): Address {
  return address(`2001:db8:1:f::${hex(vehicle + 1)}`);
}

export function mobileNetwork(vehicle: number): Prefix {
  return prefix(`2001:db8:2:${hex(vehicle)}::/64`);
}

export function routerInVehicle(vehicle: number): Address {
  return address(`2001:db8:2:${hex(vehicle)}::1`);
}

/** A computer of the vehicle's users. */
export function hostInVehicle(vehicle: number): Address {
  return address(`2001:db8:2:${hex(vehicle)}::100`);
}

/** Keys only have to differ here. */
function authentication(plan: Plan, vehicle: number): unknown {
  if (!plan.authentication) return 'none';
  return { spi: 1000 + vehicle, key: hex(0x5eed_0000 + vehicle).repeat(4) };
}

export function homeAgentConfiguration(plan: Plan): Configuration {
  return parse({
    homeAgent: {
      address: formatAddress(HOME_AGENT),
      homePrefixes: ['2001:db8:1:f::/64'],
      ...plan.homeAgent,
      mobileNodes: plan.vehicles.map((_, index) => ({
        name: `vehicle-${index + 1}`,
        homeAddress: formatAddress(homeAddress(index + 1)),
        prefixes: [`2001:db8:2:${hex(index + 1)}::/64`],
        authentication: authentication(plan, index + 1),
      })),
    },
  });
}

export function mobileRouterConfiguration(plan: Plan, vehicle: number): Configuration {
  const { uplinks, registration, prefixMode, selection, lifetimeSeconds, probe } = plan.vehicles[vehicle - 1]!;
  return parse({
    mobileRouter: {
      homeAddress: formatAddress(homeAddress(vehicle)),
      homeAgentAddress: formatAddress(HOME_AGENT),
      prefixes: [`2001:db8:2:${hex(vehicle)}::/64`],
      authentication: authentication(plan, vehicle),
      registration,
      prefixMode,
      selection,
      lifetimeSeconds,
      probe,
      uplinks: uplinks.map(({ name }, index) => ({ name, interface: deviceName(index) })),
    },
  });
}

export function deviceName(uplink: number): string {
  return `wan${uplink}`;
}

/** Until a path that brings nothing is found dead, at the latest. */
export function detectionMs({ probe }: Pick<VehiclePlan, 'probe'>): number {
  return 2 * probe.idleIntervalMs + (probe.failuresUntilDead + 1) * Math.max(probe.intervalMs, 1000) + 3000;
}

function parse(document: unknown): Configuration {
  const { configuration, problems } = parseConfiguration(JSON.stringify(document));
  if (configuration) return configuration;
  throw new TypeError(problems.map(({ path, message }) => `${path}: ${message}`).join('; '));
}
