import { writeSystemFile } from 'monami-native';
import type { NetlinkRequest } from '../../wire/netlink/encode.ts';
import type { NetlinkMessage } from '../../wire/netlink/message.ts';

/** What fits a tunnel over an Ethernet-sized path: 1500 octets less the outer IPv6 header. */
const TUNNEL_MTU_BYTES = 1460;

/** Sets up the TUN device: no link-local address and no router solicitations of its own. */
export function setUpTunnel(name: string, links: readonly NetlinkMessage[]): NetlinkRequest {
  const link = links.find((message) => message.kind === 'link' && message.name === name);
  if (link?.kind !== 'link') throw new Error(`the tunnel device ${name} is not there`);
  const settings = `/proc/sys/net/ipv6/conf/${name}`;
  writeSystemFile(`${settings}/addr_gen_mode`, '1');
  writeSystemFile(`${settings}/accept_ra`, '0');
  // Loose, which wins over a strict setting for all: what comes out of the tunnel need not have its way back by it.
  writeSystemFile(`/proc/sys/net/ipv4/conf/${name}/rp_filter`, '2');
  // The ICMP errors that we put into it ourselves may come from an address of this host.
  writeSystemFile(`/proc/sys/net/ipv4/conf/${name}/accept_local`, '1');
  return { kind: 'set-link', index: link.index, up: true, mtuBytes: TUNNEL_MTU_BYTES };
}
