import { type Address, isUnicastRoutable, parseAddress } from '../../bytes/address.ts';

/** Where a system says which name servers it has: resolv.conf(5), and netifd's list of what each uplink has told. */
export const NAME_SERVER_FILES = ['/etc/resolv.conf', '/tmp/resolv.conf.d/resolv.conf.auto'] as const;

/**
 * The name servers in the texts of such files, each once. Those of the host itself (127.0.0.53) and of a link alone are
 * left out: a query from a care-of address does not reach them.
 */
export function parseNameServers(texts: readonly string[]): Address[] {
  const servers = texts.flatMap((text) =>
    text.split('\n').flatMap((line) => {
      const [, server = ''] = /^\s*nameserver\s+(\S+)/.exec(line) ?? [];
      return parseAddress(server) ?? [];
    }),
  );
  return [...new Set(servers)].filter(isUnicastRoutable);
}
