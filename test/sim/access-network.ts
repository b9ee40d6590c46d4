import { type Address, addressFromBytes } from '../../src/bytes/address.ts';
import { prefixOf } from '../../src/bytes/prefix.ts';
import { Channel, type LinkQuality } from './channel.ts';
import { Router, type RouterObserver } from './fabric.ts';
import { type Family, Ipv4Access, type Ipv4Plan } from './ipv4-access.ts';
import { isIpv4Packet, source } from './packets.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** How terminals get their addresses. */
export type Addressing =
  /** Each cell has a prefix, each terminal an interface identifier of its own. */
  | 'by-cell'
  /** A terminal keeps its address wherever it is. */
  | 'fixed'
  /** Each attachment gets a prefix from a pool; the one that was given back last goes out first. */
  | 'pool';

export interface CarrierPlan {
  readonly name: string;
  readonly addressing: Addressing;
  /** Without it, IPv6 alone. */
  readonly ipv4?: Ipv4Plan;
  /** Between the access network and the core, both ways. */
  readonly backhaul: LinkQuality;
}

/** One carrier's network: gives addresses, filters sources (BCP 38) and passes packets between radio and core. */
export class AccessNetwork {
  readonly name: string;
  readonly number: number;
  readonly router: Router;
  readonly uplink: Channel;
  readonly downlink: Channel;
  readonly ipv4: Ipv4Access | undefined;
  /** The family of which nothing gets through just now, while the other one does. */
  silentFamily: 'ipv6' | 'ipv4' | undefined;
  readonly #addressing: Addressing;
  readonly #observer: RouterObserver;
  readonly #scheduler: Scheduler;
  readonly #pool: number[] = [];
  #poolSize = 0;
  /** Who had an address of the pool last. */
  readonly #lastHolders = new Map<Address, number>();
  /** How often an address has gone to another terminal than before. */
  reused = 0;

  constructor(
    plan: CarrierPlan,
    number: number,
    core: Router,
    scheduler: Scheduler,
    random: Random,
    observer: RouterObserver,
  ) {
    this.name = plan.name;
    this.number = number;
    this.#addressing = plan.addressing;
    this.#observer = observer;
    this.#scheduler = scheduler;
    const ipv4Plan = plan.ipv4 ?? { families: ['ipv6'], passesTunnels: true };
    const ipv4 = new Ipv4Access(ipv4Plan, number, random.fork('ipv4'));
    this.ipv4 = plan.ipv4 && ipv4;
    this.router = new Router(plan.name, carrierAddress(number, 0xffff, 1), ipv4.routerAddress, observer);
    this.uplink = new Channel(
      scheduler,
      random.fork('up'),
      plan.backhaul,
      (packet) => core.forward(packet),
      (packet, why) => {
        if (why === 'too-big') this.#refuse(packet);
        else if (why !== 'chance') observer.lost(packet, 'out-of-service', plan.name);
        else observer.lost(packet, 'out-of-service', 'chance');
      },
    );
    this.downlink = new Channel(
      scheduler,
      random.fork('down'),
      plan.backhaul,
      (packet) => this.#fromCore(packet),
      (packet, why) => {
        const { downlink } = this;
        if (why === 'too-big') core.tooBig(packet, downlink.quality.mtuBytes, (fragment) => downlink.send(fragment));
        else observer.lost(packet, 'out-of-service', why === 'chance' ? 'chance' : plan.name);
      },
    );
    // Terminals that are not there are not looked for outside.
    this.router.addWay(prefixOf(carrierAddress(number, 0, 0), 48), (packet) =>
      observer.lost(packet, 'no-route', plan.name),
    );
    core.addWay(prefixOf(carrierAddress(number, 0, 0), 48), (packet) => this.downlink.send(packet));
    this.router.addWay(prefixOf(carrierAddress(0, 0, 0), 0), (packet) => {
      if (this.#isSilent(packet)) this.#observer.lost(packet, 'out-of-service', this.name);
      else this.uplink.send(packet);
    });
    if (!this.ipv4) return;
    core.addWay(ipv4.network, (packet) => this.downlink.send(packet));
    this.router.addWay(prefixOf('\0\0\0\0' as Address, 0), (packet) => this.#toCore(packet));
    // Terminals that are not there, and what NATs have no mapping for.
    for (const gone of [ipv4.network, prefixOf('\x0a\0\0\0' as Address, 8)])
      this.router.addWay(gone, (packet) => observer.lost(packet, 'no-route', plan.name));
  }

  /** The address of a terminal in a cell. */
  assign(terminal: number, cell: number): Address {
    switch (this.#addressing) {
      case 'by-cell':
        return carrierAddress(this.number, 1 + cell, terminal);
      case 'fixed':
        return carrierAddress(this.number, 0x8000 + terminal, 1);
      case 'pool':
        return this.#assignFromPool(terminal);
    }
  }

  #assignFromPool(terminal: number): Address {
    const given = carrierAddress(this.number, 0x8000 + (this.#pool.pop() ?? this.#poolSize++), 1);
    if ((this.#lastHolders.get(given) ?? terminal) !== terminal) this.reused++;
    this.#lastHolders.set(given, terminal);
    return given;
  }

  /** Gives an address back. */
  release(address: Address): void {
    if (this.#addressing !== 'pool') return;
    const given = ((address.charCodeAt(6) << 8) | address.charCodeAt(7)) - 0x8000;
    if (!this.#pool.includes(given)) this.#pool.push(given);
  }

  /** What a terminal gets in a cell. */
  familyIn(cell: number): Family {
    return this.ipv4?.familyIn(cell) ?? 'ipv6';
  }

  assignIpv4(terminal: number, cell: number): Address {
    return this.ipv4!.assign(this.#addressing === 'by-cell' ? `${terminal} ${cell}` : `${terminal}`);
  }

  #isSilent(packet: Uint8Array): boolean {
    return this.silentFamily === (isIpv4Packet(packet) ? 'ipv4' : 'ipv6');
  }

  #toCore(packet: Uint8Array): void {
    if (this.#isSilent(packet)) {
      this.#observer.lost(packet, 'out-of-service', this.name);
      return;
    }
    // Before its addresses change: an error must find its way back.
    if (packet.length > this.uplink.quality.mtuBytes) {
      this.router.tooBig(packet, this.uplink.quality.mtuBytes, (fragment) => this.#toCore(fragment));
      return;
    }
    const passed = this.ipv4!.outbound(packet, this.#scheduler.nowMs);
    if (typeof passed === 'string') this.#observer.lost(packet, passed === 'firewall' ? passed : 'nat', this.name);
    else this.uplink.send(passed);
  }

  #fromCore(packet: Uint8Array): void {
    if (this.#isSilent(packet)) {
      this.#observer.lost(packet, 'out-of-service', this.name);
      return;
    }
    const passed = isIpv4Packet(packet) ? this.ipv4!.inbound(packet, this.#scheduler.nowMs) : packet;
    if (typeof passed === 'string') this.#observer.lost(packet, passed === 'firewall' ? passed : 'nat', this.name);
    else this.router.forward(passed);
  }

  #refuse(packet: Uint8Array): void {
    this.router.tooBig(packet, this.uplink.quality.mtuBytes, (fragment) => this.uplink.send(fragment));
  }

  /** A packet from a terminal: only with an address that it was given. */
  fromTerminal(packet: Uint8Array, assigned: readonly (Address | null)[]): void {
    if (!assigned.includes(source(packet))) {
      this.#observer.lost(packet, 'ingress', this.name);
      return;
    }
    this.router.forward(packet);
  }
}

/** 2001:db8:a…:subnet::host */
function carrierAddress(carrier: number, subnet: number, host: number): Address {
  const bytes = new Uint8Array(16);
  bytes.set([0x20, 0x01, 0x0d, 0xb8, 0, 0xa0 + carrier, subnet >> 8, subnet & 0xff]);
  bytes.set([host >> 8, host & 0xff], 14);
  return addressFromBytes(bytes);
}
