// In a namespace of its own with a pair of veth devices, both ends in it: packet sockets, raw packets, rtnetlink, TUN.
import {
  commandLine,
  forwarderOpen,
  ipv6JoinGroup,
  ipv6LeaveGroup,
  META_WORDS,
  netlinkOpen,
  netlinkSend,
  packetOpen,
  rawIpv4Open,
  rawIpv4Send,
  rawIpv6Open,
  rawIpv6Send,
  receive,
  tunOpen,
  udpOpen,
  udpSend,
} from 'monami-native';
import { after, closeHandle, finish, octets, on, outcome, start, toHex } from './lib.ts';

const [near = 0, far = 0] = commandLine.map(Number);
const IPV6 = 0x86dd;
const IPV4 = 0x0800;
const NEAR = '20010db8000000000000000000000001';
const FAR = '20010db8000000000000000000000002';
const NEAR4 = 'c0000201';
const OTHER4 = 'c0000203';
const FAR4 = 'c0000202';

/** Classic BPF: accept next header 60 (destination options) and 43 (routing), whole. */
function program(): ArrayBuffer {
  const instructions = [
    [0x30, 0, 0, 6], // ldb [6]
    [0x15, 1, 0, 60], // jeq 60
    [0x15, 0, 1, 43], // jeq 43
    [0x06, 0, 0, 65_535], // accept
    [0x06, 0, 0, 0],
  ] as const;
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(([code, whenTrue, whenFalse, value], i) => {
    view.setUint16(i * 8, code, true);
    view.setUint8(i * 8 + 2, whenTrue);
    view.setUint8(i * 8 + 3, whenFalse);
    view.setUint32(i * 8 + 4, value, true);
  });
  return view.buffer;
}

function packet(nextHeader: number, payload: string): ArrayBuffer {
  const length = (payload.replace(/\s/g, '').length / 2).toString(16).padStart(4, '0');
  return octets(`60000000 ${length} ${nextHeader.toString(16).padStart(2, '0')}40 ${NEAR} ${FAR} ${payload}`);
}

/** A Home Address option (RFC 6275 §6.3) with no next header, and a type 2 routing header (§6.4) likewise. */
const withHomeAddress = packet(60, `3b02 0102 0000 c910 ${NEAR}`);
const withRouting = packet(43, `3b02 0201 00000000 ${FAR}`);
const withNeither = packet(59, '');

/** RTM_GETLINK with NLM_F_REQUEST and NLM_F_DUMP, for every family. */
function dumpLinks(): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(32));
  view.setUint32(0, 32, true);
  view.setUint16(4, 18, true);
  view.setUint16(6, 0x0301, true);
  view.setUint32(8, 77, true);
  return view.buffer;
}

const results: Record<string, unknown> = {};
const buffer = new ArrayBuffer(65_536);
const meta = new Int32Array(META_WORDS * 8);

const listening = packetOpen(far, IPV6, program());
const seen: unknown[] = [];
const seen4: string[] = [];
on(listening, () => {
  const count = receive(listening, buffer, 0, buffer.byteLength, meta, 8);
  for (let i = 0; i < count; i++) {
    const [offset = 0, length = 0, wireLength, interfaceIndex] = meta.subarray(i * META_WORDS);
    seen.push({
      packet: toHex(buffer, offset, length),
      wireLength,
      interface: interfaceIndex === far ? 'far' : 'else',
    });
  }
});
/** On the sending side: it must not see what leaves. */
const outgoing = packetOpen(near, IPV6, program());
let sawOutgoing = 0;
on(outgoing, () => {
  sawOutgoing += receive(outgoing, buffer, 0, buffer.byteLength, meta, 8);
});

const links = netlinkOpen([1]);
const names = new Set<number>();
let dumpDone = false;
on(links, () => {
  const count = receive(links, buffer, 0, buffer.byteLength, meta, 8);
  for (let i = 0; i < count; i++) {
    const offset = meta[i * META_WORDS]!;
    const end = offset + meta[i * META_WORDS + 1]!;
    const view = new DataView(buffer);
    for (let at = offset; at < end; at += (view.getUint32(at, true) + 3) & ~3) {
      const type = view.getUint16(at + 4, true);
      if (type === 3) dumpDone = true;
      if (type === 16) names.add(view.getInt32(at + 20, true));
    }
  }
});
results['dump sent'] = netlinkSend(links, dumpLinks(), 0, 32);

const raw = rawIpv6Open();
results['sent'] = [withHomeAddress, withRouting, withNeither].map((whole) =>
  rawIpv6Send(raw, whole, 0, whole.byteLength, near),
);
const foreign = withHomeAddress.slice(0);
new Uint8Array(foreign).set(new Uint8Array(octets('20010db8ffff00000000000000000009')), 8);
results['source that is not ours'] = rawIpv6Send(raw, foreign, 0, foreign.byteLength, near);
results['not a packet'] = outcome(() => rawIpv6Send(raw, new ArrayBuffer(40), 0, 40, near));
results['bad program'] = outcome(() => packetOpen(far, IPV6, new ArrayBuffer(9)));
results['bad instruction'] = packetOpen(far, IPV6, octets('ffffffffffffffff'));
results['no such interface'] = packetOpen(9999, IPV6, program());

/** An IPv4 packet of an experimental protocol (RFC 3692), without a checksum, and with a port-like payload. */
const ipv4Packet = (source: string) => octets(`45000018 00004000 40fd0000 ${source} ${FAR4} deadbeef`);
const listening4 = packetOpen(far, IPV4, octets('3000000009000000 15000001fd000000 06000000ffff0000 0600000000000000'));
on(listening4, () => {
  const count = receive(listening4, buffer, 0, buffer.byteLength, meta, 8);
  for (let i = 0; i < count; i++) {
    const [offset = 0, length = 0] = meta.subarray(i * META_WORDS);
    seen4.push(toHex(buffer, offset, length));
  }
});
const raw4 = rawIpv4Open();
/** A routing rule lets nothing out that comes from the other address. */
results['sent over IPv4'] = [NEAR4, OTHER4].map((source) => rawIpv4Send(raw4, ipv4Packet(source), 0, 24, 0));
results['not an IPv4 packet'] = [
  outcome(() => rawIpv4Send(raw4, withNeither, 0, withNeither.byteLength, near)),
  outcome(() => rawIpv4Send(raw4, ipv4Packet(NEAR4), 0, 19, near)),
  outcome(() => rawIpv4Send(raw, ipv4Packet(NEAR4), 0, 24, near)),
  outcome(() => rawIpv6Send(raw, ipv4Packet(NEAR4), 0, 24, near)),
];
const bound = udpOpen(octets(NEAR4), 0, false, near);
results['UDP by one interface alone'] = [
  udpSend(bound, buffer, 0, 1, octets(FAR4), 9),
  udpOpen(octets(NEAR4), 0, false, 9999),
  outcome(() => udpOpen(octets(NEAR4), 0, false, -1)),
];

const group = octets('ff0200000000000000000001ff001234');
results['groups'] = [
  ipv6JoinGroup(raw, group, near),
  ipv6JoinGroup(raw, group, near),
  ipv6LeaveGroup(raw, group, near),
  ipv6LeaveGroup(raw, group, near),
  ipv6JoinGroup(raw, group, 9999),
  ipv6JoinGroup(raw, octets('20010db80000000000000000000000ff'), near),
  ipv6LeaveGroup(raw, octets('20010db80000000000000000000000ff'), near),
];
results['not an address'] = outcome(() => ipv6JoinGroup(raw, new ArrayBuffer(4), near));

const tun = tunOpen('mtest0');
results['tun'] = tun > 0;
results['tun twice'] = tunOpen('mtest0');
results['forwarder on a socket'] = outcome(() => forwarderOpen(raw));
const udp = udpOpen(octets(NEAR), 5000, false);
results['no route'] = udpSend(udp, buffer, 0, 1, octets('20010db8eeee00000000000000000001'), 9);

after(300, () => {
  closeHandle(tun);
  finish({
    ...results,
    seen,
    'seen over IPv4': seen4,
    sawOutgoing,
    dumpDone,
    links: [names.has(near), names.has(far)],
  });
});
start();
