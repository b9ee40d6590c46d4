// A mobile router whose uplinks have IPv4, on its own in virtual time.
import { type Address, address } from '../../src/bytes/address.ts';
import type { HomeLink } from '../../src/paths/home-link.ts';
import type { Uplink } from '../../src/paths/uplink.ts';
import type { RoleAction } from '../../src/roles/action.ts';
import { OptionType } from '../../src/wire/mh/numbers.ts';
import type { Ipv4HomeAddressOption } from '../../src/wire/mh/options/ipv4-home-address.ts';
import { NO_NAT_REFRESH_SECONDS } from '../../src/wire/mh/options/nat-detection.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import { MobileRouterBench, type RouterParts, type SentUpdate, UPLINK_NAMES } from './engines.ts';

export const AGENT_IPV4 = address('192.0.2.1');
/** Care-of addresses by number, from 1. */
export const IPV4_CARE_OF: readonly Address[] = Array.from({ length: 10 }, (_, n) => address(`203.0.113.${n}`));
export const ANY_IPV4 = address('0.0.0.0');

/** What an uplink has; `null`: nothing. */
export type Sides = { readonly ipv6?: Address; readonly ipv4?: Address; readonly ipv4RouterLost?: boolean } | null;

export function natDetection(refreshSeconds: number = NO_NAT_REFRESH_SECONDS, force = false): MobilityOption {
  return { type: OptionType.natDetection, requiresUdpEncapsulation: force, refreshSeconds };
}

export function ipv4Acknowledgement(homeAddress: Address, prefixLength: number, status = 0): MobilityOption {
  return { type: OptionType.ipv4AddressAcknowledgement, status, prefixLength, homeAddress };
}

export function ipv4HomeOptions(update: SentUpdate | undefined): readonly Ipv4HomeAddressOption[] {
  return update?.options.filter((option) => option.type === OptionType.ipv4HomeAddress) ?? [];
}

/** An agent that sees no NAT. */
export const NO_NAT = { options: [natDetection()] };
/** One that sees a NAT and leaves its time to the router. */
export const NAT = { options: [natDetection(0)] };

export class DualStackBench extends MobileRouterBench {
  #sides: readonly Sides[] = [];
  homeLinks: readonly HomeLink[] = [];

  constructor(more: RouterParts = {}) {
    super({ homeAgentIpv4Address: AGENT_IPV4, ...more });
  }

  /** What the uplinks have from now on, in the order of their BIDs. */
  attach(...sides: readonly Sides[]): SentUpdate[] {
    return this.updates(() => this.look(...sides));
  }

  look(...sides: readonly Sides[]): RoleAction[] {
    this.#sides = sides;
    return this.handle({ type: 'uplinks', uplinks: this.observed(), homeLinks: this.homeLinks });
  }

  override observed(): Uplink[] {
    return UPLINK_NAMES.map((name, index) => {
      const sides = this.#sides[index] ?? null;
      const { ipv4 } = sides ?? {};
      return {
        ...{ name, interfaceIndex: index + 11, careOfAddress: sides?.ipv6 ?? null, gateway: null, mtuBytes: 1500 },
        ...(ipv4 && {
          ipv4: { careOfAddress: ipv4, gateway: null, ...(sides?.ipv4RouterLost && { routerLost: true }) },
        }),
        reason: sides ? 'link-up' : 'link-down',
      };
    });
  }

  tunnels() {
    return this.router.forwarding(this.nowMs).tunnels;
  }

  /** What the first home's group forwards. */
  groupPrefixes() {
    return this.router.forwarding(this.nowMs).groups[0]!.prefixes;
  }
}

/** A router whose first uplink is registered from an IPv4 care-of address, with what the agent says in its answer. */
export function registeredIpv4(parts: { readonly options: readonly MobilityOption[] }, more: RouterParts = {}) {
  const bench = new DualStackBench(more);
  bench.settle(bench.attach({ ipv4: IPV4_CARE_OF[1]! }), parts);
  return bench;
}
