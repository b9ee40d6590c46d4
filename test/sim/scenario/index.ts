import type { Scenario } from '../plan.ts';
import { scenario as carrierGradeNat } from './carrier-grade-nat.ts';
import { scenario as carrierOutages } from './carrier-outages.ts';
import { scenario as clocksJump } from './clocks-jump.ts';
import { scenario as commute } from './commute.ts';
import { scenario as familyChanges } from './family-changes.ts';
import { scenario as homeAgentReboots } from './home-agent-reboots.ts';
import { scenario as ipv4OnlyVehicles } from './ipv4-only-vehicles.ts';
import { scenario as lossy } from './lossy.ts';
import { scenario as narrowPaths } from './narrow-paths.ts';
import { scenario as natRebinding } from './nat-rebinding.ts';
import { scenario as plainAgent } from './plain-agent.ts';
import { scenario as realDrives } from './real-drives.ts';
import { scenario as routerReboots } from './router-reboots.ts';
import { scenario as satellite } from './satellite.ts';
import { scenario as sharedAddresses } from './shared-addresses.ts';
import { scenario as sharedPrivateAddresses } from './shared-private-addresses.ts';
import { scenario as thousandVehicles } from './thousand-vehicles.ts';
import { scenario as tunnel } from './tunnel.ts';

/** In the order in which seeds take them in turn. */
export const SCENARIOS: readonly Scenario[] = [
  commute,
  tunnel,
  satellite,
  homeAgentReboots,
  routerReboots,
  lossy,
  plainAgent,
  narrowPaths,
  sharedAddresses,
  clocksJump,
  carrierOutages,
  realDrives,
  natRebinding,
  carrierGradeNat,
  familyChanges,
  ipv4OnlyVehicles,
  sharedPrivateAddresses,
];

/** Those that take too long to have their turn with every seed. */
export const LARGE_SCENARIOS: readonly Scenario[] = [thousandVehicles];
