import { type Address, isUnicastRoutable } from '../../bytes/address.ts';
import type { BindingUpdate } from '../../wire/mh/messages/binding-update.ts';
import { BindingUpdateFlag, OptionType } from '../../wire/mh/numbers.ts';
import type { MobilityPacket, OuterHeader } from '../../wire/signalling.ts';
import type { DropReason } from '../action.ts';
import type { AnswerAuthentication } from './update-authentication.ts';

/** A Binding Update that passed the tests that end in silence. */
export interface ValidBindingUpdate {
  readonly update: BindingUpdate;
  readonly homeAddress: Address;
  /** Of the IPv6 header: where the acknowledgement goes (RFC 6275 §9.5.4). */
  readonly source: Address;
  /** It came from an IPv4 care-of address, in UDP; the source is the home address then (RFC 5555 §4.2). */
  readonly outer?: OuterHeader;
  /** The address in the Alternate Care-of Address option, else the (outer) source (RFC 6275 §9.5.1). */
  readonly careOfAddress: Address;
  /** Our address that it was sent to. */
  readonly agentAddress: Address;
  /** Whether the acknowledgement needs a type 2 routing header. */
  readonly hasHomeAddressOption: boolean;
  /** It came in on the physical home link. */
  readonly arrivedAtHome: boolean;
  /** Of an authenticated update: its sequence number is no protection against replays (RFC 4285 §7). */
  readonly answer?: AnswerAuthentication;
}

/**
 * The tests of RFC 6275 §9.5.1 whose failure is not answered. `isBound`: the home address has a home registration, so
 * that an update of another type is answered.
 */
export function validate(
  packet: MobilityPacket,
  update: BindingUpdate,
  arrivedAtHome: boolean,
  isBound: (homeAddress: Address) => boolean,
): ValidBindingUpdate | DropReason {
  const { source, destination: agentAddress, outer } = packet;
  const homeAddress = packet.homeAddress ?? source;
  if (!isUnicastRoutable(source)) return 'source-not-unicast';
  if (!isUnicastRoutable(homeAddress)) return 'home-address-not-unicast';
  // A Home Address option says nothing new there, but it may be there (RFC 5555 §2.2, §4.4.2).
  if (outer && homeAddress !== source) return 'source-not-home-address';
  if (outer && !outer.ports) return 'not-in-udp';
  const { alternate, hasNonceIndices, isHomeBinding } = scan(update);
  const careOfAddress = outer?.source ?? alternate ?? source;
  if (!isUnicastRoutable(careOfAddress)) return 'care-of-address-not-unicast';
  const isHomeRegistration = (update.flags & BindingUpdateFlag.homeRegistration) !== 0;
  const isMobileRouter = (update.flags & BindingUpdateFlag.mobileRouter) !== 0;
  // Refused by their type, with 140 and 139: the others would be a correspondent node's.
  if (!isHomeRegistration && !isMobileRouter && !isBound(homeAddress)) return 'not-a-home-registration';
  if (isHomeRegistration && hasNonceIndices) return 'nonce-indices-in-home-registration';
  if (outer) {
    const found = { update, homeAddress, source, outer, careOfAddress, agentAddress };
    return { ...found, hasHomeAddressOption: false, arrivedAtHome: false };
  }
  const hasHomeAddressOption = packet.homeAddress !== undefined;
  // A node at home may leave the option out to de-register, or to bind itself there (RFC 6275 §10.3.2, RFC 5648 §5.6).
  if (!hasHomeAddressOption && update.lifetimeSeconds !== 0 && !isHomeBinding) return 'no-home-address-option';
  return { update, homeAddress, source, careOfAddress, agentAddress, hasHomeAddressOption, arrivedAtHome };
}

function scan({ options }: BindingUpdate): {
  readonly alternate: Address | undefined;
  readonly hasNonceIndices: boolean;
  readonly isHomeBinding: boolean;
} {
  let alternate: Address | undefined;
  let hasNonceIndices = false;
  let isHomeBinding = false;
  for (const option of options) {
    if (option.type === OptionType.alternateCareOfAddress) alternate = option.careOfAddress;
    else if (option.type === OptionType.nonceIndices) hasNonceIndices = true;
    else if (option.type === OptionType.bindingIdentifier) isHomeBinding ||= option.simultaneousHomeAndForeign;
  }
  return { alternate, hasNonceIndices, isHomeBinding };
}
