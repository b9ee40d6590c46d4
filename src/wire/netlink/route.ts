import { type Address, addressToBytes } from '../../bytes/address.ts';
import type { Prefix } from '../../bytes/prefix.ts';
import { decodeAttributes, putAttribute, putU32Attribute, u32Attribute } from './attributes.ts';
import { addressAttribute, familyOf, ipFamily, prefixAttribute } from './family.ts';
import type { NetlinkChange, NetlinkHeader, RouteMessage } from './message.ts';
import type { NativeReader } from './native-reader.ts';
import type { NativeWriter } from './native-writer.ts';
import { RouteAttribute, RouteFlag, RouteScope, RouteTable, RouteType } from './numbers.ts';

/** Adds a route, puts it in the place of one with the same destination and metric, or removes it. */
export interface RouteRequest {
  readonly kind: 'add-route' | 'replace-route' | 'delete-route';
  readonly table: number;
  readonly destination: Prefix;
  readonly gateway?: Address;
  /** The gateway is on the link even if no prefix says so. */
  readonly gatewayOnLink?: boolean;
  readonly interfaceIndex?: number;
  /** Unicast if it is left out. */
  readonly type?: typeof RouteType.unicast | typeof RouteType.unreachable | typeof RouteType.blackhole;
  readonly metric?: number;
  /** A `RouteProtocol`, or a number of one's own. */
  readonly protocol: number;
}

/**
 * Reads what follows the header of RTM_NEWROUTE or RTM_DELROUTE (`struct rtmsg`: family, destination length, source
 * length, type of service, table, protocol, scope, type, flags). `undefined` for another family than IPv4 and IPv6, and
 * for a clone in the route cache.
 */
export function decodeRoute(
  header: NetlinkHeader,
  change: NetlinkChange,
  reader: NativeReader,
): RouteMessage | undefined {
  const family = ipFamily(reader.u8());
  const lengthOffset = reader.offset;
  const destinationLength = reader.u8();
  reader.skip(2);
  const lowTable = reader.u8();
  const protocol = reader.u8();
  reader.skip(1);
  const type = reader.u8();
  const flags = reader.u32();
  if (!family || (flags & RouteFlag.cloned) !== 0) return undefined;
  const attributes = decodeAttributes(reader);
  const destination = attributes.get(RouteAttribute.destination);
  return {
    kind: 'route',
    change,
    ...header,
    family,
    table: u32Attribute(attributes, RouteAttribute.table) ?? lowTable,
    destination: prefixAttribute(destination, destinationLength, lengthOffset, family),
    gateway: addressAttribute(attributes.get(RouteAttribute.gateway), family),
    interfaceIndex: u32Attribute(attributes, RouteAttribute.outputInterface),
    metric: u32Attribute(attributes, RouteAttribute.priority) ?? 0,
    protocol,
    type,
    flags,
  };
}

export function encodeRouteRequest(writer: NativeWriter, request: RouteRequest): void {
  const { table, destination, type = RouteType.unicast } = request;
  const deleting = request.kind === 'delete-route';
  const onLink = request.gateway === undefined && type === RouteType.unicast;
  writer.u8(familyOf(destination.address)).u8(destination.length).u8(0).u8(0);
  writer.u8(table < 256 ? table : RouteTable.compatibility).u8(request.protocol);
  writer.u8(deleting ? RouteScope.nowhere : onLink ? RouteScope.link : RouteScope.universe);
  writer.u8(type).u32(request.gatewayOnLink ? RouteFlag.onLink : 0);
  putU32Attribute(writer, RouteAttribute.table, table);
  if (destination.length > 0) {
    putAttribute(writer, RouteAttribute.destination, addressToBytes(destination.address));
  }
  if (request.gateway !== undefined) putAttribute(writer, RouteAttribute.gateway, addressToBytes(request.gateway));
  if (request.interfaceIndex !== undefined) {
    putU32Attribute(writer, RouteAttribute.outputInterface, request.interfaceIndex);
  }
  if (request.metric !== undefined) putU32Attribute(writer, RouteAttribute.priority, request.metric);
}
