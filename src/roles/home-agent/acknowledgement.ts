import type { HomeAgentConfiguration } from '../../config/configuration.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import {
  BindingAcknowledgementFlag,
  Ipv4AddressStatus,
  isAccepted,
  LinkLayerAddressOptionCode,
  MessageType,
  OptionType,
} from '../../wire/mh/numbers.ts';
import type { MobilityOption } from '../../wire/mh/options/option.ts';
import type { MobilityPacket } from '../../wire/signalling.ts';
import { type RoleAction, tell } from '../action.ts';
import { natDetection, outerReply } from './ipv4-care-of.ts';
import { ipv4Answer, ipv4HomeAddressOptions } from './ipv4-homes.ts';
import type { RegistrationOutcome } from './registration-outcome.ts';
import type { ValidBindingUpdate } from './validation.ts';

/**
 * The answer to a Binding Update: to the packet's source, through a type 2 routing header unless that is at home
 * (RFC 6275 §9.5.4, §10.3.1); to an IPv4 care-of address by the way that the update came (RFC 5555 §4.5). Flag K stays
 * clear: no key management connection is moved.
 */
export function acknowledgement(
  valid: ValidBindingUpdate,
  outcome: RegistrationOutcome,
  { refreshAdviceSeconds, ipv4 }: HomeAgentConfiguration,
): MobilityPacket {
  const { homeAddress, source, outer, agentAddress, hasHomeAddressOption, answer } = valid;
  const { status, sequenceNumber, lifetimeSeconds } = outcome;
  const message: BindingAcknowledgement = {
    type: MessageType.bindingAcknowledgement,
    status,
    flags: outcome.mobileRouter && isAccepted(status) ? BindingAcknowledgementFlag.mobileRouter : 0,
    sequenceNumber,
    lifetimeSeconds,
    options: [
      ...refreshAdvice(outcome, refreshAdviceSeconds),
      // Before any Binding Identifier option (RFC 5648 §8.2).
      ...(ipv4 ? [...ipv4Answers(valid, outcome), ...natDetection(valid, status, ipv4.natRefreshSeconds)] : []),
      ...outcome.bindingStatuses.map(({ bid, status }) => ({
        type: OptionType.bindingIdentifier,
        bid,
        status,
        simultaneousHomeAndForeign: isHomeBinding(valid, bid),
        reserved: 0,
      })),
      ...(answer?.options ?? []),
    ],
  };
  return {
    kind: 'mobility',
    ...(outer && { outer: outerReply(outer) }),
    source: agentAddress,
    destination: source,
    ...(hasHomeAddressOption ? { routing2: homeAddress } : {}),
    message,
  };
}

/** Only for a registration, and only if it is earlier than the end of the lifetime (RFC 6275 §6.2.4, §10.3.2). */
function refreshAdvice(
  { status, lifetimeSeconds }: RegistrationOutcome,
  refreshIntervalSeconds: number | undefined,
): MobilityOption[] {
  if (refreshIntervalSeconds === undefined || !isAccepted(status)) return [];
  if (refreshIntervalSeconds >= lifetimeSeconds) return [];
  return [{ type: OptionType.bindingRefreshAdvice, refreshIntervalSeconds }];
}

/** With every answer to an update that asks for something of IPv4 (RFC 5648 §8.2): one that is refused binds nothing. */
function ipv4Answers({ update }: ValidBindingUpdate, { status, ipv4Answers }: RegistrationOutcome): MobilityOption[] {
  if (ipv4Answers.length > 0 || isAccepted(status)) return [...ipv4Answers];
  const { reasonUnspecified } = Ipv4AddressStatus;
  return ipv4HomeAddressOptions(update.options).map(({ homeAddress }) => ipv4Answer(homeAddress, reasonUnspecified));
}

/** The option comes back as it was, apart from its status and its address (RFC 5648 §6.2). */
function isHomeBinding({ update }: ValidBindingUpdate, bid: number): boolean {
  return update.options.some(
    (option) => option.type === OptionType.bindingIdentifier && option.bid === bid && option.simultaneousHomeAndForeign,
  );
}

/** The mobile node's own link-layer address, if the update tells a usable one (RFC 5648 §5.6.3). */
export function linkLayerAddressIn({ update }: ValidBindingUpdate): Uint8Array | undefined {
  for (const option of update.options) {
    if (option.type !== OptionType.mobilityHeaderLinkLayerAddress) continue;
    if (option.optionCode !== LinkLayerAddressOptionCode.mobileNode) continue;
    const { linkLayerAddress } = option;
    const isUnicast = linkLayerAddress.length === 6 && (linkLayerAddress[0]! & 1) === 0;
    return isUnicast ? linkLayerAddress : undefined;
  }
  return undefined;
}

/** What the registration changed, for operators. */
export function registrationEvents(valid: ValidBindingUpdate, outcome: RegistrationOutcome): RoleAction[] {
  const { homeAddress, source, outer } = valid;
  const { lifetimeSeconds } = outcome;
  const removed = outcome.removed.map(({ binding: { bid, careOfAddress }, reason }): RoleAction => {
    return tell({ type: 'binding-removed', homeAddress, bid, careOfAddress, reason });
  });
  const registered = outcome.registered
    .filter(({ changed }) => changed)
    .map(({ binding: { bid, careOfAddress } }): RoleAction => {
      return tell({ type: 'binding-registered', homeAddress, bid, careOfAddress, lifetimeSeconds });
    });
  if (isAccepted(outcome.status)) return [...removed, ...registered];
  const bid = outcome.bindingStatuses[0]?.bid ?? 0;
  const { status } = outcome;
  const refused = {
    type: 'binding-refused',
    homeAddress,
    bid,
    careOfAddress: outer?.source ?? source,
    status,
  } as const;
  return [...removed, ...registered, tell(refused)];
}

/** Where an acknowledgement leaves: on the home link, if the node is there under its own address. */
export function answersOnHomeLink({ arrivedAtHome, source, homeAddress }: ValidBindingUpdate): boolean {
  return arrivedAtHome && source === homeAddress;
}
