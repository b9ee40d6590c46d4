import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address, IPV6_UNSPECIFIED } from '../../../../src/bytes/address.ts';
import { ALL_ROUTERS } from '../../../../src/bytes/special-addresses.ts';
import type { Uplink } from '../../../../src/paths/uplink.ts';
import { Icmpv6Type } from '../../../../src/wire/icmpv6/message.ts';
import { NeighborOptionType } from '../../../../src/wire/icmpv6/numbers.ts';
import type { Icmpv6Packet } from '../../../../src/wire/signalling.ts';
import { CARE_OF, echoReplyTo, PROBING } from '../../../lib/engines.ts';
import { HomeBench } from '../../../lib/engines-home.ts';

const [, first, second] = CARE_OF as [never, Address, Address];
const ROUTER = address('fe80::1');
const OTHER_ROUTER = address('fe80::2');

function uplinks(bench: HomeBench, change: Partial<Uplink>): Uplink[] {
  const [cellular, ...others] = bench.observed();
  return [{ ...cellular!, gateway: ROUTER, ...change }, ...others];
}

function registered(): HomeBench {
  const bench = new HomeBench({ probe: PROBING });
  bench.uplinks(first, second, null);
  bench.settle(bench.sent.slice());
  bench.run(600);
  bench.handle({ type: 'uplinks', uplinks: uplinks(bench, {}) });
  return bench;
}

function advertisement(source: Address, intervalMs?: number): Icmpv6Packet {
  const options =
    intervalMs === undefined ? [] : [{ type: NeighborOptionType.advertisementInterval, intervalMs } as const];
  return {
    kind: 'icmpv6',
    source,
    destination: address('ff02::1'),
    message: {
      type: Icmpv6Type.routerAdvertisement,
      currentHopLimit: 64,
      flags: 0,
      routerLifetimeSeconds: 1800,
      reachableTimeMs: 0,
      retransmitTimerMs: 0,
      options,
    },
  };
}

const solicitations = (bench: HomeBench) => bench.sentOf(Icmpv6Type.routerSolicitation);
const probes = (bench: HomeBench) => bench.sentOf(Icmpv6Type.echoRequest);

test('[6275-11.5.1-01, MHA-6.1.3-01] a default router that Neighbor Unreachability Detection gives up: the path is dead at once, and routers are asked for', () => {
  const bench = registered();
  const updates = bench.updates(() => bench.handle({ type: 'uplinks', uplinks: uplinks(bench, { routerLost: true }) }));
  assert.equal(bench.states(), ['dead', 'active', 'down']);
  assert.equal(bench.usable(), [2]);
  assert.equal(
    updates.map(({ bids, lifetimeSeconds, packet }) => [bids, lifetimeSeconds, packet.source]),
    [[[1], 0, second]],
    'the binding is removed over the other uplink',
  );
  const [solicitation, ...more] = solicitations(bench);
  assert.equal(more, []);
  assert.equal(
    [solicitation!.packet.source, solicitation!.packet.destination, solicitation!.interfaceIndex],
    [IPV6_UNSPECIFIED, ALL_ROUTERS, 11],
  );
  const states = bench.told('path-state').at(-1)!;
  assert.equal([states.uplink, states.state, states.reason], ['cellular', 'dead', 'router-lost']);
});

test('it is usable again when probes are answered', () => {
  const bench = registered();
  bench.handle({ type: 'uplinks', uplinks: uplinks(bench, { routerLost: true }) });
  bench.settle(bench.sent.slice(-1));
  for (let turn = 0; turn < 30; turn++) {
    const before = probes(bench).length;
    bench.run(100);
    for (const { packet } of probes(bench).slice(before)) bench.icmp(echoReplyTo(packet));
  }
  bench.settle(bench.sent.slice(-1));
  assert.equal(bench.states(), ['active', 'active', 'down']);
});

test('without probes the router’s return is what counts', () => {
  const bench = new HomeBench();
  bench.uplinks(first, second, null);
  bench.settle(bench.sent.slice());
  bench.run(1500);
  bench.handle({ type: 'uplinks', uplinks: uplinks(bench, { routerLost: true }) });
  assert.equal(bench.states(), ['dead', 'active', 'down']);
  bench.settle(bench.sent.slice(-1));
  bench.settle(bench.updates(() => bench.handle({ type: 'uplinks', uplinks: uplinks(bench, {}) })));
  assert.equal(bench.states(), ['active', 'active', 'down']);
});

test('[6275-7.3-03, 6275-7.5-01, 3963-5.6-05] a router that breaks its promise to advertise itself is asked for, and the path is probed at once', () => {
  const bench = registered();
  bench.icmp(advertisement(ROUTER, 500), 11);
  bench.run(1400);
  assert.equal(solicitations(bench), []);
  const before = probes(bench).length;
  bench.run(150);
  assert.equal(
    solicitations(bench).map(({ interfaceIndex }) => interfaceIndex),
    [11],
  );
  assert.ok(
    probes(bench)
      .slice(before)
      .some(({ packet }) => packet.source === first),
  );
  bench.run(5000);
  assert.is(solicitations(bench).length, 1, 'it is asked for once');
});

test('[6275-7.3-03] every advertisement renews the promise; one without the option ends it', () => {
  const bench = registered();
  for (let turn = 0; turn < 10; turn++) {
    bench.icmp(advertisement(ROUTER, 500), 11);
    bench.run(1000);
  }
  assert.equal(solicitations(bench), []);
  bench.icmp(advertisement(ROUTER), 11);
  bench.run(10_000);
  assert.equal(solicitations(bench), []);
});

test('promises of a router that is not the current one, or of another link, do not count', () => {
  const bench = registered();
  bench.icmp(advertisement(OTHER_ROUTER, 100), 11);
  bench.icmp(advertisement(ROUTER, 100), 12);
  bench.run(2000);
  assert.equal(solicitations(bench), []);
  bench.icmp(advertisement(ROUTER, 100), 11);
  bench.handle({ type: 'uplinks', uplinks: uplinks(bench, { gateway: OTHER_ROUTER }) });
  bench.run(2000);
  assert.equal(solicitations(bench), [], 'the router has changed');
});

test('[6275-7.3-04] the interval is taken from Router Advertisements alone', () => {
  const bench = registered();
  const options = [{ type: NeighborOptionType.advertisementInterval, intervalMs: 100 }] as const;
  const { routerAdvertisement: _, ...others } = Icmpv6Type;
  for (const type of [others.routerSolicitation, others.neighborSolicitation, others.neighborAdvertisement]) {
    const message = { type, flags: 0, targetAddress: ROUTER, options } as Icmpv6Packet['message'];
    bench.icmp({ ...advertisement(ROUTER), message }, 11);
  }
  bench.run(5000);
  assert.equal(solicitations(bench), []);
});

test.run();
