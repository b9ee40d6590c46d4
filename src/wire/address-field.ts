import type { Address } from '../bytes/address.ts';
import type { Writer } from '../bytes/writer.ts';

export const IPV4_ADDRESS_OCTETS = 4;
export const IPV6_ADDRESS_OCTETS = 16;

/** Writes an IPv4 address; an IPv6 one is a programming error and throws `RangeError`. */
export function writeIpv4Address(writer: Writer, address: Address): void {
  if (address.length !== IPV4_ADDRESS_OCTETS) throw new RangeError('this field holds an IPv4 address');
  writer.address(address);
}

/** Writes an IPv6 address; an IPv4 one is a programming error and throws `RangeError`. */
export function writeIpv6Address(writer: Writer, address: Address): void {
  if (address.length !== IPV6_ADDRESS_OCTETS) throw new RangeError('this field holds an IPv6 address');
  writer.address(address);
}
