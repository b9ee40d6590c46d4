import type { BindingCache } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import { BindingUpdateFlag } from '../../wire/mh/numbers.ts';
import { linkLayerAddressIn } from './acknowledgement.ts';
import type { ValidBindingUpdate } from './validation.ts';

/**
 * How packets for a node of a physical home link reach it: through tunnels, or on the link; there by Neighbor
 * Discovery, or to a link-layer address that is known without (RFC 5648 §5.6.4).
 */
export interface Delivery {
  readonly tunnelled: boolean;
  readonly linkLayerAddress?: Uint8Array;
}

/** Of a node that is at home, or of which nothing is known. */
export const AT_HOME: Delivery = { tunnelled: false };

/** What Binding Updates say about the home link beyond the bindings themselves. */
export class HomeDeliveries {
  readonly #cache: BindingCache;
  /** With flag L, the derived link-local address is defended, too. */
  readonly #linkLocal = new Set<Address>();
  readonly #linkLayerAddresses = new Map<Address, Uint8Array>();
  readonly #deliveries = new Map<Address, Delivery>();
  /** IPv4 home addresses of nodes that are away, by home address. */
  readonly #ipv4 = new Map<Address, Address>();
  /** Changes with every change of what `of` and `ipv4HomeAddresses` return. */
  version = 0;

  constructor(cache: BindingCache) {
    this.#cache = cache;
  }

  of(homeAddress: Address): Delivery {
    return this.#deliveries.get(homeAddress) ?? AT_HOME;
  }

  hasLinkLocal(homeAddress: Address): boolean {
    return this.#linkLocal.has(homeAddress);
  }

  /** Home addresses whose derived link-local addresses are defended. */
  withLinkLocal(): Iterable<Address> {
    return this.#linkLocal;
  }

  ipv4HomeAddresses(): Address[] {
    return [...this.#ipv4.values()];
  }

  /** The node is away with this IPv4 home address, or with none, or not away. */
  settleIpv4(homeAddress: Address, ipv4HomeAddress: Address | undefined): void {
    if (this.#ipv4.get(homeAddress) === ipv4HomeAddress) return;
    this.version++;
    if (ipv4HomeAddress === undefined) this.#ipv4.delete(homeAddress);
    else this.#ipv4.set(homeAddress, ipv4HomeAddress);
  }

  linkLayerAddress(homeAddress: Address): Uint8Array | undefined {
    return this.#linkLayerAddresses.get(homeAddress);
  }

  /** Learns from an update that was accepted. */
  learn(valid: ValidBindingUpdate): void {
    const { homeAddress, update } = valid;
    const linkLocal = (update.flags & BindingUpdateFlag.linkLocalCompatibility) !== 0;
    if (linkLocal !== this.#linkLocal.has(homeAddress)) this.version++;
    if (linkLocal) this.#linkLocal.add(homeAddress);
    else this.#linkLocal.delete(homeAddress);
    const linkLayerAddress = linkLayerAddressIn(valid);
    if (linkLayerAddress) this.#linkLayerAddresses.set(homeAddress, linkLayerAddress.slice());
  }

  /**
   * Follows the bindings of a home address. The home link wins over tunnels as long as the node is bound to it;
   * `withoutDiscovery`: nodes do not answer for their home addresses there.
   */
  settle(homeAddress: Address, withoutDiscovery: boolean): { readonly isAtHome: boolean; readonly isAway: boolean } {
    const bindings = [...(this.#cache.entry(homeAddress)?.bindings.values() ?? [])];
    const isAtHome = bindings.some(({ careOfAddress }) => careOfAddress === homeAddress);
    const isAway = bindings.some(({ careOfAddress }) => careOfAddress !== homeAddress);
    const linkLayerAddress = withoutDiscovery ? this.#linkLayerAddresses.get(homeAddress) : undefined;
    const next: Delivery = isAtHome
      ? { tunnelled: false, ...(linkLayerAddress && { linkLayerAddress }) }
      : { tunnelled: isAway };
    const before = this.of(homeAddress);
    if (before.tunnelled !== next.tunnelled || before.linkLayerAddress?.join() !== next.linkLayerAddress?.join()) {
      this.version++;
    }
    if (isAtHome || isAway) {
      this.#deliveries.set(homeAddress, next);
    } else {
      if (this.#linkLocal.delete(homeAddress)) this.version++;
      this.#deliveries.delete(homeAddress);
    }
    if (!isAtHome) this.#linkLayerAddresses.delete(homeAddress);
    return { isAtHome, isAway };
  }
}
