import type { Address } from '../../src/bytes/address.ts';
import type { AccessNetwork } from './access-network.ts';
import { CLEAN } from './channel.ts';
import {
  detectionMs,
  deviceName,
  homeAddress,
  hostInVehicle,
  ipv4HostInVehicle,
  ipv4MobileNetwork,
  ipv4RouterInVehicle,
  mobileNetwork,
  mobileRouterConfiguration,
  natChangeMs,
  routerInVehicle,
} from './configurations.ts';
import { type HostObserver, type Machines, MonamiHost } from './monami-host.ts';
import { NatWatch } from './nat-watch.ts';
import { Outstanding } from './outstanding.ts';
import type { Plan, VehiclePlan } from './plan.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { SequenceWatch } from './sequence-watch.ts';
import { VehicleUplink } from './uplink.ts';
import { type BoundPath, boundPaths } from './view.ts';
import { WakeWindow } from './wake-window.ts';

const REMEMBERED_MS = 5 * 60_000;

/** What a vehicle needs of the world around it. */
export interface VehicleSurroundings {
  readonly scheduler: Scheduler;
  readonly networks: readonly AccessNetwork[];
  readonly machines: Machines;
  readonly observer: HostObserver;
  /** A packet that came out of the vehicle's own network. */
  delivered(vehicle: Vehicle, packet: Uint8Array): void;
  onLink(packet: Uint8Array): void;
  lost(packet: Uint8Array, where: string, isExcuse: boolean): void;
}

/** A vehicle: its mobile router with its uplinks, and one computer behind it. */
export class Vehicle {
  readonly number: number;
  readonly plan: VehiclePlan;
  readonly host: MonamiHost;
  readonly uplinks: readonly VehicleUplink[];
  readonly homeAddress: Address;
  readonly detectionMs: number;
  /** Within which a NAT's new mapping is known to the home agent. */
  readonly natChangeMs: number;
  readonly natWatch = new NatWatch(this);
  /** Binding Updates that no acknowledgement has answered. */
  readonly outstanding = new Outstanding();
  readonly sequenceNumbers = new SequenceWatch();
  readonly wakes: WakeWindow;
  reboots = 0;
  /** When anything about links or daemon last became other than it was. */
  changedMs = 0;
  /** When bindings of this vehicle were lately removed, at either end. */
  #removalsMs: number[] = [];
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #lan: number;
  #isRetired = false;

  constructor(number: number, plan: Plan, random: Random, surroundings: VehicleSurroundings) {
    const { scheduler, networks, machines, observer } = surroundings;
    this.number = number;
    this.plan = plan.vehicles[number - 1]!;
    this.#scheduler = scheduler;
    this.#random = random;
    this.homeAddress = homeAddress(number);
    this.detectionMs = detectionMs(this.plan);
    this.natChangeMs = natChangeMs(this.plan);
    const configuration = mobileRouterConfiguration(plan, number);
    this.host = new MonamiHost(`vehicle ${number}`, configuration, scheduler, random.fork('host'), machines, observer);
    this.wakes = new WakeWindow(this.host);
    const { kernel } = this.host;
    this.#lan = kernel.addDevice('br-lan', CLEAN.mtuBytes, (packet) => surroundings.delivered(this, packet));
    kernel.setAddress(this.#lan, routerInVehicle(number), 64);
    kernel.setRunning(this.#lan, true);
    kernel.addStaticRoute(mobileNetwork(number), this.#lan);
    if (this.plan.ipv4 !== 'none') {
      kernel.setAddress(this.#lan, ipv4RouterInVehicle(number), 24);
      kernel.addStaticRoute(ipv4MobileNetwork(number), this.#lan);
    }
    this.uplinks = this.plan.uplinks.map((uplink, index) => {
      const place = { device: deviceName(index), metric: 1024 + index, terminal: number * 8 + index };
      const fork = random.fork(`uplink ${index}`);
      return new VehicleUplink(uplink, place, networks[uplink.carrier]!, kernel, scheduler, fork, {
        changed: () => this.touch(),
        lost: (packet, why) => surroundings.lost(packet, `radio ${why}`, why === 'chance' || why === 'too-big'),
        sent: (packet) => surroundings.onLink(packet),
        received: (packet, interfaceIndex) => {
          surroundings.onLink(packet);
          this.host.receive(packet, interfaceIndex);
        },
      });
    });
  }

  start(): void {
    for (const uplink of this.uplinks) uplink.start();
    this.#scheduler.at(this.plan.startMs, () => this.startDaemon());
  }

  startDaemon(): void {
    if (this.#isRetired) return;
    if (!this.host.isRunning) this.sequenceNumbers.restart();
    this.host.start();
    this.touch();
  }

  /** Stops the daemon for good; one that does not run just now starts once more, to clear up. */
  retire(): void {
    this.startDaemon();
    this.#isRetired = true;
    if (!this.host.isStopping) this.host.stop();
  }

  /** SIGKILL; the supervisor starts it again. */
  killDaemon(restartMs: number): void {
    this.host.kill();
    this.#lost(restartMs);
  }

  /** SIGTERM; somebody starts it again. */
  stopDaemon(restartMs: number): void {
    this.touch();
    this.host.stop(() => this.#lost(restartMs));
  }

  /** The power goes and returns: nothing of the daemon or the links survives. */
  reboot(restartMs: number): void {
    this.reboots++;
    this.host.kill();
    for (const uplink of this.uplinks) uplink.powerCycle();
    this.#lost(restartMs);
  }

  /** A packet of the computer behind the router, for the world. */
  emit(packet: Uint8Array): void {
    this.host.receive(packet, this.#lan);
  }

  get user(): Address {
    return hostInVehicle(this.number);
  }

  /** What it has of IPv4, if it has any. */
  get ipv4User(): Address | undefined {
    return this.plan.ipv4 === 'none' ? undefined : ipv4HostInVehicle(this.number);
  }

  /** The router knows that its IPv4 network is bound. */
  get isIpv4Bound(): boolean {
    return (this.host.status()?.mobileRouter?.homes[0]?.ipv4?.prefixes.length ?? 0) > 0;
  }

  bindingRemoved(): void {
    const { nowMs } = this.#scheduler;
    this.#removalsMs = [...this.#removalsMs.filter((timeMs) => timeMs > nowMs - REMEMBERED_MS), nowMs];
  }

  /** Whether a packet may have met the end of the binding that it travelled by. */
  wasRemovedBetween(fromMs: number, toMs: number): boolean {
    return this.#removalsMs.some((timeMs) => timeMs >= fromMs && timeMs <= toMs);
  }

  touch(): void {
    this.changedMs = this.#scheduler.nowMs;
  }

  /** What the router believes to have registered. */
  paths(): readonly BoundPath[] {
    const status = this.host.status()?.mobileRouter;
    return status ? boundPaths(status) : [];
  }

  isGood(careOfAddress: Address): boolean {
    const uplink = this.uplinkWith(careOfAddress);
    return (uplink?.isGood && uplink.workingAddresses.includes(careOfAddress)) ?? false;
  }

  /** The uplink that has an address now. */
  uplinkWith(careOfAddress: Address): VehicleUplink | undefined {
    return this.uplinks.find(({ careOfAddresses }) => careOfAddresses.includes(careOfAddress));
  }

  #lost(restartMs: number): void {
    this.outstanding.clear();
    this.touch();
    this.#scheduler.after(restartMs + this.#random.uniform(0, 100), () => this.startDaemon());
  }
}
