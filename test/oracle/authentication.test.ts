// Python's HMAC over scapy's bytes as oracle: what it signs, the home agent accepts; what both ends sign, it verifies.
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, formatAddress } from '../../src/bytes/address.ts';
import { formatHex, parseHex } from '../../src/bytes/hex.ts';
import { BindingStatus, MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import {
  AGENT,
  AgentEnd,
  CARE_OF,
  decodePacket,
  HOME,
  KEY,
  ntp,
  OTHER_KEY,
  RouterEnd,
  SPI,
} from '../lib/authenticated.ts';
import { WALL_CLOCK_MS } from '../lib/services.ts';

interface Checked {
  readonly spi: number;
  readonly found: string;
  readonly expected: string;
  readonly behind: number;
}

const script = new URL('../lib/authentication-oracle.py', import.meta.url).pathname;

function ask<Answer>(...jobs: readonly object[]): Answer[] {
  const input = jobs.map((job) => JSON.stringify(job)).join('\n');
  const { status, stdout, stderr, error } = spawnSync('/usr/bin/python3', [script], { input, encoding: 'utf8' });
  assert.is(status, 0, error?.message ?? stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

const NAMES = ['a', 'bus-12@fleet.example', 'x'.repeat(30), '20010db80001000f0000000000000002', 'ab', 'abc', 'abcd'];

function buildJob(number: number, more: object = {}): object {
  const { seconds, fraction } = ntp(WALL_CLOCK_MS + 1000 * (number + 1), (0x9e37_79b9 * number) >>> 0);
  return {
    build: {
      agent: formatAddress(AGENT),
      home: formatAddress(HOME),
      careOf: formatAddress(CARE_OF[0]),
      sequence: 1000 + number,
      lifetime: 15,
      spi: SPI,
      key: KEY,
      seconds,
      fraction,
      name: NAMES[number % NAMES.length],
      ...more,
    },
  };
}

function check(packet: Uint8Array, careOf: Address = CARE_OF[0], key = KEY): object {
  return { check: { packet: formatHex(packet), careOf: formatAddress(careOf), home: formatAddress(HOME), key } };
}

test('[4285-5.1-05] [4285-5.1-03] what Python signs, the home agent accepts, and Python verifies its answers', () => {
  const agent = new AgentEnd();
  const built = ask<{ packet: string }>(...Array.from({ length: 40 }, (_, number) => buildJob(number)));
  const answers = built.map(({ packet }) => {
    agent.nowMs += 1000;
    const [answer] = agent.receive(parseHex(packet)!);
    assert.ok(answer, JSON.stringify(agent.drops()));
    return answer;
  });
  assert.equal(agent.drops(), {});
  const checked = ask<Checked>(...answers.map((answer) => check(answer)));
  assert.is(checked.length, 40);
  for (const [number, { spi, found, expected, behind }] of checked.entries()) {
    assert.is(found, expected);
    assert.is(spi, SPI);
    assert.is(behind, 0, 'the authenticator ends the message');
    const { message } = decodePacket(answers[number]!);
    assert.ok(message.type === MessageType.bindingAcknowledgement && message.status === BindingStatus.accepted);
  }
});

test('[4285-5.1.1-03] what Python signs with another key, or over another address, the home agent refuses', () => {
  const agent = new AgentEnd();
  const jobs = [buildJob(1, { key: OTHER_KEY }), buildJob(2, { spi: SPI + 1 })];
  const [wrongKey, wrongSpi] = ask<{ packet: string }>(...jobs);
  const { message } = decodePacket(agent.receive(parseHex(wrongKey!.packet)!)[0]!);
  assert.ok(message.type === MessageType.bindingAcknowledgement && message.status === 146);
  assert.equal(agent.receive(parseHex(wrongSpi!.packet)!), []);
  assert.equal(agent.bindings(), []);
});

test('[4285-5.1.1-04] the refusals are verified by Python as well', () => {
  const agent = new AgentEnd();
  const jobs = [buildJob(1, { key: OTHER_KEY }), buildJob(2, { seconds: 1 })];
  const refusals = ask<{ packet: string }>(...jobs).map(({ packet }) => agent.receive(parseHex(packet)!)[0]!);
  const statuses = refusals.map((refusal) => (decodePacket(refusal).message as { status: number }).status);
  assert.equal(statuses, [146, 144]);
  for (const { found, expected } of ask<Checked>(...refusals.map((refusal) => check(refusal))))
    assert.is(found, expected);
});

test('an Alternate Care-of Address is covered instead of the source, in both directions', () => {
  const agent = new AgentEnd();
  agent.nowMs += 1000;
  const [built] = ask<{ packet: string }>(buildJob(1, { alternate: formatAddress(CARE_OF[1]) }));
  const [answer] = agent.receive(parseHex(built!.packet)!);
  assert.equal(agent.bindings(), [[CARE_OF[1], 0]]);
  const [checked] = ask<Checked>(check(answer!, CARE_OF[1]));
  assert.is(checked!.found, checked!.expected);
});

test('[4285-5.1.1-01] what a mobile router sends, Python verifies: bulk, individual, and de-registration', () => {
  const router = new RouterEnd();
  const agent = new AgentEnd();
  const sent = [...router.first];
  for (let open = [...router.first]; open.length > 0; ) {
    open = open.flatMap((bytes) => agent.receive(bytes)).flatMap((bytes) => router.receive(bytes));
    sent.push(...open);
  }
  sent.push(...router.run(110_000).map(({ bytes }) => bytes), ...router.handle({ type: 'shutdown' }));
  assert.ok(sent.length >= 4, `${sent.length} updates`);
  const checked = ask<Checked>(...sent.map((bytes) => check(bytes, decodePacket(bytes).source)));
  for (const { found, expected, behind } of checked) {
    assert.is(found, expected);
    assert.is(behind, 0);
  }
  const withOtherKey = ask<Checked>(check(sent[0]!, decodePacket(sent[0]!).source, OTHER_KEY));
  assert.is.not(withOtherKey[0]!.found, withOtherKey[0]!.expected);
  const { message } = decodePacket(sent[0]!);
  assert.ok(message.type === MessageType.bindingUpdate);
  assert.ok(message.options.some((option) => option.type === OptionType.mobilityMessageAuthentication));
});

test.run();
