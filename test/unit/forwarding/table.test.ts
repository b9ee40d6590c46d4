import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address } from '../../../src/bytes/address.ts';
import { formatHex } from '../../../src/bytes/hex.ts';
import { hostPrefix, prefix } from '../../../src/bytes/prefix.ts';
import { CompiledTable } from '../../../src/forwarding/compiled-table.ts';
import { encodeTable } from '../../../src/forwarding/encode-table.ts';
import type { BindingGroup, ForwardingTable, Tunnel } from '../../../src/forwarding/table.ts';
import { tableProblem } from '../../../src/forwarding/table-problem.ts';
import { homeAgentTable } from '../../lib/forwarding-tables.ts';

const PLAIN: Partial<Tunnel> = {
  encapsulation: 2,
  outerSource: address('192.0.2.1'),
  outerDestination: address('203.0.113.7'),
};
const UDP: Partial<Tunnel> = { ...PLAIN, encapsulation: 3, sourcePort: 4191, destinationPort: 4191 };

test('a table is encoded as its layout says', () => {
  const table: ForwardingTable = {
    side: 'home-agent',
    icmpSource: address('2001:db8::1'),
    icmpv4Source: address('192.0.2.1'),
    interfaces: [7, 258],
    tunnels: [
      {
        id: 0x01020304,
        encapsulation: 1,
        outerSource: address('2001:db8::1'),
        outerDestination: address('2001:db8:a::2'),
        sourcePort: 0,
        destinationPort: 0,
        interfaceIndex: 9,
        pathMtuBytes: 1500,
        usable: true,
      },
      {
        id: 6,
        encapsulation: 3,
        outerSource: address('192.0.2.1'),
        outerDestination: address('203.0.113.7'),
        sourcePort: 4191,
        destinationPort: 40123,
        interfaceIndex: 0,
        pathMtuBytes: 576,
        usable: false,
      },
    ],
    groups: [
      {
        id: 5,
        mode: 3,
        tunnels: [
          { tunnelId: 0x01020304, weight: 300 },
          { tunnelId: 6, weight: 1 },
        ],
        prefixes: [prefix('2001:db8:1::/48'), prefix('198.51.100.0/24')],
      },
    ],
  };
  const expected = [
    '4d465402 02 00 0002 00000002 00000001 20010db8000000000000000000000001 00000000000000000000ffffc0000201',
    '00000007 00000102',
    '01020304 01 01 0000 00000009 000005dc 0000 0000 20010db8000000000000000000000001 20010db8000a00000000000000000002',
    '00000006 03 00 0000 00000000 00000240 105f 9cbb 00000000000000000000ffffc0000201 00000000000000000000ffffcb007107',
    '00000005 03 00 0002 0002 0000',
    '01020304 012c 0000',
    '00000006 0001 0000',
    '20010db8000100000000000000000000 30 06 0000',
    '00000000000000000000ffffc6336400 18 04 0000',
  ];
  assert.is(formatHex(encodeTable(table)), expected.join('').replaceAll(' ', ''));
});

test('each rule of a sound table has its own refusal', () => {
  const table = homeAgentTable();
  const [tunnel, ...tunnels] = table.tunnels as [Tunnel, ...Tunnel[]];
  const group = table.groups[0]!;
  const withTunnel = (change: Partial<Tunnel>) => ({ ...table, tunnels: [{ ...tunnel, ...change }, ...tunnels] });
  const withGroup = (change: Partial<BindingGroup>) => ({ ...table, groups: [{ ...group, ...change }] });
  const other: BindingGroup = { ...group, id: 2, tunnels: [], prefixes: [] };
  const multicast = address('ff0e::1');
  const cases: readonly (readonly [string, ForwardingTable])[] = [
    ['unknown side', { ...table, side: 'elsewhere' as ForwardingTable['side'] }],
    ['the source of ICMPv6 errors is no unicast address', { ...table, icmpSource: multicast }],
    ['the source of ICMPv6 errors is no unicast address', { ...table, icmpSource: address('192.0.2.1') }],
    ['too many interfaces', { ...table, interfaces: Array.from({ length: 65 }, (_, i) => i + 1) }],
    ['an interface index is out of range', { ...table, interfaces: [0] }],
    ['an interface is named twice', { ...table, interfaces: [4, 4] }],
    ['a tunnel id is out of range', withTunnel({ id: 2 ** 32 })],
    ['tunnel 1: unknown encapsulation', withTunnel({ encapsulation: 9 as Tunnel['encapsulation'] })],
    ['tunnel 1: an outer address is no unicast address', withTunnel({ outerSource: multicast })],
    ['tunnel 1: interface index out of range', withTunnel({ interfaceIndex: -1 })],
    ['tunnel 1: path MTU out of range', withTunnel({ pathMtuBytes: 1279 })],
    ['a tunnel id stands for two tunnels', withTunnel({ id: 2 })],
    [
      'group 1: two tunnels have the same outer addresses and ports',
      withTunnel({ outerDestination: tunnels[0]!.outerDestination }),
    ],
    ['the source of ICMPv4 errors is no unicast address', { ...table, icmpv4Source: address('224.0.0.1') }],
    ['the source of ICMPv4 errors is no unicast address', { ...table, icmpv4Source: address('2001:db8::1') }],
    ['tunnel 1: an outer address is no unicast address', withTunnel({ outerSource: address('192.0.2.1') })],
    ['tunnel 1: an outer address is no unicast address', withTunnel({ outerSource: address('::ffff:192.0.2.1') })],
    ['tunnel 1: an outer address is no unicast address', withTunnel({ encapsulation: 2 })],
    ['tunnel 1: an outer address is no unicast address', withTunnel({ ...PLAIN, outerSource: address('127.0.0.1') })],
    ['tunnel 1: an outer address is no unicast address', withTunnel({ ...PLAIN, outerSource: address('0.0.0.0') })],
    ['tunnel 1: an outer address is no unicast address', withTunnel({ ...PLAIN, outerSource: address('239.0.0.1') })],
    ['tunnel 1: a port is out of range', withTunnel({ sourcePort: 1 })],
    ['tunnel 1: a port is out of range', withTunnel({ ...PLAIN, destinationPort: 4191 })],
    ['tunnel 1: a port is out of range', withTunnel({ ...UDP, sourcePort: 0 })],
    ['tunnel 1: a port is out of range', withTunnel({ ...UDP, destinationPort: 65536 })],
    ['tunnel 1: path MTU out of range', withTunnel({ ...PLAIN, pathMtuBytes: 575 })],
    ['a group id is out of range', withGroup({ id: -1 })],
    ['group 1: unknown mode', withGroup({ mode: 4 as BindingGroup['mode'] })],
    ['group 1: a weight is out of range', withGroup({ tunnels: [{ tunnelId: 1, weight: 0 }] })],
    ['group 1: a prefix is malformed', withGroup({ prefixes: [{ address: address('2001:db8::1'), length: 64 }] })],
    ['group 1: a prefix is malformed', withGroup({ prefixes: [{ address: address('::'), length: 129 }] })],
    ['group 1: a prefix is malformed', withGroup({ prefixes: [{ address: address('192.0.2.1'), length: 24 }] })],
    ['group 1: a prefix is malformed', withGroup({ prefixes: [{ address: address('192.0.2.1'), length: 33 }] })],
    ['a group id stands for two groups', { ...table, groups: [group, { ...other, id: 1 }] }],
    ['a group names an unknown tunnel', withGroup({ tunnels: [...group.tunnels, { tunnelId: 99, weight: 1 }] })],
    ['a tunnel is named twice', { ...table, groups: [group, { ...other, tunnels: group.tunnels.slice(0, 1) }] }],
    ['a tunnel belongs to no group', withGroup({ tunnels: group.tunnels.slice(1) })],
    ['a prefix is named twice', { ...table, groups: [group, { ...other, prefixes: group.prefixes.slice(0, 1) }] }],
  ];
  for (const [problem, bad] of cases) assert.is(tableProblem(bad), problem);
  assert.is(tableProblem(table), undefined);
  for (const sound of [
    withTunnel(PLAIN),
    withTunnel({ ...UDP, pathMtuBytes: 576 }),
    withGroup({ prefixes: [prefix('0.0.0.0/0'), hostPrefix(address('192.0.2.1'))] }),
    { ...table, icmpv4Source: address('192.0.2.1') },
  ])
    assert.is(tableProblem(sound), undefined);
  assert.is(tableProblem({ ...table, tunnels: [], groups: [] }), undefined);
});

test('the longest prefix of all groups wins', () => {
  const group = (id: number, ...prefixes: string[]): BindingGroup => ({
    id,
    mode: 1,
    tunnels: [],
    prefixes: prefixes.map(prefix),
  });
  const table: ForwardingTable = {
    ...homeAgentTable({ places: [] }),
    groups: [group(1, '2001:db8::/32'), group(2, '2001:db8:0:8000::/49', '2001:db8::5/128'), group(3, '2001:db8::/64')],
  };
  const compiled = new CompiledTable(table);
  const owner = (text: string): number | undefined => compiled.groupOf(address(text) as Address)?.id;
  assert.is(owner('2001:db8::5'), 2);
  assert.is(owner('2001:db8::6'), 3);
  assert.is(owner('2001:db8:0:8000::1'), 2);
  assert.is(owner('2001:db8:0:7fff::1'), 1);
  assert.is(owner('2001:db9::1'), undefined);
});

test('prefixes of one family hold no address of the other', () => {
  const group = (id: number, ...prefixes: string[]): BindingGroup => ({
    id,
    mode: 1,
    tunnels: [],
    prefixes: prefixes.map(prefix),
  });
  const groups = [group(1, '::/0'), group(2, '198.51.100.0/24'), group(3, '198.51.100.7/32')];
  const compiled = new CompiledTable({ ...homeAgentTable({ places: [] }), groups });
  const owner = (text: string): number | undefined => compiled.groupOf(address(text))?.id;
  assert.equal(['198.51.100.7', '198.51.100.8', '198.51.101.1'].map(owner), [3, 2, undefined]);
  assert.equal(['::ffff:198.51.100.7', '::1'].map(owner), [1, 1]);
  assert.equal(
    ['198.51.100.7', '198.51.100.8', '::1'].map((text) => compiled.isHomeAddress(address(text))),
    [true, false, false],
  );
});

test.run();
