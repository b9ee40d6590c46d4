import type {
  HomeAgentConfiguration,
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
  readonly homePrefix?: string;
  readonly prefixes?: readonly (string | undefined)[];
  readonly prefixMode?: 'explicit' | 'implicit';
  readonly uplinks?: readonly (string | undefined)[];
  readonly homeLink?: { readonly interface?: string; readonly simultaneous?: boolean };
  readonly authentication?: AuthenticationDocument | 'none';
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
  readonly careOfAddresses?: number;
}

export interface HomeAgentDocument
  extends Partial<Omit<HomeAgentConfiguration, 'address' | 'homePrefixes' | 'mobileNodes' | 'homeLink'>> {
  readonly address?: string;
  readonly homePrefixes?: readonly (string | undefined)[];
  readonly mobileNodes?: readonly (MobileNodeDocument | undefined)[];
  readonly authentication?: 'none';
  readonly homeLink?: PhysicalHomeLinkDocument;
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
  readonly authentication?: AuthenticationDocument | 'none';
}

export interface BoardDocument {
  readonly uplinks?: readonly (UplinkDocument | undefined)[];
}
