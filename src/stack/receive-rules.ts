import { type Address, formatAddress } from '../bytes/address.ts';
import { Icmpv6Type } from '../wire/icmpv6/numbers.ts';

/** The nftables table that is ours. */
const TABLE = 'ip6 monami';
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
 * headers, home address options, tunnel packets) with ICMPv6 errors: it is dropped before the kernel looks at it,
 * while packet sockets have seen it already. `local`: packets to these addresses; `remote`: packets from these that
 * did not come out of the tunnel. Replaces what an earlier run left behind, in one transaction.
 */
export function receiveRules(
  addresses: { readonly local: readonly Address[]; readonly remote: readonly Address[] },
  tunnelInterface: string,
  homeAgent?: HomeAgentRules,
): string {
  const selectors = [
    ...addresses.local.map((address) => `ip6 daddr ${formatAddress(address)}`),
    ...addresses.remote.map((address) => `iifname != "${tunnelInterface}" ip6 saddr ${formatAddress(address)}`),
  ];
  const matches = ['rt type 2', 'exthdr dst exists', 'meta l4proto { 4, 41, 135 }'];
  const rules = selectors.flatMap((selector) => matches.map((match) => `    ${selector} ${match} drop`));
  return [
    removeReceiveRules(),
    `table ${TABLE} {`,
    '  chain prerouting {',
    '    type filter hook prerouting priority raw; policy accept;',
    ...rules,
    ...(homeAgent ? discoveryRules(homeAgent) : []),
    ...(homeAgent ? linkLocalRules(homeAgent) : []),
    '  }',
    ...(homeAgent ? homeLinkChains(homeAgent) : []),
    '}',
    '',
  ].join('\n');
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

/** nftables input that removes the table, whether it is there or not. */
export function removeReceiveRules(): string {
  return `table ${TABLE}\ndelete table ${TABLE}\n`;
}
