/** ICMPv6 types (RFC 4443, RFC 4861 §4, RFC 6275 §6.5 to §6.8). */
export const Icmpv6Type = {
  destinationUnreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
  redirect: 137,
  homeAgentAddressDiscoveryRequest: 144,
  homeAgentAddressDiscoveryReply: 145,
  mobilePrefixSolicitation: 146,
  mobilePrefixAdvertisement: 147,
} as const;

/** Flags of a Router Advertisement: masks in the octet after Cur Hop Limit (RFC 6275 §7.1). Bits 0x1f are reserved. */
export const RouterAdvertisementFlag = {
  managedAddresses: 0x80,
  otherConfiguration: 0x40,
  homeAgent: 0x20,
} as const;

/** Flags of a Neighbor Advertisement: masks in the first octet after the checksum (RFC 4861 §4.4). */
export const NeighborAdvertisementFlag = {
  router: 0x80,
  solicited: 0x40,
  override: 0x20,
} as const;

/** Flags of a Mobile Prefix Advertisement: masks in the first octet after the identifier (RFC 6275 §6.8). */
export const MobilePrefixAdvertisementFlag = {
  managedAddresses: 0x80,
  otherConfiguration: 0x40,
} as const;

/** Neighbor Discovery option types (RFC 4861 §4.6, RFC 6275 §7.3, §7.4). */
export const NeighborOptionType = {
  sourceLinkLayerAddress: 1,
  targetLinkLayerAddress: 2,
  prefixInformation: 3,
  mtu: 5,
  advertisementInterval: 7,
  homeAgentInformation: 8,
} as const;

/** Flags of a Prefix Information option: masks in the octet after the prefix length (RFC 6275 §7.2). */
export const PrefixInformationFlag = {
  onLink: 0x80,
  autonomous: 0x40,
  /** The prefix field holds the router's whole address. */
  routerAddress: 0x20,
} as const;

/** A lifetime that never ends, in the options of Neighbor Discovery (RFC 4861 §4.6.2). */
export const INFINITE_LIFETIME_SECONDS = 0xffffffff;
