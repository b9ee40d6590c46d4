// The Buffer of the shims against Node's, for everything that it has.
import { Buffer as NodeBuffer } from 'node:buffer';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Buffer } from '../../../../src/platform/quickjs/shims/buffer.ts';
import { OctetList } from '../../../../src/platform/quickjs/shims/octet-list.ts';

const octets = (buffer: Uint8Array) => [...buffer];

/** The same numbers in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('text becomes the octets that it becomes in Node, lone surrogates included', () => {
  const texts = [
    '',
    'monami/bus/status',
    'Zürich–Süd',
    '€',
    '日本',
    '😀 and 𝄞',
    '\ud800',
    'a\udc00b',
    '\ud83d',
    '\u0000\uffff\u07ff\u0800',
  ];
  for (const text of texts) {
    assert.equal(octets(Buffer.from(text)), octets(NodeBuffer.from(text)), text);
    assert.is(Buffer.byteLength(text), NodeBuffer.byteLength(text), text);
    assert.is(Buffer.from(text, 'utf8').toString('utf8'), NodeBuffer.from(text).toString(), text);
  }
});

test('octets become the text that they become in Node, however wrong they are', () => {
  const next = numbers(1);
  const leads = [
    0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1,
    0xf4, 0xf5, 0xff,
  ];
  for (let round = 0; round < 20_000; round++) {
    const wire = Array.from({ length: next(9) }, () => (next(4) === 0 ? next(256) : leads[next(leads.length)]!));
    assert.is(Buffer.from(wire).toString(), NodeBuffer.from(wire).toString(), wire.join(' '));
  }
});

test('a text longer than what one call of fromCharCode takes comes back whole', () => {
  const text = 'é😀x'.repeat(50_000);
  // Not assert.is, whose comparison of two long texts would take for ever.
  assert.ok(Buffer.from(text).toString() === text);
  assert.is(Buffer.from(text).toString('utf8', 2, 6), '😀');
});

test('a slice and a subarray are views and buffers, a copy is not a view', () => {
  const buffer = Buffer.from([1, 2, 3, 4, 5]);
  for (const view of [buffer.slice(1, 3), buffer.subarray(1, 3), buffer.slice(-4, -2)]) {
    assert.ok(Buffer.isBuffer(view));
    assert.equal(octets(view), [2, 3]);
    view[0] = 9;
    assert.is(buffer[1], 9);
    view[0] = 2;
  }
  const copy = Buffer.from(buffer);
  copy[0] = 7;
  assert.is(buffer[0], 1);
  const view = Buffer.from(buffer.buffer as ArrayBuffer, 2, 2);
  view[0] = 8;
  assert.equal(octets(buffer), [1, 2, 8, 4, 5]);
});

test('copy, concat and write do what they do in Node where there is too little room', () => {
  const source = [1, 2, 3, 4, 5];
  for (const [to, from, end] of [
    [0, 0, 5],
    [2, 0, 5],
    [0, 3, 5],
    [1, 1, 2],
    [3, 2, 2],
  ] as const) {
    const [ours, theirs] = [Buffer.alloc(4), NodeBuffer.alloc(4)];
    assert.is(Buffer.from(source).copy(ours, to, from, end), NodeBuffer.from(source).copy(theirs, to, from, end));
    assert.equal(octets(ours), octets(theirs));
  }
  const parts = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3, 4, 5)];
  for (const length of [undefined, 0, 1, 4, 5, 7])
    assert.equal(octets(Buffer.concat(parts, length)), octets(NodeBuffer.concat(parts, length)));
  for (const text of ['abc', 'aé', 'a😀', '😀b€']) {
    for (const offset of [0, 1, 3]) {
      const [ours, theirs] = [Buffer.alloc(4), NodeBuffer.alloc(4)];
      assert.is(ours.write(text, offset), theirs.write(text, offset), `${text} at ${offset}`);
      assert.equal(octets(ours), octets(theirs), `${text} at ${offset}`);
    }
  }
});

test('numbers are read and written as in Node, and not beyond the end', () => {
  const [ours, theirs] = [Buffer.alloc(8).slice(1), NodeBuffer.alloc(8).subarray(1)];
  assert.is(ours.writeUInt8(0xfe, 0), theirs.writeUInt8(0xfe, 0));
  assert.is(ours.writeUInt16BE(0xfedc, 1), theirs.writeUInt16BE(0xfedc, 1));
  assert.is(ours.writeUInt32BE(0xfedcba98, 3), theirs.writeUInt32BE(0xfedcba98, 3));
  assert.equal(octets(ours), octets(theirs));
  for (let at = 0; at < 7; at++) {
    assert.is(ours.readUInt8(at), theirs.readUInt8(at));
    if (at < 6) assert.is(ours.readUInt16BE(at), theirs.readUInt16BE(at));
    if (at < 4) assert.is(ours.readUInt32BE(at), theirs.readUInt32BE(at));
  }
  const isRangeError = (error: unknown) => error instanceof RangeError;
  for (const outside of [-1, 7, 1.5e9]) assert.throws(() => ours.readUInt8(outside), isRangeError);
  assert.throws(() => ours.readUInt16BE(6), isRangeError);
  assert.throws(() => ours.readUInt32BE(4), isRangeError);
  assert.throws(() => ours.writeUInt8(256, 0), isRangeError);
  assert.throws(() => ours.writeUInt32BE(0, 4), isRangeError);
});

test('what the shim cannot do it refuses', () => {
  const isTypeError = (error: unknown) => error instanceof TypeError;
  assert.throws(() => Buffer.from('00ff', 'hex'), isTypeError);
  assert.throws(() => Buffer.alloc(1).toString('base64'), isTypeError);
  assert.throws(() => Buffer.from(4 as unknown as string), isTypeError);
  assert.is(Buffer.isEncoding('UTF-8'), true);
  assert.is(Buffer.isEncoding('latin1'), false);
  assert.is(Buffer.isBuffer(Uint8Array.of(1)), false);
});

test('an octet list reads over the borders of its parts', () => {
  const list = new OctetList();
  for (const part of [[0x30], [0x12, 0x34, 0x56], [0x78, 0x61, 0xc3], [0xa9]]) list.append(Uint8Array.from(part));
  assert.is(list.length, 8);
  assert.is(list.readUInt8(0), 0x30);
  assert.is(list.readUInt16BE(0), 0x3012);
  assert.is(list.readUInt32BE(1), 0x12345678);
  assert.is(list.toString('utf8', 5, 8), 'aé');
  assert.equal(octets(list.slice(3, 6)), [0x56, 0x78, 0x61]);
  list.consume(5);
  assert.is(list.length, 3);
  assert.is(list.readUInt8(), 0x61);
  assert.is(list.consume(3).length, 0);
  assert.is(list.append(Uint8Array.of(7)).readUInt8(), 7);
});

test.run();
