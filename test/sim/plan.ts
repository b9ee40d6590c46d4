// What a scenario says. Values alone, so that a seed decides everything before the first event.
import type { CarrierPlan } from './access-network.ts';
import type { LinkQuality } from './channel.ts';
import type { CellVisit } from './coverage.ts';
import type { NatPlan } from './nat.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** How a host's network looks when an uplink has lost its carrier. */
export type DetachStyle =
  /** The link stops running; address and route stay, as the kernel leaves them. */
  | 'carrier'
  /** Whoever manages the network takes route and address away first. */
  | 'flush'
  /** The link is set down. */
  | 'down'
  /** The device goes away and comes back under another index. */
  | 'unplug';

export interface UplinkPlan {
  readonly name: string;
  /** Index in the list of carriers. */
  readonly carrier: number;
  readonly detach: DetachStyle;
  /** Duplicate address detection runs for a second on each new address. */
  readonly detectsDuplicates: boolean;
  /** The modem is a NAT of its own: the host always has the same address of it. */
  readonly modemNat?: NatPlan;
  readonly addressFamilies?: readonly ('ipv6' | 'ipv4')[];
  /** When it is in which cell, in order of time; each visit ends by itself. */
  readonly visits: Iterable<CellVisit>;
}

export interface ProbePlan {
  readonly intervalMs: number;
  readonly idleIntervalMs: number;
  readonly failuresUntilDead: number;
  readonly successesUntilAlive: number;
}

export interface VehiclePlan {
  readonly uplinks: readonly UplinkPlan[];
  readonly registration: 'bulk' | 'individual';
  readonly prefixMode: 'explicit' | 'implicit';
  readonly selection: 'first-usable' | 'balance';
  readonly lifetimeSeconds: number;
  readonly probe: ProbePlan;
  /** Its IPv4 home address; with one it has an IPv4 network, too. */
  readonly ipv4: 'none' | 'static' | 'dynamic';
  readonly udpEncapsulation: 'as-needed' | 'always';
  readonly natKeepAliveSeconds: number;
  /** Between packets that its users send, and between those sent to them, on average; Infinity for none. */
  readonly trafficIntervalMs: number;
  /** When its daemon is started first. */
  readonly startMs: number;
}

export interface HomeAgentPlan {
  readonly multipleCareOfAddresses: boolean;
  readonly bulkRegistration: boolean;
  readonly maximumLifetimeSeconds: number;
}

export interface Plan {
  readonly durationMs: number;
  readonly carriers: readonly CarrierPlan[];
  readonly vehicles: readonly VehiclePlan[];
  readonly homeAgent: HomeAgentPlan;
  /** Between the home agent and the core, both ways. */
  readonly homeAgentLink: LinkQuality;
  readonly authentication: boolean;
  /** Faults: plans events in the world before it starts. */
  readonly faults?: (world: World, random: Random) => void;
  /** What must be true at the end, beside the invariants. Returns what is not. */
  readonly verdict?: (world: World) => string | undefined;
}

/** A way to make worlds. Each file in `scenario/` has one. */
export interface Scenario {
  readonly name: string;
  /** What happens, in one sentence. */
  readonly sentence: string;
  /** Takes too long to have its turn with the seeds. */
  readonly isLarge?: boolean;
  plan(random: Random): Plan;
}
