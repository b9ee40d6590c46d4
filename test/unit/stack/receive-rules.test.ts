import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { receiveRules, removeReceiveRules } from '../../../src/stack/receive-rules.ts';

test('a home agent drops what comes for its address, before the kernel looks at it', () => {
  assert.is(
    receiveRules({ local: [address('2001:db8:1::1')], remote: [] }, 'monami0'),
    `table ip6 monami
delete table ip6 monami
table ip monami
delete table ip monami

table ip6 monami {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    ip6 daddr 2001:db8:1::1 rt type 2 drop
    ip6 daddr 2001:db8:1::1 exthdr dst exists drop
    ip6 daddr 2001:db8:1::1 meta l4proto { 4, 41, 135 } drop
  }
}
`,
  );
});

test('a mobile router drops what comes from its home agent, except out of the tunnel', () => {
  const rules = receiveRules({ local: [], remote: [address('2001:db8:1::1')] }, 'monami7');
  assert.equal(
    rules.split('\n').filter((line) => line.includes('drop')),
    ['rt type 2', 'exthdr dst exists', 'meta l4proto { 4, 41, 135 }'].map(
      (match) => `    iifname != "monami7" ip6 saddr 2001:db8:1::1 ${match} drop`,
    ),
  );
});

test('[6275-8.3-01] a routing header of another type is left to the kernel', () => {
  const rules = receiveRules({ local: [address('2001:db8:1::1')], remote: [] }, 'monami0');
  assert.match(rules, /rt type 2/);
  assert.not.match(rules, /rt type 0|rt exists|exthdr rt/);
});

test('several addresses have rules of their own; without any there are none', () => {
  const count = (text: string) => text.split('\n').filter((line) => line.endsWith('drop')).length;
  const [one, two] = [address('2001:db8:1::1'), address('2001:db8:1::2')];
  assert.is(count(receiveRules({ local: [one, two], remote: [one] }, 'monami0')), 9);
  assert.is(count(receiveRules({ local: [], remote: [] }, 'monami0')), 0);
});

test('the tables are taken away whether they are there or not', () => {
  assert.is(
    removeReceiveRules(),
    'table ip6 monami\ndelete table ip6 monami\ntable ip monami\ndelete table ip monami\n',
  );
});

// --- IPv4 ------------------------------------------------------------------------------------------------------------

const AGENT = address('2001:db8:1::1');
const AGENT_IPV4 = address('192.0.2.1');

/** Rules of a table, by the words behind `table`. */
function rulesOf(table: string, rules: string): string[] {
  const [, body = ''] = rules.split(`table ${table} {\n`);
  return body
    .split('\n}\n')[0]!
    .split('\n')
    .filter((line) => line.endsWith('drop'))
    .map((line) => line.trim());
}

test('a home agent that serves IPv4 keeps the kernel from answering tunnel packets and UDP port 4191', () => {
  const rules = receiveRules({ local: [AGENT, AGENT_IPV4], remote: [] }, 'monami0');
  assert.equal(rulesOf('ip monami', rules), [
    'ip daddr 192.0.2.1 udp dport 4191 drop',
    'ip daddr 192.0.2.1 meta l4proto { 4, 41 } drop',
  ]);
  assert.equal(
    rulesOf('ip6 monami', rules),
    ['rt type 2', 'exthdr dst exists', 'meta l4proto { 4, 41, 135 }'].map(
      (match) => `ip6 daddr 2001:db8:1::1 ${match} drop`,
    ),
  );
  assert.match(rules, /table ip monami \{\n {2}chain prerouting \{\n {4}type filter hook prerouting priority raw;/);
});

test('a mobile router drops what its home agent sends in IPv4, and on its uplinks whatever comes to its port', () => {
  const rules = receiveRules({ local: [], remote: [AGENT, AGENT_IPV4] }, 'monami7', undefined, ['wwan0', 'eth1']);
  assert.equal(rulesOf('ip monami', rules), [
    'iifname != "monami7" ip saddr 192.0.2.1 udp sport 4191 drop',
    'iifname != "monami7" ip saddr 192.0.2.1 meta l4proto { 4, 41 } drop',
    'iifname "wwan0" udp dport 4191 drop',
    'iifname "eth1" udp dport 4191 drop',
  ]);
});

test('without IPv4 there is no table for it', () => {
  assert.not.match(receiveRules({ local: [AGENT], remote: [] }, 'monami0'), /table ip monami \{/);
});

test.run();
