// Addresses and messages for tests of the protocol machines, and readers of what comes out of them.
import * as assert from 'uvu/assert';
import { type Address, address } from '../../src/bytes/address.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import type { RoleAction } from '../../src/roles/action.ts';
import type { RoleEvent } from '../../src/roles/events.ts';
import type { BindingAcknowledgement } from '../../src/wire/mh/messages/binding-acknowledgement.ts';
import type { BindingUpdate } from '../../src/wire/mh/messages/binding-update.ts';
import {
  BindingAcknowledgementFlag,
  BindingStatus,
  BindingUpdateFlag,
  MessageType,
  OptionType,
} from '../../src/wire/mh/numbers.ts';
import type { BindingIdentifierOption } from '../../src/wire/mh/options/binding-identifier.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import type { Icmpv6Packet, MobilityPacket } from '../../src/wire/signalling.ts';

export const AGENT = address('2001:db8:1::1');
export const HOME = address('2001:db8:1:f::2');
export const OTHER_HOME = address('2001:db8:1:f::3');
export const HOME_PREFIX = prefix('2001:db8:1:f::/64');
export const NETWORK = prefix('2001:db8:2:1::/64');
export const OTHER_NETWORK = prefix('2001:db8:2:2::/64');
/** Care-of addresses by number, from 1. */
export const CARE_OF: readonly Address[] = Array.from({ length: 10 }, (_, n) => address(`2001:db8:a:${n}::10`));

/** A monotonic clock does not begin at 0. */
export const START_MS = 5_000_000;

export const { accepted } = BindingStatus;
export const Flag = BindingUpdateFlag;
/** What a mobile router sets in every home registration. */
export const ROUTER_FLAGS = Flag.acknowledge | Flag.homeRegistration | Flag.mobileRouter;

// --- packets ---------------------------------------------------------------------------------------------------------

/** A Binding Identifier option. */
export function identifier(bid: number, more: Partial<BindingIdentifierOption> = {}): BindingIdentifierOption {
  return {
    type: OptionType.bindingIdentifier,
    bid,
    status: 0,
    simultaneousHomeAndForeign: false,
    reserved: 0,
    ...more,
  };
}

export function alternateCareOfAddress(careOfAddress: Address): MobilityOption {
  return { type: OptionType.alternateCareOfAddress, careOfAddress };
}

export function networkPrefix(text: string): MobilityOption {
  return { type: OptionType.mobileNetworkPrefix, prefix: prefix(text) };
}

export interface UpdateParts {
  readonly source?: Address;
  readonly destination?: Address;
  /** `null`: without Home Address option. */
  readonly homeAddress?: Address | null;
  readonly flags?: number;
  readonly lifetimeSeconds?: number;
  readonly options?: readonly MobilityOption[];
}

/** A Binding Update; what is not given is that of a mobile router's plain registration from its first care-of address. */
export function bindingUpdate(sequenceNumber: number, parts: UpdateParts = {}): MobilityPacket {
  const homeAddress = parts.homeAddress === undefined ? HOME : parts.homeAddress;
  return {
    kind: 'mobility',
    source: parts.source ?? CARE_OF[1]!,
    destination: parts.destination ?? AGENT,
    ...(homeAddress === null ? {} : { homeAddress }),
    message: {
      type: MessageType.bindingUpdate,
      sequenceNumber,
      flags: parts.flags ?? ROUTER_FLAGS,
      lifetimeSeconds: parts.lifetimeSeconds ?? 60,
      options: parts.options ?? [],
    },
  };
}

/** A Binding Update that registers these BIDs with the care-of addresses of the same numbers. */
export function bulkUpdate(sequenceNumber: number, bids: readonly number[], parts: UpdateParts = {}): MobilityPacket {
  const options = bids.map((bid) => identifier(bid, { careOfAddress: CARE_OF[bid]! }));
  return bindingUpdate(sequenceNumber, { ...parts, options: [...options, ...(parts.options ?? [])] });
}

export interface AcknowledgementParts {
  readonly status?: number;
  readonly sequenceNumber?: number;
  readonly lifetimeSeconds?: number;
  readonly flags?: number;
  /** Status of the options by BID. */
  readonly statuses?: Readonly<Record<number, number>>;
  /** False: as by an agent that skips Binding Identifier options. */
  readonly identifiers?: boolean;
  readonly options?: readonly MobilityOption[];
}

/** The home agent's answer to a Binding Update. */
export function acknowledgementOf(packet: MobilityPacket, parts: AcknowledgementParts = {}): MobilityPacket {
  const update = packet.message as BindingUpdate;
  const identifiers = update.options
    .filter((option) => option.type === OptionType.bindingIdentifier)
    .map(({ bid }) => identifier(bid, { status: parts.statuses?.[bid] ?? 0 }));
  return {
    kind: 'mobility',
    ...back(packet),
    source: packet.destination,
    destination: packet.source,
    ...(packet.homeAddress === undefined ? {} : { routing2: packet.homeAddress }),
    message: {
      type: MessageType.bindingAcknowledgement,
      status: parts.status ?? accepted,
      flags: parts.flags ?? BindingAcknowledgementFlag.mobileRouter,
      sequenceNumber: parts.sequenceNumber ?? update.sequenceNumber,
      lifetimeSeconds: parts.lifetimeSeconds ?? update.lifetimeSeconds,
      options: [...(parts.identifiers === false ? [] : identifiers), ...(parts.options ?? [])],
    },
  };
}

/** The IPv4 header of an answer, for a packet that came in one. */
function back({ outer }: MobilityPacket | Icmpv6Packet) {
  if (!outer) return {};
  const { source, destination, ports } = outer;
  const reversed = ports && { ports: { source: ports.destination, destination: ports.source } };
  return { outer: { source: destination, destination: source, ...reversed } };
}

/** The answer to an echo request. */
export function echoReplyTo(packet: Icmpv6Packet): Icmpv6Packet {
  const { source, destination, message } = packet;
  assert.is(message.type, 128);
  return {
    kind: 'icmpv6',
    ...back(packet),
    source: destination,
    destination: source,
    message: { ...message, type: 129 } as Icmpv6Packet['message'],
  };
}

// --- what came out ---------------------------------------------------------------------------------------------------

/** A Binding Update as a test likes to read it. */
export interface SentUpdate {
  readonly atMs: number;
  readonly packet: MobilityPacket;
  readonly interfaceIndex: number;
  readonly sequenceNumber: number;
  readonly flags: number;
  readonly lifetimeSeconds: number;
  /** BIDs in order; empty in plain Mobile IPv6. */
  readonly bids: readonly number[];
  readonly options: readonly MobilityOption[];
  readonly overwrites: boolean;
}

export function eventsIn(actions: readonly RoleAction[]): RoleEvent[] {
  return actions.flatMap((action) => (action.type === 'event' ? action.event : []));
}

export function dropsIn(actions: readonly RoleAction[]): string[] {
  return actions.flatMap((action) => (action.type === 'drop' ? action.reason : []));
}

export function packetsIn(actions: readonly RoleAction[]): MobilityPacket[] {
  return actions.flatMap((action) =>
    action.type === 'send' && action.packet.kind === 'mobility' ? action.packet : [],
  );
}

export function probesIn(actions: readonly RoleAction[]): Icmpv6Packet[] {
  return actions.flatMap((action) => (action.type === 'send' && action.packet.kind === 'icmpv6' ? action.packet : []));
}

export function updatesIn(actions: readonly RoleAction[], atMs: number): SentUpdate[] {
  return actions.flatMap((action) => {
    if (action.type !== 'send' || action.packet.kind !== 'mobility') return [];
    const { message } = action.packet;
    if (message.type !== MessageType.bindingUpdate) return [];
    const { sequenceNumber, flags, lifetimeSeconds, options } = message;
    return {
      atMs,
      packet: action.packet,
      interfaceIndex: action.interfaceIndex,
      sequenceNumber,
      flags,
      lifetimeSeconds,
      options,
      bids: options.flatMap((option) => (option.type === OptionType.bindingIdentifier ? option.bid : [])),
      overwrites: (flags & Flag.overwrite) !== 0,
    };
  });
}

/** The one acknowledgement among the actions. */
export function acknowledgementIn(actions: readonly RoleAction[]): BindingAcknowledgement {
  const packets = packetsIn(actions);
  assert.is(packets.length, 1, `one packet expected, got ${packets.length}`);
  const { message } = packets[0]!;
  if (message.type !== MessageType.bindingAcknowledgement) throw new TypeError('no acknowledgement');
  return message;
}

/** `[bid, status]` of an acknowledgement's Binding Identifier options. */
export function optionStatuses(acknowledgement: BindingAcknowledgement): [number, number][] {
  return acknowledgement.options.flatMap((option) =>
    option.type === OptionType.bindingIdentifier ? [[option.bid, option.status] as [number, number]] : [],
  );
}
