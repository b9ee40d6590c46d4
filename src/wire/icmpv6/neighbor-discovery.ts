import type { Address } from '../../bytes/address.ts';
import type { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';
import { writeIpv6Address } from '../address-field.ts';
import { decodeNeighborOptions, encodeNeighborOptions, type NeighborOption } from './neighbor-options.ts';
import { Icmpv6Type, NeighborAdvertisementFlag, RouterAdvertisementFlag } from './numbers.ts';

/** Asks the routers on the link to advertise themselves (RFC 4861 §4.1). */
export interface RouterSolicitation {
  readonly type: typeof Icmpv6Type.routerSolicitation;
  readonly options: readonly NeighborOption[];
}

/** A router, or a home agent, presents itself (RFC 4861 §4.2, RFC 6275 §7.1). */
export interface RouterAdvertisement {
  readonly type: typeof Icmpv6Type.routerAdvertisement;
  /** For the hosts' own packets; 0 leaves it to them. */
  readonly currentHopLimit: number;
  /** `RouterAdvertisementFlag` masks, reserved bits included. */
  readonly flags: number;
  /** 0 says that it is no default router. */
  readonly routerLifetimeSeconds: number;
  /** 0 leaves it to the hosts. */
  readonly reachableTimeMs: number;
  /** 0 leaves it to the hosts. */
  readonly retransmitTimerMs: number;
  readonly options: readonly NeighborOption[];
}

/** Asks for a neighbour's link-layer address, or whether an address is in use (RFC 4861 §4.3, RFC 4862 §5.4). */
export interface NeighborSolicitation {
  readonly type: typeof Icmpv6Type.neighborSolicitation;
  /** IPv6. */
  readonly targetAddress: Address;
  readonly options: readonly NeighborOption[];
}

/** Claims an address for a link-layer address (RFC 4861 §4.4). */
export interface NeighborAdvertisement {
  readonly type: typeof Icmpv6Type.neighborAdvertisement;
  /** `NeighborAdvertisementFlag` masks, reserved bits included. */
  readonly flags: number;
  /** IPv6. */
  readonly targetAddress: Address;
  readonly options: readonly NeighborOption[];
}

const ROUTER_FLAGS = Object.values(RouterAdvertisementFlag).reduce((all, flag) => all | flag, 0);
const NEIGHBOR_FLAGS = Object.values(NeighborAdvertisementFlag).reduce((all, flag) => all | flag, 0);

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                            Reserved                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Options ...
 * ```
 * `reader` stands behind the checksum.
 */
export function decodeRouterSolicitation(reader: Reader): RouterSolicitation {
  reader.skip(4);
  return { type: Icmpv6Type.routerSolicitation, options: decodeNeighborOptions(reader) };
}

export function encodeRouterSolicitation(writer: Writer, message: RouterSolicitation): void {
  writer.u32(0);
  encodeNeighborOptions(writer, message.options);
}

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Cur Hop Limit |M|O|H| Reserved|       Router Lifetime         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         Reachable Time                        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                          Retrans Timer                        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Options ...
 * ```
 */
export function decodeRouterAdvertisement(reader: Reader): RouterAdvertisement {
  const currentHopLimit = reader.u8();
  const flags = reader.u8();
  const routerLifetimeSeconds = reader.u16();
  const reachableTimeMs = reader.u32();
  const retransmitTimerMs = reader.u32();
  const options = decodeNeighborOptions(reader);
  const type = Icmpv6Type.routerAdvertisement;
  return { type, currentHopLimit, flags, routerLifetimeSeconds, reachableTimeMs, retransmitTimerMs, options };
}

/** Reserved flags are written as zero, whatever the value says. */
export function encodeRouterAdvertisement(writer: Writer, message: RouterAdvertisement): void {
  writer
    .u8(message.currentHopLimit)
    .u8(message.flags & ROUTER_FLAGS)
    .u16(message.routerLifetimeSeconds)
    .u32(message.reachableTimeMs)
    .u32(message.retransmitTimerMs);
  encodeNeighborOptions(writer, message.options);
}

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                            Reserved                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                   Target Address (128 bits)                   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Options ...
 * ```
 */
export function decodeNeighborSolicitation(reader: Reader): NeighborSolicitation {
  reader.skip(4);
  const targetAddress = reader.ipv6Address();
  return { type: Icmpv6Type.neighborSolicitation, targetAddress, options: decodeNeighborOptions(reader) };
}

export function encodeNeighborSolicitation(writer: Writer, message: NeighborSolicitation): void {
  writeIpv6Address(writer.u32(0), message.targetAddress);
  encodeNeighborOptions(writer, message.options);
}

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |R|S|O|                     Reserved                            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                   Target Address (128 bits)                   |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Options ...
 * ```
 */
export function decodeNeighborAdvertisement(reader: Reader): NeighborAdvertisement {
  const flags = reader.u8();
  reader.skip(3);
  const targetAddress = reader.ipv6Address();
  return { type: Icmpv6Type.neighborAdvertisement, flags, targetAddress, options: decodeNeighborOptions(reader) };
}

/** Reserved flags are written as zero, whatever the value says. */
export function encodeNeighborAdvertisement(writer: Writer, message: NeighborAdvertisement): void {
  writer.u8(message.flags & NEIGHBOR_FLAGS).zeros(3);
  writeIpv6Address(writer, message.targetAddress);
  encodeNeighborOptions(writer, message.options);
}
