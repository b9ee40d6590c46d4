// Mobility Headers that break a rule: which error they give, where, and what the standard lets be sent back.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMobilityHeader, encodeMobilityHeader } from '../../../src/wire/mh/header.ts';
import type { MobilityMessage } from '../../../src/wire/mh/messages/message.ts';
import { MessageType } from '../../../src/wire/mh/numbers.ts';
import { assertWireError, type ExpectedError, hex, mobilityHeader } from '../../lib/wire.ts';
import { bid, CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MESSAGE_VECTORS } from '../../lib/wire-vectors.ts';

/** Where the Mobility Header lies in its packet, so that pointers and offsets differ from those in the header. */
const BASE = 64;
const context = { source: HOME_ADDRESS, destination: HOME_AGENT, base: BASE };
const AT_PAYLOAD_PROTOCOL = { kind: 'parameter-problem', code: 0, pointer: BASE } as const;
const AT_HEADER_LENGTH = { kind: 'parameter-problem', code: 0, pointer: BASE + 1 } as const;
const ADDRESS = '20010db8000a00000000000000000004';

function decode(text: string): MobilityMessage {
  return decodeMobilityHeader(mobilityHeader(text, HOME_ADDRESS, HOME_AGENT), context);
}

const refused: readonly (readonly [name: string, hex: string, error: ExpectedError])[] = [
  [
    '[6275-9.2-03] [6275-9.2-04] a Payload Proto other than 59 is answered with a pointer to it',
    '06 01 05 00 0000 0001 c000 003c 01020000',
    { code: 'bad-next-header', offset: BASE, answer: AT_PAYLOAD_PROTOCOL },
  ],
  [
    '[6275-9.2-05] [6275-9.2-06] a Binding Update with Header Len 0 is answered with a pointer to Header Len',
    '3b 00 05 00 0000 0001',
    { code: 'bad-length', offset: BASE + 1, answer: AT_HEADER_LENGTH },
  ],
  [
    '[6275-9.2-05] [6275-9.2-06] so is a Binding Acknowledgement with Header Len 0',
    '3b 00 06 00 0000 0000',
    { code: 'bad-length', offset: BASE + 1, answer: AT_HEADER_LENGTH },
  ],
  [
    '[6275-9.2-05] [6275-9.2-06] so is a Binding Error with Header Len 1',
    '3b 01 07 00 0000 0100 20010db800010000',
    { code: 'bad-length', offset: BASE + 1, answer: AT_HEADER_LENGTH },
  ],
  [
    'a wrong Payload Proto is told before a short Header Len, in the order of RFC 6275 §9.2',
    '06 00 05 00 0000 0001',
    { code: 'bad-next-header', offset: BASE, answer: AT_PAYLOAD_PROTOCOL },
  ],
  [
    '[6275-6.2.1-02] an option whose Length is cut off is malformed',
    '3b 01 05 00 0000 0001 c000 003c 000000 c8',
    { code: 'truncated', offset: BASE + 16 },
  ],
  [
    '[6275-6.2.1-02] an option that runs past the end of the header is malformed',
    '3b 01 05 00 0000 0001 c000 003c c8 03 0000',
    { code: 'option-overrun', offset: BASE + 13 },
  ],
  [
    '[6275-6.2.1-02] so is a PadN',
    '3b 01 05 00 0000 0001 c000 003c 01 03 0000',
    { code: 'option-overrun', offset: BASE + 13 },
  ],
  [
    'an Alternate Care-of Address of 15 octets is malformed',
    `3b 03 05 00 0000 0001 c000 003c 0100 030f ${ADDRESS.slice(2)} 00`,
    { code: 'bad-length', offset: BASE + 15 },
  ],
  [
    'a Binding Refresh Advice of 4 octets is malformed',
    '3b 02 06 00 0000 00 00 0001 003c 02 04 00000000 01 04 00000000',
    { code: 'bad-length', offset: BASE + 13 },
  ],
  [
    'Nonce Indices of 2 octets are malformed',
    '3b 01 05 00 0000 0001 c000 003c 04 02 0001',
    { code: 'bad-length', offset: BASE + 13 },
  ],
  [
    '[3963-4.3-01] a Mobile Network Prefix of 17 octets is malformed',
    `3b 03 05 00 0000 0001 c400 003c 06 11 00 38 ${ADDRESS.slice(2)} 00`,
    { code: 'bad-length', offset: BASE + 13 },
  ],
  [
    'a Mobile Network Prefix of 129 bits is malformed',
    `3b 03 05 00 0000 0001 c400 003c 06 12 00 81 ${ADDRESS}`,
    { code: 'bad-value', offset: BASE + 15 },
  ],
  [
    'Binding Authorization Data without an authenticator is malformed',
    '3b 01 05 00 0000 0001 8000 003c 0100 05 00',
    { code: 'bad-length', offset: BASE + 15 },
  ],
  [
    '[6275-6.2-01] Binding Authorization Data with a Pad1 behind it is refused',
    '3b 03 05 00 0000 0001 8000 003c 04 04 0001 0002 05 0b 0102030405060708090a0b 00',
    { code: 'option-not-last', offset: BASE + 18 },
  ],
  [
    '[6275-6.2-01] Binding Authorization Data with an option behind it is refused',
    '3b 03 05 00 0000 0001 8000 003c 05 0c 0102030405060708090a0b0c 04 04 0001 0002',
    { code: 'option-not-last', offset: BASE + 12 },
  ],
  [
    'Nonce Indices may not repeat',
    '3b 02 05 00 0000 0001 8000 003c 04 04 0001 0002 04 04 0001 0002',
    { code: 'duplicate-option', offset: BASE + 18 },
  ],
  [
    'a Binding Refresh Advice may not repeat',
    '3b 02 06 00 0000 00 00 0001 003c 02 02 0001 02 02 0001 0102 0000',
    { code: 'duplicate-option', offset: BASE + 16 },
  ],
];

for (const [name, text, error] of refused) {
  test(name, () => {
    assertWireError(() => decode(text), error);
  });
}

test('[6275-9.2-01] a wrong checksum is told before everything else, and nothing is sent back', () => {
  const bytes = mobilityHeader('06 00 05 00 0000 0001', HOME_ADDRESS, HOME_AGENT);
  bytes[5] = bytes[5]! ^ 1;
  assertWireError(() => decodeMobilityHeader(bytes, context), { code: 'bad-checksum', offset: BASE + 4 });
});

test('[6275-6.1.1-06] the checksum of a packet with a Home Address option covers the home address', () => {
  const bytes = mobilityHeader('3b 00 00 00 0000 0000', HOME_ADDRESS, HOME_AGENT);
  assertWireError(() => decodeMobilityHeader(bytes, { ...context, source: CARE_OF_ADDRESS }), {
    code: 'bad-checksum',
    offset: BASE + 4,
  });
});

test('[6275-9.2-02] a message of unknown type is no error, even with a wrong Payload Proto', () => {
  assert.equal(decode('06 00 63 00 0000 abcd'), { type: 'unknown', messageType: 99, data: hex('abcd') });
});

test('[6275-6.1.1-04] [6275-6.1.1-02] the Reserved octet of the common header is ignored, and sent as 0 behind 59', () => {
  const message = decode('3b 00 00 ff 0000 0000');
  assert.equal(message, { type: MessageType.bindingRefreshRequest, options: [] });
  assert.equal([...encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT).subarray(0, 4)], [59, 0, 0, 0]);
});

test('[6275-6.1.2-01] reserved octets of a Binding Refresh Request are ignored and an unknown option is skipped', () => {
  assert.equal(decode('3b 01 00 00 0000 ffff c8 06 010203040506'), {
    type: MessageType.bindingRefreshRequest,
    options: [{ type: 'unknown', optionType: 200, data: hex('010203040506') }],
  });
});

test('[6275-6.1.7-06] reserved flags of a Binding Update are visible, and sent as 0', () => {
  const message = decode('3b 01 05 00 0000 0001 c03f 003c 01020000');
  assert.is(message.type === MessageType.bindingUpdate && message.flags, 0xc03f);
  assert.equal([...encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT).subarray(8, 10)], [0xc0, 0]);
});

test('[6275-6.1.8-05] reserved flags of a Binding Acknowledgement are visible, and sent as 0', () => {
  const message = decode('3b 01 06 00 0000 00 5f 0001 003c 01020000');
  assert.is(message.type === MessageType.bindingAcknowledgement && message.flags, 0x5f);
  assert.is(encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT)[7], 0x40);
});

test('[6275-6.1.9-01] the reserved octet of a Binding Error is ignored, and sent as 0', () => {
  const message = decode(`3b 02 07 00 0000 01 ff ${ADDRESS}`);
  assert.equal(message, { type: MessageType.bindingError, status: 1, homeAddress: CARE_OF_ADDRESS, options: [] });
  assert.is(encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT)[7], 0);
});

test('[3963-4.3-02] the reserved octet of a Mobile Network Prefix is ignored, and so are bits behind the length', () => {
  const message = decode(`3b 03 05 00 0000 0001 c400 003c 06 12 ff 20 ${ADDRESS}`);
  const encoded = encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT);
  assert.equal(encoded.subarray(12), hex('06 12 00 20 20010db8000000000000000000000000'));
});

test('[5648-4.3-06] [5648-4.3-07] reserved bits of a Binding Identifier are visible, and sent as 0', () => {
  const message = decode('3b 02 05 00 0000 0001 c000 003c 23 04 0001 00 ff 0104 00000000');
  const options = message.type === MessageType.bindingUpdate ? message.options : [];
  assert.equal(options, [bid(1, { simultaneousHomeAndForeign: true, reserved: 0x7f })]);
  assert.is(encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT)[17], 0x80);
});

for (const [length, data, expected] of [
  [0, '', bid(0)],
  [1, '01', bid(0)],
  [3, '0102a4', bid(0x102, { status: 0xa4 })],
  [5, '0102a481ff', bid(0x102, { status: 0xa4, simultaneousHomeAndForeign: true, reserved: 1 })],
  [7, '0102000001ff02', bid(0x102)],
] as const) {
  test(`[5648-4.4-01] a Binding Identifier of ${length} octets comes out as malformed, not as an error`, () => {
    const size = 12 + 2 + length;
    const pad = -size & 7;
    const padding = pad === 0 ? '' : pad === 1 ? '00' : `01 0${pad - 2} ${'00'.repeat(pad - 2)}`;
    const text = `3b 0${(size + pad) / 8 - 1} 05 00 0000 0001 c000 003c 23 0${length} ${data} ${padding}`;
    const message = decode(text);
    const options = message.type === MessageType.bindingUpdate ? message.options : [];
    assert.equal(options, [{ ...expected, malformed: hex(data) }]);
  });
}

test('[6275-6.2.2-01] [6275-6.2.3-02] Pad1 takes one octet, and what PadN holds is ignored', () => {
  const message = decode(`3b 03 05 00 0000 0001 c000 003c 00 00 03 10 ${ADDRESS}`);
  const same = decode(`3b 04 05 00 0000 0001 c000 003c 01 08 aaaaaaaaaaaaaaaa 03 10 ${ADDRESS}`);
  const options = [{ type: 3, careOfAddress: CARE_OF_ADDRESS }];
  assert.equal(message.type === MessageType.bindingUpdate && message.options, options);
  assert.equal(same.type === MessageType.bindingUpdate && same.options, options);
});

test('options need not stand where their alignment says (they are read wherever they are)', () => {
  const message = decode(`3b 03 05 00 0000 0001 c000 003c 03 10 ${ADDRESS} 01 00`);
  assert.equal(message.type === MessageType.bindingUpdate && message.options, [
    { type: 3, careOfAddress: CARE_OF_ADDRESS },
  ]);
});

test('[6275-6.2.5-01] an option in a message in which it means nothing is skipped like an unknown one', () => {
  const message = decode(`3b 03 06 00 0000 00 00 0001 003c 0100 03 10 ${ADDRESS}`);
  assert.equal(message.type === MessageType.bindingAcknowledgement && message.options, [
    { type: 'unknown', optionType: 3, data: hex(ADDRESS) },
  ]);
});

/** The fixed part of each message without its length, and where the options begin. */
const FIXED = {
  0: ['00 00 0000 0000', 8],
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
  ['a Binding Identifier', 35, '00010000', [0, 5, 6]],
] as const) {
  test(`[6275-6.2.4-01] ${name} means something in message types ${messages}, and is kept raw elsewhere`, () => {
    const meaningful = ([0, 5, 6, 7] as const).filter((messageType) => {
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
  };
  const known = MESSAGE_VECTORS.flatMap(({ value }) => ('options' in value ? value.options : []));
  let pairs = 0;
  for (const first of known) {
    for (const second of known) {
      if (first.type === 5) continue;
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

test('the encoder refuses Binding Authorization Data that is not the last option', () => {
  const vector = MESSAGE_VECTORS.find(
    ({ value }) => 'options' in value && value.options.some(({ type }) => type === 5),
  )!;
  const value = vector.value as Extract<MobilityMessage, { readonly type: 5 }>;
  const reversed = { ...value, options: [...value.options].reverse() };
  assert.throws(
    () => encodeMobilityHeader(reversed, HOME_ADDRESS, HOME_AGENT),
    (error: Error) => {
      return error instanceof RangeError;
    },
  );
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
    assert.throws(
      () => encodeMobilityHeader(message, HOME_ADDRESS, HOME_AGENT),
      (error: Error) => {
        return error instanceof RangeError;
      },
    );
  });
}

test.run();
