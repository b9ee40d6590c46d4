import { type Address, isIpv4 } from '../../bytes/address.ts';
import type { DnsRecordType } from '../../wire/dns/message.ts';
import type { RoleAction } from '../action.ts';

/** What came of queries, and where names are looked up. */
export type NameResolutionInput =
  /** The response to a query; without addresses, the name has none of that kind. */
  | {
      readonly type: 'name-answer';
      readonly id: number;
      readonly addresses: readonly Address[];
      readonly ttlSeconds: number;
    }
  /** The server refused, or could not be asked. */
  | { readonly type: 'name-failed'; readonly id: number }
  /** The system's name servers, where the configuration names none. */
  | { readonly type: 'name-servers'; readonly servers: readonly Address[] };

/** A care-of address that queries can leave from. */
export interface QuerySource {
  readonly source: Address;
  readonly interfaceIndex: number;
}

interface Lookup {
  readonly recordType: DnsRecordType;
  /** Rounds without an answer. */
  attempts: number;
  dueMs: number;
  /** Queries of this round that may still be answered. */
  readonly outstanding: Set<number>;
}

/** The first time-out, doubled from round to round, and the longest. */
const FIRST_TIMEOUT_MS = 2000;
const LONGEST_TIMEOUT_MS = 64_000;
/** Bounds for how long an answer is kept, whatever its TTL. */
const SHORTEST_TTL_SECONDS = 30;
const LONGEST_TTL_SECONDS = 86_400;

/**
 * Looks a home agent's name up by every uplink at the same time, one name server after the other, again and again until
 * there is an answer, and once more when that has become too old (RFC 5555 §2.1). What is known is used meanwhile.
 */
export class NameResolution {
  readonly #name: string;
  readonly #random16: () => number;
  readonly #configuredServers: readonly Address[] | undefined;
  readonly #lookups: readonly Lookup[];
  #systemServers: readonly Address[] = [];
  #sources: readonly QuerySource[] = [];

  constructor(
    name: string,
    recordTypes: readonly DnsRecordType[],
    random16: () => number,
    nameServers?: readonly Address[],
  ) {
    this.#name = name;
    this.#random16 = random16;
    this.#configuredServers = nameServers;
    this.#lookups = recordTypes.map((recordType) => ({ recordType, attempts: 0, dueMs: 0, outstanding: new Set() }));
  }

  get nextDeadlineMs(): number {
    if (!this.#canAsk) return Number.POSITIVE_INFINITY;
    return Math.min(Number.POSITIVE_INFINITY, ...this.#lookups.map(({ dueMs }) => dueMs));
  }

  /** The care-of addresses there are now. By a new one what is still unknown is asked for at once. */
  observe(sources: readonly QuerySource[], nowMs: number): RoleAction[] {
    const isNew = sources.some(({ source }) => !this.#sources.some((known) => known.source === source));
    this.#sources = sources;
    return isNew ? this.#askAnew(nowMs) : this.run(nowMs);
  }

  /** The addresses that were found, if any. */
  handle(
    input: NameResolutionInput,
    nowMs: number,
  ): { readonly actions: readonly RoleAction[]; readonly addresses: readonly Address[] } {
    if (input.type === 'name-servers') {
      this.#systemServers = input.servers;
      return { actions: this.#askAnew(nowMs), addresses: [] };
    }
    const lookup = this.#lookups.find(({ outstanding }) => outstanding.has(input.id));
    if (!lookup) return { actions: [], addresses: [] };
    lookup.outstanding.delete(input.id);
    const isKind = (address: Address) => isIpv4(address) === (lookup.recordType === 'A');
    const addresses = input.type === 'name-answer' ? input.addresses.filter(isKind) : [];
    if (input.type === 'name-failed' || addresses.length === 0) return { actions: [], addresses: [] };
    const ttlSeconds = Math.min(LONGEST_TTL_SECONDS, Math.max(SHORTEST_TTL_SECONDS, input.ttlSeconds));
    lookup.outstanding.clear();
    lookup.attempts = 0;
    lookup.dueMs = nowMs + ttlSeconds * 1000;
    return { actions: this.run(nowMs), addresses };
  }

  /** Asks what is due. */
  run(nowMs: number): RoleAction[] {
    if (!this.#canAsk) return [];
    return this.#lookups.flatMap((lookup) => (lookup.dueMs <= nowMs ? this.#ask(lookup, nowMs) : []));
  }

  get #servers(): readonly Address[] {
    return this.#configuredServers ?? this.#systemServers;
  }

  /** Whether any name server can be reached from any care-of address. */
  get #canAsk(): boolean {
    return this.#sources.some(({ source }) => this.#servers.some((server) => server.length === source.length));
  }

  #askAnew(nowMs: number): RoleAction[] {
    for (const lookup of this.#lookups) {
      if (lookup.attempts === 0) continue;
      lookup.attempts = 0;
      lookup.dueMs = nowMs;
    }
    return this.run(nowMs);
  }

  /** One query by each uplink, to one of the servers that it can reach. */
  #ask(lookup: Lookup, nowMs: number): RoleAction[] {
    const { recordType, outstanding } = lookup;
    outstanding.clear();
    const actions = this.#sources.flatMap(({ source, interfaceIndex }): RoleAction[] => {
      const servers = this.#servers.filter((server) => server.length === source.length);
      const server = servers[lookup.attempts % Math.max(1, servers.length)];
      if (server === undefined) return [];
      const id = this.#newId();
      outstanding.add(id);
      return [{ type: 'query-name', name: this.#name, recordType, server, source, interfaceIndex, id }];
    });
    lookup.dueMs = nowMs + Math.min(LONGEST_TIMEOUT_MS, FIRST_TIMEOUT_MS * 2 ** Math.min(lookup.attempts, 10));
    lookup.attempts++;
    return actions;
  }

  #newId(): number {
    let id = this.#random16();
    while (this.#lookups.some(({ outstanding }) => outstanding.has(id))) id = (id + 1) & 0xffff;
    return id;
  }
}
