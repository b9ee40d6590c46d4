import type { Address } from '../../bytes/address.ts';
import { Writer } from '../../bytes/writer.ts';
import { writeMobilityHeader } from './header.ts';
import type { MobilityMessage } from './messages/message.ts';
import { AUTHENTICATOR_OCTETS, AuthenticationSubtype, MessageType, OptionType } from './numbers.ts';
import {
  AUTHENTICATION_FIXED_OCTETS,
  type MobilityMessageAuthenticationOption,
} from './options/mobility-message-authentication.ts';

const MESSAGE_TYPE_AT = 2;
const CHECKSUM_AT = 4;
/** Where the options of a Binding Update and of a Binding Acknowledgement begin (RFC 6275 §6.1.7, §6.1.8). */
const OPTIONS_AT = 12;

/** What a mobility message authentication option says, and the octets that it says it about. */
export interface AuthenticatedData {
  /** Care-of address, home address, and the Mobility Header up to the SPI, its checksum taken as 0. */
  readonly data: Uint8Array;
  /** As received; compare it in constant time with the first 96 bits of the MAC over `data`. */
  readonly authenticator: Uint8Array;
  readonly spi: number;
  /** Of the authenticator, in octets from the start of the Mobility Header. */
  readonly offset: number;
}

/** The authenticator for `AuthenticatedData.data`: the first 12 octets of HMAC_SHA1 with the shared key. */
export type Sign = (data: Uint8Array) => Uint8Array;

/**
 * What the authentication option of a Binding Update or Acknowledgement protects (RFC 4285 §5.1, §5.2): `undefined` if
 * there is none of this subtype. `mobilityHeader` is a whole Mobility Header that has been decoded without error.
 */
export function authenticatedData(
  mobilityHeader: Uint8Array,
  careOfAddress: Address,
  homeAddress: Address,
  subtype: number = AuthenticationSubtype.mobileNodeHomeAgent,
): AuthenticatedData | undefined {
  const optionAt = findAuthentication(mobilityHeader, subtype);
  if (optionAt === undefined) return undefined;
  const offset = optionAt + 2 + AUTHENTICATION_FIXED_OCTETS;
  const addressOctets = careOfAddress.length + homeAddress.length;
  const writer = new Writer(addressOctets + offset).address(careOfAddress).address(homeAddress);
  writer.put(mobilityHeader.subarray(0, offset));
  writer.setU16(addressOctets + CHECKSUM_AT, 0);
  return {
    data: writer.bytes(),
    authenticator: mobilityHeader.subarray(offset, optionAt + 2 + mobilityHeader[optionAt + 1]!),
    spi: new DataView(mobilityHeader.buffer, mobilityHeader.byteOffset).getUint32(offset - 4),
    offset,
  };
}

/** A MN-HA option for a message that is to be signed: the encoder fills the authenticator in. */
export function unsignedAuthentication(spi: number): MobilityMessageAuthenticationOption {
  return {
    type: OptionType.mobilityMessageAuthentication,
    subtype: AuthenticationSubtype.mobileNodeHomeAgent,
    spi,
    authenticator: new Uint8Array(AUTHENTICATOR_OCTETS),
  };
}

/**
 * `encodeMobilityHeader` for a message with a MN-HA option, whose authenticator is replaced by what `sign` gives, before
 * the checksum is taken. Throws `RangeError` for a message without the option, or another length of authenticator.
 */
export function encodeAuthenticated(
  message: MobilityMessage,
  source: Address,
  destination: Address,
  careOfAddress: Address,
  homeAddress: Address,
  sign: Sign,
): Uint8Array {
  const writer = new Writer();
  writeMobilityHeader(writer, message, source, destination, (header) =>
    signMobilityHeader(header, careOfAddress, homeAddress, sign),
  );
  return writer.bytes();
}

/** Puts the authenticator into the MN-HA option of a Mobility Header whose checksum is still to be taken. */
export function signMobilityHeader(header: Uint8Array, careOfAddress: Address, homeAddress: Address, sign: Sign): void {
  const found = authenticatedData(header, careOfAddress, homeAddress);
  if (!found) throw new RangeError('no MN-HA authentication option to sign');
  const authenticator = sign(found.data);
  if (authenticator.length !== found.authenticator.length) {
    throw new RangeError(`an authenticator of ${authenticator.length} octets`);
  }
  header.set(authenticator, found.offset);
}

/** Where the option begins. */
function findAuthentication(header: Uint8Array, subtype: number): number | undefined {
  const messageType = header[MESSAGE_TYPE_AT];
  if (messageType !== MessageType.bindingUpdate && messageType !== MessageType.bindingAcknowledgement) return undefined;
  let at = OPTIONS_AT;
  while (at + 1 < header.length) {
    if (header[at] === OptionType.pad1) {
      at++;
      continue;
    }
    const end = at + 2 + header[at + 1]!;
    const isLongEnough = end <= header.length && end - at >= 2 + AUTHENTICATION_FIXED_OCTETS;
    if (header[at] === OptionType.mobilityMessageAuthentication && isLongEnough && header[at + 2] === subtype)
      return at;
    at = end;
  }
  return undefined;
}
