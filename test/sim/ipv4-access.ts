import { type Address, addressFromBytes } from '../../src/bytes/address.ts';
import { type Prefix, prefixOf } from '../../src/bytes/prefix.ts';
import { type Endpoint, Nat, type NatLoss, type NatPlan } from './nat.ts';
import { Next, nextHeader } from './packets.ts';
import type { Random } from './random.ts';

export type Family = 'ipv6' | 'ipv4' | 'both';

/** What a carrier has of IPv4. */
export interface Ipv4Plan {
  /** What terminals get, from cell to cell in turn. */
  readonly families: readonly Family[];
  /** With it, terminals get private addresses, and the same ones as with other carriers of this block. */
  readonly nat?: NatPlan;
  readonly privateBlock?: number;
  readonly externalAddresses?: number;
  /** Protocols 4 and 41 get through. */
  readonly passesTunnels: boolean;
}

const ADDRESSES = 0x4000;
const LAST_EXTERNAL = ADDRESSES - 2;
/** Of a NAT, as a rule. */
const EXTERNAL_ADDRESSES = 3;

/** The IPv4 side of a carrier's network: its addresses, and its NAT if it has one. */
export class Ipv4Access {
  readonly plan: Ipv4Plan;
  readonly nat: Nat | undefined;
  /** Its addresses in the Internet. */
  readonly network: Prefix;
  readonly routerAddress: Address;
  readonly #number: number;
  readonly #random: Random;
  readonly #leases = new Map<string, number>();
  #externalShift = 0;

  constructor(plan: Ipv4Plan, number: number, random: Random) {
    this.plan = plan;
    this.#number = number;
    this.#random = random;
    this.network = prefixOf(this.#publicAddress(0), 18);
    this.routerAddress = this.#publicAddress(ADDRESSES - 1);
    if (!plan.nat) return;
    this.nat = new Nat(plan.nat, random, (inside) => {
      const { externalAddresses = EXTERNAL_ADDRESSES } = plan;
      const place = (inside.charCodeAt(3) + this.#externalShift) % externalAddresses;
      return this.#publicAddress(LAST_EXTERNAL - place);
    });
  }

  familyIn(cell: number): Family {
    return this.plan.families[cell % this.plan.families.length]!;
  }

  /** The address that goes with a key: of a terminal, or of a terminal in a cell. */
  assign(key: string): Address {
    const index = this.#leases.get(key) ?? this.#leases.size + 2;
    this.#leases.set(key, index);
    const { nat, privateBlock = this.#number } = this.plan;
    return nat
      ? addressFromBytes(Uint8Array.of(10, privateBlock, index >> 8, index & 0xff))
      : this.#publicAddress(index);
  }

  /** All mappings are lost; sometimes its external addresses change places, too. */
  rebootNat(nowMs: number): void {
    if (this.#random.chance(0.4)) this.#externalShift++;
    this.nat?.reboot(nowMs);
  }

  outbound(packet: Uint8Array, nowMs: number): Uint8Array | NatLoss | 'firewall' {
    if (!this.#passes(packet)) return 'firewall';
    return this.nat?.outbound(packet, nowMs) ?? packet;
  }

  inbound(packet: Uint8Array, nowMs: number): Uint8Array | NatLoss | 'firewall' {
    if (!this.#passes(packet)) return 'firewall';
    return this.nat?.inbound(packet, nowMs) ?? packet;
  }

  #passes(packet: Uint8Array): boolean {
    const next = nextHeader(packet);
    return this.plan.passesTunnels || (next !== Next.ipv4 && next !== Next.ipv6);
  }

  #publicAddress(index: number): Address {
    const number = this.#number * ADDRESSES + index;
    return addressFromBytes(Uint8Array.of(198, 18 + (number >> 16), (number >> 8) & 0xff, number & 0xff));
  }
}

/** An external endpoint and until when it lasts in silence. */
export interface LastingEndpoint {
  readonly endpoint: Endpoint;
  readonly untilMs: number;
}
