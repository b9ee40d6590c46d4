// A home agent and a mobile router that share a key, packet to packet, and Binding Updates signed by whoever.
import { createHmac } from 'node:crypto';
import { type Address, address } from '../../src/bytes/address.ts';
import { parseHex } from '../../src/bytes/hex.ts';
import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import { Stack, type StackAction, type StackInput } from '../../src/stack/stack.ts';
import { unsignedAuthentication } from '../../src/wire/mh/authentication.ts';
import type { BindingAcknowledgement } from '../../src/wire/mh/messages/binding-acknowledgement.ts';
import type { BindingUpdate } from '../../src/wire/mh/messages/binding-update.ts';
import { BindingUpdateFlag, MessageType, MobileNodeIdentifierSubtype, OptionType } from '../../src/wire/mh/numbers.ts';
import type { NtpTimestamp } from '../../src/wire/mh/options/mobility-message-replay-protection.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import {
  decodeSignalling,
  encodeSignalling,
  type Icmpv6Packet,
  type MobilityPacket,
} from '../../src/wire/signalling.ts';
import { link, linkAddress, route } from './engines-network.ts';
import { testServices, WALL_CLOCK_MS } from './services.ts';

export const AGENT = address('2001:db8:1::1');
export const HOME = address('2001:db8:1:f::2');
export const OTHER_HOME = address('2001:db8:1:f::3');
export const CARE_OF = [address('2001:db8:a1::10'), address('2001:db8:a2::10')] as const;
export const KEY = '5f8e2b1c9d3a4f607182930415263748';
export const OTHER_KEY = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
export const SPI = 4711;
export const OTHER_SPI = 4712;
const START_MS = 5_000_000;
const NTP_TO_UNIX_SECONDS = 2_208_988_800;

/** The NTP form of a time in milliseconds since 1970, with a fraction of its own. */
export function ntp(ms: number, fraction = 0x1234_5678): NtpTimestamp {
  return { seconds: (Math.floor(ms / 1000) + NTP_TO_UNIX_SECONDS) % 0x1_0000_0000, fraction };
}

export function sign(key: string): (data: Uint8Array) => Uint8Array {
  return (data) => new Uint8Array(createHmac('sha1', parseHex(key)!).update(data).digest().subarray(0, 12));
}

export function replayProtection(timestamp: NtpTimestamp): MobilityOption {
  return { type: OptionType.mobilityMessageReplayProtection, timestamp };
}

export function identifier(name: string): MobilityOption {
  return {
    type: OptionType.mobileNodeIdentifier,
    subtype: MobileNodeIdentifierSubtype.networkAccessIdentifier,
    identifier: new Uint8Array(Buffer.from(name)),
  };
}

/** An authentication option as octets, for messages that the encoder would refuse to write. */
export function rawAuthentication(subtype: number, spi: number): MobilityOption {
  const data = new Uint8Array(17);
  data[0] = subtype;
  new DataView(data.buffer).setUint32(1, spi);
  return { type: 'unknown', optionType: OptionType.mobilityMessageAuthentication, data };
}

export interface UpdateParts {
  readonly source?: Address;
  readonly homeAddress?: Address;
  readonly lifetimeSeconds?: number;
  readonly flags?: number;
  /** Before those of the authentication. */
  readonly options?: readonly MobilityOption[];
  /** `null`: without replay protection. */
  readonly timestamp?: NtpTimestamp | null;
  /** Of the authentication option; `null`: without one. */
  readonly spi?: number | null;
  readonly key?: string;
  /** What the authenticator covers instead of the care-of address in the packet. */
  readonly careOfAddress?: Address;
}

/** A Binding Update as octets; what is not given is that of HOME's honest router in its first second. */
export function signedUpdate(sequenceNumber: number, parts: UpdateParts = {}): Uint8Array {
  const { acknowledge, homeRegistration } = BindingUpdateFlag;
  const timestamp = parts.timestamp === undefined ? ntp(WALL_CLOCK_MS + 100) : parts.timestamp;
  const spi = parts.spi === undefined ? SPI : parts.spi;
  const message: BindingUpdate = {
    type: MessageType.bindingUpdate,
    sequenceNumber,
    flags: parts.flags ?? acknowledge | homeRegistration,
    lifetimeSeconds: parts.lifetimeSeconds ?? 60,
    options: [
      ...(parts.options ?? []),
      ...(timestamp ? [replayProtection(timestamp)] : []),
      ...(spi === null ? [] : [unsignedAuthentication(spi)]),
    ],
  };
  const packet: MobilityPacket = {
    kind: 'mobility',
    source: parts.source ?? CARE_OF[0],
    destination: AGENT,
    homeAddress: parts.homeAddress ?? HOME,
    message,
  };
  if (spi === null) return encodeSignalling(packet);
  const { careOfAddress } = parts;
  return encodeSignalling(packet, { sign: sign(parts.key ?? KEY), ...(careOfAddress && { careOfAddress }) });
}

export function decodePacket(bytes: Uint8Array): MobilityPacket {
  const packet = decodeSignalling(bytes);
  if (packet.kind !== 'mobility') throw new TypeError(`a packet of kind ${packet.kind}`);
  return packet;
}

/** The ICMPv6 packets that actions send. */
export function icmpv6In(actions: readonly StackAction[]): Icmpv6Packet[] {
  return actions.flatMap((action) => {
    if (action.type !== 'send') return [];
    const packet = decodeSignalling(action.bytes);
    return packet.kind === 'icmpv6' ? [packet] : [];
  });
}

/** One end: a stack in virtual time, with a wall clock that goes with it unless it is set. */
class End {
  nowMs = START_MS;
  /** Wall clock minus what it should be. */
  clockErrorMs: number;
  readonly stack: Stack;

  constructor(document: object, clockErrorMs: number, seed: number) {
    const { configuration, problems } = parseConfiguration(JSON.stringify(document));
    if (!configuration) throw new TypeError(JSON.stringify(problems));
    this.clockErrorMs = clockErrorMs;
    const wallClockMs = () => WALL_CLOCK_MS + this.nowMs - START_MS + this.clockErrorMs;
    this.stack = new Stack(configuration, testServices(wallClockMs, seed));
  }

  handle(input: StackInput): Uint8Array[] {
    return sentIn(this.stack.handle(input, this.nowMs));
  }

  /** Gives it a packet; returns the mobility packets that it sends at once. */
  receive(bytes: Uint8Array): Uint8Array[] {
    return this.handle({ type: 'packet', bytes });
  }

  /** Lets time pass; returns the mobility packets that it sends meanwhile, with their times. */
  run(durationMs: number): { readonly atMs: number; readonly bytes: Uint8Array }[] {
    const untilMs = this.nowMs + durationMs;
    const sent: { atMs: number; bytes: Uint8Array }[] = [];
    while (this.stack.nextDeadlineMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.stack.nextDeadlineMs);
      const all = this.handle({ type: 'deadline', traffic: () => undefined });
      sent.push(...all.map((bytes) => ({ atMs: this.nowMs, bytes })));
    }
    this.nowMs = untilMs;
    return sent;
  }

  drops(): Readonly<Record<string, number>> {
    return this.stack.status(this.nowMs).drops;
  }

  /** How often a packet was dropped for this reason. */
  dropped(reason: string): number {
    return this.drops()[reason] ?? 0;
  }
}

function sentIn(actions: readonly StackAction[]): Uint8Array[] {
  return actions.flatMap((action) => {
    if (action.type !== 'send') return [];
    return decodeSignalling(action.bytes).kind === 'mobility' ? [action.bytes] : [];
  });
}

export interface AgentParts {
  /** Of HOME's security association. */
  readonly association?: object | 'none';
  readonly clockErrorMs?: number;
  readonly homeAgent?: object;
}

/** A home agent with two mobile nodes, HOME and OTHER_HOME, a key for each. */
export class AgentEnd extends End {
  constructor({ association = {}, clockErrorMs = 0, homeAgent = {} }: AgentParts = {}) {
    const authentication = association === 'none' ? 'none' : { spi: SPI, key: KEY, ...association };
    const other = association === 'none' ? 'none' : { spi: OTHER_SPI, key: OTHER_KEY };
    const nodes = [
      { name: 'bus', homeAddress: '2001:db8:1:f::2', prefixes: ['2001:db8:2:1::/64'], authentication },
      { name: 'tram', homeAddress: '2001:db8:1:f::3', authentication: other },
    ];
    const document = {
      address: '2001:db8:1::1',
      homePrefixes: ['2001:db8:1:f::/64'],
      mobileNodes: nodes,
      ...homeAgent,
    };
    super({ homeAgent: document }, clockErrorMs, 1);
    this.handle({ type: 'network', messages: [link(2, 'home'), linkAddress(2, '2001:db8:1::1')] });
  }

  /** `[care-of address, BID]` of what is bound, in order. */
  bindings(): [Address, number][] {
    return this.stack.status(this.nowMs).homeAgent!.bindings.map(({ careOfAddress, bid }) => [careOfAddress, bid]);
  }

  /** Sends it a Binding Update; its acknowledgement, or `undefined` if there is none. */
  answer(bytes: Uint8Array): BindingAcknowledgement | undefined {
    const [first] = this.receive(bytes);
    if (first === undefined) return undefined;
    const { message } = decodePacket(first);
    if (message.type !== MessageType.bindingAcknowledgement) throw new TypeError('no acknowledgement');
    return message;
  }
}

/** A mobile router with two uplinks, which are up. */
export class RouterEnd extends End {
  /** The Binding Updates sent at the start. */
  readonly first: Uint8Array[];

  constructor(authentication: object | 'none' = {}, clockErrorMs = 0, seed = 7) {
    const mobileRouter = {
      homeAddress: '2001:db8:1:f::2',
      homeAgentAddress: '2001:db8:1::1',
      prefixes: ['2001:db8:2:1::/64'],
      lifetimeSeconds: 120,
      authentication: authentication === 'none' ? 'none' : { spi: SPI, key: KEY, ...authentication },
      uplinks: ['wan1', 'wan2'].map((device) => ({ name: device, interface: device })),
      probe: { enabled: false },
    };
    super({ mobileRouter }, clockErrorMs, seed);
    this.first = this.handle({ type: 'network', messages: [1, 2].flatMap(uplink) });
  }

  /** The same device with another care-of address. */
  move(uplinkNumber: 1 | 2, to: string): Uint8Array[] {
    const removed = linkAddress(uplinkNumber + 10, `2001:db8:a${uplinkNumber}::10`, { change: 'removed' });
    return this.handle({ type: 'network', messages: [removed, linkAddress(uplinkNumber + 10, to)] });
  }

  states(): string[] {
    return this.stack.status(this.nowMs).mobileRouter!.uplinks.map(({ state }) => state);
  }
}

function uplink(number: number) {
  const index = number + 10;
  return [
    link(index, `wan${number}`),
    linkAddress(index, `2001:db8:a${number}::10`),
    route(index, '::/0', { gateway: address('fe80::1') }),
  ];
}

/** Carries packets to and fro between router and agent until none is under way; returns how many there were. */
export function converse(router: RouterEnd, agent: AgentEnd, fromRouter: readonly Uint8Array[]): number {
  let exchanged = 0;
  for (let open = [...fromRouter]; open.length > 0 && exchanged < 100; ) {
    exchanged += open.length;
    open = open.flatMap((bytes) => agent.receive(bytes)).flatMap((bytes) => router.receive(bytes));
  }
  return exchanged;
}

/** A copy with one octet changed; `at` counts from the end if it is negative. The checksum is mended. */
export function tampered(bytes: Uint8Array, change: (header: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  const { source, destination, homeAddress, routing2, mobilityHeader } = decodePacket(copy);
  const header = copy.subarray(copy.length - mobilityHeader!.length);
  change(header);
  header[4] = 0;
  header[5] = 0;
  const sum = checksum(homeAddress ?? source, routing2 ?? destination, header);
  header[4] = sum >> 8;
  header[5] = sum & 0xff;
  return copy;
}

function checksum(source: Address, destination: Address, header: Uint8Array): number {
  const octets = [...source, ...destination].map((character) => character.charCodeAt(0));
  octets.push(0, 0, header.length >> 8, header.length & 0xff, 0, 0, 0, 135, ...header);
  let sum = 0;
  for (let i = 0; i < octets.length; i += 2) sum += (octets[i]! << 8) | octets[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
