// A home agent that serves IPv4, and Binding Updates from IPv4 care-of addresses.
import * as assert from 'uvu/assert';
import { type Address, address, formatAddress, IPV4_UNSPECIFIED } from '../../src/bytes/address.ts';
import { formatPrefix, prefix } from '../../src/bytes/prefix.ts';
import type {
  HomeAgentConfiguration,
  HomeAgentIpv4Configuration,
  MobileNodeConfiguration,
} from '../../src/config/configuration.ts';
import type { RoleServices } from '../../src/roles/services.ts';
import type { BindingStatusRow } from '../../src/roles/status.ts';
import type { BindingAcknowledgement } from '../../src/wire/mh/messages/binding-acknowledgement.ts';
import { OptionType } from '../../src/wire/mh/numbers.ts';
import type { NatDetectionOption } from '../../src/wire/mh/options/nat-detection.ts';
import type { MobilityOption } from '../../src/wire/mh/options/option.ts';
import type { MobilityPacket, OuterHeader } from '../../src/wire/signalling.ts';
import {
  bindingUpdate,
  HOME,
  HomeAgentBench,
  identifier,
  mobileNode,
  OTHER_HOME,
  type UpdateParts,
} from './engines.ts';

export const AGENT_IPV4 = address('192.0.2.1');
/** Care-of addresses by number, from 1. */
export const IPV4_CARE_OF: readonly Address[] = Array.from({ length: 5 }, (_, n) => address(`203.0.113.${n}`));
/** What a NAT makes of the addresses behind it. */
export const NAT = address('203.0.113.200');
export const BEHIND_NAT = address('10.0.0.7');
/** By configuration, HOME's. */
export const IPV4_HOME = address('198.51.100.7');
export const IPV4_NETWORK = prefix('198.51.100.64/28');
/** By configuration, OTHER_HOME's. */
export const OTHER_IPV4_HOME = address('198.51.100.8');
export const OTHER_IPV4_NETWORK = prefix('198.51.100.80/28');
export const PORT = 4191;
export const NAT_PORT = 40_123;

export function ipv4Configuration(more: Partial<HomeAgentIpv4Configuration> = {}): HomeAgentIpv4Configuration {
  return {
    address: AGENT_IPV4,
    homePrefixes: [prefix('198.51.100.0/26')],
    prefixPools: [prefix('198.51.100.128/25')],
    leaseSeconds: 300,
    allowForcedUdpEncapsulation: true,
    natRefreshSeconds: 110,
    ...more,
  };
}

/** HOME and OTHER_HOME, with what of IPv4 is their own. */
export const STATIC_NODES: readonly MobileNodeConfiguration[] = [
  mobileNode({ ipv4: { homeAddress: IPV4_HOME, prefixes: [IPV4_NETWORK] } }),
  mobileNode({
    name: 'tram',
    homeAddress: OTHER_HOME,
    prefixes: [prefix('2001:db8:2:3::/64')],
    ipv4: { homeAddress: OTHER_IPV4_HOME, prefixes: [OTHER_IPV4_NETWORK] },
  }),
];

/** A home agent that serves IPv4. */
export class Ipv4Bench extends HomeAgentBench {
  constructor(
    ipv4: Partial<HomeAgentIpv4Configuration> = {},
    more: Partial<HomeAgentConfiguration> = {},
    services?: RoleServices,
  ) {
    super({ mobileNodes: STATIC_NODES, ipv4: ipv4Configuration(ipv4), ...more }, services);
  }

  rows(homeAddress = HOME): BindingStatusRow[] {
    return this.agent.status(this.nowMs).bindings.filter((row) => row.homeAddress === homeAddress);
  }

  /** `BID -> encapsulation address:port` of the bindings to IPv4 care-of addresses, with `NAT` where there is one. */
  outers(homeAddress = HOME): Record<number, string> {
    const rows = this.rows(homeAddress).flatMap(({ bid, outer }) => {
      if (!outer) return [];
      const text = `${outer.encapsulation} ${formatAddress(outer.address)}:${outer.port}${outer.nat ? ' NAT' : ''}`;
      return [[bid, text] as const];
    });
    return Object.fromEntries(rows);
  }

  /** The IPv4 home address and prefixes that are bound with a home address. */
  ipv4Of(homeAddress = HOME): string[] | undefined {
    const ipv4 = this.rows(homeAddress)[0]?.ipv4;
    return (
      ipv4 && [ipv4.homeAddress === null ? '-' : formatAddress(ipv4.homeAddress), ...ipv4.prefixes.map(formatPrefix)]
    );
  }
}

export interface Ipv4UpdateParts extends UpdateParts {
  /** Source of the outer header; `HOME`'s first IPv4 care-of address if it is not given. */
  readonly from?: Address;
  readonly port?: number;
  readonly outer?: Partial<OuterHeader>;
}

/** A Binding Update in UDP from an IPv4 care-of address. */
export function ipv4Update(sequenceNumber: number, parts: Ipv4UpdateParts = {}): MobilityPacket {
  const { from = IPV4_CARE_OF[1]!, port = PORT, outer, homeAddress, ...more } = parts;
  const inner = bindingUpdate(sequenceNumber, { source: homeAddress ?? HOME, ...more, homeAddress: null });
  const header = { source: from, destination: AGENT_IPV4, ports: { source: port, destination: PORT }, ...outer };
  return { ...inner, outer: header };
}

/** Registers a BID from an IPv4 care-of address without a NAT. */
export function ipv4Registration(sequenceNumber: number, bid: number, parts: Ipv4UpdateParts = {}): MobilityPacket {
  const from = parts.from ?? IPV4_CARE_OF[bid]!;
  const options = [...(parts.options ?? []), identifier(bid, { careOfAddress: from })];
  return ipv4Update(sequenceNumber, { ...parts, from, options });
}

/** The same through a NAT. */
export function natRegistration(sequenceNumber: number, bid: number, parts: Ipv4UpdateParts = {}): MobilityPacket {
  const options = [...(parts.options ?? []), identifier(bid, { careOfAddress: BEHIND_NAT })];
  return ipv4Update(sequenceNumber, { from: NAT, port: NAT_PORT, ...parts, options });
}

export function ipv4CareOf(careOfAddress: Address): MobilityOption {
  return { type: OptionType.ipv4CareOfAddress, careOfAddress };
}

/** An IPv4 Home Address option for an address or prefix as text. */
export function ipv4Home(text: string, requestsPrefix = false): MobilityOption {
  const [host, length = '32'] = text.split('/');
  return {
    type: OptionType.ipv4HomeAddress,
    prefixLength: Number(length),
    requestsPrefix,
    homeAddress: address(host!),
  };
}

export const ANY_ADDRESS = ipv4Home(formatAddress(IPV4_UNSPECIFIED));

/** Asks for a prefix of this length. */
export function anyPrefix(length: number): MobilityOption {
  return ipv4Home(`0.0.0.0/${length}`, true);
}

/** `status address/length` of an acknowledgement's IPv4 Address Acknowledgement options. */
export function ipv4Statuses({ options }: BindingAcknowledgement): string[] {
  return options.flatMap((option) =>
    option.type === OptionType.ipv4AddressAcknowledgement
      ? `${option.status} ${formatAddress(option.homeAddress)}/${option.prefixLength}`
      : [],
  );
}

/** The one NAT Detection option, as `[F, refresh time]`. */
export function natDetectionIn({ options }: BindingAcknowledgement): [boolean, number] | undefined {
  const found = options.filter((option): option is NatDetectionOption => option.type === OptionType.natDetection);
  assert.ok(found.length <= 1);
  return found[0] && [found[0].requiresUdpEncapsulation, found[0].refreshSeconds];
}
