import { type Address, addressToBytes } from '../../bytes/address.ts';
import { formatHex } from '../../bytes/hex.ts';
import type { Authentication, SecurityAssociation } from '../../config/configuration.ts';
import { unsignedAuthentication } from '../../wire/mh/authentication.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import { BindingStatus, MessageType, MobileNodeIdentifierSubtype, OptionType } from '../../wire/mh/numbers.ts';
import type { MobileNodeIdentifierOption } from '../../wire/mh/options/mobile-node-identifier.ts';
import type { NtpTimestamp } from '../../wire/mh/options/mobility-message-replay-protection.ts';
import { authenticatedAddresses, type EncodeOptions, type MobilityPacket } from '../../wire/signalling.ts';
import type { DropReason } from '../action.ts';
import { aaaAuthentication, homeAgentAuthentication, isAuthentic, signer, timestampIn } from '../authentication.ts';
import type { RoleServices } from '../services.ts';
import { differenceMs, isLater, ntpTimestamp, sameTimestamp } from '../timestamp.ts';

/** Bits of a timestamp's fraction below a millisecond, which chance fills (RFC 4285 §6). */
const RANDOM_BITS = 22;
const FRACTION_UNITS = 0x1_0000_0000;
/** The agent's seconds are those of some moment within them. */
const HALF_A_SECOND = 0x8000_0000;

/** What an authenticated Binding Update is known again by, when its acknowledgement comes. */
export interface Proof {
  readonly sequenceNumber: number;
  readonly timestamp: NtpTimestamp;
  /** That the authenticators of both cover. */
  readonly careOfAddress: Address;
}

export interface ProvenUpdate {
  readonly packet: MobilityPacket;
  readonly encoding?: EncodeOptions;
  readonly proof?: Proof;
}

/** Proves Binding Updates of one home address, and checks the proof of their acknowledgements (RFC 4285). */
export class RegistrationAuthentication {
  readonly #homeAddress: Address;
  readonly #association: SecurityAssociation | 'none';
  readonly #services: RoleServices;
  readonly #identifier: MobileNodeIdentifierOption;
  /** The time of day `#timeMs` was at the monotonic time `#asOfMs`; the agent may have corrected it. */
  #timeMs: number | undefined;
  #asOfMs = 0;
  #last: NtpTimestamp | undefined;

  constructor(homeAddress: Address, association: Authentication, services: RoleServices) {
    this.#homeAddress = homeAddress;
    this.#association = association;
    this.#services = services;
    const named = association === 'none' ? undefined : association.identifier;
    this.#identifier = {
      type: OptionType.mobileNodeIdentifier,
      subtype: MobileNodeIdentifierSubtype.networkAccessIdentifier,
      identifier: asciiOctets(named ?? formatHex(addressToBytes(homeAddress))),
    };
  }

  get isRequired(): boolean {
    return this.#association !== 'none';
  }

  /** RFC 4285 §2: the key does not protect what is said about prefixes. */
  get allowsPrefixDiscovery(): boolean {
    return this.#association === 'none' || this.#association.prefixDiscovery;
  }

  /** A Binding Update as it is to be sent now: identifier, timestamp and authenticator behind its own options. */
  prove(packet: MobilityPacket, nowMs: number): ProvenUpdate {
    const association = this.#association;
    const update = packet.message;
    if (association === 'none' || update.type !== MessageType.bindingUpdate) return { packet };
    const timestamp = this.#newTimestamp(nowMs);
    const options = [
      ...update.options,
      this.#identifier,
      { type: OptionType.mobilityMessageReplayProtection, timestamp } as const,
      unsignedAuthentication(association.spi),
    ];
    const { careOfAddress } = authenticatedAddresses(packet);
    return {
      packet: { ...packet, message: { ...update, options } },
      encoding: { sign: signer(association, this.#services) },
      proof: { sequenceNumber: update.sequenceNumber, timestamp, careOfAddress },
    };
  }

  /**
   * Why an acknowledgement is none of the home agent's, or of none of the updates that `proofs` stand for; `undefined`
   * if it is. The comparison of timestamps comes first: it costs less than the authenticator (RFC 4285 §6).
   */
  problem(
    packet: MobilityPacket,
    acknowledgement: BindingAcknowledgement,
    proofs: Iterable<Proof>,
  ): DropReason | undefined {
    const association = this.#association;
    if (association === 'none') return undefined;
    const { options, status, sequenceNumber } = acknowledgement;
    const option = homeAgentAuthentication(options);
    if (!option) return 'authentication-missing';
    if (option.spi !== association.spi || aaaAuthentication(options)) return 'no-security-association';
    const timestamp = timestampIn(options);
    if (!timestamp) return 'timestamp-missing';
    const proof = findProof(proofs, timestamp, status);
    if (!proof) return 'timestamp-invalid';
    // With status 135 it is the agent's own number.
    if (proof.sequenceNumber !== sequenceNumber && status !== BindingStatus.sequenceNumberOutOfWindow) {
      return 'unexpected-sequence-number';
    }
    return isAuthentic(packet, proof.careOfAddress, this.#homeAddress, association, this.#services)
      ? undefined
      : 'authentication-failed';
  }

  /**
   * Takes over the agent's time of day from an authentic acknowledgement with status 144. Where the clocks agree, the
   * update was overtaken by a later one, and only has to be sent again.
   */
  adjust(acknowledgement: BindingAcknowledgement, nowMs: number): void {
    const association = this.#association;
    const theirs = timestampIn(acknowledgement.options);
    if (association === 'none' || !theirs) return;
    const middle = { seconds: theirs.seconds, fraction: HALF_A_SECOND };
    const behindMs = differenceMs(middle, ntpTimestamp(this.#timeOfDay(nowMs)));
    const toleranceMs = (association.replayWindowSeconds * 1000) / 2;
    if (behindMs > 1000 || behindMs < -toleranceMs) {
      this.#timeMs = this.#timeOfDay(nowMs) + behindMs;
      this.#asOfMs = nowMs;
    }
    // The timestamps ahead of the agent's time were none that it accepted.
    if (behindMs < -toleranceMs) this.#last = undefined;
  }

  #timeOfDay(nowMs: number): number {
    if (this.#timeMs === undefined) {
      this.#timeMs = this.#services.wallClockMs();
      this.#asOfMs = nowMs;
    }
    return this.#timeMs + nowMs - this.#asOfMs;
  }

  /** Later than any before, and not to be guessed. */
  #newTimestamp(nowMs: number): NtpTimestamp {
    const { random16 } = this.#services;
    const { seconds, fraction } = ntpTimestamp(this.#timeOfDay(nowMs));
    const chance = (random16() * 0x10000 + random16()) % (1 << RANDOM_BITS);
    let timestamp = { seconds, fraction: fraction - (fraction % (1 << RANDOM_BITS)) + chance };
    if (this.#last && !isLater(timestamp, this.#last)) timestamp = advanced(this.#last, 1 + chance);
    this.#last = timestamp;
    return timestamp;
  }
}

/** The whole timestamp comes back; with status 144 only its fraction (RFC 4285 §6). */
function findProof(proofs: Iterable<Proof>, timestamp: NtpTimestamp, status: number): Proof | undefined {
  for (const proof of proofs) {
    const { fraction } = proof.timestamp;
    const isMatch =
      status === BindingStatus.mipv6IdMismatch
        ? fraction === timestamp.fraction
        : sameTimestamp(proof.timestamp, timestamp);
    if (isMatch) return proof;
  }
  return undefined;
}

function advanced({ seconds, fraction }: NtpTimestamp, units: number): NtpTimestamp {
  const sum = fraction + units;
  return sum < FRACTION_UNITS
    ? { seconds, fraction: sum }
    : { seconds: (seconds + 1) >>> 0, fraction: sum - FRACTION_UNITS };
}

function asciiOctets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
