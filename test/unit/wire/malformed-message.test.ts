// Mobility Headers that break a rule: which error they give, where, and what the standard lets be sent back.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMobilityHeader, encodeMobilityHeader } from '../../../src/wire/mh/header.ts';
import type { MobilityMessage } from '../../../src/wire/mh/messages/message.ts';
import { MessageType } from '../../../src/wire/mh/numbers.ts';
import { assertWireError, type ExpectedError, hex, mobilityHeader } from '../../lib/wire.ts';
import { bid, CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT } from '../../lib/wire-vectors.ts';

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
    'a Mobility Header Link-Layer Address without Option-Code is malformed',
    '3b 01 05 00 0000 0001 c000 003c 0100 07 00',
    { code: 'bad-length', offset: BASE + 15 },
  ],
  [
    'a Mobile Node Identifier without subtype is malformed',
    '3b 01 05 00 0000 0001 c000 003c 0100 08 00',
    { code: 'bad-length', offset: BASE + 15 },
  ],
  [
    '[4285-5-01] authentication of 4 octets, whose SPI is cut off, is malformed',
    '3b 02 05 00 0000 0001 c000 003c 09 04 01 000001 0104 00000000',
    { code: 'bad-length', offset: BASE + 13 },
  ],
  [
    '[4285-6-01] replay protection of 7 octets is malformed',
    '3b 02 05 00 0000 0001 c000 003c 0a 07 01020304050607 0101 00',
    { code: 'bad-length', offset: BASE + 13 },
  ],
  [
    '[4285-6-01] replay protection of 9 octets is malformed',
    '3b 02 05 00 0000 0001 c000 003c 0a 09 010203040506070809 00',
    { code: 'bad-length', offset: BASE + 13 },
  ],
  [
    'replay protection may not repeat',
    '3b 03 05 00 0000 0001 c000 003c 0a 08 0102030405060708 0a 08 0102030405060708',
    { code: 'duplicate-option', offset: BASE + 22 },
  ],
  [
    'a Mobility Header Link-Layer Address may not repeat',
    '3b 02 05 00 0000 0001 c000 003c 07 03 02 0102 07 03 02 0102 0100',
    { code: 'duplicate-option', offset: BASE + 17 },
  ],
  [
    '[4285-5-02] two authentication options of one subtype are refused',
    '3b 04 05 00 0000 0001 c000 003c 09 06 01 00000100 aa  09 06 02 00000003 bb 09 06 01 00000101 cc 0102 0000',
    { code: 'duplicate-option', offset: BASE + 28 },
  ],
  [
    '[4285-5-02] so are two next to each other',
    '3b 03 05 00 0000 0001 c000 003c 09 06 01 00000100 aa  09 06 01 00000101 bb 0102 0000',
    { code: 'duplicate-option', offset: BASE + 20 },
  ],
  [
    '[4285-5-02] and two with another subtype between them',
    '3b 04 05 00 0000 0001 c000 003c 09 06 01 00000100 aa  09 06 07 00000003 bb 09 06 01 00000101 cc 0102 0000',
    { code: 'duplicate-option', offset: BASE + 28 },
  ],
  [
    '[4285-5-03] authentication for the AAA server before that for the home agent is refused',
    '3b 03 05 00 0000 0001 c000 003c 09 06 02 00000003 aa  09 06 01 00000100 bb 0102 0000',
    { code: 'option-not-last', offset: BASE + 12 },
  ],
  [
    '[4285-5.1-04] authentication with an option behind it is refused',
    '3b 02 05 00 0000 0001 c000 003c 09 06 01 00000100 aa 02 02 0001',
    { code: 'option-not-last', offset: BASE + 12 },
  ],
  [
    '[4285-5.1-04] so it is with an unknown option behind padding',
    '3b 02 06 00 0000 0001 c000 003c 09 06 01 00000100 aa 00 c8 01 00',
    { code: 'option-not-last', offset: BASE + 12 },
  ],
  [
    '[6275-6.1.3-01] [6275-9.2-05] a Home Test Init with Header Len 0 is answered with a pointer to Header Len',
    '3b 00 01 00 0000 0000',
    { code: 'bad-length', offset: BASE + 1, answer: AT_HEADER_LENGTH },
  ],
  [
    '[6275-6.1.4-01] [6275-9.2-05] so is a Care-of Test Init with Header Len 0',
    '3b 00 02 00 0000 0000',
    { code: 'bad-length', offset: BASE + 1, answer: AT_HEADER_LENGTH },
  ],
  [
    '[6275-6.1.5-01] [6275-9.2-05] so is a Home Test with Header Len 1',
    '3b 01 03 00 0000 0001 1122334455667788',
    { code: 'bad-length', offset: BASE + 1, answer: AT_HEADER_LENGTH },
  ],
  [
    '[6275-6.1.6-01] [6275-9.2-05] so is a Care-of Test with Header Len 1',
    '3b 01 04 00 0000 0001 1122334455667788',
    { code: 'bad-length', offset: BASE + 1, answer: AT_HEADER_LENGTH },
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

test.run();
