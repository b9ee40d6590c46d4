import type { Address } from '../bytes/address.ts';
import type { Prefix } from '../bytes/prefix.ts';
import type { Secret } from '../bytes/secret.ts';

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
  /** At least one; each is registered by itself. */
  readonly homes: readonly HomeConfiguration[];
  /** How several care-of addresses are registered; `bulk` starts individually until the home agent is known to take it. */
  readonly registration: 'bulk' | 'individual';
  /** Asked for in Binding Updates: a multiple of 4, up to 262140. */
  readonly lifetimeSeconds: number;
  /** How long the answer to the first registration may take: the home agent looks for duplicates (RFC 6275 §13). */
  readonly firstRegistrationTimeoutMs: number;
  readonly selection: 'first-usable' | 'balance';
  /** `always` asks for UDP encapsulation with IPv4 care-of addresses, NAT or not (flag F, RFC 5555 §3.1.3). */
  readonly udpEncapsulation?: 'as-needed' | 'always';
  /** The longest silence that is trusted to keep a NAT's mapping; shorter where a NAT turns out to forget earlier. */
  readonly natKeepAliveSeconds?: number;
  /** Where `homeAgentName` is looked up; without it, at the system's name servers. */
  readonly nameServers?: readonly Address[];
  readonly uplinks: readonly UplinkConfiguration[];
  readonly probe: ProbeConfiguration;
}

/** A home address, where it is registered and what lies behind it. */
export interface HomeConfiguration {
  /** For people; also how another home names it as one of its uplinks. */
  readonly name: string;
  readonly homeAddress: Address;
  /** Without it, the agent is found by dynamic home agent address discovery (RFC 6275 §11.4.1). */
  readonly homeAgentAddress?: Address;
  /** Where the home agent is reached from IPv4 care-of addresses. */
  readonly homeAgentIpv4Address?: Address;
  /** DNS name of the home agent, for those of the two addresses that are not given (RFC 5555 §2.1). */
  readonly homeAgentName?: string;
  /** IPv4 for the vehicle; without it, none is asked for. */
  readonly ipv4?: HomeIpv4Configuration;
  /** The home subnet prefix: where agents are looked for and by which the home link is recognised. */
  readonly homePrefix?: Prefix;
  /** Mobile network prefixes: sent in explicit mode, only routed in implicit mode (RFC 3963 §5.2). */
  readonly prefixes: readonly Prefix[];
  readonly prefixMode: 'explicit' | 'implicit';
  /** Names of the uplinks whose care-of addresses are bound to this home address. */
  readonly uplinks: readonly string[];
  /** Names of homes whose home addresses serve this one as care-of addresses. */
  readonly careOfHomes: readonly string[];
  /** Where the home link may appear; without it, the router never returns home. */
  readonly homeLink?: HomeLinkConfiguration;
  readonly authentication: Authentication;
}

/** What of IPv4 is bound together with the home address (RFC 5555 §3.1.1). */
export interface HomeIpv4Configuration {
  /** `dynamic`: the home agent chooses one. Without it, only prefixes are asked for. */
  readonly homeAddress?: Address | 'dynamic';
  /** Mobile network prefixes that the router has. */
  readonly prefixes: readonly Prefix[];
  /** Length of a prefix that the home agent is to choose. */
  readonly requestPrefixLength?: number;
}

/** How a mobile node and its home agent know each other; `none` only where the configuration says so. */
export type Authentication = SecurityAssociation | 'none';

/** A shared-key-based mobility security association (RFC 4285 §5.1), with timestamps against replays. */
export interface SecurityAssociation {
  /** Names it on the wire: 256 to 4294967295. */
  readonly spi: number;
  /** 16 octets. */
  readonly key: Secret;
  /**
   * A Network Access Identifier (RFC 4283). The mobile router names itself by it, else by the digits of its home
   * address; the home agent insists on it if it is given.
   */
  readonly identifier?: string;
  /** How far a timestamp may be from the home agent's time of day. */
  readonly replayWindowSeconds: number;
  /** Whether mobile prefix discovery is used, which the key does not protect (RFC 4285 §2). */
  readonly prefixDiscovery: boolean;
}

export interface HomeLinkConfiguration {
  /** The network device that is attached to the home link when the router is at home. */
  readonly interface: string;
  /** True: home and visited links are used at the same time (the H flag, RFC 5648 §5.6). */
  readonly simultaneous: boolean;
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
  /** The families that its care-of address may have, the preferred one first; without it, IPv6 and then IPv4. */
  readonly addressFamilies?: readonly ('ipv6' | 'ipv4')[];
  /** Upper bound for the path MTU in octets, where the device's own is too optimistic. */
  readonly mtuBytes?: number;
  /**
   * Set where a link gives several care-of addresses, one for each of its prefixes: the second one and the further
   * ones are uplinks of their own, called `wifi.2` and so on.
   */
  readonly ordinal?: number;
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
  /** The home links, virtual and physical: home addresses lie in them. */
  readonly homePrefixes: readonly Prefix[];
  readonly mobileNodes: readonly MobileNodeConfiguration[];
  /** Without it, IPv4 care-of and home addresses are not served. */
  readonly ipv4?: HomeAgentIpv4Configuration;
  /** The longest lifetime granted, in seconds: a multiple of 4. */
  readonly maximumLifetimeSeconds: number;
  /** False: Binding Identifier options are skipped, as by an agent that only speaks RFC 6275. */
  readonly multipleCareOfAddresses: boolean;
  readonly bulkRegistration: boolean;
  readonly maximumBindings: number;
  /** The link that home addresses live on when their nodes are at home; without it, the home link is virtual. */
  readonly homeLink?: PhysicalHomeLinkConfiguration;
  /** Suggested in acknowledgements as the time until the next refresh; a multiple of 4 (RFC 6275 §6.2.4). */
  readonly refreshAdviceSeconds?: number;
  /** Whether mobile nodes are asked to refresh bindings that are about to expire (RFC 5648 §6.4). */
  readonly refreshRequests: boolean;
  /** Whether requests to the Home-Agents anycast address are answered (RFC 6275 §10.5). */
  readonly addressDiscovery: boolean;
  readonly prefixAdvertisements: PrefixAdvertisementConfiguration;
}

/** How a home agent serves IPv4 (RFC 5555 §4.5). */
export interface HomeAgentIpv4Configuration {
  /** On the host itself, where packets from IPv4 care-of addresses arrive; it may lie behind a NAT that maps port 4191. */
  readonly address: Address;
  /** IPv4 home addresses lie in them; those that no node has by configuration are given out on request. */
  readonly homePrefixes: readonly Prefix[];
  /** IPv4 mobile network prefixes are cut out of these on request. */
  readonly prefixPools: readonly Prefix[];
  /** How long a node keeps an address or prefix that was given to it on request, after its last binding. */
  readonly leaseSeconds: number;
  /** Whether flag F of a Binding Update is granted; else it is refused with status 144. */
  readonly allowForcedUdpEncapsulation: boolean;
  /** Suggested to nodes behind a NAT (RFC 5555 §3.2.2). */
  readonly natRefreshSeconds: number;
}

/** A physical home link: home addresses are defended there while their nodes are away (RFC 6275 §10.4.1). */
export interface PhysicalHomeLinkConfiguration {
  /** The network device: br-lan. */
  readonly interface: string;
  /** Those of the home prefixes that belong to the link; the others are virtual. */
  readonly prefixes: readonly Prefix[];
  /** True: no other router is on the link, so a node that returns defends its own address (RFC 5648 §5.6.2). */
  readonly onlyRouter: boolean;
  /** False: a binding to home and visited links at the same time is refused with status 169. */
  readonly simultaneousHomeAndForeign: boolean;
  /** Without it, no Router Advertisements are sent. */
  readonly advertise?: HomeAgentAdvertisementConfiguration;
}

/** The home agent's own Router Advertisements (RFC 4861 §6.2.1, RFC 6275 §7). */
export interface HomeAgentAdvertisementConfiguration {
  /** Home Agent Preference: the largest is the most preferred. */
  readonly preference: number;
  /** Home Agent Lifetime; without it, the Router Lifetime. */
  readonly lifetimeSeconds?: number;
  /** AdvDefaultLifetime; without it, three times the maximum interval. */
  readonly routerLifetimeSeconds?: number;
  /** MinRtrAdvInterval and MaxRtrAdvInterval. */
  readonly minimumIntervalMs: number;
  readonly maximumIntervalMs: number;
  /** MinDelayBetweenRAs (RFC 6275 §13); never more than `minimumIntervalMs`. */
  readonly minimumDelayMs: number;
  /** False: only in answer to solicitations, for links where multicast is dear (RFC 6275 §7.5). */
  readonly unsolicited: boolean;
  /** Whether the Advertisement Interval option is sent. */
  readonly intervalOption: boolean;
  /** Whether the agent is announced as one for mobile routers (RFC 3963 §7.3). */
  readonly mobileRouters: boolean;
  /** What is announced of prefixes whose addresses do not expire earlier. */
  readonly validLifetimeSeconds: number;
  readonly preferredLifetimeSeconds: number;
}

/** When mobile nodes are told about the home link's prefixes (RFC 6275 §10.6, §13). */
export interface PrefixAdvertisementConfiguration {
  readonly enabled: boolean;
  /** MinMobPfxAdvInterval. */
  readonly minimumIntervalSeconds: number;
  /** MaxMobPfxAdvInterval. */
  readonly maximumIntervalSeconds: number;
}

/** What one mobile node or router is authorised for. */
export interface MobileNodeConfiguration {
  /** For people. */
  readonly name: string;
  readonly homeAddress: Address;
  /** Prefixes that it may register (explicit mode) or gets (implicit mode). */
  readonly prefixes: readonly Prefix[];
  /** What of IPv4 is the node's own; addresses and prefixes beyond that may be given to it on request. */
  readonly ipv4?: { readonly homeAddress?: Address; readonly prefixes: readonly Prefix[] };
  /** False: registrations with the mobile router flag are refused with status 140. */
  readonly mobileRouter: boolean;
  /** False: registrations with a Binding Identifier option are refused with status 166. */
  readonly multipleCareOfAddresses: boolean;
  readonly authentication: Authentication;
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
