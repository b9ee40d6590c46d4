// Random tables and packets for the forwarders, from a seed: few addresses, so that things meet, and sizes near the
// limits.
import { type Address, address } from '../../src/bytes/address.ts';
import { type Prefix, prefix } from '../../src/bytes/prefix.ts';
import { Protocol } from '../../src/forwarding/ipv6-header.ts';
import type { BindingGroup, ForwardingTable, SelectionMode, Tunnel } from '../../src/forwarding/table.ts';
import {
  concat,
  destinationOptions,
  type Extension,
  fragment,
  type Ipv6Fields,
  icmpv6,
  ipv6,
  tcp,
  u16,
  udp,
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
const PATH_MTUS = [1280, 1281, 1300, 1319, 1320, 1321, 1400, 1500, 9000];

/** A sound table; tunnel ids and outer addresses recur from one to the next, so that flows meet them again. */
export function randomTable(random: Random): ForwardingTable {
  const side = random.chance(50) ? 'mobile-router' : 'home-agent';
  const pairs = CARE_OF.flatMap((careOf) => AGENTS.map((agent) => [careOf, agent] as const));
  const tunnels: Tunnel[] = [];
  for (const [index, [careOf, agent]] of pairs.entries())
    if (random.chance(70))
      tunnels.push({
        id: index * 0x1000_0001 + 1,
        encapsulation: 1,
        outerSource: side === 'mobile-router' ? careOf : agent,
        outerDestination: side === 'mobile-router' ? agent : careOf,
        sourcePort: 0,
        destinationPort: 0,
        interfaceIndex: random.below(3),
        pathMtuBytes: random.pick(PATH_MTUS),
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
    const twin = { ...tunnel, id: tunnel.id + 1, pathMtuBytes: random.pick(PATH_MTUS), usable: random.chance(75) };
    tunnels.push(twin);
    membersOf(random.pick(groups.filter((group) => group !== own))).push(member(twin));
  }
  const prefixes = PREFIXES.filter((candidate) => random.chance(candidate.length === 0 ? 20 : 75));
  scatter(prefixes, (group) => group.prefixes as Prefix[]);
  return { side, icmpSource: address('2001:db8:1::fe'), interfaces: [1, 2], tunnels, groups };
}

function randomFields(random: Random): Ipv6Fields {
  const one = () => random.pick(random.chance(6) ? ODD_ADDRESSES : INNER_ADDRESSES);
  return {
    source: one(),
    destination: one(),
    trafficClass: random.chance(50) ? random.below(4) : random.below(256),
    flowLabel: random.chance(80) ? 0 : random.below(3),
    hopLimit: random.chance(4) ? random.below(3) : 64,
  };
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
  if (kind < 6) return random.below(80);
  if (kind < 9) return 1150 + random.below(120);
  return 1150 + random.below(400);
}

function randomTransport(random: Random, fields: Ipv6Fields): [protocol: number, bytes: Uint8Array] {
  const payload = random.bytes(payloadBytes(random));
  const port = () => 1000 + random.below(4);
  switch (random.below(6)) {
    case 0:
      return [Protocol.udp, udp(fields, port(), port(), payload)];
    case 1: {
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
  const fields = randomFields(random);
  const [protocol, transport] = randomTransport(random, fields);
  const packet = withExtensions(fields, randomExtensions(random), protocol, transport);
  return damage(random, packet, 3);
}

/** An outer packet, mostly from the far end of one of the table's tunnels. */
export function randomOuter(random: Random, table: ForwardingTable): Uint8Array {
  const known = table.tunnels.length > 0 && random.chance(92);
  const tunnel = known ? random.pick(table.tunnels) : undefined;
  const outer: Ipv6Fields = {
    source: tunnel?.outerDestination ?? random.pick([...CARE_OF, ...AGENTS]),
    destination: tunnel?.outerSource ?? random.pick([...CARE_OF, ...AGENTS]),
    trafficClass: random.chance(50) ? random.below(4) : random.below(256),
  };
  const inner = randomInner(random);
  const kind = random.below(20);
  if (kind === 0) return ipv6(outer, random.below(256), inner);
  if (kind === 1) return withExtensions(outer, [fragment(0, false)], Protocol.ipv6, inner);
  if (kind === 2) return withExtensions(outer, [destinationOptions(random.bytes(6))], Protocol.ipv6, inner);
  // Tunnel Encapsulation Limit and padding (RFC 2473 §4.1.1).
  const limit = destinationOptions(Uint8Array.of(4, 1, random.below(9), 1, 1, 0));
  if (kind < 6) return withExtensions(outer, [limit], Protocol.ipv6, inner);
  return damage(random, ipv6(outer, Protocol.ipv6, inner), 3);
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
