import type { Address } from '../../bytes/address.ts';
import { upperLayerChecksum } from '../../bytes/checksum.ts';
import { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import { Writer } from '../../bytes/writer.ts';
import { NextHeader } from '../ip/numbers.ts';
import { decodeBindingAcknowledgement, encodeBindingAcknowledgement } from './messages/binding-acknowledgement.ts';
import { decodeBindingError, encodeBindingError } from './messages/binding-error.ts';
import { decodeBindingRefreshRequest, encodeBindingRefreshRequest } from './messages/binding-refresh-request.ts';
import { decodeBindingUpdate, encodeBindingUpdate } from './messages/binding-update.ts';
import { decodeCareOfTest, encodeCareOfTest } from './messages/care-of-test.ts';
import { decodeCareOfTestInit, encodeCareOfTestInit } from './messages/care-of-test-init.ts';
import { decodeHomeTest, encodeHomeTest } from './messages/home-test.ts';
import { decodeHomeTestInit, encodeHomeTestInit } from './messages/home-test-init.ts';
import type { MobilityMessage } from './messages/message.ts';
import { MessageType, PROTOCOL_MOBILITY_HEADER } from './numbers.ts';

const LENGTH_UNIT_OCTETS = 8;
const LARGEST_OCTETS = 256 * LENGTH_UNIT_OCTETS;
const HEADER_LENGTH_AT = 1;
const MESSAGE_TYPE_AT = 2;
const CHECKSUM_AT = 4;
const MESSAGE_DATA_AT = 6;

interface MessageCodec {
  /** The least Header Len (RFC 6275 §6.1.2 to §6.1.9: what a message without options has). */
  readonly smallestHeaderLength: number;
  readonly decode: (reader: Reader) => MobilityMessage;
}

/** By message type. */
const codecs: readonly (MessageCodec | undefined)[] = [
  { smallestHeaderLength: 0, decode: decodeBindingRefreshRequest },
  { smallestHeaderLength: 1, decode: decodeHomeTestInit },
  { smallestHeaderLength: 1, decode: decodeCareOfTestInit },
  { smallestHeaderLength: 2, decode: decodeHomeTest },
  { smallestHeaderLength: 2, decode: decodeCareOfTest },
  { smallestHeaderLength: 1, decode: decodeBindingUpdate },
  { smallestHeaderLength: 1, decode: decodeBindingAcknowledgement },
  { smallestHeaderLength: 2, decode: decodeBindingError },
];

/** The addresses that the checksum covers, and where the bytes lie in the packet. */
export interface MobilityHeaderContext {
  /** The home address if the packet has a Home Address option, else the packet's source (RFC 6275 §6.1.1). */
  readonly source: Address;
  /** The home address if the packet has a type 2 routing header, else the packet's destination. */
  readonly destination: Address;
  /** Offset of the Mobility Header from the first octet of the IPv6 header: errors and ICMPv6 pointers count from there. */
  readonly base?: number;
}

/**
 * Reads a Mobility Header, and checks it in the order of RFC 6275 §9.2. A message of an unknown type is no error here:
 * it comes out as `unknown`, to be answered with a Binding Error. Octets behind the Mobility Header are ignored.
 *
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | Payload Proto |  Header Len   |   MH Type     |   Reserved    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           Checksum            |         Message Data          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               .
 * ```
 *
 * Throws `truncated` where the octets end before Header Len says, `bad-checksum`, `bad-next-header` for a Payload
 * Proto other than 59, `bad-length` where Header Len is too small for the type (both with an ICMPv6 answer), and what
 * the options throw.
 */
export function decodeMobilityHeader(bytes: Uint8Array, context: MobilityHeaderContext): MobilityMessage {
  const { source, destination, base = 0 } = context;
  const header = trimMobilityHeader(bytes, base);
  if (upperLayerChecksum(source, destination, PROTOCOL_MOBILITY_HEADER, header) !== 0) {
    throw new WireError('bad-checksum', base + CHECKSUM_AT);
  }
  const messageType = header[MESSAGE_TYPE_AT]!;
  const codec = codecs[messageType];
  if (!codec) return { type: 'unknown', messageType, data: header.subarray(MESSAGE_DATA_AT) };
  if (header[0] !== NextHeader.none) {
    throw new WireError('bad-next-header', base, { kind: 'parameter-problem', code: 0, pointer: base });
  }
  if (header[HEADER_LENGTH_AT]! < codec.smallestHeaderLength) {
    const pointer = base + HEADER_LENGTH_AT;
    throw new WireError('bad-length', pointer, { kind: 'parameter-problem', code: 0, pointer });
  }
  return codec.decode(new Reader(header, base, MESSAGE_DATA_AT));
}

/** A view of `bytes` as far as Header Len says, the same one if that is all of it. Throws `truncated`. */
export function trimMobilityHeader(bytes: Uint8Array, base = 0): Uint8Array {
  const headerLength = bytes[HEADER_LENGTH_AT];
  const octets = headerLength === undefined ? LENGTH_UNIT_OCTETS : (headerLength + 1) * LENGTH_UNIT_OCTETS;
  if (octets > bytes.length) throw new WireError('truncated', base + bytes.length);
  return octets === bytes.length ? bytes : bytes.subarray(0, octets);
}

/**
 * Writes a whole Mobility Header, checksum included. `source` and `destination` are those of `MobilityHeaderContext`.
 * Throws `RangeError` for values that do not fit their fields, and for more options than 2048 octets hold.
 */
export function encodeMobilityHeader(message: MobilityMessage, source: Address, destination: Address): Uint8Array {
  const writer = new Writer();
  writeMobilityHeader(writer, message, source, destination);
  return writer.bytes();
}

/**
 * `encodeMobilityHeader` into a writer whose length is a multiple of 8 octets. `seal` may change the octets of the
 * header before the checksum, which is zero until then, is taken over them.
 */
export function writeMobilityHeader(
  writer: Writer,
  message: MobilityMessage,
  source: Address,
  destination: Address,
  seal?: (header: Uint8Array) => void,
): void {
  const start = writer.length;
  const messageType = message.type === 'unknown' ? message.messageType : message.type;
  writer
    .u16(NextHeader.none << 8)
    .u16(messageType << 8)
    .u16(0);
  encodeMessageData(writer, message);
  const octets = writer.length - start;
  if (octets > LARGEST_OCTETS || octets % LENGTH_UNIT_OCTETS !== 0) {
    throw new RangeError(`a Mobility Header of ${octets} octets`);
  }
  writer.setU8(start + HEADER_LENGTH_AT, octets / LENGTH_UNIT_OCTETS - 1);
  const header = writer.bytes(start);
  seal?.(header);
  writer.setU16(start + CHECKSUM_AT, upperLayerChecksum(source, destination, PROTOCOL_MOBILITY_HEADER, header));
}

function encodeMessageData(writer: Writer, message: MobilityMessage): void {
  switch (message.type) {
    case MessageType.bindingRefreshRequest:
      encodeBindingRefreshRequest(writer, message);
      break;
    case MessageType.homeTestInit:
      encodeHomeTestInit(writer, message);
      break;
    case MessageType.careOfTestInit:
      encodeCareOfTestInit(writer, message);
      break;
    case MessageType.homeTest:
      encodeHomeTest(writer, message);
      break;
    case MessageType.careOfTest:
      encodeCareOfTest(writer, message);
      break;
    case MessageType.bindingUpdate:
      encodeBindingUpdate(writer, message);
      break;
    case MessageType.bindingAcknowledgement:
      encodeBindingAcknowledgement(writer, message);
      break;
    case MessageType.bindingError:
      encodeBindingError(writer, message);
      break;
    case 'unknown':
      writer.put(message.data);
  }
}
