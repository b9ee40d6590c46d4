import type { Address } from '../bytes/address.ts';
import type { Reader } from '../bytes/reader.ts';
import { WireError } from '../bytes/wire-error.ts';
import { Writer } from '../bytes/writer.ts';
import { decodeIcmpv6, encodeIcmpv6 } from './icmpv6/codec.ts';
import type { Icmpv6Message } from './icmpv6/message.ts';
import { DEFAULT_HOP_LIMIT, decodeIpv6, encodeIpv6Header, IPV6_HEADER_OCTETS, IPV6_NEXT_HEADER_AT } from './ip/ipv6.ts';
import { NextHeader, ParameterProblemCode } from './ip/numbers.ts';
import { decodeOptionsHeader, encodeHomeAddressHeader, HOME_ADDRESS_HEADER_OCTETS } from './ip/options.ts';
import { decodeRoutingHeader, encodeRouting2Header, ROUTING_2_OCTETS } from './ip/routing-header.ts';
import { decodeMobilityHeader, encodeMobilityHeader } from './mh/header.ts';
import type { MobilityMessage } from './mh/messages/message.ts';

interface Addressed {
  /** Source in the IPv6 header. */
  readonly source: Address;
  /** Destination in the IPv6 header. */
  readonly destination: Address;
  /** In the Home Address option of a destination options header (RFC 6275 §6.3). */
  readonly homeAddress?: Address;
  /** The home address in a type 2 routing header (RFC 6275 §6.4). */
  readonly routing2?: Address;
}

/** An IPv6 packet that carries a Mobility Header. */
export interface MobilityPacket extends Addressed {
  readonly kind: 'mobility';
  readonly message: MobilityMessage;
}

/** An IPv6 packet that carries ICMPv6. */
export interface Icmpv6Packet extends Addressed {
  readonly kind: 'icmpv6';
  readonly message: Icmpv6Message;
}

/** An IPv6 packet whose upper layer is neither: its payload is for another room. */
export interface OtherPacket extends Addressed {
  readonly kind: 'other';
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** What the machines receive and send. */
export type SignallingPacket = MobilityPacket | Icmpv6Packet | OtherPacket;

/** What the extension headers say, and where the upper layer begins. */
interface HeaderChain {
  readonly protocol: number;
  readonly homeAddress: Address | undefined;
  readonly routing2: Address | undefined;
}

/**
 * Reads a whole IPv6 packet through its extension headers. Any upper layer but the Mobility Header and ICMPv6 comes
 * out as `other`. Throws `WireError` as the codecs of the headers do, and `unsupported` for a fragment.
 */
export function decodeSignalling(packet: Uint8Array): SignallingPacket {
  const { header, payload } = decodeIpv6(packet);
  const { protocol, homeAddress, routing2 } = walkHeaders(payload, header.nextHeader, header.destination);
  const addressed: Addressed = {
    source: header.source,
    destination: header.destination,
    ...(homeAddress !== undefined && { homeAddress }),
    ...(routing2 !== undefined && { routing2 }),
  };
  const source = homeAddress ?? header.source;
  const destination = routing2 ?? header.destination;
  const base = payload.offset;
  const upperLayer = payload.rest();
  switch (protocol) {
    case NextHeader.mobility:
      return {
        kind: 'mobility',
        ...addressed,
        message: decodeMobilityHeader(upperLayer, { source, destination, base }),
      };
    case NextHeader.icmpv6:
      return { kind: 'icmpv6', ...addressed, message: decodeIcmpv6(upperLayer, source, destination, base) };
    default:
      return { kind: 'other', ...addressed, protocol, payload: upperLayer };
  }
}

/**
 * Writes a whole IPv6 packet: a type 2 routing header and a Home Address option where there are any, in this order
 * (RFC 6275 §6.3), then the upper layer. Throws `RangeError` for values that do not fit.
 */
export function encodeSignalling(packet: SignallingPacket, hopLimit = DEFAULT_HOP_LIMIT): Uint8Array {
  const { homeAddress, routing2 } = packet;
  const upperLayer = encodeUpperLayer(packet, homeAddress ?? packet.source, routing2 ?? packet.destination);
  const extensionOctets =
    (routing2 === undefined ? 0 : ROUTING_2_OCTETS) + (homeAddress === undefined ? 0 : HOME_ADDRESS_HEADER_OCTETS);
  const protocol = protocolOf(packet);
  const behindRouting = homeAddress === undefined ? protocol : NextHeader.destinationOptions;
  const nextHeader = routing2 === undefined ? behindRouting : NextHeader.routing;

  const writer = new Writer(IPV6_HEADER_OCTETS + extensionOctets + upperLayer.length);
  const { source, destination } = packet;
  const header = { trafficClass: 0, flowLabel: 0, nextHeader, hopLimit, source, destination };
  encodeIpv6Header(writer, header, extensionOctets + upperLayer.length);
  if (routing2 !== undefined) encodeRouting2Header(writer, behindRouting, routing2);
  if (homeAddress !== undefined) encodeHomeAddressHeader(writer, protocol, homeAddress);
  return writer.put(upperLayer).bytes();
}

function walkHeaders(reader: Reader, firstHeader: number, destination: Address): HeaderChain {
  let protocol = firstHeader;
  let nextHeaderOffset = IPV6_NEXT_HEADER_AT;
  let homeAddress: Address | undefined;
  let routing2: Address | undefined;
  for (;;) {
    const { offset } = reader;
    switch (protocol) {
      case NextHeader.hopByHopOptions: {
        if (nextHeaderOffset !== IPV6_NEXT_HEADER_AT) throw misplacedHopByHop(nextHeaderOffset);
        const extension = readExtension(reader);
        decodeOptionsHeader(extension.body, destination, false);
        protocol = extension.nextHeader;
        break;
      }
      case NextHeader.destinationOptions: {
        const extension = readExtension(reader);
        const found = decodeOptionsHeader(extension.body, destination, true);
        if (found !== undefined && homeAddress !== undefined) throw new WireError('duplicate-option', offset);
        homeAddress ??= found;
        protocol = extension.nextHeader;
        break;
      }
      case NextHeader.routing: {
        const extension = readExtension(reader);
        const found = decodeRoutingHeader(extension.body, extension.headerLength);
        if (found !== undefined && routing2 !== undefined) throw new WireError('bad-value', offset);
        routing2 ??= found;
        protocol = extension.nextHeader;
        break;
      }
      case NextHeader.fragment:
        throw new WireError('unsupported', offset);
      default:
        return { protocol, homeAddress, routing2 };
    }
    nextHeaderOffset = offset;
  }
}

function readExtension(reader: Reader): { nextHeader: number; headerLength: number; body: Reader } {
  const nextHeader = reader.u8();
  const headerLength = reader.u8();
  return { nextHeader, headerLength, body: reader.within((headerLength + 1) * 8 - 2) };
}

/** Hop-by-hop options stand directly behind the IPv6 header and nowhere else (RFC 8200 §4.1). */
function misplacedHopByHop(pointer: number): WireError {
  const code = ParameterProblemCode.unrecognizedNextHeader;
  return new WireError('bad-next-header', pointer, { kind: 'parameter-problem', code, pointer });
}

function protocolOf(packet: SignallingPacket): number {
  if (packet.kind === 'mobility') return NextHeader.mobility;
  return packet.kind === 'icmpv6' ? NextHeader.icmpv6 : packet.protocol;
}

function encodeUpperLayer(packet: SignallingPacket, source: Address, destination: Address): Uint8Array {
  switch (packet.kind) {
    case 'mobility':
      return encodeMobilityHeader(packet.message, source, destination);
    case 'icmpv6':
      return encodeIcmpv6(packet.message, source, destination);
    case 'other':
      return packet.payload;
  }
}
