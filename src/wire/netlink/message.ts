import type { Address } from '../../bytes/address.ts';
import type { Prefix } from '../../bytes/prefix.ts';

/** What every message from the kernel says beside its content. */
export interface NetlinkHeader {
  /** That of the request which it answers; 0 for a notification. */
  readonly sequence: number;
  /** The port of the process whose request it answers or which caused the change; 0 for the kernel. */
  readonly portId: number;
  /** The state changed while it was dumped: ask again (NLM_F_DUMP_INTR). */
  readonly dumpInterrupted: boolean;
}

/** Whether something exists now or does not any more. */
export type NetlinkChange = 'new' | 'removed';

/** A network interface. */
export interface LinkMessage extends NetlinkHeader {
  readonly kind: 'link';
  readonly change: NetlinkChange;
  readonly index: number;
  /** Empty if the kernel did not say it. */
  readonly name: string;
  /** IFF_*, all of them. */
  readonly flags: number;
  /** Set up by the administrator. */
  readonly up: boolean;
  /** Operational as the kernel sees it (RFC 2863). */
  readonly running: boolean;
  /** The carrier is there. */
  readonly lowerUp: boolean;
  readonly mtuBytes: number | undefined;
  /** The index of the bridge, bond or VRF that it belongs to. */
  readonly masterIndex: number | undefined;
  readonly hardwareAddress: Uint8Array | undefined;
  /** An `OperationalState`. */
  readonly operationalState: number | undefined;
}

/** An address on a network interface. */
export interface AddressMessage extends NetlinkHeader {
  readonly kind: 'address';
  readonly change: NetlinkChange;
  readonly interfaceIndex: number;
  readonly address: Address;
  readonly prefixLength: number;
  /** A `RouteScope`. */
  readonly scope: number;
  /** IFA_F_*, all of them. */
  readonly flags: number;
  /** Duplicate address detection still runs. */
  readonly tentative: boolean;
  readonly deprecated: boolean;
  readonly duplicateAddressDetectionFailed: boolean;
  /** A privacy address. Always false on IPv4, where the same flag says 'secondary'. */
  readonly temporary: boolean;
  /** Infinity if it has no end. */
  readonly preferredSeconds: number;
  readonly validSeconds: number;
}

/** A route. */
export interface RouteMessage extends NetlinkHeader {
  readonly kind: 'route';
  readonly change: NetlinkChange;
  readonly family: 'ipv4' | 'ipv6';
  readonly table: number;
  /** ::/0 or 0.0.0.0/0 for a default route. */
  readonly destination: Prefix;
  /** Absent for an on-link route. */
  readonly gateway: Address | undefined;
  /** Absent for a route of another type than unicast, or with several next hops. */
  readonly interfaceIndex: number | undefined;
  readonly metric: number;
  /** A `RouteProtocol`. */
  readonly protocol: number;
  /** A `RouteType`. */
  readonly type: number;
  /** `RouteFlag` masks; `dead` and `linkDown` say that it cannot be used now. */
  readonly flags: number;
}

/** An entry of an interface's neighbour cache. */
export interface NeighborMessage extends NetlinkHeader {
  readonly kind: 'neighbor';
  readonly change: NetlinkChange;
  readonly interfaceIndex: number;
  readonly address: Address;
  readonly linkLayerAddress: Uint8Array | undefined;
  /** A `NeighborState`. */
  readonly state: number;
  /** Neighbor Unreachability Detection has given it up (RFC 4861 §7.3). */
  readonly failed: boolean;
  readonly router: boolean;
}

/** An address that an interface answers for in the place of somebody behind us. */
export interface ProxyNeighborMessage extends NetlinkHeader {
  readonly kind: 'proxy-neighbor';
  readonly change: NetlinkChange;
  readonly interfaceIndex: number;
  readonly address: Address;
  /** Who has made it: a `RouteProtocol`, or a number of one's own. 0 if the kernel does not know. */
  readonly protocol: number;
}

/** A rule of policy routing. */
export interface RuleMessage extends NetlinkHeader {
  readonly kind: 'rule';
  readonly change: NetlinkChange;
  readonly family: 'ipv4' | 'ipv6';
  readonly priority: number;
  readonly table: number;
  /** Absent if every source matches. */
  readonly source: Prefix | undefined;
  readonly destination: Prefix | undefined;
  /** A `RuleAction`. */
  readonly action: number;
  readonly suppressPrefixLength: number | undefined;
  readonly protocol: number;
  /** It matches by more than prefixes: interfaces, marks, ports, or inverted. */
  readonly narrowed: boolean;
}

/** The kernel's answer to a request: done (errno 0) or refused. */
export interface NetlinkAcknowledgement extends NetlinkHeader {
  readonly kind: 'acknowledgement';
  /** Positive; 0 for success. */
  readonly errno: number;
}

/** The end of a dump. */
export interface NetlinkDone extends NetlinkHeader {
  readonly kind: 'done';
  /** Positive; 0 for success. */
  readonly errno: number;
}

/** Any other message, such as of another address family. */
export interface NetlinkOther extends NetlinkHeader {
  readonly kind: 'other';
  readonly type: number;
}

export type NetlinkMessage =
  | LinkMessage
  | AddressMessage
  | RouteMessage
  | NeighborMessage
  | ProxyNeighborMessage
  | RuleMessage
  | NetlinkAcknowledgement
  | NetlinkDone
  | NetlinkOther;
