import { NO_BID } from '../../bindings/binding-cache.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import { BindingAcknowledgementFlag, BindingStatus, isAccepted, OptionType } from '../../wire/mh/numbers.ts';

/** What the home agent's answer means for what was asked. */
export type Reading =
  /** 144: our clock differs from the agent's (RFC 4285 §6). */
  | { readonly kind: 'timestamp-invalid' }
  /** 145, 146: the agent does not take our proof for one (RFC 4285 §5.3, §6). */
  | { readonly kind: 'not-authenticated'; readonly status: number }
  /** The agent's sequence number is ahead of ours: send again with the next one (RFC 6275 §11.7.3). */
  | { readonly kind: 'sequence-number-out-of-window' }
  /** No Binding Identifier came back: the agent speaks plain Mobile IPv6 only (RFC 5648 §5.7). */
  | { readonly kind: 'no-multiple-care-of-addresses'; readonly status: number }
  /** 166: plain Mobile IPv6 from now on (RFC 5648 §5.7). */
  | { readonly kind: 'multiple-care-of-addresses-prohibited' }
  /** 168: one Binding Update per binding from now on (RFC 5648 §5.7). */
  | { readonly kind: 'bulk-registration-prohibited' }
  /** 165: a plain binding is in the way; the next Binding Update overwrites it (RFC 5648 §5.7). */
  | { readonly kind: 'plain-binding-exists' }
  /** A status for each binding asked for that the answer names. */
  | { readonly kind: 'statuses'; readonly statuses: ReadonlyMap<number, number> };

/** Reads an acknowledgement of a Binding Update about `bids` (`NO_BID` alone for plain Mobile IPv6). */
export function readAcknowledgement(
  acknowledgement: BindingAcknowledgement,
  bids: readonly number[],
  registers: boolean,
): Reading {
  const { status } = acknowledgement;
  if (status === BindingStatus.sequenceNumberOutOfWindow) return { kind: 'sequence-number-out-of-window' };
  if (status === BindingStatus.mipv6IdMismatch) return { kind: 'timestamp-invalid' };
  if (status === BindingStatus.mipv6AuthenticationFailed || status === BindingStatus.mipv6MessageIdRequired) {
    return { kind: 'not-authenticated', status };
  }
  const identifiers = acknowledgement.options.filter((option) => option.type === OptionType.bindingIdentifier);
  const askedForIdentifiers = bids.some((bid) => bid !== NO_BID);
  if (askedForIdentifiers && identifiers.length === 0) return { kind: 'no-multiple-care-of-addresses', status };
  switch (status) {
    case BindingStatus.mcoaProhibited:
      return { kind: 'multiple-care-of-addresses-prohibited' };
    case BindingStatus.mcoaBulkRegistrationProhibited:
      return { kind: 'bulk-registration-prohibited' };
    case BindingStatus.mcoaNonMcoaBindingExists:
      return { kind: 'plain-binding-exists' };
  }
  const statuses = new Map<number, number>();
  for (const bid of bids) {
    const own = identifiers.find((identifier) => identifier.bid === bid);
    if (own || bid === NO_BID) statuses.set(bid, effectiveStatus(acknowledgement, own?.status ?? 0, registers));
  }
  return { kind: 'statuses', statuses };
}

/**
 * The status of an option, unless that is zero: then that of the message (RFC 5648 §5.7). A registration that succeeds
 * without the R flag did not set up forwarding for the mobile network: as good as refused (RFC 3963 §5.3).
 */
function effectiveStatus(acknowledgement: BindingAcknowledgement, own: number, registers: boolean): number {
  const status = own === 0 ? acknowledgement.status : own;
  const hasForwarding = (acknowledgement.flags & BindingAcknowledgementFlag.mobileRouter) !== 0;
  if (registers && isAccepted(status) && !hasForwarding) return BindingStatus.mobileRouterOperationNotPermitted;
  return status;
}
