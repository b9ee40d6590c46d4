import { type Address, address, addressFromBytes, isIpv4 } from '../../src/bytes/address.ts';
import { fragmentIpv4 } from '../../src/forwarding/ipv4-fragments.ts';
import { DSMIPV6_UDP_PORT } from '../../src/wire/mh/numbers.ts';
import { AddressFlag, RouteTable } from '../../src/wire/netlink/numbers.ts';
import type { AccessNetwork } from './access-network.ts';
import { Channel, CLEAN, type LinkLoss } from './channel.ts';
import { HOME_AGENT_IPV4 } from './configurations.ts';
import type { CellVisit } from './coverage.ts';
import type { LastingEndpoint } from './ipv4-access.ts';
import type { Kernel } from './kernel.ts';
import { type Endpoint, Nat } from './nat.ts';
import { icmpError, isIpv4Packet, mayBeFragmented } from './packets.ts';
import type { UplinkPlan } from './plan.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

const GATEWAY = address('fe80::1');
/** A point-to-point link's far end, whatever the address on this side. */
const IPV4_GATEWAY = address('192.0.0.1');
const IPV4_PREFIX_LENGTH = 24;
const AGENT: Endpoint = { address: HOME_AGENT_IPV4, port: DSMIPV6_UDP_PORT };
const DUPLICATE_DETECTION_MS = 1000;
const LONGEST_HANDOVER_MS = 300;
const ADDRESS_PREFIX_LENGTH = 64;

export interface UplinkObserver {
  /** Something about the link changed: what was known of it counts anew. */
  changed(): void;
  lost(packet: Uint8Array, why: LinkLoss | 'nat'): void;
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
  /** As the carrier sees it; the host has another one behind the modem's NAT. */
  #assignedIpv4: Address | null = null;
  readonly modem: Nat | undefined;
  /** Outdates what was planned for an earlier attachment. */
  #attachment = 0;
  #visit: CellVisit | undefined;
  #family: string | undefined;
  /** The kernel has an address that works and a route. */
  #isReady = false;
  #isIpv4Ready = false;
  #isDeaf = false;
  attachments = 0;
  handovers = 0;
  /** Visits with other address families than the one before. */
  familyChanges = 0;
  /** Times in which the link stayed up and nothing got through. */
  deafSpells = 0;
  /** Since when packets get through; Infinity while they do not. */
  goodSinceMs = Number.POSITIVE_INFINITY;
  /** The same of the link alone, whatever a NAT behind it forgets. */
  linkGoodSinceMs = Number.POSITIVE_INFINITY;

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
      (packet) => network.fromTerminal(packet, [this.#assigned, this.#assignedIpv4]),
      lost,
    );
    this.#down = new Channel(
      scheduler,
      random.fork('down'),
      CLEAN,
      (packet) => this.#receive(packet),
      (packet, why) => {
        if (why === 'too-big')
          network.router.tooBig(packet, this.#down.quality.mtuBytes, (fragment) => this.#down.send(fragment));
        else lost(packet, why);
      },
    );
    this.#up.state = 'down';
    this.#down.state = 'down';
    this.#toTerminal = (packet) => this.#down.send(packet);
    this.modem = plan.modemNat && new Nat(plan.modemNat, random.fork('modem'), () => this.#assignedIpv4 ?? undefined);
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

  /** What the router may register: addresses that work. */
  get careOfAddresses(): readonly Address[] {
    const [ipv6, ipv4] = [this.#isReady ? this.#assigned : null, this.#isIpv4Ready ? this.#ipv4 : null];
    return [ipv6 ?? [], ipv4 ?? []].flat();
  }

  /** Those of them that are not of a family which the carrier does not transport just now. */
  get workingAddresses(): readonly Address[] {
    const { silentFamily } = this.network;
    return this.careOfAddresses.filter((given) => silentFamily !== (isIpv4(given) ? 'ipv4' : 'ipv6'));
  }

  /** Which endpoint the home agent would see of it now, and until when in silence; `undefined` if it would be another. */
  external(nowMs: number): LastingEndpoint | undefined {
    const own = this.#ipv4;
    if (own === null) return undefined;
    const inside = { address: own, port: DSMIPV6_UDP_PORT };
    const unlimited = { endpoint: inside, untilMs: Number.POSITIVE_INFINITY };
    const outside = this.modem ? this.modem.external(inside, AGENT, nowMs) : unlimited;
    const { nat } = this.network.ipv4!;
    if (!outside || !nat) return outside;
    const external = nat.external(outside.endpoint, AGENT, nowMs);
    return external && { ...external, untilMs: Math.min(external.untilMs, outside.untilMs) };
  }

  /** It takes protocols 4 and 41 to and from its address. */
  get passesTunnels(): boolean {
    return this.network.ipv4?.plan.passesTunnels ?? false;
  }

  /** The modem restarts, and so does its NAT; the host does not notice. */
  rebootModem(): void {
    if (!this.modem || this.#assignedIpv4 === null) return;
    this.modem.reboot(this.#scheduler.nowMs);
    this.natRestarted();
  }

  get #ipv4(): Address | null {
    return this.#assignedIpv4 !== null && this.modem ? modemClient(this.#terminal) : this.#assignedIpv4;
  }

  /** Packets get through, apart from what the link's quality costs. */
  get isGood(): boolean {
    return (
      this.workingAddresses.length > 0 && !this.#isDeaf && this.#up.state === 'up' && this.network.uplink.state === 'up'
    );
  }

  get isLossless(): boolean {
    return this.#up.quality.loss === 0 && this.network.uplink.quality.loss === 0;
  }

  get state(): string {
    if (!this.#isAttached) return 'detached';
    return `${this.#isDeaf ? 'deaf' : 'attached'}${this.careOfAddresses.length > 0 ? '' : ', not ready'}`;
  }

  get channels(): readonly Channel[] {
    return [this.#up, this.#down];
  }

  /** Finds out whether packets get through now, when anything has changed that bears on it. */
  refresh(): void {
    const { nowMs } = this.#scheduler;
    const soFar = (sinceMs: number) => (this.isGood ? Math.min(sinceMs, nowMs) : Number.POSITIVE_INFINITY);
    this.goodSinceMs = soFar(this.goodSinceMs);
    this.linkGoodSinceMs = soFar(this.linkGoodSinceMs);
    this.#observer.changed();
  }

  /** What was known of it counts anew, as far as packets get through. */
  restart(): void {
    this.linkGoodSinceMs = Number.POSITIVE_INFINITY;
    this.natRestarted();
  }

  /** A NAT on its way has forgotten it. */
  natRestarted(): void {
    this.goodSinceMs = Number.POSITIVE_INFINITY;
    this.refresh();
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
      if (isIpv4Packet(packet)) this.#sendIpv4(packet);
      else this.#up.send(packet);
    });
  }

  /** A modem with a NAT is a router, which says what is too big for its link. */
  #sendIpv4(packet: Uint8Array): void {
    const { modem } = this;
    const { mtuBytes } = this.#up.quality;
    if (!modem) this.#up.send(packet);
    else if (packet.length > mtuBytes && this.#up.state === 'up') {
      if (mayBeFragmented(packet)) for (const fragment of fragmentIpv4(packet, mtuBytes)) this.#sendIpv4(fragment);
      else {
        const error = icmpError('packetTooBig', packet, IPV4_GATEWAY, { value: mtuBytes });
        this.#observer.lost(packet, 'too-big');
        if (error) this.#observer.received(error, this.#index);
      }
    } else {
      const passed = modem.outbound(packet, this.#scheduler.nowMs);
      if (typeof passed === 'string') this.#observer.lost(packet, 'nat');
      else this.#up.send(passed);
    }
  }

  #receive(packet: Uint8Array): void {
    const passed = this.modem && isIpv4Packet(packet) ? this.modem.inbound(packet, this.#scheduler.nowMs) : packet;
    if (typeof passed === 'string') this.#observer.lost(packet, 'nat');
    else this.#observer.received(passed, this.#index);
  }

  get #isAttached(): boolean {
    return this.#assigned !== null || this.#assignedIpv4 !== null;
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
    const family = this.network.familyIn(visit.cell);
    if (this.#family !== undefined && this.#family !== family) this.familyChanges++;
    this.#family = family;
    const assigned = family === 'ipv4' ? null : this.network.assign(this.#terminal, visit.cell);
    const assignedIpv4 = family === 'ipv6' ? null : this.network.assignIpv4(this.#terminal, visit.cell);
    this.#assigned = assigned;
    this.#assignedIpv4 = assignedIpv4;
    for (const given of [assigned, assignedIpv4])
      if (given !== null) this.network.router.setHost(given, this.#toTerminal);
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
    if (assignedIpv4 !== null)
      this.#scheduler.after(
        this.#random.uniform(50, 1500),
        planned(() => this.#settleIpv4()),
      );
    const addressMs = this.#random.uniform(30, 400);
    if (assigned === null) {
      this.#scheduler.after(
        addressMs,
        planned(() => this.#forget('ipv6')),
      );
      this.refresh();
      return;
    }
    if (assignedIpv4 === null)
      this.#scheduler.after(
        addressMs,
        planned(() => this.#forget('ipv4')),
      );
    const settle = planned(() => this.#settle(assigned));
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
    this.#isIpv4Ready = false;
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
      for (const old of kernel.addressesOf(this.#index))
        if (old !== assigned && !isIpv4(old)) kernel.removeAddress(this.#index, old);
    };
    if (!isLate) removeOld();
    kernel.setAddress(this.#index, assigned, ADDRESS_PREFIX_LENGTH);
    kernel.setDefaultRoute(this.#index, GATEWAY, this.#metric);
    if (isLate) removeOld();
    this.#isReady = true;
    this.restart();
  }

  /** DHCP has given an address. */
  #settleIpv4(): void {
    const kernel = this.#kernel;
    const given = this.#ipv4!;
    for (const old of kernel.addressesOf(this.#index))
      if (old !== given && isIpv4(old)) kernel.removeAddress(this.#index, old);
    kernel.setAddress(this.#index, given, IPV4_PREFIX_LENGTH);
    kernel.setDefaultRoute(this.#index, IPV4_GATEWAY, this.#metric);
    this.#isIpv4Ready = true;
    this.restart();
  }

  /** The new cell has nothing of this family. */
  #forget(family: 'ipv4' | 'ipv6'): void {
    const kernel = this.#kernel;
    const gone = kernel.addressesOf(this.#index).filter((address) => isIpv4(address) === (family === 'ipv4'));
    for (const address of gone) kernel.removeAddress(this.#index, address);
    kernel.removeRoutes(this.#index, RouteTable.main, family);
  }

  #leave(): void {
    this.#visit = undefined;
    this.#attachment++;
    this.#isReady = false;
    this.#isIpv4Ready = false;
    this.#isDeaf = false;
    const kernel = this.#kernel;
    const old = [this.#assigned, this.#ipv4];
    this.#detachFromNetwork();
    this.#applyState();
    switch (this.plan.detach) {
      case 'carrier':
        kernel.setRunning(this.#index, false);
        break;
      case 'flush':
        kernel.removeRoutes(this.#index, RouteTable.main);
        kernel.removeRoutes(this.#index, RouteTable.main, 'ipv4');
        for (const address of old) if (address !== null) kernel.removeAddress(this.#index, address);
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

  /** Gives the addresses back. */
  #detachFromNetwork(): void {
    const [old, oldIpv4] = [this.#assigned, this.#assignedIpv4];
    this.#assigned = null;
    this.#assignedIpv4 = null;
    if (oldIpv4 !== null) this.network.router.removeHost(oldIpv4, this.#toTerminal);
    if (old === null) return;
    this.network.router.removeHost(old, this.#toTerminal);
    this.network.release(old);
  }

  #applyState(): void {
    const state = !this.#isAttached ? 'down' : this.#isDeaf ? 'silent' : 'up';
    this.#up.state = state;
    this.#down.state = state;
  }
}

/** What a modem with a NAT gives to the host behind it, in each vehicle the same. */
function modemClient(terminal: number): Address {
  return addressFromBytes(Uint8Array.of(192, 168, 8 + (terminal & 7), 100));
}
