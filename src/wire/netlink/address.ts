import { type Address, addressToBytes } from '../../bytes/address.ts';
import { WireError } from '../../bytes/wire-error.ts';
import { decodeAttributes, putAttribute, putU32Attribute, u32Attribute } from './attributes.ts';
import { addressAttribute, familyOf, ipFamily } from './family.ts';
import type { AddressMessage, NetlinkChange, NetlinkHeader } from './message.ts';
import type { NativeReader } from './native-reader.ts';
import type { NativeWriter } from './native-writer.ts';
import { AddressAttribute, AddressFlag, RouteScope } from './numbers.ts';

const FOREVER = 0xffffffff;

/** Adds an address to an interface, or removes it. */
export interface AddressRequest {
  readonly kind: 'add-address' | 'delete-address';
  readonly interfaceIndex: number;
  readonly address: Address;
  readonly prefixLength: number;
  /** `AddressFlag` masks, such as to leave out duplicate address detection. */
  readonly flags?: number;
}

/**
 * Reads what follows the header of RTM_NEWADDR or RTM_DELADDR (`struct ifaddrmsg`: family, prefix length, flags,
 * scope, index). `undefined` for another family than IPv4 and IPv6.
 */
export function decodeAddress(
  header: NetlinkHeader,
  change: NetlinkChange,
  reader: NativeReader,
): AddressMessage | undefined {
  const { offset } = reader;
  const family = ipFamily(reader.u8());
  const prefixLength = reader.u8();
  const lowFlags = reader.u8();
  const scope = reader.u8();
  const interfaceIndex = reader.u32();
  if (!family) return undefined;
  const attributes = decodeAttributes(reader);
  // On a point-to-point link IFA_ADDRESS is the peer's and IFA_LOCAL is ours.
  const local = attributes.get(AddressAttribute.local) ?? attributes.get(AddressAttribute.address);
  const address = addressAttribute(local, family);
  if (address === undefined) throw new WireError('bad-value', offset);
  const flags = u32Attribute(attributes, AddressAttribute.flags) ?? lowFlags;
  const cacheInfo = attributes.get(AddressAttribute.cacheInfo);
  return {
    kind: 'address',
    change,
    ...header,
    interfaceIndex,
    address,
    prefixLength,
    scope,
    flags,
    tentative: (flags & AddressFlag.tentative) !== 0,
    deprecated: (flags & AddressFlag.deprecated) !== 0,
    duplicateAddressDetectionFailed: (flags & AddressFlag.duplicateAddressDetectionFailed) !== 0,
    temporary: family === 'ipv6' && (flags & AddressFlag.temporary) !== 0,
    preferredSeconds: lifetime(cacheInfo?.u32()),
    validSeconds: lifetime(cacheInfo?.u32()),
  };
}

export function encodeAddressRequest(writer: NativeWriter, request: AddressRequest): void {
  const { address, flags = 0 } = request;
  const octets = addressToBytes(address);
  writer
    .u8(familyOf(address))
    .u8(request.prefixLength)
    .u8(flags & 0xff)
    .u8(RouteScope.universe);
  writer.u32(request.interfaceIndex);
  putAttribute(writer, AddressAttribute.local, octets);
  putAttribute(writer, AddressAttribute.address, octets);
  if (flags !== 0) putU32Attribute(writer, AddressAttribute.flags, flags);
}

function lifetime(seconds: number | undefined): number {
  return seconds === undefined || seconds === FOREVER ? Number.POSITIVE_INFINITY : seconds;
}
