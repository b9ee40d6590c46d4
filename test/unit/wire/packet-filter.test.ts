import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address, addressFromBytes, addressToBytes } from '../../../src/bytes/address.ts';
import { buildSignallingFilter, buildSignallingFilterIpv4 } from '../../../src/wire/packet-filter.ts';
import { hex } from '../../lib/wire.ts';
import { runFilter } from '../../lib/wire-bpf.ts';
import { IPV4_PACKET_VECTORS } from '../../lib/wire-ipv4-vectors.ts';
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

/** An IPv6 packet inside of IPv4, in UDP to this port unless it is 0. */
function inIpv4(
  inner: Uint8Array,
  port: number,
  changes: Readonly<Record<number, number>> = {},
  options = 0,
): Uint8Array {
  const header = new Uint8Array(20 + options);
  header[0] = 0x45 + options / 4;
  header[6] = 0x40;
  header[9] = port === 0 ? 41 : 17;
  for (const [at, octet] of Object.entries(changes)) header[Number(at)] = octet;
  const udp = port === 0 ? [] : [0, 1, port >> 8, port & 255, 0, 0, 0, 0];
  return Uint8Array.from([...header, ...udp, ...inner]);
}

for (const littleEndian of [true, false]) {
  const order = littleEndian ? 'little-endian' : 'big-endian';
  const any = buildSignallingFilterIpv4(littleEndian);
  const accepts = (octets: Uint8Array, filter = any) => runFilter(filter, octets, littleEndian) === wholePacket;

  test(`[5555-2.3.2.2-01, 5555-4.1-03] inside of IPv4 it accepts what it does in IPv6, in UDP to 4191 and in protocol 41, ${order}`, () => {
    for (const port of [4191, 0]) {
      const octets = Array.from({ length: 256 }, (_, octet) => octet);
      const headers = octets.filter((nextHeader) => accepts(inIpv4(packet(nextHeader, 255), port)));
      assert.equal(headers, [43, 60, 135]);
      const types = octets.filter((type) => accepts(inIpv4(packet(58, type), port)));
      assert.equal(types, [1, 2, 3, 4, 129, 144, 145, 146, 147]);
      assert.ok(accepts(inIpv4(packet(135, 0), port, {}, 8)), 'behind options');
      assert.not(accepts(inIpv4(packet(135, 0), port, { 7: 1 })), 'a later fragment');
      const ipv4 = packet(135, 0);
      ipv4[0] = 0x45;
      assert.not(accepts(inIpv4(ipv4, port)), 'IPv4 inside');
    }
    for (const port of [4190, 4192, 53]) assert.not(accepts(inIpv4(packet(135, 0), port)), `port ${port}`);
  });

  test(`of all other protocols it accepts ICMP's destination unreachable, ${order}`, () => {
    const accepted = [];
    for (let protocol = 0; protocol < 256; protocol++) {
      if (protocol === 41 || protocol === 17) continue;
      for (let first = 0; first < 256; first++) {
        if (accepts(Uint8Array.from([...inIpv4(new Uint8Array(0), 0, { 9: protocol }), first, 0, 0, 0]))) {
          accepted.push([protocol, first]);
        }
      }
    }
    assert.equal(accepted, [[1, 3]]);
  });

  test(`with destinations it looks at those of the packets inside, ${order}`, () => {
    const filter = buildSignallingFilterIpv4(littleEndian, [CARE_OF_ADDRESS, HOME_AGENT]);
    for (const port of [4191, 0]) {
      assert.ok(accepts(inIpv4(packet(135, 0), port), filter));
      assert.ok(accepts(inIpv4(packet(58, 129, CARE_OF_ADDRESS), port, {}, 4), filter));
      assert.not(accepts(inIpv4(packet(135, 0, address('2001:db8::1')), port), filter));
    }
    assert.not(accepts(inIpv4(packet(135, 0).subarray(0, 39), 4191), filter));
  });
}

test('it accepts what the codecs of IPv4 packets have vectors of', () => {
  for (const { name, hex: text } of IPV4_PACKET_VECTORS) {
    const octets = hex(text);
    const isForUs = octets[9] !== 17 || octets[23] === 0x5f;
    const isEchoRequest = name.includes('echo request');
    assert.is(
      runFilter(buildSignallingFilterIpv4(true), octets, true),
      isForUs && !isEchoRequest ? wholePacket : 0,
      name,
    );
  }
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
