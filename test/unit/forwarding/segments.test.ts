import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatHex } from '../../../src/bytes/hex.ts';
import { findTransport, isIpv4Packet } from '../../../src/forwarding/ip-packet.ts';
import { Protocol } from '../../../src/forwarding/protocol.ts';
import { NativeForwarder, splitByLength } from '../../lib/forwarding-driver.ts';
import {
  concat,
  destinationOptions,
  fields,
  fragment,
  hasRightChecksum,
  type Ipv4Fields,
  ipPacket,
  ipv4,
  ipv6,
  TcpFlag,
  tcp,
  tcpPacket,
  udp,
  udpPacket,
  withExtensions,
} from '../../lib/forwarding-packets.ts';
import { Random } from '../../lib/forwarding-random.ts';
import {
  cutIntoSegments,
  decodeOffload,
  encodeOffload,
  GSO_NONE,
  GSO_TCPV4,
  GSO_TCPV6,
  GSO_UDP,
  NEEDS_CHECKSUM,
  type Offload,
  pseudoHeaderSum,
  VIRTIO_HEADER_BYTES,
} from '../../lib/forwarding-segments.ts';
import { SERVER, VEHICLE } from '../../lib/forwarding-tables.ts';

const UP = fields(VEHICLE, SERVER);
const UP_IPV4 = fields('198.51.100.7', '192.0.2.80', { identification: 0xfffa });
const BATCH_PACKETS = 64;

const native = new NativeForwarder();
test.after(() => native.close());

function cut(cases: readonly (readonly [Offload, Uint8Array])[]): string[][] {
  for (const [offload, packet] of cases) native.cut(concat(encodeOffload(offload), packet));
  return native.run().map((answer) => splitByLength(answer).map(formatHex));
}

interface Joined {
  readonly offload: Offload;
  readonly packet: Uint8Array;
}

function join(batches: readonly (readonly Uint8Array[])[]): Joined[][] {
  for (const batch of batches) native.join(batch);
  return native.run().map((answer) =>
    splitByLength(answer).map((bytes) => ({
      offload: decodeOffload(bytes),
      packet: bytes.subarray(VIRTIO_HEADER_BYTES),
    })),
  );
}

function tcpOffload(segmentBytes: number, transport = 40): Offload {
  return { flags: NEEDS_CHECKSUM, gsoType: GSO_TCPV6, segmentBytes, checksumStart: transport, checksumOffset: 16 };
}

function udpOffload(segmentBytes: number, transport = 40): Offload {
  return { flags: NEEDS_CHECKSUM, gsoType: GSO_UDP, segmentBytes, checksumStart: transport, checksumOffset: 6 };
}

test('a TCP packet with segmentation offload is cut as the network device would', () => {
  const random = new Random(1);
  const cases: (readonly [Offload, Uint8Array])[] = [];
  for (let i = 0; i < 60; i++) {
    const extensions = random.chance(30) ? [destinationOptions(Uint8Array.of(1, 4, 0, 0, 0, 0))] : [];
    const segment = tcp(UP, {
      sequence: random.u32(),
      flags: TcpFlag.ack | random.pick([0, TcpFlag.psh, TcpFlag.fin, TcpFlag.cwr, TcpFlag.ece, 0x89]),
      options: random.bytes(random.below(11) * 4),
      payload: random.bytes(1 + random.below(random.chance(10) ? 65_000 : 9000)),
    });
    const packet = withExtensions(UP, extensions, Protocol.tcp, segment);
    cases.push([tcpOffload(random.chance(20) ? 1 + random.below(100) : 1428, 40 + extensions.length * 8), packet]);
  }
  const found = cut(cases);
  for (const [index, [offload, packet]] of cases.entries())
    assert.equal(found[index], cutIntoSegments(offload, packet).map(formatHex), `case ${index}`);
});

test('a UDP packet with segmentation offload is cut into datagrams', () => {
  const random = new Random(2);
  const cases = Array.from({ length: 30 }, () => {
    const payload = random.bytes(1 + random.below(20_000));
    return [udpOffload(500 + random.below(900)), ipv6(UP, Protocol.udp, udp(UP, 1, 2, payload))] as const;
  });
  const found = cut(cases);
  for (const [index, [offload, packet]] of cases.entries())
    assert.equal(found[index], cutIntoSegments(offload, packet).map(formatHex), `case ${index}`);
});

test('IPv4 packets are cut with an identification of each packet’s own and right header checksums', () => {
  const random = new Random(21);
  const cases: (readonly [Offload, Uint8Array])[] = [];
  for (let i = 0; i < 40; i++) {
    const options = random.chance(30) ? Uint8Array.of(148, 4, 0, 0) : new Uint8Array();
    const between = { ...UP_IPV4, options, dontFragment: random.chance(50) };
    const payload = random.bytes(1 + random.below(9000));
    const transport = 20 + options.length;
    if (random.chance(50)) {
      const packet = ipv4(between, Protocol.tcp, tcp(between, { sequence: random.u32(), payload }));
      cases.push([{ ...tcpOffload(1000, transport), gsoType: GSO_TCPV4 }, packet]);
    } else {
      cases.push([udpOffload(1000, transport), ipv4(between, Protocol.udp, udp(between, 1, 2, payload))]);
    }
  }
  const found = cut(cases);
  for (const [index, [offload, packet]] of cases.entries()) {
    const expected = cutIntoSegments(offload, packet);
    for (const segment of expected) assert.ok(hasRightChecksum(segment));
    assert.equal(found[index], expected.map(formatHex), `case ${index}`);
  }
});

test('an offload of the other version, or of a fragment, is refused', () => {
  const payload = new Uint8Array(3000);
  const good = ipPacket(UP_IPV4, Protocol.tcp, tcp(UP_IPV4, { payload }));
  const first = { ...UP_IPV4, dontFragment: false, moreFragments: true };
  const wrongChecksum = good.slice();
  wrongChecksum[8]! ^= 1;
  const results = cut([
    [{ ...tcpOffload(1000, 20), gsoType: GSO_TCPV4 }, good],
    [tcpOffload(1000, 20), good],
    [{ ...tcpOffload(1000), gsoType: GSO_TCPV4 }, tcpPacket(UP, { payload })],
    [{ ...tcpOffload(1000, 20), gsoType: GSO_TCPV4 }, ipPacket(first, Protocol.tcp, tcp(first, { payload }))],
    [{ ...tcpOffload(1000, 20), gsoType: GSO_TCPV4 }, wrongChecksum],
  ]);
  assert.equal(
    results.map((segments) => segments.length),
    [3, 0, 0, 0, 0],
  );
});

test('IPv4 packets that may be fragmented are joined only with identifications that count up', () => {
  const stream = (dontFragment: boolean, step: number) =>
    Array.from({ length: 8 }, (_, i) =>
      udpPacket({ ...UP_IPV4, dontFragment, identification: (0xfffc + step * i) & 0xffff }, 1, 2, 1000),
    );
  const joined = join([stream(false, 1), stream(false, 0), stream(false, 2), stream(true, 0), stream(true, 7)]);
  assert.equal(
    joined.map((packets) => packets.length),
    [1, 8, 8, 1, 1],
  );
  const options = { ...UP_IPV4, options: Uint8Array.of(148, 4, 0, 0) };
  const fragments = { ...UP_IPV4, dontFragment: false, moreFragments: true };
  const lone = join([options, fragments].map((between) => [0, 1].map(() => udpPacket(between, 1, 2, 1000))));
  assert.equal(
    lone.map((packets) => packets.length),
    [2, 2],
  );
});

test('an offload that does not fit its packet is refused', () => {
  const segment = tcp(UP, { payload: new Uint8Array(4000) });
  const packet = ipv6(UP, Protocol.tcp, segment);
  const good = tcpOffload(1000);
  const fragmented = withExtensions(UP, [fragment(0, true)], Protocol.tcp, segment);
  const shortHeader = packet.slice();
  shortHeader[52] = 0x40;
  const longHeader = tcpPacket(UP, { payload: new Uint8Array(10) });
  longHeader[52] = 0xf0;
  const manyOptions = destinationOptions(new Uint8Array(2046));
  const results = cut([
    [good, packet],
    [{ ...good, segmentBytes: 0 }, packet],
    [{ ...good, flags: 0 }, packet],
    [{ ...good, gsoType: 1 }, packet],
    [{ ...good, gsoType: GSO_UDP }, packet],
    [{ ...good, checksumStart: 41 }, packet],
    [{ ...good, checksumStart: 0xffff }, packet],
    [good, packet.subarray(0, packet.length - 1)],
    [good, packet.subarray(0, 50)],
    [{ ...good, checksumStart: 48 }, fragmented],
    [good, shortHeader],
    [good, longHeader],
    [{ ...good, checksumStart: 40 + 2048 }, withExtensions(UP, [manyOptions], Protocol.tcp, segment)],
  ]);
  assert.equal(
    results.map((segments) => segments.length),
    [4, ...new Array<number>(12).fill(0)],
  );
});

test('a checksum of zero is written as such in TCP, and as all ones in UDP, where zero says that there is none', () => {
  const segment = tcp(UP, { payload: new Uint8Array(2) });
  const datagram = udp(UP, 1, 2, new Uint8Array(2));
  // The payload that makes the sum all ones is the checksum that there was without it.
  segment.set(segment.slice(16, 18), 20);
  datagram.set(datagram.slice(6, 8), 8);
  const packets = [ipv6(UP, Protocol.tcp, segment), ipv6(UP, Protocol.udp, datagram)] as const;
  const results = cut([
    [tcpOffload(1000), packets[0]],
    [udpOffload(1000), packets[1]],
  ]);
  assert.is(results[0]![0]!.slice(2 * 56, 2 * 58), '0000');
  assert.is(results[1]![0]!.slice(2 * 46, 2 * 48), 'ffff');
  for (const [index, [packet, offset]] of (
    [
      [packets[0], 16],
      [packets[1], 6],
    ] as const
  ).entries()) {
    const open = packet.slice();
    const protocol = index === 0 ? Protocol.tcp : Protocol.udp;
    new DataView(open.buffer).setUint16(40 + offset, pseudoHeaderSum(open, 40, protocol));
    native.completeChecksum(40, offset, open);
  }
  const completed = native.run();
  assert.equal([...completed[0]!.slice(56, 58)], [0, 0]);
  assert.equal([...completed[1]!.slice(46, 48)], [0xff, 0xff]);
});

test('a checksum left open is completed, and never outside of the packet', () => {
  const packet = ipv6(UP, Protocol.udp, udp(UP, 1, 2, new Uint8Array(33).fill(7)));
  const open = packet.slice();
  new DataView(open.buffer).setUint16(46, pseudoHeaderSum(open, 40, Protocol.udp));
  native.completeChecksum(40, 6, open);
  for (const [start, offset] of [
    [40, 0xffff],
    [0xffff, 6],
    [packet.length - 7, 6],
    [packet.length, 0],
  ] as const)
    native.completeChecksum(start, offset, open);
  const [completed, ...refused] = native.run();
  assert.equal(new Uint8Array(completed!), packet);
  assert.equal(
    refused.map((answer) => answer.length),
    [0, 0, 0, 0],
  );
});

/** As a kernel counts the identification of what may be fragmented. */
function counted(between: Ipv4Fields, number: number): Ipv4Fields {
  return { ...between, identification: ((between.identification ?? 0) + number) & 0xffff };
}

/** A stream of one connection, cut like a sender does: full segments, now and then a short one with PSH. */
function tcpStream(random: Random, between: Ipv4Fields, port: number, count: number): Uint8Array[] {
  let sequence = random.u32();
  let acknowledgement = random.u32();
  const options = random.chance(50) ? random.bytes(12) : new Uint8Array();
  return Array.from({ length: count }, (_, number) => {
    const kind = random.below(20);
    const payload = random.bytes(kind === 0 ? 0 : kind < 3 ? 1 + random.below(1200) : 1200);
    const push = kind < 3 ? TcpFlag.psh : 0;
    const flags = TcpFlag.ack | push | (random.chance(3) ? random.pick([1, 2, 4, 32, 64, 128]) : 0);
    if (random.chance(5)) acknowledgement = (acknowledgement + 100) >>> 0;
    const packet = tcpPacket(counted(between, number), {
      sourcePort: port,
      sequence,
      acknowledgement,
      flags,
      options,
      payload,
    });
    if (random.chance(4)) sequence = (sequence + 5000) >>> 0;
    else sequence = (sequence + payload.length) >>> 0;
    if (random.chance(2)) packet[packet.length - 1]! ^= 0x55;
    return packet;
  });
}

function udpStream(random: Random, between: Ipv4Fields, port: number, count: number): Uint8Array[] {
  const bytes = 200 + random.below(1000);
  return Array.from({ length: count }, (_, number) => {
    const packet = udpPacket(counted(between, number), port, 53, random.chance(90) ? bytes : random.below(1200));
    if (random.chance(2)) packet[between === UP ? 46 : packet.length - 3]! ^= 0xff;
    return packet;
  });
}

/** Takes from the streams in turns, keeping the order in each. */
function interleave(random: Random, streams: Uint8Array[][]): Uint8Array[] {
  const all: Uint8Array[] = [];
  let current = random.pick(streams);
  while (streams.some((stream) => stream.length > 0)) {
    if (current.length === 0 || random.chance(10)) current = random.pick(streams);
    const packet = current.shift();
    if (packet) all.push(packet);
  }
  return all;
}

/** The flow as the order of packets must be kept in it: addresses, protocol and ports. */
function flowOf(packet: Uint8Array): string {
  if (isIpv4Packet(packet)) return formatHex(concat(packet.subarray(9, 10), packet.subarray(12, 24)));
  return formatHex(concat(packet.subarray(6, 7), packet.subarray(8, 44)));
}

/** The identification of a packet that is never fragmented says nothing (RFC 6864 §4.1). */
function withoutIdentification(packet: Uint8Array): Uint8Array {
  if (!isIpv4Packet(packet) || (packet[6]! & 0x40) === 0) return packet;
  const changed = packet.slice();
  changed.set([0, 0], 4);
  changed.set([0, 0], 10);
  return changed;
}

function byFlow(packets: readonly Uint8Array[]): Map<string, string[]> {
  const flows = new Map<string, string[]>();
  for (const packet of packets) {
    const flow = flowOf(packet);
    flows.set(flow, [...(flows.get(flow) ?? []), formatHex(withoutIdentification(packet))]);
  }
  return flows;
}

function ipv4Streams(random: Random, between: Ipv4Fields): Uint8Array[][] {
  const other = { ...between, trafficClass: random.below(2) * 3, identification: random.below(0x10000) };
  return [
    tcpStream(random, between, 1000, 20),
    tcpStream(random, other, 1001, 20),
    udpStream(random, between, 1000, 12),
    udpStream(random, other, 1001, 12),
  ];
}

function segmentsIn(offload: Offload, packet: Uint8Array): number {
  return cutIntoSegments(offload, packet).length;
}

test('what is joined, cut again, is what came: every packet, in the order of its flow', () => {
  const random = new Random(3);
  const batches: Uint8Array[][] = [];
  for (let i = 0; i < 150; i++) {
    const other = fields(VEHICLE, SERVER, { trafficClass: random.below(2) * 3, flowLabel: random.below(2) });
    const streams = [
      tcpStream(random, UP, 1000, 20),
      tcpStream(random, other, 1001, 20),
      udpStream(random, UP, 1000, 12),
      udpStream(random, other, 1001, 12),
    ];
    const ipv4Fields = { ...UP_IPV4, dontFragment: random.chance(50), identification: random.below(0x10000) };
    if (i % 2 === 1) streams.splice(0, 4, ...ipv4Streams(random, ipv4Fields));
    batches.push(interleave(random, streams).slice(0, BATCH_PACKETS));
  }
  let joinedPackets = 0;
  let ipv4Joined = 0;
  for (const [index, joined] of join(batches).entries()) {
    const again = joined.flatMap(({ offload, packet }) => {
      if (offload.gsoType === GSO_NONE) return [packet];
      const { protocol, offset } = findTransport(packet);
      const checksumAt = offset + offload.checksumOffset;
      const field = (packet[checksumAt]! << 8) | packet[checksumAt + 1]!;
      assert.is(
        field % 0xffff,
        pseudoHeaderSum(packet, offset, protocol) % 0xffff,
        'the field holds the pseudo-header',
      );
      if (isIpv4Packet(packet)) ipv4Joined += segmentsIn(offload, packet);
      const segments = cutIntoSegments(offload, packet);
      for (const segment of segments) assert.ok(hasRightChecksum(segment));
      joinedPackets += segments.length;
      return segments;
    });
    assert.equal(byFlow(again), byFlow(batches[index]!), `batch ${index}`);
  }
  assert.ok(joinedPackets > 150 * 15, `only ${joinedPackets} packets were joined`);
  assert.ok(ipv4Joined > 75 * 15, `only ${ipv4Joined} IPv4 packets were joined`);
});

test('a steady stream becomes one packet', () => {
  const stream = (count: number) =>
    Array.from({ length: count }, (_, i) => tcpPacket(UP, { sequence: i * 1000, payload: new Uint8Array(1000) }));
  const datagrams = Array.from({ length: 40 }, () => udpPacket(UP, 1, 2, 1200));
  const [tcpJoined, udpJoined, tooLong] = join([stream(40), datagrams, stream(64)]);
  assert.is(tcpJoined!.length, 1);
  assert.equal(tcpJoined![0]!.offload, tcpOffload(1000));
  assert.is(tcpJoined![0]!.packet.length, 60 + 40_000);
  assert.is(udpJoined!.length, 1);
  assert.equal(udpJoined![0]!.offload, udpOffload(1200));
  assert.is(tooLong!.length, 1);
  assert.is(tooLong![0]!.packet.length, 60 + 64_000);
});

test('packets with a wrong checksum are passed on alone, not hidden in a joined one', () => {
  const stream = Array.from({ length: 6 }, (_, i) =>
    tcpPacket(UP, { sequence: i * 100, payload: new Uint8Array(100) }),
  );
  for (const bad of [0, 3, 5]) {
    const damaged = stream.map((packet) => packet.slice());
    damaged[bad]![70]! ^= 1;
    const alone = join([damaged])[0]!.filter(({ offload }) => offload.gsoType === GSO_NONE);
    assert.ok(alone.some(({ packet }) => formatHex(packet) === formatHex(damaged[bad]!)));
  }
});

test.run();
