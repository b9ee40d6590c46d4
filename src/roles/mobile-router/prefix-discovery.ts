import type { Address } from '../../bytes/address.ts';
import { type Prefix, prefixOf, samePrefix } from '../../bytes/prefix.ts';
import { Icmpv6Type } from '../../wire/icmpv6/message.ts';
import type { MobilePrefixAdvertisement } from '../../wire/icmpv6/mobile-prefix.ts';
import type { PrefixInformationOption } from '../../wire/icmpv6/neighbor-options.ts';
import { INFINITE_LIFETIME_SECONDS, NeighborOptionType } from '../../wire/icmpv6/numbers.ts';
import type { Icmpv6Packet } from '../../wire/signalling.ts';
import type { RoleAction } from '../action.ts';
import { outerHeader } from './binding-update.ts';
import type { Path } from './path.ts';
import { MAX_BINDACK_TIMEOUT_MS } from './transaction.ts';

/** RFC 6275 §12. */
const INITIAL_SOLICIT_TIMER_MS = 3000;
/** How often a solicitation is sent before the agent is taken to have nothing to say. */
const SOLICITATIONS = 4;
/** Unsolicited advertisements are not authenticated: so often they may make us solicit. */
const SOLICIT_AGAIN_AFTER_MS = 10_000;
/** Of the home prefix's lifetime, what remains when fresh information is asked for. */
const SOLICIT_BEFORE_END = 0.1;

/** What came of an advertisement. */
export type AdvertisementOutcome = 'accepted' | 'unsolicited' | 'not-from-home-agent';

/** Learns which prefixes the home link has while the router is away (RFC 6275 §11.4.2, §11.4.3). */
export class PrefixDiscovery {
  readonly #homeAddress: Address;
  readonly #homePrefix: Prefix | undefined;
  readonly #random16: () => number;
  #solicitation: { readonly identifier: number; attempts: number; timeoutMs: number; deadlineMs: number } | undefined;
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #validUntilMs = Number.POSITIVE_INFINITY;
  #solicitAtMs = Number.POSITIVE_INFINITY;

  constructor(homeAddress: Address, homePrefix: Prefix | undefined, random16: () => number) {
    this.#homeAddress = homeAddress;
    this.#homePrefix = homePrefix;
    this.#random16 = random16;
  }

  /** Until when the home prefix, and with it the home address, may be used; Infinity while nothing else is known. */
  get validUntilMs(): number {
    return this.#validUntilMs;
  }

  /** Whether an answer is still awaited: until then status 1 forbids to register again (RFC 6275 §11.7.1). */
  get isPending(): boolean {
    return this.#solicitation !== undefined;
  }

  get nextDeadlineMs(): number {
    return Math.min(this.#solicitation?.deadlineMs ?? Number.POSITIVE_INFINITY, this.#solicitAtMs);
  }

  /** Another home agent: what the last one said of the prefixes stays, its answer does not come any more. */
  forget(): void {
    this.#solicitation = undefined;
  }

  solicit(nowMs: number): void {
    if (this.#solicitation) return;
    this.#lastStartMs = nowMs;
    const identifier = this.#random16();
    this.#solicitation = { identifier, attempts: 0, timeoutMs: INITIAL_SOLICIT_TIMER_MS, deadlineMs: nowMs };
  }

  /** Sends what is due; the pauses double. Returns nothing, and waits, while there is no path. */
  run(path: Path | undefined, homeAgentAddress: Address, nowMs: number): RoleAction[] {
    if (this.#solicitAtMs <= nowMs) {
      this.#solicitAtMs = Number.POSITIVE_INFINITY;
      this.solicit(nowMs);
    }
    const solicitation = this.#solicitation;
    if (!solicitation || solicitation.deadlineMs > nowMs) return [];
    if (solicitation.attempts >= SOLICITATIONS) {
      this.#solicitation = undefined;
      return [];
    }
    solicitation.attempts++;
    solicitation.deadlineMs = nowMs + solicitation.timeoutMs;
    solicitation.timeoutMs = Math.min(2 * solicitation.timeoutMs, MAX_BINDACK_TIMEOUT_MS);
    if (!path) return [];
    const type = Icmpv6Type.mobilePrefixSolicitation;
    // From an IPv4 network the home address stands in the header and in the option (RFC 5555 §2.2).
    const outer = outerHeader(path, true);
    return [
      {
        type: 'send',
        packet: {
          kind: 'icmpv6',
          ...(outer && { outer }),
          source: outer ? this.#homeAddress : path.careOfAddress,
          destination: homeAgentAddress,
          homeAddress: this.#homeAddress,
          message: { type, identifier: solicitation.identifier, options: [] },
        },
        interfaceIndex: path.interfaceIndex,
      },
    ];
  }

  /** An advertisement for our home address; `unsolicited` ones are discarded, but followed by a solicitation. */
  advertised(packet: Icmpv6Packet, homeAgentAddress: Address | undefined, nowMs: number): AdvertisementOutcome {
    const { message } = packet;
    if (message.type !== Icmpv6Type.mobilePrefixAdvertisement || packet.source !== homeAgentAddress) {
      return 'not-from-home-agent';
    }
    if (message.identifier !== this.#solicitation?.identifier || this.#solicitation.attempts === 0) {
      if (nowMs - this.#lastStartMs >= SOLICIT_AGAIN_AFTER_MS) this.solicit(nowMs);
      return 'unsolicited';
    }
    this.#solicitation = undefined;
    this.#learn(message, nowMs);
    return 'accepted';
  }

  /** As if the options had come in a Router Advertisement on the home link. */
  #learn({ options }: MobilePrefixAdvertisement, nowMs: number): void {
    const own = options.find(
      (option): option is PrefixInformationOption =>
        option.type === NeighborOptionType.prefixInformation && this.#isOurs(option),
    );
    if (!own) return;
    const lifetimeMs =
      own.validLifetimeSeconds === INFINITE_LIFETIME_SECONDS
        ? Number.POSITIVE_INFINITY
        : own.validLifetimeSeconds * 1000;
    this.#validUntilMs = nowMs + lifetimeMs;
    this.#solicitAtMs = lifetimeMs > 0 ? nowMs + lifetimeMs * (1 - SOLICIT_BEFORE_END) : Number.POSITIVE_INFINITY;
  }

  #isOurs({ address, prefixLength }: PrefixInformationOption): boolean {
    const advertised = prefixOf(address, prefixLength);
    return samePrefix(advertised, this.#homePrefix ?? prefixOf(this.#homeAddress, prefixLength));
  }
}

/** The home address that a packet from the home agent is for; within an IPv4 packet there is no routing header. */
export function homeAddressOf({ outer, destination, routing2 }: Icmpv6Packet): Address | undefined {
  return routing2 ?? (outer && destination);
}
