// Packets that try to move, add or remove bindings that are not the sender's, or to make the router believe so.
import { readFileSync } from 'node:fs';
import { type Address, address, addressFromBytes } from '../../src/bytes/address.ts';
import { unsignedAuthentication } from '../../src/wire/mh/authentication.ts';
import type { MobilityMessage } from '../../src/wire/mh/messages/message.ts';
import { BindingUpdateFlag, MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { NtpTimestamp } from '../../src/wire/mh/options/mobility-message-replay-protection.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import { decodeSignalling, encodeSignalling, type MobilityPacket } from '../../src/wire/signalling.ts';
import { decodePacket, ntp, rawAuthentication, replayProtection, sign, tampered } from '../lib/authenticated.ts';
import { KEY, SPI } from './monami.ts';
import { addresses, careOfAddress } from './topology.ts';

/** Of another vehicle, which is the home agent's as well. */
export const OTHER = { homeAddress: '2001:db8:1:ffff::2', spi: 4712, key: '900150983cd24fb0d6963f7d28e17f72' } as const;

const AGENT = address(addresses.homeAgent);
const HOME = address(addresses.homeAddress);
/** Where the attacker would like to have the vehicle's traffic. */
const THIEF = address(addresses.server);
const CELLULAR = address(careOfAddress('cellular'));
const WRONG_KEY = 'feedfacefeedfacefeedfacefeedface';
const { acknowledge, homeRegistration, mobileRouter, overwrite } = BindingUpdateFlag;
const FLAGS = acknowledge | homeRegistration | mobileRouter;

/** What an attacker may have seen. */
export interface Recorded {
  /** Binding Updates and Acknowledgements as they went over the wire. */
  readonly updates: readonly Uint8Array[];
  readonly acknowledgements: readonly Uint8Array[];
}

export interface Attack {
  readonly name: string;
  readonly on: 'agent' | 'router';
  /** The counter that goes up, at the one who is attacked. */
  readonly counter: string;
  packets(recorded: Recorded): readonly Uint8Array[];
}

/** Mobility packets in a capture that tcpdump has made on all devices. */
export function recordedIn(file: string): Recorded {
  const octets = new Uint8Array(readFileSync(file));
  const view = new DataView(octets.buffer, octets.byteOffset);
  const linkHeaderOctets = view.getUint32(20, true) === 276 ? 20 : 16;
  const updates: Uint8Array[] = [];
  const acknowledgements: Uint8Array[] = [];
  for (let at = 24; at + 16 <= octets.length; ) {
    const length = view.getUint32(at + 8, true);
    const bytes = octets.slice(at + 16 + linkHeaderOctets, at + 16 + length);
    at += 16 + length;
    const packet = decodeSignalling(bytes);
    if (packet.kind !== 'mobility') continue;
    if (packet.message.type === MessageType.bindingUpdate) updates.push(bytes);
    if (packet.message.type === MessageType.bindingAcknowledgement) acknowledgements.push(bytes);
  }
  return { updates, acknowledgements };
}

interface UpdateParts {
  readonly source?: Address;
  readonly homeAddress?: Address;
  readonly flags?: number;
  readonly lifetimeSeconds?: number;
  readonly options?: readonly MobilityOption[];
  readonly timestamp?: NtpTimestamp | null;
  readonly spi?: number | null;
  readonly key?: string;
}

let sequenceNumber = 0x4000;

/** A Binding Update that the attacker makes up; what is not given is as credible as it can be without the key. */
function update(parts: UpdateParts = {}): Uint8Array {
  const timestamp = parts.timestamp === undefined ? ntp(Date.now() + 500, 0xdead_beef) : parts.timestamp;
  const spi = parts.spi === undefined ? SPI : parts.spi;
  sequenceNumber = (sequenceNumber + 1) & 0xffff;
  const packet: MobilityPacket = {
    kind: 'mobility',
    source: parts.source ?? THIEF,
    destination: AGENT,
    homeAddress: parts.homeAddress ?? HOME,
    message: {
      type: MessageType.bindingUpdate,
      sequenceNumber,
      flags: parts.flags ?? FLAGS,
      lifetimeSeconds: parts.lifetimeSeconds ?? 600,
      options: [
        ...(parts.options ?? []),
        ...(timestamp ? [replayProtection(timestamp)] : []),
        ...(spi === null ? [] : [unsignedAuthentication(spi)]),
      ],
    },
  };
  return encodeSignalling(packet, spi === null ? {} : { sign: sign(parts.key ?? WRONG_KEY) });
}

function bid(number: number, careOf: Address | undefined = THIEF): MobilityOption {
  const identifier = { bid: number, status: 0, simultaneousHomeAndForeign: false, reserved: 0 };
  return { type: OptionType.bindingIdentifier, ...identifier, ...(careOf && { careOfAddress: careOf }) };
}

function authentication(octets: number, subtype = 1, spi = SPI): MobilityOption {
  const option = rawAuthentication(subtype, spi) as { readonly data: Uint8Array };
  const data = new Uint8Array(5 + octets);
  data.set(option.data.subarray(0, 5));
  return { type: 'unknown', optionType: OptionType.mobilityMessageAuthentication, data };
}

/** A recorded packet that comes from somewhere else. */
function from(source: Address, bytes: Uint8Array): Uint8Array {
  return encodeSignalling({ ...decodePacket(bytes), source });
}

function changed(bytes: Uint8Array, at: number, octet: (before: number) => number): Uint8Array {
  return tampered(bytes, (header) => {
    const place = at < 0 ? header.length + at : at;
    header[place] = octet(header[place]!);
  });
}

function damaged(bytes: Uint8Array, at: number, octet: number): Uint8Array {
  const copy = bytes.slice();
  copy[at < 0 ? copy.length + at : at] = octet;
  return copy;
}

const flip = (before: number) => before ^ 1;
const registration = ({ updates }: Recorded) => updates[0]!;
const latest = ({ updates }: Recorded) => updates.at(-1)!;
const headerAt = 40 + 24;
const multicast = address('ff02::5');

const onAgent = (name: string, counter: string, packets: Attack['packets']): Attack => ({
  name,
  on: 'agent',
  counter,
  packets,
});

const UPDATES: readonly Attack[] = [
  onAgent('a registration without authentication', 'authentication-missing', () => [
    update({ spi: null, timestamp: null }),
  ]),
  onAgent('with Binding Identifiers', 'authentication-missing', () => [
    update({ spi: null, options: [bid(1), bid(2)] }),
  ]),
  onAgent('that overwrites', 'authentication-missing', () => [
    update({ spi: null, flags: FLAGS | overwrite, options: [bid(9)] }),
  ]),
  onAgent('a de-registration without authentication', 'authentication-missing', () => [
    update({ spi: null, timestamp: null, lifetimeSeconds: 0 }),
  ]),
  onAgent('from a care-of address of the router', 'authentication-missing', () => [
    update({ spi: null, source: CELLULAR, lifetimeSeconds: 0 }),
  ]),
  onAgent('of one Binding Identifier', 'authentication-missing', () => [
    update({ spi: null, source: CELLULAR, lifetimeSeconds: 0, options: [bid(1, undefined)] }),
  ]),
  onAgent('for prefixes of somebody else', 'authentication-missing', () => [
    update({
      spi: null,
      options: [
        {
          type: OptionType.mobileNetworkPrefix,
          prefix: { address: address(addresses.mobileNetworkPrefix.split('/')[0]!), length: 56 },
        },
      ],
    }),
  ]),
  onAgent('a registration signed with a wrong key', 'authentication-failed', () => [update()]),
  onAgent('a bulk registration signed with a wrong key', 'authentication-failed', () => [
    update({ options: [bid(1), bid(2), bid(3)] }),
  ]),
  onAgent('a de-registration signed with a wrong key', 'authentication-failed', () => [update({ lifetimeSeconds: 0 })]),
  onAgent('as if from the router itself', 'authentication-failed', () => [
    update({ source: CELLULAR, lifetimeSeconds: 0 }),
  ]),
  onAgent('a key of nothing but zeros', 'authentication-failed', () => [update({ key: '0'.repeat(32) })]),
  onAgent('an authenticator of zeros', 'authentication-failed', () => [
    update({ spi: null, timestamp: null, options: [replayProtection(ntp(Date.now())), authentication(12)] }),
  ]),
  ...[0, 1, 4, 8, 11, 13, 20].map((octets) =>
    onAgent(`an authenticator of ${octets} octets`, 'authentication-failed', () => [
      update({ spi: null, timestamp: null, options: [replayProtection(ntp(Date.now())), authentication(octets)] }),
    ]),
  ),
  onAgent('another SPI', 'no-security-association', () => [update({ spi: SPI + 1 })]),
  onAgent('SPI 0', 'no-security-association', () => [update({ spi: 0 })]),
  onAgent('the SPI of HMAC_SHA1 with a AAA server', 'no-security-association', () => [update({ spi: 3 })]),
  onAgent('the key of another vehicle under its own SPI', 'no-security-association', () => [
    update({ spi: OTHER.spi, key: OTHER.key }),
  ]),
  onAgent('the key of another vehicle under the SPI of this one', 'authentication-failed', () => [
    update({ key: OTHER.key }),
  ]),
  onAgent('this vehicle’s key for another one', 'authentication-failed', () => [
    update({ homeAddress: address(OTHER.homeAddress), spi: OTHER.spi, key: KEY }),
  ]),
  onAgent('a home address that nobody has', 'no-security-association', () => [
    update({ homeAddress: address('2001:db8:1:ffff::99') }),
  ]),
  onAgent('the same without authentication', 'no-security-association', () => [
    update({ homeAddress: address('2001:db8:1:ffff::99'), spi: null }),
  ]),
  onAgent('the home agent’s address as home address', 'no-security-association', () => [
    update({ homeAddress: AGENT }),
  ]),
  onAgent('a multicast home address', 'bad-value', () => [update({ homeAddress: multicast })]),
  onAgent('two MN-HA options', 'duplicate-option', () => [update({ options: [authentication(12)], timestamp: null })]),
  onAgent('a MN-AAA option alone', 'authentication-missing', () => [
    update({ spi: null, options: [authentication(20, 2, 3)], timestamp: null }),
  ]),
  onAgent('a MN-AAA option in front', 'option-not-last', () => [
    update({ options: [authentication(20, 2, 3)], timestamp: null }),
  ]),
  onAgent('an option behind the authentication', 'option-not-last', () => [
    update({ spi: null, timestamp: null, options: [authentication(12), bid(1)] }),
  ]),
  onAgent('the first registration once more', 'timestamp-invalid', (recorded) => [registration(recorded)]),
  onAgent('the latest registration once more', 'timestamp-invalid', (recorded) => [latest(recorded)]),
  onAgent('everything that was recorded, twice', 'timestamp-invalid', ({ updates }) => [...updates, ...updates]),
  onAgent('a recorded registration from elsewhere', 'authentication-failed', (recorded) => [
    from(THIEF, latest(recorded)),
  ]),
  onAgent('a recorded one with another sequence number', 'authentication-failed', (recorded) => [
    changed(latest(recorded), 7, flip),
  ]),
  onAgent('with other flags', 'authentication-failed', (recorded) => [
    changed(latest(recorded), 9, (old) => old | 0x40),
  ]),
  onAgent('with lifetime 0', 'authentication-failed', (recorded) => [
    changed(
      changed(latest(recorded), 10, () => 0),
      11,
      () => 0,
    ),
  ]),
  onAgent('with a new timestamp', 'authentication-failed', (recorded) => [changed(latest(recorded), -28, flip)]),
  onAgent('with another authenticator', 'authentication-failed', (recorded) => [changed(latest(recorded), -1, flip)]),
  onAgent('the key, but no timestamp', 'timestamp-missing', () => [update({ key: KEY, timestamp: null })]),
  onAgent('the key, and a timestamp of 1970', 'timestamp-invalid', () => [update({ key: KEY, timestamp: ntp(0) })]),
  onAgent('the key, and a timestamp of yesterday', 'timestamp-invalid', () => [
    update({ key: KEY, timestamp: ntp(Date.now() - 86_400_000) }),
  ]),
  onAgent('the key, and a timestamp of tomorrow', 'timestamp-invalid', () => [
    update({ key: KEY, timestamp: ntp(Date.now() + 86_400_000) }),
  ]),
  onAgent('a Mobility Header longer than its packet', 'truncated', (recorded) => [
    damaged(latest(recorded), headerAt + 1, 200),
  ]),
  onAgent('a wrong checksum', 'bad-checksum', (recorded) => [damaged(latest(recorded), headerAt + 4, 0)]),
  onAgent('an option that runs past the end', 'option-overrun', (recorded) => [
    changed(latest(recorded), -18, () => 255),
  ]),
  onAgent('no home registration, without authentication', 'authentication-missing', () => [
    update({ spi: null, flags: acknowledge }),
  ]),
  onAgent('nonce indices in a home registration', 'nonce-indices-in-home-registration', () => [
    update({ options: [{ type: OptionType.nonceIndices, homeNonceIndex: 1, careOfNonceIndex: 1 }] }),
  ]),
  onAgent('a Binding Acknowledgement for the home agent', 'unexpected-message', ({ acknowledgements }) => [
    encodeSignalling({
      kind: 'mobility',
      source: THIEF,
      destination: AGENT,
      message: decodePacket(acknowledgements[0]!).message,
    }),
  ]),
];

function toRouter(message: MobilityMessage, more: Partial<MobilityPacket> = {}): MobilityPacket {
  return { kind: 'mobility', source: AGENT, destination: CELLULAR, routing2: HOME, message, ...more };
}

interface AcknowledgementParts {
  readonly status?: number;
  readonly sequenceNumber?: number;
  readonly lifetimeSeconds?: number;
  readonly key?: string;
}

function lastOf(recorded: Recorded): { readonly sequenceNumber: number; readonly timestamp: NtpTimestamp } {
  const { message } = decodePacket(latest(recorded));
  if (message.type !== MessageType.bindingUpdate) throw new TypeError('no update');
  const option = message.options.find(({ type }) => type === OptionType.mobilityMessageReplayProtection);
  if (option?.type !== OptionType.mobilityMessageReplayProtection) throw new TypeError('no timestamp');
  return { sequenceNumber: message.sequenceNumber, timestamp: option.timestamp };
}

/** An acknowledgement that the attacker makes up for the router's latest update; signed only with `key`. */
function acknowledgement(recorded: Recorded, parts: AcknowledgementParts = {}): MobilityPacket {
  const { sequenceNumber: own, timestamp } = lastOf(recorded);
  return toRouter({
    type: MessageType.bindingAcknowledgement,
    status: parts.status ?? 0,
    flags: 0x40,
    sequenceNumber: parts.sequenceNumber ?? own,
    lifetimeSeconds: parts.lifetimeSeconds ?? 4,
    options: parts.key === undefined ? [] : [replayProtection(timestamp), unsignedAuthentication(SPI)],
  });
}

function forged(recorded: Recorded, parts: AcknowledgementParts = {}): Uint8Array {
  return encodeSignalling(acknowledgement(recorded, parts), parts.key === undefined ? {} : { sign: sign(parts.key) });
}

const onRouter = (name: string, counter: string, packets: Attack['packets']): Attack => ({
  name,
  on: 'router',
  counter,
  packets,
});

const unauthenticated = (status: number, name: string, sequence?: number): Attack =>
  onRouter(`${name}, without authentication`, 'authentication-missing', (recorded) => [
    forged(recorded, { status, ...(sequence === undefined ? {} : { sequenceNumber: sequence }) }),
  ]);

const ANSWERS: readonly Attack[] = [
  unauthenticated(0, 'accepted for 4 s'),
  unauthenticated(129, 'administratively prohibited'),
  unauthenticated(133, 'not the home agent'),
  unauthenticated(135, 'a sequence number far ahead', 60_000),
  unauthenticated(140, 'no mobile router here'),
  unauthenticated(144, 'another time of day'),
  unauthenticated(146, 'authentication failed'),
  unauthenticated(166, 'no several care-of addresses'),
  unauthenticated(168, 'no bulk registration'),
  onRouter('signed with a wrong key', 'timestamp-invalid', (recorded) => [forged(recorded, { key: WRONG_KEY })]),
  onRouter('status 146, signed with a wrong key', 'timestamp-invalid', (recorded) => [
    forged(recorded, { status: 146, key: WRONG_KEY }),
  ]),
  onRouter('every acknowledgement once more', 'timestamp-invalid', ({ acknowledgements }) => acknowledgements),
  onRouter('a recorded one with another status', 'timestamp-invalid', ({ acknowledgements }) => [
    changed(acknowledgements.at(-1)!, 6, () => 133),
  ]),
  onRouter('a recorded one for another home address', 'not-for-this-node', ({ acknowledgements }) => [
    encodeSignalling({ ...decodePacket(acknowledgements[0]!), routing2: address('2001:db8:1:ffff::7') }),
  ]),
  onRouter('a recorded one from another source', 'not-from-home-agent', ({ acknowledgements }) => [
    from(THIEF, acknowledgements[0]!),
  ]),
  onRouter('without routing header', 'not-for-this-node', (recorded) => {
    const { routing2: _, ...packet } = acknowledgement(recorded);
    return [encodeSignalling(packet)];
  }),
  onRouter('a wrong checksum', 'bad-checksum', ({ acknowledgements }) => [
    damaged(acknowledgements[0]!, -1, acknowledgements[0]!.at(-1)! ^ 1),
  ]),
  onRouter('a hundred Binding Errors', 'rate-limited', () =>
    Array.from({ length: 100 }, () => {
      const { routing2: _, ...packet } = toRouter({
        type: MessageType.bindingError,
        status: 1,
        homeAddress: HOME,
        options: [],
      });
      return encodeSignalling(packet);
    }),
  ),
  onRouter('a hundred Binding Refresh Requests', 'rate-limited', () =>
    Array.from({ length: 100 }, () =>
      encodeSignalling(toRouter({ type: MessageType.bindingRefreshRequest, options: [] })),
    ),
  ),
];

/** One row each. */
export const ATTACKS: readonly Attack[] = [...UPDATES, ...ANSWERS];

/** Forged updates from as many /64s as wanted. */
export function flood(count: number, subnets: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => {
    const octets = new Uint8Array(16);
    octets.set([0x20, 0x01, 0x0d, 0xb8, 0x66, 0, (n % subnets) >> 8, (n % subnets) & 0xff]);
    octets.set([(n >> 8) & 0xff, n & 0xff, 0, 0, 0, 0, 0, 1], 8);
    return update({ source: addressFromBytes(octets), options: [bid((n % 60_000) + 1)] });
  });
}
