import { type Address, addressFromBytes, addressToBytes } from '../bytes/address.ts';
import type { Reader } from '../bytes/reader.ts';
import type { Writer } from '../bytes/writer.ts';

export const IPV4_ADDRESS_OCTETS = 4;
export const IPV6_ADDRESS_OCTETS = 16;

/** The IPv6 address in the next 16 octets. */
export function readIpv6Address(reader: Reader): Address {
  return addressFromBytes(reader.take(IPV6_ADDRESS_OCTETS));
}

/** The IPv4 address in the next 4 octets. */
export function readIpv4Address(reader: Reader): Address {
  return addressFromBytes(reader.take(IPV4_ADDRESS_OCTETS));
}

/** Writes an IPv6 address; an IPv4 one is a programming error and throws `RangeError`. */
export function writeIpv6Address(writer: Writer, address: Address): void {
  if (address.length !== IPV6_ADDRESS_OCTETS) throw new RangeError('this field holds an IPv6 address');
  writer.put(addressToBytes(address));
}
