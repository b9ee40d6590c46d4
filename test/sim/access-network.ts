import { type Address, addressFromBytes } from '../../src/bytes/address.ts';
import { prefixOf } from '../../src/bytes/prefix.ts';
import { Channel, type LinkQuality } from './channel.ts';
import { Router, type RouterObserver } from './fabric.ts';
import { source } from './packets.ts';
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
  readonly #addressing: Addressing;
  readonly #observer: RouterObserver;
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
    this.router = new Router(plan.name, carrierAddress(number, 0xffff, 1), observer);
    this.uplink = new Channel(
      scheduler,
      random.fork('up'),
      plan.backhaul,
      (packet) => core.forward(packet),
      (packet, why) => {
        if (why === 'too-big') this.router.tooBig(packet, this.uplink.quality.mtuBytes);
        else if (why !== 'chance') observer.lost(packet, 'out-of-service', plan.name);
        else observer.lost(packet, 'out-of-service', 'chance');
      },
    );
    this.downlink = new Channel(
      scheduler,
      random.fork('down'),
      plan.backhaul,
      (packet) => this.router.forward(packet),
      (packet, why) => {
        if (why === 'too-big') core.tooBig(packet, this.downlink.quality.mtuBytes);
        else observer.lost(packet, 'out-of-service', why === 'chance' ? 'chance' : plan.name);
      },
    );
    // Terminals that are not there are not looked for outside.
    this.router.addWay(prefixOf(carrierAddress(number, 0, 0), 48), (packet) =>
      observer.lost(packet, 'no-route', plan.name),
    );
    core.addWay(prefixOf(carrierAddress(number, 0, 0), 48), (packet) => this.downlink.send(packet));
    this.router.addWay(prefixOf(carrierAddress(0, 0, 0), 0), (packet) => this.uplink.send(packet));
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

  /** A packet from a terminal: only with the address that it was given. */
  fromTerminal(packet: Uint8Array, assigned: Address | null): void {
    if (assigned === null || source(packet) !== assigned) {
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
