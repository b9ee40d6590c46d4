import type { Address } from '../../bytes/address.ts';
import { upperLayerChecksum } from '../../bytes/checksum.ts';
import { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import { Writer } from '../../bytes/writer.ts';
import { NextHeader } from '../ip/numbers.ts';
import { type Icmpv6Message, Icmpv6Type } from './message.ts';

const CHECKSUM_AT = 2;

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
 * Throws `truncated` and `bad-checksum`.
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
    default:
      return { type: 'unknown', icmpv6Type: type, code, data: reader.rest() };
  }
}

/** Writes a whole ICMPv6 message, checksum included. */
export function encodeIcmpv6(message: Icmpv6Message, source: Address, destination: Address): Uint8Array {
  const writer = new Writer();
  switch (message.type) {
    case Icmpv6Type.echoRequest:
    case Icmpv6Type.echoReply:
      writer.u8(message.type).u8(0).u16(0);
      writer.u16(message.identifier).u16(message.sequenceNumber).put(message.data);
      break;
    case 'unknown':
      writer.u8(message.icmpv6Type).u8(message.code).u16(0).put(message.data);
      break;
    default:
      writer.u8(message.type).u8(message.code).u16(0);
      writer.u32(message.value).put(message.invokingPacket);
  }
  writer.setU16(CHECKSUM_AT, upperLayerChecksum(source, destination, NextHeader.icmpv6, writer.bytes()));
  return writer.bytes();
}
