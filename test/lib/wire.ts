// Helpers for tests of what goes over the wire.
import * as assert from 'uvu/assert';
import { type Address, addressToBytes } from '../../src/bytes/address.ts';
import { parseHex } from '../../src/bytes/hex.ts';
import { WireError, type WireErrorAnswer, type WireErrorCode } from '../../src/bytes/wire-error.ts';
import type { SignallingPacket } from '../../src/wire/signalling.ts';

/** Octets from hex digits with spaces anywhere. */
export function hex(text: string): Uint8Array {
  const bytes = parseHex(text);
  if (!bytes) throw new TypeError(`not hex: ${text}`);
  return bytes;
}

export interface ExpectedError {
  readonly code: WireErrorCode;
  readonly offset: number;
  /** Absent: nothing may be sent back. */
  readonly answer?: WireErrorAnswer;
}

/** Asserts that a decoder throws a `WireError` with this code, offset and answer, and nothing else. */
export function assertWireError(decode: () => unknown, expected: ExpectedError, label = ''): void {
  let thrown: unknown;
  let value: unknown;
  try {
    value = decode();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown instanceof WireError, `${label} expected ${expected.code}, got ${thrown ?? JSON.stringify(value)}`);
  const { code, offset, answer } = thrown as WireError;
  assert.equal({ code, offset, answer }, { answer: undefined, ...expected }, label);
}

/** The same octets as a view in the middle of a larger buffer full of ones. */
export function shifted(bytes: Uint8Array, by = 10): Uint8Array {
  const larger = new Uint8Array(bytes.length + 2 * by).fill(0xff);
  larger.set(bytes, by);
  return larger.subarray(by, by + bytes.length);
}

/** A packet as it comes out of the decoder: with the octets of its Mobility Header, which ends the packet. */
export function received(packet: SignallingPacket, octets: Uint8Array): SignallingPacket {
  if (packet.kind !== 'mobility') return packet;
  const start = packet.outer ? (packet.outer.ports ? 28 : 20) : 0;
  let at = start + 40;
  for (let next = octets[start + 6]!; next !== 135; at += (octets[at + 1]! + 1) * 8) next = octets[at]!;
  return { ...packet, mobilityHeader: octets.subarray(at) };
}

/** RFC 8200 §8.1 word by word, written apart from the code under test. */
export function naiveChecksum(source: Address, destination: Address, protocol: number, payload: Uint8Array): number {
  const length = payload.length;
  const octets = [
    ...addressToBytes(source),
    ...addressToBytes(destination),
    ...[length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255, 0, 0, 0, protocol],
    ...payload,
  ];
  if (octets.length % 2) octets.push(0);
  let sum = 0;
  for (let i = 0; i < octets.length; i += 2) {
    sum += octets[i]! * 256 + octets[i + 1]!;
    if (sum > 0xffff) sum = (sum & 0xffff) + 1;
  }
  return 0xffff - sum;
}

/** Octets with the right checksum written at `at`. */
export function withChecksum(
  bytes: Uint8Array,
  at: number,
  protocol: number,
  source: Address,
  destination: Address,
): Uint8Array {
  const fixed = Uint8Array.from(bytes);
  fixed[at] = 0;
  fixed[at + 1] = 0;
  const sum = naiveChecksum(source, destination, protocol, fixed);
  fixed[at] = sum >> 8;
  fixed[at + 1] = sum & 255;
  return fixed;
}

/** A Mobility Header from hex, with its checksum put right. */
export function mobilityHeader(text: string, source: Address, destination: Address): Uint8Array {
  return withChecksum(hex(text), 4, 135, source, destination);
}

/** A pcap file (raw IP, microseconds) with these packets, one second apart. */
export function pcapFile(packets: readonly Uint8Array[], linkType = 101): Uint8Array {
  const octets = packets.reduce((sum, packet) => sum + 16 + packet.length, 24);
  const file = new Uint8Array(octets);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 65535, true);
  view.setUint32(20, linkType, true);
  let at = 24;
  for (const [index, packet] of packets.entries()) {
    view.setUint32(at, 1_700_000_000 + index, true);
    view.setUint32(at + 8, packet.length, true);
    view.setUint32(at + 12, packet.length, true);
    file.set(packet, at + 16);
    at += 16 + packet.length;
  }
  return file;
}
