import { type Address, addressToBytes } from '../../../bytes/address.ts';
import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { IPV4_ADDRESS_OCTETS, IPV6_ADDRESS_OCTETS, readIpv4Address, readIpv6Address } from '../../address-field.ts';
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
  const malformed = octets < FIXED_OCTETS || !isCareOfAddressLength(octets - FIXED_OCTETS);
  if (malformed) {
    const received = data.rest();
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
  const bid = data.u16();
  const status = data.u8();
  const flags = data.u8();
  const option: BindingIdentifierOption = {
    type: OptionType.bindingIdentifier,
    bid,
    status,
    simultaneousHomeAndForeign: (flags & SIMULTANEOUS_HOME_AND_FOREIGN) !== 0,
    reserved: flags & RESERVED,
  };
  if (octets === FIXED_OCTETS) return option;
  const careOfAddress = data.remaining === IPV6_ADDRESS_OCTETS ? readIpv6Address(data) : readIpv4Address(data);
  return { ...option, careOfAddress };
}

/** Reserved bits are written as zero, whatever the value says; `malformed` data is written as it is. */
export function encodeBindingIdentifier(writer: Writer, option: BindingIdentifierOption): void {
  if (option.malformed) {
    writer.put(option.malformed);
    return;
  }
  writer.u16(option.bid).u8(option.status);
  writer.u8(option.simultaneousHomeAndForeign ? SIMULTANEOUS_HOME_AND_FOREIGN : 0);
  if (option.careOfAddress !== undefined) writer.put(addressToBytes(option.careOfAddress));
}

/** 8n+2 with a care-of address, else 2n. */
export function bindingIdentifierAlignment(option: BindingIdentifierOption): Alignment {
  return option.careOfAddress === undefined ? { multiple: 2, plus: 0 } : { multiple: 8, plus: 2 };
}

function isCareOfAddressLength(octets: number): boolean {
  return octets === 0 || octets === IPV4_ADDRESS_OCTETS || octets === IPV6_ADDRESS_OCTETS;
}
