import type {
  HomeAgentConfiguration,
  HomeAgentIpv4Configuration,
  LogConfiguration,
  MqttConfiguration,
  PhysicalHomeLinkConfiguration,
  ProbeConfiguration,
} from './configuration.ts';

/** What is left of a configuration's JSON after the schema check: whatever is there has the right type. */
export interface ConfigurationDocument {
  readonly mobileRouter?: MobileRouterDocument;
  readonly homeAgent?: HomeAgentDocument;
  readonly tunnel?: { readonly interface?: string };
  readonly routing?: { readonly firstTable?: number; readonly firstRulePriority?: number };
  readonly control?: { readonly socketPath?: string };
  readonly log?: Partial<LogConfiguration>;
  readonly mqtt?: Partial<MqttConfiguration>;
}

export interface HomeDocument {
  readonly name?: string;
  readonly homeAddress?: string;
  readonly homeAgentAddress?: string;
  readonly homeAgentIpv4Address?: string;
  readonly homeAgentName?: string;
  readonly ipv4?: Ipv4Document & { readonly requestPrefixLength?: number };
  readonly homePrefix?: string;
  readonly prefixes?: readonly (string | undefined)[];
  readonly prefixMode?: 'explicit' | 'implicit';
  readonly uplinks?: readonly (string | undefined)[];
  readonly homeLink?: { readonly interface?: string; readonly simultaneous?: boolean };
  readonly authentication?: AuthenticationDocument | 'none';
}

/** What of IPv4 belongs to a home address. */
export interface Ipv4Document {
  readonly homeAddress?: string;
  readonly prefixes?: readonly (string | undefined)[];
}

export interface AuthenticationDocument {
  readonly spi?: number;
  readonly key?: string;
  readonly keyFile?: string;
  readonly identifier?: string;
  readonly replayWindowSeconds?: number;
  readonly prefixDiscovery?: boolean;
}

/** The keys of a single home may stand directly in it. */
export interface MobileRouterDocument extends Omit<HomeDocument, 'name' | 'uplinks'> {
  readonly homes?: readonly (HomeDocument | undefined)[];
  readonly registration?: 'bulk' | 'individual';
  readonly lifetimeSeconds?: number;
  readonly firstRegistrationTimeoutMs?: number;
  readonly selection?: 'first-usable' | 'balance';
  readonly udpEncapsulation?: 'as-needed' | 'always';
  readonly natKeepAliveSeconds?: number;
  readonly nameServers?: readonly (string | undefined)[];
  readonly board?: string;
  readonly uplinks?: readonly (UplinkDocument | undefined)[];
  readonly probe?: Partial<ProbeConfiguration>;
}

export interface UplinkDocument {
  readonly name?: string;
  readonly interface?: string;
  readonly priority?: number;
  readonly weight?: number;
  readonly bid?: number;
  readonly mtuBytes?: number;
  readonly addressFamilies?: readonly ('ipv6' | 'ipv4' | undefined)[];
  readonly careOfAddresses?: number;
}

export interface HomeAgentDocument
  extends Partial<Omit<HomeAgentConfiguration, 'address' | 'homePrefixes' | 'mobileNodes' | 'homeLink' | 'ipv4'>> {
  readonly address?: string;
  readonly homePrefixes?: readonly (string | undefined)[];
  readonly mobileNodes?: readonly (MobileNodeDocument | undefined)[];
  readonly authentication?: 'none';
  readonly homeLink?: PhysicalHomeLinkDocument;
  readonly ipv4?: HomeAgentIpv4Document;
}

export interface HomeAgentIpv4Document
  extends Partial<Omit<HomeAgentIpv4Configuration, 'address' | 'homePrefixes' | 'prefixPools'>> {
  readonly address?: string;
  readonly homePrefixes?: readonly (string | undefined)[];
  readonly prefixPools?: readonly (string | undefined)[];
}

export interface PhysicalHomeLinkDocument extends Partial<Omit<PhysicalHomeLinkConfiguration, 'prefixes'>> {
  readonly prefixes?: readonly (string | undefined)[];
}

export interface MobileNodeDocument {
  readonly name?: string;
  readonly homeAddress?: string;
  readonly prefixes?: readonly (string | undefined)[];
  readonly mobileRouter?: boolean;
  readonly multipleCareOfAddresses?: boolean;
  readonly ipv4?: Ipv4Document;
  readonly authentication?: AuthenticationDocument | 'none';
}

export interface BoardDocument {
  readonly uplinks?: readonly (UplinkDocument | undefined)[];
}
