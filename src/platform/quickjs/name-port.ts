import { close, META_WORDS, readFile, receive, udpOpen, udpSend, utf8Decode } from 'monami-native';
import { type Address, addressToBytes } from '../../bytes/address.ts';
import { WireError } from '../../bytes/wire-error.ts';
import type { RoleAction } from '../../roles/action.ts';
import type { NameResolutionInput } from '../../roles/mobile-router/name-resolution.ts';
import { type DnsResponse, decodeDnsResponse, encodeDnsQuery } from '../../wire/dns/message.ts';
import type { Loop, TimerSource } from '../contract.ts';
import { NAME_SERVER_FILES, parseNameServers } from './name-servers.ts';

type Query = Extract<RoleAction, { readonly type: 'query-name' }>;

const PORT = 53;
/** Two kinds of address by a handful of uplinks; an older query without an answer gives way. */
const MAXIMUM_QUERIES = 64;
const RESPONSE_OCTETS = 4096;
const NO_ERROR = 0;
const NO_SUCH_NAME = 3;
/** The system's list of name servers follows its uplinks. */
const SERVERS_INTERVAL_MS = 5000;

/** Sends DNS queries, each from a socket of its own with a port of its own, and hears what the servers answer. */
export class NamePort implements TimerSource {
  readonly #loop: Loop;
  readonly #feed: (input: NameResolutionInput) => void;
  /** Handles by the query's number, the oldest first. */
  readonly #queries = new Map<number, number>();
  readonly #buffer = new ArrayBuffer(RESPONSE_OCTETS);
  readonly #meta = new Int32Array(META_WORDS);
  #failed: number[] = [];
  #servers = '';
  #readServersMs: number;

  /** `usesSystemServers`: the system's name servers are told, now and whenever they change. */
  constructor(loop: Loop, feed: (input: NameResolutionInput) => void, usesSystemServers: boolean) {
    this.#loop = loop;
    this.#feed = feed;
    this.#readServersMs = usesSystemServers ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    loop.addTimers(this);
  }

  get nextDeadlineMs(): number {
    return this.#failed.length > 0 ? Number.NEGATIVE_INFINITY : this.#readServersMs;
  }

  run(nowMs: number): void {
    const failed = this.#failed;
    this.#failed = [];
    for (const id of failed) this.#feed({ type: 'name-failed', id });
    if (nowMs < this.#readServersMs) return;
    this.#readServersMs = nowMs + SERVERS_INTERVAL_MS;
    const servers = parseNameServers(NAME_SERVER_FILES.map(textOf));
    if (servers.join() === this.#servers) return;
    this.#servers = servers.join();
    this.#feed({ type: 'name-servers', servers });
  }

  query(query: Query): void {
    const { id, name, recordType, server, source, interfaceIndex } = query;
    this.#close(id);
    for (const oldest of this.#queries.keys()) if (this.#queries.size >= MAXIMUM_QUERIES) this.#close(oldest);
    const handle = udpOpen(octetsOf(source), 0, false, interfaceIndex);
    if (handle < 0) {
      this.#failed.push(id);
      return;
    }
    this.#queries.set(id, handle);
    this.#loop.register(handle, () => this.#receive(handle, query));
    const bytes = encodeDnsQuery(id, name, recordType);
    const sent = udpSend(handle, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length, octetsOf(server), PORT);
    if (sent < 0) this.#fail(id);
  }

  /** Whatever is not the answer from the server that was asked is left aside. */
  #receive(handle: number, query: Query): void {
    while (this.#queries.get(query.id) === handle) {
      const count = receive(handle, this.#buffer, 0, RESPONSE_OCTETS, this.#meta, 1);
      if (count <= 0) return;
      const response = this.#isFrom(query.server) ? decoded(this.#buffer, this.#meta[1]!) : undefined;
      if (!response || !answers(response, query)) continue;
      const { id } = query;
      if (response.responseCode !== NO_ERROR && response.responseCode !== NO_SUCH_NAME) {
        this.#fail(id);
        return;
      }
      this.#close(id);
      this.#feed({ type: 'name-answer', id, addresses: response.addresses, ttlSeconds: response.ttlSeconds });
    }
  }

  #isFrom(server: Address): boolean {
    const octets = new Uint8Array(this.#meta.buffer, 6 * 4, server.length);
    return (
      this.#meta[4] === PORT &&
      this.#meta[5] === server.length &&
      octets.every((octet, index) => octet === server.charCodeAt(index))
    );
  }

  /** Not told at once: whoever asks is still busy with its own actions. */
  #fail(id: number): void {
    this.#close(id);
    this.#failed.push(id);
  }

  #close(id: number): void {
    const handle = this.#queries.get(id);
    if (handle === undefined) return;
    this.#queries.delete(id);
    this.#loop.unregister(handle);
    close(handle);
  }
}

function answers(response: DnsResponse, { id, name, recordType }: Query): boolean {
  return response.id === id && response.name === name.toLowerCase() && response.recordType === recordType;
}

function decoded(buffer: ArrayBuffer, length: number): DnsResponse | undefined {
  try {
    return decodeDnsResponse(new Uint8Array(buffer, 0, length));
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function textOf(path: string): string {
  const bytes = readFile(path);
  return typeof bytes === 'number' ? '' : utf8Decode(bytes, 0, bytes.byteLength);
}

function octetsOf(address: Address): ArrayBuffer {
  return addressToBytes(address).slice().buffer;
}
