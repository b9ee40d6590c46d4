// tshark as oracle for ICMPv6: it dissects what we encode without a complaint and agrees on every field.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../src/bytes/address.ts';
import { formatHex } from '../../src/bytes/hex.ts';
import { type Icmpv6Message, Icmpv6Type } from '../../src/wire/icmpv6/message.ts';
import type { NeighborOption } from '../../src/wire/icmpv6/neighbor-options.ts';
import { NeighborOptionType } from '../../src/wire/icmpv6/numbers.ts';
import { encodeSignalling, type Icmpv6Packet } from '../../src/wire/signalling.ts';
import { hex } from '../lib/wire.ts';
import { Random } from '../lib/wire-mutations.ts';
import { PACKET_VECTORS } from '../lib/wire-packet-vectors.ts';
import { randomIcmpv6Packet } from '../lib/wire-random-icmpv6.ts';
import { COMPLAINT, colons, dissect, type Field, flagFields } from '../lib/wire-tshark.ts';
import { CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT } from '../lib/wire-vectors.ts';

const SEED = 4861;
const RANDOM_PACKETS = 600;

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

/** Names that say the same in another way, or nothing that is ours. */
const NOT_COMPARED =
  /^icmpv6\.(checksum|opt$|opt\.reserved|opt\.length|opt\.linkaddr|opt\.(src|target)_linkaddr_|(nd\.[rn]a|mip6|opt\.prefix)\.flag($|\.(rsv|reserved|prf|p)$))/;

function expectedOption(option: NeighborOption): Field[] {
  const start: Field = ['icmpv6.opt.type', `${option.type === 'unknown' ? option.optionType : option.type}`];
  switch (option.type) {
    case NeighborOptionType.sourceLinkLayerAddress:
      return [start, ['icmpv6.opt.src_linkaddr', colons(formatHex(option.linkLayerAddress))]];
    case NeighborOptionType.targetLinkLayerAddress:
      return [start, ['icmpv6.opt.target_linkaddr', colons(formatHex(option.linkLayerAddress))]];
    case NeighborOptionType.prefixInformation:
      return [
        start,
        ['icmpv6.opt.prefix.length', `${option.prefixLength}`],
        ...flagFields(
          option.flags,
          0x80,
          ['l', 'a', 'r'].map((flag) => `icmpv6.opt.prefix.flag.${flag}`),
        ),
        ['icmpv6.opt.prefix.valid_lifetime', `${option.validLifetimeSeconds}`],
        ['icmpv6.opt.prefix.preferred_lifetime', `${option.preferredLifetimeSeconds}`],
        ['icmpv6.opt.prefix', formatAddress(option.address)],
      ];
    case NeighborOptionType.mtu:
      return [start, ['icmpv6.opt.mtu', `${option.mtuBytes}`]];
    case NeighborOptionType.advertisementInterval:
      return [start, ['icmpv6.opt.advertisement_interval', `${option.intervalMs}`]];
    case NeighborOptionType.homeAgentInformation:
      return [
        start,
        ['icmpv6.opt.home_agent_preference', `${option.preference}`],
        ['icmpv6.opt.home_agent_lifetime', `${option.lifetimeSeconds}`],
      ];
    case 'unknown':
      return [start];
  }
}

function expectedFields(message: Icmpv6Message): Field[] {
  const options = 'options' in message ? message.options.flatMap(expectedOption) : [];
  switch (message.type) {
    case Icmpv6Type.routerSolicitation:
      return [['icmpv6.reserved', '00000000'], ...options];
    case Icmpv6Type.routerAdvertisement:
      return [
        ['icmpv6.nd.ra.cur_hop_limit', `${message.currentHopLimit}`],
        ...flagFields(
          message.flags,
          0x80,
          ['m', 'o', 'h'].map((flag) => `icmpv6.nd.ra.flag.${flag}`),
        ),
        ['icmpv6.nd.ra.router_lifetime', `${message.routerLifetimeSeconds}`],
        ['icmpv6.nd.ra.reachable_time', `${message.reachableTimeMs}`],
        ['icmpv6.nd.ra.retrans_timer', `${message.retransmitTimerMs}`],
        ...options,
      ];
    case Icmpv6Type.neighborSolicitation:
      return [
        ['icmpv6.reserved', '00000000'],
        ['icmpv6.nd.ns.target_address', formatAddress(message.targetAddress)],
        ...options,
      ];
    case Icmpv6Type.neighborAdvertisement:
      return [
        ...flagFields(
          message.flags,
          0x80,
          ['r', 's', 'o'].map((flag) => `icmpv6.nd.na.flag.${flag}`),
        ),
        ['icmpv6.nd.na.target_address', formatAddress(message.targetAddress)],
        ...options,
      ];
    case Icmpv6Type.homeAgentAddressDiscoveryRequest:
    case Icmpv6Type.homeAgentAddressDiscoveryReply:
      return [
        ['icmpv6.mip6.identifier', `${message.identifier}`],
        // Its first bit is flag R of NEMO, which tshark does not know.
        ['icmpv6.reserved', message.mobileRouter ? '8000' : '0000'],
        ...('homeAgentAddresses' in message ? message.homeAgentAddresses : []).map(
          (address): Field => ['icmpv6.mip6.home_agent_address', formatAddress(address)],
        ),
      ];
    case Icmpv6Type.mobilePrefixSolicitation:
      return [['icmpv6.mip6.identifier', `${message.identifier}`], ['icmpv6.reserved', '0000'], ...options];
    case Icmpv6Type.mobilePrefixAdvertisement:
      return [
        ['icmpv6.mip6.identifier', `${message.identifier}`],
        ...flagFields(
          message.flags,
          0x80,
          ['m', 'o'].map((flag) => `icmpv6.mip6.flag.${flag}`),
        ),
        ...options,
      ];
    default:
      return [];
  }
}

function check(packets: readonly Icmpv6Packet[]): void {
  const octets = packets.map((packet) => encodeSignalling(packet));
  const dissected = dissect(octets);
  assert.is(dissected.length, packets.length);
  for (const [i, fields] of dissected.entries()) {
    const text = formatHex(octets[i]!);
    const { message } = packets[i]!;
    assert.equal(
      fields.filter(([name]) => COMPLAINT.test(name)),
      [],
      text,
    );
    const compared = fields.filter(([name]) => /^icmpv6\./.test(name) && !NOT_COMPARED.test(name));
    const start: Field[] = [
      ['icmpv6.type', `${message.type}`],
      ['icmpv6.code', '0'],
    ];
    assert.equal(compared, [...start, ...expectedFields(message)], text);
    assert.ok(
      fields.some(([name, shown]) => name === 'icmpv6.checksum.status' && shown === '1'),
      text,
    );
  }
}

test('tshark agrees on Neighbor Discovery and on the ICMPv6 of Mobile IPv6 that we encode', () => {
  const packets = PACKET_VECTORS.flatMap(({ value }) => {
    const isOurs = value.kind === 'icmpv6' && Number(value.message.type) >= Icmpv6Type.routerSolicitation;
    if (!isOurs) return [];
    // It complains about every option that it does not know.
    const { message } = value;
    if (!('options' in message)) return [value];
    return [{ ...value, message: { ...message, options: message.options.filter(({ type }) => type !== 'unknown') } }];
  });
  assert.is(packets.length, 8);
  check(packets as Icmpv6Packet[]);
});

test(`tshark agrees on ${RANDOM_PACKETS} random ones`, () => {
  const random = new Random(SEED);
  check(Array.from({ length: RANDOM_PACKETS }, () => randomIcmpv6Packet(random)));
});

test.run();
