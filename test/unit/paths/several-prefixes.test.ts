import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address, formatAddress } from '../../../src/bytes/address.ts';
import { NetworkState } from '../../../src/paths/network-state.ts';
import { observeUplink, UplinkObserver } from '../../../src/paths/uplink-observer.ts';
import type { NetlinkMessage } from '../../../src/wire/netlink/message.ts';
import { NeighborState } from '../../../src/wire/netlink/numbers.ts';
import { AGENT } from '../../lib/engines.ts';
import { link, linkAddress, neighbor, route } from '../../lib/engines-network.ts';

const GATEWAY = address('fe80::1');
const [A, B, C] = ['2001:db8:a::10', '2001:db8:b::10', '2001:db8:c::10'] as const;
const LINK = [link(3, 'wan0'), route(3, '::/0', { gateway: GATEWAY })];

/** A link for up to three care-of addresses, through changes. */
class Link {
  readonly network = new NetworkState();
  readonly #observer = new UplinkObserver([
    { name: 'wifi', interface: 'wan0' },
    { name: 'wifi.2', interface: 'wan0', ordinal: 2 },
    { name: 'cellular', interface: 'wan1' },
    { name: 'wifi.3', interface: 'wan0', ordinal: 3 },
  ]);
  #current = new Map<string, Address | null>();

  see(...messages: readonly NetlinkMessage[]): (string | null)[] {
    for (const message of messages) this.network.apply(message);
    const uplinks = this.#observer.observe(this.network, [AGENT], (name) => this.#current.get(name) ?? null);
    this.#current = new Map(uplinks.map(({ name, careOfAddress }) => [name, careOfAddress]));
    return uplinks
      .filter(({ name }) => name !== 'cellular')
      .map(({ careOfAddress }) => (careOfAddress === null ? null : formatAddress(careOfAddress)));
  }
}

const gone = (text: string) => linkAddress(3, text, { change: 'removed' });

test('[MHA-5.3-01, MHA-4-01] every prefix of a link gives a care-of address of its own', () => {
  const wifi = new Link();
  assert.equal(wifi.see(...LINK), [null, null, null]);
  assert.equal(wifi.see(linkAddress(3, A)), [A, null, null]);
  assert.equal(wifi.see(linkAddress(3, B)), [A, B, null]);
  assert.equal(wifi.see(linkAddress(3, C)), [A, B, C]);
});

test('two addresses of one prefix are one care-of address', () => {
  const wifi = new Link();
  assert.equal(wifi.see(...LINK, linkAddress(3, A), linkAddress(3, '2001:db8:a::11')), [A, null, null]);
});

test('[5648-3-01, MHA-6.3.2-02] a prefix keeps its place, and with it its Binding Identifier, while others come and go', () => {
  const wifi = new Link();
  wifi.see(...LINK, linkAddress(3, A), linkAddress(3, B), linkAddress(3, C));
  assert.equal(wifi.see(gone(A)), [null, B, C]);
  assert.equal(wifi.see(linkAddress(3, A)), [A, B, C]);
  assert.equal(wifi.see(gone(B), gone(C)), [A, null, null]);
  assert.equal(wifi.see(linkAddress(3, C)), [A, null, C]);
  assert.equal(wifi.see(linkAddress(3, B)), [A, B, C]);
});

test('a new address of the same prefix is the same care-of address’s successor', () => {
  const wifi = new Link();
  wifi.see(...LINK, linkAddress(3, A), linkAddress(3, B));
  assert.equal(wifi.see(gone(B), linkAddress(3, '2001:db8:b::99')), [A, '2001:db8:b::99', null]);
});

test('[6275-11.5.4-04, 6275-11.5.4-01] on another link its prefixes take the places of those of the old one', () => {
  const wifi = new Link();
  wifi.see(...LINK, linkAddress(3, A), linkAddress(3, B));
  assert.equal(wifi.see(link(3, 'wan0', { running: false }), gone(A), gone(B)), [null, null, null]);
  const [d, e] = ['2001:db8:d::10', '2001:db8:e::10'] as const;
  const seen = wifi.see(link(3, 'wan0'), linkAddress(3, d), linkAddress(3, e));
  assert.equal(new Set(seen.filter((text) => text !== null)).size, 2);
  assert.ok([d, e].every((text) => seen.includes(text)));
});

test('the loss of the only free prefix leaves the others where they are', () => {
  const wifi = new Link();
  wifi.see(...LINK, linkAddress(3, A));
  assert.equal(
    wifi.see(linkAddress(3, B, { tentative: true })),
    [A, null, null],
    'not before duplicate detection is over',
  );
  assert.equal(wifi.see(linkAddress(3, B)), [A, B, null]);
});

/** A link in use whose next hop can be lost. */
function linkWithNextHop(): { readonly network: NetworkState; readonly lost: () => boolean } {
  const network = new NetworkState();
  for (const message of [...LINK, linkAddress(3, A)]) network.apply(message);
  const uplink = { name: 'wifi', interface: 'wan0' };
  return { network, lost: () => observeUplink(uplink, network, AGENT, address(A)).routerLost ?? false };
}

test('[6275-11.5.1-01] a next hop that has been given up is told, and its return', () => {
  const { network, lost } = linkWithNextHop();
  network.apply(neighbor(3, GATEWAY));
  assert.is(lost(), false);
  network.apply(neighbor(3, GATEWAY, { failed: true }));
  assert.is(lost(), true);
  network.apply(neighbor(3, address('fe80::77'), { failed: false }));
  assert.is(lost(), true);
  network.apply(neighbor(3, GATEWAY));
  assert.is(lost(), false);
  network.apply(neighbor(3, GATEWAY, { state: NeighborState.probe }));
  network.apply(neighbor(3, GATEWAY, { failed: true }));
  assert.is(lost(), true);
  network.apply(neighbor(3, GATEWAY, { failed: true, change: 'removed' }));
  assert.is(lost(), false);
});

test('[6275-11.5.1-01] a next hop that never answered on this link is not lost: what failed was asked too early', () => {
  const { network, lost } = linkWithNextHop();
  network.apply(neighbor(3, GATEWAY, { state: NeighborState.incomplete }));
  network.apply(neighbor(3, GATEWAY, { failed: true }));
  assert.is(lost(), false, 'the first question of all');
  network.apply(neighbor(3, GATEWAY));
  network.apply(link(4, 'wan1', { running: false }));
  network.apply(neighbor(3, GATEWAY, { failed: true }));
  assert.is(lost(), true, 'another link says nothing');
  for (const down of [{ running: false }, { up: false }]) {
    network.apply(neighbor(3, GATEWAY));
    network.apply(link(3, 'wan0', down));
    network.apply(link(3, 'wan0'));
    network.apply(neighbor(3, GATEWAY, { failed: true }));
    assert.is(lost(), false, 'asked while there was no carrier');
  }
  network.apply(neighbor(3, GATEWAY));
  network.apply(neighbor(3, GATEWAY, { change: 'removed' }));
  network.apply(neighbor(3, GATEWAY, { failed: true }));
  assert.is(lost(), false, 'a new entry');
  network.apply(neighbor(3, GATEWAY));
  network.clear();
  for (const message of [...LINK, linkAddress(3, A), neighbor(3, GATEWAY, { failed: true })]) network.apply(message);
  assert.is(lost(), false, 'only the end is known');
});

test('the end of a care-of address is known in monotonic time', () => {
  const network = new NetworkState();
  for (const message of LINK) network.apply(message, 1000);
  const ends = () => observeUplink({ name: 'wifi', interface: 'wan0' }, network, AGENT, null).validUntilMs;
  network.apply(linkAddress(3, A, { validSeconds: 60 }), 5000);
  assert.is(ends(), 65_000);
  network.apply(linkAddress(3, A, { validSeconds: 90 }), 20_000);
  assert.is(ends(), 110_000);
  network.apply(linkAddress(3, A), 30_000);
  assert.is(ends(), undefined);
});

test('with several home agents the way to the first that can be reached counts', () => {
  const network = new NetworkState();
  const other = address('fe80::2');
  for (const message of [
    link(3, 'wan0'),
    linkAddress(3, A),
    route(3, '2001:db8:7::/48', { gateway: GATEWAY }),
    route(3, '2001:db8:8::/48', { gateway: other }),
  ])
    network.apply(message);
  const uplink = { name: 'wifi', interface: 'wan0' };
  const [agent, second, nowhere] = ['2001:db8:7::1', '2001:db8:8::1', '2001:db8:9::1'].map(address) as [
    Address,
    Address,
    Address,
  ];
  const gateway = (...destinations: Address[]) => observeUplink(uplink, network, destinations, null).gateway;
  assert.is(gateway(agent, second), GATEWAY);
  assert.is(gateway(nowhere, second), other);
  assert.is(observeUplink(uplink, network, [nowhere], null).reason, 'no-route');
});

test.run();
