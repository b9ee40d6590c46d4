import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  address,
  addressFromBytes,
  addressToBytes,
  formatAddress,
  isIpv4,
  isIpv6,
  isLinkLocal,
  isUnicastRoutable,
  isUniqueLocal,
  parseAddress,
} from '../../../src/bytes/address.ts';
import { formatHex } from '../../../src/bytes/hex.ts';

// RFC 5952 §1, §2 and §4: many ways to write it, one canonical.
for (const [canonical, ...others] of [
  ['2001:db8::1', '2001:db8:0:0:0:0:0:1', '2001:0db8::0001', '2001:db8::0:1', '2001:DB8::1', '2001:db8:0::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8::1:1:1:1:1'],
  ['2001:0:0:1::1', '2001:0:0:1:0:0:0:1'],
  ['2001:db8::1:0:0:1', '2001:db8:0:0:1:0:0:1', '2001:db8:0:0:1::1'],
  ['2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa', '2001:db8:AAAA:BBBB:cccc:dddd:eeee:AAAA'],
  ['::', '0:0:0:0:0:0:0:0', '0::0'],
  ['::1', '0::1', '0:0:0:0:0:0:0:1'],
  ['2001:db8::', '2001:db8:0:0:0:0:0:0', '2001:db8::0'],
  ['::ffff:c000:201', '::ffff:192.0.2.1', '0:0:0:0:0:ffff:192.0.2.1'],
  ['64:ff9b::c000:221', '64:ff9b::192.0.2.33'],
  ['1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7::'],
  ['0:2:3:4:5:6:7:8', '::2:3:4:5:6:7:8'],
  ['192.0.2.255'],
  ['0.0.0.0'],
] as const) {
  test(`${canonical} is the one form of ${others.length + 1}`, () => {
    for (const text of [canonical, ...others]) assert.is(formatAddress(address(text)), canonical);
  });
}

for (const text of [
  ...['', ':', ':::', '1', '1:2', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '::1::', '1::2::3', ':1:2:3:4:5:6:7:8'],
  ...['1:2:3:4:5:6:7:8:', '1:2:3:4::5:6:7:8', '12345::', 'g::', '::1%eth0', ' ::1', '::1/64', '[::1]', '-1::'],
  ...['192.0.2', '192.0.2.1.1', '192.0.2.256', '192.0.2.01', '192.0.2.-1', '192.0.2.1 ', '0x1.0.2.1', '192..2.1'],
  ...['::192.0.2', '::192.0.2.256', '192.0.2.1::', '::192.0.2.1:1', '1:2:3:4:5:6:7:192.0.2.1', '１::'],
]) {
  test(`'${text}' is no address`, () => {
    assert.is(parseAddress(text), undefined);
    assert.throws(
      () => address(text),
      (error: Error) => error instanceof TypeError,
    );
  });
}

test('an address is its octets', () => {
  assert.is(formatHex(addressToBytes(address('2001:db8::ff00:42'))), '20010db80000000000000000ff000042');
  assert.is(formatHex(addressToBytes(address('203.0.113.254'))), 'cb0071fe');
  const random = Uint8Array.from({ length: 16 }, (_, i) => (i * 37 + 200) & 255);
  assert.equal(addressToBytes(addressFromBytes(random)), random);
  assert.ok(address('::1') === parseAddress('0::1'), 'equal addresses are the same value');
  for (const octets of [0, 3, 5, 15, 17]) {
    assert.throws(
      () => addressFromBytes(new Uint8Array(octets)),
      (error: Error) => error instanceof RangeError,
    );
  }
});

test('every pattern of zero groups survives format and parse, and :: stands for the first longest run', () => {
  for (let mask = 0; mask < 256; mask++) {
    const groups = Array.from({ length: 8 }, (_, i) => ((mask >> i) & 1 ? `${i + 1}` : '0'));
    const value = address(groups.join(':'));
    const text = formatAddress(value);
    assert.ok(parseAddress(text) === value, text);
    const runs =
      groups
        .map((g) => (g === '0' ? 'z' : '.'))
        .join('')
        .match(/z+/g) ?? [];
    const longest = Math.max(0, ...runs.map((run) => run.length));
    assert.is(text.includes('::'), longest >= 2, text);
    if (longest >= 2) {
      const before = text.slice(0, text.indexOf('::'));
      const start = before === '' ? 0 : before.split(':').length;
      const expected = groups
        .map((g) => (g === '0' ? 'z' : '.'))
        .join('')
        .indexOf('z'.repeat(longest));
      assert.is(start, expected, text);
    }
  }
});

// [6275-4.6-01]
for (const [text, expected] of [
  ['2001:db8::1', true],
  ['fd00::1', true],
  ['::', false],
  ['::1', false],
  ['::ffff:192.0.2.1', false],
  ['ff02::1', false],
  ['ff0e::1', false],
  ['fe80::1', false],
  ['febf::1', false],
  ['fec0::1', true],
  ['192.0.2.1', true],
  ['0.0.0.0', false],
  ['127.0.0.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
] as const) {
  test(`[6275-4.6-01] ${text} ${expected ? 'is' : 'is not'} unicast and routable`, () => {
    assert.is(isUnicastRoutable(address(text)), expected);
  });
}

test('families and scopes', () => {
  assert.ok(isIpv6(address('::1')) && !isIpv4(address('::1')));
  assert.ok(isIpv4(address('192.0.2.1')) && !isIpv6(address('192.0.2.1')));
  assert.ok(
    isLinkLocal(address('fe80::1')) && !isLinkLocal(address('fec0::1')) && !isLinkLocal(address('254.128.0.1')),
  );
  assert.ok(
    isUniqueLocal(address('fc00::1')) && isUniqueLocal(address('fdff::1')) && !isUniqueLocal(address('fe00::')),
  );
});

test.run();
