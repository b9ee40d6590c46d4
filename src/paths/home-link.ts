import { type Address, isLinkLocal } from '../bytes/address.ts';
import { type Prefix, samePrefix } from '../bytes/prefix.ts';
import { RouteFlag, RouteType } from '../wire/netlink/numbers.ts';
import type { NetworkState } from './network-state.ts';

/** A router on a link. */
export interface LinkRouter {
  readonly address: Address;
  /** As its Router Advertisements or the neighbour cache have it; `undefined` while it is not known. */
  readonly linkLayerAddress: Uint8Array | undefined;
}

/** What the host's network says about the interface by which a home link is reached. */
export interface HomeLink {
  /** The home's name. */
  readonly home: string;
  /** 0 if the device does not exist. */
  readonly interfaceIndex: number;
  /** The home prefix is on-link there (RFC 6275 §11.5.2). */
  readonly attached: boolean;
  readonly linkLayerAddress: Uint8Array | undefined;
  /** The interface's own link-local address; `null` without one. */
  readonly linkLocalAddress: Address | null;
  /** The default router of the link; `null` where there is none. */
  readonly router: LinkRouter | null;
  readonly mtuBytes: number;
}

const DEFAULT_MTU_BYTES = 1500;
const UNUSABLE = RouteFlag.dead | RouteFlag.linkDown;

/**
 * Looks whether an interface is on the home link: whether the kernel has learnt from a Router Advertisement (or from
 * the system's own configuration) that the home prefix is on-link. A default router that Neighbor Unreachability
 * Detection has given up means that the link has been left without a word.
 */
export function observeHomeLink(
  home: { readonly name: string; readonly homePrefix: Prefix; readonly interface: string },
  network: NetworkState,
): HomeLink {
  const link = network.linkByName(home.interface);
  const index = link?.index ?? 0;
  const isUp = (link?.up && link.running) ?? false;
  const routes = isUp ? network.routes(index).filter((route) => (route.flags & UNUSABLE) === 0) : [];
  const isOnLink = routes.some(
    ({ destination, gateway, type }) =>
      gateway === undefined && type === RouteType.unicast && samePrefix(destination, home.homePrefix),
  );
  const gateway = routes
    .filter((route) => route.destination.length === 0 && route.gateway !== undefined)
    .sort((a, b) => a.metric - b.metric)[0]?.gateway;
  const neighbor = gateway === undefined ? undefined : network.neighbor(index, gateway);
  return {
    home: home.name,
    interfaceIndex: index,
    attached: isOnLink && !neighbor?.failed,
    linkLayerAddress: link?.hardwareAddress,
    linkLocalAddress: network.addresses(index).find(({ address }) => isLinkLocal(address))?.address ?? null,
    router: gateway === undefined ? null : { address: gateway, linkLayerAddress: neighbor?.linkLayerAddress },
    mtuBytes: link?.mtuBytes ?? DEFAULT_MTU_BYTES,
  };
}
