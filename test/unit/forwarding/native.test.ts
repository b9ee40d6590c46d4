import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { formatHex } from '../../../src/bytes/hex.ts';
import { prefix } from '../../../src/bytes/prefix.ts';
import { encodeTable } from '../../../src/forwarding/encode-table.ts';
import { type ForwardingResult, ReferenceForwarder } from '../../../src/forwarding/reference.ts';
import { FORWARDER_COUNTERS, TUNNEL_COUNTERS } from '../../../src/forwarding/statistics.ts';
import type { ForwardingTable } from '../../../src/forwarding/table.ts';
import { NativeForwarder, splitByLength, Verdict } from '../../lib/forwarding-driver.ts';
import { Random, randomFragments, randomInner, randomOuter, randomTable } from '../../lib/forwarding-random.ts';

const RUNS = 12;
const PACKETS_PER_RUN = 10_000;
const FLOW_CAPACITY = 64;
const EINVAL = 22;

const native = new NativeForwarder();
test.after(() => native.close());

/** What both forwarders did, in one form that can be compared and read. */
function describeResult(result: ForwardingResult): string {
  switch (result.kind) {
    case 'drop':
      return `drop ${result.reason}`;
    case 'reply':
      return `reply ${formatHex(result.packet)}`;
    case 'ignore':
    case 'hold':
      return `${result.kind} `;
    case 'deliver':
      return `deliver ${result.tunnelId} ${formatHex(result.packet)}`;
    case 'send': {
      const packets = [result.packet, ...(result.furtherPackets ?? [])].map(formatHex).join(' ');
      return `send ${result.tunnelId} ${result.interfaceIndex} ${packets}`;
    }
  }
}

function describeAnswer(answer: Uint8Array): string {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  const [verdict, reason, tunnelId, interfaceIndex] = [0, 4, 8, 12].map((at) => view.getUint32(at));
  const packets = splitByLength(answer.subarray(16)).map(formatHex).join(' ');
  switch (verdict) {
    case Verdict.drop:
      return `drop ${FORWARDER_COUNTERS[reason!]}`;
    case Verdict.hold:
      return 'hold ';
    case Verdict.ignore:
      return `ignore ${packets}`;
    case Verdict.reply:
      return `reply ${packets}`;
    case Verdict.deliver:
      return `deliver ${tunnelId} ${packets}`;
    default:
      return `send ${tunnelId} ${interfaceIndex} ${packets}`;
  }
}

function numbers(answer: Uint8Array): number[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  return Array.from({ length: answer.length / 8 }, (_, i) => Number(view.getBigUint64(i * 8)));
}

/** The same packets through both forwarders; counts what became of them. */
function compare(seed: number, seen: Map<string, number>): void {
  const random = new Random(seed);
  const reference = new ReferenceForwarder({ flowCapacity: FLOW_CAPACITY, firstIdentification: 0xfffffff0 });
  const expected: string[] = [];
  const pieces: Uint8Array[] = [];
  let table: ForwardingTable | undefined;
  let nowMs = 2 ** 32 - 60_000;
  native.reset(FLOW_CAPACITY, 0xfffffff0);
  for (let i = 0; i < PACKETS_PER_RUN; i++) {
    nowMs += random.chance(1) && random.chance(20) ? 60_000 + random.below(70_000) : random.below(8);
    if (i === 5 || (table && random.chance(1) && random.chance(40))) {
      table = randomTable(random);
      reference.apply(table);
      native.apply(encodeTable(table));
      expected.push('applied');
    }
    if (table && random.chance(45)) {
      if (random.chance(4)) pieces.push(...randomFragments(random, randomOuter(random, table)));
      const packet = (random.chance(40) && pieces.shift()) || randomOuter(random, table);
      expected.push(describeResult(reference.inbound(packet, nowMs)));
      native.inbound(packet, nowMs);
    } else {
      const packet = randomInner(random);
      expected.push(describeResult(reference.outbound(packet, nowMs)));
      native.outbound(packet, nowMs);
    }
  }
  native.statistics(nowMs);
  const answers = native.run().slice(1);
  const statistics = reference.statistics(nowMs);
  assert.equal(numbers(answers.pop()!), [
    ...FORWARDER_COUNTERS.map((name) => statistics[name]),
    ...statistics.tunnels.flatMap((tunnel) => TUNNEL_COUNTERS.map((name) => tunnel[name])),
  ]);
  for (const [index, answer] of answers.entries()) {
    const found = answer.length === 4 ? 'applied' : describeAnswer(answer);
    if (found !== expected[index]) assert.is(found, expected[index], `seed ${seed}, step ${index}`);
    const kind = found.startsWith('drop') ? found : found.slice(0, found.indexOf(' '));
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
}

test(`the native core does the same as the reference to ${RUNS * PACKETS_PER_RUN} random packets`, () => {
  const seen = new Map<string, number>();
  for (let seed = 0; seed < RUNS; seed++) compare(seed, seen);
  const everyOutcome = [
    'send',
    'deliver',
    'reply',
    'ignore',
    'hold',
    'drop malformed',
    'drop noRoute',
    'drop noTunnel',
    'drop unknownTunnel',
    'drop wrongInnerAddress',
    'drop icmpSuppressed',
  ];
  for (const outcome of everyOutcome)
    assert.ok((seen.get(outcome) ?? 0) > 100, `${outcome}: ${seen.get(outcome) ?? 0} times`);
});

test('the native core refuses the tables that the reference refuses', () => {
  const random = new Random(99);
  const refused: boolean[] = [];
  native.reset(FLOW_CAPACITY, 1);
  for (let i = 0; i < 3000; i++) {
    const table = spoil(random, randomTable(random));
    try {
      new ReferenceForwarder().apply(table);
      refused.push(false);
    } catch (error) {
      assert.instance(error, RangeError);
      refused.push(true);
    }
    native.apply(encodeTable(table));
  }
  const statuses = native
    .run()
    .slice(1)
    .map((answer) => new DataView(answer.buffer, answer.byteOffset).getUint32(0));
  assert.equal(
    statuses.map((status) => status === EINVAL),
    refused,
  );
  assert.ok(refused.filter(Boolean).length > 1000);
  assert.ok(refused.filter((value) => !value).length > 100);
});

/** Breaks one rule, mostly; sometimes the table has nothing to break and stays sound. */
function spoil(random: Random, table: ForwardingTable): ForwardingTable {
  const [first, second] = table.tunnels;
  const [groupA, groupB, groupC] = table.groups;
  if (!first || !second || !groupA || !groupB || !groupC) return table;
  const others = table.tunnels.slice(1);
  const changeFirst = (change: object) => ({ ...table, tunnels: [{ ...first, ...change }, ...others] });
  const changeGroup = (change: object) => ({ ...table, groups: [{ ...groupA, ...change }, groupB, groupC] });
  const flipped = { address: '\xff'.repeat(16) as typeof first.outerSource, length: 127 };
  const choices: (() => ForwardingTable)[] = [
    () => table,
    () => changeFirst({ id: 0 }),
    () => changeFirst({ id: second.id }),
    () => changeFirst({ id: 77 }),
    () => changeFirst({ encapsulation: 4 }),
    () => changeFirst({ encapsulation: 0 }),
    () => changeFirst({ encapsulation: 1 }),
    () => changeFirst({ encapsulation: 2 }),
    () => changeFirst({ encapsulation: 3 }),
    () => changeFirst({ sourcePort: 0 }),
    () => changeFirst({ destinationPort: 4191 }),
    () => changeFirst({ sourcePort: second.sourcePort, destinationPort: second.destinationPort }),
    () => changeFirst({ outerSource: address('127.0.0.1') }),
    () => changeFirst({ outerSource: address('::ffff:192.0.2.1') }),
    () => changeFirst({ outerDestination: address('224.0.0.1') }),
    () => changeFirst({ pathMtuBytes: 575 }),
    () => changeFirst({ pathMtuBytes: 576 }),
    () => changeFirst({ pathMtuBytes: 1279 }),
    () => ({ ...table, icmpv4Source: address('0.0.0.1') }),
    () => ({ ...table, icmpv4Source: address('2001:db8::1') }),
    () => changeGroup({ prefixes: [...groupA.prefixes, { address: address('203.0.113.1'), length: 24 }] }),
    () => changeGroup({ prefixes: [...groupA.prefixes, { address: address('203.0.113.0'), length: 33 }] }),
    () => changeGroup({ prefixes: [...groupA.prefixes, prefix('203.0.113.0/24')] }),
    () => changeFirst({ pathMtuBytes: 65536 }),
    () => changeFirst({ ...second, id: first.id }),
    () => changeFirst({ outerSource: '\0'.repeat(16) }),
    () => changeFirst({ outerDestination: '\xff'.repeat(16) }),
    () => ({ ...table, icmpSource: '\xff'.repeat(16) as typeof table.icmpSource }),
    () => ({ ...table, interfaces: [3, 3] }),
    () => ({ ...table, interfaces: [0] }),
    () => ({ ...table, interfaces: Array.from({ length: 65 }, (_, i) => i + 1) }),
    () => ({ ...table, tunnels: others }),
    () => changeGroup({ id: groupB.id }),
    () => changeGroup({ mode: 4 }),
    () => changeGroup({ mode: 0 }),
    () => changeGroup({ tunnels: [...groupA.tunnels, ...groupB.tunnels.slice(0, 1)] }),
    () => changeGroup({ tunnels: [...groupA.tunnels, { tunnelId: 424242, weight: 1 }] }),
    () => changeGroup({ tunnels: groupA.tunnels.map((member) => ({ ...member, weight: 0 })) }),
    () => changeGroup({ tunnels: groupA.tunnels.slice(1) }),
    () => changeGroup({ prefixes: [...groupA.prefixes, ...groupB.prefixes.slice(0, 1)] }),
    () => changeGroup({ prefixes: [...groupA.prefixes, flipped] }),
    () => changeGroup({ prefixes: [] }),
  ];
  return random.pick(choices)();
}

test.run();
