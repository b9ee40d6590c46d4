import { type Binding, type BindingCache, type HomeEntry, NO_BID } from '../../bindings/binding-cache.ts';
import { wholeUnits } from '../../bindings/lifetime.ts';
import { isNewerSequenceNumber } from '../../bindings/sequence-number.ts';
import { type Address, isIpv6, isUnicastRoutable } from '../../bytes/address.ts';
import { type Prefix, samePrefix } from '../../bytes/prefix.ts';
import type { HomeAgentConfiguration, MobileNodeConfiguration } from '../../config/configuration.ts';
import { BindingStatus, BindingUpdateFlag, OptionType } from '../../wire/mh/numbers.ts';
import type { BindingIdentifierOption } from '../../wire/mh/options/binding-identifier.ts';
import type { Authorization } from './authorization.ts';
import type { ValidBindingUpdate } from './validation.ts';

/** What a Binding Update did. */
export interface RegistrationOutcome {
  /** For the Binding Acknowledgement. */
  readonly status: number;
  readonly sequenceNumber: number;
  readonly lifetimeSeconds: number;
  /** Forwarding for a mobile router is set up (R flag, RFC 3963 §6.6). */
  readonly mobileRouter: boolean;
  /** For each Binding Identifier option of the update, in order; empty where the options were skipped. */
  readonly bindingStatuses: readonly { readonly bid: number; readonly status: number }[];
  /** `changed`: new, or with another care-of address than before. */
  readonly registered: readonly { readonly binding: Binding; readonly changed: boolean }[];
  readonly removed: readonly { readonly binding: Binding; readonly reason: 'deregistered' | 'replaced' }[];
  readonly prefixesChanged: boolean;
}

interface Registration {
  readonly node: MobileNodeConfiguration;
  readonly mobileRouter: boolean;
  readonly prefixes: readonly Prefix[];
  readonly lifetimeSeconds: number;
}

type BidOutcome = { readonly bid: number; readonly status: number; readonly careOfAddress?: Address };

/** Processes valid Binding Updates against the binding cache (RFC 6275 §10.3, RFC 3963 §6.2, RFC 5648 §6.2). */
export class Registrar {
  readonly #configuration: HomeAgentConfiguration;
  readonly #authorization: Authorization;
  readonly #cache: BindingCache;

  constructor(configuration: HomeAgentConfiguration, authorization: Authorization, cache: BindingCache) {
    this.#configuration = configuration;
    this.#authorization = authorization;
    this.#cache = cache;
  }

  process(valid: ValidBindingUpdate, nowMs: number): RegistrationOutcome {
    const { update, homeAddress } = valid;
    const identifiers = this.#configuration.multipleCareOfAddresses
      ? update.options.filter((option) => option.type === OptionType.bindingIdentifier)
      : [];
    const refuse = (status: number, sequenceNumber = update.sequenceNumber): RegistrationOutcome => ({
      status,
      sequenceNumber,
      lifetimeSeconds: 0,
      mobileRouter: false,
      bindingStatuses: identifiers.map(({ bid }) => ({ bid, status: 0 })),
      registered: [],
      removed: [],
      prefixesChanged: false,
    });

    if ((update.flags & BindingUpdateFlag.homeRegistration) === 0) {
      return refuse(BindingStatus.mobileRouterOperationNotPermitted);
    }
    const node = this.#authorization.mobileNode(homeAddress);
    if ('refuse' in node) return refuse(node.refuse);
    const entry = this.#cache.entry(homeAddress);
    if (entry && !isNewerSequenceNumber(update.sequenceNumber, entry.sequenceNumber)) {
      return refuse(BindingStatus.sequenceNumberOutOfWindow, entry.sequenceNumber);
    }
    const malformed = identifiers.some((option) => option.malformed !== undefined);
    if (malformed) return refuse(BindingStatus.mcoaMalformed);
    if (identifiers.length > 0 && !node.value.multipleCareOfAddresses) return refuse(BindingStatus.mcoaProhibited);
    if (identifiers.length > 1 && !this.#configuration.bulkRegistration) {
      return refuse(BindingStatus.mcoaBulkRegistrationProhibited);
    }
    const careOfAddress = this.#careOfAddress(valid);
    const deregisters = update.lifetimeSeconds === 0 || (identifiers.length === 0 && careOfAddress === homeAddress);
    if (deregisters)
      return this.#deregister(valid, identifiers, entry, nowMs) ?? refuse(BindingStatus.notHomeAgentForThisMobileNode);

    const registration = this.#checkRegistration(valid, identifiers, node.value, entry);
    if (typeof registration === 'number') return refuse(registration);
    return identifiers.length === 0
      ? this.#registerPlain(valid, careOfAddress, registration, nowMs)
      : (this.#registerMultiple(valid, identifiers, registration, nowMs) ??
          refuse(BindingStatus.mcoaNonMcoaBindingExists));
  }

  /** The address in the Alternate Care-of Address option, else the packet's source (RFC 6275 §9.5.1). */
  #careOfAddress({ update, source }: ValidBindingUpdate): Address {
    const alternate = update.options.find((option) => option.type === OptionType.alternateCareOfAddress);
    return alternate?.careOfAddress ?? source;
  }

  /** RFC 6275 §10.3.2, RFC 5648 §6.2; `undefined` where there is nothing to remove. */
  #deregister(
    valid: ValidBindingUpdate,
    identifiers: readonly BindingIdentifierOption[],
    entry: HomeEntry | undefined,
    nowMs: number,
  ): RegistrationOutcome | undefined {
    const { update, homeAddress } = valid;
    if (!entry || entry.bindings.size === 0) return undefined;
    const known = identifiers.filter(({ bid }) => entry.bindings.has(bid));
    if (identifiers.length > 0 && known.length === 0) return undefined;
    this.#cache.updateEntry(homeAddress, { ...entry, sequenceNumber: update.sequenceNumber }, nowMs);
    const removed =
      identifiers.length === 0
        ? this.#cache.removeAll(homeAddress, nowMs)
        : known.flatMap(({ bid }) => this.#cache.remove(homeAddress, bid, nowMs) ?? []);
    const outcomes = identifiers.map(({ bid }) => ({
      bid,
      status: removed.some((binding) => binding.bid === bid)
        ? BindingStatus.accepted
        : BindingStatus.notHomeAgentForThisMobileNode,
    }));
    return {
      ...combine(outcomes),
      sequenceNumber: update.sequenceNumber,
      lifetimeSeconds: 0,
      mobileRouter: entry.mobileRouter && (update.flags & BindingUpdateFlag.mobileRouter) !== 0,
      registered: [],
      removed: removed.map((binding) => ({ binding, reason: 'deregistered' })),
      prefixesChanged: false,
    };
  }

  /** The tests that concern the home address as a whole; a number is the status that refuses it. */
  #checkRegistration(
    { update }: ValidBindingUpdate,
    identifiers: readonly BindingIdentifierOption[],
    node: MobileNodeConfiguration,
    entry: HomeEntry | undefined,
  ): Registration | number {
    const mobileRouter = (update.flags & BindingUpdateFlag.mobileRouter) !== 0;
    if (mobileRouter && !node.mobileRouter) return BindingStatus.mobileRouterOperationNotPermitted;
    if (entry && entry.bindings.size > 0 && entry.mobileRouter !== mobileRouter) {
      return BindingStatus.registrationTypeChangeDisallowed;
    }
    const prefixes = mobileRouter ? this.#authorization.prefixes(node, update.options) : { value: [] };
    if ('refuse' in prefixes) return prefixes.refuse;
    const existing = entry?.bindings;
    const bids = new Set(identifiers.length === 0 ? [NO_BID] : identifiers.map(({ bid }) => bid));
    const replacesAll = identifiers.length === 0 || (update.flags & BindingUpdateFlag.overwrite) !== 0;
    const added = replacesAll
      ? bids.size - (existing?.size ?? 0)
      : [...bids].filter((bid) => !existing?.has(bid)).length;
    if (added > 0 && this.#cache.size + added > this.#configuration.maximumBindings) {
      return BindingStatus.insufficientResources;
    }
    const lifetimeSeconds = wholeUnits(Math.min(update.lifetimeSeconds, this.#configuration.maximumLifetimeSeconds));
    return { node, mobileRouter, prefixes: prefixes.value, lifetimeSeconds };
  }

  /** One binding that takes the place of all others (RFC 5648 §6.2, first paragraph). */
  #registerPlain(
    valid: ValidBindingUpdate,
    careOfAddress: Address,
    registration: Registration,
    nowMs: number,
  ): RegistrationOutcome {
    const { homeAddress, update } = valid;
    const others = [...(this.#cache.entry(homeAddress)?.bindings.keys() ?? [])].filter((bid) => bid !== NO_BID);
    const replaced = others.flatMap((bid) => this.#cache.remove(homeAddress, bid, nowMs) ?? []);
    const stored = this.#store(
      valid,
      registration,
      [{ bid: NO_BID, status: BindingStatus.accepted, careOfAddress }],
      nowMs,
    );
    return {
      status: BindingStatus.accepted,
      bindingStatuses: [],
      sequenceNumber: update.sequenceNumber,
      lifetimeSeconds: registration.lifetimeSeconds,
      mobileRouter: registration.mobileRouter,
      ...stored,
      removed: replaced.map((binding) => ({ binding, reason: 'replaced' })),
    };
  }

  /** RFC 5648 §6.2; `undefined` if a plain binding is in the way (165). */
  #registerMultiple(
    valid: ValidBindingUpdate,
    identifiers: readonly BindingIdentifierOption[],
    registration: Registration,
    nowMs: number,
  ): RegistrationOutcome | undefined {
    const { update, homeAddress } = valid;
    const overwrites = (update.flags & BindingUpdateFlag.overwrite) !== 0;
    const existing = this.#cache.entry(homeAddress)?.bindings ?? new Map<number, Binding>();
    if (!overwrites && existing.has(NO_BID)) return undefined;

    const outcomes = identifiers.map((option, index) => {
      const isRepeated = identifiers.slice(0, index).some(({ bid }) => bid === option.bid);
      return isRepeated ? { bid: option.bid, status: BindingStatus.mcoaMalformed } : examine(option, existing);
    });
    const accepted = outcomes.filter((outcome) => outcome.careOfAddress !== undefined);
    const replaced =
      overwrites && accepted.length > 0
        ? [...existing.keys()]
            .filter((bid) => !accepted.some((outcome) => outcome.bid === bid))
            .flatMap((bid) => this.#cache.remove(homeAddress, bid, nowMs) ?? [])
        : [];
    const stored =
      accepted.length > 0
        ? this.#store(valid, registration, accepted, nowMs)
        : { registered: [], prefixesChanged: false };
    return {
      ...combine(outcomes),
      sequenceNumber: update.sequenceNumber,
      lifetimeSeconds: accepted.length > 0 ? registration.lifetimeSeconds : 0,
      mobileRouter: accepted.length > 0 && registration.mobileRouter,
      ...stored,
      removed: replaced.map((binding) => ({ binding, reason: 'replaced' })),
    };
  }

  #store(
    { homeAddress, update }: ValidBindingUpdate,
    { mobileRouter, prefixes, lifetimeSeconds }: Registration,
    accepted: readonly BidOutcome[],
    nowMs: number,
  ): Pick<RegistrationOutcome, 'registered' | 'prefixesChanged'> {
    const before = this.#cache.entry(homeAddress)?.prefixes ?? [];
    const prefixesChanged =
      before.length !== prefixes.length || before.some((prefix, index) => !samePrefix(prefix, prefixes[index]!));
    this.#cache.updateEntry(homeAddress, { sequenceNumber: update.sequenceNumber, mobileRouter, prefixes }, nowMs);
    const expiresMs = nowMs + lifetimeSeconds * 1000;
    const registered = accepted.map(({ bid, careOfAddress }) => {
      const changed = this.#cache.binding(homeAddress, bid)?.careOfAddress !== careOfAddress;
      return { binding: this.#cache.put(homeAddress, bid, careOfAddress!, expiresMs), changed };
    });
    return { registered, prefixesChanged };
  }
}

/** One Binding Identifier option of a registration (RFC 5648 §6.2). */
function examine(option: BindingIdentifierOption, existing: ReadonlyMap<number, Binding>): BidOutcome {
  const { bid, careOfAddress } = option;
  if (bid === NO_BID) return { bid, status: BindingStatus.mcoaMalformed };
  if (option.simultaneousHomeAndForeign) {
    return { bid, status: BindingStatus.mcoaSimultaneousHomeAndForeignProhibited };
  }
  if (careOfAddress === undefined) {
    const known = existing.get(bid)?.careOfAddress;
    return known === undefined
      ? { bid, status: BindingStatus.mcoaUnknownCareOfAddress }
      : { bid, status: BindingStatus.accepted, careOfAddress: known };
  }
  if (!isUnicastRoutable(careOfAddress)) return { bid, status: BindingStatus.mcoaMalformed };
  if (!isIpv6(careOfAddress)) return { bid, status: BindingStatus.invalidCareOfAddress };
  return { bid, status: BindingStatus.accepted, careOfAddress };
}

/**
 * Where a status goes: in a single registration into the acknowledgement; in a bulk registration with an outcome of
 * its own into the option, with NOTCOMPLETE in the acknowledgement (RFC 5648 §6.2, last paragraph).
 */
function combine(outcomes: readonly BidOutcome[]): Pick<RegistrationOutcome, 'status' | 'bindingStatuses'> {
  const [first] = outcomes;
  if (outcomes.length <= 1) {
    return {
      status: first?.status ?? BindingStatus.accepted,
      bindingStatuses: outcomes.map(({ bid }) => ({ bid, status: 0 })),
    };
  }
  const complete = outcomes.every(({ status }) => status === BindingStatus.accepted);
  return {
    status: complete ? BindingStatus.accepted : BindingStatus.mcoaNotComplete,
    bindingStatuses: outcomes.map(({ bid, status }) => ({ bid, status })),
  };
}
