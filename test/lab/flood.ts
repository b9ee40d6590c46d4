// Datagrams for port 4191 of the home agent that nobody honest sends, and a program that sends them at line rate.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, address } from '../../src/bytes/address.ts';
import { unsignedAuthentication } from '../../src/wire/mh/authentication.ts';
import { BindingUpdateFlag, MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import { encodeOuter, type OuterHeader } from '../../src/wire/outer-header.ts';
import { encodeSignalling } from '../../src/wire/signalling.ts';
import { ntp, replayProtection, sign } from '../lib/authenticated.ts';
import { mutate, Random } from '../lib/wire-mutations.ts';
import { SPI } from './monami.ts';
import { LabError, type LabProcess, start } from './namespace.ts';
import { addresses, ipv4Addresses, publicAddress } from './topology.ts';

const PORT = 4191;
const UDP_AT = 20;
const INSIDE_AT = 28;
const EACH = 150;
const WRONG_KEY = 'feedfacefeedfacefeedfacefeedface';
const AGENT = address(ipv4Addresses.homeAgent);
const { acknowledge, homeRegistration, mobileRouter } = BindingUpdateFlag;

/** From where a hostile datagram seems to come: a stranger, or the router's own NAT and port. */
function outerOf(random: Random, isStranger = random.below(2) === 0): OuterHeader {
  const source = isStranger ? `203.0.113.${128 + random.below(128)}` : publicAddress('satellite');
  return {
    source: address(source),
    destination: AGENT,
    ports: { source: isStranger ? 1024 + random.below(60_000) : PORT, destination: PORT },
  };
}

/** A registration of the vehicle by somebody who does not know its key. */
function forgedUpdate(random: Random, isSigned: boolean): Uint8Array {
  const home = address(addresses.homeAddress);
  return encodeSignalling(
    {
      kind: 'mobility',
      outer: outerOf(random),
      source: home,
      destination: address(addresses.homeAgent),
      message: {
        type: MessageType.bindingUpdate,
        sequenceNumber: random.below(0x10000),
        flags: acknowledge | homeRegistration | mobileRouter,
        lifetimeSeconds: random.below(2) === 0 ? 0 : 600,
        options: [
          {
            type: OptionType.bindingIdentifier,
            bid: 1 + random.below(3),
            status: 0,
            simultaneousHomeAndForeign: false,
            reserved: 0,
          },
          ...(isSigned
            ? [replayProtection(ntp(Date.now(), random.below(0x7fffffff))), unsignedAuthentication(SPI)]
            : []),
        ],
      },
    },
    isSigned ? { sign: sign(WRONG_KEY) } : {},
  );
}

/** A packet of the vehicle's, or of anybody's, in the tunnel of somebody else. */
function forgedData(random: Random): Uint8Array {
  const source: Address = address(random.below(2) === 0 ? addresses.vehicle : '2001:db8:bad::1');
  const payload = random.bytes(40);
  const destination = address(addresses.server);
  return encodeSignalling({ kind: 'other', outer: outerOf(random), source, destination, protocol: 17, payload });
}

function damaged(packet: Uint8Array, at: number, ...values: readonly number[]): Uint8Array {
  const copy = packet.slice();
  copy.set(values, at);
  return copy;
}

/** Hostile datagrams of all kinds. `recorded`: whole packets of good registrations, as an eavesdropper has them. */
export function hostileDatagrams(recorded: readonly Uint8Array[], seed: number): Uint8Array[] {
  const random = new Random(seed);
  const good = () => random.pick(recorded);
  const kinds: readonly (() => Uint8Array)[] = [
    () => encodeOuter(outerOf(random), random.bytes(random.below(200))),
    () => encodeOuter(outerOf(random), new Uint8Array()),
    () => damaged(encodeOuter(outerOf(random), random.bytes(60)), UDP_AT + 4, random.below(256), random.below(256)),
    () => damaged(good(), UDP_AT + 6, random.below(256), 1 + random.below(255)),
    () => good(),
    () => encodeOuter(outerOf(random), good().subarray(INSIDE_AT)),
    () => encodeOuter(outerOf(random), mutate(random, good().slice(INSIDE_AT), good().subarray(INSIDE_AT))),
    () => encodeOuter(outerOf(random), good().subarray(INSIDE_AT, INSIDE_AT + random.below(100))),
    // With a TLV header in front (RFC 5555 §4.1), which nobody has negotiated.
    () => encodeOuter(outerOf(random), Uint8Array.from([0x10, 0, 0, 0, ...good().subarray(INSIDE_AT)])),
    () => forgedUpdate(random, true),
    () => forgedUpdate(random, false),
    () => forgedData(random),
    () => encodeOuter({ source: outerOf(random).source, destination: AGENT }, good().subarray(INSIDE_AT)),
  ];
  return kinds.flatMap((kind) => Array.from({ length: EACH }, kind)).sort(() => random.below(3) - 1);
}

/** Builds the sender; `send` floods the home agent from a namespace and prints how many packets went out. */
export function buildFlood(directory: string, datagrams: readonly Uint8Array[]) {
  const program = join(directory, 'flood');
  const file = join(directory, 'datagrams');
  const source = new URL('./flood.c', import.meta.url).pathname;
  const argv = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', source, '-o', program];
  const { status, stderr } = spawnSync('cc', argv, { encoding: 'utf8' });
  if (status !== 0) throw new LabError(stderr);
  writeFileSync(
    file,
    Buffer.concat(
      datagrams.map((packet) => Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 0xff]), packet])),
    ),
  );
  return {
    send: (namespace: string, seconds: number, most: number, onLine: (line: string) => void): LabProcess =>
      start(namespace, [program, ipv4Addresses.homeAgent, file, `${seconds}`, `${most}`], { onLine }),
  };
}
