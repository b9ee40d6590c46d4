import type { Address } from '../../bytes/address.ts';
import { upperLayerChecksum } from '../../bytes/checksum.ts';
import { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import { Writer } from '../../bytes/writer.ts';
import { NextHeader } from '../ip/numbers.ts';
import {
  decodeDiscoveryReply,
  decodeDiscoveryRequest,
  encodeDiscoveryReply,
  encodeDiscoveryRequest,
} from './home-agent-address-discovery.ts';
import type { Icmpv6Message } from './message.ts';
import {
  decodeMobilePrefixAdvertisement,
  decodeMobilePrefixSolicitation,
  encodeMobilePrefixAdvertisement,
  encodeMobilePrefixSolicitation,
} from './mobile-prefix.ts';
import {
  decodeNeighborAdvertisement,
  decodeNeighborSolicitation,
  decodeRouterAdvertisement,
  decodeRouterSolicitation,
  encodeNeighborAdvertisement,
  encodeNeighborSolicitation,
  encodeRouterAdvertisement,
  encodeRouterSolicitation,
} from './neighbor-discovery.ts';
import { Icmpv6Type } from './numbers.ts';

const CODE_AT = 1;
const CHECKSUM_AT = 2;
const TARGET_AT = 8;
/** First octet of a multicast address. */
const MULTICAST = 0xff;

/** Of the messages that have one code alone. */
const decoders: Readonly<Record<number, (reader: Reader) => Icmpv6Message>> = {
  [Icmpv6Type.routerSolicitation]: decodeRouterSolicitation,
  [Icmpv6Type.routerAdvertisement]: decodeRouterAdvertisement,
  [Icmpv6Type.neighborSolicitation]: decodeNeighborSolicitation,
  [Icmpv6Type.neighborAdvertisement]: decodeNeighborAdvertisement,
  [Icmpv6Type.homeAgentAddressDiscoveryRequest]: decodeDiscoveryRequest,
  [Icmpv6Type.homeAgentAddressDiscoveryReply]: decodeDiscoveryReply,
  [Icmpv6Type.mobilePrefixSolicitation]: decodeMobilePrefixSolicitation,
  [Icmpv6Type.mobilePrefixAdvertisement]: decodeMobilePrefixAdvertisement,
};

/**
 * Reads a whole ICMPv6 message.
 *
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     Type      |     Code      |          Checksum             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     Identifier and Sequence Number, or MTU, or Pointer        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                Data or the packet in question                 |
 * ```
 *
 * The addresses are those of the pseudo-header, as for a Mobility Header; `base` is the message's offset in its packet.
 * Throws `truncated` and `bad-checksum`; for Neighbor Discovery and Mobile IPv6 also `bad-value` at a code other than
 * 0 or at a target that is multicast, and what the options throw.
 */
export function decodeIcmpv6(bytes: Uint8Array, source: Address, destination: Address, base = 0): Icmpv6Message {
  const reader = new Reader(bytes, base);
  const type = reader.u8();
  const code = reader.u8();
  reader.skip(2);
  if (upperLayerChecksum(source, destination, NextHeader.icmpv6, bytes) !== 0) {
    throw new WireError('bad-checksum', base + CHECKSUM_AT);
  }
  switch (type) {
    case Icmpv6Type.echoRequest:
    case Icmpv6Type.echoReply:
      return { type, identifier: reader.u16(), sequenceNumber: reader.u16(), data: reader.rest() };
    case Icmpv6Type.destinationUnreachable:
    case Icmpv6Type.packetTooBig:
    case Icmpv6Type.timeExceeded:
    case Icmpv6Type.parameterProblem:
      return { type, code, value: reader.u32(), invokingPacket: reader.rest() };
  }
  const decode = decoders[type];
  if (!decode) return { type: 'unknown', icmpv6Type: type, code, data: reader.rest() };
  if (code !== 0) throw new WireError('bad-value', base + CODE_AT);
  const message = decode(reader);
  if ('targetAddress' in message && message.targetAddress.charCodeAt(0) === MULTICAST) {
    throw new WireError('bad-value', base + TARGET_AT);
  }
  return message;
}

/** Writes a whole ICMPv6 message, checksum included. */
export function encodeIcmpv6(message: Icmpv6Message, source: Address, destination: Address): Uint8Array {
  const writer = new Writer();
  writer.u8(message.type === 'unknown' ? message.icmpv6Type : message.type);
  writer.u8('code' in message ? message.code : 0).u16(0);
  encodeBody(writer, message);
  writer.setU16(CHECKSUM_AT, upperLayerChecksum(source, destination, NextHeader.icmpv6, writer.bytes()));
  return writer.bytes();
}

function encodeBody(writer: Writer, message: Icmpv6Message): void {
  switch (message.type) {
    case Icmpv6Type.destinationUnreachable:
    case Icmpv6Type.packetTooBig:
    case Icmpv6Type.timeExceeded:
    case Icmpv6Type.parameterProblem:
      writer.u32(message.value).put(message.invokingPacket);
      break;
    case Icmpv6Type.echoRequest:
    case Icmpv6Type.echoReply:
      writer.u16(message.identifier).u16(message.sequenceNumber).put(message.data);
      break;
    case Icmpv6Type.routerSolicitation:
      encodeRouterSolicitation(writer, message);
      break;
    case Icmpv6Type.routerAdvertisement:
      encodeRouterAdvertisement(writer, message);
      break;
    case Icmpv6Type.neighborSolicitation:
      encodeNeighborSolicitation(writer, message);
      break;
    case Icmpv6Type.neighborAdvertisement:
      encodeNeighborAdvertisement(writer, message);
      break;
    case Icmpv6Type.homeAgentAddressDiscoveryRequest:
      encodeDiscoveryRequest(writer, message);
      break;
    case Icmpv6Type.homeAgentAddressDiscoveryReply:
      encodeDiscoveryReply(writer, message);
      break;
    case Icmpv6Type.mobilePrefixSolicitation:
      encodeMobilePrefixSolicitation(writer, message);
      break;
    case Icmpv6Type.mobilePrefixAdvertisement:
      encodeMobilePrefixAdvertisement(writer, message);
      break;
    case 'unknown':
      writer.put(message.data);
  }
}
