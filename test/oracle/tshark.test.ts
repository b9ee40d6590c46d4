// tshark as oracle: it dissects what we encode without a complaint and agrees on every field.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress, isIpv4 } from '../../src/bytes/address.ts';
import { formatHex } from '../../src/bytes/hex.ts';
import type { MobilityMessage } from '../../src/wire/mh/messages/message.ts';
import { MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import { encodeSignalling, type Icmpv6Packet, type SignallingPacket } from '../../src/wire/signalling.ts';
import { hex, pcapFile } from '../lib/wire.ts';
import { Random } from '../lib/wire-mutations.ts';
import { randomMobilityPacket } from '../lib/wire-random-packets.ts';
import { CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MESSAGE_VECTORS } from '../lib/wire-vectors.ts';

const SEED = 5648;
const RANDOM_PACKETS = 600;

type Field = readonly [name: string, shown: string];

/** Dissections, one list of fields per packet, in the order of the packet. */
function dissect(packets: readonly Uint8Array[]): Field[][] {
  const directory = mkdtempSync(join(tmpdir(), 'monami-tshark-'));
  try {
    const file = join(directory, 'packets.pcap');
    writeFileSync(file, pcapFile(packets));
    const run = spawnSync('tshark', ['-n', '-r', file, '-T', 'pdml'], { encoding: 'utf8', maxBuffer: 1 << 28 });
    assert.is(run.status, 0, run.error?.message ?? run.stderr);
    return run.stdout
      .split('<packet>')
      .slice(1)
      .map((packet) =>
        [...packet.matchAll(/<(?:field|proto) name="([^"]*)"([^>]*)>/g)].map(
          ([, name, attributes]): Field => [name!, /\bshow="([^"]*)"/.exec(attributes!)?.[1] ?? ''],
        ),
      );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Names of the fields that are compared; the others say the same in another way, or how the capture was made. */
const COMPARED = /^(ipv6\.(src|dst|hlim|plen)$|ipv6\..*home_address$|mip6\.|icmpv6\.(type|code|echo|mtu|pointer))/;
const NOT_COMPARED = /^(mip6\.(options\.|mobility_opt|padn|csum|hlen|unknown_type_data)|mip6\.hoti)/;
const COMPLAINT = /^_ws\.(expert|malformed|unreassembled)/;

function compared(fields: readonly Field[]): Field[] {
  return fields.filter(([name]) => COMPARED.test(name) && !NOT_COMPARED.test(name));
}

function flags(word: number, highest: number, names: readonly string[]): Field[] {
  return names.map((name, i): Field => [name, (word & (highest >> i)) === 0 ? '0' : '1']);
}

function expectedOption(option: MobilityOption): Field[] {
  switch (option.type) {
    case OptionType.bindingRefreshAdvice:
      return [['mip6.bra.interval', `${option.refreshIntervalSeconds / 4}`]];
    case OptionType.alternateCareOfAddress:
      return [['mip6.acoa.acoa', formatAddress(option.careOfAddress)]];
    case OptionType.nonceIndices:
      return [
        ['mip6.ni.hni', `${option.homeNonceIndex}`],
        ['mip6.ni.cni', `${option.careOfNonceIndex}`],
      ];
    case OptionType.bindingAuthorizationData:
      return [['mip6.bad.auth', formatHex(option.authenticator).replace(/..(?=.)/g, '$&:')]];
    case OptionType.mobileNetworkPrefix:
      return [
        ['mip6.nemo.mnp.pfl', `${option.prefix.length}`],
        ['mip6.nemo.mnp.mnp', formatAddress(option.prefix.address)],
      ];
    case OptionType.bindingIdentifier: {
      const fields: Field[] = [
        ['mip6.bi.bid', `${option.bid}`],
        ['mip6.bi.status', `${option.status}`],
        ['mip6.bi.h_flag', option.simultaneousHomeAndForeign ? '1' : '0'],
      ];
      const address = option.careOfAddress;
      if (address !== undefined) {
        fields.push([isIpv4(address) ? 'mip6.bi.coa_ipv4' : 'mip6.bi.coa_ipv6', formatAddress(address)]);
      }
      return fields;
    }
    case 'unknown':
      return [];
  }
}

function expectedMessage(message: MobilityMessage): Field[] {
  const start = (type: number): Field[] => [
    ['mip6.proto', '59'],
    ['mip6.mhtype', `${type}`],
    ['mip6.reserved', '0x00'],
  ];
  if (message.type === 'unknown') return start(message.messageType);
  const options = message.options.flatMap(expectedOption);
  switch (message.type) {
    case MessageType.bindingRefreshRequest:
      return [...start(0), ['mip6.binding_refresh_request', '00:00'], ...options];
    case MessageType.bindingUpdate:
      return [
        ...start(5),
        ['mip6.bu.seqnr', `${message.sequenceNumber}`],
        ...flags(message.flags, 0x8000, [
          ...['mip6.bu.a_flag', 'mip6.bu.h_flag', 'mip6.bu.l_flag', 'mip6.bu.k_flag', 'mip6.bu.m_flag'],
          ...['mip6.nemo.bu.r_flag', 'mip6.bu.p_flag', 'mip6.bu.f_flag', 'mip6.bu.t_flag'],
          // The Overwrite flag under the name that RFC 6602 gives to the same bit.
          'mip6.bu.b_flag',
        ]),
        ['mip6.bu.lifetime', `${message.lifetimeSeconds / 4}`],
        ...options,
      ];
    case MessageType.bindingAcknowledgement:
      return [
        ...start(6),
        ['mip6.ba.status', `${message.status}`],
        ...flags(message.flags, 0x80, [
          ...['mip6.ba.k_flag', 'mip6.nemo.ba.r_flag', 'mip6.ba.p_flag', 'mip6.ba.t_flag', 'mip6.ba.b_flag'],
        ]),
        ['mip6.ba.seqnr', `${message.sequenceNumber}`],
        ['mip6.ba.lifetime', `${message.lifetimeSeconds / 4}`],
        ...options,
      ];
    case MessageType.bindingError:
      return [
        ...start(7),
        ['mip6.be.status', `${message.status}`],
        ['mip6.be.haddr', formatAddress(message.homeAddress)],
        ...options,
      ];
  }
}

function expected(packet: SignallingPacket, octets: number, upperLayer: readonly Field[]): Field[] {
  const fields: Field[] = [
    ['ipv6.plen', `${octets - 40}`],
    ['ipv6.hlim', '64'],
    ['ipv6.src', formatAddress(packet.source)],
    ['ipv6.dst', formatAddress(packet.destination)],
  ];
  if (packet.routing2) fields.push(['ipv6.routing.mipv6.home_address', formatAddress(packet.routing2)]);
  if (packet.homeAddress) fields.push(['ipv6.opt.mipv6.home_address', formatAddress(packet.homeAddress)]);
  return [...fields, ...upperLayer];
}

function check(
  packets: readonly SignallingPacket[],
  upperLayer: (packet: SignallingPacket, i: number) => Field[],
): void {
  const octets = packets.map((packet) => encodeSignalling(packet));
  const dissected = dissect(octets);
  assert.is(dissected.length, packets.length);
  for (const [i, fields] of dissected.entries()) {
    const text = formatHex(octets[i]!);
    assert.equal(
      fields.filter(([name]) => COMPLAINT.test(name)),
      [],
      text,
    );
    assert.equal(compared(fields), expected(packets[i]!, octets[i]!.length, upperLayer(packets[i]!, i)), text);
  }
}

test('tshark agrees on every message type and option that we encode', () => {
  const packets: SignallingPacket[] = MESSAGE_VECTORS.filter(
    // tshark has nothing to say about options of unknown type but a note.
    ({ value }) => !('options' in value && value.options.some(({ type }) => type === 'unknown')),
  ).map(({ value }) => ({
    kind: 'mobility',
    source: CARE_OF_ADDRESS,
    destination: HOME_AGENT,
    homeAddress: HOME_ADDRESS,
    message: value,
  }));
  assert.ok(packets.length >= 17);
  check(packets, (packet) => (packet.kind === 'mobility' ? expectedMessage(packet.message) : []));
});

test(`tshark agrees on ${RANDOM_PACKETS} random messages in random headers`, () => {
  const random = new Random(SEED);
  const packets = Array.from({ length: RANDOM_PACKETS }, () => randomMobilityPacket(random));
  check(packets, (packet) => (packet.kind === 'mobility' ? expectedMessage(packet.message) : []));
});

test('tshark agrees on ICMPv6, and finds its checksums right, with and without home addresses', () => {
  const invokingPacket = encodeSignalling({
    kind: 'other',
    source: CARE_OF_ADDRESS,
    destination: HOME_AGENT,
    protocol: 59,
    payload: new Uint8Array(0),
  });
  const messages: readonly (readonly [Icmpv6Packet['message'], Field[]])[] = [
    [
      { type: 1, code: 3, value: 0, invokingPacket },
      [
        ['icmpv6.type', '1'],
        ['icmpv6.code', '3'],
      ],
    ],
    [
      { type: 2, code: 0, value: 1280, invokingPacket },
      [
        ['icmpv6.type', '2'],
        ['icmpv6.code', '0'],
        ['icmpv6.mtu', '1280'],
      ],
    ],
    [
      { type: 3, code: 1, value: 0, invokingPacket },
      [
        ['icmpv6.type', '3'],
        ['icmpv6.code', '1'],
      ],
    ],
    [
      { type: 4, code: 2, value: 42, invokingPacket },
      [
        ['icmpv6.type', '4'],
        ['icmpv6.code', '2'],
        ['icmpv6.pointer', '42'],
      ],
    ],
    ...([128, 129] as const).map((type): readonly [Icmpv6Packet['message'], Field[]] => [
      { type, identifier: 0x1234, sequenceNumber: 7, data: hex('6d6f6e616d69') },
      [
        ['icmpv6.type', `${type}`],
        ['icmpv6.code', '0'],
        ['icmpv6.echo.identifier', '0x1234'],
        ['icmpv6.echo.sequence_number', '7'],
      ],
    ]),
  ];
  const addressed = { kind: 'icmpv6', source: CARE_OF_ADDRESS, destination: HOME_AGENT } as const;
  const all = messages.flatMap(([message, fields]) =>
    [
      {},
      { homeAddress: HOME_ADDRESS },
      { routing2: HOME_ADDRESS },
      { homeAddress: HOME_AGENT, routing2: HOME_ADDRESS },
    ].map((home) => [{ ...addressed, ...home, message } as Icmpv6Packet, fields] as const),
  );
  const dissected = dissect(all.map(([packet]) => encodeSignalling(packet)));
  for (const [i, fields] of dissected.entries()) {
    assert.equal(
      fields.filter(([name]) => name === 'icmpv6.checksum.status'),
      [['icmpv6.checksum.status', '1']],
    );
    const icmpv6 = fields.slice(fields.findIndex(([name]) => name === 'icmpv6'));
    const ours = icmpv6.filter(([name]) => /^icmpv6\.(type$|code$|echo|mtu|pointer)/.test(name));
    assert.equal(ours, all[i]![1]);
  }
});

test.run();
