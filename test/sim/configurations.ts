// The hosts' configurations, written as an operator writes them and read as the daemon reads them.
import { type Address, address, formatAddress } from '../../src/bytes/address.ts';
import { formatPrefix, type Prefix, prefix } from '../../src/bytes/prefix.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import type { Plan, VehiclePlan } from './plan.ts';

export const HOME_AGENT = address('2001:db8:1::1');
export const SERVER = address('2001:db8:5::1');
export const HOME_NETWORK = prefix('2001:db8:1::/48');
export const HOME_LINK = prefix('2001:db8:1:f::/64');
export const HOME_AGENT_IPV4 = address('192.0.2.1');
export const SERVER_IPV4 = address('192.0.2.129');
export const HOME_NETWORK_IPV4 = prefix('192.0.2.0/25');
export const SERVER_NETWORK_IPV4 = prefix('192.0.2.128/25');
export const HOME_LINK_IPV4 = prefix('10.200.0.0/16');
export const MOBILE_NETWORKS_IPV4 = prefix('172.16.0.0/12');
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

const octets = (vehicle: number) => `${vehicle >> 8}.${vehicle & 0xff}`;

/** Of a vehicle that has one for good. */
export function ipv4HomeAddress(vehicle: number): Address {
  return address(`10.200.${octets(vehicle)}`);
}

export function ipv4MobileNetwork(vehicle: number): Prefix {
  return prefix(`172.${16 + (vehicle >> 8)}.${vehicle & 0xff}.0/24`);
}

export function ipv4RouterInVehicle(vehicle: number): Address {
  return address(`172.${16 + (vehicle >> 8)}.${vehicle & 0xff}.1`);
}

export function ipv4HostInVehicle(vehicle: number): Address {
  return address(`172.${16 + (vehicle >> 8)}.${vehicle & 0xff}.100`);
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
      ipv4: { address: formatAddress(HOME_AGENT_IPV4), homePrefixes: [formatPrefix(HOME_LINK_IPV4)] },
      mobileNodes: plan.vehicles.map(({ ipv4 }, index) => ({
        name: `vehicle-${index + 1}`,
        homeAddress: formatAddress(homeAddress(index + 1)),
        prefixes: [`2001:db8:2:${hex(index + 1)}::/64`],
        ...(ipv4 !== 'none' && {
          ipv4: {
            ...(ipv4 === 'static' && { homeAddress: formatAddress(ipv4HomeAddress(index + 1)) }),
            prefixes: [formatPrefix(ipv4MobileNetwork(index + 1))],
          },
        }),
        authentication: authentication(plan, index + 1),
      })),
    },
  });
}

export function mobileRouterConfiguration(plan: Plan, vehicle: number): Configuration {
  const { uplinks, registration, prefixMode, selection, lifetimeSeconds, probe, ipv4, ...nat } =
    plan.vehicles[vehicle - 1]!;
  return parse({
    mobileRouter: {
      homeAddress: formatAddress(homeAddress(vehicle)),
      homeAgentAddress: formatAddress(HOME_AGENT),
      homeAgentIpv4Address: formatAddress(HOME_AGENT_IPV4),
      natKeepAliveSeconds: nat.natKeepAliveSeconds,
      udpEncapsulation: nat.udpEncapsulation,
      ...(ipv4 !== 'none' && {
        ipv4: {
          homeAddress: ipv4 === 'static' ? formatAddress(ipv4HomeAddress(vehicle)) : 'dynamic',
          prefixes: [formatPrefix(ipv4MobileNetwork(vehicle))],
        },
      }),
      prefixes: [`2001:db8:2:${hex(vehicle)}::/64`],
      authentication: authentication(plan, vehicle),
      registration,
      prefixMode,
      selection,
      lifetimeSeconds,
      probe,
      uplinks: uplinks.map(({ name, addressFamilies }, index) => ({
        ...{ name, interface: deviceName(index) },
        ...(addressFamilies && { addressFamilies }),
      })),
    },
  });
}

export function deviceName(uplink: number): string {
  return `wan${uplink}`;
}

/** Until a NAT's new mapping is known to the home agent: the longest silence, a probe in vain, and an update. */
export function natChangeMs({ probe, natKeepAliveSeconds }: VehiclePlan): number {
  return Math.min(probe.idleIntervalMs, natKeepAliveSeconds * 1000) + 10_000;
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
