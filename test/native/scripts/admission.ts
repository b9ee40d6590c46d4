// In a namespace of its own with a pair of veth devices: what a packet socket gives of a flood with signed updates in it.
import {
  admitSigned,
  commandLine,
  HASH_SHA1,
  heldBack,
  hmac,
  META_WORDS,
  packetOpen,
  rawIpv4Open,
  rawIpv4Send,
  rawIpv6Open,
  rawIpv6Send,
  receive,
} from 'monami-native';
import { address, addressToBytes } from '../../../src/bytes/address.ts';
import { unsignedAuthentication } from '../../../src/wire/mh/authentication.ts';
import { MessageType, OptionType } from '../../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../../src/wire/mh/options/option.ts';
import { encodeSignalling, type MobilityPacket } from '../../../src/wire/signalling.ts';
import { finish, octets, outcome } from './lib.ts';

const [near = 0, far = 0] = commandLine.map(Number);
const FLOOD = 200;
const CARE_OF = address('2001:db8::1');
const AGENT = address('2001:db8::2');
const HOME = address('2001:db8:1::7');
const OTHER_HOME = address('2001:db8:1::8');
const KEY = '000102030405060708090a0b0c0d0e0f';
const OTHER_KEY = 'ff'.repeat(16);
const SPI = 256;
const outer = {
  source: address('192.0.2.1'),
  destination: address('192.0.2.2'),
  ports: { source: 4191, destination: 4191 },
};

interface Choice {
  readonly homeAddress?: typeof HOME;
  readonly seconds?: number;
  readonly key?: string;
  readonly spi?: number;
  readonly inIpv4?: boolean;
  readonly alternate?: typeof HOME;
  readonly signed?: boolean;
  readonly damage?: boolean;
}

/** The sequence number tells the updates apart. */
function update(sequenceNumber: number, choice: Choice = {}): Uint8Array {
  const { homeAddress = HOME, seconds = 1000, key = KEY, spi = SPI, inIpv4, alternate, signed = true } = choice;
  const options: MobilityOption[] = alternate
    ? [{ type: OptionType.alternateCareOfAddress, careOfAddress: alternate }]
    : [];
  if (signed) {
    options.push({
      type: OptionType.mobilityMessageReplayProtection,
      timestamp: { seconds, fraction: sequenceNumber },
    });
    options.push(unsignedAuthentication(spi));
  }
  const packet: MobilityPacket = {
    kind: 'mobility',
    ...(inIpv4 ? { source: homeAddress, outer } : { source: CARE_OF, homeAddress }),
    destination: AGENT,
    message: { type: MessageType.bindingUpdate, sequenceNumber, flags: 0xc000, lifetimeSeconds: 60, options },
  };
  const sign = (data: Uint8Array) => {
    const { buffer, byteOffset, length } = data;
    return new Uint8Array(hmac(HASH_SHA1, octets(key), buffer as ArrayBuffer, byteOffset, length)).subarray(0, 12);
  };
  const bytes = encodeSignalling(packet, signed ? { sign } : {});
  if (choice.damage) bytes[bytes.length - 1]! ^= 1;
  return bytes;
}

const acceptAll = octets('0600 00 00 ffff0000');
const sockets = [0x86dd, 0x0800].map((etherType) => packetOpen(far, etherType, acceptAll));
const senders = { ipv6: rawIpv6Open(), ipv4: rawIpv4Open() };
if (Math.min(...sockets, senders.ipv6, senders.ipv4) < 0) throw new Error('a socket is missing');

function send(...packets: readonly Uint8Array[]): void {
  for (const packet of packets) {
    const { buffer, byteOffset, length } = packet;
    const [handle, way] = packet[0]! >> 4 === 4 ? [senders.ipv4, rawIpv4Send] : [senders.ipv6, rawIpv6Send];
    const sent = way(handle, buffer as ArrayBuffer, byteOffset, length, near);
    if (sent !== length) throw new Error(`sent ${sent} of ${length}`);
  }
}

const BATCH = 64;
const buffer = new ArrayBuffer(BATCH * 1024);
const meta = new Int32Array(META_WORDS * BATCH);

/** Sequence numbers of what a socket gives at once. */
function taken(socket: number): number[] {
  const count = receive(socket, buffer, 0, buffer.byteLength, meta, BATCH);
  const bytes = new Uint8Array(buffer);
  return Array.from({ length: count }, (_, i) => {
    const offset = meta[i * META_WORDS]!;
    const inner = bytes[offset]! >> 4 === 4 ? offset + 28 : offset;
    const header = inner + 40 + (bytes[inner + 6] === 60 ? 24 : 0);
    return bytes[header + 6]! * 256 + bytes[header + 7]!;
  });
}

const association = [...addressToBytes(HOME), 0, 0, SPI >> 8, SPI & 255, ...new Uint8Array(octets(KEY))];
const flood = Array.from({ length: FLOOD }, (_, i) => update(1000 + i, { signed: i % 2 === 0, key: OTHER_KEY }));
const floodIpv4 = Array.from({ length: FLOOD }, (_, i) => update(1000 + i, { inIpv4: true, key: OTHER_KEY }));
const results: Record<string, unknown> = {};

results['half an association'] = outcome(() => admitSigned(new ArrayBuffer(35)));
send(...flood);
results['without keys'] = taken(sockets[0]!).length;
while (taken(sockets[0]!).length > 0);
results['keys taken'] = admitSigned(Uint8Array.from(association).buffer);

send(update(1, { signed: false }), update(2, { key: OTHER_KEY }), update(3, { homeAddress: OTHER_HOME }));
results['quiet'] = [taken(sockets[0]!), heldBack()];

const good = [update(4), update(5, { alternate: AGENT }), update(9, { seconds: 1001 })];
const bad = [
  update(20, { seconds: 2000, key: OTHER_KEY }),
  update(21, { seconds: 2000, spi: SPI + 1 }),
  update(22, { seconds: 2000, homeAddress: OTHER_HOME }),
  update(23, { seconds: 2000, damage: true }),
  update(24, { seconds: 999 }),
];
send(...flood, ...good, ...bad, good[1]!);
const kept = taken(sockets[0]!);
results['of a flood'] = {
  signed: kept.filter((number) => number < 1000),
  others: kept.filter((number) => number >= 1000).length,
  heldBack: heldBack(),
  left: taken(sockets[0]!).length,
};

send(
  ...floodIpv4,
  update(31, { inIpv4: true, seconds: 1100 }),
  update(32, { inIpv4: true, seconds: 1100, alternate: AGENT }),
);
results['in UDP'] = taken(sockets[1]!).filter((number) => number < 1000);

const empty = admitSigned(new ArrayBuffer(0));
send(...flood, update(40, { seconds: 3000 }));
results['no keys any more'] = [empty, taken(sockets[0]!).includes(40)];
finish(results);
