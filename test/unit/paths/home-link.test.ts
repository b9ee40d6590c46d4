import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { prefix } from '../../../src/bytes/prefix.ts';
import { observeHomeLink } from '../../../src/paths/home-link.ts';
import { NetworkState } from '../../../src/paths/network-state.ts';
import type { NetlinkMessage } from '../../../src/wire/netlink/message.ts';
import { RouteFlag } from '../../../src/wire/netlink/numbers.ts';
import { link, linkAddress, neighbor, route } from '../../lib/engines-network.ts';

const HOME = { name: 'depot', homePrefix: prefix('2001:db8:1:f::/64'), interface: 'eth9' };
const ROUTER = address('fe80::1');
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);

const ON_LINK = route(4, '2001:db8:1:f::/64');
const DEFAULT = route(4, '::/0', { gateway: ROUTER });

function seen(...messages: readonly NetlinkMessage[]) {
  const network = new NetworkState();
  for (const message of messages) network.apply(message);
  return observeHomeLink(HOME, network);
}

test('[6275-11.5.2-01] the router is at home where exactly the home prefix is on-link', () => {
  assert.is(seen(link(4, 'eth9'), ON_LINK).attached, true);
  assert.is(seen(link(4, 'eth9')).attached, false);
  assert.is(seen(link(4, 'eth9'), route(4, '2001:db8:1:e::/64')).attached, false);
  assert.is(seen(link(4, 'eth9'), route(4, '2001:db8:1::/48')).attached, false);
  assert.is(
    seen(link(4, 'eth9'), route(4, '2001:db8:1:f::/64', { gateway: ROUTER })).attached,
    false,
    'behind a router',
  );
  assert.is(seen(link(4, 'eth9'), link(5, 'eth8'), route(5, '2001:db8:1:f::/64')).attached, false, 'on another link');
});

test('a link that is down, has lost its carrier or does not exist is no home link', () => {
  assert.is(seen(link(4, 'eth9', { running: false }), ON_LINK).attached, false);
  assert.is(seen(link(4, 'eth9', { up: false }), ON_LINK).attached, false);
  assert.is(seen(link(4, 'eth9'), route(4, '2001:db8:1:f::/64', { flags: RouteFlag.linkDown })).attached, false);
  assert.equal([seen().attached, seen().interfaceIndex], [false, 0]);
});

test('[6275-11.5.1-01] a default router that has been given up means that the link has been left', () => {
  const gone = neighbor(4, ROUTER, { failed: true });
  assert.is(seen(link(4, 'eth9'), ON_LINK, DEFAULT, gone).attached, false);
  const back = neighbor(4, ROUTER, { linkLayerAddress: MAC });
  assert.is(seen(link(4, 'eth9'), ON_LINK, DEFAULT, gone, back).attached, true);
});

test('what is known of the link: our addresses there, and the router’s', () => {
  const messages = [
    link(4, 'eth9', { hardwareAddress: MAC, mtuBytes: 1400 }),
    linkAddress(4, '2001:db8:1:f::77'),
    linkAddress(4, 'fe80::2'),
    ON_LINK,
    DEFAULT,
  ];
  const router = { address: ROUTER, linkLayerAddress: MAC };
  assert.equal(seen(...messages, neighbor(4, ROUTER, { linkLayerAddress: MAC })), {
    home: 'depot',
    interfaceIndex: 4,
    attached: true,
    linkLayerAddress: MAC,
    linkLocalAddress: address('fe80::2'),
    router,
    mtuBytes: 1400,
  });
  assert.equal(seen(...messages).router, { address: ROUTER, linkLayerAddress: undefined });
  assert.is(seen(link(4, 'eth9'), ON_LINK).router, null);
});

test.run();
