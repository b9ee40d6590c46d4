import type { Configuration } from '../config/configuration.ts';

/** Whether anything of IPv4 has to be watched, received or installed. */
export function usesIpv4({ mobileRouter, homeAgent }: Pick<Configuration, 'mobileRouter' | 'homeAgent'>): boolean {
  const homes = mobileRouter?.homes ?? [];
  return (
    homeAgent?.ipv4 !== undefined ||
    homes.some(
      ({ homeAgentIpv4Address, homeAgentName, ipv4 }) =>
        homeAgentIpv4Address !== undefined || homeAgentName !== undefined || ipv4 !== undefined,
    )
  );
}
