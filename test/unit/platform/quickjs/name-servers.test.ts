import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../../../src/bytes/address.ts';
import { parseNameServers } from '../../../../src/platform/quickjs/name-servers.ts';

const servers = (...texts: readonly string[]) => parseNameServers(texts).map(formatAddress);

test('name servers are read in order, each once, from several files', () => {
  const system = 'search example\nnameserver 192.0.2.53\n  nameserver\t2001:db8::53 # ours\noptions ndots:1\n';
  const netifd = '# Interface wan\nnameserver 198.51.100.53\n# Interface wwan\nnameserver 192.0.2.53\n';
  assert.equal(servers(system, netifd), ['192.0.2.53', '2001:db8::53', '198.51.100.53']);
});

test('what a query from a care-of address would not reach is left out', () => {
  const text = ['127.0.0.53', '::1', 'fe80::1%wan0', 'fe80::1', '0.0.0.0', 'dns.example', '']
    .map((server) => `nameserver ${server}`)
    .join('\n');
  assert.equal(servers(text, '#nameserver 192.0.2.53\n'), []);
  assert.equal(servers('', ''), []);
});

test.run();
