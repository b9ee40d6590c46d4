// tshark as oracle: it dissects what we encode without a complaint and agrees on every field.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress, isIpv4 } from '../../src/bytes/address.ts';
import { formatHex } from '../../src/bytes/hex.ts';
import type { MobilityMessage } from '../../src/wire/mh/messages/message.ts';
import { MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import { encodeSignalling, type SignallingPacket } from '../../src/wire/signalling.ts';
import { IPV4_PACKET_VECTORS } from '../lib/wire-ipv4-vectors.ts';
import { Random } from '../lib/wire-mutations.ts';
import { randomMobilityPacket } from '../lib/wire-random-packets.ts';
import { COMPLAINT, colons, dissect, type Field, flagFields } from '../lib/wire-tshark.ts';
import { CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MESSAGE_VECTORS } from '../lib/wire-vectors.ts';

const SEED = 5648;
const RANDOM_PACKETS = 600;

/** Names of the fields that are compared; the others say the same in another way, or how the capture was made. */
const COMPARED =
  /^(ip\.(src|dst|proto)$|udp\.(src|dst)port$|ipv6\.(src|dst|hlim|plen)$|ipv6\..*home_address$|mip6\.|icmpv6\.(type|code|echo|mtu|pointer))/;
const NOT_COMPARED = /^(mip6\.(options\.|mobility_opt|padn|csum|hlen|unknown_type_data))/;

function compared(fields: readonly Field[]): Field[] {
  return fields.filter(([name]) => COMPARED.test(name) && !NOT_COMPARED.test(name));
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
      return [['mip6.bad.auth', colons(formatHex(option.authenticator))]];
    case OptionType.mobileNetworkPrefix:
      return [
        ['mip6.nemo.mnp.pfl', `${option.prefix.length}`],
        ['mip6.nemo.mnp.mnp', formatAddress(option.prefix.address)],
      ];
    case OptionType.mobilityHeaderLinkLayerAddress:
      return [
        ['mip6.lla.optcode', `${option.optionCode}`],
        ['mip6.lla', colons(formatHex(option.linkLayerAddress))],
      ];
    case OptionType.mobileNodeIdentifier:
      return [
        ['mip6.mnid.subtype', `${option.subtype}`],
        ['mip6.mnid.identifier', String.fromCharCode(...option.identifier)],
      ];
    case OptionType.mobilityMessageAuthentication:
      return [
        ['mip6.auth.subtype', `${option.subtype}`],
        ['mip6.auth.mobility_spi', `${option.spi}`],
        // It leaves the last two octets out, as if Option Length counted itself and the type.
        ['mip6.auth.auth_data', colons(formatHex(option.authenticator.subarray(0, -2)))],
      ];
    case OptionType.mobilityMessageReplayProtection: {
      const { seconds, fraction } = option.timestamp;
      const octets = [seconds, fraction].map((word) => word.toString(16).padStart(8, '0'));
      return [['mip6.mseg_id.timestamp', octets.join('')]];
    }
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
    case OptionType.ipv4HomeAddress:
      return [
        ['mip6.ipv4ha.preflen', `${option.prefixLength}`],
        ['mip6.ipv4ha.p_flag', option.requestsPrefix ? '1' : '0'],
        ['mip6.ipv4ha.ha', formatAddress(option.homeAddress)],
      ];
    case OptionType.ipv4AddressAcknowledgement:
      return [
        ['mip6.ipv4aa.sts', `${option.status}`],
        ['mip6.ipv4ha.preflen', `${option.prefixLength}`],
        ['mip6.ipv4ha.ha', formatAddress(option.homeAddress)],
      ];
    case OptionType.natDetection:
      return [
        ['mip6.natd.f_flag', option.requiresUdpEncapsulation ? '1' : '0'],
        ['mip6.natd.reserved', '0'],
        ['mip6.natd.refresh_t', `${option.refreshSeconds}`],
      ];
    case OptionType.ipv4CareOfAddress:
      return [
        ['mip6.ipv4coa.reserved', '0'],
        ['mip6.ipv4coa.addr', formatAddress(option.careOfAddress)],
      ];
    case 'unknown':
      return [];
  }
}

function opaque(octets: Uint8Array): string {
  return `0x${formatHex(octets)}`;
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
        ...flagFields(message.flags, 0x8000, [
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
        ...flagFields(message.flags, 0x80, [
          ...['mip6.ba.k_flag', 'mip6.nemo.ba.r_flag', 'mip6.ba.p_flag', 'mip6.ba.t_flag', 'mip6.ba.b_flag'],
        ]),
        ['mip6.ba.seqnr', `${message.sequenceNumber}`],
        ['mip6.ba.lifetime', `${message.lifetimeSeconds / 4}`],
        ...options,
      ];
    case MessageType.homeTestInit:
      return [...start(1), ['mip6.hoti.cookie', opaque(message.homeInitCookie)], ...options];
    case MessageType.careOfTestInit:
      return [...start(2), ['mip6.coti.cookie', opaque(message.careOfInitCookie)], ...options];
    case MessageType.homeTest:
      return [
        ...start(3),
        ['mip6.hot.nindex', `${message.homeNonceIndex}`],
        ['mip6.hot.cookie', opaque(message.homeInitCookie)],
        ['mip6.hot.token', opaque(message.homeKeygenToken)],
        ...options,
      ];
    case MessageType.careOfTest:
      return [
        ...start(4),
        ['mip6.cot.nindex', `${message.careOfNonceIndex}`],
        ['mip6.cot.cookie', opaque(message.careOfInitCookie)],
        // The same name in both messages.
        ['mip6.hot.token', opaque(message.careOfKeygenToken)],
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
  const { outer } = packet;
  const fields: Field[] = outer
    ? [
        ['ip.proto', outer.ports ? '17' : '41'],
        ['ip.src', formatAddress(outer.source)],
        ['ip.dst', formatAddress(outer.destination)],
        ...(outer.ports
          ? ([
              ['udp.srcport', `${outer.ports.source}`],
              ['udp.dstport', `${outer.ports.destination}`],
            ] as const)
          : []),
      ]
    : [];
  const outerOctets = outer ? (outer.ports ? 28 : 20) : 0;
  fields.push(
    ['ipv6.plen', `${octets - outerOctets - 40}`],
    ['ipv6.hlim', '64'],
    ['ipv6.src', formatAddress(packet.source)],
    ['ipv6.dst', formatAddress(packet.destination)],
  );
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
  assert.ok(packets.length >= 26);
  check(packets, (packet) => (packet.kind === 'mobility' ? expectedMessage(packet.message) : []));
});

test('[5555-4.1-01, 5555-2.3.2.2-01] tshark agrees on what we put into IPv4 and UDP', () => {
  const packets = IPV4_PACKET_VECTORS.flatMap(({ value }) => (value.kind === 'mobility' ? [value] : []));
  assert.is(packets.length, 2);
  check(packets, (packet) => (packet.kind === 'mobility' ? expectedMessage(packet.message) : []));
});

test(`tshark agrees on ${RANDOM_PACKETS} random messages in random headers`, () => {
  const random = new Random(SEED);
  const packets = Array.from({ length: RANDOM_PACKETS }, () => randomMobilityPacket(random));
  check(packets, (packet) => (packet.kind === 'mobility' ? expectedMessage(packet.message) : []));
});

test.run();
