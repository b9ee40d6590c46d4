import { isNewerSequenceNumber } from '../../src/bindings/sequence-number.ts';
import type { Address } from '../../src/bytes/address.ts';
import { formatAddress, isIpv4 } from '../../src/bytes/address.ts';
import { type Prefix, prefixOf } from '../../src/bytes/prefix.ts';
import { timestampIn } from '../../src/roles/authentication.ts';
import { isLater } from '../../src/roles/timestamp.ts';
import type { StackAction } from '../../src/stack/stack.ts';
import type { BindingAcknowledgement } from '../../src/wire/mh/messages/binding-acknowledgement.ts';
import type { BindingUpdate } from '../../src/wire/mh/messages/binding-update.ts';
import { BindingUpdateFlag, isAccepted, MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { NtpTimestamp } from '../../src/wire/mh/options/mobility-message-replay-protection.ts';
import { NO_NAT_REFRESH_SECONDS } from '../../src/wire/mh/options/nat-detection.ts';
import { decodeSignalling, type MobilityPacket } from '../../src/wire/signalling.ts';
import type { Rule } from './judge.ts';
import { isSignalling } from './packets.ts';

/** A deleted entry's sequence number is remembered this long (MAX_DELETE_BCE_TIMEOUT, RFC 6275 §10.3.2). */
const REMEMBER_MS = 10_000;

/** Where packets to an IPv4 care-of address go. */
export interface WitnessedOuter {
  readonly address: Address;
  readonly port: number;
  readonly nat: boolean;
  readonly udp: boolean;
}

export interface WitnessedBinding {
  readonly bid: number;
  /** As the home agent sees it: a NAT's, if there is one. */
  readonly careOfAddress: Address;
  /** As the mobile router has it. */
  readonly told: Address;
  readonly outer: WitnessedOuter | undefined;
  readonly registeredMs: number;
  expiresMs: number;
}

interface WitnessedHome {
  sequenceNumber: number;
  timestamp: NtpTimestamp | undefined;
  emptySinceMs: number;
  /** IPv4 prefixes, the home address among them. */
  ipv4: readonly Prefix[];
  readonly bindings: Map<number, WitnessedBinding>;
}

/**
 * What a home agent has promised, read from the packets alone: a second binding cache, made of every Binding Update
 * that went in and the acknowledgement that came out.
 */
export class Witness {
  readonly #homes = new Map<Address, WitnessedHome>();
  readonly #accepted = new Set<Address>();
  accepted = 0;
  answered = 0;
  /** Of updates accepted from IPv4 care-of addresses: those whose packets go in UDP from then on, and the others. */
  inUdp = 0;
  directlyInIpv4 = 0;
  /** Bindings that have got a care-of address of the other family. */
  familyChanges = 0;
  /** Updates that were refused, by status. */
  readonly refused = new Map<number, number>();

  /** The home agent has lost its state. */
  forget(): void {
    this.#homes.clear();
    this.#accepted.clear();
  }

  bindings(homeAddress: Address, nowMs: number): readonly WitnessedBinding[] {
    const home = this.#homes.get(homeAddress);
    return home ? [...home.bindings.values()].filter(({ expiresMs }) => expiresMs > nowMs) : [];
  }

  holds(homeAddress: Address, careOfAddress: Address, nowMs: number): boolean {
    return this.bindings(homeAddress, nowMs).some((binding) => binding.careOfAddress === careOfAddress);
  }

  /** What of IPv4 is bound with a home address. */
  ipv4(homeAddress: Address, nowMs: number): readonly Prefix[] {
    return this.bindings(homeAddress, nowMs).length > 0 ? (this.#homes.get(homeAddress)?.ipv4 ?? []) : [];
  }

  /** Whether the home agent has registered anything for it since it last lost its state. */
  hasAccepted(homeAddress: Address): boolean {
    return this.#accepted.has(homeAddress);
  }

  *homes(): Iterable<Address> {
    yield* this.#homes.keys();
  }

  /** Takes a packet and what the home agent did about it. Returns what is wrong with that, if anything. */
  see(
    bytes: Uint8Array,
    actions: readonly StackAction[],
    nowMs: number,
  ): readonly [rule: Rule, detail: string] | undefined {
    if (!isSignalling(bytes)) return undefined;
    const asked = read(bytes);
    if (asked?.message.type !== MessageType.bindingUpdate) return undefined;
    const answers = actions.flatMap((action) => (action.type === 'send' ? (read(action.bytes) ?? []) : []));
    const answer = answers.find(({ message }) => message.type === MessageType.bindingAcknowledgement);
    if (!answer) return undefined;
    this.answered++;
    const update = asked.message;
    const acknowledgement = answer.message as BindingAcknowledgement;
    const { status } = acknowledgement;
    const wrong = wrongWay(asked, answer, acknowledgement);
    if (wrong) return ['acknowledgements are right', `${formatAddress(asked.source)}: ${wrong}`];
    if (!isAccepted(status)) {
      this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
      return undefined;
    }
    this.accepted++;
    return this.#apply(asked, update, acknowledgement, nowMs);
  }

  #apply(
    { source, homeAddress = source, outer }: MobilityPacket,
    update: BindingUpdate,
    acknowledgement: BindingAcknowledgement,
    nowMs: number,
  ): readonly [rule: Rule, detail: string] | undefined {
    const home = this.#homeOf(homeAddress, nowMs);
    const { sequenceNumber } = update;
    const name = formatAddress(homeAddress);
    if (acknowledgement.sequenceNumber !== sequenceNumber) {
      const detail = `${name}: update ${sequenceNumber} is acknowledged as ${acknowledgement.sequenceNumber}`;
      return ['acknowledgements are right', detail];
    }
    const timestamp = timestampIn(update.options);
    if (!timestamp && !Number.isNaN(home.sequenceNumber)) {
      if (!isNewerSequenceNumber(sequenceNumber, home.sequenceNumber))
        return [
          'sequence numbers only go forward',
          `${name}: ${sequenceNumber} is accepted after ${home.sequenceNumber}`,
        ];
    }
    // The sequence number says nothing where there is a timestamp (RFC 4285 §7).
    if (timestamp && home.timestamp && !isLater(timestamp, home.timestamp)) {
      return ['timestamps only go forward', `${name}: one is accepted after a later one`];
    }
    home.timestamp = timestamp;
    if (acknowledgement.lifetimeSeconds > update.lifetimeSeconds) {
      const detail = `${name}: ${acknowledgement.lifetimeSeconds} s are granted, ${update.lifetimeSeconds} s were asked for`;
      return ['acknowledgements are right', detail];
    }
    home.sequenceNumber = sequenceNumber;
    const statuses = new Map(
      acknowledgement.options.flatMap((option) =>
        option.type === OptionType.bindingIdentifier ? [[option.bid, option.status] as const] : [],
      ),
    );
    const identifiers = update.options.flatMap((option) =>
      option.type === OptionType.bindingIdentifier && isAccepted(statuses.get(option.bid) ?? 255) ? option : [],
    );
    if (update.lifetimeSeconds === 0) {
      if (identifiers.length === 0) home.bindings.clear();
      for (const { bid } of identifiers) home.bindings.delete(bid);
      if (home.bindings.size === 0) home.emptySinceMs = nowMs;
      return undefined;
    }
    const expiresMs = nowMs + acknowledgement.lifetimeSeconds * 1000;
    const overwrites = (update.flags & BindingUpdateFlag.overwrite) !== 0;
    if (statuses.size === 0 || overwrites) home.bindings.clear();
    const seen = outer?.ports && seenOuter(outer.source, outer.ports.source, acknowledgement);
    if (statuses.size === 0) {
      const alternate = update.options.find((option) => option.type === OptionType.alternateCareOfAddress);
      const own = update.options.find((option) => option.type === OptionType.ipv4CareOfAddress);
      const careOfAddress = seen?.address ?? alternate?.careOfAddress ?? source;
      const told = seen ? (own?.careOfAddress ?? careOfAddress) : careOfAddress;
      this.#set(home, { bid: 0, careOfAddress, told, outer: seen, registeredMs: nowMs, expiresMs });
    }
    for (const { bid, careOfAddress: named } of identifiers) {
      const before = home.bindings.get(bid);
      const told = named ?? before?.told ?? seen?.address ?? source;
      // Without an IPv4 header of its own it is one that was known before, and without NAT (RFC 5648 §8.1).
      const at = seen ?? (isIpv4(told) ? before?.outer : undefined);
      const careOfAddress = at?.address ?? told;
      this.#set(home, { bid, careOfAddress, told, outer: at, registeredMs: nowMs, expiresMs });
    }
    home.ipv4 = acknowledgement.options.flatMap((option) =>
      option.type === OptionType.ipv4AddressAcknowledgement && isAccepted(option.status)
        ? prefixOf(option.homeAddress, option.prefixLength)
        : [],
    );
    home.emptySinceMs = Number.POSITIVE_INFINITY;
    this.#accepted.add(homeAddress);
    return undefined;
  }

  #set(home: WitnessedHome, binding: WitnessedBinding): void {
    const before = home.bindings.get(binding.bid);
    if (before && isIpv4(before.told) !== isIpv4(binding.told)) this.familyChanges++;
    if (binding.outer?.udp) this.inUdp++;
    else if (binding.outer) this.directlyInIpv4++;
    home.bindings.set(binding.bid, binding);
  }

  #homeOf(homeAddress: Address, nowMs: number): WitnessedHome {
    let home = this.#homes.get(homeAddress);
    if (home) {
      let lastEndMs = home.emptySinceMs;
      for (const { bid, expiresMs } of home.bindings.values()) {
        if (expiresMs > nowMs) continue;
        home.bindings.delete(bid);
        lastEndMs = lastEndMs === Number.POSITIVE_INFINITY ? expiresMs : Math.max(lastEndMs, expiresMs);
      }
      if (home.bindings.size === 0) home.emptySinceMs = lastEndMs;
      if (home.bindings.size === 0 && lastEndMs + REMEMBER_MS <= nowMs) home = undefined;
    }
    home ??= { sequenceNumber: Number.NaN, timestamp: undefined, emptySinceMs: nowMs, ipv4: [], bindings: new Map() };
    this.#homes.set(homeAddress, home);
    return home;
  }
}

/** A mobility packet that is well-formed. */
export function read(bytes: Uint8Array): MobilityPacket | undefined {
  if (!isSignalling(bytes)) return undefined;
  try {
    const packet = decodeSignalling(bytes);
    return packet.kind === 'mobility' ? packet : undefined;
  } catch {
    return undefined;
  }
}

/** The endpoint that an update in UDP came from, and what its acknowledgement says of it (RFC 5555 §4.2). */
function seenOuter(address: Address, port: number, { options }: BindingAcknowledgement): WitnessedOuter {
  const detection = options.find((option) => option.type === OptionType.natDetection);
  const nat = detection !== undefined && detection.refreshSeconds !== NO_NAT_REFRESH_SECONDS;
  return { address, port, nat, udp: nat || (detection?.requiresUdpEncapsulation ?? false) };
}

/** What is wrong with the way of an answer, and with what it says of it. */
function wrongWay(
  { outer, message }: MobilityPacket,
  answer: MobilityPacket,
  { options }: BindingAcknowledgement,
): string | undefined {
  const back = answer.outer;
  if (!outer) return back && 'an update in IPv6 is answered in IPv4';
  const isBack =
    back?.destination === outer.source &&
    back.source === outer.destination &&
    back.ports?.destination === outer.ports?.source &&
    back.ports?.source === outer.ports?.destination;
  if (!isBack) return 'the answer does not go where the update came from';
  const detection = options.find((option) => option.type === OptionType.natDetection);
  if (!detection) return 'an update in UDP is answered without the NAT Detection option';
  const told = message.type === MessageType.bindingUpdate ? message.options : [];
  const isOwn = told.some(
    (option) =>
      (option.type === OptionType.bindingIdentifier || option.type === OptionType.ipv4CareOfAddress) &&
      option.careOfAddress === outer.source,
  );
  const saysNat = detection.refreshSeconds !== NO_NAT_REFRESH_SECONDS;
  return saysNat === isOwn
    ? `a NAT is ${saysNat ? '' : 'not '}found where there is ${isOwn ? 'none' : 'one'}`
    : undefined;
}
