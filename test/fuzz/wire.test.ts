// Damaged packets and netlink buffers: nothing but WireError gets out of the decoders, and what decodes is encoded to
// octets that decode to the same again. A packet that breaks this is written to test/vectors/malformed, which is
// replayed first.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address } from '../../src/bytes/address.ts';
import { upperLayerChecksum } from '../../src/bytes/checksum.ts';
import { formatHex } from '../../src/bytes/hex.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import { WireError } from '../../src/bytes/wire-error.ts';
import { describePacket } from '../../src/cli/decode-json.ts';
import { encodeIcmpv6 } from '../../src/wire/icmpv6/codec.ts';
import { authenticatedData } from '../../src/wire/mh/authentication.ts';
import { OptionType } from '../../src/wire/mh/numbers.ts';
import type { MobilityMessageAuthenticationOption } from '../../src/wire/mh/options/mobility-message-authentication.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import { decodeNetlink } from '../../src/wire/netlink/decode.ts';
import { encodeNetlinkRequest, type NetlinkRequest } from '../../src/wire/netlink/encode.ts';
import { encodeOuter } from '../../src/wire/outer-header.ts';
import { decodeSignalling, encodeSignalling } from '../../src/wire/signalling.ts';
import { hex } from '../lib/wire.ts';
import { IPV4_PACKET_VECTORS } from '../lib/wire-ipv4-vectors.ts';
import { mutate, Random } from '../lib/wire-mutations.ts';
import { PACKET_VECTORS } from '../lib/wire-packet-vectors.ts';
import { CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MESSAGE_VECTORS } from '../lib/wire-vectors.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 6275);
const MESSAGES = 700_000;
const ICMPV6 = 300_000;
const PACKETS = 500_000;
const NETLINK = 300_000;
const DATAGRAMS = 1_000_000;
const kept = new URL('../vectors/malformed/', import.meta.url).pathname;

type Outcomes = Map<string, number>;

function count(outcomes: Outcomes, outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

function isForHomeAgent(option: MobilityOption): option is MobilityMessageAuthenticationOption {
  return option.type === OptionType.mobilityMessageAuthentication && option.subtype === 1;
}

/** How a packet decodes: a kind or an error's code. Throws what must not be. */
function tryPacket(packet: Uint8Array): string {
  const decoded = decodeOrCode(() => decodeSignalling(packet), packet.length);
  if (typeof decoded === 'string') return decoded;
  const encoded = encodeSignalling(decoded);
  const again = encodeSignalling(decodeSignalling(encoded));
  if (!same(encoded, again)) throw new Error(`not stable: ${formatHex(encoded)} ${formatHex(again)}`);
  if (decoded.kind === 'other') return decoded.kind;
  if (decoded.kind === 'mobility') {
    const found = authenticatedData(decoded.mobilityHeader!, CARE_OF_ADDRESS, HOME_ADDRESS);
    const option = 'options' in decoded.message && decoded.message.options.find(isForHomeAgent);
    const sameAuthenticator = option && found ? same(found.authenticator, option.authenticator) : !option && !found;
    if (!sameAuthenticator) throw new Error(`authentication: ${formatHex(packet)}`);
  }
  return `${decoded.kind} ${decoded.message.type}`;
}

function tryNetlink(buffer: Uint8Array, littleEndian: boolean): string {
  const decoded = decodeOrCode(() => decodeNetlink(buffer, littleEndian), buffer.length);
  return typeof decoded === 'string' ? decoded : (decoded[0]?.kind ?? 'nothing');
}

function decodeOrCode<T>(decode: () => T, octets: number): T | string {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const { answer, code, offset } = error;
    if (offset < 0 || offset > octets) throw new Error(`${code} at offset ${offset} of ${octets}`);
    if (answer?.kind === 'parameter-problem' && answer.pointer >= octets) throw new Error(`pointer ${answer.pointer}`);
    return code;
  }
}

/** Runs one try; keeps the octets if it breaks the rule. */
function keepIfBroken(octets: Uint8Array, outcomes: Outcomes, attempt: () => string): void {
  try {
    count(outcomes, attempt());
  } catch (error) {
    let name = 0;
    for (const octet of octets) name = (Math.imul(name, 31) + octet) >>> 0;
    const file = `${kept}${name.toString(16).padStart(8, '0')}.hex`;
    mkdirSync(kept, { recursive: true });
    writeFileSync(file, `${formatHex(octets)}\n`);
    throw new Error(`${file}: ${error instanceof Error ? error.stack : error}`);
  }
}

const messages = MESSAGE_VECTORS.map((vector) => hex(vector.hex));
/** Padding as long as a Home Address option, behind one: damage makes two of it. */
const nearlyTwoHomeAddresses = hex(
  `6000000000303c40 20010db8000a00000000000000000004 20010db8000100000000000000000001
   1105 01020000 c910 20010db8000100000000000000000002 0110 ${'00'.repeat(16)} 01040000 0000`,
);
const packets = [
  nearlyTwoHomeAddresses,
  ...PACKET_VECTORS.map((vector) => hex(vector.hex)),
  ...IPV4_PACKET_VECTORS.map((vector) => hex(vector.hex)),
  ...MESSAGE_VECTORS.map(({ value }) =>
    encodeSignalling({
      kind: 'mobility',
      source: CARE_OF_ADDRESS,
      destination: HOME_AGENT,
      homeAddress: HOME_ADDRESS,
      message: value,
    }),
  ),
];

/** A packet with whatever upper layer, lengths and checksum right, so that damage reaches the codec behind them. */
function wrap(random: Random, protocol: number, checksumAt: number, upperLayer: Uint8Array): Uint8Array {
  const options: { homeAddress?: Address; routing2?: Address } = {};
  if (random.below(2)) options.homeAddress = HOME_ADDRESS;
  if (random.below(4) === 0) options.routing2 = HOME_ADDRESS;
  const addressed = { source: CARE_OF_ADDRESS, destination: HOME_AGENT, ...options };
  const payload = upperLayer;
  const octets = protocol === 135 ? Math.min(payload.length, ((payload[1] ?? 0) + 1) * 8) : payload.length;
  if (payload.length >= checksumAt + 2) {
    payload.fill(0, checksumAt, checksumAt + 2);
    const source = options.homeAddress ?? CARE_OF_ADDRESS;
    const destination = options.routing2 ?? HOME_AGENT;
    const sum = upperLayerChecksum(source, destination, protocol, payload.subarray(0, octets));
    payload[checksumAt] = sum >> 8;
    payload[checksumAt + 1] = sum & 255;
  }
  return encodeSignalling({ kind: 'other', ...addressed, protocol, payload });
}

test('octets that decoders go wrong at are told apart or refused', () => {
  const files = readdirSync(kept).filter((name) => name.endsWith('.hex'));
  assert.ok(files.length >= 10);
  for (const file of files) {
    const octets = hex(readFileSync(kept + file, 'utf8'));
    assert.type(tryPacket(octets), 'string', file);
    for (const littleEndian of [true, false]) assert.type(tryNetlink(octets, littleEndian), 'string', file);
  }
});

test(`${MESSAGES} damaged messages in sound packets (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const outcomes: Outcomes = new Map();
  for (let i = 0; i < MESSAGES; i++) {
    const damaged = mutate(random, random.pick(messages), random.pick(messages));
    // Mostly with a Header Len that fits, so that the options are reached.
    if (random.below(4) && damaged.length >= 8) damaged[1] = Math.min(255, (damaged.length >> 3) - 1);
    const packet = random.below(16)
      ? wrap(random, 135, 4, damaged)
      : wrap(random, 58, 2, Uint8Array.from([random.below(5) + random.pick([0, 128]), ...damaged]));
    keepIfBroken(packet, outcomes, () => tryPacket(packet));
  }
  for (const outcome of [
    ...[0, 1, 2, 3, 4, 5, 6, 7, 'unknown'].map((type) => `mobility ${type}`),
    ...['icmpv6 1', 'icmpv6 128', 'icmpv6 unknown'],
    ...['truncated', 'bad-length', 'bad-value', 'bad-next-header', 'duplicate-option', 'option-not-last'],
    ...['option-overrun'],
  ]) {
    assert.ok((outcomes.get(outcome) ?? 0) > 100, `${outcome}: ${JSON.stringify([...outcomes])}`);
  }
});

test(`${ICMPV6} damaged messages of Neighbor Discovery and Mobile IPv6 in sound packets (seed ${SEED})`, () => {
  const random = new Random(SEED + 3);
  const outcomes: Outcomes = new Map();
  const choices = PACKET_VECTORS.flatMap(({ value }) =>
    value.kind === 'icmpv6' ? [encodeIcmpv6(value.message, value.source, value.destination)] : [],
  );
  const [linkLocal, everyone] = [address('fe80::1'), address('ff02::1')];
  for (let i = 0; i < ICMPV6; i++) {
    const damaged = mutate(random, random.pick(choices), random.pick(choices));
    const destination = random.pick([HOME_AGENT, everyone]);
    if (damaged.length >= 4) {
      damaged.fill(0, 2, 4);
      const sum = upperLayerChecksum(linkLocal, destination, 58, damaged);
      damaged.set([sum >> 8, sum & 255], 2);
    }
    const packet = encodeSignalling(
      { kind: 'other', source: linkLocal, destination, protocol: 58, payload: damaged },
      { hopLimit: random.below(8) ? 255 : 64 },
    );
    keepIfBroken(packet, outcomes, () => tryPacket(packet));
    if (i % 16 === 0) keepIfBroken(packet, new Map(), () => `${describePacket(packet, null, true)}`);
  }
  for (const outcome of [
    ...[133, 134, 135, 136, 144, 145, 146, 147, 'unknown'].map((type) => `icmpv6 ${type}`),
    ...['truncated', 'bad-length', 'bad-value', 'option-overrun'],
  ]) {
    assert.ok((outcomes.get(outcome) ?? 0) > 100, `${outcome}: ${JSON.stringify([...outcomes])}`);
  }
});

test(`${PACKETS} damaged packets (seed ${SEED})`, () => {
  const random = new Random(SEED + 1);
  const outcomes: Outcomes = new Map();
  for (let i = 0; i < PACKETS; i++) {
    const packet = mutate(random, random.pick(packets), random.pick(packets));
    if (random.below(4) && packet.length >= 40) {
      packet[4] = (packet.length - 40) >> 8;
      packet[5] = (packet.length - 40) & 255;
    }
    keepIfBroken(packet, outcomes, () => tryPacket(packet));
    if (i % 16 === 0) keepIfBroken(packet, new Map(), () => `${describePacket(packet, null, true)}`);
  }
  for (const outcome of [
    ...[
      'mobility 5',
      'icmpv6 129',
      'icmpv6 134',
      'other',
      'truncated',
      'bad-length',
      'bad-value',
      'bad-checksum',
      'bad-next-header',
    ],
    ...['duplicate-option', 'option-overrun', 'unrecognized-option', 'unsupported'],
  ]) {
    assert.ok((outcomes.get(outcome) ?? 0) > 10, `${outcome}: ${JSON.stringify([...outcomes])}`);
  }
});

test(`${DATAGRAMS} damaged datagrams to port 4191 in sound IPv4 and UDP headers (seed ${SEED})`, () => {
  const random = new Random(SEED + 4);
  const outcomes: Outcomes = new Map();
  const inner = packets.filter((packet) => packet[0]! >>> 4 === 6);
  const outer = { source: address('198.51.100.9'), destination: address('203.0.113.1') };
  for (let i = 0; i < DATAGRAMS; i++) {
    // Half of them with a message that is damaged alone, its checksum right.
    const damaged = random.below(2)
      ? wrap(random, 135, 4, mutate(random, random.pick(messages), random.pick(messages)))
      : mutate(random, random.pick(inner), random.pick(inner));
    const ports = random.below(8) === 0 ? undefined : { source: 1 + random.below(65_535), destination: 4191 };
    const packet = encodeOuter({ ...outer, ...(ports && { ports }) }, damaged);
    keepIfBroken(packet, outcomes, () => tryPacket(packet));
    if (i % 16 === 0) keepIfBroken(packet, new Map(), () => `${describePacket(packet, null, true)}`);
  }
  for (const outcome of [
    ...['mobility 5', 'mobility 6', 'icmpv6 129', 'other', 'truncated', 'bad-length', 'bad-value', 'bad-checksum'],
    ...['bad-next-header', 'duplicate-option', 'option-overrun', 'unrecognized-option', 'unsupported'],
  ]) {
    assert.ok((outcomes.get(outcome) ?? 0) > 10, `${outcome}: ${JSON.stringify([...outcomes])}`);
  }
});

test(`${NETLINK} damaged netlink buffers (seed ${SEED})`, () => {
  const random = new Random(SEED + 2);
  const outcomes: Outcomes = new Map();
  const route = { table: 4711, destination: prefix('2001:db8::/32'), interfaceIndex: 3, metric: 9, protocol: 77 };
  const requests: readonly NetlinkRequest[] = [
    { kind: 'add-address', interfaceIndex: 3, address: address('2001:db8::1'), prefixLength: 64, flags: 2 },
    { kind: 'add-address', interfaceIndex: 3, address: address('192.0.2.1'), prefixLength: 24 },
    { kind: 'add-route', ...route, gateway: address('fe80::1') },
    { kind: 'delete-route', ...route, destination: prefix('192.0.2.0/24') },
    {
      kind: 'add-rule',
      priority: 1,
      source: prefix('2001:db8::1/128'),
      table: 7,
      suppressPrefixLength: 0,
      protocol: 4,
    },
  ];
  const link = hex(
    '2c000000 1000 0000 00000000 00000000 00000100 03000000 43100100 00000000 0a000300 75703000 0000 0000',
  );
  const refusal = hex('24000000 0200 0000 07000000 00000000 eaffffff 18000000 1500 0500 08000000 00000000');
  const bridge = hex('24000000 1000 0000 00000000 00000000 07000100 03000000 43100100 00000000 08000400 dc050000');
  const buffers = [true, false].map((littleEndian) => [
    ...requests.map((request) => encodeNetlinkRequest(request, 1, littleEndian)),
    ...(littleEndian ? [link, refusal, bridge] : []),
  ]);
  for (let i = 0; i < NETLINK; i++) {
    const littleEndian = i % 2 === 0;
    const choices = buffers[i % 2]!;
    const buffer = mutate(random, random.pick(choices), random.pick(choices));
    if (random.below(3) && buffer.length >= 16) {
      new DataView(buffer.buffer, buffer.byteOffset).setUint32(0, buffer.length, littleEndian);
    }
    keepIfBroken(buffer, outcomes, () => tryNetlink(buffer, littleEndian));
  }
  const kinds = ['link', 'address', 'route', 'rule', 'acknowledgement', 'other'];
  for (const outcome of [...kinds, 'truncated', 'bad-length', 'bad-value']) {
    assert.ok((outcomes.get(outcome) ?? 0) > 100, `${outcome}: ${JSON.stringify([...outcomes])}`);
  }
});

test.run();
