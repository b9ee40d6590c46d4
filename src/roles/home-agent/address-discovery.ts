import type { Address } from '../../bytes/address.ts';
import type {
  HomeAgentAddressDiscoveryReply,
  HomeAgentAddressDiscoveryRequest,
} from '../../wire/icmpv6/home-agent-address-discovery.ts';
import { Icmpv6Type } from '../../wire/icmpv6/numbers.ts';
import type { ListedHomeAgent } from './home-agents-list.ts';

/** What fits the minimum IPv6 MTU behind the IPv6 header and the fields of the reply (RFC 6275 §10.5.1). */
export const MOST_ADDRESSES = (1280 - 40 - 8) / 16;

/**
 * The home agents of a link as RFC 6275 §10.5.1 lists them: by falling preference, those of equal preference and the
 * addresses of one agent in random order. A request for agents that support mobile routers gets those alone, or, if
 * there is none, the others with flag R clear (RFC 3963 §7.2).
 */
export function discoveryReply(
  request: HomeAgentAddressDiscoveryRequest,
  agents: readonly ListedHomeAgent[],
  random16: () => number,
): HomeAgentAddressDiscoveryReply {
  const forRouters = agents.filter(({ mobileRouters }) => mobileRouters);
  const mobileRouter = request.mobileRouter && forRouters.length > 0;
  const homeAgentAddresses: Address[] = shuffled(mobileRouter ? forRouters : agents, random16)
    .sort((a, b) => b.preference - a.preference)
    .flatMap(({ addresses }) => shuffled(addresses, random16))
    .slice(0, MOST_ADDRESSES);
  return {
    type: Icmpv6Type.homeAgentAddressDiscoveryReply,
    identifier: request.identifier,
    mobileRouter,
    homeAgentAddresses,
  };
}

function shuffled<T>(items: readonly T[], random16: () => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random16() % (i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
