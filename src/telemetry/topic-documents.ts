import { type Address, formatAddress, isIpv4 } from '../bytes/address.ts';
import { formatPrefix } from '../bytes/prefix.ts';
import type {
  BindingStatusRow,
  HomeAgentStatus,
  MobileRouterStatus,
  PathState,
  StackEvent,
  UplinkStatus,
} from '../stack/events.ts';
import { isoTime, type Moment, type TunnelDocuments, wholeSeconds } from './status-document.ts';

/** Retained under `status`: whether the daemon is there (schemas/presence.json). */
export interface PresenceDocument {
  readonly state: 'online' | 'offline';
  /** Absent in the last will, whose time nobody knows. */
  readonly time?: string;
  readonly version?: string;
  readonly role?: 'mobile-router' | 'home-agent';
  /** Events lost since the start because the outbox was full. */
  readonly droppedEvents?: number;
}

/** One binding in a list. */
export interface ListedBinding {
  readonly homeAddress: string;
  readonly bid: number;
  readonly careOfAddress: string;
  readonly remainingSeconds: number;
  readonly prefixes: readonly string[];
  /** Of an IPv4 care-of address: how packets reach it, and whether there is a NAT on the way. */
  readonly encapsulation?: 'ipv4' | 'udp';
  readonly nat?: boolean;
  /** Bound with the home address. */
  readonly ipv4HomeAddress?: string;
  readonly ipv4Prefixes?: readonly string[];
  /** On a mobile router. */
  readonly uplink?: string;
}

/** Retained under `mr/bindings` and `ha/bindings` (schemas/binding-list.json). */
export interface BindingListDocument {
  readonly time: string;
  readonly role: 'mobile-router' | 'home-agent';
  /** Of a mobile router with several homes that of the first; `null` while none is known. */
  readonly homeAgentAddress: string | null;
  /** How many there are; the list ends at `LISTED_BINDINGS`. */
  readonly total: number;
  readonly bindings: readonly ListedBinding[];
}

/** Retained under `path/<name>/state` (schemas/path-state.json). */
export interface PathStateDocument {
  readonly time: string;
  readonly uplink: string;
  readonly interface: string;
  readonly bid: number;
  readonly state: PathState;
  readonly careOfAddress: string | null;
  /** With an IPv4 care-of address; `null` while it is not known. */
  readonly ipv4?: { readonly encapsulation: 'ipv4' | 'udp' | null; readonly nat: boolean | null };
  readonly preferred: boolean;
}

/** Under `path/<name>/metrics` (schemas/path-metrics.json). */
export interface PathMetricsDocument {
  readonly time: string;
  readonly uplink: string;
  readonly state: PathState;
  readonly roundTripMs: number | null;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  readonly silentSeconds: number | null;
}

type WithText<Value> = {
  [Key in keyof Value]: Value[Key] extends Address
    ? string
    : Value[Key] extends Address | null
      ? string | null
      : Value[Key];
};

/** Under `event` (schemas/event.json): the event's own fields, with addresses as text. */
export type EventDocument = WithText<StackEvent> & {
  readonly time: string;
  /** From 1 at each start; a gap is a loss. */
  readonly sequence: number;
  /** Sent later than it happened. */
  readonly historical?: true;
};

/** Keeps a list within the 128 KiB that common brokers take. */
export const LISTED_BINDINGS = 400;

export function eventDocument(event: StackEvent, wallClockMs: number, sequence: number): EventDocument {
  const fields = Object.entries(event).map(([name, value]) => [
    name,
    name.endsWith('Address') && value !== null ? formatAddress(value as Address) : value,
  ]);
  const time = new Date(wallClockMs).toISOString();
  return { ...(Object.fromEntries(fields) as WithText<StackEvent>), time, sequence };
}

export function pathStateDocument(uplink: UplinkStatus, now: Moment): PathStateDocument {
  return {
    time: isoTime(now),
    uplink: uplink.name,
    interface: uplink.interface,
    bid: uplink.bid,
    state: uplink.state,
    careOfAddress: uplink.careOfAddress === null ? null : formatAddress(uplink.careOfAddress),
    ...(uplink.ipv4 && { ipv4: { encapsulation: uplink.ipv4.encapsulation, nat: uplink.ipv4.nat } }),
    preferred: uplink.preferred,
  };
}

export function pathMetricsDocument(uplink: UplinkStatus, tunnels: TunnelDocuments, now: Moment): PathMetricsDocument {
  const tunnel = uplink.tunnelId === null ? undefined : tunnels.get(uplink.tunnelId);
  return {
    time: isoTime(now),
    uplink: uplink.name,
    state: uplink.state,
    roundTripMs: uplink.roundTripMs === null ? null : Math.round(uplink.roundTripMs * 1000) / 1000,
    sentPackets: tunnel?.sentPackets ?? 0,
    sentBytes: tunnel?.sentBytes ?? 0,
    receivedPackets: tunnel?.receivedPackets ?? 0,
    receivedBytes: tunnel?.receivedBytes ?? 0,
    silentSeconds: tunnel?.silentSeconds ?? null,
  };
}

export function routerBindingList(status: MobileRouterStatus, now: Moment): BindingListDocument {
  const bindings = status.homes.flatMap((home) =>
    home.bindings.map((binding): ListedBinding => {
      const { uplink, bid, careOfAddress, remainingSeconds } = binding;
      const path = isIpv4(careOfAddress) ? status.uplinks.find(({ name }) => name === uplink)?.ipv4 : undefined;
      const { encapsulation, nat } = path ?? {};
      return {
        homeAddress: formatAddress(home.homeAddress),
        bid,
        careOfAddress: formatAddress(careOfAddress),
        remainingSeconds: wholeSeconds(remainingSeconds),
        prefixes: home.prefixes.map(formatPrefix),
        ...(encapsulation && { encapsulation }),
        ...(typeof nat === 'boolean' && { nat }),
        ...listedIpv4(home.ipv4),
        uplink,
      };
    }),
  );
  return {
    time: isoTime(now),
    role: 'mobile-router',
    homeAgentAddress: status.homeAgentAddress === null ? null : formatAddress(status.homeAgentAddress),
    total: bindings.length,
    bindings,
  };
}

export function agentBindingList(status: HomeAgentStatus, now: Moment): BindingListDocument {
  return {
    time: isoTime(now),
    role: 'home-agent',
    homeAgentAddress: formatAddress(status.address),
    total: status.bindings.length,
    bindings: status.bindings.slice(0, LISTED_BINDINGS).map((binding) => ({
      homeAddress: formatAddress(binding.homeAddress),
      bid: binding.bid,
      careOfAddress: formatAddress(binding.careOfAddress),
      remainingSeconds: wholeSeconds(binding.remainingSeconds),
      prefixes: binding.prefixes.map(formatPrefix),
      ...(binding.outer && { encapsulation: binding.outer.encapsulation, nat: binding.outer.nat }),
      ...listedIpv4(binding.ipv4),
    })),
  };
}

function listedIpv4(ipv4: BindingStatusRow['ipv4']): Pick<ListedBinding, 'ipv4HomeAddress' | 'ipv4Prefixes'> {
  return {
    ...(ipv4 && ipv4.homeAddress !== null && { ipv4HomeAddress: formatAddress(ipv4.homeAddress) }),
    ...(ipv4 && ipv4.prefixes.length > 0 && { ipv4Prefixes: ipv4.prefixes.map(formatPrefix) }),
  };
}
