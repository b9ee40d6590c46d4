// What RFC 4285 authenticates. The MAC of the vector comes from a calculation apart from the code under test, with the
// key 000102…0f.
import { createHmac } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressToBytes } from '../../../src/bytes/address.ts';
import { formatHex } from '../../../src/bytes/hex.ts';
import { authenticatedData, encodeAuthenticated, unsignedAuthentication } from '../../../src/wire/mh/authentication.ts';
import { decodeMobilityHeader } from '../../../src/wire/mh/header.ts';
import type { BindingAcknowledgement } from '../../../src/wire/mh/messages/binding-acknowledgement.ts';
import type { BindingUpdate } from '../../../src/wire/mh/messages/binding-update.ts';
import type { MobilityMessage } from '../../../src/wire/mh/messages/message.ts';
import { AuthenticationSubtype, MessageType, OptionType } from '../../../src/wire/mh/numbers.ts';
import {
  authenticatedAddresses,
  decodeSignalling,
  encodeSignalling,
  type MobilityPacket,
} from '../../../src/wire/signalling.ts';
import { hex, shifted } from '../../lib/wire.ts';
import { CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MESSAGE_VECTORS } from '../../lib/wire-vectors.ts';

const KEY = hex('000102030405060708090a0b0c0d0e0f');
const isRangeError = (error: Error) => error instanceof RangeError;

function sign(data: Uint8Array): Uint8Array {
  return createHmac('sha1', KEY).update(data).digest().subarray(0, 12);
}

const vector = MESSAGE_VECTORS.find(
  ({ value }) => value.type === 5 && value.options.some(({ type }) => type === OptionType.mobileNodeIdentifier),
)!;
const signed = hex(vector.hex);
const message = vector.value as BindingUpdate;

function packetOf(update: MobilityMessage, more: Partial<MobilityPacket> = {}): MobilityPacket {
  const addressed = { source: CARE_OF_ADDRESS, destination: HOME_AGENT, homeAddress: HOME_ADDRESS };
  return { kind: 'mobility', ...addressed, message: update, ...more };
}

test('[4285-5.1-05] it is care-of address, home address and the header up to the SPI, its checksum as 0', () => {
  const { data, authenticator, spi, offset } = authenticatedData(signed, CARE_OF_ADDRESS, HOME_ADDRESS)!;
  const header = Uint8Array.from(signed.subarray(0, 60));
  assert.is.not(header[4]! | header[5]!, 0);
  header.fill(0, 4, 6);
  const expected = [...addressToBytes(CARE_OF_ADDRESS), ...addressToBytes(HOME_ADDRESS), ...header];
  assert.is(formatHex(data), formatHex(Uint8Array.from(expected)));
  assert.equal([spi, offset], [0x100, 60]);
  assert.is(formatHex(authenticator), formatHex(sign(data)));
});

test('[4285-5.1-05] the MAC differs with the addresses in the other order, or another octet anywhere before the SPI ends', () => {
  const mac = (header: Uint8Array, careOf = CARE_OF_ADDRESS, home = HOME_ADDRESS) =>
    formatHex(sign(authenticatedData(header, careOf, home)!.data));
  const right = mac(signed);
  assert.is.not(mac(signed, HOME_ADDRESS, CARE_OF_ADDRESS), right);
  for (let at = 0; at < 60; at++) {
    // Not the checksum, nor what says where the option lies.
    if ([1, 2, 4, 5, 12, 13, 37, 38, 42, 43, 52, 53, 54, 55].includes(at)) continue;
    const changed = Uint8Array.from(signed);
    changed[at] = changed[at]! ^ 1;
    assert.is.not(mac(changed), right, `octet ${at}`);
  }
  const otherChecksum = Uint8Array.from(signed);
  otherChecksum.fill(0xff, 4, 6);
  assert.is(mac(otherChecksum), right);
});

test('it is found in the middle of a larger buffer, and the header is not changed', () => {
  const view = shifted(signed, 13);
  const { spi, offset } = authenticatedData(view, CARE_OF_ADDRESS, HOME_ADDRESS)!;
  assert.equal([spi, offset], [0x100, 60]);
  assert.equal(view, signed);
});

test('there is none without the option, in other messages, and for another subtype', () => {
  for (const { name, hex: text, value } of MESSAGE_VECTORS) {
    const options = 'options' in value ? value.options : [];
    const header = hex(text);
    for (const subtype of [1, 2, 3]) {
      const option = options.find((one) => one.type === 9 && one.subtype === subtype);
      const found = authenticatedData(header, CARE_OF_ADDRESS, HOME_ADDRESS, subtype);
      if (option?.type === 9) {
        assert.equal([found?.spi, found?.authenticator], [option.spi, option.authenticator], name);
        assert.equal(header.subarray(found!.offset, found!.offset + option.authenticator.length), option.authenticator);
      } else assert.is(found, undefined, name);
    }
  }
});

test('no octets make it fail, however they are cut off or damaged', () => {
  for (let length = 0; length <= signed.length; length++) {
    for (let at = 0; at < length; at++) {
      const broken = Uint8Array.from(signed.subarray(0, length));
      broken[at] = 0xff;
      const found = authenticatedData(broken, CARE_OF_ADDRESS, HOME_ADDRESS);
      if (found) assert.ok(found.offset <= length);
    }
  }
});

test('[4285-5.1-05] signing puts in the MAC of the vector, and the checksum is taken afterwards', () => {
  const options = [...message.options.slice(0, -1), unsignedAuthentication(0x100)];
  const unsigned: BindingUpdate = { ...message, options };
  const encoded = encodeAuthenticated(unsigned, HOME_ADDRESS, HOME_AGENT, CARE_OF_ADDRESS, HOME_ADDRESS, sign);
  assert.is(formatHex(encoded), formatHex(signed));
  assert.equal(decodeMobilityHeader(encoded, { source: HOME_ADDRESS, destination: HOME_AGENT }), message);
  const packet = encodeSignalling(packetOf(unsigned), { sign });
  assert.is(formatHex(packet.subarray(64)), formatHex(signed));
});

test('what was signed for a packet is verified with the addresses that the packet shows', () => {
  const options = [unsignedAuthentication(256)];
  const acknowledgement: BindingAcknowledgement = {
    type: MessageType.bindingAcknowledgement,
    status: 0,
    flags: 0,
    sequenceNumber: 1,
    lifetimeSeconds: 4,
    options,
  };
  const update: BindingUpdate = { ...message, options };
  const alternate = { type: OptionType.alternateCareOfAddress, careOfAddress: HOME_AGENT } as const;
  for (const [packet, careOfAddress, homeAddress] of [
    [packetOf(update), CARE_OF_ADDRESS, HOME_ADDRESS],
    [packetOf({ ...update, options: [alternate, ...options] }), HOME_AGENT, HOME_ADDRESS],
    [{ kind: 'mobility', source: HOME_ADDRESS, destination: HOME_AGENT, message: update }, HOME_ADDRESS, HOME_ADDRESS],
    [
      {
        kind: 'mobility',
        source: HOME_AGENT,
        destination: CARE_OF_ADDRESS,
        routing2: HOME_ADDRESS,
        message: acknowledgement,
      },
      CARE_OF_ADDRESS,
      HOME_ADDRESS,
    ],
    [
      { kind: 'mobility', source: HOME_AGENT, destination: HOME_ADDRESS, message: acknowledgement },
      HOME_ADDRESS,
      HOME_ADDRESS,
    ],
  ] as const) {
    assert.equal(authenticatedAddresses(packet), { careOfAddress, homeAddress });
    const decoded = decodeSignalling(encodeSignalling(packet, { sign })) as MobilityPacket;
    const found = authenticatedData(decoded.mobilityHeader!, careOfAddress, homeAddress)!;
    assert.equal(found.authenticator, Uint8Array.from(sign(found.data)));
  }
});

test('another care-of address than the packet shows is covered where asked', () => {
  const update: BindingUpdate = { ...message, options: [unsignedAuthentication(256)] };
  const octets = encodeSignalling(packetOf(update), { sign, careOfAddress: HOME_AGENT });
  const { mobilityHeader } = decodeSignalling(octets) as MobilityPacket;
  const found = authenticatedData(mobilityHeader!, HOME_AGENT, HOME_ADDRESS)!;
  assert.equal(found.authenticator, Uint8Array.from(sign(found.data)));
});

test('the data for an AAA server ends behind the SPI of its own option, and covers the MN-HA option', () => {
  const both = MESSAGE_VECTORS.find(
    ({ value }) =>
      value.type === 5 &&
      value.options.some((one) => one.type === 9 && one.subtype === AuthenticationSubtype.mobileNodeAaa),
  )!;
  const header = hex(both.hex);
  const subtype = AuthenticationSubtype.mobileNodeAaa;
  const { data, offset, spi } = authenticatedData(header, CARE_OF_ADDRESS, HOME_ADDRESS, subtype)!;
  assert.equal([offset, spi, data.length], [44, 3, 76]);
  assert.equal(data.subarray(38), header.subarray(6, 44));
});

test('a message without the option, and an authenticator of another length, are refused', () => {
  const without: BindingUpdate = { ...message, options: [] };
  assert.throws(() => encodeSignalling(packetOf(without), { sign }), isRangeError);
  const update: BindingUpdate = { ...message, options: [unsignedAuthentication(256)] };
  assert.throws(() => encodeSignalling(packetOf(update), { sign: () => new Uint8Array(20) }), isRangeError);
});

test.run();
