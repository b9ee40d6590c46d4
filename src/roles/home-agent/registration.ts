import {
  type Binding,
  type BindingCache,
  type HomeEntry,
  type Ipv4Home,
  NO_BID,
} from '../../bindings/binding-cache.ts';
import { wholeUnits } from '../../bindings/lifetime.ts';
import { isNewerSequenceNumber } from '../../bindings/sequence-number.ts';
import { type Address, isIpv4, isUnicastRoutable } from '../../bytes/address.ts';
import { type Prefix, samePrefix } from '../../bytes/prefix.ts';
import type { HomeAgentConfiguration, MobileNodeConfiguration } from '../../config/configuration.ts';
import {
  BindingStatus,
  BindingUpdateFlag,
  Ipv4AddressStatus,
  LIFETIME_UNIT_SECONDS,
  OptionType,
} from '../../wire/mh/numbers.ts';
import type { BindingIdentifierOption } from '../../wire/mh/options/binding-identifier.ts';
import type { Authorization } from './authorization.ts';
import { combine, examine, type HomeBindings } from './binding-identifiers.ts';
import { bindingOuter, forcesUdp, sameOuter } from './ipv4-care-of.ts';
import { asksForNetwork, type Ipv4Homes, ipv4Answer, ipv4HomeAddressOptions } from './ipv4-homes.ts';
import type { BidOutcome, RegistrationOutcome } from './registration-outcome.ts';
import type { ValidBindingUpdate } from './validation.ts';

interface Registration {
  readonly node: MobileNodeConfiguration;
  readonly mobileRouter: boolean;
  readonly prefixes: readonly Prefix[];
  readonly lifetimeSeconds: number;
  /** The status of acceptance: 0, or 1 where the prefix does not outlive the binding. */
  readonly acceptance: number;
}

/** What a Binding Update asks for, once it is known to be in order as a whole. */
type Plan =
  | { readonly kind: 'refuse'; readonly outcome: RegistrationOutcome }
  | { readonly kind: 'deregister'; readonly identifiers: readonly BindingIdentifierOption[]; readonly entry: HomeEntry }
  | {
      readonly kind: 'register';
      readonly identifiers: readonly BindingIdentifierOption[];
      readonly registration: Registration;
      readonly outcomes: readonly BidOutcome[];
    };

/** What the home link has to say about registrations. */
export interface HomeLinkRules extends HomeBindings {
  /** What is left of the lifetimes of the home address's prefix (RFC 6275 §10.3.1); Infinity without end. */
  lifetimes(homeAddress: Address, nowMs: number): { readonly validSeconds: number; readonly preferredSeconds: number };
}

/** Processes valid Binding Updates against the binding cache (RFC 6275 §10.3, RFC 3963 §6.2, RFC 5648 §6.2). */
export class Registrar {
  readonly #configuration: HomeAgentConfiguration;
  readonly #authorization: Authorization;
  readonly #cache: BindingCache;
  readonly #homeLink: HomeLinkRules;
  readonly #ipv4: Ipv4Homes | undefined;

  constructor(
    configuration: HomeAgentConfiguration,
    authorization: Authorization,
    cache: BindingCache,
    homeLink: HomeLinkRules,
    ipv4?: Ipv4Homes,
  ) {
    this.#configuration = configuration;
    this.#authorization = authorization;
    this.#cache = cache;
    this.#homeLink = homeLink;
    this.#ipv4 = ipv4;
  }

  /** Whether the update would make the first binding of its home address: then the address is tested before. */
  wouldBegin(valid: ValidBindingUpdate, nowMs: number): boolean {
    const entry = this.#cache.entry(valid.homeAddress);
    if (entry && entry.bindings.size > 0) return false;
    const plan = this.#plan(valid, nowMs);
    return plan.kind === 'register' && plan.outcomes.some(({ careOfAddress }) => careOfAddress !== undefined);
  }

  process(valid: ValidBindingUpdate, nowMs: number): RegistrationOutcome {
    const plan = this.#plan(valid, nowMs);
    switch (plan.kind) {
      case 'refuse':
        return plan.outcome;
      case 'deregister':
        return this.#deregister(valid, plan.identifiers, plan.entry, nowMs);
      case 'register':
        return this.#register(valid, plan, nowMs);
    }
  }

  /** The Binding Identifier options that count: none for an agent that only speaks RFC 6275. */
  identifiers({ update }: ValidBindingUpdate): readonly BindingIdentifierOption[] {
    return this.#configuration.multipleCareOfAddresses
      ? update.options.filter((option) => option.type === OptionType.bindingIdentifier)
      : [];
  }

  #plan(valid: ValidBindingUpdate, nowMs: number): Plan {
    const { update, homeAddress } = valid;
    const identifiers = this.identifiers(valid);
    const refuse = (status: number, sequenceNumber = update.sequenceNumber): Plan => ({
      kind: 'refuse',
      outcome: { ...refusal(valid, status, identifiers), sequenceNumber },
    });

    if ((update.flags & BindingUpdateFlag.homeRegistration) === 0) {
      const mobileRouter = (update.flags & BindingUpdateFlag.mobileRouter) !== 0;
      // RFC 3963 §6.2; else the home registration stays one (RFC 6275 §9.5.1).
      return refuse(
        mobileRouter ? BindingStatus.mobileRouterOperationNotPermitted : BindingStatus.registrationTypeChangeDisallowed,
      );
    }
    const node = this.#authorization.mobileNode(homeAddress);
    if ('refuse' in node) return refuse(node.refuse);
    const entry = this.#cache.entry(homeAddress);
    if (!valid.answer && entry && !isNewerSequenceNumber(update.sequenceNumber, entry.sequenceNumber)) {
      return refuse(BindingStatus.sequenceNumberOutOfWindow, entry.sequenceNumber);
    }
    const malformed = identifiers.some((option) => option.malformed !== undefined);
    if (malformed) return refuse(BindingStatus.mcoaMalformed);
    if (identifiers.length > 0 && !node.value.multipleCareOfAddresses) return refuse(BindingStatus.mcoaProhibited);
    if (identifiers.length > 1 && !this.#configuration.bulkRegistration) {
      return refuse(BindingStatus.mcoaBulkRegistrationProhibited);
    }
    const deregisters =
      update.lifetimeSeconds === 0 || (identifiers.length === 0 && valid.careOfAddress === homeAddress);
    if (deregisters) {
      const isKnown = identifiers.length === 0 || identifiers.some(({ bid }) => entry?.bindings.has(bid));
      return entry && entry.bindings.size > 0 && isKnown
        ? { kind: 'deregister', identifiers, entry }
        : refuse(BindingStatus.notHomeAgentForThisMobileNode);
    }

    const { outer } = valid;
    if (outer && forcesUdp(valid) && !this.#configuration.ipv4?.allowForcedUdpEncapsulation) {
      return refuse(BindingStatus.forcedUdpEncapsulationRefused);
    }
    const registration = this.#checkRegistration(valid, identifiers, node.value, entry, nowMs);
    if (typeof registration === 'number') return refuse(registration);
    if (identifiers.length === 0) {
      const { careOfAddress } = valid;
      if (!this.#isCareOfAddress(careOfAddress, homeAddress)) return refuse(BindingStatus.invalidCareOfAddress);
      const way = outer && { outer: bindingOuter(valid, outer) };
      const outcomes = [{ bid: NO_BID, status: BindingStatus.accepted, careOfAddress, ...way }];
      return { kind: 'register', identifiers, registration, outcomes };
    }
    const existing = entry?.bindings ?? new Map<number, Binding>();
    const overwrites = (update.flags & BindingUpdateFlag.overwrite) !== 0;
    if (!overwrites && existing.has(NO_BID)) return refuse(BindingStatus.mcoaNonMcoaBindingExists);
    const isCareOfAddress = (careOfAddress: Address) => this.#isCareOfAddress(careOfAddress, homeAddress);
    const servesIpv4 = this.#ipv4 !== undefined;
    const outcomes = examine(valid, identifiers, existing, this.#homeLink, isCareOfAddress, servesIpv4);
    return { kind: 'register', identifiers, registration, outcomes };
  }

  /** An address that does not lead back to the home address through bindings of other home addresses. */
  #isCareOfAddress(careOfAddress: Address, homeAddress: Address): boolean {
    if (!isUnicastRoutable(careOfAddress)) return false;
    const first = this.#boundTo(careOfAddress);
    if (!this.#cache.entry(first)) return first !== homeAddress;
    const seen = new Set<Address>([first]);
    for (const address of seen) {
      if (address === homeAddress) return false;
      for (const binding of this.#cache.entry(address)?.bindings.values() ?? []) {
        if (binding.careOfAddress !== address) seen.add(this.#boundTo(binding.careOfAddress));
      }
    }
    return true;
  }

  /** The home address whose bindings lead on from an address. */
  #boundTo(address: Address): Address {
    return isIpv4(address) ? (this.#ipv4?.owner(address) ?? address) : address;
  }

  /** RFC 6275 §10.3.2, RFC 5648 §6.2. */
  #deregister(
    valid: ValidBindingUpdate,
    identifiers: readonly BindingIdentifierOption[],
    entry: HomeEntry,
    nowMs: number,
  ): RegistrationOutcome {
    const { update, homeAddress } = valid;
    this.#cache.updateEntry(homeAddress, { ...entry, sequenceNumber: update.sequenceNumber }, nowMs);
    const removed =
      identifiers.length === 0
        ? this.#cache.removeAll(homeAddress, nowMs)
        : identifiers.flatMap(({ bid }) => this.#cache.remove(homeAddress, bid, nowMs) ?? []);
    const outcomes = identifiers.map(({ bid }) => ({
      bid,
      status: removed.some((binding) => binding.bid === bid)
        ? BindingStatus.accepted
        : BindingStatus.notHomeAgentForThisMobileNode,
    }));
    if (entry.bindings.size === 0) this.#ipv4?.keep(homeAddress, nowMs);
    const options = this.#ipv4 ? ipv4HomeAddressOptions(update.options) : [];
    return {
      ...combine(outcomes),
      ipv4Answers: options.map((option) =>
        ipv4Answer(option.homeAddress, Ipv4AddressStatus.success, option.prefixLength),
      ),
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
    { update, homeAddress }: ValidBindingUpdate,
    identifiers: readonly BindingIdentifierOption[],
    node: MobileNodeConfiguration,
    entry: HomeEntry | undefined,
    nowMs: number,
  ): Registration | number {
    const mobileRouter = (update.flags & BindingUpdateFlag.mobileRouter) !== 0;
    if (mobileRouter && !node.mobileRouter) return BindingStatus.mobileRouterOperationNotPermitted;
    if (entry && entry.bindings.size > 0 && entry.mobileRouter !== mobileRouter) {
      return BindingStatus.registrationTypeChangeDisallowed;
    }
    const prefixes = mobileRouter ? this.#authorization.prefixes(node, update.options) : { value: [] };
    if ('refuse' in prefixes) {
      // The network may have IPv4 alone.
      const isSetUp = this.#ipv4 && prefixes.refuse === BindingStatus.forwardingSetupFailed && asksForNetwork(update);
      if (!isSetUp) return prefixes.refuse;
    }
    const existing = entry?.bindings;
    if (this.#cache.size + Math.max(1, identifiers.length) > this.#configuration.maximumBindings) {
      const bids = new Set(identifiers.length === 0 ? [NO_BID] : identifiers.map(({ bid }) => bid));
      const replacesAll = identifiers.length === 0 || (update.flags & BindingUpdateFlag.overwrite) !== 0;
      const added = replacesAll
        ? bids.size - (existing?.size ?? 0)
        : [...bids].filter((bid) => !existing?.has(bid)).length;
      if (added > 0 && this.#cache.size + added > this.#configuration.maximumBindings) {
        return BindingStatus.insufficientResources;
      }
    }
    const { validSeconds, preferredSeconds } = this.#homeLink.lifetimes(homeAddress, nowMs);
    const { maximumLifetimeSeconds } = this.#configuration;
    const lifetimeSeconds = wholeUnits(Math.min(update.lifetimeSeconds, maximumLifetimeSeconds, validSeconds));
    // A prefix that is not valid any more is not on-link (RFC 6275 §10.3.1).
    if (lifetimeSeconds === 0) return BindingStatus.notHomeSubnet;
    const acceptance = acceptanceStatus(lifetimeSeconds, validSeconds, preferredSeconds);
    const granted = 'value' in prefixes ? prefixes.value : [];
    return { node, mobileRouter, prefixes: granted, lifetimeSeconds, acceptance };
  }

  /** RFC 6275 §10.3.1 for one care-of address, which takes the place of all others; RFC 5648 §6.2 for those with BIDs. */
  #register(
    valid: ValidBindingUpdate,
    { identifiers, registration, outcomes }: Extract<Plan, { readonly kind: 'register' }>,
    nowMs: number,
  ): RegistrationOutcome {
    const { update } = valid;
    const accepted = outcomes.filter((outcome) => outcome.careOfAddress !== undefined);
    const isPlain = identifiers.length === 0;
    const replaced = accepted.length === 0 ? [] : this.#replace(valid, isPlain, identifiers, accepted, nowMs);
    const stored =
      accepted.length > 0 ? this.#store(valid, registration, accepted, nowMs) : { ...NOTHING, lifetimeSeconds: 0 };
    const { status, bindingStatuses } = combine(isPlain ? [] : outcomes);
    return {
      status: status === BindingStatus.accepted ? registration.acceptance : status,
      bindingStatuses,
      sequenceNumber: update.sequenceNumber,
      mobileRouter: accepted.length > 0 && registration.mobileRouter,
      ...stored,
      removed: replaced.map((binding) => ({ binding, reason: 'replaced' })),
    };
  }

  /** Removes what the accepted bindings take the place of. */
  #replace(
    { homeAddress, update, arrivedAtHome }: ValidBindingUpdate,
    isPlain: boolean,
    identifiers: readonly BindingIdentifierOption[],
    accepted: readonly BidOutcome[],
    nowMs: number,
  ): Binding[] {
    const overwrites = isPlain || (update.flags & BindingUpdateFlag.overwrite) !== 0;
    // A node has one binding to its home link at most; an update without flag H from elsewhere says that it has left
    // (RFC 5648 §5.6.3, §5.6.5).
    const endsHomeBinding =
      !arrivedAtHome || identifiers.some(({ simultaneousHomeAndForeign }) => simultaneousHomeAndForeign);
    const replaced: Binding[] = [];
    for (const binding of this.#cache.entry(homeAddress)?.bindings.values() ?? []) {
      const isReplaced = overwrites || (binding.careOfAddress === homeAddress && endsHomeBinding);
      if (isReplaced && !accepted.some(({ bid }) => bid === binding.bid)) replaced.push(binding);
    }
    for (const { bid } of replaced) this.#cache.remove(homeAddress, bid, nowMs);
    return replaced;
  }

  #store(
    { homeAddress, update }: ValidBindingUpdate,
    { node, mobileRouter, prefixes, lifetimeSeconds: mostSeconds }: Registration,
    accepted: readonly BidOutcome[],
    nowMs: number,
  ): Pick<RegistrationOutcome, 'registered' | 'prefixesChanged' | 'ipv4Answers' | 'lifetimeSeconds'> {
    const before = this.#cache.entry(homeAddress);
    const asked = this.#ipv4 ? ipv4HomeAddressOptions(update.options) : [];
    // An update without such an option ends what of IPv4 was bound (RFC 5555 §4.4.2.1).
    const { ipv4, answers, lifetimeSeconds } =
      this.#ipv4 && asked.length > 0
        ? this.#ipv4.grant(node, asked, mobileRouter, mostSeconds, nowMs)
        : { ipv4: undefined, answers: [], lifetimeSeconds: mostSeconds };
    const prefixesChanged = !samePrefixes(before?.prefixes, prefixes) || !sameIpv4(before?.ipv4, ipv4);
    const { sequenceNumber } = update;
    this.#cache.updateEntry(homeAddress, { sequenceNumber, mobileRouter, prefixes, ipv4 }, nowMs);
    const expiresMs = nowMs + lifetimeSeconds * 1000;
    const registered = accepted.map(({ bid, careOfAddress, outer }) => {
      const known = this.#cache.binding(homeAddress, bid);
      const changed = known?.careOfAddress !== careOfAddress || !sameOuter(known?.outer, outer);
      return { binding: this.#cache.put(homeAddress, bid, careOfAddress!, expiresMs, outer), changed };
    });
    if (this.#ipv4) {
      const ends = [...this.#cache.entry(homeAddress)!.bindings.values()].map((binding) => binding.expiresMs);
      this.#ipv4.keep(homeAddress, Math.max(...ends));
    }
    return { registered, prefixesChanged, ipv4Answers: answers, lifetimeSeconds };
  }
}

const NOTHING = { registered: [], prefixesChanged: false, ipv4Answers: [] } as const;

function samePrefixes(a: readonly Prefix[] = [], b: readonly Prefix[] = []): boolean {
  return a.length === b.length && a.every((prefix, index) => samePrefix(prefix, b[index]!));
}

function sameIpv4(a: Ipv4Home | undefined, b: Ipv4Home | undefined): boolean {
  return a === b || (a?.homeAddress === b?.homeAddress && samePrefixes(a?.prefixes, b?.prefixes));
}

/** 0, or 1 where the prefix does not outlive the binding: both counted in units of 4 s (RFC 6275 §10.3.1). */
function acceptanceStatus(lifetimeSeconds: number, validSeconds: number, preferredSeconds: number): number {
  const units = (seconds: number) => Math.floor(seconds / LIFETIME_UNIT_SECONDS);
  const isCutShort = units(preferredSeconds) < units(lifetimeSeconds) || units(validSeconds) <= units(lifetimeSeconds);
  return isCutShort ? BindingStatus.acceptedPrefixDiscoveryNecessary : BindingStatus.accepted;
}

/** Refuses a Binding Update as a whole; `identifiers` come back in the acknowledgement. */
export function refusal(
  { update }: ValidBindingUpdate,
  status: number,
  identifiers: readonly BindingIdentifierOption[] = [],
): RegistrationOutcome {
  return {
    status,
    sequenceNumber: update.sequenceNumber,
    lifetimeSeconds: 0,
    mobileRouter: false,
    bindingStatuses: identifiers.map(({ bid }) => ({ bid, status: 0 })),
    removed: [],
    ...NOTHING,
  };
}
