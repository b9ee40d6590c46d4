import { type Address, isIpv6, isUnicastRoutable, isUniqueLocal } from '../bytes/address.ts';
import { prefixContains } from '../bytes/prefix.ts';
import type { AddressMessage, RouteMessage } from '../wire/netlink/message.ts';
import { RouteFlag, RouteType } from '../wire/netlink/numbers.ts';
import type { NetworkState } from './network-state.ts';
import type { PathReason } from './path-state.ts';
import type { Uplink } from './uplink.ts';

const DEFAULT_MTU_BYTES = 1500;

/**
 * What the host's network means for one configured uplink. `current` is the care-of address in use: it is kept as long
 * as it is good, so that a second address on the link moves nothing.
 */
export function observeUplink(
  uplink: { readonly name: string; readonly interface: string },
  network: NetworkState,
  homeAgentAddress: Address,
  current: Address | null,
): Uplink {
  const link = network.linkByName(uplink.interface);
  const unusable = (reason: PathReason): Uplink => ({
    name: uplink.name,
    interfaceIndex: link?.index ?? 0,
    careOfAddress: null,
    gateway: null,
    mtuBytes: link?.mtuBytes ?? DEFAULT_MTU_BYTES,
    reason,
  });
  if (!link?.up || !link.running) return unusable('link-down');
  const careOfAddress = chooseCareOfAddress(network.addresses(link.index), current);
  if (careOfAddress === undefined) return unusable('address-removed');
  const route = chooseRoute(network.routes(link.index), homeAgentAddress);
  if (!route) return unusable('no-route');
  return {
    name: uplink.name,
    interfaceIndex: link.index,
    careOfAddress,
    gateway: route.gateway ?? null,
    mtuBytes: link.mtuBytes ?? DEFAULT_MTU_BYTES,
    reason: current === null ? 'link-up' : 'address-added',
  };
}

/** Unicast, routable and past duplicate address detection; a global address before a unique local one (RFC 6275 §4.6). */
function chooseCareOfAddress(addresses: readonly AddressMessage[], current: Address | null): Address | undefined {
  const usable = addresses.filter(
    ({ address, tentative, duplicateAddressDetectionFailed }) =>
      isIpv6(address) && isUnicastRoutable(address) && !tentative && !duplicateAddressDetectionFailed,
  );
  const rank = (candidate: AddressMessage): number =>
    (candidate.deprecated ? 8 : 0) +
    (isUniqueLocal(candidate.address) ? 4 : 0) +
    (candidate.address === current ? 0 : 2) +
    (candidate.temporary ? 1 : 0);
  return usable.sort((a, b) => rank(a) - rank(b))[0]?.address;
}

/** The most specific route to the home agent, then the one with the lowest metric. */
function chooseRoute(routes: readonly RouteMessage[], homeAgentAddress: Address): RouteMessage | undefined {
  return routes
    .filter(({ destination, type, flags }) => {
      const isUsable = type === RouteType.unicast && (flags & (RouteFlag.dead | RouteFlag.linkDown)) === 0;
      return isUsable && prefixContains(destination, homeAgentAddress);
    })
    .sort((a, b) => b.destination.length - a.destination.length || a.metric - b.metric)[0];
}
