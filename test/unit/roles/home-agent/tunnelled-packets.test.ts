// What a home agent's bindings mean to the packets that come out of its tunnels, or would go into them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address } from '../../../../src/bytes/address.ts';
import { linkLocalOf } from '../../../../src/bytes/special-addresses.ts';
import { type ForwardingResult, ReferenceForwarder } from '../../../../src/forwarding/reference.ts';
import { Icmpv6Type } from '../../../../src/wire/icmpv6/numbers.ts';
import { encodeSignalling } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  bindingUpdate,
  bulkUpdate,
  CARE_OF,
  Flag,
  HOME,
  HomeAgentBench,
  ROUTER_FLAGS,
} from '../../../lib/engines.ts';
import { UPSTREAM_INDEX } from '../../../lib/home-link.ts';

const SERVER = address('2001:db8:5::2');
const IN_VEHICLE = address('2001:db8:2:1::7');
const STRANGER = address('2001:db8:66::6');
const IPV6 = 41;

/** The forwarder with the table of an agent that has these bindings. */
function forwarderOf(bench: HomeAgentBench): ReferenceForwarder {
  const forwarder = new ReferenceForwarder();
  const { tunnels, groups } = bench.agent.forwarding(bench.nowMs);
  forwarder.apply({ side: 'home-agent', icmpSource: AGENT, interfaces: [UPSTREAM_INDEX], tunnels, groups });
  return forwarder;
}

function bound(flags = ROUTER_FLAGS): ReferenceForwarder {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1, 2], { flags }));
  return forwarderOf(bench);
}

function echo(source: Address, destination: Address): Uint8Array {
  const message = { type: Icmpv6Type.echoRequest, identifier: 1, sequenceNumber: 1, data: new Uint8Array(8) } as const;
  return encodeSignalling({ kind: 'icmpv6', source, destination, message });
}

/** A Multicast Listener Report, as far as its addresses go. */
const report = encodeSignalling({
  kind: 'icmpv6',
  source: linkLocalOf(HOME),
  destination: address('ff02::16'),
  message: { type: 'unknown', icmpv6Type: 143, code: 0, data: new Uint8Array(4) },
});

function fromTunnel(forwarder: ReferenceForwarder, inner: Uint8Array, careOfAddress = CARE_OF[1]!): ForwardingResult {
  const outer = { kind: 'other', source: careOfAddress, destination: AGENT, protocol: IPV6, payload: inner } as const;
  return forwarder.inbound(encodeSignalling(outer), 0);
}

const reasonOf = (result: ForwardingResult) => (result.kind === 'drop' ? result.reason : result.kind);

test('[3963-9-05] what comes out of a tunnel is from its home address or its networks', () => {
  const forwarder = bound();
  for (const source of [HOME, IN_VEHICLE]) assert.is(fromTunnel(forwarder, echo(source, SERVER)).kind, 'deliver');
  for (const source of [STRANGER, SERVER, address('2001:db8:1:f::3')]) {
    assert.is(reasonOf(fromTunnel(forwarder, echo(source, SERVER))), 'wrongInnerAddress');
  }
});

test('any registered care-of address brings packets, no other does', () => {
  const forwarder = bound();
  for (const careOf of [CARE_OF[1]!, CARE_OF[2]!]) {
    assert.is(fromTunnel(forwarder, echo(HOME, SERVER), careOf).kind, 'deliver');
  }
  assert.is(reasonOf(fromTunnel(forwarder, echo(HOME, SERVER), CARE_OF[3]!)), 'unknownTunnel');
});

test('[6275-5.5-03] a link-local source in a tunnel is attributed to nobody', () => {
  for (const flags of [ROUTER_FLAGS, ROUTER_FLAGS | Flag.linkLocalCompatibility]) {
    assert.is(reasonOf(fromTunnel(bound(flags), echo(linkLocalOf(HOME), SERVER))), 'wrongInnerAddress');
  }
});

test('[6275-10.4.3-04] Multicast Listener Discovery in a tunnel is ignored without a word', () => {
  assert.is(fromTunnel(bound(), report).kind, 'drop');
});

test('[6275-10.4.2-06] multicast of link-local scope does not enter a tunnel', () => {
  const forwarder = bound();
  assert.is(forwarder.outbound(echo(SERVER, address('ff02::1')), 0).kind, 'drop');
  assert.is(forwarder.outbound(echo(SERVER, linkLocalOf(HOME)), 0).kind, 'drop');
  assert.is(forwarder.outbound(echo(SERVER, HOME), 0).kind, 'send');
});

test('without a binding nothing is carried either way', () => {
  const bench = new HomeAgentBench();
  bench.answer(bindingUpdate(1));
  bench.answer(bindingUpdate(2, { lifetimeSeconds: 0 }));
  const forwarder = forwarderOf(bench);
  assert.is(forwarder.outbound(echo(SERVER, HOME), 0).kind, 'drop');
  assert.is(fromTunnel(forwarder, echo(HOME, SERVER)).kind, 'drop');
});

test.run();
