import { type Address, addressFromBytes } from '../../bytes/address.ts';
import type { HomeAgentConfiguration, SecurityAssociation } from '../../config/configuration.ts';
import { unsignedAuthentication } from '../../wire/mh/authentication.ts';
import { BindingStatus, MobileNodeIdentifierSubtype, OptionType } from '../../wire/mh/numbers.ts';
import type { MobileNodeIdentifierOption } from '../../wire/mh/options/mobile-node-identifier.ts';
import type { NtpTimestamp } from '../../wire/mh/options/mobility-message-replay-protection.ts';
import type { MobilityOption } from '../../wire/mh/options/option.ts';
import { authenticatedAddresses, type EncodeOptions, type MobilityPacket } from '../../wire/signalling.ts';
import type { DropReason } from '../action.ts';
import {
  aaaAuthentication,
  authenticationStatus,
  homeAgentAuthentication,
  isAuthentic,
  signer,
  timestampIn,
} from '../authentication.ts';
import type { RoleServices } from '../services.ts';
import { SourceLimits } from '../source-limits.ts';
import type { AuthenticationStatus } from '../status.ts';
import { differenceMs, isLater, ntpTimestamp, SteadyTimeOfDay } from '../timestamp.ts';

/** Failed authentications of one /64 or IPv4 address that are looked at: so much of our time anybody may take. */
const FAILURES = { perSecond: 100, burst: 200, maximumSources: 4096 };
/** Failed authentications of one /64 or IPv4 address that are answered. */
const ANSWERS = { perSecond: 1, burst: 5, maximumSources: 4096 };
/** All sources together, whatever they pretend to be. */
const ALL_ANSWERS = { perSecond: 50, burst: 100, maximumSources: 1 };
const EVERYBODY = addressFromBytes(new Uint8Array(16));

/** What an acknowledgement of an authenticated Binding Update carries besides its own options, and how it is signed. */
export interface AnswerAuthentication {
  /** The last ones of the message. */
  readonly options: readonly MobilityOption[];
  readonly encoding: EncodeOptions;
}

/** What is known of who sent a Binding Update. */
export type Examination =
  /** The home address is registered without authentication: the configuration says so. */
  | { readonly kind: 'unauthenticated' }
  | { readonly kind: 'authentic'; readonly answer: AnswerAuthentication }
  /** To be answered with this status, signed. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly reason: DropReason;
      readonly answer: AnswerAuthentication;
    }
  | { readonly kind: 'dropped'; readonly reason: DropReason };

/**
 * Authenticates Binding Updates by the key of their home address (RFC 4285 §5, §6), before anything else is done about
 * them: option, association, authenticator, timestamp. What it remembers is bounded by the mobile nodes configured and
 * by the tables of sources.
 */
export class UpdateAuthentication {
  readonly status: AuthenticationStatus;
  readonly #services: RoleServices;
  readonly #associations: ReadonlyMap<Address, SecurityAssociation | 'none'>;
  readonly #timeOfDay: SteadyTimeOfDay;
  readonly #failures = new SourceLimits(FAILURES);
  readonly #answers = new SourceLimits(ANSWERS);
  readonly #allAnswers = new SourceLimits(ALL_ANSWERS);
  /** Last accepted, by home address: they outlive the bindings. */
  readonly #accepted = new Map<Address, NtpTimestamp>();
  /** Nothing from before the start is accepted: an earlier run may have accepted it already. */
  #start: NtpTimestamp | undefined;

  constructor({ mobileNodes }: HomeAgentConfiguration, services: RoleServices) {
    this.#services = services;
    this.#associations = new Map(mobileNodes.map(({ homeAddress, authentication }) => [homeAddress, authentication]));
    this.status = authenticationStatus(mobileNodes.map(({ authentication }) => authentication));
    this.#timeOfDay = new SteadyTimeOfDay(services.wallClockMs);
    this.#start = ntpTimestamp(services.wallClockMs());
  }

  /** `isRegistered`: whether the source is a care-of address of this home address already. */
  examine(packet: MobilityPacket, homeAddress: Address, isRegistered: boolean, nowMs: number): Examination {
    const options = packet.message.type === 'unknown' ? [] : packet.message.options;
    const source = packet.outer?.source ?? packet.source;
    const option = homeAgentAuthentication(options);
    const association = this.#associations.get(homeAddress);
    if (association === 'none' || (association === undefined && this.status === 'none' && !option)) {
      return option ? dropped('no-security-association') : { kind: 'unauthenticated' };
    }
    if (association === undefined) return dropped('no-security-association');
    if (!option) return dropped('authentication-missing');
    if (option.spi !== association.spi || aaaAuthentication(options)) return dropped('no-security-association');
    const identifier = identifierIn(options);
    if (association.identifier !== undefined && !isNamed(identifier, association.identifier)) {
      return dropped('no-security-association');
    }
    if (!isRegistered && !this.#failures.allows(source, nowMs)) return dropped('too-many-failures');

    const { careOfAddress } = authenticatedAddresses(packet);
    const timestamp = timestampIn(options);
    const answer = (answered: NtpTimestamp | undefined): AnswerAuthentication => ({
      options: [
        ...(identifier ? [identifier] : []),
        ...(answered ? [{ type: OptionType.mobilityMessageReplayProtection, timestamp: answered }] : []),
        unsignedAuthentication(association.spi),
      ],
      encoding: { sign: signer(association, this.#services), careOfAddress },
    });
    if (!isAuthentic(packet, careOfAddress, homeAddress, association, this.#services)) {
      const reason = 'authentication-failed';
      if (!this.#mayAnswerFailure(source, nowMs)) return dropped(reason);
      const status = BindingStatus.mipv6AuthenticationFailed;
      return { kind: 'refused', status, reason, answer: answer(timestamp) };
    }
    if (!timestamp) {
      const status = BindingStatus.mipv6MessageIdRequired;
      return { kind: 'refused', status, reason: 'timestamp-missing', answer: answer(undefined) };
    }
    const time = ntpTimestamp(this.#timeOfDay.at(nowMs));
    if (!this.#isFresh(timestamp, homeAddress, association, time)) {
      const corrected = { seconds: time.seconds, fraction: timestamp.fraction };
      const status = BindingStatus.mipv6IdMismatch;
      return { kind: 'refused', status, reason: 'timestamp-invalid', answer: answer(corrected) };
    }
    this.#accepted.set(homeAddress, timestamp);
    return { kind: 'authentic', answer: answer(timestamp) };
  }

  /** RFC 4285 §6: close to our time of day, and greater than all accepted before. */
  #isFresh(
    timestamp: NtpTimestamp,
    homeAddress: Address,
    { replayWindowSeconds }: SecurityAssociation,
    time: NtpTimestamp,
  ): boolean {
    if (Math.abs(differenceMs(timestamp, time)) > replayWindowSeconds * 1000) return false;
    const last = this.#accepted.get(homeAddress) ?? this.#start;
    return last === undefined || isLater(timestamp, last);
  }

  /** Counts a failure against its source. */
  #mayAnswerFailure(source: Address, nowMs: number): boolean {
    this.#failures.take(source, nowMs);
    return this.#answers.take(source, nowMs) && this.#allAnswers.take(EVERYBODY, nowMs);
  }
}

function dropped(reason: DropReason): Examination {
  return { kind: 'dropped', reason };
}

function identifierIn(options: readonly MobilityOption[]): MobileNodeIdentifierOption | undefined {
  return options.find((option) => option.type === OptionType.mobileNodeIdentifier);
}

function isNamed(option: MobileNodeIdentifierOption | undefined, name: string): boolean {
  if (option?.subtype !== MobileNodeIdentifierSubtype.networkAccessIdentifier) return false;
  return String.fromCharCode(...option.identifier) === name;
}
