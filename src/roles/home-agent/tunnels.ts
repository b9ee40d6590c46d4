import type { Binding, BindingCache, HomeEntry } from '../../bindings/binding-cache.ts';
import { hostPrefix, type Prefix } from '../../bytes/prefix.ts';
import type { HomeAgentConfiguration } from '../../config/configuration.ts';
import { type BindingGroup, Encapsulation, SelectionMode, type Tunnel } from '../../forwarding/table.ts';
import type { PathMtuTable } from '../../paths/path-mtu.ts';
import { DSMIPV6_UDP_PORT } from '../../wire/mh/numbers.ts';

/** The largest outer packet while nothing smaller is known. */
const LINK_MTU_BYTES = 1500;

/** One group per home address, one tunnel per binding to a visited link. */
export function tunnelsAndGroups(
  cache: BindingCache,
  configuration: HomeAgentConfiguration,
  pathMtu: PathMtuTable,
  nowMs: number,
): { readonly tunnels: Tunnel[]; readonly groups: BindingGroup[] } {
  const tunnels: Tunnel[] = [];
  const groups: BindingGroup[] = [];
  for (const entry of cache.entries()) {
    const bindings = [...entry.bindings.values()].filter(
      // Two identifiers of one care-of address are one way there, and one tunnel.
      (binding, index, all) =>
        binding.careOfAddress !== entry.homeAddress && all.findIndex((other) => isSameWay(other, binding)) === index,
    );
    const [first] = bindings;
    if (!first) continue;
    for (const binding of bindings) tunnels.push(tunnelOf(binding, configuration, pathMtu, nowMs));
    groups.push({
      id: first.tunnelId,
      mode: SelectionMode.follow,
      tunnels: bindings.map(({ tunnelId }) => ({ tunnelId, weight: 1 })),
      prefixes: [hostPrefix(entry.homeAddress), ...entry.prefixes, ...ipv4PrefixesOf(entry)],
    });
  }
  return { tunnels, groups };
}

function isSameWay(a: Binding, b: Binding): boolean {
  if (a.careOfAddress !== b.careOfAddress || a.outer?.udp !== b.outer?.udp) return false;
  return !a.outer?.udp || a.outer.port === b.outer?.port;
}

/** RFC 5555 §4.5: in UDP where there is a NAT or it was asked for, else directly in what the care-of address is. */
function tunnelOf(
  { tunnelId, careOfAddress, outer }: Binding,
  { address, ipv4 }: HomeAgentConfiguration,
  pathMtu: PathMtuTable,
  nowMs: number,
): Tunnel {
  const outerSource = outer ? ipv4!.address : address;
  const outerDestination = outer ? outer.address : careOfAddress;
  const udp = outer?.udp ? outer : undefined;
  return {
    id: tunnelId,
    encapsulation: udp ? Encapsulation.udp : outer ? Encapsulation.ipv4 : Encapsulation.ipv6,
    outerSource,
    outerDestination,
    sourcePort: udp ? DSMIPV6_UDP_PORT : 0,
    destinationPort: udp ? udp.port : 0,
    interfaceIndex: 0,
    pathMtuBytes: pathMtu.lookUp(outerSource, outerDestination, LINK_MTU_BYTES, nowMs),
    usable: true,
  };
}

function ipv4PrefixesOf({ ipv4 }: HomeEntry): readonly Prefix[] {
  if (!ipv4) return [];
  return ipv4.homeAddress === undefined ? ipv4.prefixes : [hostPrefix(ipv4.homeAddress), ...ipv4.prefixes];
}
