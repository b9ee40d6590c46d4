import { type Address, formatAddress } from '../bytes/address.ts';

/** The nftables table that is ours. */
const TABLE = 'ip6 monami';

/**
 * nftables input that keeps the kernel from answering what it does not understand (mobility headers, type 2 routing
 * headers, home address options, tunnel packets) with ICMPv6 errors: it is dropped before the kernel looks at it,
 * while packet sockets have seen it already. `local`: packets to these addresses; `remote`: packets from these that
 * did not come out of the tunnel. Replaces what an earlier run left behind, in one transaction.
 */
export function receiveRules(
  addresses: { readonly local: readonly Address[]; readonly remote: readonly Address[] },
  tunnelInterface: string,
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
    '  }',
    '}',
    '',
  ].join('\n');
}

/** nftables input that removes the table, whether it is there or not. */
export function removeReceiveRules(): string {
  return `table ${TABLE}\ndelete table ${TABLE}\n`;
}
