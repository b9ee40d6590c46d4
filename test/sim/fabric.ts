import type { Address } from '../../src/bytes/address.ts';
import { type Prefix, prefixContains } from '../../src/bytes/prefix.ts';
import { fragmentIpv4 } from '../../src/forwarding/ipv4-fragments.ts';
import { destination, icmpError, isIpv4Packet, mayBeFragmented, oneHopLess, source } from './packets.ts';

/** What routers tell of packets that they do not pass on. */
export type RouterLoss = 'no-route' | 'hop-limit' | 'too-big' | 'ingress' | 'out-of-service' | 'firewall' | 'nat';

interface Way {
  readonly prefix: Prefix;
  readonly send: (packet: Uint8Array) => void;
}

export interface RouterObserver {
  lost(packet: Uint8Array, why: RouterLoss, where: string): void;
}

/** A router of the Internet or of an access network: the longest prefix decides. */
export class Router {
  readonly name: string;
  readonly address: Address;
  readonly ipv4Address: Address;
  readonly #observer: RouterObserver;
  readonly #ways: Way[] = [];
  /** The host routes of attached terminals, which come and go. */
  readonly #hosts = new Map<Address, (packet: Uint8Array) => void>();

  constructor(name: string, address: Address, ipv4Address: Address, observer: RouterObserver) {
    this.name = name;
    this.address = address;
    this.ipv4Address = ipv4Address;
    this.#observer = observer;
  }

  addWay(prefix: Prefix, send: (packet: Uint8Array) => void): void {
    this.#ways.push({ prefix, send });
    this.#ways.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  setHost(address: Address, send: (packet: Uint8Array) => void): void {
    this.#hosts.set(address, send);
  }

  /** Only if it is still this terminal's: the address may have been given to another one. */
  removeHost(address: Address, send: (packet: Uint8Array) => void): void {
    if (this.#hosts.get(address) === send) this.#hosts.delete(address);
  }

  forward(packet: Uint8Array): void {
    const to = destination(packet);
    const send = this.#hosts.get(to) ?? this.#ways.find(({ prefix }) => prefixContains(prefix, to))?.send;
    if (!send) {
      this.#observer.lost(packet, 'no-route', this.name);
      return;
    }
    const next = oneHopLess(packet);
    if (!next) {
      this.#observer.lost(packet, 'hop-limit', this.name);
      this.#report(packet, icmpError('timeExceeded', packet, this.#sourceOf(packet)));
      return;
    }
    send(next);
  }

  /** A link that this router sends to has refused a packet for its size. `again` takes the fragments of it. */
  tooBig(packet: Uint8Array, mtuBytes: number, again: (fragment: Uint8Array) => void): void {
    if (mayBeFragmented(packet)) {
      for (const fragment of fragmentIpv4(packet, mtuBytes)) again(fragment);
      return;
    }
    this.#observer.lost(packet, 'too-big', this.name);
    this.#report(packet, icmpError('packetTooBig', packet, this.#sourceOf(packet), { value: mtuBytes }));
  }

  #sourceOf(packet: Uint8Array): Address {
    return isIpv4Packet(packet) ? this.ipv4Address : this.address;
  }

  #report(about: Uint8Array, error: Uint8Array | undefined): void {
    if (error && source(about) !== this.#sourceOf(about)) this.forward(error);
  }
}
