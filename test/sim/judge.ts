// The invariants: what must be true of every world, whatever happens in it.
import { type Address, formatAddress, isIpv4 } from '../../src/bytes/address.ts';
import { prefixContains } from '../../src/bytes/prefix.ts';
import { FLOW_CAPACITY } from '../../src/forwarding/flow-cache.ts';
import { MAX_BINDACK_TIMEOUT_MS } from '../../src/roles/mobile-router/transaction.ts';
import type { OuterStatus } from '../../src/roles/status.ts';
import type { LastingEndpoint } from './ipv4-access.ts';
import type { Flight } from './ledger.ts';
import type { VehicleUplink } from './uplink.ts';
import type { Vehicle } from './vehicle.ts';
import type { BoundPath } from './view.ts';
import type { WitnessedBinding, WitnessedOuter } from './witness.ts';
import type { World } from './world.ts';

/** The longest wait between repetitions (MAX_BINDACK_TIMEOUT), a first exchange, and what the host's network needs. */
export const REGISTRATION_MS = MAX_BINDACK_TIMEOUT_MS + 13_000;
/** What two clocks and a flight may differ by. */
const CLOCK_SLACK_MS = 3000;
/** Through two links with all their jitter. */
const LONGEST_TRANSIT_MS = 3000;
const CLOCK_DRIFT = 250e-6;
const MAXIMUM_HOST_ENTRIES = 80;
/** A wake costs battery: no faster than the probes of all uplinks ask for, twice over. */
const WAKES_PER_PROBE = 2;
/** When everything changes at once. */
const WAKES_IN_A_FLURRY = 100;

/** Every rule by name; a test sees each of them broken. */
export const RULES = [
  'binding update list and binding cache agree',
  'no stale binding stays',
  'what works is registered',
  'bindings follow the NAT',
  'the binding cache is what was acknowledged',
  'acknowledgements are right',
  'sequence numbers only go forward',
  'timestamps only go forward',
  'no packet reaches a wrong vehicle',
  'packets arrive as they were',
  'what must arrive arrives',
  'no loop',
  'no peer sees an error that is ours',
  'deadlines lie ahead',
  'nobody wakes without need',
  'timers never leak',
  'state is bounded',
  'nothing is left behind',
  'the kernel takes every request',
  'no exception',
  'verdict',
] as const;

export type Rule = (typeof RULES)[number];

export interface Violation {
  readonly timeMs: number;
  readonly rule: Rule;
  readonly detail: string;
}

/** Checks one vehicle against its home agent. Yields what is wrong: the rule and the details. */
export function* checkVehicle(world: World, vehicle: Vehicle): Iterable<readonly [rule: Rule, detail: string]> {
  const { host, plan } = vehicle;
  if (!host.isRunning || host.isStopping || !world.homeAgent.isRunning) return;
  const nowMs = world.scheduler.nowMs;
  const lifetimeMs = plan.lifetimeSeconds * 1000;
  const runningMs = nowMs - Math.max(host.runningSinceMs, world.homeAgent.runningSinceMs);
  const boundMs = REGISTRATION_MS + vehicle.detectionMs;
  // A home agent that has lost its state is found out about at the next refresh.
  if (runningMs <= boundMs + (world.homeAgent.starts > 1 ? lifetimeMs : 0)) return;

  const paths = vehicle.paths();
  if (vehicle.outstanding.isQuiet(nowMs)) {
    const held = world.witness.bindings(vehicle.homeAddress, world.homeAgent.clock.nowMs);
    for (const path of paths) yield* checkPath(world, vehicle, path, held);
    if (mayReachAgent(world, vehicle, boundMs)) yield* checkStale(vehicle, paths, held);
  }
  yield* checkLiveness(world, vehicle, paths, boundMs);
}

/** A binding in the update list is in the cache too, and does not end there earlier. */
function* checkPath(
  world: World,
  vehicle: Vehicle,
  path: BoundPath,
  held: readonly WitnessedBinding[],
): Iterable<readonly [Rule, string]> {
  const rule: Rule = 'binding update list and binding cache agree';
  const name = `vehicle ${vehicle.number}, BID ${path.bid}, ${formatAddress(path.careOfAddress)}`;
  const binding = held.find((candidate) => candidate.told === path.careOfAddress);
  const slackMs = CLOCK_SLACK_MS + vehicle.plan.lifetimeSeconds * 1000 * CLOCK_DRIFT;
  if (!binding) {
    if (path.remainingSeconds * 1000 > slackMs)
      yield [rule, `${name} is in the list for ${path.remainingSeconds.toFixed(1)} s and not in the cache`];
    return;
  }
  if (binding.bid !== path.bid) yield [rule, `${name} has BID ${binding.bid} in the cache`];
  const remainingSeconds = (binding.expiresMs - world.homeAgent.clock.nowMs) / 1000;
  if ((path.remainingSeconds - remainingSeconds) * 1000 > slackMs) {
    const [listed, cached] = [path.remainingSeconds.toFixed(1), remainingSeconds.toFixed(1)];
    yield [rule, `${name} is in the list for ${listed} s and in the cache for ${cached} s`];
  }
}

/** A binding in the cache that the mobile router does not know is one that it could have removed. */
function* checkStale(
  vehicle: Vehicle,
  paths: readonly BoundPath[],
  held: readonly WitnessedBinding[],
): Iterable<readonly [Rule, string]> {
  for (const { bid, told } of held) {
    if (paths.some((path) => path.careOfAddress === told && path.bid === bid)) continue;
    yield [
      'no stale binding stays',
      `vehicle ${vehicle.number}: the cache has BID ${bid}, ${formatAddress(told)}, the list has not`,
    ];
  }
}

/**
 * Where an uplink has addresses of both families and one of them is silent, the two take turns: at the longest pause, three
 * updates from the IPv4 address come between two from the IPv6 one.
 */
function turnsMs({ workingAddresses, careOfAddresses }: VehicleUplink): number {
  return workingAddresses.length < careOfAddresses.length ? 3 * MAX_BINDACK_TIMEOUT_MS : 0;
}

/** What works is used: a link over which packets get through long enough is registered. */
function* checkLiveness(
  world: World,
  vehicle: Vehicle,
  paths: readonly BoundPath[],
  boundMs: number,
): Iterable<readonly [Rule, string]> {
  const nowMs = world.scheduler.nowMs;
  const isPlain = !world.plan.homeAgent.multipleCareOfAddresses;
  const good = vehicle.uplinks.filter(
    (uplink) => uplink.isGood && uplink.isLossless && nowMs - uplink.goodSinceMs > boundMs + turnsMs(uplink),
  );
  if (good.length === 0) return;
  const missing = good.filter(
    ({ workingAddresses }) => !paths.some((path) => workingAddresses.includes(path.careOfAddress) && path.active),
  );
  if (missing.length === 0) return;
  // One binding at a time: it may be changing over just now.
  if (isPlain && (paths.some((path) => path.active) || nowMs - vehicle.changedMs < boundMs)) return;
  const names = missing.map(
    ({ plan, goodSinceMs }) => `${plan.name} (good for ${Math.round((nowMs - goodSinceMs) / 1000)} s)`,
  );
  yield ['what works is registered', `vehicle ${vehicle.number}: ${names.join(', ')}`];
}

function mayReachAgent(world: World, vehicle: Vehicle, boundMs: number): boolean {
  const nowMs = world.scheduler.nowMs;
  return vehicle.uplinks.some((uplink) => uplink.isLossless && nowMs - uplink.goodSinceMs > boundMs);
}

/** Nothing grows without bound, and nobody wakes without need. */
export function* checkHost({ host, plan, number, wakes: window }: Vehicle): Iterable<readonly [Rule, string]> {
  if (host.kernel.entries > MAXIMUM_HOST_ENTRIES) {
    yield ['state is bounded', `vehicle ${number}: ${host.kernel.entries} entries in the kernel`];
  }
  const flows = host.statistics()?.flows ?? 0;
  if (flows > FLOW_CAPACITY) yield ['state is bounded', `vehicle ${number}: ${flows} flows`];
  const fastestMs = Math.min(plan.probe.intervalMs, 1000);
  const { wakes, elapsedMs } = window.look();
  const allowed = ((WAKES_PER_PROBE * elapsedMs) / fastestMs) * plan.uplinks.length + WAKES_IN_A_FLURRY;
  if (wakes > allowed) yield ['nobody wakes without need', `vehicle ${number}: ${wakes} times in ${elapsedMs} ms`];
}

/** Checks the home agent's own account of its bindings against the witness's: all of them, or one home address's. */
export function* checkHomeAgent(world: World, only?: Address): Iterable<readonly [Rule, string]> {
  const { homeAgent: host, witness } = world;
  const status = host.status()?.homeAgent;
  if (!status) return;
  const nowMs = host.clock.nowMs;
  const rows = new Map<Address, (typeof status.bindings)[number][]>();
  for (const row of status.bindings) rows.set(row.homeAddress, [...(rows.get(row.homeAddress) ?? []), row]);
  // An uplink has a Binding Identifier for good, and a care-of address at a time.
  const most = Math.max(...world.vehicles.map(({ uplinks }) => uplinks.length));
  for (const homeAddress of only ? [only] : new Set([...rows.keys(), ...witness.homes()])) {
    const own = rows.get(homeAddress) ?? [];
    const seen = witness.bindings(homeAddress, nowMs);
    if (own.length > most) yield ['state is bounded', `${formatAddress(homeAddress)}: ${own.length} bindings`];
    const isSame =
      own.length === seen.length &&
      own.every(({ bid, careOfAddress, outer, remainingSeconds }) => {
        const binding = seen.find((candidate) => candidate.bid === bid);
        return (
          binding?.careOfAddress === careOfAddress &&
          isSameOuter(binding.outer, outer) &&
          Math.abs(binding.expiresMs - nowMs - remainingSeconds * 1000) < 1000
        );
      });
    // A binding that ends just now may be gone in one account and not in the other.
    const endsNow = own.some(({ remainingSeconds }) => remainingSeconds < 1);
    if (isSame || endsNow) continue;
    const shown = (list: readonly { readonly bid: number; readonly careOfAddress: Address }[]) =>
      list.map(({ bid, careOfAddress }) => `${bid}=${formatAddress(careOfAddress)}`).join(' ') || 'nothing';
    yield [
      'the binding cache is what was acknowledged',
      `${formatAddress(homeAddress)}: it holds ${shown(own)}, acknowledged is ${shown(seen)}`,
    ];
  }
  const largest = 60 + 4 * world.vehicles.length;
  if (host.kernel.entries > largest)
    yield ['state is bounded', `home agent: ${host.kernel.entries} entries in the kernel`];
  const wakesAllowed = 200 + 4 * (witness.accepted + world.heardByAgent);
  if (host.wakes > wakesAllowed) yield ['nobody wakes without need', `home agent: ${host.wakes} times`];
}

function isSameOuter(seen: WitnessedOuter | undefined, own: OuterStatus | undefined): boolean {
  if (!seen || !own) return !seen && !own;
  const isSameEndpoint = seen.address === own.address && seen.port === own.port;
  return isSameEndpoint && seen.nat === own.nat && (own.encapsulation === 'udp') === seen.udp;
}

/** Checks what has come to an end: nothing may remain of it once every lifetime and memory is over. */
export function* checkAftermath({ vehicles, homeAgent }: World): Iterable<readonly [rule: Rule, detail: string]> {
  const bindings = homeAgent.status()?.homeAgent?.bindings ?? [];
  if (bindings.length > 0) yield ['nothing is left behind', `${bindings.length} bindings at the home agent`];
  const waitMs = homeAgent.nextDeadlineMs - homeAgent.clock.nowMs;
  if (waitMs !== Number.POSITIVE_INFINITY) {
    yield ['timers never leak', `the home agent has no binding and still waits ${waitMs.toFixed(0)} ms for something`];
  }
  for (const { host, number } of vehicles) {
    if (host.isRunning) yield ['nothing is left behind', `vehicle ${number} runs`];
    const { foreignEntries } = host.kernel;
    if (foreignEntries > 0)
      yield ['nothing is left behind', `vehicle ${number}: ${foreignEntries} entries in the kernel`];
  }
}

/** Whether everything that a packet needs has been working for long enough, so that it must arrive. */
export function mustArrive(
  world: World,
  vehicle: Vehicle,
  direction: 'out' | 'in',
  bytes: number,
  inner: Address,
): boolean {
  const { homeAgent, witness, scheduler } = world;
  const nowMs = scheduler.nowMs;
  // In two fragments it has twice the chance to be lost, and one of them does not say what it was.
  const largest = vehicle.uplinks.every(({ isLossless }) => isLossless) ? 1280 : 1240;
  if (bytes > largest || !vehicle.host.isRunning || vehicle.host.isStopping || !homeAgent.isRunning) return false;
  const calmMs = nowMs - Math.max(vehicle.changedMs, world.networkChangedMs, vehicle.host.runningSinceMs);
  if (calmMs < (direction === 'out' ? vehicle.detectionMs : 5000)) return false;
  const held = witness.bindings(vehicle.homeAddress, homeAgent.clock.nowMs);
  const paths = vehicle.paths();
  if (isIpv4(inner)) {
    const bound = witness.ipv4(vehicle.homeAddress, homeAgent.clock.nowMs);
    if (!vehicle.isIpv4Bound || !bound.some((prefix) => prefixContains(prefix, inner))) return false;
  }
  const registered = (careOfAddress: Address) => paths.some((path) => path.careOfAddress === careOfAddress);
  const soonMs = homeAgent.clock.nowMs + 2000;
  if (direction === 'in') {
    return (
      held.length > 0 &&
      held.every(
        (binding) =>
          vehicle.isGood(binding.told) &&
          registered(binding.told) &&
          binding.expiresMs > soonMs &&
          isReached(world, vehicle, binding),
      )
    );
  }
  const active = paths.filter((path) => path.active);
  const works = ({ careOfAddress }: BoundPath) =>
    held.some(
      (binding) => binding.told === careOfAddress && binding.expiresMs > soonMs && isReached(world, vehicle, binding),
    ) && vehicle.isGood(careOfAddress);
  const isAgentKnown = nowMs - homeAgent.runningSinceMs > vehicle.plan.lifetimeSeconds * 1000 + REGISTRATION_MS;
  // That a NAT has forgotten is found out by the next probe.
  const hasNat = active.some(({ careOfAddress }) => isIpv4(careOfAddress));
  return active.some(works) && ((isAgentKnown && !hasNat) || active.every(works));
}

/** What lies between an IPv4 care-of address and the home agent lets tunnels through, and knows the way for a while. */
function isReached(world: World, vehicle: Vehicle, { told, outer }: WitnessedBinding): boolean {
  if (!outer) return true;
  const uplink = vehicle.uplinkWith(told);
  if (!uplink || (!outer.udp && !uplink.passesTunnels)) return false;
  const external = uplink.external(world.scheduler.nowMs);
  if (external?.endpoint.address !== outer.address) return false;
  return !outer.udp || (external.endpoint.port === outer.port && isLasting(world, external));
}

function isLasting({ scheduler }: World, { untilMs }: LastingEndpoint): boolean {
  return untilMs > scheduler.nowMs + LONGEST_TRANSIT_MS;
}

/** Judges a packet whose time is over. */
export function checkFlight(world: World, flight: Flight): readonly [Rule, string] | undefined {
  if (!flight.must || flight.delivered > 0 || flight.excuse !== undefined) return undefined;
  const vehicle = world.vehicles[flight.vehicle - 1]!;
  const changedMs = Math.max(vehicle.changedMs, world.networkChangedMs);
  if (changedMs >= flight.sentMs) return undefined;
  // A de-registration by a fast path overtakes what is under way on the slow path that it is about.
  if (vehicle.wasRemovedBetween(flight.sentMs, flight.sentMs + LONGEST_TRANSIT_MS)) return undefined;
  const from = `${(flight.sentMs / 1000).toFixed(3)} s, from ${flight.from}, ${flight.bytes} octets`;
  return [
    'what must arrive arrives',
    `packet ${flight.id} (${from}) was lost: ${flight.lostAt ?? 'nobody knows where'}`,
  ];
}
