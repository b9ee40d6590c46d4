import { type Address, isIpv4 } from '../bytes/address.ts';
import type { Reader } from '../bytes/reader.ts';
import { WireError } from '../bytes/wire-error.ts';
import { Writer } from '../bytes/writer.ts';
import { decodeIcmpv4, encodeIcmpv4, type Icmpv4Message } from './icmpv4/error.ts';
import { decodeIcmpv6, encodeIcmpv6 } from './icmpv6/codec.ts';
import type { Icmpv6Message } from './icmpv6/message.ts';
import {
  checkNeighborDiscovery,
  isNeighborDiscovery,
  NEIGHBOR_DISCOVERY_HOP_LIMIT,
} from './icmpv6/neighbor-discovery-validity.ts';
import { decodeIpv4, encodeIpv4Header } from './ip/ipv4.ts';
import {
  DEFAULT_HOP_LIMIT,
  decodeIpv6,
  encodeIpv6Header,
  IPV6_HEADER_OCTETS,
  IPV6_NEXT_HEADER_AT,
  IPV6_PAYLOAD_LENGTH_AT,
} from './ip/ipv6.ts';
import { NextHeader, ParameterProblemCode } from './ip/numbers.ts';
import { decodeOptionsHeader, encodeHomeAddressHeader } from './ip/options.ts';
import { decodeRoutingHeader, encodeRouting2Header } from './ip/routing-header.ts';
import { type Sign, signMobilityHeader } from './mh/authentication.ts';
import { decodeMobilityHeader, trimMobilityHeader, writeMobilityHeader } from './mh/header.ts';
import type { MobilityMessage } from './mh/messages/message.ts';
import { MessageType, OptionType } from './mh/numbers.ts';
import { decodeDsmipv6Udp, encodeOuter, type OuterHeader } from './outer-header.ts';

export type { OuterHeader } from './outer-header.ts';

/** By next header: 1 for a header that another one follows. Looked up faster than a list is searched. */
const EXTENSIONS = new Uint8Array(256);
for (const extension of [
  NextHeader.hopByHopOptions,
  NextHeader.routing,
  NextHeader.fragment,
  NextHeader.destinationOptions,
]) {
  EXTENSIONS[extension] = 1;
}

const NO_OPTIONS: EncodeOptions = {};
const USUAL_OCTETS = 256;
const LARGEST_PAYLOAD = 0xffff;
const IPV4_VERSION = 4;
const IPV6_VERSION = 6;

interface Addressed {
  /** Around the IPv6 packet where the care-of address is an IPv4 one. */
  readonly outer?: OuterHeader;
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
  /** The octets of the Mobility Header as received, which its authentication covers. Ignored when sent. */
  readonly mobilityHeader?: Uint8Array;
}

/** An IPv6 packet that carries ICMPv6. */
export interface Icmpv6Packet extends Addressed {
  readonly kind: 'icmpv6';
  readonly message: Icmpv6Message;
  /** In the IPv6 header. When sent and left out: 255 for Neighbor Discovery, else 64. */
  readonly hopLimit?: number;
}

/** An IPv4 packet that carries ICMP; nothing else of its own do machines say by IPv4. */
export interface Icmpv4Packet extends Addressed {
  readonly kind: 'icmpv4';
  readonly message: Icmpv4Message;
}

/** A packet whose upper layer is none of these: its payload is for another room. */
export interface OtherPacket extends Addressed {
  readonly kind: 'other';
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** What the machines receive and send. */
export type SignallingPacket = MobilityPacket | Icmpv6Packet | Icmpv4Packet | OtherPacket;

/** What the extension headers say, and where the upper layer begins. */
interface HeaderChain {
  readonly protocol: number;
  readonly homeAddress: Address | undefined;
  readonly routing2: Address | undefined;
}

/** How a packet is sent. */
export interface EncodeOptions {
  /** Instead of the packet's own. */
  readonly hopLimit?: number;
  /** Makes the authenticator of a message with a MN-HA authentication option. */
  readonly sign?: Sign;
  /** What the authenticator covers instead of what `authenticatedAddresses` says. */
  readonly careOfAddress?: Address;
}

/**
 * Reads a whole IPv6 packet through its extension headers, also one inside of IPv4. Any upper layer but the Mobility
 * Header and ICMP comes out as `other`. Throws `WireError` as the codecs of the headers do, and `unsupported` for a
 * fragment.
 */
export function decodeSignalling(packet: Uint8Array): SignallingPacket {
  return packet.length > 0 && packet[0]! >>> 4 === IPV4_VERSION ? decodeInIpv4(packet) : decodeInIpv6(packet);
}

function decodeInIpv4(packet: Uint8Array): SignallingPacket {
  const { header, payload } = decodeIpv4(packet);
  const { source, destination, protocol } = header;
  const base = payload.offset;
  switch (protocol) {
    case NextHeader.icmpv4:
      return { kind: 'icmpv4', source, destination, message: decodeIcmpv4(payload.rest(), base) };
    case NextHeader.ipv6:
      return decodeInside({ source, destination }, payload);
    case NextHeader.udp: {
      const whole = payload.bytes.subarray(payload.index, payload.index + payload.remaining);
      const outer = decodeDsmipv6Udp(header, payload);
      if (outer && payload.remaining > 0 && payload.bytes[payload.index]! >>> 4 === IPV6_VERSION) {
        return decodeInside(outer, payload);
      }
      return { kind: 'other', source, destination, protocol, payload: whole };
    }
    default:
      return { kind: 'other', source, destination, protocol, payload: payload.rest() };
  }
}

/** Offsets count from the start of the whole packet, a pointer from the start of the IPv6 packet that it is about. */
function decodeInside(outer: OuterHeader, payload: Reader): SignallingPacket {
  const { offset } = payload;
  try {
    const packet: { outer?: OuterHeader } & SignallingPacket = decodeInIpv6(payload.rest());
    packet.outer = outer;
    return packet;
  } catch (error) {
    if (error instanceof WireError) throw new WireError(error.code, offset + error.offset, error.answer);
    throw error;
  }
}

function decodeInIpv6(packet: Uint8Array): SignallingPacket {
  const { header, payload } = decodeIpv6(packet);
  const { protocol, homeAddress, routing2 } = walkHeaders(payload, header.nextHeader, header.destination);
  const { source, destination, hopLimit } = header;
  const base = payload.offset;
  const upperLayer = payload.rest();
  switch (protocol) {
    case NextHeader.mobility: {
      const mobilityHeader = trimMobilityHeader(upperLayer, base);
      const context = { source: homeAddress ?? source, destination: routing2 ?? destination, base };
      const message = decodeMobilityHeader(mobilityHeader, context);
      return withHome({ kind: 'mobility', source, destination, message, mobilityHeader }, homeAddress, routing2);
    }
    case NextHeader.icmpv6: {
      const message = decodeIcmpv6(upperLayer, homeAddress ?? source, routing2 ?? destination, base);
      checkNeighborDiscovery(message, header);
      return withHome({ kind: 'icmpv6', source, destination, hopLimit, message }, homeAddress, routing2);
    }
    default:
      return withHome({ kind: 'other', source, destination, protocol, payload: upperLayer }, homeAddress, routing2);
  }
}

/** Sets what is there. A spread of what may be there would cost as much as the headers' decoding. */
function withHome(
  packet: SignallingPacket,
  homeAddress: Address | undefined,
  routing2: Address | undefined,
): SignallingPacket {
  const made: { homeAddress?: Address; routing2?: Address } = packet;
  if (homeAddress !== undefined) made.homeAddress = homeAddress;
  if (routing2 !== undefined) made.routing2 = routing2;
  return packet;
}

/**
 * Writes a whole IPv6 packet, inside of its outer header if there is one: a type 2 routing header and a Home Address option where there are any, in this order
 * (RFC 6275 §6.3), then the upper layer. Throws `RangeError` for values that do not fit.
 */
export function encodeSignalling(packet: SignallingPacket, options: EncodeOptions = NO_OPTIONS): Uint8Array {
  if (isIpv4(packet.source)) return encodeInIpv4(packet);
  const inner = encodeInIpv6(packet, options);
  return packet.outer ? encodeOuter(packet.outer, inner) : inner;
}

function encodeInIpv4(packet: SignallingPacket): Uint8Array {
  const body = new Writer(USUAL_OCTETS);
  if (packet.kind === 'icmpv4') encodeIcmpv4(body, packet.message);
  else if (packet.kind === 'other') body.put(packet.payload);
  else throw new RangeError(`${packet.kind} is not sent from an IPv4 address`);
  const protocol = packet.kind === 'icmpv4' ? NextHeader.icmpv4 : packet.protocol;
  const { source, destination } = packet;
  const writer = new Writer(USUAL_OCTETS);
  encodeIpv4Header(writer, { protocol, timeToLive: DEFAULT_HOP_LIMIT, source, destination }, body.length);
  return writer.put(body.bytes()).bytes();
}

function encodeInIpv6(packet: SignallingPacket, options: EncodeOptions): Uint8Array {
  const { source, destination, homeAddress, routing2 } = packet;
  const protocol = protocolOf(packet);
  const behindRouting = homeAddress === undefined ? protocol : NextHeader.destinationOptions;
  const nextHeader = routing2 === undefined ? behindRouting : NextHeader.routing;
  const hopLimit = options.hopLimit ?? hopLimitOf(packet);

  const writer = new Writer(USUAL_OCTETS);
  encodeIpv6Header(writer, { trafficClass: 0, flowLabel: 0, nextHeader, hopLimit, source, destination }, 0);
  if (routing2 !== undefined) encodeRouting2Header(writer, behindRouting, routing2);
  if (homeAddress !== undefined) encodeHomeAddressHeader(writer, protocol, homeAddress);
  putUpperLayer(writer, packet, homeAddress ?? source, routing2 ?? destination, options);
  const payloadOctets = writer.length - IPV6_HEADER_OCTETS;
  if (payloadOctets > LARGEST_PAYLOAD) throw new RangeError(`a payload of ${payloadOctets} octets`);
  writer.setU16(IPV6_PAYLOAD_LENGTH_AT, payloadOctets);
  return writer.bytes();
}

/**
 * The care-of and home address that the authentication of a message covers, as the packet shows them (RFC 4285 §5.1):
 * in a Binding Acknowledgement those that it is sent to, else those that it comes from. An Alternate Care-of Address
 * stands for the source (RFC 6275 §6.2.5); the acknowledgement of such an update cannot show it. Inside of IPv4 it says
 * nothing, and the source is the home address.
 */
export function authenticatedAddresses(packet: MobilityPacket): { careOfAddress: Address; homeAddress: Address } {
  const { message } = packet;
  if (message.type === MessageType.bindingAcknowledgement) {
    return { careOfAddress: packet.destination, homeAddress: packet.routing2 ?? packet.destination };
  }
  const options = message.type === MessageType.bindingUpdate ? message.options : [];
  let careOfAddress = packet.source;
  for (const option of options) {
    if (!packet.outer && option.type === OptionType.alternateCareOfAddress) careOfAddress = option.careOfAddress;
  }
  return { careOfAddress, homeAddress: packet.homeAddress ?? packet.source };
}

function walkHeaders(reader: Reader, firstHeader: number, destination: Address): HeaderChain {
  let protocol = firstHeader;
  let nextHeaderOffset = IPV6_NEXT_HEADER_AT;
  let homeAddress: Address | undefined;
  let routing2: Address | undefined;
  while (EXTENSIONS[protocol] === 1) {
    const { offset } = reader;
    if (protocol === NextHeader.fragment) throw new WireError('unsupported', offset);
    if (protocol === NextHeader.hopByHopOptions && nextHeaderOffset !== IPV6_NEXT_HEADER_AT) {
      throw misplacedHopByHop(nextHeaderOffset);
    }
    const nextHeader = reader.u8();
    const headerLength = reader.u8();
    const body = reader.within(headerLength * 8 + 6);
    if (protocol === NextHeader.routing) {
      const found = decodeRoutingHeader(body, headerLength);
      if (found !== undefined && routing2 !== undefined) throw new WireError('bad-value', offset);
      routing2 ??= found;
    } else if (protocol === NextHeader.destinationOptions) {
      const found = decodeOptionsHeader(body, destination, true);
      if (found !== undefined && homeAddress !== undefined) throw new WireError('duplicate-option', offset);
      homeAddress ??= found;
    } else {
      decodeOptionsHeader(body, destination, false);
    }
    protocol = nextHeader;
    nextHeaderOffset = offset;
  }
  return { protocol, homeAddress, routing2 };
}

/** Hop-by-hop options stand directly behind the IPv6 header and nowhere else (RFC 8200 §4.1). */
function misplacedHopByHop(pointer: number): WireError {
  const code = ParameterProblemCode.unrecognizedNextHeader;
  return new WireError('bad-next-header', pointer, { kind: 'parameter-problem', code, pointer });
}

function protocolOf(packet: SignallingPacket): number {
  switch (packet.kind) {
    case 'mobility':
      return NextHeader.mobility;
    case 'icmpv6':
      return NextHeader.icmpv6;
    case 'icmpv4':
      return NextHeader.icmpv4;
    case 'other':
      return packet.protocol;
  }
}

function hopLimitOf(packet: SignallingPacket): number {
  if (packet.kind !== 'icmpv6') return DEFAULT_HOP_LIMIT;
  return packet.hopLimit ?? (isNeighborDiscovery(packet.message) ? NEIGHBOR_DISCOVERY_HOP_LIMIT : DEFAULT_HOP_LIMIT);
}

function putUpperLayer(
  writer: Writer,
  packet: SignallingPacket,
  source: Address,
  destination: Address,
  options: EncodeOptions,
): void {
  switch (packet.kind) {
    case 'mobility': {
      const { sign } = options;
      writeMobilityHeader(writer, packet.message, source, destination, sign && sealer(packet, sign, options));
      break;
    }
    case 'icmpv6':
      writer.put(encodeIcmpv6(packet.message, source, destination));
      break;
    case 'icmpv4':
      encodeIcmpv4(writer, packet.message);
      break;
    case 'other':
      writer.put(packet.payload);
  }
}

function sealer(packet: MobilityPacket, sign: Sign, options: EncodeOptions): (header: Uint8Array) => void {
  const { careOfAddress, homeAddress } = authenticatedAddresses(packet);
  return (header) => signMobilityHeader(header, options.careOfAddress ?? careOfAddress, homeAddress, sign);
}
