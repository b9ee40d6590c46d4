import type { Address } from '../bytes/address.ts';
import type { Prefix } from '../bytes/prefix.ts';

/** What a configuration file says, checked, with every default filled in. */
export interface Configuration {
  readonly mobileRouter?: MobileRouterConfiguration;
  readonly homeAgent?: HomeAgentConfiguration;
  readonly tunnel: TunnelConfiguration;
  readonly routing: RoutingConfiguration;
  readonly control: { readonly socketPath: string };
  readonly log: LogConfiguration;
  readonly mqtt?: MqttConfiguration;
}

export interface MobileRouterConfiguration {
  readonly homeAddress: Address;
  readonly homeAgentAddress: Address;
  /** Mobile network prefixes: sent in explicit mode, only routed in implicit mode (RFC 3963 §5.2). */
  readonly prefixes: readonly Prefix[];
  readonly prefixMode: 'explicit' | 'implicit';
  /** How several care-of addresses are registered; `bulk` starts individually until the home agent is known to take it. */
  readonly registration: 'bulk' | 'individual';
  /** Asked for in Binding Updates: a multiple of 4, up to 262140. */
  readonly lifetimeSeconds: number;
  readonly selection: 'first-usable' | 'balance';
  readonly uplinks: readonly UplinkConfiguration[];
  readonly probe: ProbeConfiguration;
}

export interface UplinkConfiguration {
  /** For people: cellular, wifi, satellite. */
  readonly name: string;
  /** The network device: wwan0. */
  readonly interface: string;
  /** 1 is preferred most. */
  readonly priority: number;
  /** Share of the flows in `balance` mode: 1 to 1000. */
  readonly weight: number;
  /** Fixed Binding Identifier; without it, the uplink's place in the list, from 1. */
  readonly bid: number;
  /** Upper bound for the path MTU in octets, where the device's own is too optimistic. */
  readonly mtuBytes?: number;
}

/** How a path that carries nothing back is found dead. */
export interface ProbeConfiguration {
  readonly enabled: boolean;
  /** Between probes of a path in use that has brought nothing in the meantime. */
  readonly intervalMs: number;
  /** Between probes of a path not in use. */
  readonly idleIntervalMs: number;
  /** Unanswered probes in a row after which a path is dead. */
  readonly failuresUntilDead: number;
  /** Answered probes in a row after which a dead path is usable again. */
  readonly successesUntilAlive: number;
}

export interface HomeAgentConfiguration {
  readonly address: Address;
  /** The virtual home link: home addresses lie in it. */
  readonly homePrefixes: readonly Prefix[];
  readonly mobileNodes: readonly MobileNodeConfiguration[];
  /** The longest lifetime granted, in seconds: a multiple of 4. */
  readonly maximumLifetimeSeconds: number;
  /** False: Binding Identifier options are skipped, as by an agent that only speaks RFC 6275. */
  readonly multipleCareOfAddresses: boolean;
  readonly bulkRegistration: boolean;
  readonly maximumBindings: number;
}

/** What one mobile node or router is authorised for. */
export interface MobileNodeConfiguration {
  /** For people. */
  readonly name: string;
  readonly homeAddress: Address;
  /** Prefixes that it may register (explicit mode) or gets (implicit mode). */
  readonly prefixes: readonly Prefix[];
  /** False: registrations with the mobile router flag are refused with status 140. */
  readonly mobileRouter: boolean;
  /** False: registrations with a Binding Identifier option are refused with status 166. */
  readonly multipleCareOfAddresses: boolean;
}

export interface TunnelConfiguration {
  /** Name of the TUN device. */
  readonly interface: string;
}

/** Numbers that monami may use in the host's routing; whatever lies in them is monami's and is removed. */
export interface RoutingConfiguration {
  /** Tables from this number on: one for the tunnel, one per uplink. */
  readonly firstTable: number;
  /** Rule priorities from this number on; 100 of them. */
  readonly firstRulePriority: number;
}

export interface LogConfiguration {
  readonly level: 'error' | 'warning' | 'notice' | 'info' | 'debug';
  readonly target: 'stderr' | 'syslog';
}

export interface MqttConfiguration {
  /** IP address or host name. */
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** Topics start with it. */
  readonly topicPrefix: string;
  /** Second level of the topics. */
  readonly vehicleId: string;
  readonly retain: boolean;
  readonly keepAliveSeconds: number;
  readonly metricsIntervalSeconds: number;
  /** Messages kept while the broker cannot be reached. */
  readonly outboxMessages: number;
}
