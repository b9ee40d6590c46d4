import type { Address } from '../bytes/address.ts';
import { equalInConstantTime } from '../bytes/secret.ts';
import type { Authentication, SecurityAssociation } from '../config/configuration.ts';
import { authenticatedData, type Sign } from '../wire/mh/authentication.ts';
import { AUTHENTICATOR_OCTETS, AuthenticationSubtype, OptionType } from '../wire/mh/numbers.ts';
import type { MobilityMessageAuthenticationOption } from '../wire/mh/options/mobility-message-authentication.ts';
import type { NtpTimestamp } from '../wire/mh/options/mobility-message-replay-protection.ts';
import type { MobilityOption } from '../wire/mh/options/option.ts';
import type { MobilityPacket } from '../wire/signalling.ts';
import type { RoleServices } from './services.ts';
import type { AuthenticationStatus } from './status.ts';

/** Signs with the key of an association (RFC 4285 §5.1). */
export function signer({ key }: SecurityAssociation, services: RoleServices): Sign {
  return (data) => services.hmacSha1(key.reveal(), data).subarray(0, AUTHENTICATOR_OCTETS);
}

/**
 * Whether a received message was signed by who has the key, for this pair of addresses. A message that does not come
 * with the octets that it was decoded from, or without the option, was not.
 */
export function isAuthentic(
  { mobilityHeader }: MobilityPacket,
  careOfAddress: Address,
  homeAddress: Address,
  association: SecurityAssociation,
  services: RoleServices,
): boolean {
  if (mobilityHeader === undefined) return false;
  const found = authenticatedData(mobilityHeader, careOfAddress, homeAddress);
  if (!found || found.spi !== association.spi) return false;
  return equalInConstantTime(signer(association, services)(found.data), found.authenticator);
}

/** For the home addresses that have these. */
export function authenticationStatus(all: readonly Authentication[]): AuthenticationStatus {
  if (all.every((one) => one === 'none')) return 'none';
  return all.includes('none') ? 'partial' : 'required';
}

/** The option for the key that mobile node and home agent share. */
export function homeAgentAuthentication(
  options: readonly MobilityOption[],
): MobilityMessageAuthenticationOption | undefined {
  return authentication(options, AuthenticationSubtype.mobileNodeHomeAgent);
}

/** The option for a key shared with a AAA server, which we have none of. */
export function aaaAuthentication(options: readonly MobilityOption[]): MobilityMessageAuthenticationOption | undefined {
  return authentication(options, AuthenticationSubtype.mobileNodeAaa);
}

function authentication(options: readonly MobilityOption[], subtype: number) {
  for (const option of options)
    if (option.type === OptionType.mobilityMessageAuthentication && option.subtype === subtype) return option;
  return undefined;
}

export function timestampIn(options: readonly MobilityOption[]): NtpTimestamp | undefined {
  for (const option of options) if (option.type === OptionType.mobilityMessageReplayProtection) return option.timestamp;
  return undefined;
}
