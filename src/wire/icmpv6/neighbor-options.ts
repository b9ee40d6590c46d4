import type { Address } from '../../bytes/address.ts';
import type { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import type { Writer } from '../../bytes/writer.ts';
import { writeIpv6Address } from '../address-field.ts';
import { NeighborOptionType, PrefixInformationFlag } from './numbers.ts';

/** Source or Target Link-Layer Address (RFC 4861 §4.6.1). */
export interface LinkLayerAddressOption {
  readonly type: typeof NeighborOptionType.sourceLinkLayerAddress | typeof NeighborOptionType.targetLinkLayerAddress;
  /** 8n+6 octets; 6 for Ethernet. */
  readonly linkLayerAddress: Uint8Array;
}

/** A prefix of the link, and with flag R the router's address in it (RFC 4861 §4.6.2, RFC 6275 §7.2). */
export interface PrefixInformationOption {
  readonly type: typeof NeighborOptionType.prefixInformation;
  /** In bits, 0 to 128. */
  readonly prefixLength: number;
  /** `PrefixInformationFlag` masks, reserved bits included. */
  readonly flags: number;
  /** `INFINITE_LIFETIME_SECONDS` never ends. */
  readonly validLifetimeSeconds: number;
  /** `INFINITE_LIFETIME_SECONDS` never ends. */
  readonly preferredLifetimeSeconds: number;
  /** IPv6. All 128 bits of the field: `prefixOf(address, prefixLength)` is the prefix. */
  readonly address: Address;
}

/** MTU of the link (RFC 4861 §4.6.4). */
export interface MtuOption {
  readonly type: typeof NeighborOptionType.mtu;
  readonly mtuBytes: number;
}

/** The longest time between two unsolicited Router Advertisements (RFC 6275 §7.3). */
export interface AdvertisementIntervalOption {
  readonly type: typeof NeighborOptionType.advertisementInterval;
  readonly intervalMs: number;
}

/** What a home agent's Router Advertisement says about its service (RFC 6275 §7.4). */
export interface HomeAgentInformationOption {
  readonly type: typeof NeighborOptionType.homeAgentInformation;
  /** R: it supports mobile routers (RFC 3963 §7.3). */
  readonly mobileRouter: boolean;
  /** Larger is better. */
  readonly preference: number;
  readonly lifetimeSeconds: number;
}

/** An option not known here, or of a length that its type does not have; `data` follows the length. */
export interface UnknownNeighborOption {
  readonly type: 'unknown';
  readonly optionType: number;
  readonly data: Uint8Array;
}

export type NeighborOption =
  | LinkLayerAddressOption
  | PrefixInformationOption
  | MtuOption
  | AdvertisementIntervalOption
  | HomeAgentInformationOption
  | UnknownNeighborOption;

const LENGTH_UNIT_OCTETS = 8;
const HEAD_OCTETS = 2;
const LARGEST_OCTETS = 255 * LENGTH_UNIT_OCTETS;
const PREFIX_FLAGS = Object.values(PrefixInformationFlag).reduce((all, flag) => all | flag, 0);
const MOBILE_ROUTER = 0x8000;

/**
 * Reads options up to the end of `reader`, each with its length in units of 8 octets. One that is not known, or whose
 * content makes no sense, is kept raw and otherwise ignored. Throws `bad-length` at a length of 0 and `option-overrun`
 * at one that runs past the end: the whole message is discarded then (RFC 4861 §4.6, §6.1, §7.1).
 */
export function decodeNeighborOptions(reader: Reader): NeighborOption[] {
  const options: NeighborOption[] = [];
  while (reader.remaining > 0) {
    const optionType = reader.u8();
    const lengthOffset = reader.offset;
    const octets = reader.u8() * LENGTH_UNIT_OCTETS;
    if (octets === 0) throw new WireError('bad-length', lengthOffset);
    if (octets - HEAD_OCTETS > reader.remaining) throw new WireError('option-overrun', lengthOffset);
    const data = reader.within(octets - HEAD_OCTETS);
    options.push(decodeKnown(optionType, octets, data) ?? { type: 'unknown', optionType, data: data.rest() });
  }
  return options;
}

/** Reads no octet of an option that it does not take. */
function decodeKnown(type: number, octets: number, data: Reader): NeighborOption | undefined {
  switch (type) {
    case NeighborOptionType.sourceLinkLayerAddress:
    case NeighborOptionType.targetLinkLayerAddress:
      return { type, linkLayerAddress: data.rest() };
    case NeighborOptionType.prefixInformation:
      return octets === 32 && data.bytes[data.index]! <= 128 ? decodePrefixInformation(data) : undefined;
    case NeighborOptionType.mtu:
      if (octets !== 8) return undefined;
      data.skip(2);
      return { type, mtuBytes: data.u32() };
    case NeighborOptionType.advertisementInterval:
      if (octets !== 8) return undefined;
      data.skip(2);
      return { type, intervalMs: data.u32() };
    case NeighborOptionType.homeAgentInformation: {
      if (octets !== 8) return undefined;
      const mobileRouter = (data.u16() & MOBILE_ROUTER) !== 0;
      return { type, mobileRouter, preference: data.u16(), lifetimeSeconds: data.u16() };
    }
    default:
      return undefined;
  }
}

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Type = 3    |  Length = 4   | Prefix Length |L|A|R|Reserved1|
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         Valid Lifetime                        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       Preferred Lifetime                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                           Reserved2                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       Prefix (128 bits)                       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
function decodePrefixInformation(data: Reader): PrefixInformationOption {
  const type = NeighborOptionType.prefixInformation;
  const prefixLength = data.u8();
  const flags = data.u8();
  const validLifetimeSeconds = data.u32();
  const preferredLifetimeSeconds = data.u32();
  data.skip(4);
  return { type, prefixLength, flags, validLifetimeSeconds, preferredLifetimeSeconds, address: data.ipv6Address() };
}

/** Throws `RangeError` for a link-layer address or raw data that do not fill up whole units of 8 octets. */
export function encodeNeighborOptions(writer: Writer, options: readonly NeighborOption[]): void {
  for (const option of options) {
    const start = writer.length;
    writer.u8(option.type === 'unknown' ? option.optionType : option.type).u8(0);
    encodeData(writer, option);
    const octets = writer.length - start;
    if (octets % LENGTH_UNIT_OCTETS !== 0 || octets > LARGEST_OCTETS)
      throw new RangeError(`an option of ${octets} octets`);
    writer.setU8(start + 1, octets / LENGTH_UNIT_OCTETS);
  }
}

function encodeData(writer: Writer, option: NeighborOption): void {
  switch (option.type) {
    case NeighborOptionType.sourceLinkLayerAddress:
    case NeighborOptionType.targetLinkLayerAddress:
      writer.put(option.linkLayerAddress);
      break;
    case NeighborOptionType.prefixInformation:
      if (option.prefixLength > 128) throw new RangeError(`a prefix of ${option.prefixLength} bits`);
      writer
        .u8(option.prefixLength)
        .u8(option.flags & PREFIX_FLAGS)
        .u32(option.validLifetimeSeconds)
        .u32(option.preferredLifetimeSeconds)
        .u32(0);
      writeIpv6Address(writer, option.address);
      break;
    case NeighborOptionType.mtu:
      writer.u16(0).u32(option.mtuBytes);
      break;
    case NeighborOptionType.advertisementInterval:
      writer.u16(0).u32(option.intervalMs);
      break;
    case NeighborOptionType.homeAgentInformation:
      writer
        .u16(option.mobileRouter ? MOBILE_ROUTER : 0)
        .u16(option.preference)
        .u16(option.lifetimeSeconds);
      break;
    case 'unknown':
      writer.put(option.data);
  }
}
