// What scenarios are put together from.
import { CLEAN, type LinkQuality } from '../channel.ts';
import { type CellVisit, comingAndGoing, commute, type Leg, randomCells, visitsOf } from '../coverage.ts';
import type { Family, Ipv4Plan } from '../ipv4-access.ts';
import type { NatPlan } from '../nat.ts';
import type { Plan, UplinkPlan, VehiclePlan } from '../plan.ts';
import type { Random } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';
import type { World } from '../world.ts';

export const SECOND_MS = 1000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** 500 of them are a hundred days. */
export const SHIFT_MS = 4.8 * HOUR_MS;

/** A world in which nothing is out of the ordinary. */
export const PLAIN_WORLD = {
  homeAgent: { multipleCareOfAddresses: true, bulkRegistration: true, maximumLifetimeSeconds: 3600 },
  homeAgentLink: { ...CLEAN, delayMs: 5, jitterMs: 1 },
  authentication: true,
} satisfies Partial<Plan>;

/** A cell as one finds it: without loss, with delays of its own. */
export function radio(random: Random): LinkQuality {
  return { ...CLEAN, delayMs: random.uniform(10, 60), jitterMs: random.uniform(0, 30) };
}

/** Where everything that may happen to packets happens. */
export function rough(random: Random): LinkQuality {
  return {
    delayMs: random.uniform(10, 150),
    jitterMs: random.uniform(0, 200),
    loss: random.uniform(0, 0.15),
    duplication: random.uniform(0, 0.05),
    reordering: random.uniform(0, 0.1),
    mtuBytes: random.pick([1280, 1358, 1420, 1500]),
  };
}

export function uplink(
  random: Random,
  parts: Pick<UplinkPlan, 'name' | 'carrier' | 'visits'> & Partial<UplinkPlan>,
): UplinkPlan {
  const ipv4 = random.fork('uplink in IPv4');
  return {
    detach: random.pick(['carrier', 'flush', 'down', 'unplug']),
    detectsDuplicates: random.chance(0.5),
    ...(ipv4.chance(0.25) && { modemNat: nat(ipv4) }),
    ...(ipv4.chance(0.3) && { addressFamilies: ['ipv4', 'ipv6'] as const }),
    ...parts,
  };
}

/** A vehicle whose settings differ as those of real ones do. */
export function ordinaryVehicle(
  random: Random,
  uplinks: readonly (Pick<UplinkPlan, 'name' | 'carrier' | 'visits'> & Partial<UplinkPlan>)[],
  more: Partial<VehiclePlan> = {},
): VehiclePlan {
  const ipv4 = random.fork('vehicle in IPv4');
  return {
    uplinks: uplinks.map((parts) => uplink(random, parts)),
    registration: random.pick(['bulk', 'individual']),
    prefixMode: random.pick(['explicit', 'implicit']),
    selection: random.pick(['first-usable', 'balance']),
    lifetimeSeconds: random.pick([60, 120, 300, 600]),
    probe: {
      intervalMs: random.pick([250, 500, 1000]),
      idleIntervalMs: random.pick([10_000, 30_000, 30_000]),
      failuresUntilDead: random.integer(2, 4),
      successesUntilAlive: random.integer(1, 3),
    },
    trafficIntervalMs: 40_000,
    ipv4: ipv4.pick(['none', 'static', 'dynamic']),
    udpEncapsulation: ipv4.pick(['as-needed', 'as-needed', 'as-needed', 'always']),
    natKeepAliveSeconds: ipv4.pick([10, 25, 25, 60]),
    startMs: random.uniform(0, 5000),
    ...more,
  };
}

/** NATs differ in all of this. */
export function nat(random: Random, more: Partial<NatPlan> = {}): NatPlan {
  return {
    mapping: random.pick(['endpoint-independent', 'address-and-port-dependent']),
    filtering: random.pick(['endpoint-independent', 'address-and-port-dependent']),
    timeoutMs: random.pick([20, 30, 30, 60, 120, 300]) * SECOND_MS,
    refreshedFromOutside: random.chance(0.7),
    ports: random.pick(['preserving', 'sequential', 'random']),
    passesTunnels: random.chance(0.3),
    ...more,
  };
}

/** What a carrier may have of IPv4: a NAT mostly. */
export function ipv4(random: Random, families: readonly Family[], more: Partial<Ipv4Plan> = {}): Ipv4Plan {
  const passesTunnels = random.chance(0.7);
  return { families, passesTunnels, ...(random.chance(0.75) && { nat: nat(random) }), ...more };
}

/** IPv4 in four of ten carriers: alone, or beside IPv6. */
export function sometimesIpv4(random: Random): { readonly ipv4?: Ipv4Plan } {
  if (!random.chance(0.4)) return {};
  return { ipv4: ipv4(random, random.pick([['ipv4'], ['both'], ['both', 'ipv6', 'ipv4', 'both', 'ipv4', 'ipv6']])) };
}

/** NATs of carriers and of modems restart. */
export function natsFail(world: World, random: Random, meanMs: number): void {
  nowAndThen(world.scheduler, random, meanMs, () => {
    if (world.isEnding) return;
    const modems = world.vehicles.flatMap(({ uplinks }) => uplinks.filter(({ modem }) => modem));
    if (modems.length > 0 && random.chance(0.5)) random.pick(modems).rebootModem();
    else world.rebootNat(random.integer(0, world.networks.length - 1));
  });
}

/** Carriers have trouble with one address family alone. */
export function familiesFail(world: World, random: Random, meanMs: number): void {
  nowAndThen(world.scheduler, random, meanMs, () => {
    if (world.isEnding) return;
    const index = random.integer(0, world.networks.length - 1);
    world.silenceFamily(index, random.pick(['ipv6', 'ipv6', 'ipv4']), random.exponential(5 * MINUTE_MS));
  });
}

const ROAD = { lengthMetres: 20_000, metresPerSecond: 14, stopSeconds: 60 };
const COVERAGE = {
  lengthMetres: ROAD.lengthMetres,
  cellMetres: 2500,
  gapShare: 0.3,
  gapMetres: 300,
  deafSpots: 0.1,
  deafMetres: 60,
};

/** The cells that one vehicle meets on its way through each of several carriers' maps. */
export function driveThrough(
  random: Random,
  maps: number,
  durationMs: number,
  quality: (random: Random) => LinkQuality = radio,
  coverage: Partial<typeof COVERAGE> = {},
): readonly Iterable<CellVisit>[] {
  const legs: Leg[] = [];
  for (const leg of commute(random, ROAD)) {
    if (leg.fromMs > durationMs) break;
    legs.push(leg);
  }
  return Array.from({ length: maps }, () => {
    const cells = randomCells(random, { ...COVERAGE, ...coverage }, quality);
    return visitsOf(legs, cells);
  });
}

/** Wi-Fi where the vehicle happens to stop. */
export function wifiAtStops(random: Random, quality: (random: Random) => LinkQuality = radio): Iterable<CellVisit> {
  return comingAndGoing(random, { presentMs: 90_000, absentMs: 600_000, cells: 50 }, quality);
}

/** Lets something happen again and again, at random times. */
export function nowAndThen(scheduler: Scheduler, random: Random, meanMs: number, happen: () => void): void {
  const next = () => {
    scheduler.after(random.exponential(meanMs), () => {
      happen();
      next();
    });
  };
  next();
}

/** The home agent's daemon or machine goes and comes back without its binding cache. */
export function homeAgentFails(world: World, random: Random, meanMs: number): void {
  nowAndThen(world.scheduler, random, meanMs, () => {
    if (!world.homeAgent.isRunning || world.isEnding) return;
    const downMs = random.pick([500, 5000, 30_000, 120_000]) * random.uniform(0.5, 1.5);
    if (random.chance(0.5)) world.killHomeAgent(downMs);
    else world.stopHomeAgent(downMs);
  });
}

/** Mobile routers' daemons crash, are restarted, or lose their power. */
export function routersFail(world: World, random: Random, meanMs: number): void {
  nowAndThen(world.scheduler, random, meanMs, () => {
    const vehicle = random.pick(world.vehicles);
    if (!vehicle.host.isRunning || world.isEnding) return;
    const kind = random.unit();
    if (kind < 0.4) vehicle.killDaemon(random.uniform(100, 5000));
    else if (kind < 0.7) vehicle.stopDaemon(random.uniform(100, 60_000));
    else if (kind < 0.9) vehicle.reboot(random.uniform(10_000, 60_000));
    else vehicle.host.loseNotifications();
  });
}
