// Random tables and packets for the forwarders, from a seed: few addresses, so that things meet, and sizes near the
// limits.
import { type Address, address, isIpv4 } from '../../src/bytes/address.ts';
import { foldChecksum, sumWords } from '../../src/bytes/checksum.ts';
import { type Prefix, prefix } from '../../src/bytes/prefix.ts';
import { Protocol } from '../../src/forwarding/protocol.ts';
import {
  type BindingGroup,
  Encapsulation,
  type ForwardingTable,
  type SelectionMode,
  type Tunnel,
} from '../../src/forwarding/table.ts';
import {
  concat,
  destinationOptions,
  type Extension,
  fragment,
  type Ipv4Fields,
  type Ipv6Fields,
  icmp,
  icmpv6,
  ipPacket,
  ipv4,
  ipv6,
  outerPacket,
  tcp,
  u16,
  udp,
  udpOuterPacket,
  withExtensions,
} from './forwarding-packets.ts';

/** A small seeded generator (xorshift); the same numbers on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  }

  u32(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }

  below(limit: number): number {
    return this.u32() % limit;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.u32() >>> 7;
    return bytes;
  }
}

const PREFIXES: readonly Prefix[] = [
  '2001:db8:1::/48',
  '2001:db8:1:10::/60',
  '2001:db8:1:11::/64',
  '2001:db8:1:11::5/128',
  '2001:db8:2::/47',
  '2001:db8:3:8000::/49',
  '2001:db8:4::/62',
  '2001:db8:4:3::/64',
  '::/0',
  '198.51.100.0/24',
  '198.51.100.64/26',
  '198.51.100.7/32',
  '203.0.113.128/25',
  '0.0.0.0/0',
].map(prefix);

const INNER_ADDRESSES: readonly Address[] = [
  '2001:db8:1:11::5',
  '2001:db8:1:11::6',
  '2001:db8:1:12::1',
  '2001:db8:1:20::1',
  '2001:db8:2::1',
  '2001:db8:3:8000::1',
  '2001:db8:4::1',
  '2001:db8:4:3::9',
  '2001:db8:ffff::1',
].map(address);

const INNER_IPV4_ADDRESSES: readonly Address[] = [
  '198.51.100.7',
  '198.51.100.8',
  '198.51.100.65',
  '203.0.113.1',
  '203.0.113.129',
  '192.0.2.80',
].map(address);

const ODD_IPV4_ADDRESSES: readonly Address[] = [
  '0.0.0.0',
  '0.1.2.3',
  '127.0.0.1',
  '169.254.1.1',
  '224.0.0.5',
  '224.0.1.1',
  '232.1.2.3',
  '239.255.0.1',
  '240.0.0.1',
  '255.255.255.255',
].map(address);

const ODD_ADDRESSES: readonly Address[] = [
  '::',
  '::1',
  'fe80::1',
  'ff02::1',
  'ff05::2',
  'ff0e::1:2',
  'ff01::1',
  '::2',
  'fec0::1',
].map(address);

const CARE_OF = ['2001:db8:a::1', '2001:db8:b::1', '2001:db8:c::1', '2001:db8:d::1'].map(address);
const AGENTS = ['2001:db8:f::1', '2001:db8:f::2'].map(address);
const IPV4_CARE_OF = ['192.0.2.1', '192.0.2.2', '10.0.0.7'].map(address);
const IPV4_AGENTS = ['203.0.113.10', '203.0.113.11'].map(address);
const PORTS = [4191, 4191, 40123, 1];
const PATH_MTUS = [1280, 1281, 1300, 1319, 1320, 1321, 1400, 1500, 9000];
const IPV4_PATH_MTUS = [576, 577, 583, 584, 680, 1280, 1299, 1300, 1301, 1307, 1308, 1309, 1500, 9000];
/** The agent's own address, where signalling goes. */
const ICMP_SOURCE = address('2001:db8:1::fe');
/** Has a prefix of its own in most tables. */
const HOME_ADDRESS = address('2001:db8:1:11::5');

interface Ends {
  readonly careOf: Address;
  readonly agent: Address;
  readonly encapsulation: Encapsulation;
}

function everyPair(careOf: readonly Address[], agents: readonly Address[], encapsulations: readonly Encapsulation[]) {
  return encapsulations.flatMap((encapsulation) =>
    careOf.flatMap((address) => agents.map((agent): Ends => ({ careOf: address, agent, encapsulation }))),
  );
}

const ENDS: readonly Ends[] = [
  ...everyPair(CARE_OF, AGENTS, [Encapsulation.ipv6]),
  ...everyPair(IPV4_CARE_OF, IPV4_AGENTS, [Encapsulation.ipv4, Encapsulation.udp]),
];

/** A sound table; tunnel ids and outer addresses recur from one to the next, so that flows meet them again. */
export function randomTable(random: Random): ForwardingTable {
  const side = random.chance(50) ? 'mobile-router' : 'home-agent';
  const tunnels: Tunnel[] = [];
  const mtuBytes = (encapsulation: Encapsulation) =>
    random.pick(encapsulation === Encapsulation.ipv6 ? PATH_MTUS : IPV4_PATH_MTUS);
  for (const [index, { careOf, agent, encapsulation }] of ENDS.entries())
    if (random.chance(50))
      tunnels.push({
        id: index * 0x0800_0001 + 1,
        encapsulation,
        outerSource: side === 'mobile-router' ? careOf : agent,
        outerDestination: side === 'mobile-router' ? agent : careOf,
        sourcePort: encapsulation === Encapsulation.udp ? random.pick(PORTS) : 0,
        destinationPort: encapsulation === Encapsulation.udp ? random.pick(PORTS) : 0,
        interfaceIndex: random.below(3),
        pathMtuBytes: mtuBytes(encapsulation),
        usable: random.chance(75),
      });
  const groups: BindingGroup[] = [];
  for (let id = 0; id < 3; id++)
    groups.push({ id, mode: (1 + random.below(3)) as SelectionMode, tunnels: [], prefixes: [] });
  const scatter = <T>(items: readonly T[], into: (group: BindingGroup) => T[]) => {
    for (const item of items) into(random.pick(groups)).push(item);
  };
  const member = (tunnel: Tunnel) => ({ tunnelId: tunnel.id, weight: 1 + random.below(5) });
  const membersOf = (group: BindingGroup) => group.tunnels as ReturnType<typeof member>[];
  for (const tunnel of [...tunnels]) {
    const own = random.pick(groups);
    membersOf(own).push(member(tunnel));
    // Another home address with the same care-of address and agent.
    if (!random.chance(30)) continue;
    const pathMtuBytes = mtuBytes(tunnel.encapsulation);
    const twin = { ...tunnel, id: tunnel.id + 1, pathMtuBytes, usable: random.chance(75) };
    tunnels.push(twin);
    membersOf(random.pick(groups.filter((group) => group !== own))).push(member(twin));
  }
  const prefixes = PREFIXES.filter((candidate) => random.chance(candidate.length === 0 ? 20 : 75));
  scatter(prefixes, (group) => group.prefixes as Prefix[]);
  const table = { side, icmpSource: ICMP_SOURCE, interfaces: [1, 2], tunnels, groups } as const;
  return random.chance(85) ? { ...table, icmpv4Source: address('198.51.100.254') } : table;
}

function randomFields(random: Random, version: 4 | 6): Ipv4Fields {
  const [odd, usual] = version === 6 ? [ODD_ADDRESSES, INNER_ADDRESSES] : [ODD_IPV4_ADDRESSES, INNER_IPV4_ADDRESSES];
  const one = () => random.pick(random.chance(6) ? odd : usual);
  return {
    source: one(),
    destination: one(),
    ...(version === 4 ? randomIpv4Fields(random) : {}),
    trafficClass: random.chance(50) ? random.below(4) : random.below(256),
    flowLabel: random.chance(80) ? 0 : random.below(3),
    hopLimit: random.chance(4) ? random.below(3) : 64,
  };
}

function randomIpv4Fields(random: Random): Partial<Ipv4Fields> {
  return {
    identification: random.below(0x10000),
    dontFragment: random.chance(50),
    ...(random.chance(8)
      ? { moreFragments: random.chance(50), fragmentOffset: random.below(2) * random.below(900) }
      : {}),
    ...(random.chance(1) ? { fragmentOffset: 0x1f00 + random.below(0x100) } : {}),
    ...(random.chance(15) ? { options: randomIpv4Options(random) } : {}),
  };
}

function randomIpv4Options(random: Random): Uint8Array {
  if (random.chance(20)) return random.bytes(4 * (1 + random.below(10)));
  const options: Uint8Array[] = [];
  for (let i = random.below(4); i >= 0; i--) {
    const length = 2 + random.below(6);
    options.push(concat(Uint8Array.of(random.pick([7, 68, 130, 131, 137, 148]), length), random.bytes(length - 2)));
    if (random.chance(30)) options.push(Uint8Array.of(1));
  }
  const all = concat(...options);
  return concat(all, new Uint8Array((4 - (all.length % 4)) % 4)).subarray(0, 40);
}

function randomOptions(random: Random): Uint8Array {
  const options: Uint8Array[] = [];
  const count = random.below(4);
  for (let i = 0; i < count; i++) {
    const kind = random.below(6);
    if (kind === 0) options.push(Uint8Array.of(1));
    else if (kind === 1) options.push(Uint8Array.of(random.pick([3, 8, 200]), 3, 7));
    else if (kind === 2) options.push(random.bytes(1 + random.below(5)));
    else options.push(concat(Uint8Array.of(2, random.chance(90) ? 4 : 3), u16(1000 + random.below(600))));
  }
  const all = concat(...options);
  return concat(all, new Uint8Array((4 - (all.length % 4)) % 4)).subarray(0, 40);
}

function randomExtensions(random: Random): Extension[] {
  const extensions: Extension[] = [];
  while (random.chance(10)) {
    const kind = random.below(4);
    if (kind === 0) extensions.push(fragment(random.below(2) * random.below(50), random.chance(50)));
    else if (kind === 1) extensions.push(destinationOptions(random.bytes(6 + 8 * random.below(3))));
    else
      extensions.push({
        protocol: kind === 2 ? Protocol.hopByHopOptions : Protocol.routing,
        body: concat(Uint8Array.of(random.chance(90) ? 0 : random.below(256)), random.bytes(6)),
      });
  }
  return extensions;
}

function payloadBytes(random: Random): number {
  const kind = random.below(10);
  if (kind < 5) return random.below(80);
  if (kind < 6) return 440 + random.below(200);
  if (kind < 9) return 1150 + random.below(120);
  return random.chance(90) ? 1150 + random.below(400) : 1500 + random.below(4000);
}

function randomTransport(random: Random, fields: Ipv6Fields): [protocol: number, bytes: Uint8Array] {
  const payload = random.bytes(payloadBytes(random));
  const port = () => 1000 + random.below(4);
  switch (random.below(6)) {
    case 0:
      return [Protocol.udp, udp(fields, port(), port(), payload)];
    case 1: {
      if (isIpv4(fields.source)) {
        const type = random.chance(70) ? 8 * random.below(2) : random.below(random.pick([50, 256]));
        return [Protocol.icmp, icmp(type, 0, concat(u16(random.below(3)), u16(1), payload))];
      }
      const type = random.chance(70) ? 128 + random.below(2) : random.below(256);
      return [Protocol.icmpv6, icmpv6(fields, type, 0, concat(u16(random.below(3)), u16(1), payload))];
    }
    case 2:
      return [random.below(256), payload];
    default: {
      const flags = random.chance(50) ? 2 : random.below(256);
      const sequence = random.u32();
      const options = randomOptions(random);
      const [sourcePort, destinationPort] = [port(), port()];
      return [Protocol.tcp, tcp(fields, { sourcePort, destinationPort, sequence, flags, options, payload })];
    }
  }
}

/** An inner packet, mostly sound. */
export function randomInner(random: Random): Uint8Array {
  const version = random.chance(50) ? 4 : 6;
  const fields = randomFields(random, version);
  const [protocol, transport] = randomTransport(random, fields);
  if (version === 4) return damageIpv4(random, ipv4(fields, protocol, transport), 3);
  const packet = withExtensions(fields, randomExtensions(random), protocol, transport);
  return damage(random, packet, 3);
}

/** A Mobility Header between two that may be the agent and a home address. */
function randomSignalling(random: Random): Uint8Array {
  const one = () => random.pick([ICMP_SOURCE, HOME_ADDRESS, ...INNER_ADDRESSES.slice(1, 3)]);
  const extensions = random.chance(30)
    ? [destinationOptions(Uint8Array.of(1, 4, 0, 0, 0, 0))]
    : randomExtensions(random);
  return withExtensions({ source: one(), destination: one() }, extensions, Protocol.mobility, random.bytes(24));
}

/** As `damage`, but the header's checksum mostly agrees with what was changed. */
function damageIpv4(random: Random, packet: Uint8Array, percent: number): Uint8Array {
  const damaged = damage(random, packet, percent);
  return damaged === packet || random.chance(20) ? damaged : repairHeaders(damaged);
}

/** Gives the IPv4 headers that may be in a packet, at its start and behind outer headers, right checksums. */
export function repairHeaders(packet: Uint8Array): Uint8Array {
  const repaired = packet.slice();
  for (const at of [40, 28, 20, 0]) {
    const headerBytes = ((repaired[at] ?? 0) & 0x0f) * 4;
    if ((repaired[at] ?? 0) >> 4 !== 4 || headerBytes < 20 || repaired.length < at + headerBytes) continue;
    repaired.set([0, 0], at + 10);
    repaired.set(u16(foldChecksum(sumWords(repaired.slice(at, at + headerBytes)))), at + 10);
  }
  return repaired;
}

/** An outer packet, mostly from the far end of one of the table's tunnels. */
export function randomOuter(random: Random, table: ForwardingTable): Uint8Array {
  const known = table.tunnels.length > 0 && random.chance(92);
  const tunnel = known ? random.pick(table.tunnels) : undefined;
  const inner = random.chance(6) ? randomSignalling(random) : randomInner(random);
  if (tunnel ? isIpv4(tunnel.outerSource) : random.chance(50)) return randomIpv4Outer(random, tunnel, inner);
  const outer: Ipv6Fields = {
    source: tunnel?.outerDestination ?? random.pick([...CARE_OF, ...AGENTS]),
    destination: tunnel?.outerSource ?? random.pick([...CARE_OF, ...AGENTS]),
    trafficClass: random.chance(50) ? random.below(4) : random.below(256),
  };
  const kind = random.below(20);
  if (kind === 0) return ipv6(outer, random.below(256), inner);
  if (kind === 1) return withExtensions(outer, [fragment(0, false)], Protocol.ipv6, inner);
  if (kind === 2) return withExtensions(outer, [destinationOptions(random.bytes(6))], Protocol.ipv6, inner);
  // Tunnel Encapsulation Limit and padding (RFC 2473 §4.1.1).
  const limit = destinationOptions(Uint8Array.of(4, 1, random.below(9), 1, 1, 0));
  if (kind < 5) return withExtensions(outer, [limit], random.pick([Protocol.ipv6, Protocol.ipv4]), inner);
  return damage(random, outerPacket(outer, inner), 3);
}

function randomIpv4Outer(random: Random, tunnel: Tunnel | undefined, inner: Uint8Array): Uint8Array {
  const outer: Ipv4Fields = {
    source: tunnel?.outerDestination ?? random.pick([...IPV4_CARE_OF, ...IPV4_AGENTS]),
    destination: tunnel?.outerSource ?? random.pick([...IPV4_CARE_OF, ...IPV4_AGENTS]),
    trafficClass: random.chance(50) ? random.below(4) : random.below(256),
    ...(random.chance(6) ? randomIpv4Fields(random) : {}),
  };
  const inUdp = tunnel ? tunnel.encapsulation === Encapsulation.udp : random.chance(50);
  const kind = random.below(20);
  if (kind === 0) return ipPacket(outer, random.below(256), inner);
  if (kind === 1) return ipPacket(outer, random.pick([Protocol.ipv6, Protocol.ipv4]), inner);
  if (!inUdp) return damageIpv4(random, outerPacket(outer, inner), 3);
  const port = (known: number | undefined) => (known && random.chance(95) ? known : random.pick(PORTS));
  const [from, to] = [port(tunnel?.destinationPort), port(tunnel?.sourcePort)];
  if (kind > 3) return damageIpv4(random, udpOuterPacket(outer, from, to, inner), 3);
  const datagram = udp(outer, from, to, inner);
  if (random.chance(30)) datagram.set(random.bytes(2), random.pick([4, 6]));
  return ipv4(outer, Protocol.udp, concat(datagram, random.bytes(random.below(3))));
}

/** The fragments of an outer packet, cut anywhere, out of order now and then, some of them spoilt. */
export function randomFragments(random: Random, outer: Uint8Array): Uint8Array[] {
  if (outer.length < 60) return [outer];
  const isIpv4Outer = outer[0]! >> 4 === 4;
  const headerBytes = isIpv4Outer ? (outer[0]! & 15) * 4 : 40;
  const payload = outer.subarray(headerBytes);
  const identification = random.below(0x10000);
  const fragments: Uint8Array[] = [];
  for (let start = 0; start < payload.length; ) {
    const end = Math.min(payload.length, start + 8 * (1 + random.below(random.pick([4, 120]))));
    const piece = payload.subarray(start, end);
    const more = end < payload.length;
    const marked = outer.slice(0, headerBytes);
    if (random.chance(10)) marked[1]! ^= isIpv4Outer ? random.below(4) : random.below(4) << 4;
    fragments.push(
      isIpv4Outer
        ? ipv4Piece(marked, identification, start, more, piece)
        : ipv6Piece(marked, identification, start, more, piece),
    );
    start = random.chance(98) ? end : start + 8 * random.below(4);
    if (fragments.length > 30) break;
  }
  if (random.chance(30)) fragments.reverse();
  if (random.chance(5)) fragments.push(random.pick(fragments));
  return fragments.map((fragment) => damage(random, fragment, 1));
}

function ipv4Piece(header: Uint8Array, identification: number, start: number, more: boolean, piece: Uint8Array) {
  const packet = concat(header, piece);
  packet.set(u16(packet.length), 2);
  packet.set(u16(identification), 4);
  packet.set(u16((start / 8) | (more ? 0x2000 : 0)), 6);
  packet.set([0, 0], 10);
  packet.set(u16(foldChecksum(sumWords(packet.slice(0, header.length)))), 10);
  return packet;
}

function ipv6Piece(header: Uint8Array, identification: number, start: number, more: boolean, piece: Uint8Array) {
  const { body } = fragment(start / 8, more, identification);
  const packet = concat(header, header.subarray(6, 7), body, piece);
  packet.set(u16(packet.length - 40), 4);
  packet[6] = Protocol.fragment;
  return packet;
}

/** Changes, cuts off or adds octets in `percent` of all cases. */
export function damage(random: Random, packet: Uint8Array, percent: number): Uint8Array {
  if (!random.chance(percent)) return packet;
  switch (random.below(3)) {
    case 0:
      return packet.subarray(0, random.below(packet.length));
    case 1:
      return concat(packet, random.bytes(random.below(30)));
    default: {
      const damaged = packet.slice();
      for (let i = 0; i <= random.below(4); i++) damaged[random.below(damaged.length)] = random.below(256);
      return damaged;
    }
  }
}
