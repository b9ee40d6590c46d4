// scapy as oracle: what it builds, with and without padding, we decode to the same fields; what it builds against the
// standard, we refuse.
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, addressFromBytes } from '../../src/bytes/address.ts';
import { prefixOf } from '../../src/bytes/prefix.ts';
import type { MobilityMessage } from '../../src/wire/mh/messages/message.ts';
import { MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import { decodeSignalling, type MobilityPacket } from '../../src/wire/signalling.ts';
import { assertWireError, hex, received, withChecksum } from '../lib/wire.ts';

const SEED = 3963;
const PACKETS = 1200;

interface ScapyOption {
  readonly type: number;
  readonly data: string;
  readonly fields: Readonly<Record<string, number | string>>;
}

interface ScapyRow {
  readonly packet: string;
  readonly padded: boolean;
  readonly whole: boolean;
  readonly source: string;
  readonly destination: string;
  readonly homeAddress?: string;
  readonly routing2?: string;
  readonly message: Readonly<Record<string, number | string>> & { readonly type: number };
  readonly options: readonly ScapyOption[];
}

function python(...argv: string[]): string {
  const run = spawnSync('/usr/bin/python3', argv, { encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.is(run.status, 0, run.error?.message ?? run.stderr);
  return run.stdout;
}

const script = new URL('../lib/wire-scapy.py', import.meta.url).pathname;
let rows: readonly ScapyRow[] = [];

test.before(() => {
  rows = python(script, `${SEED}`, `${PACKETS}`)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ScapyRow);
});

/** Where the standards let an option mean something, as scapy does not say it. */
const MEANINGFUL: Readonly<Record<number, readonly number[]>> = {
  [OptionType.bindingRefreshAdvice]: [MessageType.bindingAcknowledgement],
  [OptionType.alternateCareOfAddress]: [MessageType.bindingUpdate],
  [OptionType.nonceIndices]: [MessageType.bindingUpdate],
  [OptionType.bindingAuthorizationData]: [MessageType.bindingUpdate, MessageType.bindingAcknowledgement],
  [OptionType.mobileNetworkPrefix]: [MessageType.bindingUpdate],
  [OptionType.bindingIdentifier]: [
    MessageType.bindingUpdate,
    MessageType.bindingAcknowledgement,
    MessageType.bindingRefreshRequest,
    MessageType.careOfTestInit,
    MessageType.careOfTest,
  ],
  [OptionType.mobilityHeaderLinkLayerAddress]: [MessageType.bindingUpdate],
  [OptionType.mobileNodeIdentifier]: [MessageType.bindingUpdate, MessageType.bindingAcknowledgement],
  [OptionType.mobilityMessageAuthentication]: [MessageType.bindingUpdate, MessageType.bindingAcknowledgement],
  [OptionType.mobilityMessageReplayProtection]: [MessageType.bindingUpdate, MessageType.bindingAcknowledgement],
};

function expectedOption({ type, data, fields }: ScapyOption, messageType: number): MobilityOption {
  const octets = hex(data);
  if (!MEANINGFUL[type]?.includes(messageType)) return { type: 'unknown', optionType: type, data: octets };
  const number = (name: string) => Number(fields[name]);
  switch (type) {
    case OptionType.bindingRefreshAdvice:
      return { type, refreshIntervalSeconds: number('rinter') * 4 };
    case OptionType.alternateCareOfAddress:
      return { type, careOfAddress: address(`${fields['acoa']}`) };
    case OptionType.nonceIndices:
      return { type, homeNonceIndex: number('hni'), careOfNonceIndex: number('coni') };
    case OptionType.bindingAuthorizationData:
      return { type, authenticator: octets };
    case OptionType.mobileNetworkPrefix:
      return { type, prefix: prefixOf(address(`${fields['prefix']}`), number('plen')) };
    case OptionType.mobilityHeaderLinkLayerAddress:
      return { type, optionCode: octets[0]!, linkLayerAddress: octets.subarray(1) };
    case OptionType.mobileNodeIdentifier:
      return { type, subtype: number('subtype'), identifier: hex(`${fields['id']}`) };
    case OptionType.mobilityMessageAuthentication: {
      const authenticator = hex(`${fields['authdata']}`);
      return { type, subtype: number('subtype'), spi: number('mspi'), authenticator };
    }
    case OptionType.mobilityMessageReplayProtection: {
      const [seconds, fraction] = [data.slice(0, 8), data.slice(8)].map((word) => Number.parseInt(word, 16));
      return { type, timestamp: { seconds: seconds!, fraction: fraction! } };
    }
    default: {
      const careOf = octets.subarray(4);
      return {
        type: OptionType.bindingIdentifier,
        bid: octets[0]! * 256 + octets[1]!,
        status: octets[2]!,
        simultaneousHomeAndForeign: octets[3]! >= 128,
        reserved: octets[3]! % 128,
        ...(careOf.length > 0 && { careOfAddress: addressFromBytes(careOf) }),
      };
    }
  }
}

function expectedMessage({ message, options }: ScapyRow): MobilityMessage {
  const number = (name: string) => Number(message[name]);
  const opaque = (name: string) => hex(`${message[name]}`);
  const decoded = options.map((option) => expectedOption(option, message.type));
  switch (message.type) {
    case MessageType.bindingRefreshRequest:
      return { type: MessageType.bindingRefreshRequest, options: decoded };
    case MessageType.bindingUpdate:
      return {
        type: MessageType.bindingUpdate,
        sequenceNumber: number('seq'),
        flags: number('flags') * 0x200 + number('reserved'),
        lifetimeSeconds: number('mhtime') * 4,
        options: decoded,
      };
    case MessageType.bindingAcknowledgement:
      return {
        type: MessageType.bindingAcknowledgement,
        status: number('status'),
        flags: number('flags') * 0x20 + number('res2'),
        sequenceNumber: number('seq'),
        lifetimeSeconds: number('mhtime') * 4,
        options: decoded,
      };
    case MessageType.homeTestInit:
      return { type: MessageType.homeTestInit, homeInitCookie: opaque('cookie'), options: decoded };
    case MessageType.careOfTestInit:
      return { type: MessageType.careOfTestInit, careOfInitCookie: opaque('cookie'), options: decoded };
    case MessageType.homeTest:
      return {
        type: MessageType.homeTest,
        homeNonceIndex: number('index'),
        homeInitCookie: opaque('cookie'),
        homeKeygenToken: opaque('token'),
        options: decoded,
      };
    case MessageType.careOfTest:
      return {
        type: MessageType.careOfTest,
        careOfNonceIndex: number('index'),
        careOfInitCookie: opaque('cookie'),
        careOfKeygenToken: opaque('token'),
        options: decoded,
      };
    default:
      return {
        type: MessageType.bindingError,
        status: number('status'),
        homeAddress: address(`${message['ha']}`),
        options: decoded,
      };
  }
}

function check(row: ScapyRow): void {
  const { homeAddress, routing2 } = row;
  const octets = hex(row.packet);
  const packet: MobilityPacket = {
    kind: 'mobility',
    source: address(row.source),
    destination: address(row.destination),
    ...(homeAddress !== undefined && { homeAddress: address(homeAddress) }),
    ...(routing2 !== undefined && { routing2: address(routing2) }),
    message: expectedMessage(row),
  };
  assert.equal(decodeSignalling(octets), received(packet, octets), JSON.stringify(row));
}

test(`packets that scapy pads decode to its fields (seed ${SEED})`, () => {
  const padded = rows.filter((row) => row.padded);
  assert.is(padded.length, PACKETS / 2);
  for (const row of padded) check(row);
});

test('packets that scapy does not pad decode to its fields where they are a multiple of 8 octets long', () => {
  const whole = rows.filter((row) => !row.padded && row.whole);
  assert.ok(whole.length > 100, `${whole.length}`);
  assert.ok(whole.filter(({ message, options }) => message.type !== 7 && options.length > 0).length > 20);
  for (const row of whole) check(row);
});

test('[6275-6.1.1-03] those that are not break off at Header Len, and their checksum shows it', () => {
  const broken = rows.filter((row) => !row.padded && !row.whole);
  assert.ok(broken.length > 100, `${broken.length}`);
  for (const { packet, homeAddress, routing2 } of broken) {
    const offset = 40 + (homeAddress ? 24 : 0) + (routing2 ? 24 : 0) + 4;
    assertWireError(() => decodeSignalling(hex(packet)), { code: 'bad-checksum', offset }, packet);
  }
});

const IMPORT = 'from scapy.layers.inet6 import *';
const HEADER = "IPv6(src='2001:db8:a::4', dst='2001:db8:1::1')";
const HOME = "HAO(hoa='2001:db8:1::2')";

function built(expression: string): Uint8Array {
  return hex(python('-c', `${IMPORT}\nprint(bytes(${HEADER}/${expression}).hex())`));
}

test("[6275-6.2.1-02] options with scapy's own default lengths, which are wrong, are refused", () => {
  const nonces = built('MIP6MH_BU(seq=1, options=[MIP6OptNonceIndices()])');
  assertWireError(() => decodeSignalling(nonces), { code: 'option-overrun', offset: 53 });
  const authorization = built('MIP6MH_BU(seq=1, options=[MIP6OptBindingAuthData()])');
  assertWireError(() => decodeSignalling(authorization), { code: 'option-overrun', offset: 59 });
});

test('[6275-6.2-01] Binding Authorization Data that is not the last option is refused', () => {
  const options = '[MIP6OptBindingAuthData(olen=12), MIP6OptNonceIndices(olen=4)]';
  assertWireError(() => decodeSignalling(built(`MIP6MH_BU(seq=1, options=${options})`)), {
    code: 'option-not-last',
    offset: 58,
  });
});

test('[6275-9.2-03] [6275-9.2-05] a wrong Payload Proto and a short Header Len are refused', () => {
  assertWireError(() => decodeSignalling(built('MIP6MH_BU(seq=1, nh=6)')), {
    code: 'bad-next-header',
    offset: 40,
    answer: { kind: 'parameter-problem', code: 0, pointer: 40 },
  });
  // Its 8 octets by hand: scapy always writes all fields.
  const short = "Raw(bytes.fromhex('3b00050000000001'))";
  const checksum = 'in6_chksum(135, IPv6(src="2001:db8:a::4", dst="2001:db8:1::1"), bytes.fromhex("3b00050000000001"))';
  const packet = built(short);
  packet[6] = 135;
  const sum = Number(python('-c', `${IMPORT}\nprint(${checksum})`));
  packet[44] = sum >> 8;
  packet[45] = sum & 255;
  assertWireError(() => decodeSignalling(packet), {
    code: 'bad-length',
    offset: 41,
    answer: { kind: 'parameter-problem', code: 0, pointer: 41 },
  });
});

test('a Home Address option without padding is read where the header is whole, and refused where it is not', () => {
  const whole = built(`IPv6ExtHdrDestOpt(autopad=0, options=[${HOME}, PadN(optdata=b'12')])/MIP6MH_BRR()`);
  assert.is(whole[42], 201);
  // Beside another option scapy overlooks the home address in its checksum.
  const mobility = withChecksum(whole.subarray(64), 4, 135, address('2001:db8:1::2'), address('2001:db8:1::1'));
  whole.set(mobility, 64);
  const decoded = decodeSignalling(whole);
  assert.is(decoded.homeAddress, address('2001:db8:1::2'));
  assert.is(decoded.kind, 'mobility');
  const broken = built(`IPv6ExtHdrDestOpt(autopad=0, options=[${HOME}])/MIP6MH_BRR()`);
  // scapy rounds the header's length up, so that it takes the first half of the Mobility Header with it.
  assertWireError(() => decodeSignalling(broken), { code: 'truncated', offset: 68 });
});

test('[6275-6.3-04] [6275-6.4.1-01] two Home Address options, and other kinds of routing headers, are refused', () => {
  assertWireError(() => decodeSignalling(built(`IPv6ExtHdrDestOpt(options=[${HOME}, ${HOME}])/MIP6MH_BRR()`)), {
    code: 'duplicate-option',
    offset: 70,
  });
  const addresses = "['2001:db8:1::2', '2001:db8:1::3']";
  assertWireError(() => decodeSignalling(built(`IPv6ExtHdrRouting(type=2, addresses=${addresses})/MIP6MH_BRR()`)), {
    code: 'bad-length',
    offset: 41,
  });
  assertWireError(() => decodeSignalling(built(`IPv6ExtHdrRouting(type=0, addresses=${addresses})/MIP6MH_BRR()`)), {
    code: 'unsupported',
    offset: 42,
    answer: { kind: 'parameter-problem', code: 0, pointer: 42 },
  });
});

test.run();
