import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceForwarder } from '../../../src/forwarding/reference.ts';
import { clampTcpMss } from '../../../src/forwarding/tcp-mss.ts';
import {
  concat,
  destinationOptions,
  fields,
  fragment,
  hasRightChecksum,
  outerPacket,
  TcpFlag,
  tcp,
  tcpPacket,
  u16,
  withExtensions,
} from '../../lib/forwarding-packets.ts';
import { CARE_OF, HOME_AGENT, mobileRouterTable, SERVER, VEHICLE } from '../../lib/forwarding-tables.ts';

const UP = fields(VEHICLE, SERVER);

function mss(value: number): Uint8Array {
  return concat(Uint8Array.of(2, 4), u16(value));
}

function syn(options: Uint8Array, flags: number = TcpFlag.syn): Uint8Array {
  return tcpPacket(UP, { flags, options });
}

/** The packet after clamping for a tunnel that takes 1460 octets, so segments of 1400. */
function clamped(packet: Uint8Array): Uint8Array {
  const copy = packet.slice();
  clampTcpMss(copy, 1460);
  return copy;
}

test('a larger MSS in SYN and SYN-ACK is lowered to the tunnel MTU without the headers, the checksum follows', () => {
  for (const flags of [TcpFlag.syn, TcpFlag.syn | TcpFlag.ack]) {
    const packet = clamped(syn(mss(1440), flags));
    assert.equal(packet.subarray(60, 64), mss(1400));
    assert.ok(hasRightChecksum(packet));
  }
});

test('an MSS that fits, one in another segment, and a SYN without MSS stay as they are', () => {
  for (const packet of [
    syn(mss(1400)),
    syn(mss(536)),
    syn(mss(1440), TcpFlag.ack),
    syn(new Uint8Array()),
    syn(Uint8Array.of(1, 1, 1, 0)),
  ])
    assert.equal(clamped(packet), packet);
});

test('the MSS is found behind other options, also at an odd octet', () => {
  const sack = Uint8Array.of(4, 2);
  const noOperation = Uint8Array.of(1);
  for (const options of [
    concat(sack, noOperation, noOperation, mss(9000)),
    concat(noOperation, mss(9000), sack, noOperation),
    concat(noOperation, sack, mss(9000), noOperation),
  ]) {
    const packet = clamped(syn(options));
    assert.ok(hasRightChecksum(packet));
    assert.equal(clamped(packet), packet);
    assert.is(packet.filter((byte, at) => byte !== syn(options)[at] && at >= 60).length, 2);
  }
});

test('malformed options are left alone', () => {
  for (const options of [
    Uint8Array.of(2, 3, 0xff, 0xff),
    Uint8Array.of(8, 0, 2, 4),
    Uint8Array.of(8, 1, 2, 4),
    Uint8Array.of(1, 1, 1, 2),
    Uint8Array.of(1, 1, 2, 4),
    Uint8Array.of(0, 2, 4, 0xff),
    Uint8Array.of(9, 40, 2, 4),
  ])
    assert.equal(clamped(syn(options)), syn(options));
  const beyond = syn(mss(1440)).slice();
  beyond[52] = 0xf0;
  assert.equal(clamped(beyond), beyond);
});

test('a SYN behind extension headers is clamped, one in a fragment is not', () => {
  const segment = tcp(UP, { flags: TcpFlag.syn, options: mss(1440) });
  const options = destinationOptions(Uint8Array.of(1, 4, 0, 0, 0, 0));
  const packet = clamped(withExtensions(UP, [options], 6, segment));
  assert.equal(packet.subarray(68, 72), mss(1400));
  const fragmented = withExtensions(UP, [fragment(0, true)], 6, segment);
  assert.equal(clamped(fragmented), fragmented);
});

test('the forwarder clamps in both directions, by the tunnel that the SYN takes', () => {
  const forwarder = new ReferenceForwarder();
  forwarder.apply(mobileRouterTable({ pathMtuBytes: 1400 }));
  const out = forwarder.outbound(syn(mss(1440)), 0);
  if (out.kind !== 'send') throw new Error('not sent');
  assert.equal(out.packet.subarray(100, 104), mss(1300));
  const down = tcpPacket(fields(SERVER, VEHICLE), { flags: TcpFlag.syn | TcpFlag.ack, options: mss(1440) });
  const back = forwarder.inbound(outerPacket(fields(HOME_AGENT, CARE_OF[0]), down), 0);
  if (back.kind !== 'deliver') throw new Error('not delivered');
  assert.equal(back.packet.subarray(60, 64), mss(1300));
  assert.ok(hasRightChecksum(back.packet));
});

test.run();
