// The kernel and iproute2 as oracles: the kernel does what our requests ask for, and what we read in its messages is
// what `ip -j` says.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, formatAddress } from '../../src/bytes/address.ts';
import { formatHex } from '../../src/bytes/hex.ts';
import { formatPrefix, prefix } from '../../src/bytes/prefix.ts';
import type {
  AddressMessage,
  LinkMessage,
  NetlinkMessage,
  RouteMessage,
  RuleMessage,
} from '../../src/wire/netlink/message.ts';
import { AddressFlag, NetlinkGroup, RouteType } from '../../src/wire/netlink/numbers.ts';
import { NetlinkNamespace } from '../lib/wire-netlink.ts';

const EEXIST = 17;
const ENODEV = 19;
const ESRCH = 3;
const PROTOCOL = 77;
const TABLE = 4711;
/** The kernel tells losses of a carrier once a second, those of all devices of the machine together. */
const CARRIER_SECONDS = 1.5;

let kernel: NetlinkNamespace;
let index: number;

type Kind<K extends NetlinkMessage['kind']> = Extract<NetlinkMessage, { readonly kind: K }>;

function only<K extends NetlinkMessage['kind']>(messages: readonly NetlinkMessage[], kind: K): Kind<K>[] {
  return messages.filter((message): message is Kind<K> => message.kind === kind);
}

/** What we read and what `ip` says, at one moment: both again if the kernel says something else by then. */
async function atOneMoment<Theirs, Ours extends { readonly seen: unknown }>(
  readOurs: () => Promise<Ours>,
  readTheirs: () => Promise<Theirs>,
): Promise<[Ours, Theirs]> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const ours = await readOurs();
    const theirs = await readTheirs();
    const after = await readOurs();
    if (JSON.stringify(after.seen) === JSON.stringify(ours.seen)) return [ours, theirs];
  }
  throw new Error('the kernel’s answer is another one each time');
}

async function ipJson<T>(...argv: string[]): Promise<T[]> {
  return JSON.parse((await kernel.run('ip', '-j', '-d', ...argv)) || '[]') as T[];
}

async function refusedWith(request: Parameters<NetlinkNamespace['request']>[0]): Promise<number> {
  const { sequence, messages } = await kernel.request(request);
  const [answer] = only(messages, 'acknowledgement');
  assert.is(answer?.sequence, sequence);
  return answer!.errno;
}

test.before(async () => {
  kernel = NetlinkNamespace.open();
  // Duplicate address detection outlasts the test: nothing changes while it is read.
  await kernel.run('sysctl', '-qw', 'net.ipv6.conf.default.dad_transmits=250');
  await kernel.run('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'far0');
  await kernel.run('ip', 'link', 'set', 'lo', 'up');
  await kernel.run('ip', 'link', 'set', 'far0', 'up');
  await kernel.run('ip', 'link', 'add', 'br0', 'type', 'bridge');
  const links = await ipJson<{ ifname: string; ifindex: number }>('link');
  index = links.find(({ ifname }) => ifname === 'up0')!.ifindex;
});

test.after(() => kernel.close());

interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly master?: string;
  readonly address: string;
  readonly operstate: string;
}

const OPERATIONAL_STATES = ['UNKNOWN', 'NOTPRESENT', 'DOWN', 'LOWERLAYERDOWN', 'TESTING', 'DORMANT', 'UP'];

async function compareLinks(): Promise<LinkMessage[]> {
  const readLinks = async () => {
    const { messages } = await kernel.request({ kind: 'dump-links' });
    const links = only(messages, 'link');
    assert.is(only(messages, 'done')[0]?.errno, 0);
    const seen = links.map((link) => ({
      index: link.index,
      name: link.name,
      up: link.up,
      lowerUp: link.lowerUp,
      mtu: link.mtuBytes,
      master: links.find((other) => other.index === link.masterIndex)?.name,
      address: formatHex(link.hardwareAddress!),
      state: OPERATIONAL_STATES[link.operationalState!],
    }));
    return { links, seen };
  };
  const [{ links, seen }, expected] = await atOneMoment(readLinks, () => ipJson<IpLink>('link'));
  assert.equal(
    seen,
    expected.map((link) => ({
      index: link.ifindex,
      name: link.ifname,
      up: link.flags.includes('UP'),
      lowerUp: link.flags.includes('LOWER_UP'),
      mtu: link.mtu,
      master: link.master,
      address: link.address.replaceAll(':', ''),
      state: link.operstate,
    })),
  );
  return links;
}

/** The kernel notices a carrier in a worker of its own, a moment after the link is set up. */
async function carrierNoticed(device: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { messages } = await kernel.request({ kind: 'dump-links' });
    const links = only(messages, 'link');
    if (links.some(({ name, running }) => name === device && running)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a link is set up with an MTU, and links read as ip says', async () => {
  await compareLinks();
  assert.is(await refusedWith({ kind: 'set-link', index, up: true, mtuBytes: 1420 }), 0);
  await carrierNoticed('up0');
  const link = (await compareLinks()).find(({ name }) => name === 'up0')!;
  assert.is(link.mtuBytes, 1420);
  assert.ok(link.up && link.lowerUp && link.running);
  assert.is(await refusedWith({ kind: 'set-link', index: 9999, up: true }), ENODEV);
});

test('the loss of a carrier is told, and leaving a bridge is not taken for the end of the link', async () => {
  const down = await kernel.listenFor(CARRIER_SECONDS, [NetlinkGroup.link], 'ip', 'link', 'set', 'far0', 'down');
  const lost = only(down, 'link').filter(({ name }) => name === 'up0');
  assert.ok(lost.length > 0 && lost.every(({ change }) => change === 'new'));
  const last = lost.at(-1)!;
  assert.equal([last.up, last.lowerUp, last.running], [true, false, false]);

  await kernel.run('ip', 'link', 'set', 'far0', 'up');
  const joined = await kernel.listen([NetlinkGroup.link], 'ip', 'link', 'set', 'far0', 'master', 'br0');
  assert.ok(only(joined, 'link').some(({ name, masterIndex }) => name === 'far0' && masterIndex !== undefined));
  const left = await kernel.listen([NetlinkGroup.link], 'ip', 'link', 'set', 'far0', 'nomaster');
  assert.ok(only(left, 'other').length > 0, 'the bridge tells it in its own family');
  assert.equal(
    only(left, 'link').filter(({ change }) => change === 'removed'),
    [],
  );

  await kernel.run('ip', 'link', 'add', 'gone0', 'type', 'bridge');
  const gone = await kernel.listen([NetlinkGroup.link], 'ip', 'link', 'del', 'gone0');
  assert.ok(only(gone, 'link').some(({ name, change }) => name === 'gone0' && change === 'removed'));
});

interface IpAddress {
  readonly ifindex: number;
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly scope: string;
    readonly tentative?: boolean;
    readonly deprecated?: boolean;
    readonly dadfailed?: boolean;
    readonly temporary?: boolean;
    readonly valid_life_time: number;
    readonly preferred_life_time: number;
  }[];
}

const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254 };
const forever = (seconds: number) => (seconds === 0xffffffff ? Number.POSITIVE_INFINITY : seconds);

async function compareAddresses(): Promise<AddressMessage[]> {
  const readAddresses = async () => {
    const { messages } = await kernel.request({ kind: 'dump-addresses' });
    const addresses = only(messages, 'address');
    const seen = addresses.map((message) => ({
      index: message.interfaceIndex,
      address: `${formatAddress(message.address)}/${message.prefixLength}`,
      scope: message.scope,
      tentative: message.tentative,
      deprecated: message.deprecated,
      failed: message.duplicateAddressDetectionFailed,
      temporary: message.temporary,
      valid: message.validSeconds,
      preferred: message.preferredSeconds,
    }));
    return { addresses, seen };
  };
  const [{ addresses, seen }, links] = await atOneMoment(readAddresses, () => ipJson<IpAddress>('address'));
  const expected = links.flatMap((link) =>
    link.addr_info.map((info) => ({
      index: link.ifindex,
      address: `${info.local}/${info.prefixlen}`,
      scope: SCOPES[info.scope],
      tentative: info.tentative ?? false,
      deprecated: info.deprecated ?? false,
      failed: info.dadfailed ?? false,
      temporary: info.temporary ?? false,
      valid: forever(info.valid_life_time),
      preferred: forever(info.preferred_life_time),
    })),
  );
  const byName = (a: { index: number; address: string }, b: { index: number; address: string }) =>
    a.index - b.index || a.address.localeCompare(b.address);
  assert.equal(seen.sort(byName), expected.sort(byName));
  return addresses;
}

test('addresses of both families are added, read as ip says, and removed', async () => {
  const home = { interfaceIndex: index, address: address('2001:db8:1::2'), prefixLength: 128 } as const;
  const flags = AddressFlag.noDuplicateAddressDetection | AddressFlag.noPrefixRoute;
  assert.is(await refusedWith({ kind: 'add-address', ...home, flags }), 0);
  assert.is(await refusedWith({ kind: 'add-address', ...home, flags }), EEXIST);
  const four = { interfaceIndex: index, address: address('192.0.2.7'), prefixLength: 24 } as const;
  assert.is(await refusedWith({ kind: 'add-address', ...four }), 0);
  const lifetimes = ['valid_lft', '7200', 'preferred_lft', '0'];
  await kernel.run('ip', 'address', 'add', '2001:db8:2::9/64', 'dev', 'up0', ...lifetimes);

  const addresses = await compareAddresses();
  const find = (text: string) => addresses.find((message) => message.address === address(text))!;
  assert.is(find('2001:db8:1::2').tentative, false);
  assert.ok((find('2001:db8:1::2').flags & AddressFlag.noPrefixRoute) !== 0, 'flags beyond 8 bits are read');
  assert.ok(find('2001:db8:2::9').deprecated);
  assert.ok(find('2001:db8:2::9').tentative, 'duplicate address detection runs');

  assert.is(await refusedWith({ kind: 'delete-address', ...home }), 0);
  assert.is(await refusedWith({ kind: 'delete-address', ...four }), 0);
  const left = await compareAddresses();
  assert.not(left.some((message) => message.address === home.address || message.address === four.address));
});

interface IpRoute {
  readonly type: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly table?: string;
  readonly protocol: string;
  readonly metric?: number;
  readonly flags: readonly string[];
}

async function routes(family: 'ipv4' | 'ipv6'): Promise<RouteMessage[]> {
  const { messages } = await kernel.request({ kind: 'dump-routes', family });
  return only(messages, 'route').filter(({ protocol }) => protocol === PROTOCOL);
}

async function compareRoutes(family: 'ipv4' | 'ipv6'): Promise<RouteMessage[]> {
  const flag = family === 'ipv6' ? '-6' : '-4';
  const ours = await routes(family);
  const selector = ['route', 'show', 'table', 'all', 'proto', `${PROTOCOL}`];
  const theirs = await ipJson<IpRoute>('-N', flag, ...selector);
  const zero = family === 'ipv6' ? '::/0' : '0.0.0.0/0';
  const host = family === 'ipv6' ? 128 : 32;
  const links = only((await kernel.request({ kind: 'dump-links' })).messages, 'link');
  assert.equal(
    ours.map((route) => ({
      destination: formatPrefix(route.destination),
      gateway: route.gateway && formatAddress(route.gateway),
      dev: links.find((link) => link.index === route.interfaceIndex)?.name,
      table: route.table,
      type: `${route.type}`,
      metric: route.metric,
    })),
    theirs.map((route) => ({
      destination: route.dst === 'default' ? zero : route.dst.includes('/') ? route.dst : `${route.dst}/${host}`,
      gateway: route.gateway,
      dev: route.dev,
      table: Number(route.table ?? 254),
      type: route.type,
      metric: route.metric ?? 0,
    })),
  );
  return ours;
}

test('routes are added, replaced, read as ip says, and removed, in tables above 255 too', async () => {
  const base = { table: TABLE, protocol: PROTOCOL, metric: 10 } as const;
  const standard = { ...base, destination: prefix('::/0'), interfaceIndex: index } as const;
  const gateway = { ...standard, gateway: address('fe80::1') } as const;
  assert.is(await refusedWith({ kind: 'add-route', ...gateway }), 0);
  assert.is(await refusedWith({ kind: 'add-route', ...gateway }), EEXIST);
  assert.is(await refusedWith({ kind: 'replace-route', ...gateway, gateway: address('fe80::2') }), 0);
  const unreachable = { ...base, metric: 20, destination: prefix('::/0'), type: RouteType.unreachable } as const;
  assert.is(await refusedWith({ kind: 'add-route', ...unreachable }), 0);
  const blackhole = {
    ...base,
    table: 99,
    destination: prefix('2001:db8:dead::/48'),
    type: RouteType.blackhole,
  } as const;
  assert.is(await refusedWith({ kind: 'add-route', ...blackhole }), 0);
  const onLink = { ...base, table: 254, destination: prefix('2001:db8:55::/64'), interfaceIndex: index } as const;
  assert.is(await refusedWith({ kind: 'add-route', ...onLink }), 0);

  const found = await compareRoutes('ipv6');
  assert.is(found.length, 4);
  assert.is(found.find(({ metric }) => metric === 10)?.protocol, PROTOCOL);
  assert.equal(
    found.filter(({ table, type }) => table === TABLE && type === RouteType.unicast).map((route) => route.gateway),
    [address('fe80::2')],
  );

  assert.is(await refusedWith({ kind: 'delete-route', ...standard }), 0);
  assert.is(await refusedWith({ kind: 'delete-route', ...standard }), ESRCH);
  for (const route of [unreachable, blackhole, onLink]) {
    assert.is(await refusedWith({ kind: 'delete-route', ...route }), 0);
  }
  assert.equal(await routes('ipv6'), []);
});

test('IPv4 routes, too', async () => {
  await kernel.run('ip', 'address', 'replace', '192.0.2.7/24', 'dev', 'up0');
  const base = { table: 300, protocol: PROTOCOL, destination: prefix('0.0.0.0/0') } as const;
  const gateway = { ...base, gateway: address('192.0.2.1'), interfaceIndex: index } as const;
  assert.is(await refusedWith({ kind: 'add-route', ...gateway }), 0);
  const far = { ...gateway, destination: prefix('198.51.100.0/24'), gateway: address('203.0.113.1') } as const;
  assert.ok((await refusedWith({ kind: 'add-route', ...far })) > 0, 'the gateway is not on the link');
  assert.is(await refusedWith({ kind: 'add-route', ...far, gatewayOnLink: true }), 0);
  const unreachable = { ...base, metric: 5, type: RouteType.unreachable } as const;
  assert.is(await refusedWith({ kind: 'add-route', ...unreachable }), 0);
  assert.is((await compareRoutes('ipv4')).length, 3);
  for (const route of [gateway, far, unreachable]) {
    assert.is(await refusedWith({ kind: 'delete-route', ...route }), 0);
  }
  assert.equal(await routes('ipv4'), []);
});

test('a route that appears or goes is told', async () => {
  const added = await kernel.listen(
    [NetlinkGroup.ipv6Route],
    'ip',
    '-6',
    'route',
    'add',
    '2001:db8:7::/64',
    'dev',
    'up0',
  );
  assert.equal(
    only(added, 'route')
      .filter(({ table }) => table === 254)
      .map(({ change, destination, table }) => [change, formatPrefix(destination), table]),
    [['new', '2001:db8:7::/64', 254]],
  );
  const gone = await kernel.listen([NetlinkGroup.ipv6Route], 'ip', '-6', 'route', 'del', '2001:db8:7::/64');
  assert.equal(
    only(gone, 'route')
      .filter(({ table }) => table === 254)
      .map(({ change, destination }) => [change, formatPrefix(destination)]),
    [['removed', '2001:db8:7::/64']],
  );
});

interface IpRule {
  readonly priority: number;
  readonly src: string;
  readonly srclen?: number;
  readonly table: string;
  readonly suppress_prefixlen?: number;
  readonly protocol: string;
}

async function compareRules(family: 'ipv4' | 'ipv6'): Promise<RuleMessage[]> {
  const { messages } = await kernel.request({ kind: 'dump-rules', family });
  const rules = only(messages, 'rule');
  const expected = await ipJson<IpRule>('-N', family === 'ipv6' ? '-6' : '-4', 'rule');
  const host = family === 'ipv6' ? 128 : 32;
  assert.equal(
    rules.map((rule) => ({
      priority: rule.priority,
      source: rule.source ? formatPrefix(rule.source) : 'all',
      table: `${rule.table}`,
      suppress: rule.suppressPrefixLength,
      protocol: `${rule.protocol}`,
    })),
    expected.map((rule) => ({
      priority: rule.priority,
      source: rule.src === 'all' ? 'all' : `${rule.src}/${rule.srclen ?? host}`,
      table: rule.table,
      suppress: rule.suppress_prefixlen,
      protocol: rule.protocol,
    })),
  );
  return rules;
}

test('rules of both families are added, read as ip says, and removed', async () => {
  const source = { kind: 'add-rule', priority: 5000, source: prefix('2001:db8:a::4/128'), table: TABLE } as const;
  assert.is(await refusedWith({ ...source, protocol: PROTOCOL }), 0);
  assert.is(await refusedWith({ ...source, protocol: PROTOCOL }), EEXIST);
  const any = {
    kind: 'add-rule',
    priority: 5001,
    source: prefix('::/0'),
    table: 254,
    suppressPrefixLength: 0,
  } as const;
  assert.is(await refusedWith(any), 0);
  const four = { kind: 'add-rule', priority: 5002, source: prefix('192.0.2.0/24'), table: 300 } as const;
  assert.is(await refusedWith(four), 0);
  await kernel.run('ip', '-6', 'rule', 'add', 'iif', 'up0', 'fwmark', '1', 'lookup', '99', 'priority', '5003');

  const rules = await compareRules('ipv6');
  const at = (priority: number) => rules.find((rule) => rule.priority === priority)!;
  assert.equal([at(5000).narrowed, at(5001).narrowed, at(5003).narrowed], [false, false, true]);
  assert.is(at(5001).suppressPrefixLength, 0);
  await compareRules('ipv4');

  for (const rule of [source, any, four]) assert.is(await refusedWith({ ...rule, kind: 'delete-rule' }), 0);
  assert.ok((await refusedWith({ ...any, kind: 'delete-rule' })) > 0);
  const left = await compareRules('ipv6');
  assert.not(left.some(({ priority }) => priority === 5000 || priority === 5001));
});

test.run();
