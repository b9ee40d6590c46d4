// Ends with a handle of every kind open, in the way that the command line names.
import * as native from 'monami-native';
import { LOOPBACK4, octets } from './lib.ts';

const [way = '', directory = '.'] = native.commandLine;
const handles = [
  native.signalOpen([10]),
  native.udpOpen(LOOPBACK4, 0, false),
  native.tcpListen(LOOPBACK4, 24_070),
  native.tcpConnect(LOOPBACK4, 24_070, undefined),
  native.unixListen(`${directory}/teardown.sock`),
  native.unixConnect(`${directory}/teardown.sock`),
  native.netlinkOpen([1]),
  native.resolveOpen('localhost', 0),
  native.resolveOpen('192.0.2.7', 4),
];
if (handles.some((handle) => handle < 0)) throw new Error(`handles: ${handles}`);
// These need rights that not everybody has.
const raw = native.rawIpv6Open();
const packet = native.packetOpen(1, 0x86dd, octets('0600000000000000'));
const tun = native.tunOpen('mtest1');
const forwarder = tun > 0 ? native.forwarderOpen(tun) : tun;

const held = new Promise<never>(() => undefined);
let turns = 0;
native.onTurn((events) => {
  turns += 1;
  void held.then(() => events);
  if (turns < 3) return 0;
  native.print(1, JSON.stringify({ raw: raw > 0, packet: packet > 0, tun: tun > 0, forwarder }));
  if (way === 'throw') throw new Error('in the midst of it');
  if (way === 'close-tun-first' && tun > 0) native.close(tun);
  void Promise.reject(new Error('left behind')).catch(() => undefined);
  native.exit(0);
  return Number.POSITIVE_INFINITY;
});
