import { type Address, addressFromBytes } from '../../bytes/address.ts';
import { type Prefix, prefixOf } from '../../bytes/prefix.ts';
import { WireError } from '../../bytes/wire-error.ts';
import { IPV4_ADDRESS_OCTETS, IPV6_ADDRESS_OCTETS } from '../address-field.ts';
import type { NativeReader } from './native-reader.ts';
import { AddressFamily } from './numbers.ts';

export type IpFamily = 'ipv4' | 'ipv6';

/** The IP family of an AF_* number; `undefined` for any other. */
export function ipFamily(number: number): IpFamily | undefined {
  if (number === AddressFamily.ipv6) return 'ipv6';
  return number === AddressFamily.ipv4 ? 'ipv4' : undefined;
}

/** The AF_* number of an address. */
export function familyOf(address: Address): number {
  return address.length === IPV6_ADDRESS_OCTETS ? AddressFamily.ipv6 : AddressFamily.ipv4;
}

/** The address in an attribute, or `undefined` without one. Throws `bad-length` if it is of another family. */
export function addressAttribute(value: NativeReader | undefined, family: IpFamily): Address | undefined {
  if (value === undefined) return undefined;
  if (value.remaining !== addressOctets(family)) throw new WireError('bad-length', value.offset);
  return addressFromBytes(value.rest());
}

/** The prefix of an attribute and its length in octet `lengthOffset`; without an attribute the prefix of all zeros. */
export function prefixAttribute(
  value: NativeReader | undefined,
  length: number,
  lengthOffset: number,
  family: IpFamily,
): Prefix {
  if (length > addressOctets(family) * 8) throw new WireError('bad-value', lengthOffset);
  const zeros = '\0'.repeat(addressOctets(family)) as Address;
  return prefixOf(addressAttribute(value, family) ?? zeros, length);
}

function addressOctets(family: IpFamily): number {
  return family === 'ipv6' ? IPV6_ADDRESS_OCTETS : IPV4_ADDRESS_OCTETS;
}
