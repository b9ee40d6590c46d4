// Where mobility options mean something, where they are put, and what the encoder refuses.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMobilityHeader, encodeMobilityHeader } from '../../../src/wire/mh/header.ts';
import type { MobilityMessage } from '../../../src/wire/mh/messages/message.ts';
import { MessageType } from '../../../src/wire/mh/numbers.ts';
import { hex, mobilityHeader } from '../../lib/wire.ts';
import { bid, HOME_ADDRESS, HOME_AGENT, MESSAGE_VECTORS } from '../../lib/wire-vectors.ts';

const ADDRESS = '20010db8000a00000000000000000004';
const isRangeError = (error: Error) => error instanceof RangeError;

function decode(text: string): MobilityMessage {
  const context = { source: HOME_ADDRESS, destination: HOME_AGENT };
  return decodeMobilityHeader(mobilityHeader(text, HOME_ADDRESS, HOME_AGENT), context);
}

/** The fixed part of each message without its length, and where the options begin. */
const FIXED = {
  0: ['00 00 0000 0000', 8],
  1: ['01 00 0000 0000 1122334455667788', 16],
  2: ['02 00 0000 0000 1122334455667788', 16],
  3: ['03 00 0000 0001 1122334455667788 1122334455667788', 24],
  4: ['04 00 0000 0001 1122334455667788 1122334455667788', 24],
  5: ['05 00 0000 0001 c000 003c', 12],
  6: ['06 00 0000 00 00 0001 003c', 12],
  7: [`07 00 0000 01 00 ${ADDRESS}`, 24],
} as const;
const PADDING = ['', '00', '0100', '010100', '01020000', '0103000000', '010400000000', '01050000000000'];

for (const [name, type, data, messages] of [
  ['Binding Refresh Advice', 2, '0001', [6]],
  ['an Alternate Care-of Address', 3, ADDRESS, [5]],
  ['Nonce Indices', 4, '00010002', [5]],
  ['Binding Authorization Data', 5, '0102030405060708090a0b0c', [5, 6]],
  ['a Mobile Network Prefix', 6, `0038${ADDRESS}`, [5]],
  ['a Mobility Header Link-Layer Address', 7, '02020000000001', [5]],
  ['a Mobile Node Identifier', 8, '0176406578', [5, 6]],
  ['authentication', 9, '01000001000102030405060708090a0b0c', [5, 6]],
  ['replay protection', 10, '0102030405060708', [5, 6]],
  ['a Binding Identifier', 35, '00010000', [0, 2, 4, 5, 6]],
] as const) {
  test(`[6275-6.2.4-01] ${name} means something in message types ${messages}, and is kept raw elsewhere`, () => {
    const meaningful = ([0, 1, 2, 3, 4, 5, 6, 7] as const).filter((messageType) => {
      const [fixed, begin] = FIXED[messageType];
      const octets = 2 + data.length / 2;
      // In front, so that the option ends the header.
      const padding = -(begin + octets) & 7;
      const headerLength = (begin + padding + octets) / 8 - 1;
      const header = (octet: number) => octet.toString(16).padStart(2, '0');
      const option = `${header(type)} ${header(octets - 2)} ${data}`;
      const message = decode(`3b ${header(headerLength)} ${fixed} ${PADDING[padding]} ${option}`);
      const [only] = 'options' in message ? message.options : [];
      if (only?.type === 'unknown') assert.equal(only, { type: 'unknown', optionType: type, data: hex(data) });
      return only?.type === type;
    });
    assert.equal(meaningful, messages);
  });
}

test('[6275-6.2.1-03] [6275-6.1.1-03] any two options are padded to their alignment and the header to 8 octets', () => {
  const alignments: Readonly<Record<number, readonly [multiple: number, plus: number]>> = {
    2: [2, 0],
    3: [8, 6],
    4: [2, 0],
    5: [8, 2],
    6: [8, 4],
    9: [4, 1],
    10: [8, 2],
  };
  const known = MESSAGE_VECTORS.flatMap(({ value }) => ('options' in value ? value.options : []));
  let pairs = 0;
  for (const first of known) {
    for (const second of known) {
      if (first.type === 5 || first.type === 9) continue;
      const head = { type: MessageType.bindingUpdate, sequenceNumber: 0, flags: 0, lifetimeSeconds: 0 } as const;
      const octets = encodeMobilityHeader({ ...head, options: [first, second] }, HOME_ADDRESS, HOME_AGENT);
      assert.is(octets.length % 8, 0);
      assert.is(octets[1], octets.length / 8 - 1);
      let paddings = 0;
      for (let at = 12; at < octets.length; at += octets[at] === 0 ? 1 : 2 + octets[at + 1]!) {
        const type = octets[at]!;
        const [multiple, plus] =
          type === 35 && [8, 20].includes(octets[at + 1]!) ? [8, 2] : (alignments[type] ?? [type === 35 ? 2 : 1, 0]);
        assert.is(at % multiple, plus, `type ${type} at ${at}`);
        // [6275-6.2.2-02] never two paddings in a row
        paddings = type < 2 ? paddings + 1 : 0;
        assert.ok(paddings < 2);
        if (type === 1) assert.ok(octets.subarray(at + 2, at + 2 + octets[at + 1]!).every((octet) => octet === 0));
      }
      pairs++;
    }
  }
  assert.ok(pairs > 200);
});

test('[6275-6.1.3-01] [6275-6.1.4-01] reserved octets of both test inits are ignored, and sent as 0', () => {
  for (const type of ['01', '02']) {
    const message = decode(`3b 01 ${type} 00 0000 ffff 1122334455667788`);
    const encoded = encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT);
    assert.equal(encoded.subarray(6), hex('0000 1122334455667788'));
  }
});

test('[6275-6.1.5-01] [6275-6.1.6-01] an unknown option in a test is skipped', () => {
  for (const type of ['03', '04']) {
    const message = decode(`3b 03 ${type} 00 0000 0001 1122334455667788 99aabbccddeeff00 c8 06 010203040506`);
    assert.equal('options' in message && message.options, [
      { type: 'unknown', optionType: 200, data: hex('010203040506') },
    ]);
  }
});

test('padding may stand behind authentication, where it is not authenticated and not looked at', () => {
  const message = decode('3b 02 05 00 0000 0001 c000 003c 09 06 01 00000100 aa 01 02 ffff');
  assert.equal('options' in message && message.options, [
    { type: 9, subtype: 1, spi: 256, authenticator: Uint8Array.of(0xaa) },
  ]);
});

test('[4285-5.1-04] an authenticator of 12 octets ends the message, padded in front', () => {
  const authentication = { type: 9, subtype: 1, spi: 256, authenticator: new Uint8Array(12).fill(7) } as const;
  for (const { value } of MESSAGE_VECTORS) {
    if (value.type !== MessageType.bindingUpdate) continue;
    const others = value.options.filter(({ type }) => type !== 5 && type !== 9);
    const octets = encodeMobilityHeader({ ...value, options: [...others, authentication] }, HOME_ADDRESS, HOME_AGENT);
    const start = octets.length - 19;
    assert.equal([...octets.subarray(start, start + 7)], [9, 17, 1, 0, 0, 1, 0]);
    assert.is(start % 4, 1);
  }
});

test('[4285-5-01] authentication starts at 4n+1 whatever the length of the authenticator', () => {
  for (let octets = 0; octets < 30; octets++) {
    const option = { type: 9, subtype: 1, spi: 256, authenticator: new Uint8Array(octets) } as const;
    for (const before of [[], [bid(1)], [bid(1, { careOfAddress: HOME_AGENT })]]) {
      const message = {
        type: 5,
        sequenceNumber: 0,
        flags: 0,
        lifetimeSeconds: 4,
        options: [...before, option],
      } as const;
      const encoded = encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT);
      let at = 12;
      while (encoded[at] !== 9) at += encoded[at] === 0 ? 1 : 2 + encoded[at + 1]!;
      assert.is(at % 4, 1, `${octets} octets`);
    }
  }
});

for (const [name, subtypes] of [
  ['[4285-5-02] two authentication options of one subtype', [1, 1]],
  ['[4285-5-04] authentication for the AAA server before that for the home agent', [2, 1]],
] as const) {
  test(`the encoder refuses ${name}`, () => {
    const options = subtypes.map((subtype) => ({ type: 9, subtype, spi: 256, authenticator: hex('00') }) as const);
    const message = { type: 5, sequenceNumber: 0, flags: 0, lifetimeSeconds: 4, options } as const;
    assert.throws(() => encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT), isRangeError);
  });
}

test('[4285-5.1-04] the encoder refuses an option behind authentication', () => {
  const options = [{ type: 9, subtype: 1, spi: 256, authenticator: hex('00') }, bid(1)] as const;
  const message = { type: 5, sequenceNumber: 0, flags: 0, lifetimeSeconds: 4, options } as const;
  assert.throws(() => encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT), isRangeError);
});

test('[6275-5.2.3-02] the encoder refuses cookies and tokens of other lengths than 8 octets', () => {
  const opaque = new Uint8Array(8);
  for (const bad of [new Uint8Array(7), new Uint8Array(9)]) {
    for (const message of [
      { type: 1, homeInitCookie: bad, options: [] },
      { type: 2, careOfInitCookie: bad, options: [] },
      { type: 3, homeNonceIndex: 0, homeInitCookie: opaque, homeKeygenToken: bad, options: [] },
      { type: 4, careOfNonceIndex: 0, careOfInitCookie: bad, careOfKeygenToken: opaque, options: [] },
    ] as const) {
      assert.throws(() => encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT), isRangeError);
    }
  }
});

test('the encoder refuses Binding Authorization Data that is not the last option', () => {
  const vector = MESSAGE_VECTORS.find(
    ({ value }) => 'options' in value && value.options.some(({ type }) => type === 5),
  )!;
  const value = vector.value as Extract<MobilityMessage, { readonly type: 5 }>;
  const reversed = { ...value, options: [...value.options].reverse() };
  assert.throws(() => encodeMobilityHeader(reversed, HOME_ADDRESS, HOME_AGENT), isRangeError);
});

for (const [name, change] of [
  ['a lifetime that is no multiple of 4 s', { lifetimeSeconds: 5 }],
  ['a lifetime beyond 16 bits', { lifetimeSeconds: 262_144 }],
  ['a sequence number beyond 16 bits', { sequenceNumber: 0x10000 }],
  ['options beyond 2048 octets', { options: Array.from({ length: 100 }, () => bid(1, { careOfAddress: HOME_AGENT })) }],
] as const) {
  test(`the encoder refuses ${name}`, () => {
    const message = {
      type: MessageType.bindingUpdate,
      sequenceNumber: 0,
      flags: 0,
      lifetimeSeconds: 4,
      options: [],
      ...change,
    } as const;
    assert.throws(() => encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT), isRangeError);
  });
}

test.run();
