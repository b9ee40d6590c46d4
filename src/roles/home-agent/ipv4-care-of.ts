import type { Binding, BindingOuter } from '../../bindings/binding-cache.ts';
import { type Address, isUnicastRoutable } from '../../bytes/address.ts';
import { BindingStatus, BindingUpdateFlag, DSMIPV6_UDP_PORT, isAccepted, OptionType } from '../../wire/mh/numbers.ts';
import { type NatDetectionOption, NO_NAT_REFRESH_SECONDS } from '../../wire/mh/options/nat-detection.ts';
import type { OuterHeader } from '../../wire/signalling.ts';
import type { DropReason } from '../action.ts';
import type { BidOutcome } from './registration-outcome.ts';
import type { ValidBindingUpdate } from './validation.ts';

/** Why a packet in IPv4 is not looked at; `ownAddress`: where they arrive, if they are served. */
export function outerProblem(
  { source, destination, ports }: OuterHeader,
  ownAddress: Address | undefined,
): DropReason | undefined {
  if (ownAddress === undefined) return 'ipv4-disabled';
  if (destination !== ownAddress || (ports && ports.destination !== DSMIPV6_UDP_PORT)) return 'not-for-this-node';
  return !isUnicastRoutable(source) || source === ownAddress || ports?.source === 0 ? 'source-not-unicast' : undefined;
}

/** The way back to where a packet in IPv4 came from (RFC 5555 §4.2, §4.5). */
export function outerReply({ source, destination, ports }: OuterHeader): OuterHeader {
  return {
    source: destination,
    destination: source,
    ...(ports && { ports: { source: ports.destination, destination: ports.source } }),
  };
}

/** The way to an IPv4 care-of address, for signalling: in UDP, as its Binding Updates come. */
export function outerTo(source: Address, { address, port }: BindingOuter): OuterHeader {
  return { source, destination: address, ports: { source: DSMIPV6_UDP_PORT, destination: port } };
}

/**
 * Whether a NAT was in the way: none of the IPv4 addresses that the node says it has is the packet's source (RFC 5555
 * §4.2, RFC 5648 §8.1). A node that says none may be behind one, and UDP works either way.
 */
function isBehindNat({ update }: ValidBindingUpdate, { source }: OuterHeader): boolean {
  return !update.options.some(
    (option) =>
      (option.type === OptionType.ipv4CareOfAddress || option.type === OptionType.bindingIdentifier) &&
      option.careOfAddress === source,
  );
}

export function forcesUdp({ update }: ValidBindingUpdate): boolean {
  return (update.flags & BindingUpdateFlag.forceUdpEncapsulation) !== 0;
}

/** How packets reach a node from where its Binding Update came; flag F was granted if it is set. */
export function bindingOuter(valid: ValidBindingUpdate, outer: OuterHeader): BindingOuter {
  const nat = isBehindNat(valid, outer);
  return { address: outer.source, port: outer.ports!.source, nat, udp: nat || forcesUdp(valid) };
}

/** Goes with every answer to a Binding Update in UDP (RFC 5555 §4.2). */
export function natDetection(
  valid: ValidBindingUpdate,
  status: number,
  natRefreshSeconds: number,
): NatDetectionOption[] {
  if (!valid.outer) return [];
  return [
    {
      type: OptionType.natDetection,
      requiresUdpEncapsulation: isAccepted(status) && forcesUdp(valid),
      refreshSeconds: isBehindNat(valid, valid.outer) ? natRefreshSeconds : NO_NAT_REFRESH_SECONDS,
    },
  ];
}

/**
 * A Binding Identifier option with an IPv4 care-of address (RFC 5648 §8.1). Alone and from an IPv4 address, it is about
 * that one: NAT or not, packets go to where it came from. Else it may only refresh what is known to be without NAT.
 */
export function examineIpv4(
  bid: number,
  careOfAddress: Address,
  valid: ValidBindingUpdate,
  known: Binding | undefined,
  isOnly: boolean,
  isCareOfAddress: (careOfAddress: Address) => boolean,
): BidOutcome {
  const { outer } = valid;
  if (outer && isOnly) {
    return isCareOfAddress(outer.source)
      ? { bid, status: BindingStatus.accepted, careOfAddress: outer.source, outer: bindingOuter(valid, outer) }
      : { bid, status: BindingStatus.invalidCareOfAddress };
  }
  if (known?.outer && !known.outer.nat && known.careOfAddress === careOfAddress) {
    return { bid, status: BindingStatus.accepted, careOfAddress, outer: known.outer };
  }
  return { bid, status: isOnly ? BindingStatus.invalidCareOfAddress : BindingStatus.mcoaBulkRegistrationProhibited };
}

/** Whether packets go the same way. */
export function sameOuter(a: BindingOuter | undefined, b: BindingOuter | undefined): boolean {
  if (!a || !b) return a === b;
  return a.address === b.address && a.port === b.port && a.udp === b.udp;
}

/** Whether a packet in IPv4 came from the care-of address of a binding, through the NAT's mapping where there is one. */
export function isFrom({ outer }: Binding, { source, ports }: OuterHeader): boolean {
  if (outer?.address !== source) return false;
  return ports ? ports.source === outer.port : !outer.udp;
}
