import { type Address, isUnicastRoutable } from '../../bytes/address.ts';
import type { Reader } from '../../bytes/reader.ts';
import { WireError, type WireErrorAnswer } from '../../bytes/wire-error.ts';
import type { Writer } from '../../bytes/writer.ts';
import { IPV6_ADDRESS_OCTETS, writeIpv6Address } from '../address-field.ts';
import { ParameterProblemCode } from './numbers.ts';

const PAD_1 = 0;
const PAD_N = 1;
/** Home Address option (RFC 6275 §6.3). */
const HOME_ADDRESS = 201;

/** What the two high-order bits of an unknown option's type ask for (RFC 8200 §4.2). */
const Unrecognized = { skip: 0, discard: 1, discardAndReport: 2, discardAndReportUnlessMulticast: 3 } as const;

/** Of a destination options header that holds a Home Address option. */
const HEADER_LENGTH = 2;
const PAD_N_OF_4_OCTETS = 0x01020000;

/**
 * Reads the options of a hop-by-hop or destination options header, behind its Hdr Ext Len; returns the home address if
 * a Home Address option is there and `homeAddressAllowed`. Throws `bad-length` at its Option Length, `bad-value` if it
 * is not a unicast routable address (RFC 6275 §9.3.1), `duplicate-option`, `option-overrun` as in a Mobility Header,
 * and `unrecognized-option` as the option's type asks for.
 */
export function decodeOptionsHeader(
  options: Reader,
  destination: Address,
  homeAddressAllowed: boolean,
): Address | undefined {
  let homeAddress: Address | undefined;
  while (options.remaining > 0) {
    const { offset } = options;
    const type = options.u8();
    if (type === PAD_1) continue;
    const octets = options.u8();
    if (octets > options.remaining) throw new WireError('option-overrun', offset + 1);
    if (type !== HOME_ADDRESS || !homeAddressAllowed) {
      if (type !== PAD_N) rejectUnlessSkippable(type, offset, destination);
      options.skip(octets);
      continue;
    }
    if (homeAddress !== undefined) throw new WireError('duplicate-option', offset);
    if (octets !== IPV6_ADDRESS_OCTETS) throw new WireError('bad-length', offset + 1);
    homeAddress = options.ipv6Address();
    if (!isUnicastRoutable(homeAddress)) throw new WireError('bad-value', offset + 2);
  }
  return homeAddress;
}

function rejectUnlessSkippable(type: number, offset: number, destination: Address): void {
  const action = type >> 6;
  if (action === Unrecognized.skip) return;
  const multicast = destination.charCodeAt(0) === 0xff;
  const reported =
    action === Unrecognized.discardAndReport || (action === Unrecognized.discardAndReportUnlessMulticast && !multicast);
  const answer: WireErrorAnswer | undefined = reported
    ? { kind: 'parameter-problem', code: ParameterProblemCode.unrecognizedOption, pointer: offset }
    : undefined;
  throw new WireError('unrecognized-option', offset, answer);
}

/**
 * A destination options header with a Home Address option, whose address starts at a multiple of 8 octets.
 *
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Next Header  |Hdr Ext Len = 2|   PadN = 1    |       2       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |       0       |       0       |  Type = 201   |  Length = 16  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                   Home Address (128 bits)                     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function encodeHomeAddressHeader(writer: Writer, nextHeader: number, homeAddress: Address): void {
  writer
    .u16((nextHeader << 8) | HEADER_LENGTH)
    .u32(PAD_N_OF_4_OCTETS)
    .u16((HOME_ADDRESS << 8) | IPV6_ADDRESS_OCTETS);
  writeIpv6Address(writer, homeAddress);
}
