import { type Binding, NO_BID } from '../../bindings/binding-cache.ts';
import { type Address, isIpv4, isIpv6, isUnicastRoutable } from '../../bytes/address.ts';
import { BindingStatus } from '../../wire/mh/numbers.ts';
import type { BindingIdentifierOption } from '../../wire/mh/options/binding-identifier.ts';
import { examineIpv4 } from './ipv4-care-of.ts';
import type { BidOutcome, RegistrationOutcome } from './registration-outcome.ts';
import type { ValidBindingUpdate } from './validation.ts';

/** Whether a node may be bound to its home link and to visited links at the same time (RFC 5648 §5.6). */
export interface HomeBindings {
  /** The status for such a binding: one that accepts (0 or 5), or one that refuses. */
  homeBindingStatus(valid: ValidBindingUpdate): number;
}

/** The Binding Identifier options of a registration, one by one (RFC 5648 §6.2); `servesIpv4`: IPv4 care-of addresses, too. */
export function examine(
  valid: ValidBindingUpdate,
  identifiers: readonly BindingIdentifierOption[],
  existing: ReadonlyMap<number, Binding>,
  homeBindings: HomeBindings,
  isCareOfAddress: (careOfAddress: Address) => boolean,
  servesIpv4: boolean,
): BidOutcome[] {
  return identifiers.map((option, index) => {
    const { bid } = option;
    const earlier = identifiers.slice(0, index);
    if (bid === NO_BID || earlier.some((other) => other.bid === bid)) {
      return { bid, status: BindingStatus.mcoaMalformed };
    }
    if (option.simultaneousHomeAndForeign) {
      // One binding to the home link at a time (RFC 5648 §5.6.3).
      if (earlier.some((other) => other.simultaneousHomeAndForeign))
        return { bid, status: BindingStatus.mcoaMalformed };
      const status = homeBindings.homeBindingStatus(valid);
      return isRefusal(status) ? { bid, status } : { bid, status, careOfAddress: valid.homeAddress };
    }
    const { careOfAddress } = option;
    if (servesIpv4 && careOfAddress !== undefined && isIpv4(careOfAddress) && isUnicastRoutable(careOfAddress)) {
      return examineIpv4(bid, careOfAddress, valid, existing.get(bid), identifiers.length === 1, isCareOfAddress);
    }
    return examineVisited(option, existing, valid.homeAddress, isCareOfAddress);
  });
}

function examineVisited(
  { bid, careOfAddress }: BindingIdentifierOption,
  existing: ReadonlyMap<number, Binding>,
  homeAddress: Address,
  isCareOfAddress: (careOfAddress: Address) => boolean,
): BidOutcome {
  if (careOfAddress === undefined) {
    const known = existing.get(bid);
    if (known === undefined || known.careOfAddress === homeAddress) {
      return { bid, status: BindingStatus.mcoaUnknownCareOfAddress };
    }
    const { careOfAddress, outer } = known;
    return { bid, status: BindingStatus.accepted, careOfAddress, ...(outer && { outer }) };
  }
  if (!isUnicastRoutable(careOfAddress)) return { bid, status: BindingStatus.mcoaMalformed };
  if (!isIpv6(careOfAddress) || !isCareOfAddress(careOfAddress)) {
    return { bid, status: BindingStatus.invalidCareOfAddress };
  }
  return { bid, status: BindingStatus.accepted, careOfAddress };
}

/**
 * Where a status goes: in a single registration into the acknowledgement; in a bulk registration with an outcome of
 * its own into the option, with NOTCOMPLETE in the acknowledgement (RFC 5648 §6.2, last paragraph).
 */
export function combine(outcomes: readonly BidOutcome[]): Pick<RegistrationOutcome, 'status' | 'bindingStatuses'> {
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

function isRefusal(status: number): boolean {
  return status >= 128;
}
