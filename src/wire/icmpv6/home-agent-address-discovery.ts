import type { Address } from '../../bytes/address.ts';
import type { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import type { Writer } from '../../bytes/writer.ts';
import { IPV6_ADDRESS_OCTETS, writeIpv6Address } from '../address-field.ts';
import { Icmpv6Type } from './numbers.ts';

const MOBILE_ROUTER = 0x8000;

/** Asks any home agent on the home link for all of them (RFC 6275 §6.5). */
export interface HomeAgentAddressDiscoveryRequest {
  readonly type: typeof Icmpv6Type.homeAgentAddressDiscoveryRequest;
  readonly identifier: number;
  /** R: only those that support mobile routers (RFC 3963 §7.1). */
  readonly mobileRouter: boolean;
}

/** Lists home agents, the most preferred one first (RFC 6275 §6.6). */
export interface HomeAgentAddressDiscoveryReply {
  readonly type: typeof Icmpv6Type.homeAgentAddressDiscoveryReply;
  /** The request's. */
  readonly identifier: number;
  /** R: those listed support mobile routers (RFC 3963 §7.2). */
  readonly mobileRouter: boolean;
  /** IPv6. */
  readonly homeAgentAddresses: readonly Address[];
}

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          Identifier           |R|         Reserved            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * `reader` stands behind the checksum. Octets behind the fields are ignored.
 */
export function decodeDiscoveryRequest(reader: Reader): HomeAgentAddressDiscoveryRequest {
  const type = Icmpv6Type.homeAgentAddressDiscoveryRequest;
  return { type, identifier: reader.u16(), mobileRouter: (reader.u16() & MOBILE_ROUTER) !== 0 };
}

export function encodeDiscoveryRequest(writer: Writer, message: HomeAgentAddressDiscoveryRequest): void {
  writer.u16(message.identifier).u16(message.mobileRouter ? MOBILE_ROUTER : 0);
}

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          Identifier           |R|         Reserved            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * .              Home Agent Addresses (128 bits each)             .
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * The addresses fill the packet; throws `bad-length` where they do not.
 */
export function decodeDiscoveryReply(reader: Reader): HomeAgentAddressDiscoveryReply {
  const identifier = reader.u16();
  const mobileRouter = (reader.u16() & MOBILE_ROUTER) !== 0;
  if (reader.remaining % IPV6_ADDRESS_OCTETS !== 0) {
    throw new WireError('bad-length', reader.offset + reader.remaining - (reader.remaining % IPV6_ADDRESS_OCTETS));
  }
  const homeAgentAddresses: Address[] = [];
  while (reader.remaining > 0) homeAgentAddresses.push(reader.ipv6Address());
  return { type: Icmpv6Type.homeAgentAddressDiscoveryReply, identifier, mobileRouter, homeAgentAddresses };
}

export function encodeDiscoveryReply(writer: Writer, message: HomeAgentAddressDiscoveryReply): void {
  writer.u16(message.identifier).u16(message.mobileRouter ? MOBILE_ROUTER : 0);
  for (const address of message.homeAgentAddresses) writeIpv6Address(writer, address);
}
