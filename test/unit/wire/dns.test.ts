import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { formatHex } from '../../../src/bytes/hex.ts';
import { WireError } from '../../../src/bytes/wire-error.ts';
import { decodeDnsResponse, encodeDnsQuery, isHostName } from '../../../src/wire/dns/message.ts';
import { assertWireError, hex, shifted } from '../../lib/wire.ts';
import { mutate, Random } from '../../lib/wire-mutations.ts';

const QUESTION = '036861310765786d61706c650365786d00';
const NAME = '03686131076578616d706c65036f726700';

test('[5555-2.1-02] a query asks for one name with recursion', () => {
  assert.is(formatHex(encodeDnsQuery(0x1234, 'ha1.example.org', 'A')), `1234010000010000000000${`00${NAME}`}00010001`);
  assert.ok(formatHex(encodeDnsQuery(1, 'ha1.example.org', 'AAAA')).endsWith('001c0001'));
});

test('what is no host name is refused', () => {
  for (const name of [
    '',
    '.',
    'a..b',
    'a.',
    '-a.example',
    'a b',
    'ä.example',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}a`,
  ]) {
    assert.not(isHostName(name), name);
    assert.throws(() => encodeDnsQuery(1, name, 'A'));
  }
  for (const name of ['ha', 'ha1.example.org', `${'a'.repeat(63)}.example`, '_mip6.example', '1.example']) {
    assert.ok(isHostName(name), name);
  }
});

/** An alias, then two addresses of it, one of them with a shorter life. */
const aliased = hex(`1234 8180 0001 0003 0000 0000 ${NAME} 0001 0001
  c00c 0005 0001 00000e10 0006 03616c74c010
  c02d 0001 0001 0000012c 0004 c0000207
  c02d 0001 0001 00000258 0004 c6336407`);

test('addresses behind an alias are taken, for as long as the first of them lives', () => {
  const decoded = {
    id: 0x1234,
    responseCode: 0,
    name: 'ha1.example.org',
    recordType: 'A',
    addresses: [address('192.0.2.7'), address('198.51.100.7')],
    ttlSeconds: 300,
  };
  assert.equal(decodeDnsResponse(aliased), decoded);
  assert.equal(decodeDnsResponse(shifted(aliased)), decoded);
});

test('IPv6 addresses, and none for a name that there is not', () => {
  const six = hex(`0001 8180 0001 0001 0000 0000 ${NAME} 001c 0001
    c00c 001c 0001 00000020 0010 20010db8000100000000000000000001`);
  assert.equal(decodeDnsResponse(six).addresses, [address('2001:db8:1::1')]);
  const missing = hex(`0001 8183 0001 0000 0000 0000 ${NAME} 001c 0001`);
  assert.equal(decodeDnsResponse(missing), {
    id: 1,
    responseCode: 3,
    name: 'ha1.example.org',
    recordType: 'AAAA',
    addresses: [],
    ttlSeconds: 0,
  });
});

test('the name is compared in small letters', () => {
  const shouted = hex(formatHex(aliased).replace('03686131', '03484131'));
  assert.is(decodeDnsResponse(shouted).name, 'ha1.example.org');
});

test('a query, no question, a label of 64 octets and every truncation are refused', () => {
  assertWireError(() => decodeDnsResponse(encodeDnsQuery(1, 'ha.example', 'A')), { code: 'bad-value', offset: 2 });
  assertWireError(() => decodeDnsResponse(hex('0001 8180 0000 0000 0000 0000')), { code: 'bad-value', offset: 2 });
  assertWireError(() => decodeDnsResponse(hex(`0001 8180 0001 0000 0000 0000 40 ${QUESTION}`)), {
    code: 'bad-value',
    offset: 12,
  });
  for (let length = 0; length < aliased.length; length++) {
    assertWireError(() => decodeDnsResponse(aliased.subarray(0, length)), { code: 'truncated', offset: length });
  }
});

test('whatever comes, nothing but WireError comes out', () => {
  const random = new Random(53);
  for (let i = 0; i < 20_000; i++) {
    try {
      decodeDnsResponse(mutate(random, aliased, aliased));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  }
});

test.run();
