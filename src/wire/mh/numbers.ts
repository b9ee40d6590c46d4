/** Next Header value of the Mobility Header (RFC 6275 §6.1.1). */
export const PROTOCOL_MOBILITY_HEADER = 135;

/** MH Type values (RFC 6275 §6.1.2 to §6.1.9). */
export const MessageType = {
  bindingRefreshRequest: 0,
  homeTestInit: 1,
  careOfTestInit: 2,
  homeTest: 3,
  careOfTest: 4,
  bindingUpdate: 5,
  bindingAcknowledgement: 6,
  bindingError: 7,
} as const;

/** Mobility option types (RFC 6275 §6.2, RFC 3963 §4.3, RFC 5568 §6.4.4, RFC 4283, RFC 4285 §8, RFC 5555 §3, RFC 5648 §4.3). */
export const OptionType = {
  pad1: 0,
  padN: 1,
  bindingRefreshAdvice: 2,
  alternateCareOfAddress: 3,
  nonceIndices: 4,
  bindingAuthorizationData: 5,
  mobileNetworkPrefix: 6,
  mobilityHeaderLinkLayerAddress: 7,
  mobileNodeIdentifier: 8,
  mobilityMessageAuthentication: 9,
  mobilityMessageReplayProtection: 10,
  ipv4HomeAddress: 29,
  /** The IANA section of RFC 5555 prints 29 by mistake. */
  ipv4AddressAcknowledgement: 30,
  natDetection: 31,
  ipv4CareOfAddress: 32,
  bindingIdentifier: 35,
} as const;

/** Status of an IPv4 Address Acknowledgement option; 128 and above reject (RFC 5555 §3.2.1). */
export const Ipv4AddressStatus = {
  success: 0,
  reasonUnspecified: 128,
  administrativelyProhibited: 129,
  incorrectHomeAddress: 130,
  invalidAddress: 131,
  dynamicAssignmentNotAvailable: 132,
  prefixAllocationUnauthorized: 133,
} as const;

/** The UDP port of a home agent for packets with an IPv4 care-of address (RFC 5555 §8). */
export const DSMIPV6_UDP_PORT = 4191;

/** Flags of a Binding Update: masks in the 16-bit word after the sequence number. Bits 0x003f are reserved. */
export const BindingUpdateFlag = {
  acknowledge: 0x8000,
  homeRegistration: 0x4000,
  linkLocalCompatibility: 0x2000,
  keyManagement: 0x1000,
  mapRegistration: 0x0800,
  mobileRouter: 0x0400,
  proxyRegistration: 0x0200,
  forceUdpEncapsulation: 0x0100,
  tlvHeader: 0x0080,
  overwrite: 0x0040,
} as const;

/** Flags of a Binding Acknowledgement: masks in the octet after the status. */
export const BindingAcknowledgementFlag = {
  keyManagement: 0x80,
  mobileRouter: 0x40,
  proxyRegistration: 0x20,
} as const;

/** Status of a Binding Acknowledgement or of a Binding Identifier option; 128 and above reject. */
export const BindingStatus = {
  accepted: 0,
  acceptedPrefixDiscoveryNecessary: 1,
  mcoaNotComplete: 4,
  mcoaReturnHomeWithoutNdp: 5,
  reasonUnspecified: 128,
  administrativelyProhibited: 129,
  insufficientResources: 130,
  homeRegistrationNotSupported: 131,
  notHomeSubnet: 132,
  notHomeAgentForThisMobileNode: 133,
  duplicateAddressDetectionFailed: 134,
  sequenceNumberOutOfWindow: 135,
  expiredHomeNonceIndex: 136,
  expiredCareOfNonceIndex: 137,
  expiredNonces: 138,
  registrationTypeChangeDisallowed: 139,
  mobileRouterOperationNotPermitted: 140,
  invalidPrefix: 141,
  notAuthorizedForPrefix: 142,
  forwardingSetupFailed: 143,
  /** The same number as `mipv6IdMismatch`: told apart by whether flag F was set and RFC 4285 options were (RFC 5555 §4.5). */
  forcedUdpEncapsulationRefused: 144,
  mipv6IdMismatch: 144,
  mipv6MessageIdRequired: 145,
  mipv6AuthenticationFailed: 146,
  mcoaMalformed: 164,
  mcoaNonMcoaBindingExists: 165,
  mcoaProhibited: 166,
  mcoaUnknownCareOfAddress: 167,
  mcoaBulkRegistrationProhibited: 168,
  mcoaSimultaneousHomeAndForeignProhibited: 169,
  invalidCareOfAddress: 174,
} as const;

/** Option-Code of a Mobility Header Link-Layer Address option: whose address it is (RFC 5648 §5.6.3). */
export const LinkLayerAddressOptionCode = {
  mobileNode: 2,
} as const;

/** Subtype of a Mobile Node Identifier option (RFC 4283). */
export const MobileNodeIdentifierSubtype = {
  networkAccessIdentifier: 1,
} as const;

/** Subtype of a mobility message authentication option: who shares the key (RFC 4285 §5.1, §5.2). */
export const AuthenticationSubtype = {
  mobileNodeHomeAgent: 1,
  mobileNodeAaa: 2,
} as const;

/** The first 96 bits of HMAC_SHA1 (RFC 4285 §5.1). */
export const AUTHENTICATOR_OCTETS = 12;

/** Whether a status accepts (RFC 6275 §6.1.8). */
export function isAccepted(status: number): boolean {
  return status < 128;
}

/** Status of a Binding Error (RFC 6275 §6.1.9). */
export const BindingErrorStatus = {
  unknownBindingForHomeAddress: 1,
  unrecognizedMessageType: 2,
} as const;

/** The unit of the Lifetime fields, in seconds (RFC 6275 §6.1.7). */
export const LIFETIME_UNIT_SECONDS = 4;
