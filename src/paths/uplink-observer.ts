import {
  type Address,
  IPV4_UNSPECIFIED,
  IPV6_UNSPECIFIED,
  isIpv4,
  isUnicastRoutable,
  isUniqueLocal,
} from '../bytes/address.ts';
import { prefixContains, prefixOf } from '../bytes/prefix.ts';
import type { RouteMessage } from '../wire/netlink/message.ts';
import { RouteFlag, RouteType } from '../wire/netlink/numbers.ts';
import type { KnownAddress, NetworkState } from './network-state.ts';
import type { PathReason } from './path-state.ts';
import type { Ipv4Attachment, Uplink } from './uplink.ts';

const DEFAULT_MTU_BYTES = 1500;

/** A configured uplink, or one of several care-of addresses of a link. */
export interface ConfiguredUplink {
  readonly name: string;
  readonly interface: string;
  /** Which of the link's prefixes it uses; the first one if it is left out. */
  readonly ordinal?: number;
}

/** Where it must lead if nothing is known of the home agent: anywhere, by the default route. */
const ANYWHERE = { ipv4: IPV4_UNSPECIFIED, ipv6: IPV6_UNSPECIFIED };

/** What the host has for one address family of an uplink. */
interface Side extends Ipv4Attachment {
  readonly reason?: undefined;
}

/** The care-of addresses that an uplink has in use. */
export interface CurrentAddresses {
  readonly ipv6: Address | null;
  readonly ipv4: Address | null;
}

/**
 * What the host's network means for one configured uplink. `current` are the care-of addresses in use: they are kept as
 * long as they are good, so that a second address on the link moves nothing. `destinations`: where it must lead, in
 * order, of both families. `isTaken`: addresses that another uplink of the same link has.
 */
export function observeUplink(
  uplink: ConfiguredUplink,
  network: NetworkState,
  destinations: Address | readonly Address[],
  current: Address | CurrentAddresses | null,
  isTaken: (address: KnownAddress) => boolean = () => false,
): Uplink {
  const link = network.linkByName(uplink.interface);
  const base = { name: uplink.name, interfaceIndex: link?.index ?? 0, mtuBytes: link?.mtuBytes ?? DEFAULT_MTU_BYTES };
  if (!link?.up || !link.running) return { ...base, careOfAddress: null, gateway: null, reason: 'link-down' };
  const known = typeof current === 'string' || current === null ? { ipv6: current, ipv4: null } : current;
  const candidates = network.addresses(link.index).filter((address) => !isTaken(address));
  const leadsTo = [destinations].flat();
  const ipv6 = observeSide('ipv6', network, link.index, candidates, leadsTo, known.ipv6);
  const ipv4 = observeSide('ipv4', network, link.index, candidates, leadsTo, known.ipv4);
  const isNew = known.ipv6 === null && known.ipv4 === null;
  const side = ipv6.reason ? { careOfAddress: null, gateway: null } : ipv6;
  return {
    ...base,
    ...side,
    ...(!ipv4.reason && { ipv4 }),
    reason: ipv6.reason && ipv4.reason ? ipv6.reason : isNew ? 'link-up' : 'address-added',
  };
}

function observeSide(
  family: 'ipv4' | 'ipv6',
  network: NetworkState,
  interfaceIndex: number,
  candidates: readonly KnownAddress[],
  destinations: readonly Address[],
  current: Address | null,
): Side | { readonly reason: PathReason } {
  const isFamily = (address: Address) => isIpv4(address) === (family === 'ipv4');
  const address = chooseCareOfAddress(
    candidates.filter((candidate) => isFamily(candidate.address)),
    current,
  );
  if (address === undefined) return { reason: 'address-removed' };
  const own = destinations.filter(isFamily);
  const route = chooseRoute(network.routes(interfaceIndex), own.length > 0 ? own : [ANYWHERE[family]]);
  if (!route) return { reason: 'no-route' };
  const gateway = route.gateway ?? null;
  const routerLost = gateway !== null && network.hasLost(interfaceIndex, gateway);
  return {
    careOfAddress: address.address,
    gateway,
    ...(address.validUntilMs !== Number.POSITIVE_INFINITY && { validUntilMs: address.validUntilMs }),
    ...(routerLost && { routerLost }),
  };
}

/**
 * Observes all uplinks together. Several uplinks of one link take addresses of different prefixes, and each keeps its
 * prefix for as long as the link has it, even if it comes back later: so its Binding Identifier always means the same
 * (RFC 5648 §3).
 */
export class UplinkObserver {
  readonly #uplinks: readonly ConfiguredUplink[];
  /** The prefixes that an uplink of a link with several has had last, by name and family. */
  readonly #prefixes = new Map<string, string>();
  /** IPv4 care-of addresses in use. */
  readonly #ipv4 = new Map<string, Address>();

  constructor(uplinks: readonly ConfiguredUplink[]) {
    this.#uplinks = uplinks;
  }

  /** `current` gives the IPv6 care-of address that an uplink has in use. */
  observe(
    network: NetworkState,
    destinations: readonly Address[],
    current: (name: string) => Address | null,
  ): readonly Uplink[] {
    return this.#uplinks.map((uplink) => {
      const siblings = this.#uplinks.filter((other) => other.interface === uplink.interface);
      const isTaken = siblings.length > 1 ? this.#taken(uplink, siblings, network) : () => false;
      const { name } = uplink;
      const inUse = { ipv6: current(name), ipv4: this.#ipv4.get(name) ?? null };
      const observed = observeUplink(uplink, network, destinations, inUse, isTaken);
      if (observed.ipv4) this.#ipv4.set(name, observed.ipv4.careOfAddress);
      else this.#ipv4.delete(name);
      for (const has of network.addresses(observed.interfaceIndex)) {
        const isChosen = has.address === observed.careOfAddress || has.address === observed.ipv4?.careOfAddress;
        if (isChosen) this.#prefixes.set(familyKey(name, has), prefixKey(has));
      }
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
    return (address) => {
      const own = this.#prefixes.get(familyKey(uplink.name, address));
      if (own !== undefined && present.has(own)) return prefixKey(address) !== own;
      return siblings.some(
        (other) => other !== uplink && this.#prefixes.get(familyKey(other.name, address)) === prefixKey(address),
      );
    };
  }
}

function familyKey(name: string, { address }: KnownAddress): string {
  return `${name} ${address.length}`;
}

function prefixKey({ address, prefixLength }: KnownAddress): string {
  return prefixOf(address, prefixLength).address;
}

/**
 * Unicast, routable, past duplicate address detection and not link-local (169.254/16 for IPv4); a global address before
 * a unique local one (RFC 6275 §4.6).
 */
function chooseCareOfAddress(addresses: readonly KnownAddress[], current: Address | null): KnownAddress | undefined {
  const usable = addresses.filter(
    ({ address, tentative, duplicateAddressDetectionFailed }) =>
      isUnicastRoutable(address) && !isIpv4LinkLocal(address) && !tentative && !duplicateAddressDetectionFailed,
  );
  const rank = (candidate: KnownAddress): number =>
    (candidate.deprecated ? 8 : 0) +
    (isUniqueLocal(candidate.address) ? 4 : 0) +
    (candidate.address === current ? 0 : 2) +
    (candidate.temporary ? 1 : 0);
  return usable.sort((a, b) => rank(a) - rank(b))[0];
}

function isIpv4LinkLocal(address: Address): boolean {
  return isIpv4(address) && address.charCodeAt(0) === 169 && address.charCodeAt(1) === 254;
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
