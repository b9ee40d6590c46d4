import type { AlternateCareOfAddressOption } from './alternate-care-of-address.ts';
import type { BindingAuthorizationDataOption } from './binding-authorization-data.ts';
import type { BindingIdentifierOption } from './binding-identifier.ts';
import type { BindingRefreshAdviceOption } from './binding-refresh-advice.ts';
import type { Ipv4AddressAcknowledgementOption } from './ipv4-address-acknowledgement.ts';
import type { Ipv4CareOfAddressOption } from './ipv4-care-of-address.ts';
import type { Ipv4HomeAddressOption } from './ipv4-home-address.ts';
import type { MobileNetworkPrefixOption } from './mobile-network-prefix.ts';
import type { MobileNodeIdentifierOption } from './mobile-node-identifier.ts';
import type { MobilityHeaderLinkLayerAddressOption } from './mobility-header-link-layer-address.ts';
import type { MobilityMessageAuthenticationOption } from './mobility-message-authentication.ts';
import type { MobilityMessageReplayProtectionOption } from './mobility-message-replay-protection.ts';
import type { NatDetectionOption } from './nat-detection.ts';
import type { NonceIndicesOption } from './nonce-indices.ts';
import type { UnknownOption } from './unknown.ts';

/** A mobility option other than padding. Padding is put in by the encoder and skipped by the decoder. */
export type MobilityOption =
  | BindingRefreshAdviceOption
  | AlternateCareOfAddressOption
  | NonceIndicesOption
  | BindingAuthorizationDataOption
  | MobileNetworkPrefixOption
  | MobilityHeaderLinkLayerAddressOption
  | MobileNodeIdentifierOption
  | MobilityMessageAuthenticationOption
  | MobilityMessageReplayProtectionOption
  | Ipv4HomeAddressOption
  | Ipv4AddressAcknowledgementOption
  | NatDetectionOption
  | Ipv4CareOfAddressOption
  | BindingIdentifierOption
  | UnknownOption;
