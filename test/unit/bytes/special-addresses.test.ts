import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, formatAddress } from '../../../src/bytes/address.ts';
import { prefix } from '../../../src/bytes/prefix.ts';
import {
  ALL_NODES,
  ALL_ROUTERS,
  homeAgentsAnycastAddress,
  linkLocalOf,
  solicitedNodeAddress,
} from '../../../src/bytes/special-addresses.ts';

test('a solicited-node group ends with the last 24 bits of the address', () => {
  const group = (text: string) => formatAddress(solicitedNodeAddress(address(text)));
  assert.is(group('4037::01:800:200e:8c6c'), 'ff02::1:ff0e:8c6c');
  assert.is(group('2001:db8::'), 'ff02::1:ff00:0');
});

test('the link-local address of a home address has its interface identifier', () => {
  assert.is(formatAddress(linkLocalOf(address('2001:db8:1:f:a:b:c:d'))), 'fe80::a:b:c:d');
});

test('the Home-Agents anycast address of a subnet is the reserved one of RFC 2526', () => {
  const anycast = (text: string) => formatAddress(homeAgentsAnycastAddress(prefix(text)));
  assert.is(anycast('2001:db8:1:f::/64'), '2001:db8:1:f:fdff:ffff:ffff:fffe');
  // Behind other lengths there are no EUI-64 identifiers, and no universal bit to clear.
  assert.is(anycast('2001:db8:1::/48'), '2001:db8:1:ffff:ffff:ffff:ffff:fffe');
  assert.is(anycast('2001:db8:1:f::/72'), '2001:db8:1:f:ff:ffff:ffff:fffe');
  assert.is(anycast('2001:db8:1:f::80/121'), '2001:db8:1:f::fe');
});

test('all nodes and all routers', () => {
  assert.equal([ALL_NODES, ALL_ROUTERS].map(formatAddress), ['ff02::1', 'ff02::2']);
});

test.run();
