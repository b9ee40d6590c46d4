import { NO_BID } from '../../bindings/binding-cache.ts';
import { type Address, isIpv4 } from '../../bytes/address.ts';
import {
  BindingUpdateFlag,
  DSMIPV6_UDP_PORT,
  LinkLayerAddressOptionCode,
  MessageType,
  OptionType,
} from '../../wire/mh/numbers.ts';
import type { Ipv4HomeAddressOption } from '../../wire/mh/options/ipv4-home-address.ts';
import type { MobilityOption } from '../../wire/mh/options/option.ts';
import type { MobilityPacket, OuterHeader } from '../../wire/signalling.ts';
import type { Home, Path } from './path.ts';

/** What one Binding Update says. */
export interface BindingUpdateContent {
  readonly sequenceNumber: number;
  /** 0 removes. */
  readonly lifetimeSeconds: number;
  /** Care-of address by BID; a single entry `NO_BID` for plain Mobile IPv6; empty removes everything. */
  readonly bindings: ReadonlyMap<number, Address>;
  readonly overwrite: boolean;
  readonly linkLocalCompatible?: boolean;
  /** Flag F: UDP encapsulation, NAT or not (RFC 5555 §3.1.3). */
  readonly forcesUdp?: boolean;
  /** What of IPv4 is bound with the home address. */
  readonly ipv4Home?: readonly Ipv4HomeAddressOption[];
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
 * needed: at home, and within an IPv4 packet from an IPv4 care-of address (RFC 5555 §4.4.2).
 */
export function buildBindingUpdate(
  home: Home,
  content: BindingUpdateContent,
  path: Pick<Path, 'careOfAddress' | 'agentIpv4Address'>,
): MobilityPacket {
  const outer = outerHeader(path, true);
  const source = outer ? home.homeAddress : path.careOfAddress;
  const registers = content.lifetimeSeconds > 0;
  let flags: number = BindingUpdateFlag.acknowledge | BindingUpdateFlag.homeRegistration;
  if (isMobileRouter(home)) flags |= BindingUpdateFlag.mobileRouter;
  if (content.overwrite) flags |= BindingUpdateFlag.overwrite;
  if (content.linkLocalCompatible) flags |= BindingUpdateFlag.linkLocalCompatibility;
  if (content.forcesUdp) flags |= BindingUpdateFlag.forceUdpEncapsulation;
  const options: MobilityOption[] = [];
  if (registers && home.prefixMode === 'explicit') {
    for (const prefix of home.prefixes) options.push({ type: OptionType.mobileNetworkPrefix, prefix });
  }
  if (registers) options.push(...(content.ipv4Home ?? []));
  for (const [bid, careOfAddress] of content.bindings) {
    if (bid === NO_BID) options.push(plainCareOfAddress(careOfAddress));
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
    ...(outer && { outer }),
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

/** Around a packet from an IPv4 care-of address; `undefined` for an IPv6 one. */
export function outerHeader(
  { careOfAddress, agentIpv4Address }: Pick<Path, 'careOfAddress' | 'agentIpv4Address'>,
  udp: boolean,
): OuterHeader | undefined {
  if (agentIpv4Address === undefined || !isIpv4(careOfAddress)) return undefined;
  const ports = { source: DSMIPV6_UDP_PORT, destination: DSMIPV6_UDP_PORT };
  return { source: careOfAddress, destination: agentIpv4Address, ...(udp && { ports }) };
}

function plainCareOfAddress(careOfAddress: Address): MobilityOption {
  const type = isIpv4(careOfAddress) ? OptionType.ipv4CareOfAddress : OptionType.alternateCareOfAddress;
  return { type, careOfAddress };
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
