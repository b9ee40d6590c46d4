import { type Address, isIpv4 } from '../bytes/address.ts';

const PREFIX = '\0\0\0\0\0\0\0\0\0\0\xff\xff';

/** An IPv4 address in 16 octets, ::ffff:a.b.c.d; an IPv6 address as it is. */
export function mappedAddress(address: Address): Address {
  return isIpv4(address) ? ((PREFIX + address) as Address) : address;
}

export function isMappedAddress(address: Address): boolean {
  return address.length === 16 && address.startsWith(PREFIX);
}
