import { type Address, isUnicastRoutable } from '../../bytes/address.ts';
import type { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import type { Writer } from '../../bytes/writer.ts';
import { writeIpv6Address } from '../address-field.ts';
import { ParameterProblemCode } from './numbers.ts';

const ROUTING_TYPE_2 = 2;
const HEADER_LENGTH = 2;
const SEGMENTS_LEFT = 1;

/**
 * Reads a routing header behind its Hdr Ext Len, and returns the home address if it is of type 2 (RFC 6275 §6.4.1).
 *
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Next Header  | Hdr Ext Len=2 | Routing Type=2|Segments Left=1|
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                            Reserved                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                    Home Address (128 bits)                    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 *
 * Another type is skipped if no segments are left; else it throws `unsupported` with the answer of RFC 8200 §4.4.
 * What is wrong in a type 2 header makes the packet discarded silently (RFC 6275 §11.3.3): `bad-length` at Hdr Ext Len,
 * `bad-value` at Segments Left or at an address that is not unicast routable.
 */
export function decodeRoutingHeader(reader: Reader, headerLength: number): Address | undefined {
  const typeOffset = reader.offset;
  const routingType = reader.u8();
  const segmentsLeft = reader.u8();
  if (routingType !== ROUTING_TYPE_2) {
    if (segmentsLeft === 0) return undefined;
    const code = ParameterProblemCode.erroneousHeaderField;
    throw new WireError('unsupported', typeOffset, { kind: 'parameter-problem', code, pointer: typeOffset });
  }
  if (headerLength !== HEADER_LENGTH) throw new WireError('bad-length', typeOffset - 1);
  if (segmentsLeft !== SEGMENTS_LEFT) throw new WireError('bad-value', typeOffset + 1);
  reader.skip(4);
  const addressOffset = reader.offset;
  const homeAddress = reader.ipv6Address();
  if (!isUnicastRoutable(homeAddress)) throw new WireError('bad-value', addressOffset);
  return homeAddress;
}

export function encodeRouting2Header(writer: Writer, nextHeader: number, homeAddress: Address): void {
  writer.u8(nextHeader).u8(HEADER_LENGTH).u8(ROUTING_TYPE_2).u8(SEGMENTS_LEFT).u32(0);
  writeIpv6Address(writer, homeAddress);
}
