import { type Address, addressToBytes, IPV6_UNSPECIFIED, isIpv4 } from '../bytes/address.ts';
import { Writer } from '../bytes/writer.ts';
import { mappedAddress } from './mapped-address.ts';
import type { BindingGroup, ForwardingTable, Tunnel } from './table.ts';

/** `MFT` and the version of the layout. */
const MAGIC = 0x4d465402;

const SIDE_NUMBERS = { 'mobile-router': 1, 'home-agent': 2 } as const;

/**
 * A forwarding table as the native forwarder reads it. Numbers are big-endian, gaps are zero, nothing follows the last
 * group; an IPv4 address is IPv4-mapped, ::ffff:a.b.c.d, to fill 16 octets:
 *
 * ```
 * table      magic 4 ('M' 'F' 'T' 2), side 1 (1 mobile router, 2 home agent), zero 1, interface count 2,
 *            tunnel count 4, group count 4, ICMPv6 source 16, ICMPv4 source 16 (zero: none), then the interfaces,
 *            tunnels and groups
 * interface  index 4
 * tunnel     id 4, encapsulation 1, usable 1 (0 or 1), zero 2, interface index 4, path MTU 4, source port 2,
 *            destination port 2, outer source 16, outer destination 16
 * group      id 4, mode 1, zero 1, tunnel count 2, prefix count 2, zero 2, then its tunnels and prefixes
 *   tunnel   id 4, weight 2, zero 2
 *   prefix   address 16, length 1 (in bits of its family), family 1 (6 or 4), zero 2
 * ```
 *
 * A table with a `tableProblem` is refused by the forwarder; one with a number too large for its field throws
 * `RangeError` here.
 */
export function encodeTable(table: ForwardingTable): Uint8Array {
  const writer = new Writer(48 + 52 * table.tunnels.length + 64 * table.groups.length)
    .u32(MAGIC)
    .u8(SIDE_NUMBERS[table.side])
    .u8(0)
    .u16(table.interfaces.length)
    .u32(table.tunnels.length)
    .u32(table.groups.length)
    .put(octetsOf(table.icmpSource))
    .put(octetsOf(table.icmpv4Source ?? IPV6_UNSPECIFIED));
  for (const index of table.interfaces) writer.u32(index);
  for (const tunnel of table.tunnels) putTunnel(writer, tunnel);
  for (const group of table.groups) putGroup(writer, group);
  return writer.bytes();
}

function putTunnel(writer: Writer, tunnel: Tunnel): void {
  writer
    .u32(tunnel.id)
    .u8(tunnel.encapsulation)
    .u8(tunnel.usable ? 1 : 0)
    .zeros(2)
    .u32(tunnel.interfaceIndex)
    .u32(tunnel.pathMtuBytes)
    .u16(tunnel.sourcePort)
    .u16(tunnel.destinationPort)
    .put(octetsOf(tunnel.outerSource))
    .put(octetsOf(tunnel.outerDestination));
}

function putGroup(writer: Writer, group: BindingGroup): void {
  writer.u32(group.id).u8(group.mode).u8(0).u16(group.tunnels.length).u16(group.prefixes.length).zeros(2);
  for (const { tunnelId, weight } of group.tunnels) writer.u32(tunnelId).u16(weight).zeros(2);
  for (const { address, length } of group.prefixes) {
    writer.put(octetsOf(address)).u8(length);
    writer.u8(isIpv4(address) ? 4 : 6).zeros(2);
  }
}

function octetsOf(address: Address): Uint8Array {
  return addressToBytes(mappedAddress(address));
}
