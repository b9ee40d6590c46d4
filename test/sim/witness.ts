import { isNewerSequenceNumber } from '../../src/bindings/sequence-number.ts';
import type { Address } from '../../src/bytes/address.ts';
import { formatAddress } from '../../src/bytes/address.ts';
import { timestampIn } from '../../src/roles/authentication.ts';
import { isLater } from '../../src/roles/timestamp.ts';
import type { StackAction } from '../../src/stack/stack.ts';
import type { BindingAcknowledgement } from '../../src/wire/mh/messages/binding-acknowledgement.ts';
import type { BindingUpdate } from '../../src/wire/mh/messages/binding-update.ts';
import { BindingUpdateFlag, isAccepted, MessageType, OptionType } from '../../src/wire/mh/numbers.ts';
import type { NtpTimestamp } from '../../src/wire/mh/options/mobility-message-replay-protection.ts';
import { decodeSignalling, type MobilityPacket } from '../../src/wire/signalling.ts';
import type { Rule } from './judge.ts';
import { isSignalling } from './packets.ts';

/** A deleted entry's sequence number is remembered this long (MAX_DELETE_BCE_TIMEOUT, RFC 6275 §10.3.2). */
const REMEMBER_MS = 10_000;

export interface WitnessedBinding {
  readonly bid: number;
  readonly careOfAddress: Address;
  expiresMs: number;
}

interface WitnessedHome {
  sequenceNumber: number;
  timestamp: NtpTimestamp | undefined;
  emptySinceMs: number;
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
    if (!isAccepted(status)) {
      this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
      return undefined;
    }
    this.accepted++;
    return this.#apply(asked, update, acknowledgement, nowMs);
  }

  #apply(
    { source, homeAddress = source }: MobilityPacket,
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
    if (statuses.size === 0) {
      const alternate = update.options.find((option) => option.type === OptionType.alternateCareOfAddress);
      home.bindings.set(0, { bid: 0, careOfAddress: alternate?.careOfAddress ?? source, expiresMs });
    }
    for (const { bid, careOfAddress = home.bindings.get(bid)?.careOfAddress ?? source } of identifiers) {
      home.bindings.set(bid, { bid, careOfAddress, expiresMs });
    }
    home.emptySinceMs = Number.POSITIVE_INFINITY;
    this.#accepted.add(homeAddress);
    return undefined;
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
    home ??= { sequenceNumber: Number.NaN, timestamp: undefined, emptySinceMs: nowMs, bindings: new Map() };
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
