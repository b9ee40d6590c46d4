import type { Address } from '../bytes/address.ts';
import type { Writer } from '../bytes/writer.ts';

export const IPV4_ADDRESS_OCTETS = 4;
export const IPV6_ADDRESS_OCTETS = 16;

/** Writes an IPv6 address; an IPv4 one is a programming error and throws `RangeError`. */
export function writeIpv6Address(writer: Writer, address: Address): void {
  if (address.length !== IPV6_ADDRESS_OCTETS) throw new RangeError('this field holds an IPv6 address');
  writer.address(address);
}
