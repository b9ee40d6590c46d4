import type { Address } from '../bytes/address.ts';
import { formatPrefix } from '../bytes/prefix.ts';
import type {
  AddressMessage,
  LinkMessage,
  NeighborMessage,
  NetlinkMessage,
  RouteMessage,
} from '../wire/netlink/message.ts';
import { NeighborState, RouteTable } from '../wire/netlink/numbers.ts';

const HEARD_STATES = NeighborState.reachable | NeighborState.stale | NeighborState.delay | NeighborState.probe;

/** An address, and until when it may be used, and should be: monotonic, Infinity if there is no end. */
export interface KnownAddress extends AddressMessage {
  readonly validUntilMs: number;
  readonly preferredUntilMs: number;
}

/** The host's links, addresses, main routes and neighbours as rtnetlink tells them. */
export class NetworkState {
  readonly #links = new Map<number, LinkMessage>();
  readonly #addresses = new Map<string, KnownAddress>();
  readonly #routes = new Map<string, RouteMessage>();
  readonly #neighbors = new Map<string, NeighborMessage>();
  /** Neighbours that have been heard since their link came up. */
  readonly #heard = new Set<string>();

  /** Takes note of a message from the kernel; those of other kinds change nothing. */
  apply(message: NetlinkMessage, nowMs = 0): void {
    switch (message.kind) {
      case 'link':
        if (message.change === 'new') this.#links.set(message.index, message);
        else this.#removeLink(message.index);
        if (!message.up || !message.running) this.#forgetHeard(message.index);
        break;
      case 'address':
        store(this.#addresses, `${message.interfaceIndex} ${message.address}`, {
          ...message,
          validUntilMs: nowMs + message.validSeconds * 1000,
          preferredUntilMs: nowMs + message.preferredSeconds * 1000,
        });
        break;
      case 'route':
        if (message.table === RouteTable.main) store(this.#routes, routeKey(message), message);
        break;
      case 'neighbor': {
        const key = `${message.interfaceIndex} ${message.address}`;
        store(this.#neighbors, key, message);
        if (message.change === 'removed') this.#heard.delete(key);
        else if ((message.state & HEARD_STATES) !== 0) this.#heard.add(key);
        break;
      }
    }
  }

  /** Forgets everything, before a new dump is read. */
  clear(): void {
    this.#links.clear();
    this.#addresses.clear();
    this.#routes.clear();
    this.#neighbors.clear();
    this.#heard.clear();
  }

  links(): Iterable<LinkMessage> {
    return this.#links.values();
  }

  linkByName(name: string): LinkMessage | undefined {
    for (const link of this.#links.values()) if (link.name === name) return link;
    return undefined;
  }

  addresses(interfaceIndex: number): KnownAddress[] {
    return [...this.#addresses.values()].filter((address) => address.interfaceIndex === interfaceIndex);
  }

  /** Routes of the main table through an interface. */
  routes(interfaceIndex: number): RouteMessage[] {
    return [...this.#routes.values()].filter((route) => route.interfaceIndex === interfaceIndex);
  }

  neighbor(interfaceIndex: number, address: Address): NeighborMessage | undefined {
    return this.#neighbors.get(`${interfaceIndex} ${address}`);
  }

  /**
   * Neighbor Unreachability Detection has given up a neighbour that was there: one not heard since the link came up may
   * have been asked before there was a carrier, and only its answer can tell (RFC 6275 §11.5.1, RFC 4861 §7.3).
   */
  hasLost(interfaceIndex: number, address: Address): boolean {
    const key = `${interfaceIndex} ${address}`;
    return this.#heard.has(key) && this.#neighbors.get(key)!.failed;
  }

  /** The interface that has an address. */
  interfaceOf(address: Address): number | undefined {
    for (const entry of this.#addresses.values()) if (entry.address === address) return entry.interfaceIndex;
    return undefined;
  }

  #forgetHeard(index: number): void {
    for (const key of this.#heard) if (key.startsWith(`${index} `)) this.#heard.delete(key);
  }

  #removeLink(index: number): void {
    this.#links.delete(index);
    for (const [key, { interfaceIndex }] of this.#addresses) if (interfaceIndex === index) this.#addresses.delete(key);
    for (const [key, { interfaceIndex }] of this.#routes) if (interfaceIndex === index) this.#routes.delete(key);
    for (const [key, { interfaceIndex }] of this.#neighbors) if (interfaceIndex === index) this.#neighbors.delete(key);
    this.#forgetHeard(index);
  }
}

function store<Message extends { readonly change: 'new' | 'removed' }>(
  map: Map<string, Message>,
  key: string,
  message: Message,
): void {
  if (message.change === 'new') map.set(key, message);
  else map.delete(key);
}

function routeKey({ destination, gateway, interfaceIndex, metric }: RouteMessage): string {
  return `${formatPrefix(destination)} ${gateway ?? ''} ${interfaceIndex} ${metric}`;
}
