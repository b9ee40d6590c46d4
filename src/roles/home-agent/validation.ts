import { type Address, isUnicastRoutable } from '../../bytes/address.ts';
import type { BindingUpdate } from '../../wire/mh/messages/binding-update.ts';
import { BindingUpdateFlag, OptionType } from '../../wire/mh/numbers.ts';
import type { MobilityPacket } from '../../wire/signalling.ts';
import type { DropReason } from '../action.ts';

/** A Binding Update that passed the tests that end in silence. */
export interface ValidBindingUpdate {
  readonly update: BindingUpdate;
  readonly homeAddress: Address;
  /** Of the IPv6 header: where the acknowledgement goes (RFC 6275 §9.5.4). */
  readonly source: Address;
  /** Our address that it was sent to. */
  readonly agentAddress: Address;
  /** Whether the acknowledgement needs a type 2 routing header. */
  readonly hasHomeAddressOption: boolean;
}

/** The tests of RFC 6275 §6.1.7 and §9.5.1 whose failure is not answered. */
export function validate(packet: MobilityPacket, update: BindingUpdate): ValidBindingUpdate | DropReason {
  const homeAddress = packet.homeAddress ?? packet.source;
  if (!isUnicastRoutable(packet.source)) return 'source-not-unicast';
  if (!isUnicastRoutable(homeAddress)) return 'home-address-not-unicast';
  const alternate = update.options.find((option) => option.type === OptionType.alternateCareOfAddress);
  if (alternate && !isUnicastRoutable(alternate.careOfAddress)) return 'care-of-address-not-unicast';
  const isHomeRegistration = (update.flags & BindingUpdateFlag.homeRegistration) !== 0;
  // A mobile router that asks for anything else is told that it may not (RFC 3963 §6.2).
  const isMobileRouter = (update.flags & BindingUpdateFlag.mobileRouter) !== 0;
  if (!isHomeRegistration && !isMobileRouter) return 'not-a-home-registration';
  if (update.options.some((option) => option.type === OptionType.nonceIndices)) {
    return 'nonce-indices-in-home-registration';
  }
  const hasHomeAddressOption = packet.homeAddress !== undefined;
  // A node at home may leave the option out only to de-register (RFC 6275 §10.3.1, §10.3.2).
  if (!hasHomeAddressOption && update.lifetimeSeconds !== 0) return 'no-home-address-option';
  return { update, homeAddress, source: packet.source, agentAddress: packet.destination, hasHomeAddressOption };
}
