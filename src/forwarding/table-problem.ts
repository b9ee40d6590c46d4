import { type Address, IPV6_UNSPECIFIED, isIpv4, isIpv6, isUnicastRoutable } from '../bytes/address.ts';
import { prefixOf } from '../bytes/prefix.ts';
import { endsOf, textOf } from './compiled-table.ts';
import { IPV4_MINIMUM_MTU_BYTES } from './ipv4-header.ts';
import { IPV6_MINIMUM_MTU_BYTES, isIpv6Multicast } from './ipv6-header.ts';
import { isMappedAddress } from './mapped-address.ts';
import { type BindingGroup, Encapsulation, type ForwardingTable, SelectionMode, type Tunnel } from './table.ts';

export const MAXIMUM_INTERFACES = 64;
const LARGEST_U16 = 0xffff;
const LARGEST_U32 = 0xffffffff;
/** No IPv4 packet is longer, and hardly an IPv6 one. */
const LARGEST_MTU_BYTES = 0xffff;

const SIDES: readonly string[] = ['mobile-router', 'home-agent'];
const ENCAPSULATIONS: readonly number[] = Object.values(Encapsulation);
const MODES: readonly number[] = Object.values(SelectionMode);

/** Why no forwarder takes this table, in words for a developer; `undefined` if it is sound. */
export function tableProblem(table: ForwardingTable): string | undefined {
  if (!SIDES.includes(table.side)) return 'unknown side';
  if (!isIpv6Unicast(table.icmpSource)) return 'the source of ICMPv6 errors is no unicast address';
  if (table.icmpv4Source !== undefined && !isIpv4Unicast(table.icmpv4Source))
    return 'the source of ICMPv4 errors is no unicast address';
  if (table.interfaces.length > MAXIMUM_INTERFACES) return 'too many interfaces';
  if (!table.interfaces.every(isIdentifier)) return 'an interface index is out of range';
  if (hasDuplicates(table.interfaces)) return 'an interface is named twice';
  return tunnelsProblem(table.tunnels) ?? groupsProblem(table);
}

function tunnelsProblem(tunnels: readonly Tunnel[]): string | undefined {
  for (const tunnel of tunnels) {
    if (!isIdentifier(tunnel.id)) return 'a tunnel id is out of range';
    if (!ENCAPSULATIONS.includes(tunnel.encapsulation)) return `tunnel ${tunnel.id}: unknown encapsulation`;
    const inIpv6 = tunnel.encapsulation === Encapsulation.ipv6;
    const isUnicast = inIpv6 ? isIpv6Unicast : isIpv4Unicast;
    if (!isUnicast(tunnel.outerSource) || !isUnicast(tunnel.outerDestination))
      return `tunnel ${tunnel.id}: an outer address is no unicast address`;
    const [smallestPort, largestPort] = tunnel.encapsulation === Encapsulation.udp ? [1, LARGEST_U16] : [0, 0];
    if (![tunnel.sourcePort, tunnel.destinationPort].every((port) => isInteger(port, smallestPort, largestPort)))
      return `tunnel ${tunnel.id}: a port is out of range`;
    if (!isInteger(tunnel.interfaceIndex, 0, LARGEST_U32)) return `tunnel ${tunnel.id}: interface index out of range`;
    const smallestMtuBytes = inIpv6 ? IPV6_MINIMUM_MTU_BYTES : IPV4_MINIMUM_MTU_BYTES;
    if (!isInteger(tunnel.pathMtuBytes, smallestMtuBytes, LARGEST_MTU_BYTES))
      return `tunnel ${tunnel.id}: path MTU out of range`;
  }
  if (hasDuplicates(tunnels.map((tunnel) => tunnel.id))) return 'a tunnel id stands for two tunnels';
  return undefined;
}

function groupsProblem({ tunnels, groups }: ForwardingTable): string | undefined {
  for (const group of groups) {
    if (!isInteger(group.id, 0, LARGEST_U32)) return 'a group id is out of range';
    if (!MODES.includes(group.mode)) return `group ${group.id}: unknown mode`;
    if (!group.tunnels.every(({ weight }) => isInteger(weight, 1, LARGEST_U16)))
      return `group ${group.id}: a weight is out of range`;
    if (Math.max(group.tunnels.length, group.prefixes.length) > LARGEST_U16) return `group ${group.id}: too large`;
    if (!group.prefixes.every((prefix) => isPrefix(prefix))) return `group ${group.id}: a prefix is malformed`;
  }
  if (hasDuplicates(groups.map((group) => group.id))) return 'a group id stands for two groups';
  const outer = new Map(tunnels.map((tunnel) => [tunnel.id, textOf(endsOf(tunnel))]));
  for (const group of groups)
    if (hasDuplicates(group.tunnels.map(({ tunnelId }) => outer.get(tunnelId) ?? tunnelId)))
      return `group ${group.id}: two tunnels have the same outer addresses and ports`;
  const members = groups.flatMap((group) => group.tunnels.map((member) => member.tunnelId));
  const ids = new Set(tunnels.map((tunnel) => tunnel.id));
  if (!members.every((id) => ids.has(id))) return 'a group names an unknown tunnel';
  if (hasDuplicates(members)) return 'a tunnel is named twice';
  if (members.length !== tunnels.length) return 'a tunnel belongs to no group';
  const prefixes = groups.flatMap((group) => group.prefixes.map((prefix) => `${prefix.address}/${prefix.length}`));
  if (hasDuplicates(prefixes)) return 'a prefix is named twice';
  return undefined;
}

function isPrefix({ address, length }: BindingGroup['prefixes'][number]): boolean {
  return isInteger(length, 0, address.length * 8) && prefixOf(address, length).address === address;
}

/** IPv4-mapped addresses stand for IPv4 ones. */
function isIpv6Unicast(address: Address): boolean {
  const isSpecial = address === IPV6_UNSPECIFIED || isIpv6Multicast(address) || isMappedAddress(address);
  return isIpv6(address) && !isSpecial;
}

function isIpv4Unicast(address: Address): boolean {
  return isIpv4(address) && isUnicastRoutable(address);
}

function isIdentifier(value: number): boolean {
  return isInteger(value, 1, LARGEST_U32);
}

function isInteger(value: number, smallest: number, largest: number): boolean {
  return Number.isInteger(value) && value >= smallest && value <= largest;
}

function hasDuplicates(values: readonly (number | string)[]): boolean {
  return new Set(values).size !== values.length;
}
