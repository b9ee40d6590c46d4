import type {
  HomeAgentConfiguration,
  LogConfiguration,
  MqttConfiguration,
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

export interface MobileRouterDocument {
  readonly homeAddress?: string;
  readonly homeAgentAddress?: string;
  readonly prefixes?: readonly (string | undefined)[];
  readonly prefixMode?: 'explicit' | 'implicit';
  readonly registration?: 'bulk' | 'individual';
  readonly lifetimeSeconds?: number;
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
}

export interface HomeAgentDocument
  extends Partial<Omit<HomeAgentConfiguration, 'address' | 'homePrefixes' | 'mobileNodes'>> {
  readonly address?: string;
  readonly homePrefixes?: readonly (string | undefined)[];
  readonly mobileNodes?: readonly (MobileNodeDocument | undefined)[];
}

export interface MobileNodeDocument {
  readonly name?: string;
  readonly homeAddress?: string;
  readonly prefixes?: readonly (string | undefined)[];
  readonly mobileRouter?: boolean;
  readonly multipleCareOfAddresses?: boolean;
}

export interface BoardDocument {
  readonly uplinks?: readonly (UplinkDocument | undefined)[];
}
