import type { Address } from '../bytes/address.ts';
import { type Prefix, prefixContains } from '../bytes/prefix.ts';
import type { BindingGroup, Encapsulation, ForwardingTable, Tunnel } from './table.ts';

/** A tunnel with its place in its group. */
export interface CompiledTunnel extends Tunnel {
  readonly weight: number;
  readonly group: BindingGroup;
}

/** What tells tunnels apart: how packets are encapsulated, and between which addresses and ports. */
export interface TunnelEnds {
  readonly encapsulation: Encapsulation;
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

interface Route {
  readonly prefix: Prefix;
  readonly group: BindingGroup;
}

/** A sound forwarding table with what its look-ups need. */
export class CompiledTable {
  readonly table: ForwardingTable;
  readonly #byId = new Map<number, CompiledTunnel>();
  readonly #pairs = new Set<string>();
  readonly #byEnds = new Map<string, readonly CompiledTunnel[]>();
  /** The longest prefixes first. */
  readonly #routes: readonly Route[];

  constructor(table: ForwardingTable) {
    this.table = table;
    const tunnels = new Map(table.tunnels.map((tunnel) => [tunnel.id, tunnel]));
    for (const group of table.groups)
      for (const { tunnelId, weight } of group.tunnels) {
        const tunnel = { ...tunnels.get(tunnelId)!, weight, group };
        this.#byId.set(tunnelId, tunnel);
        this.#pairs.add(tunnel.outerSource + tunnel.outerDestination);
        const ends = textOf(endsOf(tunnel));
        this.#byEnds.set(ends, [...(this.#byEnds.get(ends) ?? []), tunnel]);
      }
    this.#routes = table.groups
      .flatMap((group) => group.prefixes.map((prefix) => ({ prefix, group })))
      .sort((a, b) => b.prefix.length - a.prefix.length);
  }

  tunnel(id: number): CompiledTunnel | undefined {
    return this.#byId.get(id);
  }

  /**
   * The tunnels that bring packets with these ends, the far one being the source: at most one of each group, for several
   * home addresses may share a care-of address.
   */
  tunnelsFrom({
    encapsulation,
    source,
    destination,
    sourcePort,
    destinationPort,
  }: TunnelEnds): readonly CompiledTunnel[] {
    const ours = { encapsulation, source: destination, destination: source };
    return this.#byEnds.get(textOf({ ...ours, sourcePort: destinationPort, destinationPort: sourcePort })) ?? [];
  }

  /** Whether there is a tunnel between `source`, the far end, and `destination`, ours. */
  hasPair(source: Address, destination: Address): boolean {
    return this.#pairs.has(destination + source);
  }

  /** The group whose prefix holds the address, the longest prefix of all groups. */
  groupOf(address: Address): BindingGroup | undefined {
    return this.#routeOf(address)?.group;
  }

  /** Whether the address has a prefix of its own, as home addresses have. */
  isHomeAddress(address: Address): boolean {
    return this.#routeOf(address)?.prefix.length === address.length * 8;
  }

  #routeOf(address: Address): Route | undefined {
    return this.#routes.find((route) => prefixContains(route.prefix, address));
  }

  /** The usable tunnels of a group in its order of preference. */
  usable(group: BindingGroup): CompiledTunnel[] {
    return group.tunnels.map((member) => this.#byId.get(member.tunnelId)!).filter((tunnel) => tunnel.usable);
  }
}

/** As in the packets that we send. */
export function endsOf(tunnel: Tunnel): TunnelEnds {
  const { encapsulation, outerSource: source, outerDestination: destination, sourcePort, destinationPort } = tunnel;
  return { encapsulation, source, destination, sourcePort, destinationPort };
}

export function textOf({ encapsulation, source, destination, sourcePort, destinationPort }: TunnelEnds): string {
  return `${encapsulation} ${sourcePort} ${destinationPort} ${source}${destination}`;
}
