// Calls that must throw, and handles that are closed or of the wrong kind.
import * as native from 'monami-native';
import { finish, LOOPBACK4, octets, outcome } from './lib.ts';

const buffer = new ArrayBuffer(8);
const udp = native.udpOpen(LOOPBACK4, 0, false);
const closed = native.udpOpen(LOOPBACK4, 0, false);
native.close(closed);
const successor = native.udpOpen(LOOPBACK4, 0, false);
const meta = new Int32Array(native.META_WORDS);
const wrong = <T>(value: unknown) => value as T;

finish({
  differs: closed !== successor,
  closed: outcome(() => native.close(closed)),
  closedSend: outcome(() => native.udpSend(closed, buffer, 0, 1, LOOPBACK4, 1)),
  never: outcome(() => native.watch(12_345, 1)),
  zero: outcome(() => native.close(0)),
  notANumber: outcome(() => native.close(wrong<number>('1'))),
  wrongKind: outcome(() => native.accept(udp)),
  wrongKindRead: outcome(() => native.streamRead(udp, buffer, 0, 8)),
  notABuffer: outcome(() => native.udpSend(udp, wrong<ArrayBuffer>('text'), 0, 1, LOOPBACK4, 1)),
  aView: outcome(() => native.udpSend(udp, wrong<ArrayBuffer>(new Uint8Array(8)), 0, 1, LOOPBACK4, 1)),
  beyond: outcome(() => native.udpSend(udp, buffer, 4, 5, LOOPBACK4, 1)),
  negative: outcome(() => native.udpSend(udp, buffer, -1, 2, LOOPBACK4, 1)),
  fraction: outcome(() => native.udpSend(udp, buffer, 0.5, 2, LOOPBACK4, 1)),
  huge: outcome(() => native.udpSend(udp, buffer, 1, 0x7fff_ffff, LOOPBACK4, 1)),
  address: outcome(() => native.udpSend(udp, buffer, 0, 1, octets('7f0000'), 1)),
  port: outcome(() => native.udpSend(udp, buffer, 0, 1, LOOPBACK4, 65_536)),
  missing: outcome(() => (native.udpSend as unknown as (handle: number) => number)(udp)),
  metaTooSmall: outcome(() => native.receive(udp, buffer, 0, 8, meta, 2)),
  metaOfBytes: outcome(() => native.receive(udp, buffer, 0, 8, wrong<Int32Array>(new Uint8Array(400)), 1)),
  noRoom: outcome(() => native.receive(udp, buffer, 0, 0, meta, 1)),
  handler: outcome(() => native.onTurn(wrong<() => number>(1))),
  status: outcome(() => native.exit(256)),
  nul: outcome(() => native.readFile('a\0b')),
  longPath: outcome(() => native.unixListen('x'.repeat(200))),
  deviceName: outcome(() => native.tunOpen('a-name-that-is-too-long')),
  notAPacket: outcome(() => native.print(wrong<1>(3), '')),
  signals: outcome(() => native.signalOpen([999])),
});
