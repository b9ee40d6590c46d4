import { type Address, address, addressFromBytes, addressToBytes } from './address.ts';
import { type Prefix, prefix } from './prefix.ts';

/** All nodes and all routers of a link (RFC 4291 §2.7.1). */
export const ALL_NODES = address('ff02::1');
export const ALL_ROUTERS = address('ff02::2');
/** Link-local unicast addresses (RFC 4291 §2.5.6). */
export const LINK_LOCAL = prefix('fe80::/64');

const SOLICITED_NODE = 'ff02::1:ff00:0';
const INTERFACE_IDENTIFIER_AT = 8;
/** The reserved interface identifiers end with this octet for the Mobile IPv6 Home-Agents (RFC 2526 §2: 0x7e). */
const HOME_AGENTS = 0xfe;
const INTERFACE_IDENTIFIER_BITS = 64;

/** The group that Neighbor Solicitations for an IPv6 address are sent to (RFC 4291 §2.7.1). */
export function solicitedNodeAddress(target: Address): Address {
  return (address(SOLICITED_NODE).slice(0, 13) + target.slice(13)) as Address;
}

/** The link-local address with the interface identifier of `home` (RFC 6275 §10.3.1, flag L). */
export function linkLocalOf(home: Address): Address {
  return (LINK_LOCAL.address.slice(0, INTERFACE_IDENTIFIER_AT) + home.slice(INTERFACE_IDENTIFIER_AT)) as Address;
}

/**
 * The Mobile IPv6 Home-Agents anycast address of a subnet (RFC 2526 §2): `fdff:ffff:ffff:fffe` behind a prefix of 64
 * bits, whose interface identifiers have the universal bit (clear here); ones and 0x7e behind any other.
 */
export function homeAgentsAnycastAddress({ address: subnet, length }: Prefix): Address {
  const bytes = addressToBytes(subnet);
  for (let bit = length; bit < 128; bit++) bytes[bit >> 3] = bytes[bit >> 3]! | (0x80 >> (bit & 7));
  if (length === INTERFACE_IDENTIFIER_BITS) bytes[INTERFACE_IDENTIFIER_AT] = 0xfd;
  bytes[15] = HOME_AGENTS;
  return addressFromBytes(bytes);
}
