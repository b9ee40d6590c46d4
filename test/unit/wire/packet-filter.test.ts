import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address, addressFromBytes, addressToBytes } from '../../../src/bytes/address.ts';
import { buildSignallingFilter } from '../../../src/wire/packet-filter.ts';
import { hex } from '../../lib/wire.ts';
import { runFilter } from '../../lib/wire-bpf.ts';
import { PACKET_VECTORS } from '../../lib/wire-packet-vectors.ts';
import { CARE_OF_ADDRESS, HOME_AGENT } from '../../lib/wire-vectors.ts';

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

  test(`hop-by-hop options of any length may stand in front of what it accepts, ${order}`, () => {
    for (const units of [0, 1, 7, 255]) {
      const behind = (protocol: number, first: number) => {
        const octets = new Uint8Array(40 + (units + 1) * 8 + 8);
        octets.set(packet(0, protocol));
        octets[41] = units;
        octets[40 + (units + 1) * 8] = first;
        return octets;
      };
      const accepted = (protocol: number, first: number) =>
        runFilter(any, behind(protocol, first), littleEndian) === wholePacket;
      assert.equal(
        [43, 60, 135, 17, 0, 6].map((protocol) => accepted(protocol, 0)),
        [true, true, true, false, false, false],
      );
      assert.equal(
        [1, 129, 144, 128, 134].map((type) => accepted(58, type)),
        [true, true, true, false, false],
      );
    }
  });

  test(`where asked it accepts Neighbor Discovery for any destination, and else what it did, ${order}`, () => {
    const filter = buildSignallingFilter(littleEndian, [HOME_AGENT], { neighborDiscovery: true });
    const types = Array.from({ length: 256 }, (_, type) => type);
    const accepted = (to: Address) =>
      types.filter((type) => runFilter(filter, packet(58, type, to), littleEndian) === wholePacket);
    assert.equal(accepted(HOME_AGENT), [1, 2, 3, 4, 129, 133, 134, 135, 136, 137, 144, 145, 146, 147]);
    assert.equal(accepted(address('ff02::1')), [133, 134, 135, 136, 137]);
    for (const [nextHeader, verdict] of [
      [135, wholePacket],
      [43, wholePacket],
      [60, wholePacket],
      [17, 0],
    ] as const) {
      assert.is(runFilter(filter, packet(nextHeader, 134), littleEndian), verdict, `${nextHeader}`);
      assert.is(runFilter(filter, packet(nextHeader, 134, CARE_OF_ADDRESS), littleEndian), 0, `${nextHeader}`);
    }
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
    const filter = buildSignallingFilter(true, undefined, { neighborDiscovery: true });
    const isOther = value.kind === 'other' || value.message.type === 'unknown';
    assert.is(runFilter(filter, hex(text), true), isOther ? 0 : wholePacket, name);
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
