import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address, formatAddress } from '../../../src/bytes/address.ts';
import { NetworkState } from '../../../src/paths/network-state.ts';
import type { Uplink } from '../../../src/paths/uplink.ts';
import { observeUplink, UplinkObserver } from '../../../src/paths/uplink-observer.ts';
import type { NetlinkMessage } from '../../../src/wire/netlink/message.ts';
import { RouteFlag, RouteType } from '../../../src/wire/netlink/numbers.ts';
import { AGENT } from '../../lib/engines.ts';
import { link, linkAddress, neighbor, route } from '../../lib/engines-network.ts';

const UPLINK = { name: 'cellular', interface: 'wan0' };
const GATEWAY = address('fe80::1');
const GLOBAL = '2001:db8:a::10';
const DEFAULT_ROUTE = route(3, '::/0', { gateway: GATEWAY });

function observe(messages: readonly NetlinkMessage[], current: Address | null = null): Uplink {
  const state = new NetworkState();
  for (const message of messages) state.apply(message);
  return observeUplink(UPLINK, state, AGENT, current);
}

/** The care-of address that is chosen from these on a link that has everything else. */
function chosen(addresses: readonly NetlinkMessage[], current: Address | null = null): string | null {
  const { careOfAddress } = observe([link(3, 'wan0'), DEFAULT_ROUTE, ...addresses], current);
  return careOfAddress === null ? null : formatAddress(careOfAddress);
}

test('an uplink with carrier, address and route can be used', () => {
  assert.equal(observe([link(3, 'wan0', { mtuBytes: 1420 }), linkAddress(3, GLOBAL), DEFAULT_ROUTE]), {
    name: 'cellular',
    interfaceIndex: 3,
    careOfAddress: address(GLOBAL),
    gateway: GATEWAY,
    mtuBytes: 1420,
    reason: 'link-up',
  });
});

test('[MHA-6.1.3-01] without device, administrative state or carrier it is down', () => {
  for (const messages of [
    [],
    [link(3, 'wan0', { up: false })],
    [link(3, 'wan0', { running: false })],
    [link(3, 'wan0'), link(3, 'wan0', { change: 'removed' as const })],
  ]) {
    const uplink = observe([...messages, linkAddress(3, GLOBAL), DEFAULT_ROUTE]);
    assert.is(uplink.careOfAddress, null);
    assert.is(uplink.reason, 'link-down');
  }
});

test('[MHA-6.1.3-01] without a usable address or a route to the home agent it cannot be used, and the reason says so', () => {
  assert.is(observe([link(3, 'wan0'), DEFAULT_ROUTE]).reason, 'address-removed');
  const routeless = observe([link(3, 'wan0'), linkAddress(3, GLOBAL), route(3, '2001:db8:a::/64')]);
  assert.is(routeless.reason, 'no-route');
  assert.is(routeless.careOfAddress, null);
});

test('[6275-4.6-01] link-local and multicast addresses, and the unspecified one, are no care-of addresses', () => {
  assert.is(chosen([linkAddress(3, 'fe80::10'), linkAddress(3, 'ff0e::1'), linkAddress(3, '::')]), null);
});

test('an IPv4 address is no care-of address', () => {
  assert.is(chosen([linkAddress(3, '192.0.2.1')]), null);
});

test('an address counts once duplicate address detection is over, and never if it failed', () => {
  assert.is(chosen([linkAddress(3, GLOBAL, { tentative: true })]), null);
  assert.is(chosen([linkAddress(3, GLOBAL, { duplicateAddressDetectionFailed: true })]), null);
  assert.is(chosen([linkAddress(3, GLOBAL, { tentative: true }), linkAddress(3, GLOBAL)]), GLOBAL);
});

test('[6275-4.6-02] a unique local address is taken only where there is no global one', () => {
  assert.is(chosen([linkAddress(3, 'fd00::10')]), 'fd00::10');
  assert.is(chosen([linkAddress(3, 'fd00::10'), linkAddress(3, GLOBAL)]), GLOBAL);
  assert.is(chosen([linkAddress(3, 'fd00::10'), linkAddress(3, GLOBAL)], address('fd00::10')), GLOBAL);
});

test('[6275-11.5.3-01] a deprecated address is left for one that is not, and kept where there is no other', () => {
  const old = linkAddress(3, GLOBAL, { deprecated: true });
  assert.is(chosen([old], address(GLOBAL)), GLOBAL);
  assert.is(chosen([old, linkAddress(3, '2001:db8:b::10')], address(GLOBAL)), '2001:db8:b::10');
});

test('[6275-11.5.1-03] the care-of address in use is kept while it is good, whatever else appears on the link', () => {
  const two = [linkAddress(3, '2001:db8:b::10'), linkAddress(3, GLOBAL)];
  assert.is(chosen(two), '2001:db8:b::10');
  assert.is(chosen(two, address(GLOBAL)), GLOBAL);
  assert.is(chosen([two[0]!], address(GLOBAL)), '2001:db8:b::10');
});

test('a privacy address is the second choice, unless it is in use', () => {
  const two = [linkAddress(3, '2001:db8:a::77', { temporary: true }), linkAddress(3, GLOBAL)];
  assert.is(chosen(two), GLOBAL);
  assert.is(chosen(two, address('2001:db8:a::77')), '2001:db8:a::77');
});

test('addresses of other interfaces do not count', () => {
  assert.is(chosen([linkAddress(4, GLOBAL)]), null);
});

test('the most specific route to the home agent gives the gateway, then the one with the lowest metric', () => {
  const base = [link(3, 'wan0'), linkAddress(3, GLOBAL)];
  const via = (text: string, destination: string, metric: number) =>
    route(3, destination, { gateway: address(text), metric });
  const gateway = (...routes: NetlinkMessage[]) => observe([...base, ...routes]).gateway;
  assert.is(gateway(via('fe80::2', '::/0', 20), via('fe80::3', '::/0', 10)), address('fe80::3'));
  assert.is(gateway(via('fe80::2', '2001:db8:1::/48', 900), via('fe80::3', '::/0', 10)), address('fe80::2'));
  assert.is(gateway(via('fe80::2', '2001:db8:99::/48', 1), via('fe80::3', '::/0', 10)), address('fe80::3'));
});

test('a point-to-point link has a route without gateway', () => {
  const uplink = observe([link(3, 'wan0'), linkAddress(3, GLOBAL), route(3, '::/0')]);
  assert.is(uplink.gateway, null);
  assert.is(uplink.careOfAddress, address(GLOBAL));
});

test('routes that the kernel holds for dead, and those that lead nowhere, are no routes', () => {
  for (const more of [
    { flags: RouteFlag.dead },
    { flags: RouteFlag.linkDown },
    { type: RouteType.unreachable },
    { type: RouteType.blackhole },
  ]) {
    assert.is(observe([link(3, 'wan0'), linkAddress(3, GLOBAL), route(3, '::/0', more)]).reason, 'no-route');
  }
});

test('the reason tells a new link from a new address on a link that was in use', () => {
  const messages = [link(3, 'wan0'), linkAddress(3, GLOBAL), DEFAULT_ROUTE];
  assert.is(observe(messages, null).reason, 'link-up');
  assert.is(observe(messages, address('2001:db8:b::10')).reason, 'address-added');
});

test('a link whose MTU the kernel did not say has 1500 octets', () => {
  assert.is(observe([link(3, 'wan0', { mtuBytes: undefined }), linkAddress(3, GLOBAL), DEFAULT_ROUTE]).mtuBytes, 1500);
});

// --- IPv4 ------------------------------------------------------------------------------------------------------------

const AGENT_IPV4 = address('192.0.2.1');
const GATEWAY_4 = address('203.0.113.1');
const OWN_4 = '203.0.113.10';
const DEFAULT_4 = route(3, '0.0.0.0/0', { family: 'ipv4', gateway: GATEWAY_4 });

/** The IPv4 side that an uplink has with these, or why the uplink cannot be used at all. */
function ipv4Side(messages: readonly NetlinkMessage[], current: Address | null = null) {
  const state = new NetworkState();
  for (const message of [link(3, 'wan0'), ...messages]) state.apply(message);
  const { ipv4, reason } = observeUplink(UPLINK, state, [AGENT, AGENT_IPV4], { ipv6: null, ipv4: current });
  return ipv4 ?? reason;
}

test('[5555-4.4.4-02] an uplink with an IPv4 address and a way to the home agent can be used by IPv4, with IPv6 or without', () => {
  const own = linkAddress(3, OWN_4, { prefixLength: 24 });
  assert.equal(ipv4Side([own, DEFAULT_4]), { careOfAddress: address(OWN_4), gateway: GATEWAY_4 });
  const alone = observe([link(3, 'wan0'), own, DEFAULT_4]);
  assert.equal([alone.careOfAddress, alone.gateway, alone.reason], [null, null, 'link-up']);
  const both = observe([link(3, 'wan0'), own, DEFAULT_4, linkAddress(3, GLOBAL), DEFAULT_ROUTE]);
  assert.equal([both.careOfAddress, both.ipv4?.careOfAddress], [address(GLOBAL), address(OWN_4)]);
  const ipv6 = observe([link(3, 'wan0'), linkAddress(3, GLOBAL), DEFAULT_ROUTE, own]);
  assert.equal([ipv6.careOfAddress, ipv6.ipv4], [address(GLOBAL), undefined], 'no way for IPv4');
});

test('link-local, loopback and multicast IPv4 addresses and those of 0/8 lead nowhere', () => {
  for (const text of ['169.254.7.7', '127.0.0.1', '224.0.0.5', '0.0.0.7']) {
    assert.is(ipv4Side([linkAddress(3, text, { prefixLength: 16 }), DEFAULT_4]), 'address-removed');
  }
});

test('the way to the home agent’s IPv4 address counts; as long as that is not known, the default route', () => {
  const own = linkAddress(3, OWN_4, { prefixLength: 24 });
  const elsewhere = route(3, '198.51.100.0/24', { family: 'ipv4', gateway: GATEWAY_4 });
  assert.is(ipv4Side([own, elsewhere]), 'address-removed');
  const special = route(3, '192.0.2.0/24', { family: 'ipv4', gateway: address('203.0.113.2') });
  assert.equal(ipv4Side([own, DEFAULT_4, special]), { careOfAddress: address(OWN_4), gateway: address('203.0.113.2') });
  const state = new NetworkState();
  for (const message of [link(3, 'wan0'), own, special]) state.apply(message);
  assert.is(observeUplink(UPLINK, state, AGENT, null).ipv4, undefined);
  state.apply(DEFAULT_4);
  assert.is(observeUplink(UPLINK, state, AGENT, null).ipv4?.gateway, GATEWAY_4);
});

test('while no home agent is known at all, an uplink needs a default route of either family', () => {
  const state = new NetworkState();
  for (const message of [link(3, 'wan0'), linkAddress(3, GLOBAL)]) state.apply(message);
  assert.is(observeUplink(UPLINK, state, [], null).careOfAddress, null);
  state.apply(DEFAULT_ROUTE);
  assert.is(observeUplink(UPLINK, state, [], null).careOfAddress, address(GLOBAL));
});

test('a gateway that does not answer ARP any more means that the link has been left', () => {
  const own = linkAddress(3, OWN_4, { prefixLength: 24 });
  const side = ipv4Side([own, DEFAULT_4, neighbor(3, GATEWAY_4), neighbor(3, GATEWAY_4, { failed: true })]);
  assert.equal(side, { careOfAddress: address(OWN_4), gateway: GATEWAY_4, routerLost: true });
  assert.not.ok('routerLost' in (ipv4Side([own, DEFAULT_4, neighbor(3, GATEWAY_4)]) as object));
  // Never heard since the link came up.
  assert.not.ok('routerLost' in (ipv4Side([own, DEFAULT_4, neighbor(3, GATEWAY_4, { failed: true })]) as object));
});

test('the IPv4 care-of address in use is kept while it is good, and its end is told', () => {
  const two = [
    linkAddress(3, OWN_4, { prefixLength: 24 }),
    linkAddress(3, '203.0.113.20', { prefixLength: 24, validSeconds: 60 }),
  ];
  const of = (current: string | null) => ipv4Side([...two, DEFAULT_4], current === null ? null : address(current));
  assert.equal(of(null), { careOfAddress: address(OWN_4), gateway: GATEWAY_4 });
  assert.equal(of('203.0.113.20'), {
    careOfAddress: address('203.0.113.20'),
    gateway: GATEWAY_4,
    validUntilMs: 60_000,
  });
  const observer = new UplinkObserver([UPLINK]);
  const state = new NetworkState();
  for (const message of [link(3, 'wan0'), two[1]!, DEFAULT_4]) state.apply(message);
  const careOf = () => observer.observe(state, [AGENT_IPV4], () => null)[0]!.ipv4?.careOfAddress;
  assert.is(careOf(), address('203.0.113.20'));
  state.apply(two[0]!);
  assert.is(careOf(), address('203.0.113.20'));
  state.apply({ ...two[1]!, change: 'removed' } as NetlinkMessage);
  assert.is(careOf(), address(OWN_4));
});

test.run();
