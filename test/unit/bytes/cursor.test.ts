import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { formatHex, parseHex } from '../../../src/bytes/hex.ts';
import { Reader } from '../../../src/bytes/reader.ts';
import { Writer } from '../../../src/bytes/writer.ts';
import { assertWireError, hex, shifted } from '../../lib/wire.ts';

const isRangeError = (error: Error) => error instanceof RangeError;

test('a reader reads big-endian, unsigned, and counts from its base', () => {
  const reader = new Reader(shifted(hex('ff fffe fffffffd 01020304')), 100);
  assert.is(reader.u8(), 255);
  assert.is(reader.u16(), 0xfffe);
  assert.is(reader.u32(), 0xfffffffd);
  assert.equal([reader.position, reader.offset, reader.remaining], [7, 107, 4]);
  assert.equal(reader.take(2), hex('0102'));
  reader.skip(1);
  assert.equal(reader.rest(), hex('04'));
  assert.is(reader.remaining, 0);
  assert.equal(reader.rest(), hex(''));
});

test('every read past the end is refused at the end of the octets, and moves nothing', () => {
  for (const [octets, read] of [
    [0, (reader: Reader) => reader.u8()],
    [1, (reader: Reader) => reader.u16()],
    [3, (reader: Reader) => reader.u32()],
    [3, (reader: Reader) => reader.take(4)],
    [3, (reader: Reader) => reader.skip(4)],
    [3, (reader: Reader) => reader.within(4)],
  ] as const) {
    const reader = new Reader(shifted(new Uint8Array(octets)), 40);
    assertWireError(() => read(reader), { code: 'truncated', offset: 40 + octets });
    assert.is(reader.position, 0);
  }
});

test('a reader within a reader cannot leave its part, and keeps counting from the packet', () => {
  const reader = new Reader(hex('0102030405'), 8);
  reader.skip(1);
  const inner = reader.within(2);
  assert.equal([inner.offset, inner.remaining, inner.u16(), reader.offset, reader.u8()], [9, 2, 0x203, 11, 4]);
  assertWireError(() => inner.u8(), { code: 'truncated', offset: 11 });
});

test('a reader gives views, not copies', () => {
  const bytes = hex('0102');
  const view = new Reader(bytes).take(2);
  bytes[0] = 9;
  assert.is(view[0], 9);
});

test('a reader reads addresses, and nothing past its end', () => {
  const octets = hex('20010db8000000000000000000000001 c0000201 ff');
  const reader = new Reader(shifted(octets), 40);
  assert.equal([reader.ipv6Address(), reader.ipv4Address()], [address('2001:db8::1'), address('192.0.2.1')]);
  assert.equal([reader.index, reader.offset, reader.remaining], [20, 60, 1]);
  for (const length of [0, 15]) {
    const cut = new Reader(octets.subarray(0, length), 40);
    assertWireError(() => cut.ipv6Address(), { code: 'truncated', offset: 40 + length });
  }
  const cut = new Reader(octets, 0, 16, 19);
  assertWireError(() => cut.ipv4Address(), { code: 'truncated', offset: 19 });
});

test('a reader may move to another part of the same bytes', () => {
  const reader = new Reader(hex('0102030405'), 8);
  reader.u16();
  assert.equal([reader.moveTo(1, 3).u8(), reader.position, reader.offset, reader.remaining], [2, 1, 10, 1]);
  assertWireError(() => reader.u16(), { code: 'truncated', offset: 11 });
});

test('a writer writes addresses wherever it has to grow', () => {
  for (let capacity = 0; capacity < 24; capacity++) {
    const writer = new Writer(capacity).u8(1).address(address('2001:db8::1')).address(address('192.0.2.1'));
    assert.is(formatHex(writer.bytes()), '0120010db8000000000000000000000001c0000201');
    assert.is(formatHex(writer.bytes(17)), 'c0000201');
  }
});

test('a writer writes big-endian and grows', () => {
  const writer = new Writer(1);
  writer.u8(1).u16(0x203).u32(0xfefdfcfb).put(hex('aabb')).zeros(2);
  assert.is(formatHex(writer.bytes()), '010203fefdfcfbaabb0000');
  assert.is(writer.length, 11);
  writer.setU8(0, 9);
  writer.setU16(9, 0x1234);
  assert.is(formatHex(writer.bytes()), '090203fefdfcfbaabb1234');
});

test('zeros are zero even where the buffer was used before', () => {
  const writer = new Writer(2);
  for (let i = 0; i < 100; i++) writer.u8(255).zeros(1);
  assert.ok(writer.bytes().every((octet, i) => octet === (i % 2 ? 0 : 255)));
});

test('a writer refuses values that do not fit, and offsets not written yet', () => {
  const writer = new Writer();
  for (const value of [-1, 256, 0.5, Number.NaN]) assert.throws(() => writer.u8(value), isRangeError);
  for (const value of [-1, 0x10000, 1.5]) assert.throws(() => writer.u16(value), isRangeError);
  for (const value of [-1, 0x100000000, 2.5, Number.POSITIVE_INFINITY]) {
    assert.throws(() => writer.u32(value), isRangeError);
  }
  assert.is(writer.length, 0);
  writer.u8(1);
  assert.throws(() => writer.setU8(1, 0), isRangeError);
  assert.throws(() => writer.setU16(0, 0), isRangeError);
});

test('hex', () => {
  assert.is(formatHex(Uint8Array.of(0, 1, 0x0f, 0x10, 0xff)), '00010f10ff');
  assert.equal(parseHex('00:0A ff\n10\t0b'), Uint8Array.of(0, 10, 255, 16, 11));
  assert.equal(parseHex(''), new Uint8Array(0));
  for (const text of ['0', '0g', '0x00', '00-01', '٠٠']) assert.is(parseHex(text), undefined, text);
});

test.run();
