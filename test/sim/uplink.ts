import { type Address, address } from '../../src/bytes/address.ts';
import { AddressFlag, RouteTable } from '../../src/wire/netlink/numbers.ts';
import type { AccessNetwork } from './access-network.ts';
import { Channel, CLEAN, type LinkLoss } from './channel.ts';
import type { CellVisit } from './coverage.ts';
import type { Kernel } from './kernel.ts';
import type { UplinkPlan } from './plan.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

const GATEWAY = address('fe80::1');
const DUPLICATE_DETECTION_MS = 1000;
const LONGEST_HANDOVER_MS = 300;
const ADDRESS_PREFIX_LENGTH = 64;

export interface UplinkObserver {
  /** Something about the link changed: what was known of it counts anew. */
  changed(): void;
  lost(packet: Uint8Array, why: LinkLoss): void;
  sent(packet: Uint8Array): void;
  /** A packet for the vehicle's kernel. */
  received(packet: Uint8Array, interfaceIndex: number): void;
}

/** One of a vehicle's ways out: the radio link, and what the host's network makes of it. */
export class VehicleUplink {
  readonly plan: UplinkPlan;
  readonly network: AccessNetwork;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #kernel: Kernel;
  readonly #device: string;
  readonly #metric: number;
  readonly #terminal: number;
  readonly #observer: UplinkObserver;
  readonly #up: Channel;
  readonly #down: Channel;
  readonly #toTerminal: (packet: Uint8Array) => void;
  #index = 0;
  #assigned: Address | null = null;
  /** Outdates what was planned for an earlier attachment. */
  #attachment = 0;
  #visit: CellVisit | undefined;
  /** The kernel has an address that works and a route. */
  #isReady = false;
  #isDeaf = false;
  attachments = 0;
  handovers = 0;
  /** Times in which the link stayed up and nothing got through. */
  deafSpells = 0;
  /** Since when packets get through; Infinity while they do not. */
  goodSinceMs = Number.POSITIVE_INFINITY;

  constructor(
    plan: UplinkPlan,
    place: { readonly device: string; readonly metric: number; readonly terminal: number },
    network: AccessNetwork,
    kernel: Kernel,
    scheduler: Scheduler,
    random: Random,
    observer: UplinkObserver,
  ) {
    this.plan = plan;
    this.network = network;
    this.#device = place.device;
    this.#metric = place.metric;
    this.#terminal = place.terminal;
    this.#kernel = kernel;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#observer = observer;
    const lost = (packet: Uint8Array, why: LinkLoss) => observer.lost(packet, why);
    this.#up = new Channel(
      scheduler,
      random.fork('up'),
      CLEAN,
      (packet) => network.fromTerminal(packet, this.#assigned),
      lost,
    );
    this.#down = new Channel(
      scheduler,
      random.fork('down'),
      CLEAN,
      (packet) => observer.received(packet, this.#index),
      (packet, why) => {
        if (why === 'too-big') network.router.tooBig(packet, this.#down.quality.mtuBytes);
        else lost(packet, why);
      },
    );
    this.#up.state = 'down';
    this.#down.state = 'down';
    this.#toTerminal = (packet) => this.#down.send(packet);
    if (plan.detach !== 'unplug') this.#addDevice();
  }

  /** Follows the planned visits. */
  start(): void {
    const visits = this.plan.visits[Symbol.iterator]();
    const follow = (visit: CellVisit) => {
      if (visit.toMs === Number.POSITIVE_INFINITY) return;
      this.#scheduler.at(visit.toMs, () => {
        const { value: next } = visits.next();
        if (next && next.fromMs <= visit.toMs) {
          this.#handOver(next);
          follow(next);
          return;
        }
        this.#leave();
        if (next) begin(next);
      });
    };
    const begin = (visit: CellVisit) => {
      this.#scheduler.at(visit.fromMs, () => {
        this.#enter(visit);
        follow(visit);
      });
    };
    const { value: first } = visits.next();
    if (first) begin(first);
  }

  get careOfAddress(): Address | null {
    return this.#isReady ? this.#assigned : null;
  }

  /** Packets get through, apart from what the link's quality costs. */
  get isGood(): boolean {
    return this.#isReady && !this.#isDeaf && this.#up.state === 'up' && this.network.uplink.state === 'up';
  }

  get isLossless(): boolean {
    return this.#up.quality.loss === 0 && this.network.uplink.quality.loss === 0;
  }

  get state(): string {
    if (this.#assigned === null) return 'detached';
    return `${this.#isDeaf ? 'deaf' : 'attached'}${this.#isReady ? '' : ', not ready'}`;
  }

  get channels(): readonly Channel[] {
    return [this.#up, this.#down];
  }

  /** Finds out whether packets get through now, when anything has changed that bears on it. */
  refresh(): void {
    if (!this.isGood) this.goodSinceMs = Number.POSITIVE_INFINITY;
    else if (this.goodSinceMs === Number.POSITIVE_INFINITY) this.goodSinceMs = this.#scheduler.nowMs;
    this.#observer.changed();
  }

  /** The link stays up and nothing gets through. */
  setDeaf(isDeaf: boolean): void {
    if (this.#isDeaf === isDeaf) return;
    this.#isDeaf = isDeaf;
    if (isDeaf) this.deafSpells++;
    this.#applyState();
    this.refresh();
  }

  /** As when the vehicle's power goes: the kernel forgets the device and finds it again. */
  powerCycle(): void {
    const visit = this.#visit;
    this.#leave();
    this.#kernel.removeDevice(this.#index);
    if (this.plan.detach !== 'unplug') this.#addDevice();
    if (visit) this.#enter(visit);
  }

  #addDevice(): void {
    this.#index = this.#kernel.addDevice(this.#device, CLEAN.mtuBytes, (packet) => {
      this.#observer.sent(packet);
      this.#up.send(packet);
    });
  }

  #enter(visit: CellVisit): void {
    this.#visit = visit;
    this.attachments++;
    const attachment = ++this.#attachment;
    const kernel = this.#kernel;
    if (!kernel.hasDevice(this.#index)) this.#addDevice();
    if (this.plan.detach === 'down') kernel.setUp(this.#index, true);
    this.#up.quality = visit.quality;
    this.#down.quality = visit.quality;
    const assigned = this.network.assign(this.#terminal, visit.cell);
    this.#assigned = assigned;
    this.network.router.setHost(assigned, this.#toTerminal);
    this.#applyState();
    kernel.setRunning(this.#index, true);
    const planned = (run: () => void) => () => {
      if (this.#attachment === attachment) run();
    };
    for (const { fromMs, toMs } of visit.deaf) {
      this.#scheduler.at(
        fromMs,
        planned(() => this.setDeaf(true)),
      );
      this.#scheduler.at(
        toMs,
        planned(() => this.setDeaf(false)),
      );
    }
    const settle = planned(() => this.#settle(assigned));
    const addressMs = this.#random.uniform(30, 400);
    if (!this.plan.detectsDuplicates) {
      this.#scheduler.after(addressMs, settle);
    } else {
      this.#scheduler.after(
        addressMs,
        planned(() => {
          const isKept = kernel.addressesOf(this.#index).includes(assigned);
          if (!isKept) kernel.setAddress(this.#index, assigned, ADDRESS_PREFIX_LENGTH, AddressFlag.tentative);
          this.#scheduler.after(isKept ? 0 : DUPLICATE_DETECTION_MS, settle);
        }),
      );
    }
    this.refresh();
  }

  /** From cell to cell: the link stays up, and is deaf while the radio changes over. */
  #handOver(visit: CellVisit): void {
    this.handovers++;
    this.#detachFromNetwork();
    this.#isReady = false;
    this.#enter(visit);
    const attachment = this.#attachment;
    this.setDeaf(true);
    this.#scheduler.after(this.#random.uniform(20, LONGEST_HANDOVER_MS), () => {
      if (this.#attachment === attachment) this.setDeaf(false);
    });
  }

  /** The address is good and there is a route: what was there of an earlier attachment goes. */
  #settle(assigned: Address): void {
    const kernel = this.#kernel;
    const isLate = this.#random.chance(0.3);
    const removeOld = () => {
      for (const old of kernel.addressesOf(this.#index)) if (old !== assigned) kernel.removeAddress(this.#index, old);
    };
    if (!isLate) removeOld();
    kernel.setAddress(this.#index, assigned, ADDRESS_PREFIX_LENGTH);
    kernel.setDefaultRoute(this.#index, GATEWAY, this.#metric);
    if (isLate) removeOld();
    this.#isReady = true;
    this.refresh();
  }

  #leave(): void {
    this.#visit = undefined;
    this.#attachment++;
    this.#isReady = false;
    this.#isDeaf = false;
    const kernel = this.#kernel;
    const old = this.#detachFromNetwork();
    this.#applyState();
    switch (this.plan.detach) {
      case 'carrier':
        kernel.setRunning(this.#index, false);
        break;
      case 'flush':
        kernel.removeRoutes(this.#index, RouteTable.main);
        if (old !== null) kernel.removeAddress(this.#index, old);
        kernel.setRunning(this.#index, false);
        break;
      case 'down':
        kernel.setUp(this.#index, false);
        break;
      case 'unplug':
        kernel.removeDevice(this.#index);
        break;
    }
    this.refresh();
  }

  /** Gives the address back. Returns it. */
  #detachFromNetwork(): Address | null {
    const old = this.#assigned;
    this.#assigned = null;
    if (old === null) return null;
    this.network.router.removeHost(old, this.#toTerminal);
    this.network.release(old);
    return old;
  }

  #applyState(): void {
    const state = this.#assigned === null ? 'down' : this.#isDeaf ? 'silent' : 'up';
    this.#up.state = state;
    this.#down.state = state;
  }
}
