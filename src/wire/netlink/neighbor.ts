import { type Address, addressToBytes } from '../../bytes/address.ts';
import { WireError } from '../../bytes/wire-error.ts';
import { decodeAttributes, putAttribute, putU8Attribute } from './attributes.ts';
import { addressAttribute, familyOf, ipFamily } from './family.ts';
import type { NeighborMessage, NetlinkChange, NetlinkHeader, ProxyNeighborMessage } from './message.ts';
import type { NativeReader } from './native-reader.ts';
import type { NativeWriter } from './native-writer.ts';
import { NeighborAttribute, NeighborFlag, NeighborState } from './numbers.ts';

/** Puts a neighbour into an interface's cache, or takes it out. */
export interface NeighborRequest {
  readonly kind: 'replace-neighbor' | 'delete-neighbor';
  readonly interfaceIndex: number;
  readonly address: Address;
  readonly linkLayerAddress: Uint8Array;
  /** A `NeighborState`: `permanent` is never resolved again, `reachable` as soon as it grows old. */
  readonly state: number;
}

/** Has an interface answer for an address that is behind us (by ARP or Neighbor Discovery), or not any more. */
export interface ProxyNeighborRequest {
  readonly kind: 'add-proxy-neighbor' | 'delete-proxy-neighbor';
  readonly interfaceIndex: number;
  readonly address: Address;
  /** A number by which its owner knows it again. */
  readonly protocol: number;
}

/**
 * Reads what follows the header of RTM_NEWNEIGH or RTM_DELNEIGH (`struct ndmsg`: family, padding, index, state, flags,
 * type). `undefined` for another family than IPv4 and IPv6.
 */
export function decodeNeighbor(
  header: NetlinkHeader,
  change: NetlinkChange,
  reader: NativeReader,
): NeighborMessage | ProxyNeighborMessage | undefined {
  const { offset } = reader;
  const family = ipFamily(reader.u8());
  reader.skip(3);
  const interfaceIndex = reader.u32();
  const state = reader.u16();
  const flags = reader.u8();
  reader.skip(1);
  if (!family) return undefined;
  const attributes = decodeAttributes(reader);
  const address = addressAttribute(attributes.get(NeighborAttribute.destination), family);
  if (address === undefined) throw new WireError('bad-value', offset);
  if ((flags & NeighborFlag.proxy) !== 0) {
    const protocol = attributes.get(NeighborAttribute.protocol)?.u8() ?? 0;
    return { kind: 'proxy-neighbor', change, ...header, interfaceIndex, address, protocol };
  }
  return {
    kind: 'neighbor',
    change,
    ...header,
    interfaceIndex,
    address,
    linkLayerAddress: attributes.get(NeighborAttribute.linkLayerAddress)?.rest(),
    state,
    failed: (state & NeighborState.failed) !== 0,
    router: (flags & NeighborFlag.router) !== 0,
  };
}

export function encodeNeighborRequest(writer: NativeWriter, request: NeighborRequest): void {
  writer.u8(familyOf(request.address)).zeros(3).u32(request.interfaceIndex);
  writer.u16(request.kind === 'delete-neighbor' ? 0 : request.state).zeros(2);
  putAttribute(writer, NeighborAttribute.destination, addressToBytes(request.address));
  if (request.kind === 'replace-neighbor') {
    putAttribute(writer, NeighborAttribute.linkLayerAddress, request.linkLayerAddress);
  }
}

export function encodeProxyNeighborRequest(writer: NativeWriter, request: ProxyNeighborRequest): void {
  writer.u8(familyOf(request.address)).zeros(3).u32(request.interfaceIndex);
  writer.u16(0).u8(NeighborFlag.proxy).u8(0);
  putAttribute(writer, NeighborAttribute.destination, addressToBytes(request.address));
  if (request.kind === 'add-proxy-neighbor') putU8Attribute(writer, NeighborAttribute.protocol, request.protocol);
}
