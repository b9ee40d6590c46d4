import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address, addressFromBytes, addressToBytes } from '../../../src/bytes/address.ts';
import { buildSignallingFilter } from '../../../src/wire/packet-filter.ts';
import { hex } from '../../lib/wire.ts';
import { runFilter } from '../../lib/wire-bpf.ts';
import { HOME_AGENT, PACKET_VECTORS } from '../../lib/wire-vectors.ts';

function packet(nextHeader: number, firstOctet: number, destination = HOME_AGENT): Uint8Array {
  const octets = hex(`6000000000080040 20010db8000a00000000000000000004 ${'00'.repeat(16)} ${'00'.repeat(8)}`);
  octets[6] = nextHeader;
  octets.set(addressToBytes(destination), 24);
  octets[40] = firstOctet;
  return octets;
}

const wholePacket = 0xffffffff;

for (const littleEndian of [true, false]) {
  const order = littleEndian ? 'little-endian' : 'big-endian';
  const any = buildSignallingFilter(littleEndian);

  test(`of all next headers it accepts 43, 60 and 135, ${order}`, () => {
    const accepted = [];
    for (let nextHeader = 0; nextHeader < 256; nextHeader++) {
      if (runFilter(any, packet(nextHeader, 255), littleEndian) === wholePacket) accepted.push(nextHeader);
    }
    assert.equal(accepted, [43, 60, 135]);
  });

  test(`of all ICMPv6 types it accepts errors, echo replies and those of Mobile IPv6, ${order}`, () => {
    const accepted = [];
    for (let type = 0; type < 256; type++) {
      if (runFilter(any, packet(58, type), littleEndian) === wholePacket) accepted.push(type);
    }
    assert.equal(accepted, [1, 2, 3, 4, 129, 144, 145, 146, 147]);
  });

  test(`with destinations it accepts packets to each of them and to no other, ${order}`, () => {
    const ours = Array.from({ length: 40 }, (_, i) => address(`2001:db8:${i}::${i + 1}`));
    const filter = buildSignallingFilter(littleEndian, ours);
    const verdict = (to: Address, nextHeader = 135) => runFilter(filter, packet(nextHeader, 0, to), littleEndian);
    for (const destination of ours) {
      assert.is(verdict(destination), wholePacket);
      assert.is(verdict(destination, 17), 0);
      for (let at = 0; at < 16; at++) {
        const other = addressToBytes(destination);
        other[at] = other[at]! ^ 0x80;
        assert.is(verdict(addressFromBytes(other)), 0, `octet ${at}`);
      }
    }
    assert.is(runFilter(buildSignallingFilter(littleEndian, []), packet(135, 0), littleEndian), 0);
  });
}

test('it accepts whole packets and drops what is too short to tell', () => {
  for (const { name, hex: text, value } of PACKET_VECTORS) {
    const verdict = runFilter(buildSignallingFilter(true), hex(text), true);
    assert.is(verdict > 0, value.kind !== 'other', name);
  }
  assert.is(runFilter(buildSignallingFilter(true), packet(58, 1).subarray(0, 40), true), 0);
  assert.is(runFilter(buildSignallingFilter(true, [HOME_AGENT]), packet(135, 0).subarray(0, 39), true), 0);
});

test('a program that the kernel would not take is refused', () => {
  const many = Array.from({ length: 460 }, (_, i) => address(`2001:db8::${i}`));
  assert.throws(
    () => buildSignallingFilter(true, many),
    (error: Error) => error instanceof RangeError,
  );
  assert.throws(
    () => buildSignallingFilter(true, [address('192.0.2.1')]),
    (error: Error) => error instanceof RangeError,
  );
});

test.run();
