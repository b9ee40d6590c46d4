import { type AddressRequest, encodeAddressRequest } from './address.ts';
import { encodeSetLink, type SetLinkRequest } from './link.ts';
import { NativeWriter } from './native-writer.ts';
import {
  encodeNeighborRequest,
  encodeProxyNeighborRequest,
  type NeighborRequest,
  type ProxyNeighborRequest,
} from './neighbor.ts';
import { AddressFamily, NeighborFlag, NetlinkFlag, NetlinkType } from './numbers.ts';
import { encodeRouteRequest, type RouteRequest } from './route.ts';
import { encodeRuleRequest, type RuleRequest } from './rule.ts';

/** Asks for everything that there is of a kind; the answer ends with `done`. */
export interface DumpRequest {
  readonly kind:
    | 'dump-links'
    | 'dump-addresses'
    | 'dump-routes'
    | 'dump-neighbors'
    | 'dump-proxy-neighbors'
    | 'dump-rules';
  /** Both if it is left out. */
  readonly family?: 'ipv4' | 'ipv6';
}

/** What is asked of the kernel. All but a dump are answered with an `acknowledgement`. */
export type NetlinkRequest =
  | DumpRequest
  | SetLinkRequest
  | AddressRequest
  | RouteRequest
  | NeighborRequest
  | ProxyNeighborRequest
  | RuleRequest;

const CREATE = NetlinkFlag.create | NetlinkFlag.exclusive;
const DUMP = NetlinkFlag.dump;

/** Message type and flags for each kind of request. */
const HEADERS: Readonly<Record<NetlinkRequest['kind'], readonly [type: number, flags: number]>> = {
  'dump-links': [NetlinkType.getLink, DUMP],
  'dump-addresses': [NetlinkType.getAddress, DUMP],
  'dump-routes': [NetlinkType.getRoute, DUMP],
  'dump-neighbors': [NetlinkType.getNeighbor, DUMP],
  'dump-proxy-neighbors': [NetlinkType.getNeighbor, DUMP],
  'dump-rules': [NetlinkType.getRule, DUMP],
  'set-link': [NetlinkType.setLink, NetlinkFlag.acknowledge],
  'add-address': [NetlinkType.newAddress, NetlinkFlag.acknowledge | CREATE],
  'delete-address': [NetlinkType.deleteAddress, NetlinkFlag.acknowledge],
  'add-route': [NetlinkType.newRoute, NetlinkFlag.acknowledge | CREATE],
  'replace-route': [NetlinkType.newRoute, NetlinkFlag.acknowledge | NetlinkFlag.create | NetlinkFlag.replace],
  'delete-route': [NetlinkType.deleteRoute, NetlinkFlag.acknowledge],
  'replace-neighbor': [NetlinkType.newNeighbor, NetlinkFlag.acknowledge | NetlinkFlag.create | NetlinkFlag.replace],
  'delete-neighbor': [NetlinkType.deleteNeighbor, NetlinkFlag.acknowledge],
  'add-proxy-neighbor': [NetlinkType.newNeighbor, NetlinkFlag.acknowledge | NetlinkFlag.create],
  'delete-proxy-neighbor': [NetlinkType.deleteNeighbor, NetlinkFlag.acknowledge],
  'add-rule': [NetlinkType.newRule, NetlinkFlag.acknowledge | CREATE],
  'delete-rule': [NetlinkType.deleteRule, NetlinkFlag.acknowledge],
};

/** One whole request message in the host's byte order. Throws `RangeError` for values that do not fit. */
export function encodeNetlinkRequest(request: NetlinkRequest, sequence: number, littleEndian: boolean): Uint8Array {
  const writer = new NativeWriter(littleEndian);
  const [type, flags] = HEADERS[request.kind];
  writer
    .u32(0)
    .u16(type)
    .u16(NetlinkFlag.request | flags)
    .u32(sequence)
    .u32(0);
  encodeBody(writer, request);
  writer.setU32(0, writer.length);
  return writer.bytes();
}

function encodeBody(writer: NativeWriter, request: NetlinkRequest): void {
  switch (request.kind) {
    case 'set-link':
      encodeSetLink(writer, request);
      break;
    case 'add-address':
    case 'delete-address':
      encodeAddressRequest(writer, request);
      break;
    case 'add-route':
    case 'replace-route':
    case 'delete-route':
      encodeRouteRequest(writer, request);
      break;
    case 'replace-neighbor':
    case 'delete-neighbor':
      encodeNeighborRequest(writer, request);
      break;
    case 'add-proxy-neighbor':
    case 'delete-proxy-neighbor':
      encodeProxyNeighborRequest(writer, request);
      break;
    case 'add-rule':
    case 'delete-rule':
      encodeRuleRequest(writer, request);
      break;
    default:
      encodeDump(writer, request);
  }
}

/** The kernel takes a header as long as the dumped kind's own, with only the family filled in, and a neighbour's flag. */
function encodeDump(writer: NativeWriter, { kind, family }: DumpRequest): void {
  writer.u8(family === undefined ? AddressFamily.unspecified : AddressFamily[family]);
  if (kind === 'dump-proxy-neighbors') writer.zeros(9).u8(NeighborFlag.proxy).u8(0);
  else writer.zeros({ 'dump-links': 15, 'dump-addresses': 7 }[kind as string] ?? 11);
}
