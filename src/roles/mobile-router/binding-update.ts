import { NO_BID } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import { BindingUpdateFlag, LinkLayerAddressOptionCode, MessageType, OptionType } from '../../wire/mh/numbers.ts';
import type { MobilityOption } from '../../wire/mh/options/option.ts';
import type { MobilityPacket } from '../../wire/signalling.ts';
import type { Home } from './path.ts';

/** What one Binding Update says. */
export interface BindingUpdateContent {
  readonly sequenceNumber: number;
  /** 0 removes. */
  readonly lifetimeSeconds: number;
  /** Care-of address by BID; a single entry `NO_BID` for plain Mobile IPv6; empty removes everything. */
  readonly bindings: ReadonlyMap<number, Address>;
  readonly overwrite: boolean;
  readonly linkLocalCompatible?: boolean;
  /** The router's own on the home link, for a home binding. */
  readonly linkLayerAddress?: Uint8Array | undefined;
}

/** Whether a home has anything that takes a mobile router and not just a mobile node. */
export function isMobileRouter({ prefixes }: Pick<Home, 'prefixes'>): boolean {
  return prefixes.length > 0;
}

/**
 * Builds home registrations of one mobile router (RFC 6275 §11.7.1, RFC 3963 §5.2, RFC 5648 §5.2 to §5.6). A care-of
 * address that is the home address asks for a home binding. From the home address itself no Home Address option is
 * needed.
 */
export function buildBindingUpdate(home: Home, content: BindingUpdateContent, source: Address): MobilityPacket {
  const registers = content.lifetimeSeconds > 0;
  let flags: number = BindingUpdateFlag.acknowledge | BindingUpdateFlag.homeRegistration;
  if (isMobileRouter(home)) flags |= BindingUpdateFlag.mobileRouter;
  if (content.overwrite) flags |= BindingUpdateFlag.overwrite;
  if (content.linkLocalCompatible) flags |= BindingUpdateFlag.linkLocalCompatibility;
  const options: MobilityOption[] = [];
  if (registers && home.prefixMode === 'explicit') {
    for (const prefix of home.prefixes) options.push({ type: OptionType.mobileNetworkPrefix, prefix });
  }
  for (const [bid, careOfAddress] of content.bindings) {
    if (bid === NO_BID) options.push({ type: OptionType.alternateCareOfAddress, careOfAddress });
    else options.push(identifierOption(home, bid, registers ? careOfAddress : undefined));
  }
  if (content.linkLayerAddress) {
    const optionCode = LinkLayerAddressOptionCode.mobileNode;
    options.push({
      type: OptionType.mobilityHeaderLinkLayerAddress,
      optionCode,
      linkLayerAddress: content.linkLayerAddress,
    });
  }
  return {
    kind: 'mobility',
    source,
    destination: home.homeAgentAddress,
    ...(source !== home.homeAddress && { homeAddress: home.homeAddress }),
    message: {
      type: MessageType.bindingUpdate,
      sequenceNumber: content.sequenceNumber,
      flags,
      lifetimeSeconds: content.lifetimeSeconds,
      options,
    },
  };
}

function identifierOption({ homeAddress }: Home, bid: number, careOfAddress: Address | undefined): MobilityOption {
  return {
    type: OptionType.bindingIdentifier,
    bid,
    status: 0,
    simultaneousHomeAndForeign: careOfAddress === homeAddress,
    reserved: 0,
    ...(careOfAddress !== undefined && { careOfAddress }),
  };
}
