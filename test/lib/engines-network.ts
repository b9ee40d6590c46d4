// What rtnetlink says, for tests of the rooms that watch the host's network.
import { type Address, address } from '../../src/bytes/address.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import type {
  AddressMessage,
  LinkMessage,
  NeighborMessage,
  NetlinkHeader,
  RouteMessage,
  RuleMessage,
} from '../../src/wire/netlink/message.ts';
import { LinkFlag, NeighborState, RouteTable, RouteType } from '../../src/wire/netlink/numbers.ts';

const HEADER: NetlinkHeader = { sequence: 0, portId: 0, dumpInterrupted: false };

/** A link that is up and running, unless `more` says otherwise. */
export function link(index: number, name: string, more: Partial<LinkMessage> = {}): LinkMessage {
  return {
    kind: 'link',
    change: 'new',
    ...HEADER,
    index,
    name,
    flags: LinkFlag.up | LinkFlag.running | LinkFlag.lowerUp,
    up: true,
    running: true,
    lowerUp: true,
    mtuBytes: 1500,
    masterIndex: undefined,
    hardwareAddress: undefined,
    operationalState: undefined,
    ...more,
  };
}

export function linkAddress(interfaceIndex: number, text: string, more: Partial<AddressMessage> = {}): AddressMessage {
  return {
    kind: 'address',
    change: 'new',
    ...HEADER,
    interfaceIndex,
    address: address(text),
    prefixLength: 64,
    scope: 0,
    flags: 0,
    tentative: false,
    deprecated: false,
    duplicateAddressDetectionFailed: false,
    temporary: false,
    preferredSeconds: Number.POSITIVE_INFINITY,
    validSeconds: Number.POSITIVE_INFINITY,
    ...more,
  };
}

/** A route of the main table. */
export function route(interfaceIndex: number, destination: string, more: Partial<RouteMessage> = {}): RouteMessage {
  return {
    kind: 'route',
    change: 'new',
    ...HEADER,
    family: 'ipv6',
    table: RouteTable.main,
    destination: prefix(destination),
    gateway: undefined,
    interfaceIndex,
    metric: 1024,
    protocol: 9,
    type: RouteType.unicast,
    flags: 0,
    ...more,
  };
}

export function rule(priority: number, table: number, more: Partial<RuleMessage> = {}): RuleMessage {
  return {
    kind: 'rule',
    change: 'new',
    ...HEADER,
    family: 'ipv6',
    priority,
    table,
    source: undefined,
    destination: undefined,
    action: 1,
    suppressPrefixLength: undefined,
    protocol: 0,
    narrowed: false,
    ...more,
  };
}

/** An entry of a neighbour cache that is reachable, unless `more` says otherwise. */
export function neighbor(
  interfaceIndex: number,
  neighborAddress: Address,
  more: Partial<NeighborMessage> = {},
): NeighborMessage {
  return {
    kind: 'neighbor',
    change: 'new',
    ...HEADER,
    interfaceIndex,
    address: neighborAddress,
    linkLayerAddress: undefined,
    state: more.failed ? NeighborState.failed : NeighborState.reachable,
    failed: false,
    router: true,
    ...more,
  };
}
