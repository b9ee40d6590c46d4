import { type Address, formatAddress, isIpv4, isIpv6 } from '../bytes/address.ts';
import { Icmpv6Type } from '../wire/icmpv6/numbers.ts';
import { DSMIPV6_UDP_PORT } from '../wire/mh/numbers.ts';

/** The nftables tables that are ours. */
const TABLE = 'ip6 monami';
const IPV4_TABLE = 'ip monami';
/** IPv4 and IPv6, directly in the other. */
const TUNNEL_PROTOCOLS = '{ 4, 41 }';
const PREROUTING = ['  chain prerouting {', '    type filter hook prerouting priority raw; policy accept;'];
const NEIGHBOR_DISCOVERY = `{ ${Icmpv6Type.routerSolicitation}-${Icmpv6Type.redirect} }`;

/** What a home agent has to keep the kernel from, besides. */
export interface HomeAgentRules {
  /** Home-Agents anycast addresses: requests to them are answered by us alone. */
  readonly anycast: readonly Address[];
  readonly homeLink?: {
    readonly interface: string;
    /** Link-local addresses that we defend: nobody is behind them (RFC 6275 §10.4.2). */
    readonly refused: readonly Address[];
  };
}

/**
 * nftables input that keeps the kernel from answering what it does not understand (mobility headers, type 2 routing
 * headers, home address options, tunnel packets) with ICMP errors: it is dropped before the kernel looks at it, while
 * packet sockets have seen it already. `local`: packets to these addresses; `remote`: packets from these that did not
 * come out of the tunnel; `ipv4Uplinks`: devices by which packets from IPv4 care-of addresses leave, so that whoever
 * sends something to their port is not answered. Replaces what an earlier run left behind, in one transaction.
 */
export function receiveRules(
  addresses: { readonly local: readonly Address[]; readonly remote: readonly Address[] },
  tunnelInterface: string,
  homeAgent?: HomeAgentRules,
  ipv4Uplinks: readonly string[] = [],
): string {
  const matches = ['rt type 2', 'exthdr dst exists', 'meta l4proto { 4, 41, 135 }'];
  const [local, remote] = [addresses.local.filter(isIpv4), addresses.remote.filter(isIpv4)];
  const outsideTunnel = `iifname != "${tunnelInterface}"`;
  const ipv4Rules = [
    ...dropped(
      local.map((address) => `ip daddr ${formatAddress(address)}`),
      [`udp dport ${DSMIPV6_UDP_PORT}`, `meta l4proto ${TUNNEL_PROTOCOLS}`],
    ),
    ...dropped(
      remote.map((address) => `${outsideTunnel} ip saddr ${formatAddress(address)}`),
      [`udp sport ${DSMIPV6_UDP_PORT}`, `meta l4proto ${TUNNEL_PROTOCOLS}`],
    ),
    ...dropped(
      ipv4Uplinks.map((name) => `iifname "${name}"`),
      [`udp dport ${DSMIPV6_UDP_PORT}`],
    ),
  ];
  return [
    removeReceiveRules(),
    ...(ipv4Rules.length > 0 ? [`table ${IPV4_TABLE} {`, ...PREROUTING, ...ipv4Rules, '  }', '}', ''] : []),
    `table ${TABLE} {`,
    ...PREROUTING,
    ...dropped(
      [
        ...addresses.local.filter(isIpv6).map((address) => `ip6 daddr ${formatAddress(address)}`),
        ...addresses.remote.filter(isIpv6).map((address) => `${outsideTunnel} ip6 saddr ${formatAddress(address)}`),
      ],
      matches,
    ),
    ...(homeAgent ? discoveryRules(homeAgent) : []),
    ...(homeAgent ? linkLocalRules(homeAgent) : []),
    '  }',
    ...(homeAgent ? homeLinkChains(homeAgent) : []),
    '}',
    '',
  ].join('\n');
}

function dropped(selectors: readonly string[], matches: readonly string[]): string[] {
  return selectors.flatMap((selector) => matches.map((match) => `    ${selector} ${match} drop`));
}

function discoveryRules({ anycast }: HomeAgentRules): string[] {
  const { homeAgentAddressDiscoveryRequest: request } = Icmpv6Type;
  return anycast.map((address) => `    ip6 daddr ${formatAddress(address)} icmpv6 type ${request} drop`);
}

/** Destination unreachable, code 3 (RFC 6275 §10.4.2); Neighbor Discovery for these addresses is ours. */
function linkLocalRules({ homeLink }: HomeAgentRules): string[] {
  if (!homeLink) return [];
  return homeLink.refused.flatMap((address) => {
    const selector = `    iifname "${homeLink.interface}" ip6 daddr ${formatAddress(address)}`;
    return [
      `${selector} icmpv6 type ${NEIGHBOR_DISCOVERY} drop`,
      `${selector} reject with icmpv6 type addr-unreachable`,
    ];
  });
}

/**
 * Neighbor Discovery never leaves its link (RFC 4861 §3.1), but the kernel would forward what is sent to an address
 * that we defend; and it would redirect neighbours around us to a node that we reach on the link.
 */
function homeLinkChains({ homeLink }: HomeAgentRules): string[] {
  if (!homeLink) return [];
  return [
    '  chain forward {',
    '    type filter hook forward priority filter; policy accept;',
    `    iifname "${homeLink.interface}" icmpv6 type ${NEIGHBOR_DISCOVERY} drop`,
    '  }',
    '  chain output {',
    '    type filter hook output priority filter; policy accept;',
    `    oifname "${homeLink.interface}" icmpv6 type ${Icmpv6Type.redirect} drop`,
    '  }',
  ];
}

/** nftables input that removes the tables, whether they are there or not. */
export function removeReceiveRules(): string {
  return [TABLE, IPV4_TABLE].map((table) => `table ${table}\ndelete table ${table}\n`).join('');
}
