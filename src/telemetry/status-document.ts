import { type Address, formatAddress } from '../bytes/address.ts';
import { formatPrefix } from '../bytes/prefix.ts';
import type { ForwarderStatistics, TunnelStatistics } from '../forwarding/statistics.ts';
import type {
  BindingStatusRow,
  HomeAgentStatus,
  HomeStatus,
  Ipv4PathStatus,
  MobileRouterStatus,
  OuterStatus,
  PathState,
  StackStatus,
  UplinkStatus,
} from '../stack/events.ts';

/** When a document is made. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly wallClockMs: number;
  readonly monotonicMs: number;
}

/** What the forwarder has counted for one tunnel. */
export interface TunnelDocument {
  readonly id: number;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  /** Seconds since the last packet came out of it; `null` if none has. */
  readonly silentSeconds: number | null;
}

export interface UplinkDocument {
  readonly name: string;
  readonly interface: string;
  readonly priority: number;
  readonly bid: number;
  readonly state: PathState;
  readonly careOfAddress: string | null;
  /** With an IPv4 care-of address. */
  readonly ipv4?: Ipv4PathStatus;
  readonly preferred: boolean;
  readonly roundTripMs: number | null;
  readonly registrationRemainingSeconds: number | null;
  readonly tunnel: TunnelDocument | null;
}

/** One home address of a mobile router. */
export interface HomeDocument {
  readonly name: string;
  readonly homeAddress: string;
  readonly homeAgentAddress: string | null;
  readonly state: HomeStatus['state'];
  readonly prefixes: readonly string[];
  readonly ipv4?: Ipv4Document & { readonly homeAgentAddress: string | null };
  readonly sequenceNumber: number;
  readonly multipleCareOfAddresses: HomeStatus['multipleCareOfAddresses'];
  readonly bindings: readonly {
    readonly uplink: string;
    readonly bid: number;
    readonly careOfAddress: string;
    readonly remainingSeconds: number;
    readonly tunnel: TunnelDocument | null;
  }[];
}

/** What of IPv4 is bound with a home address. */
export interface Ipv4Document {
  readonly homeAddress: string | null;
  readonly prefixes: readonly string[];
}

export interface MobileRouterDocument {
  readonly authentication: MobileRouterStatus['authentication'];
  readonly homeAddress: string;
  readonly homeAgentAddress: string | null;
  readonly prefixes: readonly string[];
  readonly sequenceNumber: number;
  readonly multipleCareOfAddresses: MobileRouterStatus['multipleCareOfAddresses'];
  readonly homes: readonly HomeDocument[];
  readonly uplinks: readonly UplinkDocument[];
}

export interface BindingDocument {
  readonly homeAddress: string;
  readonly bid: number;
  readonly careOfAddress: string;
  readonly sequenceNumber: number;
  readonly remainingSeconds: number;
  readonly mobileRouter: boolean;
  readonly prefixes: readonly string[];
  /** Of an IPv4 care-of address: from where it is heard, and how it is reached. */
  readonly outer?: Omit<OuterStatus, 'address'> & { readonly address: string };
  readonly ipv4?: Ipv4Document;
  readonly tunnel: TunnelDocument | null;
}

export interface HomeAgentDocument {
  readonly address: string;
  readonly authentication: HomeAgentStatus['authentication'];
  readonly bindings: readonly BindingDocument[];
}

/** What `monami status --json` prints (schemas/status.json). */
export interface StatusDocument {
  readonly time: string;
  readonly uptimeSeconds: number;
  readonly version: string;
  readonly mobileRouter?: MobileRouterDocument;
  readonly homeAgent?: HomeAgentDocument;
  readonly forwarder?: Omit<ForwarderStatistics, 'tunnels'>;
  readonly drops: Readonly<Record<string, number>>;
  readonly messages: Readonly<Record<string, number>>;
}

/** The whole state as plain JSON. `startedMs`: monotonic time of the daemon's start. */
export function statusDocument(
  status: StackStatus,
  statistics: ForwarderStatistics | undefined,
  now: Moment,
  startedMs: number,
  version: string,
): StatusDocument {
  const tunnels = tunnelDocuments(statistics, now);
  return {
    time: isoTime(now),
    uptimeSeconds: seconds(now.monotonicMs - startedMs),
    version,
    ...(status.mobileRouter && { mobileRouter: mobileRouterDocument(status.mobileRouter, tunnels) }),
    ...(status.homeAgent && { homeAgent: homeAgentDocument(status.homeAgent, tunnels) }),
    ...(statistics && { forwarder: forwarderDocument(statistics) }),
    drops: status.drops,
    messages: status.messages,
  };
}

export function isoTime(now: Moment): string {
  return new Date(now.wallClockMs).toISOString();
}

/** Seconds with three decimals. */
export function seconds(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}

export type TunnelDocuments = ReadonlyMap<number, TunnelDocument>;

/** The counters of every tunnel, by its identifier. */
export function tunnelDocuments(statistics: ForwarderStatistics | undefined, now: Moment): TunnelDocuments {
  return new Map((statistics?.tunnels ?? []).map((tunnel) => [tunnel.tunnelId, tunnelDocument(tunnel, now)]));
}

function tunnelDocument(tunnel: TunnelStatistics, now: Moment): TunnelDocument {
  return {
    id: tunnel.tunnelId,
    sentPackets: tunnel.sentPackets,
    sentBytes: tunnel.sentBytes,
    receivedPackets: tunnel.receivedPackets,
    receivedBytes: tunnel.receivedBytes,
    silentSeconds: tunnel.lastReceivedMs === 0 ? null : seconds(Math.max(0, now.monotonicMs - tunnel.lastReceivedMs)),
  };
}

export function uplinkDocument(uplink: UplinkStatus, tunnels: TunnelDocuments): UplinkDocument {
  const { careOfAddress, roundTripMs, registrationRemainingSeconds, tunnelId, ...rest } = uplink;
  return {
    ...rest,
    careOfAddress: careOfAddress === null ? null : formatAddress(careOfAddress),
    roundTripMs: roundTripMs === null ? null : Math.round(roundTripMs * 1000) / 1000,
    registrationRemainingSeconds: wholeSeconds(registrationRemainingSeconds),
    tunnel: (tunnelId !== null && tunnels.get(tunnelId)) || null,
  };
}

export function bindingDocument(binding: BindingStatusRow, tunnels: TunnelDocuments): BindingDocument {
  const { tunnelId, outer, ipv4, ...rest } = binding;
  return {
    ...rest,
    ...(outer && { outer: { ...outer, address: formatAddress(outer.address) } }),
    ...(ipv4 && { ipv4: ipv4Document(ipv4) }),
    homeAddress: formatAddress(binding.homeAddress),
    careOfAddress: formatAddress(binding.careOfAddress),
    remainingSeconds: wholeSeconds(binding.remainingSeconds)!,
    prefixes: binding.prefixes.map(formatPrefix),
    tunnel: tunnels.get(tunnelId) ?? null,
  };
}

function mobileRouterDocument(status: MobileRouterStatus, tunnels: TunnelDocuments): MobileRouterDocument {
  return {
    ...status,
    homeAddress: formatAddress(status.homeAddress),
    homeAgentAddress: textOrNull(status.homeAgentAddress),
    prefixes: status.prefixes.map(formatPrefix),
    homes: status.homes.map((home) => homeDocument(home, tunnels)),
    uplinks: status.uplinks.map((uplink) => uplinkDocument(uplink, tunnels)),
  };
}

function homeDocument({ ipv4, ...home }: HomeStatus, tunnels: TunnelDocuments): HomeDocument {
  return {
    ...home,
    ...(ipv4 && { ipv4: { homeAgentAddress: textOrNull(ipv4.homeAgentAddress), ...ipv4Document(ipv4) } }),
    homeAddress: formatAddress(home.homeAddress),
    homeAgentAddress: textOrNull(home.homeAgentAddress),
    prefixes: home.prefixes.map(formatPrefix),
    bindings: home.bindings.map(({ tunnelId, ...binding }) => ({
      ...binding,
      careOfAddress: formatAddress(binding.careOfAddress),
      remainingSeconds: wholeSeconds(binding.remainingSeconds),
      tunnel: tunnels.get(tunnelId) ?? null,
    })),
  };
}

function ipv4Document({ homeAddress, prefixes }: NonNullable<BindingStatusRow['ipv4']>): Ipv4Document {
  return { homeAddress: textOrNull(homeAddress), prefixes: prefixes.map(formatPrefix) };
}

function textOrNull(address: Address | null): string | null {
  return address === null ? null : formatAddress(address);
}

function homeAgentDocument(status: HomeAgentStatus, tunnels: TunnelDocuments): HomeAgentDocument {
  return {
    address: formatAddress(status.address),
    authentication: status.authentication,
    bindings: status.bindings.map((binding) => bindingDocument(binding, tunnels)),
  };
}

function forwarderDocument({ tunnels: _, ...counters }: ForwarderStatistics): Omit<ForwarderStatistics, 'tunnels'> {
  return counters;
}

export function wholeSeconds(value: number): number;
export function wholeSeconds(value: number | null): number | null;
export function wholeSeconds(value: number | null): number | null {
  return value === null ? null : Math.max(0, Math.floor(value));
}
