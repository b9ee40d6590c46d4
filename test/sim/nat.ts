import { type Address, addressToBytes } from '../../src/bytes/address.ts';
import { foldChecksum, sumWords } from '../../src/bytes/checksum.ts';
import {
  destination,
  isFragment,
  isLaterFragment,
  Next,
  nextHeader,
  payloadAt,
  sealIpv4,
  source,
  word,
} from './packets.ts';
import type { Random } from './random.ts';

/** What a mapping is good for, and who may send by it (RFC 4787 §4.1, §5). */
export type NatBehaviour = 'endpoint-independent' | 'address-and-port-dependent';

/** Which external port an inside one gets (RFC 4787 §4.2). */
export type PortChoice =
  /** The same number, as long as nobody has it. */
  'preserving' | 'sequential' | 'random';

export interface NatPlan {
  readonly mapping: NatBehaviour;
  readonly filtering: NatBehaviour;
  /** How long a mapping lives in silence. */
  readonly timeoutMs: number;
  /** Packets from outside count, too (RFC 4787 REQ-6). */
  readonly refreshedFromOutside: boolean;
  readonly ports: PortChoice;
  /** Protocols 4 and 41 pass, for one inside host at a time. */
  readonly passesTunnels: boolean;
}

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

interface Mapping {
  readonly inside: Endpoint;
  readonly external: Endpoint;
  /** Whom it was made for, with `address-and-port-dependent` mapping. */
  readonly remote: string | undefined;
  /** Whom the inside host has sent to by it. */
  readonly permitted: Set<string>;
  lastMs: number;
}

/** Why a packet does not pass. */
export type NatLoss = 'no-mapping' | 'filtered' | 'protocol' | 'fragment';

const FIRST_PORT = 1024;
const LAST_PORT = 65_535;
const REMEMBERED_FRAGMENTS = 64;
const QUOTE_AT = 8;

/** A NAT for UDP (RFC 4787), with clients inside and the Internet, or another NAT, outside. Knows no time of its own. */
export class Nat {
  readonly plan: NatPlan;
  readonly #random: Random;
  readonly #byInside = new Map<string, Mapping>();
  readonly #byExternal = new Map<string, Mapping>();
  /** When the mapping of an external endpoint ended, for those that had one. */
  readonly #endedMs = new Map<string, number>();
  /** Where packets go whose first fragment has passed. */
  readonly #fragments = new Map<string, Endpoint>();
  /** The external address that an inside host has. */
  readonly #addressOf: (inside: Address) => Address | undefined;
  #nextPort: number;
  /** The one host whose protocols 4 and 41 pass. */
  #tunnelHost: Address | undefined;
  readonly #lastExternal = new Map<string, Endpoint>();
  reboots = 0;
  /** Mappings that ended in silence and were made again. */
  timeouts = 0;
  /** Times that an inside endpoint has got another external one than before, and those of them with another port. */
  rebindings = 0;
  portChanges = 0;
  /** External endpoints that went to another inside host. */
  reused = 0;

  constructor(plan: NatPlan, random: Random, addressOf: (inside: Address) => Address | undefined) {
    this.plan = plan;
    this.#random = random;
    this.#addressOf = addressOf;
    this.#nextPort = random.integer(FIRST_PORT, LAST_PORT);
  }

  get size(): number {
    return this.#byExternal.size;
  }

  /** All mappings are lost, and the ports begin elsewhere. */
  reboot(nowMs: number): void {
    this.reboots++;
    for (const key of this.#byExternal.keys()) this.#endedMs.set(key, nowMs);
    this.#byExternal.clear();
    this.#byInside.clear();
    this.#fragments.clear();
    this.#tunnelHost = undefined;
    this.#nextPort = this.#random.integer(FIRST_PORT, LAST_PORT);
  }

  /** An inside host's packet, as it goes out. */
  outbound(packet: Uint8Array, nowMs: number): Uint8Array | NatLoss {
    const [from, to, protocol] = [source(packet), destination(packet), nextHeader(packet)];
    if (protocol === Next.ipv4 || protocol === Next.ipv6) {
      const address = this.#addressOf(from);
      if (!this.plan.passesTunnels || address === undefined) return 'protocol';
      this.#tunnelHost = from;
      return withEndpoint(packet, 'source', { address, port: 0 });
    }
    if (protocol === Next.icmpv4) return this.#outboundError(packet, nowMs);
    if (protocol !== Next.udp) return 'protocol';
    if (isLaterFragment(packet)) return this.#laterFragment(packet, 'source');
    const at = payloadAt(packet);
    const inside = { address: from, port: word(packet, at) };
    const remote = { address: to, port: word(packet, at + 2) };
    const mapping = this.#mappingFor(inside, remote, nowMs);
    if (!mapping) return 'no-mapping';
    mapping.lastMs = nowMs;
    mapping.permitted.add(keyOf(remote));
    if (isFragment(packet)) this.#noteFragment(packet, mapping.external);
    return withEndpoint(packet, 'source', mapping.external);
  }

  /** A packet from outside, as it goes in. */
  inbound(packet: Uint8Array, nowMs: number): Uint8Array | NatLoss {
    const [from, to, protocol] = [source(packet), destination(packet), nextHeader(packet)];
    if (protocol === Next.ipv4 || protocol === Next.ipv6) {
      const host = this.#tunnelHost;
      if (!this.plan.passesTunnels || host === undefined || this.#addressOf(host) !== to) return 'protocol';
      return withEndpoint(packet, 'destination', { address: host, port: 0 });
    }
    if (protocol === Next.icmpv4) return this.#inboundError(packet, nowMs);
    if (protocol !== Next.udp) return 'protocol';
    if (isLaterFragment(packet)) return this.#laterFragment(packet, 'destination');
    const at = payloadAt(packet);
    const remote = { address: from, port: word(packet, at) };
    const mapping = this.#living({ address: to, port: word(packet, at + 2) }, nowMs);
    if (!mapping) return 'no-mapping';
    if (this.plan.filtering !== 'endpoint-independent' && !mapping.permitted.has(keyOf(remote))) return 'filtered';
    if (this.plan.refreshedFromOutside) mapping.lastMs = nowMs;
    if (isFragment(packet)) this.#noteFragment(packet, mapping.inside);
    return withEndpoint(packet, 'destination', mapping.inside);
  }

  /** The external endpoint that an inside one has towards a remote one now, and until when in silence. */
  external(
    inside: Endpoint,
    remote: Endpoint,
    nowMs: number,
  ): { readonly endpoint: Endpoint; readonly untilMs: number } | undefined {
    const mapping = this.#byInside.get(this.#insideKey(inside, remote));
    if (!mapping || this.#isOver(mapping, nowMs)) return undefined;
    if (mapping.external.address !== this.#addressOf(inside.address)) return undefined;
    return { endpoint: mapping.external, untilMs: mapping.lastMs + this.plan.timeoutMs };
  }

  /** Which inside endpoint packets to an external one reach now. */
  insideOf(external: Endpoint, nowMs: number): Endpoint | undefined {
    return this.#living(external, nowMs)?.inside;
  }

  /** Since when an external endpoint has led nowhere; `undefined` if it leads somewhere, or never did. */
  endedMs(external: Endpoint, nowMs: number): number | undefined {
    const mapping = this.#byExternal.get(keyOf(external));
    if (!mapping) return this.#endedMs.get(keyOf(external));
    return this.#isOver(mapping, nowMs) ? mapping.lastMs + this.plan.timeoutMs : undefined;
  }

  #isOver({ lastMs }: Mapping, nowMs: number): boolean {
    return nowMs - lastMs >= this.plan.timeoutMs;
  }

  #living(external: Endpoint, nowMs: number): Mapping | undefined {
    const mapping = this.#byExternal.get(keyOf(external));
    return mapping && !this.#isOver(mapping, nowMs) ? mapping : undefined;
  }

  #insideKey(inside: Endpoint, remote: Endpoint): string {
    return this.plan.mapping === 'endpoint-independent' ? keyOf(inside) : keyOf(inside) + keyOf(remote);
  }

  #mappingFor(inside: Endpoint, remote: Endpoint, nowMs: number): Mapping | undefined {
    const key = this.#insideKey(inside, remote);
    const known = this.#byInside.get(key);
    const address = this.#addressOf(inside.address);
    if (address === undefined) return undefined;
    if (known && !this.#isOver(known, nowMs) && known.external.address === address) return known;
    if (known) {
      if (this.#isOver(known, nowMs)) this.timeouts++;
      this.#end(known, key, nowMs);
    }
    const external = this.#choose(inside, address, nowMs);
    if (!external) return undefined;
    const isDependent = this.plan.mapping !== 'endpoint-independent';
    const mapping = {
      inside,
      external,
      remote: isDependent ? keyOf(remote) : undefined,
      permitted: new Set<string>(),
      lastMs: nowMs,
    };
    this.#noteChange(key, external, inside);
    this.#byInside.set(key, mapping);
    this.#byExternal.set(keyOf(external), mapping);
    this.#endedMs.delete(keyOf(external));
    return mapping;
  }

  #noteChange(key: string, external: Endpoint, inside: Endpoint): void {
    const before = this.#lastExternal.get(key);
    this.#lastExternal.set(key, external);
    const isPortChange = before !== undefined && before.port !== external.port;
    if (isPortChange || (before && before.address !== external.address)) this.rebindings++;
    if (isPortChange) this.portChanges++;
    for (const [otherKey, other] of this.#lastExternal) {
      const isSame = other.address === external.address && other.port === external.port;
      if (isSame && otherKey !== key && !otherKey.startsWith(keyOf(inside))) this.reused++;
    }
  }

  #end(mapping: Mapping, key: string, nowMs: number): void {
    this.#byInside.delete(key);
    this.#byExternal.delete(keyOf(mapping.external));
    this.#endedMs.set(keyOf(mapping.external), Math.min(nowMs, mapping.lastMs + this.plan.timeoutMs));
  }

  #choose(inside: Endpoint, address: Address, nowMs: number): Endpoint | undefined {
    const isFree = (port: number) => {
      const holder = this.#byExternal.get(keyOf({ address, port }));
      if (holder && !this.#isOver(holder, nowMs)) return false;
      if (holder) this.#end(holder, this.#keyOfMapping(holder), nowMs);
      return true;
    };
    if (this.plan.ports === 'preserving' && isFree(inside.port)) return { address, port: inside.port };
    for (let attempt = 0; attempt < 1000; attempt++) {
      const port = this.plan.ports === 'sequential' ? this.#inTurn() : this.#random.integer(FIRST_PORT, LAST_PORT);
      if (isFree(port)) return { address, port };
    }
    return undefined;
  }

  #keyOfMapping({ inside, remote }: Mapping): string {
    return keyOf(inside) + (remote ?? '');
  }

  #inTurn(): number {
    this.#nextPort = this.#nextPort >= LAST_PORT ? FIRST_PORT : this.#nextPort + 1;
    return this.#nextPort;
  }

  /** Fragments behind the first follow it; one that overtakes it is lost, for it has no ports. */
  #laterFragment(packet: Uint8Array, side: 'source' | 'destination'): Uint8Array | NatLoss {
    const endpoint = this.#fragments.get(fragmentKey(packet));
    return endpoint ? withEndpoint(packet, side, endpoint) : 'fragment';
  }

  #noteFragment(packet: Uint8Array, endpoint: Endpoint): void {
    this.#fragments.set(fragmentKey(packet), endpoint);
    if (this.#fragments.size > REMEMBERED_FRAGMENTS) this.#fragments.delete(this.#fragments.keys().next().value!);
  }

  /** What an ICMP error quotes was sent by a mapping (RFC 5508 §4). */
  #inboundError(packet: Uint8Array, nowMs: number): Uint8Array | NatLoss {
    const at = payloadAt(packet) + QUOTE_AT;
    const quoted = packet.subarray(at);
    if (quoted.length < 28 || nextHeader(quoted) !== Next.udp || isLaterFragment(quoted)) return 'protocol';
    const external = { address: source(quoted), port: word(quoted, payloadAt(quoted)) };
    const mapping = this.#living(external, nowMs);
    if (!mapping) return 'no-mapping';
    return withQuoted(packet, withEndpoint(quoted, 'source', mapping.inside), mapping.inside.address, 'destination');
  }

  #outboundError(packet: Uint8Array, nowMs: number): Uint8Array | NatLoss {
    const quoted = packet.subarray(payloadAt(packet) + QUOTE_AT);
    if (quoted.length < 28 || nextHeader(quoted) !== Next.udp || isLaterFragment(quoted)) return 'protocol';
    const inside = { address: destination(quoted), port: word(quoted, payloadAt(quoted) + 2) };
    const remote = { address: source(quoted), port: word(quoted, payloadAt(quoted)) };
    const known = this.external(inside, remote, nowMs);
    if (!known) return 'no-mapping';
    const { endpoint } = known;
    return withQuoted(packet, withEndpoint(quoted, 'destination', endpoint), endpoint.address, 'source');
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address}${String.fromCharCode(port)}`;
}

function fragmentKey(packet: Uint8Array): string {
  return String.fromCharCode(...packet.subarray(4, 6), ...packet.subarray(12, 20));
}

/** The packet with another source or destination. Ports only where there are some; checksums follow. */
function withEndpoint(packet: Uint8Array, side: 'source' | 'destination', { address, port }: Endpoint): Uint8Array {
  const changed = packet.slice();
  const addressAt = side === 'source' ? 12 : 16;
  const before = sumWords(changed.subarray(addressAt, addressAt + 4));
  changed.set(addressToBytes(address), addressAt);
  const after = sumWords(changed.subarray(addressAt, addressAt + 4));
  sealIpv4(changed);
  if (nextHeader(changed) !== Next.udp || isLaterFragment(changed)) return changed;
  const at = payloadAt(changed);
  const portAt = at + (side === 'source' ? 0 : 2);
  const oldPort = word(changed, portAt);
  changed.set([port >> 8, port & 0xff], portAt);
  const checksum = word(changed, at + 6);
  // Zero: there is none (RFC 768).
  if (checksum === 0) return changed;
  const sum = (~checksum & 0xffff) + after + port + 2 * 0xffff * 4 - before - oldPort;
  const next = foldChecksum(sum) || 0xffff;
  changed.set([next >> 8, next & 0xff], at + 6);
  return changed;
}

/** An ICMP error about another packet, and from or to another address. */
function withQuoted(
  packet: Uint8Array,
  quoted: Uint8Array,
  address: Address,
  side: 'source' | 'destination',
): Uint8Array {
  const changed = packet.slice();
  const at = payloadAt(packet);
  changed.set(addressToBytes(address), side === 'source' ? 12 : 16);
  changed.set(quoted, at + QUOTE_AT);
  sealIpv4(changed);
  changed.fill(0, at + 2, at + 4);
  const checksum = foldChecksum(sumWords(changed.subarray(at)));
  changed.set([checksum >> 8, checksum & 0xff], at + 2);
  return changed;
}
