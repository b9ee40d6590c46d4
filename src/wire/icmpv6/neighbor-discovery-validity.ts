import { type Address, IPV6_UNSPECIFIED, isLinkLocal } from '../../bytes/address.ts';
import { WireError } from '../../bytes/wire-error.ts';
import { IPV6_DESTINATION_AT, IPV6_HOP_LIMIT_AT, IPV6_SOURCE_AT, type Ipv6Header } from '../ip/ipv6.ts';
import type { Icmpv6Message } from './message.ts';
import { Icmpv6Type, NeighborAdvertisementFlag, NeighborOptionType } from './numbers.ts';

/** No router forwards a packet that arrives with it, so its sender is on the link (RFC 4861 §3.1). */
export const NEIGHBOR_DISCOVERY_HOP_LIMIT = 255;

/** ff02::1:ff00:0/104 (RFC 4291 §2.7.1). */
const SOLICITED_NODE_PREFIX = '\xff\x02\0\0\0\0\0\0\0\0\0\x01\xff';

export function isNeighborDiscovery({ type }: Icmpv6Message): boolean {
  return typeof type === 'number' && type >= Icmpv6Type.routerSolicitation && type <= Icmpv6Type.neighborAdvertisement;
}

/**
 * The checks of RFC 4861 §6.1.1, §6.1.2, §7.1.1 and §7.1.2 that take the IPv6 header; does nothing with any other
 * message. Throws `bad-value` at the field of the IPv6 header that is at fault. Nothing is sent back.
 */
export function checkNeighborDiscovery(message: Icmpv6Message, { hopLimit, source, destination }: Ipv6Header): void {
  if (!isNeighborDiscovery(message)) return;
  if (hopLimit !== NEIGHBOR_DISCOVERY_HOP_LIMIT) throw new WireError('bad-value', IPV6_HOP_LIMIT_AT);
  switch (message.type) {
    case Icmpv6Type.routerSolicitation:
      if (source === IPV6_UNSPECIFIED && hasSourceLinkLayerAddress(message)) {
        throw new WireError('bad-value', IPV6_SOURCE_AT);
      }
      break;
    case Icmpv6Type.routerAdvertisement:
      if (!isLinkLocal(source)) throw new WireError('bad-value', IPV6_SOURCE_AT);
      break;
    case Icmpv6Type.neighborSolicitation:
      if (source !== IPV6_UNSPECIFIED) break;
      if (!destination.startsWith(SOLICITED_NODE_PREFIX)) throw new WireError('bad-value', IPV6_DESTINATION_AT);
      if (hasSourceLinkLayerAddress(message)) throw new WireError('bad-value', IPV6_SOURCE_AT);
      break;
    case Icmpv6Type.neighborAdvertisement:
      if (isMulticast(destination) && (message.flags & NeighborAdvertisementFlag.solicited) !== 0) {
        throw new WireError('bad-value', IPV6_DESTINATION_AT);
      }
  }
}

function hasSourceLinkLayerAddress(message: Extract<Icmpv6Message, { readonly options: unknown }>): boolean {
  return message.options.some(({ type }) => type === NeighborOptionType.sourceLinkLayerAddress);
}

function isMulticast(address: Address): boolean {
  return address.charCodeAt(0) === 0xff;
}
