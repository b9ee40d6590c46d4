import type { Address } from '../bytes/address.ts';
import { type Prefix, prefixContains } from '../bytes/prefix.ts';
import type { BindingGroup, ForwardingTable, Tunnel } from './table.ts';

/** A tunnel with its place in its group. */
export interface CompiledTunnel extends Tunnel {
  readonly weight: number;
  readonly group: BindingGroup;
}

interface Route {
  readonly prefix: Prefix;
  readonly group: BindingGroup;
}

/** A sound forwarding table with what its look-ups need. */
export class CompiledTable {
  readonly table: ForwardingTable;
  readonly #byId = new Map<number, CompiledTunnel>();
  readonly #byOuterAddresses = new Map<string, readonly CompiledTunnel[]>();
  /** The longest prefixes first. */
  readonly #routes: readonly Route[];

  constructor(table: ForwardingTable) {
    this.table = table;
    const tunnels = new Map(table.tunnels.map((tunnel) => [tunnel.id, tunnel]));
    for (const group of table.groups)
      for (const { tunnelId, weight } of group.tunnels) {
        const tunnel = { ...tunnels.get(tunnelId)!, weight, group };
        this.#byId.set(tunnelId, tunnel);
        const addresses = tunnel.outerSource + tunnel.outerDestination;
        this.#byOuterAddresses.set(addresses, [...(this.#byOuterAddresses.get(addresses) ?? []), tunnel]);
      }
    this.#routes = table.groups
      .flatMap((group) => group.prefixes.map((prefix) => ({ prefix, group })))
      .sort((a, b) => b.prefix.length - a.prefix.length);
  }

  tunnel(id: number): CompiledTunnel | undefined {
    return this.#byId.get(id);
  }

  /**
   * The tunnels that bring packets from `source`, the far end, to `destination`, ours: at most one of each group, for
   * several home addresses may share a care-of address.
   */
  tunnelsFrom(source: Address, destination: Address): readonly CompiledTunnel[] {
    return this.#byOuterAddresses.get(destination + source) ?? [];
  }

  /** The group whose prefix holds the address, the longest prefix of all groups. */
  groupOf(address: Address): BindingGroup | undefined {
    return this.#routes.find((route) => prefixContains(route.prefix, address))?.group;
  }

  /** The usable tunnels of a group in its order of preference. */
  usable(group: BindingGroup): CompiledTunnel[] {
    return group.tunnels.map((member) => this.#byId.get(member.tunnelId)!).filter((tunnel) => tunnel.usable);
  }
}
