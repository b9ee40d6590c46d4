import { type Address, isIpv6, isUnicastRoutable, isUniqueLocal } from '../bytes/address.ts';
import { prefixContains, prefixOf } from '../bytes/prefix.ts';
import type { RouteMessage } from '../wire/netlink/message.ts';
import { RouteFlag, RouteType } from '../wire/netlink/numbers.ts';
import type { KnownAddress, NetworkState } from './network-state.ts';
import type { PathReason } from './path-state.ts';
import type { Uplink } from './uplink.ts';

const DEFAULT_MTU_BYTES = 1500;

/** A configured uplink, or one of several care-of addresses of a link. */
export interface ConfiguredUplink {
  readonly name: string;
  readonly interface: string;
  /** Which of the link's prefixes it uses; the first one if it is left out. */
  readonly ordinal?: number;
}

/**
 * What the host's network means for one configured uplink. `current` is the care-of address in use: it is kept as long
 * as it is good, so that a second address on the link moves nothing. `destinations`: where it must lead, in order.
 * `isTaken`: addresses that another uplink of the same link has.
 */
export function observeUplink(
  uplink: ConfiguredUplink,
  network: NetworkState,
  destinations: Address | readonly Address[],
  current: Address | null,
  isTaken: (address: KnownAddress) => boolean = () => false,
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
  const candidates = network.addresses(link.index).filter((address) => !isTaken(address));
  const address = chooseCareOfAddress(candidates, current);
  if (address === undefined) return unusable('address-removed');
  const route = chooseRoute(network.routes(link.index), [destinations].flat());
  if (!route) return unusable('no-route');
  const gateway = route.gateway ?? null;
  const routerLost = gateway !== null && network.hasLost(link.index, gateway);
  return {
    name: uplink.name,
    interfaceIndex: link.index,
    careOfAddress: address.address,
    gateway,
    mtuBytes: link.mtuBytes ?? DEFAULT_MTU_BYTES,
    ...(address.validUntilMs !== Number.POSITIVE_INFINITY && { validUntilMs: address.validUntilMs }),
    ...(routerLost && { routerLost }),
    reason: current === null ? 'link-up' : 'address-added',
  };
}

/**
 * Observes all uplinks together. Several uplinks of one link take addresses of different prefixes, and each keeps its
 * prefix for as long as the link has it, even if it comes back later: so its Binding Identifier always means the same
 * (RFC 5648 §3).
 */
export class UplinkObserver {
  readonly #uplinks: readonly ConfiguredUplink[];
  /** The prefix that an uplink of a link with several has had last. */
  readonly #prefixes = new Map<string, string>();

  constructor(uplinks: readonly ConfiguredUplink[]) {
    this.#uplinks = uplinks;
  }

  /** `current` gives the care-of address that an uplink has in use. */
  observe(
    network: NetworkState,
    destinations: readonly Address[],
    current: (name: string) => Address | null,
  ): readonly Uplink[] {
    return this.#uplinks.map((uplink) => {
      const siblings = this.#uplinks.filter((other) => other.interface === uplink.interface);
      const isTaken = siblings.length > 1 ? this.#taken(uplink, siblings, network) : () => false;
      const observed = observeUplink(uplink, network, destinations, current(uplink.name), isTaken);
      const address = network.addresses(observed.interfaceIndex).find((has) => has.address === observed.careOfAddress);
      if (address) this.#prefixes.set(uplink.name, prefixKey(address));
      return observed;
    });
  }

  /** Its own prefix while the link has that; else one that no sibling has or is still waiting for. */
  #taken(
    uplink: ConfiguredUplink,
    siblings: readonly ConfiguredUplink[],
    network: NetworkState,
  ): (address: KnownAddress) => boolean {
    const index = network.linkByName(uplink.interface)?.index ?? 0;
    const present = new Set(network.addresses(index).map(prefixKey));
    const own = this.#prefixes.get(uplink.name);
    if (own !== undefined && present.has(own)) return (address) => prefixKey(address) !== own;
    const others = new Set(
      siblings.flatMap((other) => (other === uplink ? [] : (this.#prefixes.get(other.name) ?? []))),
    );
    return (address) => others.has(prefixKey(address));
  }
}

function prefixKey({ address, prefixLength }: KnownAddress): string {
  return prefixOf(address, prefixLength).address;
}

/** Unicast, routable and past duplicate address detection; a global address before a unique local one (RFC 6275 §4.6). */
function chooseCareOfAddress(addresses: readonly KnownAddress[], current: Address | null): KnownAddress | undefined {
  const usable = addresses.filter(
    ({ address, tentative, duplicateAddressDetectionFailed }) =>
      isIpv6(address) && isUnicastRoutable(address) && !tentative && !duplicateAddressDetectionFailed,
  );
  const rank = (candidate: KnownAddress): number =>
    (candidate.deprecated ? 8 : 0) +
    (isUniqueLocal(candidate.address) ? 4 : 0) +
    (candidate.address === current ? 0 : 2) +
    (candidate.temporary ? 1 : 0);
  return usable.sort((a, b) => rank(a) - rank(b))[0];
}

/** For the first destination that there is a route to: the most specific one, then the one with the lowest metric. */
function chooseRoute(routes: readonly RouteMessage[], destinations: readonly Address[]): RouteMessage | undefined {
  const usable = routes.filter(
    ({ type, flags }) => type === RouteType.unicast && (flags & (RouteFlag.dead | RouteFlag.linkDown)) === 0,
  );
  for (const destination of destinations) {
    const [best] = usable
      .filter((route) => prefixContains(route.destination, destination))
      .sort((a, b) => b.destination.length - a.destination.length || a.metric - b.metric);
    if (best) return best;
  }
  return undefined;
}
