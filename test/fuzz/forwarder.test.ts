import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatHex } from '../../src/bytes/hex.ts';
import { encodeTable } from '../../src/forwarding/encode-table.ts';
import { type ForwardingResult, ReferenceForwarder } from '../../src/forwarding/reference.ts';
import { FORWARDER_COUNTERS } from '../../src/forwarding/statistics.ts';
import { SelectionMode } from '../../src/forwarding/table.ts';
import { NativeForwarder, splitByLength, Verdict } from '../lib/forwarding-driver.ts';
import { concat, u16 } from '../lib/forwarding-packets.ts';
import {
  Random,
  randomFragments,
  randomInner,
  randomOuter,
  randomTable,
  repairHeaders,
} from '../lib/forwarding-random.ts';
import { homeAgentTable, mobileRouterTable } from '../lib/forwarding-tables.ts';

const PACKETS = 320_000;
const PACKETS_PER_RUN = 40_000;
const TABLES = 30_000;
const OFFLOADS = 30_000;
const BATCHES = 2_000;
const CORPUS = 400;
const LARGEST_SEED_BYTES = 300;
const EINVAL = 22;

const native = new NativeForwarder();
test.after(() => native.close());

/** Octets that decide something: versions, lengths, next headers, options, flags. */
const TELLING = [0, 1, 2, 4, 6, 7, 8, 17, 39, 40, 41, 43, 44, 58, 60, 63, 64, 96, 127, 128, 135, 137, 255];

/** Changes a few octets, mostly in the headers; cuts, repeats or splices now and then. */
function mutate(random: Random, seed: Uint8Array): Uint8Array {
  let bytes: Uint8Array = seed.slice();
  const changes = random.below(5);
  for (let i = 0; i < changes && bytes.length > 0; i++) {
    const at = random.below(random.chance(70) ? Math.min(bytes.length, 100) : bytes.length);
    bytes[at] = random.chance(60) ? random.pick(TELLING) : random.below(256);
  }
  if (random.chance(15)) bytes = bytes.subarray(0, random.below(bytes.length + 1));
  if (random.chance(5)) bytes = concat(bytes, random.bytes(random.below(50)));
  if (random.chance(5)) {
    const at = random.below(bytes.length + 1);
    bytes = concat(bytes.subarray(0, at), random.bytes(8 * random.below(4)), bytes.subarray(at));
  }
  return random.chance(70) ? repairHeaders(bytes) : bytes;
}

function corpus(random: Random, make: () => Uint8Array): Uint8Array[] {
  const seeds: Uint8Array[] = [];
  while (seeds.length < CORPUS) {
    const seed = make();
    if (seed.length <= LARGEST_SEED_BYTES || random.chance(3)) seeds.push(seed);
  }
  return seeds;
}

function outcome(result: ForwardingResult): string {
  if (result.kind === 'drop') return result.reason;
  if (result.kind === 'ignore' || result.kind === 'hold') return `${result.kind} `;
  const further = (result.kind === 'send' && result.furtherPackets) || [];
  return `${result.kind} ${[result.packet, ...further].map(formatHex).join('')}`;
}

function nativeOutcome(answer: Uint8Array): string {
  const view = new DataView(answer.buffer, answer.byteOffset);
  const verdict = view.getUint32(0);
  if (verdict === Verdict.drop) return FORWARDER_COUNTERS[view.getUint32(4)]!;
  const kinds: Record<number, string> = {
    [Verdict.deliver]: 'deliver',
    [Verdict.reply]: 'reply',
    [Verdict.ignore]: 'ignore',
    [Verdict.hold]: 'hold',
  };
  const kind = kinds[verdict] ?? 'send';
  return `${kind} ${splitByLength(answer.subarray(16)).map(formatHex).join('')}`;
}

/** One after the other, so that many are put together, with some of them changed. */
function fragmentAt(random: Random, fragments: readonly Uint8Array[], step: number): Uint8Array {
  const fragment = fragments[Math.floor(step / 10) % fragments.length]!;
  return random.chance(85) ? fragment : mutate(random, fragment);
}

function fuzzPackets(seed: number): void {
  const random = new Random(seed);
  const table = randomTable(random);
  const inner = corpus(random, () => randomInner(random));
  const outer = corpus(random, () => randomOuter(random, table));
  const fragments = corpus(random, () => randomOuter(random, table)).flatMap((packet) =>
    randomFragments(random, packet),
  );
  const reference = new ReferenceForwarder({ flowCapacity: 1000 });
  reference.apply(table);
  native.reset(1000, 1);
  native.apply(encodeTable(table));
  const expected: string[] = [];
  for (let i = 0; i < PACKETS_PER_RUN; i++) {
    const inbound = random.chance(50);
    const packet =
      inbound && random.chance(20)
        ? fragmentAt(random, fragments, i)
        : mutate(random, random.pick(inbound ? outer : inner));
    if (inbound) native.inbound(packet, i);
    else native.outbound(packet, i);
    expected.push(outcome(inbound ? reference.inbound(packet, i) : reference.outbound(packet, i)));
  }
  const answers = native.run().slice(2);
  for (const [index, answer] of answers.entries()) {
    const found = nativeOutcome(answer);
    if (found !== expected[index]) assert.is(found, expected[index], `seed ${seed}, packet ${index}`);
  }
}

test(`${PACKETS} mutated packets do the same in the native core, under sanitizers, as in the reference`, () => {
  for (let run = 0; run * PACKETS_PER_RUN < PACKETS; run++) fuzzPackets(1000 + run);
});

test(`${TABLES} mutated tables are taken or refused, and nothing is read outside of them`, () => {
  const random = new Random(5);
  const seeds = [
    encodeTable(mobileRouterTable({ mode: SelectionMode.balance })),
    encodeTable(homeAgentTable({ mode: SelectionMode.follow })),
    ...Array.from({ length: 50 }, () => encodeTable(randomTable(random))),
  ];
  native.reset(100, 1);
  for (let i = 0; i < TABLES; i++) native.apply(mutate(random, random.pick(seeds)));
  const statuses = native
    .run()
    .slice(1)
    .map((answer) => new DataView(answer.buffer, answer.byteOffset).getUint32(0));
  const refused = statuses.filter((status) => status === EINVAL).length;
  assert.ok(statuses.every((status) => status === 0 || status === EINVAL));
  assert.ok(refused > TABLES / 10 && refused < TABLES, `${refused} refused`);
});

test('packets after each of many mutated tables meet no stale tunnel, under sanitizers', () => {
  const random = new Random(6);
  const inner = corpus(random, () => randomInner(random));
  native.reset(50, 1);
  for (let i = 0; i < 2000; i++) {
    const table = randomTable(random);
    const encoded = encodeTable(table);
    native.apply(random.chance(50) ? encoded : mutate(random, encoded));
    for (let packet = 0; packet < 10; packet++) {
      native.outbound(random.pick(inner), i * 10);
      native.inbound(randomOuter(random, table), i * 10);
    }
  }
  assert.is(native.run().length, 1 + 2000 * 21);
});

test(`${OFFLOADS} mutated packets with random offloads are cut within their bounds`, () => {
  const random = new Random(7);
  const seeds = corpus(random, () => randomInner(random));
  const number = () => (random.chance(60) ? random.pick([6, 16, 20, 40, 40, 1000]) : random.below(0x10000));
  for (let i = 0; i < OFFLOADS; i++) {
    const type = random.pick([0, 1, 1, 1, 3, 4, 4, 4, 5, 5, 0x84, random.below(256)]);
    const header = concat(
      Uint8Array.of(random.chance(90) ? 1 : 0, type),
      u16(0),
      u16(number()),
      u16(number()),
      u16(number()),
    );
    native.cut(concat(header, mutate(random, random.pick(seeds))));
  }
  let segments = 0;
  for (const answer of native.run()) segments += splitByLength(answer).length;
  assert.ok(segments > 1000, `${segments} segments`);
});

test(`${BATCHES} batches of mutated packets are joined within their bounds, and none is lost`, () => {
  const random = new Random(8);
  const seeds = corpus(random, () => randomInner(random)).filter((seed) => seed.length >= 40);
  for (let i = 0; i < BATCHES; i++) {
    const few = Array.from({ length: 4 }, () => random.pick(seeds));
    native.join(
      Array.from({ length: 60 }, () => {
        const packet = concat(mutate(random, random.pick(few)), new Uint8Array(40));
        // What reaches this point is a whole packet.
        if (packet[0]! >> 4 !== 4) packet.set(u16(packet.length - 40), 4);
        else packet.set([0x45, packet[1]!, ...u16(packet.length)]);
        return repairHeaders(packet);
      }),
    );
  }
  for (const answer of native.run()) assert.ok(splitByLength(answer).length >= 1);
});

test.run();
