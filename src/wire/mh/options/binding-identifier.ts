import { type Address, ipv4AddressAt, ipv6AddressAt } from '../../../bytes/address.ts';
import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { IPV4_ADDRESS_OCTETS, IPV6_ADDRESS_OCTETS } from '../../address-field.ts';
import { OptionType } from '../numbers.ts';
import type { Alignment } from './codec.ts';

/** Names one of several bindings of a home address (RFC 5648 §4.3). */
export interface BindingIdentifierOption {
  readonly type: typeof OptionType.bindingIdentifier;
  /** 1 to 65535; 0 is reserved. */
  readonly bid: number;
  /** A `BindingStatus`; means something only in a Binding Acknowledgement or a Care-of Test. */
  readonly status: number;
  /** H: bound at home and abroad at the same time. */
  readonly simultaneousHomeAndForeign: boolean;
  /** The 7 reserved bits as received; 0 when sent. */
  readonly reserved: number;
  /** IPv6 (option length 20), IPv4 (8) or absent (4). */
  readonly careOfAddress?: Address;
  /**
   * The option's data as received where its length is none of the three (RFC 5648 §6.2 answers such an option with
   * status 164, so it must reach the home agent).
   */
  readonly malformed?: Uint8Array;
}

const FIXED_OCTETS = 4;
const SIMULTANEOUS_HOME_AND_FOREIGN = 0x80;
const RESERVED = 0x7f;
const WITHOUT_ADDRESS: Alignment = { multiple: 2, plus: 0 };
const WITH_ADDRESS: Alignment = { multiple: 8, plus: 2 };

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |   Type = 35   |     Length    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |       Binding ID (BID)        |     Status    |H|   Reserved  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-------------------------------+
 * :           IPv4 or IPv6 care-of address, or nothing            :
 * +---------------------------------------------------------------+
 * ```
 * A wrong length is kept as `malformed`; fields that it cuts off read as 0.
 */
export function decodeBindingIdentifier(data: Reader): BindingIdentifierOption {
  const octets = data.remaining;
  const isMalformed = octets < FIXED_OCTETS || !isCareOfAddressLength(octets - FIXED_OCTETS);
  if (isMalformed) return decodeMalformed(data.rest());
  const { bytes, index } = data;
  const flags = bytes[index + 3]!;
  const type = OptionType.bindingIdentifier;
  const bid = (bytes[index]! << 8) | bytes[index + 1]!;
  const status = bytes[index + 2]!;
  const simultaneousHomeAndForeign = (flags & SIMULTANEOUS_HOME_AND_FOREIGN) !== 0;
  const reserved = flags & RESERVED;
  if (octets === FIXED_OCTETS) return { type, bid, status, simultaneousHomeAndForeign, reserved };
  const careOfAddress =
    octets === FIXED_OCTETS + IPV6_ADDRESS_OCTETS
      ? ipv6AddressAt(bytes, index + FIXED_OCTETS)
      : ipv4AddressAt(bytes, index + FIXED_OCTETS);
  return { type, bid, status, simultaneousHomeAndForeign, reserved, careOfAddress };
}

function decodeMalformed(received: Uint8Array): BindingIdentifierOption {
  const flags = received[3] ?? 0;
  return {
    type: OptionType.bindingIdentifier,
    bid: received.length < 2 ? 0 : (received[0]! << 8) | received[1]!,
    status: received[2] ?? 0,
    simultaneousHomeAndForeign: (flags & SIMULTANEOUS_HOME_AND_FOREIGN) !== 0,
    reserved: flags & RESERVED,
    malformed: received,
  };
}

/** Reserved bits are written as zero, whatever the value says; `malformed` data is written as it is. */
export function encodeBindingIdentifier(writer: Writer, option: BindingIdentifierOption): void {
  if (option.malformed) {
    writer.put(option.malformed);
    return;
  }
  const flags = option.simultaneousHomeAndForeign ? SIMULTANEOUS_HOME_AND_FOREIGN : 0;
  writer.u16(option.bid).u16((option.status << 8) | flags);
  if (option.careOfAddress !== undefined) writer.address(option.careOfAddress);
}

/** 8n+2 with a care-of address, else 2n. */
export function bindingIdentifierAlignment(option: BindingIdentifierOption): Alignment {
  return option.careOfAddress === undefined ? WITHOUT_ADDRESS : WITH_ADDRESS;
}

function isCareOfAddressLength(octets: number): boolean {
  return octets === 0 || octets === IPV4_ADDRESS_OCTETS || octets === IPV6_ADDRESS_OCTETS;
}
