import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { formatHex } from '../../../src/bytes/hex.ts';
import { prefix } from '../../../src/bytes/prefix.ts';
import { decodeNetlink } from '../../../src/wire/netlink/decode.ts';
import { encodeNetlinkRequest, type NetlinkRequest } from '../../../src/wire/netlink/encode.ts';
import type { NetlinkMessage } from '../../../src/wire/netlink/message.ts';
import { RouteType } from '../../../src/wire/netlink/numbers.ts';
import { assertWireError, hex, shifted } from '../../lib/wire.ts';

const answered = { sequence: 7, portId: 0x3549, dumpInterrupted: false } as const;
const flagsOff = {
  tentative: false,
  deprecated: false,
  duplicateAddressDetectionFailed: false,
  temporary: false,
} as const;

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly littleEndian: boolean;
  readonly value: NetlinkMessage;
}

// Little-endian ones were said by a kernel (Linux 6); the link's has only the attributes that are read. Big-endian ones
// are the same in the other byte order.
const vectors: readonly Vector[] = [
  {
    name: 'a link with carrier (an attribute with a flag in its type, too)',
    hex: `54000000 1000 0200 07000000 49350000  00 00 0100 03000000 43100100 00000000
          0800 0300 75703000  0500 1000 06 000000  0800 0400 dc050000  0800 0a80 09000000  0a00 0100 020000000001 0000
          0800 2c80 04000100`,
    littleEndian: true,
    value: {
      kind: 'link',
      change: 'new',
      ...answered,
      index: 3,
      name: 'up0',
      flags: 0x11043,
      up: true,
      running: true,
      lowerUp: true,
      mtuBytes: 1500,
      masterIndex: 9,
      hardwareAddress: hex('020000000001'),
      operationalState: 6,
    },
  },
  {
    name: 'a link that is gone, big-endian',
    hex: `00000028 0011 0000 00000007 00003549  00 00 0001 00000003 00001002 00000000  0008 0003 75703000`,
    littleEndian: false,
    value: {
      kind: 'link',
      change: 'removed',
      ...answered,
      index: 3,
      name: 'up0',
      flags: 0x1002,
      up: false,
      running: false,
      lowerUp: false,
      mtuBytes: undefined,
      masterIndex: undefined,
      hardwareAddress: undefined,
      operationalState: undefined,
    },
  },
  {
    name: 'an IPv6 address with lifetimes',
    hex: `48000000 1400 0200 07000000 49350000  0a 40 02 00 03000000
          1400 0100 20010db8000a00000000000000000004  1400 0600 100e0000 201c0000 48ea0300 48ea0300  0800 0800 02000000`,
    littleEndian: true,
    value: {
      kind: 'address',
      change: 'new',
      ...answered,
      interfaceIndex: 3,
      address: address('2001:db8:a::4'),
      prefixLength: 64,
      scope: 0,
      flags: 2,
      ...flagsOff,
      preferredSeconds: 3600,
      validSeconds: 7200,
    },
  },
  {
    name: 'a tentative, temporary, deprecated IPv6 address on its way out, big-endian',
    hex: `00000048 0015 0000 00000007 00003549  0a 40 61 00 00000003
          0014 0001 20010db8000a00000000000000000004  0014 0006 00000000 00001c20 0003ea48 0003ea48  0008 0008 00000169`,
    littleEndian: false,
    value: {
      kind: 'address',
      change: 'removed',
      ...answered,
      interfaceIndex: 3,
      address: address('2001:db8:a::4'),
      prefixLength: 64,
      scope: 0,
      flags: 0x169,
      tentative: true,
      deprecated: true,
      duplicateAddressDetectionFailed: true,
      temporary: true,
      preferredSeconds: 0,
      validSeconds: 7200,
    },
  },
  {
    name: 'a permanent IPv4 address (its flag 0x01 says secondary, not temporary)',
    hex: `4c000000 1400 0200 07000000 49350000  02 18 81 00 03000000
          0800 0100 c0000208  0800 0200 c0000207  0800 0300 75703000  0800 0800 81000000
          1400 0600 ffffffff ffffffff 48ea0300 48ea0300`,
    littleEndian: true,
    value: {
      kind: 'address',
      change: 'new',
      ...answered,
      interfaceIndex: 3,
      address: address('192.0.2.7'),
      prefixLength: 24,
      scope: 0,
      flags: 0x81,
      ...flagsOff,
      preferredSeconds: Number.POSITIVE_INFINITY,
      validSeconds: Number.POSITIVE_INFINITY,
    },
  },
  {
    name: 'a default route in a table above 255',
    hex: `74000000 1800 0200 07000000 49350000  0a 00 00 00 fc 03 00 01 00000000
          0800 0f00 67120000  0800 0600 0a000000  1400 0500 fe800000000000000000000000000001  0800 0400 03000000
          2400 0c00 0000000000000000000000000000000000000000000000000000000000000000  0500 1400 00 000000`,
    littleEndian: true,
    value: {
      kind: 'route',
      change: 'new',
      ...answered,
      family: 'ipv6',
      table: 4711,
      destination: prefix('::/0'),
      gateway: address('fe80::1'),
      interfaceIndex: 3,
      metric: 10,
      protocol: 3,
      type: RouteType.unicast,
      flags: 0,
    },
  },
  {
    name: 'an unreachable IPv4 route that is gone, big-endian, its table in the header alone',
    hex: `00000024 0019 0000 00000007 00003549  02 18 00 00 63 4d 00 07 00000010  0008 0001 c6336400`,
    littleEndian: false,
    value: {
      kind: 'route',
      change: 'removed',
      ...answered,
      family: 'ipv4',
      table: 99,
      destination: prefix('198.51.100.0/24'),
      gateway: undefined,
      interfaceIndex: undefined,
      metric: 0,
      protocol: 77,
      type: RouteType.unreachable,
      flags: 0x10,
    },
  },
  {
    name: 'a rule for a source',
    hex: `50000000 2000 0200 07000000 49350000  0a 00 80 00 fc 00 00 01 00000000
          0800 0f00 67120000  0800 0e00 ffffffff  0500 1500 00 000000  0800 0600 88130000
          1400 0200 20010db8000a00000000000000000004`,
    littleEndian: true,
    value: {
      kind: 'rule',
      change: 'new',
      ...answered,
      family: 'ipv6',
      priority: 5000,
      table: 4711,
      source: prefix('2001:db8:a::4/128'),
      destination: undefined,
      action: 1,
      suppressPrefixLength: undefined,
      protocol: 0,
      narrowed: false,
    },
  },
  {
    name: 'a refusal',
    hex: `2c000000 0200 0000 07000000 49350000  eaffffff  18000000 1500 0500 08000000 00000000 0a400000 0f270000`,
    littleEndian: true,
    value: { kind: 'acknowledgement', ...answered, errno: 22 },
  },
  {
    name: 'an acknowledgement, big-endian',
    hex: '00000024 0002 0100 00000007 00003549  00000000  00000018 0015 0005 00000008 00000000',
    littleEndian: false,
    value: { kind: 'acknowledgement', ...answered, errno: 0 },
  },
  {
    name: 'the end of a dump that was overtaken by a change',
    hex: '14000000 0300 1200 07000000 49350000  00000000',
    littleEndian: true,
    value: { kind: 'done', ...answered, dumpInterrupted: true, errno: 0 },
  },
  {
    name: 'a bridge port that left its bridge, which is not the end of the link',
    hex: '28000000 1100 0000 07000000 49350000  07 00 0100 03000000 43100100 00000000  0800 0300 75703000',
    littleEndian: true,
    value: { kind: 'other', ...answered, type: 17 },
  },
  {
    name: 'a message of a type not known here',
    hex: '14000000 3400 0000 07000000 49350000  00000000',
    littleEndian: true,
    value: { kind: 'other', ...answered, type: 52 },
  },
];

for (const { name, hex: text, littleEndian, value } of vectors) {
  const bytes = hex(text);

  test(`${name}: decodes`, () => {
    assert.equal(decodeNetlink(shifted(bytes), littleEndian), [value]);
  });

  test(`${name}: every truncation is refused where the octets end`, () => {
    for (let length = 1; length < bytes.length; length++) {
      const cut = shifted(bytes.subarray(0, length));
      assertWireError(() => decodeNetlink(cut, littleEndian), { code: 'truncated', offset: length });
    }
  });
}

test('a buffer with several messages gives them all, in their order', () => {
  const little = vectors.filter(({ littleEndian }) => littleEndian);
  const buffer = hex(little.map((vector) => vector.hex).join(''));
  assert.equal(
    decodeNetlink(buffer, true),
    little.map(({ value }) => value),
  );
  assert.equal(decodeNetlink(new Uint8Array(0), true), []);
});

const header = (octets: string, type: string) => `${octets} ${type} 0000 07000000 00000000`;

for (const [name, text, code, offset] of [
  ['a message shorter than its header', header('0f000000', '1000'), 'bad-length', 0],
  [
    'an attribute shorter than its header',
    `${header('24000000', '1000')} ${'00'.repeat(16)} 03000300`,
    'bad-length',
    32,
  ],
  ['an attribute past its message', `${header('24000000', '1000')} ${'00'.repeat(16)} 08000300`, 'bad-length', 32],
  ['an MTU of 2 octets', `${header('28000000', '1000')} ${'00'.repeat(16)} 06000400 dc050000`, 'truncated', 38],
  [
    'an IPv6 address of 4 octets',
    `${header('20000000', '1400')} 0a400000 03000000 08000100 c0000201`,
    'bad-length',
    28,
  ],
  ['an address message without an address', `${header('18000000', '1400')} 0a400000 03000000`, 'bad-value', 16],
  ['an IPv4 route of 33 bits', `${header('1c000000', '1800')} 02210000 fe030001 00000000`, 'bad-value', 17],
  ['a rule for a source of 129 bits', `${header('1c000000', '2000')} 0a008100 fe000001 00000000`, 'bad-value', 18],
] as const) {
  test(`${name} is refused`, () => {
    assertWireError(() => decodeNetlink(hex(text), true), { code, offset });
  });
}

const requests: readonly (readonly [name: string, request: NetlinkRequest, little: string])[] = [
  [
    'asks for all links',
    { kind: 'dump-links' },
    '20000000 1200 0103 09000000 00000000  00000000 00000000 00000000 00000000',
  ],
  [
    'asks for all IPv6 rules',
    { kind: 'dump-rules', family: 'ipv6' },
    '1c000000 2200 0103 09000000 00000000  0a000000 00000000 00000000',
  ],
  [
    'sets a link up with an MTU',
    { kind: 'set-link', index: 3, up: true, mtuBytes: 1420 },
    '28000000 1300 0500 09000000 00000000  0000 0000 03000000 01000000 01000000  0800 0400 8c050000',
  ],
  [
    'removes a default route by gateway and metric',
    {
      kind: 'delete-route',
      table: 4711,
      destination: prefix('0.0.0.0/0'),
      gateway: address('192.0.2.1'),
      interfaceIndex: 3,
      metric: 10,
      protocol: 77,
    },
    `3c000000 1900 0500 09000000 00000000  02 00 00 00 fc 4d ff 01 00000000
     0800 0f00 67120000  0800 0500 c0000201  0800 0400 03000000  0800 0600 0a000000`,
  ],
  [
    'adds a rule without default routes',
    { kind: 'add-rule', priority: 5001, source: prefix('::/0'), table: 254, suppressPrefixLength: 0, protocol: 77 },
    `3c000000 2000 0506 09000000 00000000  0a 00 00 00 fe 00 00 01 00000000
     0800 0600 89130000  0800 0f00 fe000000  0800 0e00 00000000  0500 1500 4d 000000`,
  ],
];

for (const [name, request, text] of requests) {
  test(`${name}`, () => {
    assert.is(formatHex(encodeNetlinkRequest(request, 9, true)), formatHex(hex(text)));
  });
}

for (const littleEndian of [true, false]) {
  const order = littleEndian ? 'little-endian' : 'big-endian';
  const read = (request: NetlinkRequest) => decodeNetlink(encodeNetlinkRequest(request, 9, littleEndian), littleEndian);
  const notification = { sequence: 9, portId: 0, dumpInterrupted: false };

  test(`an address, a route and a rule that we write read back, ${order}`, () => {
    const [added] = read({
      kind: 'add-address',
      interfaceIndex: 70_000,
      address: address('2001:db8::1'),
      prefixLength: 128,
      flags: 0x202,
    });
    assert.equal(added, {
      kind: 'address',
      change: 'new',
      ...notification,
      interfaceIndex: 70_000,
      address: address('2001:db8::1'),
      prefixLength: 128,
      scope: 0,
      flags: 0x202,
      ...flagsOff,
      preferredSeconds: Number.POSITIVE_INFINITY,
      validSeconds: Number.POSITIVE_INFINITY,
    });
    const [route] = read({
      kind: 'replace-route',
      table: 70_000,
      destination: prefix('2001:db8:5500::/56'),
      interfaceIndex: 12,
      metric: 0xfffffffe,
      protocol: 77,
    });
    assert.equal(route, {
      kind: 'route',
      change: 'new',
      ...notification,
      family: 'ipv6',
      table: 70_000,
      destination: prefix('2001:db8:5500::/56'),
      gateway: undefined,
      interfaceIndex: 12,
      metric: 0xfffffffe,
      protocol: 77,
      type: RouteType.unicast,
      flags: 0,
    });
    const [rule] = read({ kind: 'delete-rule', priority: 5000, source: prefix('192.0.2.0/24'), table: 300 });
    assert.equal(rule, {
      kind: 'rule',
      change: 'removed',
      ...notification,
      family: 'ipv4',
      priority: 5000,
      table: 300,
      source: prefix('192.0.2.0/24'),
      destination: undefined,
      action: 1,
      suppressPrefixLength: undefined,
      protocol: 0,
      narrowed: false,
    });
  });

  test(`values that do not fit are refused, ${order}`, () => {
    for (const metric of [-1, 0x100000000, 0.5]) {
      assert.throws(
        () => read({ kind: 'add-route', table: 1, destination: prefix('::/0'), metric, protocol: 4 }),
        (error: Error) => error instanceof RangeError,
      );
    }
  });
}

test.run();
