import { NO_BID } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import type { MobileRouterConfiguration } from '../../config/configuration.ts';
import { BindingUpdateFlag, MessageType, OptionType } from '../../wire/mh/numbers.ts';
import type { MobilityOption } from '../../wire/mh/options/option.ts';
import type { MobilityPacket } from '../../wire/signalling.ts';

/** What one Binding Update says. */
export interface BindingUpdateContent {
  readonly sequenceNumber: number;
  /** 0 removes. */
  readonly lifetimeSeconds: number;
  /** Care-of address by BID; a single entry `NO_BID` for plain Mobile IPv6; empty removes everything. */
  readonly bindings: ReadonlyMap<number, Address>;
  readonly overwrite: boolean;
}

/** Builds home registrations of one mobile router (RFC 6275 §11.7.1, RFC 3963 §5.2, RFC 5648 §5.2 to §5.4). */
export function buildBindingUpdate(
  configuration: MobileRouterConfiguration,
  content: BindingUpdateContent,
  source: Address,
): MobilityPacket {
  const registers = content.lifetimeSeconds > 0;
  let flags: number =
    BindingUpdateFlag.acknowledge | BindingUpdateFlag.homeRegistration | BindingUpdateFlag.mobileRouter;
  if (content.overwrite) flags |= BindingUpdateFlag.overwrite;
  const options: MobilityOption[] = [];
  if (registers && configuration.prefixMode === 'explicit') {
    for (const prefix of configuration.prefixes) options.push({ type: OptionType.mobileNetworkPrefix, prefix });
  }
  for (const [bid, careOfAddress] of content.bindings) {
    if (bid === NO_BID) {
      if (careOfAddress !== source) options.push({ type: OptionType.alternateCareOfAddress, careOfAddress });
      continue;
    }
    const identifier = {
      type: OptionType.bindingIdentifier,
      bid,
      status: 0,
      simultaneousHomeAndForeign: false,
      reserved: 0,
    } as const;
    options.push(registers ? { ...identifier, careOfAddress } : identifier);
  }
  return {
    kind: 'mobility',
    source,
    destination: configuration.homeAgentAddress,
    homeAddress: configuration.homeAddress,
    message: {
      type: MessageType.bindingUpdate,
      sequenceNumber: content.sequenceNumber,
      flags,
      lifetimeSeconds: content.lifetimeSeconds,
      options,
    },
  };
}
