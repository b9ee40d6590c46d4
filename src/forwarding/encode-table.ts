import { addressToBytes } from '../bytes/address.ts';
import { Writer } from '../bytes/writer.ts';
import type { BindingGroup, ForwardingTable, Tunnel } from './table.ts';

/** `MFT` and the version of the layout. */
const MAGIC = 0x4d465401;

const SIDE_NUMBERS = { 'mobile-router': 1, 'home-agent': 2 } as const;

/**
 * A forwarding table as the native forwarder reads it. Numbers are big-endian, gaps are zero, nothing follows the last
 * group:
 *
 * ```
 * table      magic 4 ('M' 'F' 'T' 1), side 1 (1 mobile router, 2 home agent), zero 1, interface count 2,
 *            tunnel count 4, group count 4, ICMPv6 source 16, then the interfaces, tunnels and groups
 * interface  index 4
 * tunnel     id 4, encapsulation 1, usable 1 (0 or 1), zero 2, interface index 4, path MTU 4, outer source 16,
 *            outer destination 16
 * group      id 4, mode 1, zero 1, tunnel count 2, prefix count 2, zero 2, then its tunnels and prefixes
 *   tunnel   id 4, weight 2, zero 2
 *   prefix   address 16, length 1, zero 3
 * ```
 *
 * A table with a `tableProblem` is refused by the forwarder; one with a number too large for its field throws
 * `RangeError` here.
 */
export function encodeTable(table: ForwardingTable): Uint8Array {
  const writer = new Writer(32 + 48 * table.tunnels.length + 64 * table.groups.length)
    .u32(MAGIC)
    .u8(SIDE_NUMBERS[table.side])
    .u8(0)
    .u16(table.interfaces.length)
    .u32(table.tunnels.length)
    .u32(table.groups.length)
    .put(addressToBytes(table.icmpSource));
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
    .put(addressToBytes(tunnel.outerSource))
    .put(addressToBytes(tunnel.outerDestination));
}

function putGroup(writer: Writer, group: BindingGroup): void {
  writer.u32(group.id).u8(group.mode).u8(0).u16(group.tunnels.length).u16(group.prefixes.length).zeros(2);
  for (const { tunnelId, weight } of group.tunnels) writer.u32(tunnelId).u16(weight).zeros(2);
  for (const { address, length } of group.prefixes) writer.put(addressToBytes(address)).u8(length).zeros(3);
}
