import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, formatAddress } from '../../../src/bytes/address.ts';
import { NetworkState } from '../../../src/paths/network-state.ts';
import { link, linkAddress, route, rule } from '../../lib/engines-network.ts';

const GATEWAY = address('fe80::1');

function stateOf(...messages: Parameters<NetworkState['apply']>[0][]): NetworkState {
  const state = new NetworkState();
  for (const message of messages) state.apply(message);
  return state;
}

const texts = (state: NetworkState, index: number) =>
  state.addresses(index).map((entry) => formatAddress(entry.address));

test('links are found by name, and a changed link takes the place of what was known of it', () => {
  const state = stateOf(link(3, 'wan0'), link(4, 'wan1'), link(3, 'wan0', { mtuBytes: 1280, running: false }));
  assert.is(state.linkByName('wan0')?.mtuBytes, 1280);
  assert.is(state.linkByName('wan0')?.running, false);
  assert.is(state.linkByName('wan9'), undefined);
  assert.is([...state.links()].length, 2);
});

test('a renamed link is known by its new name alone', () => {
  const state = stateOf(link(3, 'wwan0'), link(3, 'cell0'));
  assert.is(state.linkByName('wwan0'), undefined);
  assert.is(state.linkByName('cell0')?.index, 3);
});

test('addresses come and go one by one', () => {
  const state = stateOf(linkAddress(3, '2001:db8::1'), linkAddress(3, '2001:db8::2'), linkAddress(4, '2001:db8::1'));
  assert.equal(texts(state, 3), ['2001:db8::1', '2001:db8::2']);
  state.apply(linkAddress(3, '2001:db8::1', { change: 'removed' }));
  assert.equal(texts(state, 3), ['2001:db8::2']);
  assert.equal(texts(state, 4), ['2001:db8::1']);
  assert.is(state.interfaceOf(address('2001:db8::2')), 3);
  assert.is(state.interfaceOf(address('2001:db8::9')), undefined);
});

test('an address whose flags change is the same address', () => {
  const state = stateOf(linkAddress(3, '2001:db8::1', { tentative: true }), linkAddress(3, '2001:db8::1'));
  assert.is(state.addresses(3).length, 1);
  assert.is(state.addresses(3)[0]?.tentative, false);
});

test('routes of the main table count, told apart by destination, gateway, interface and metric', () => {
  const state = stateOf(
    route(3, '::/0', { gateway: GATEWAY }),
    route(3, '::/0', { gateway: GATEWAY, metric: 10 }),
    route(3, '2001:db8::/32'),
    route(3, '::/0', { gateway: GATEWAY, table: 7000 }),
    rule(1000, 7000),
  );
  assert.is(state.routes(3).length, 3);
  state.apply(route(3, '::/0', { gateway: GATEWAY, change: 'removed' }));
  assert.is(state.routes(3).length, 2);
  state.apply(route(3, '2001:db8::/32', { table: 7000, change: 'removed' }));
  assert.is(state.routes(3).length, 2);
});

test('with a link go its addresses and routes, and those of others stay', () => {
  const state = stateOf(
    link(3, 'wan0'),
    link(4, 'wan1'),
    linkAddress(3, '2001:db8::1'),
    linkAddress(4, '2001:db8::2'),
    route(3, '::/0'),
    route(4, '::/0'),
    link(3, 'wan0', { change: 'removed' }),
  );
  assert.is(state.linkByName('wan0'), undefined);
  assert.equal(state.addresses(3), []);
  assert.equal(state.routes(3), []);
  assert.is(state.addresses(4).length, 1);
  assert.is(state.routes(4).length, 1);
});

test('before a new dump everything is forgotten', () => {
  const state = stateOf(link(3, 'wan0'), linkAddress(3, '2001:db8::1'), route(3, '::/0'));
  state.clear();
  assert.equal([[...state.links()], state.addresses(3), state.routes(3)], [[], [], []]);
});

test.run();
