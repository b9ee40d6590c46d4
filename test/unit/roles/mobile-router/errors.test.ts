import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address } from '../../../../src/bytes/address.ts';
import { prefix } from '../../../../src/bytes/prefix.ts';
import { Icmpv6Type } from '../../../../src/wire/icmpv6/message.ts';
import { BindingErrorStatus, BindingStatus, MessageType, OptionType } from '../../../../src/wire/mh/numbers.ts';
import { encodeSignalling, type Icmpv6Packet, type MobilityPacket } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  acknowledgementOf,
  CARE_OF,
  dropsIn,
  HOME,
  HOME_PREFIX,
  mobileRouterConfiguration,
  registeredRouter,
  type SentUpdate,
} from '../../../lib/engines.ts';
import { HomeBench } from '../../../lib/engines-home.ts';

const [, first, second] = CARE_OF as [never, Address, Address];
const STRANGER = address('2001:db8:bad::1');

function parameterProblem(code: number, update: SentUpdate, more: Partial<Icmpv6Packet> = {}): Icmpv6Packet {
  return {
    kind: 'icmpv6',
    source: AGENT,
    destination: first,
    message: { type: Icmpv6Type.parameterProblem, code, value: 40, invokingPacket: encodeSignalling(update.packet) },
    ...more,
  };
}

function bindingError(status: number, source = AGENT, homeAddress = HOME): MobilityPacket {
  return {
    kind: 'mobility',
    source,
    destination: first,
    message: { type: MessageType.bindingError, status, homeAddress, options: [] },
  };
}

// --- ICMPv6 errors ---------------------------------------------------------------------------------------------------

test('[6275-11.3.5-01, 6275-11.3.5-02, 6275-11.7.3-08] Parameter Problem code 1 to an update: the agent speaks no Mobile IPv6, and is sent nothing for a while', () => {
  const bench = new HomeBench();
  const [update] = bench.uplinks(first, null, null);
  assert.equal(
    bench.updates(() => bench.icmp(parameterProblem(1, update!))),
    [],
  );
  assert.equal(bench.told('protocol-not-supported'), [
    { type: 'protocol-not-supported', peerAddress: AGENT, what: 'mobility-header' },
  ]);
  assert.equal(bench.wait(9900), [], 'it is not repeated');
  assert.is(bench.wait(200).length, 1, 'the mark is taken away again');
});

test('[6275-11.3.5-01] where others can be found, one of them is', () => {
  const bench = new HomeBench({ homePrefix: HOME_PREFIX });
  const [update] = bench.uplinks(first, null, null);
  bench.icmp(parameterProblem(1, update!));
  assert.is(bench.sentOf(Icmpv6Type.homeAgentAddressDiscoveryRequest).length, 1);
});

test('an error about an update that does not wait for its answer, or was never sent, changes nothing', () => {
  const bench = new HomeBench();
  const [update] = bench.uplinks(first, null, null);
  bench.settle([update!]);
  bench.run(1500);
  assert.equal(dropsIn(bench.icmp(parameterProblem(1, update!))), ['unexpected-message']);
  const [next] = bench.uplinks(first, second, null);
  const forged = { ...next!.packet, destination: STRANGER };
  assert.equal(dropsIn(bench.icmp(parameterProblem(1, { ...next!, packet: forged }))), ['unexpected-message']);
  const cut = { ...parameterProblem(1, next!) };
  const message = {
    ...cut.message,
    invokingPacket: encodeSignalling(next!.packet).subarray(0, 47),
  } as Icmpv6Packet['message'];
  assert.equal(bench.icmp({ ...cut, message }), []);
  assert.equal(bench.told('protocol-not-supported'), []);
  assert.ok(bench.wait(1500).length > 0, 'the update goes on');
});

test('[6275-11.3.5-05] Parameter Problem code 2, about the Home Address option, is told and then forgotten', () => {
  const bench = new HomeBench();
  const [update] = bench.uplinks(first, null, null);
  bench.icmp(parameterProblem(2, update!));
  assert.equal(bench.told('protocol-not-supported'), [
    { type: 'protocol-not-supported', peerAddress: AGENT, what: 'home-address-option' },
  ]);
  assert.is(bench.wait(1500).length, 1, 'the update goes on');
});

test('[6275-11.3.5-03] no error of any kind makes a binding', () => {
  const bench = new HomeBench();
  const [update] = bench.uplinks(first, null, null);
  for (const type of [1, 3, 4] as const) {
    for (const code of [0, 1, 2, 3, 4]) {
      const problem = parameterProblem(code, update!);
      bench.icmp({ ...problem, message: { ...problem.message, type } as Icmpv6Packet['message'] });
      assert.equal(bench.router.status(bench.nowMs).homes[0]!.bindings, []);
      assert.equal(bench.usable(), []);
    }
  }
});

// --- Binding Errors --------------------------------------------------------------------------------------------------

test('[6275-11.3.6-01] a Binding Error of anyone but the home agent is ignored', () => {
  const bench = registeredRouter([1, 2]);
  for (const status of Object.values(BindingErrorStatus)) {
    assert.equal(dropsIn(bench.receive(bindingError(status, STRANGER))), ['not-from-home-agent']);
  }
});

test('[6275-11.3.6-05] Binding Error 2 while no answer is awaited is ignored', () => {
  const bench = registeredRouter([1, 2]);
  const before = bench.sent.length;
  assert.equal(dropsIn(bench.receive(bindingError(BindingErrorStatus.unrecognizedMessageType))), [
    'unexpected-message',
  ]);
  assert.is(bench.sent.length, before);
});

test('[6275-11.3.6-06] Binding Error 2 while an answer is awaited: the agent does not know the message, and is left alone for a while', () => {
  const bench = new HomeBench();
  bench.uplinks(first, null, null);
  bench.receive(bindingError(BindingErrorStatus.unrecognizedMessageType));
  assert.equal(bench.wait(9900), []);
  assert.is(bench.wait(200).length, 1);
});

// --- statuses that concern one care-of address or the kind of registration -------------------------------------------

test('status 174: the care-of address is left out for five minutes, the others go on', () => {
  const bench = registeredRouter([1]);
  const [update] = bench.uplinks(first, second, null);
  assert.equal(bench.acknowledge(update!, { statuses: { 2: BindingStatus.invalidCareOfAddress } }), []);
  for (let seconds = 0; seconds < 299; seconds++) {
    const updates = bench.wait(1000);
    assert.ok(updates.every(({ bids }) => bids.join() === '1'));
    bench.settle(updates);
  }
  assert.equal(bench.usable(), [1]);
  const later = bench.wait(1500).filter((sent) => sent.bids.includes(2));
  assert.is(later.length, 1, 'then it is tried again');
});

test('[3963-5.2-04] status 139: what the agent has is of another type, so it is all removed, and registered anew with the same flags', () => {
  const bench = new HomeBench();
  const [update] = bench.uplinks(first, null, null);
  const [removal] = bench.acknowledge(update!, { status: BindingStatus.registrationTypeChangeDisallowed });
  assert.equal([removal!.lifetimeSeconds, removal!.bids], [0, []]);
  bench.acknowledge(removal!, { lifetimeSeconds: 0 });
  const [again] = bench.wait(10_000);
  assert.equal([again!.lifetimeSeconds, again!.overwrites], [120, true]);
  assert.is(again!.flags, update!.flags);
});

test('[3963-5.2-04, 3963-5.1-02] the R flag of a home address is the same in every update, whatever is registered, refreshed or removed', () => {
  for (const prefixes of [[], [prefix('2001:db8:2:1::/64')]]) {
    const bench = registeredRouter([1, 2], { prefixes });
    bench.uplinks(CARE_OF[8]!, null, CARE_OF[3]!);
    bench.settle(bench.wait(300_000), { flags: prefixes.length > 0 ? 0x40 : 0 });
    bench.handle({ type: 'shutdown' });
    const flags = new Set(bench.sent.map((sent) => sent.flags & 0x0400));
    assert.equal([...flags], [prefixes.length > 0 ? 0x0400 : 0]);
  }
});

// --- lifetimes and time-outs -----------------------------------------------------------------------------------------

test('[6275-11.7.1-11] the lifetime asked for is at most what remains of the care-of address', () => {
  const bench = new HomeBench();
  bench.uplinks(null, null, null);
  const [uplink] = bench.observed();
  const uplinks = [{ ...uplink!, careOfAddress: first, validUntilMs: bench.nowMs + 30_500 }];
  const [update] = bench.updates(() => bench.handle({ type: 'uplinks', uplinks }));
  assert.is(update!.lifetimeSeconds, 28);
});

test('[6275-13-02] the first time-out is what the configuration says', () => {
  const bench = new HomeBench({ firstRegistrationTimeoutMs: 2500 });
  const [update] = bench.uplinks(first, null, null);
  const [again, third] = bench.wait(10_000);
  assert.equal([again!.atMs - update!.atMs, third!.atMs - again!.atMs], [2500, 5000]);
  assert.is(mobileRouterConfiguration().firstRegistrationTimeoutMs, 1500);
});

test('[6275-6.1.7-03, 6275-6.1.7-04, 6275-11.7.1-09] the K flag is never set: there is no key management', () => {
  const bench = registeredRouter([1, 2, 3]);
  bench.wait(200_000);
  bench.handle({ type: 'shutdown' });
  for (const { flags } of bench.sent) assert.is(flags & 0x1000, 0);
});

test('[6275-6.1-01, 6275-6.1-02, 6275-11.3.1-12] no update has a routing header, each has its Home Address option, and leaves by the interface that has its source', () => {
  const bench = registeredRouter([1, 2, 3], { registration: 'individual' });
  bench.uplinks(CARE_OF[7]!, second, null);
  bench.wait(200_000);
  for (const { packet, interfaceIndex } of bench.sent) {
    assert.not('routing2' in packet);
    assert.is(packet.homeAddress, HOME);
    const uplink = bench.observed().find(({ interfaceIndex: index }) => index === interfaceIndex);
    assert.ok([...CARE_OF].includes(packet.source));
    assert.ok(uplink);
  }
});

test('[6275-11.7.2-07, 6275-11.5.4-02] whatever is registered is a care-of address of that moment, in a home registration that asks for an answer', () => {
  const bench = registeredRouter([1, 2, 3]);
  for (const careOf of [
    [4, 2, 3],
    [4, null, 3],
    [null, 5, null],
    [6, 5, 7],
  ] as const) {
    const addresses = careOf.map((number) => (number === null ? null : CARE_OF[number]!));
    const before = bench.sent.length;
    bench.settle(bench.uplinks(...addresses));
    bench.run(1100);
    for (const update of bench.sent.slice(before)) {
      assert.is(update.flags & 0xc000, 0xc000);
      assert.ok(addresses.includes(update.packet.source));
      if (update.lifetimeSeconds === 0) continue;
      for (const [, careOfAddress] of careOfAddresses(update)) assert.ok(addresses.includes(careOfAddress!));
    }
  }
});

test('[6275-6.4-01, 6275-11.3.3-02, 6275-11.3.3-03] an acknowledgement is for the home address in its routing header: of another, or of a smaller scope, it is dropped', () => {
  const bench = new HomeBench();
  const [update] = bench.uplinks(first, null, null);
  const right = acknowledgementOf(update!.packet);
  for (const text of ['fe80::2', '2001:db8:1:f::3', '::1', 'ff02::1']) {
    assert.equal(dropsIn(bench.receive({ ...right, routing2: address(text) })), ['not-for-this-node'], text);
  }
  assert.equal(bench.usable(), []);
  bench.receive(right);
  assert.equal(bench.usable(), [1]);
});

test('[6275-6.4.1-03] no routing header that came is ever sent back', () => {
  const bench = registeredRouter([1, 2]);
  bench.settle(bench.wait(200_000));
  bench.receive({
    ...acknowledgementOf(bench.sent.at(-1)!.packet),
    message: { type: MessageType.bindingRefreshRequest, options: [] },
  });
  assert.ok(bench.sent.length > 3);
  assert.ok(bench.sent.every(({ packet }) => packet.routing2 === undefined));
});

test('[6275-11.1-01] the Binding Update List has an entry per home address and BID: care-of address, lifetimes, numbers and times', () => {
  const bench = registeredRouter([1, 2]);
  const sentMs = bench.nowMs - 1500;
  const { homes, sequenceNumber } = bench.router.status(bench.nowMs);
  assert.equal(
    homes[0]!.bindings.map(({ bid, careOfAddress, remainingSeconds }) => [bid, careOfAddress, remainingSeconds]),
    [
      [1, first, 120 - (bench.nowMs - sentMs) / 1000],
      [2, second, 120 - (bench.nowMs - sentMs) / 1000],
    ],
  );
  assert.is(sequenceNumber, bench.sent.at(-1)!.sequenceNumber);
});

test('[5648-2-02, 5648-5.2-04] nothing of the router ever goes to anyone but its home agent', () => {
  const bench = registeredRouter([1, 2, 3]);
  bench.uplinks(null, second, null);
  bench.wait(200_000);
  assert.ok(bench.sent.every(({ packet }) => packet.destination === AGENT));
});

test('[5648-5.1-01, 5648-5.1-03, 5648-5.2-02] a single care-of address has a BID, too, and keeps it when there are more; each stands in its option', () => {
  const bench = new HomeBench();
  const [update] = bench.uplinks(null, second, null);
  assert.equal(careOfAddresses(update!), [[2, second]]);
  bench.settle([update!]);
  bench.run(1500);
  bench.settle(bench.uplinks(first, second, null));
  bench.run(1500);
  for (const refresh of bench.wait(100_000)) {
    for (const [bid, careOfAddress] of careOfAddresses(refresh)) assert.is(careOfAddress, CARE_OF[bid as number]);
  }
  assert.equal(
    bench.router.status(bench.nowMs).homes[0]!.bindings.map(({ bid }) => bid),
    [1, 2],
  );
});

function careOfAddresses({ options }: SentUpdate): [number, Address | undefined][] {
  return options.flatMap((option) =>
    option.type === OptionType.bindingIdentifier ? [[option.bid, option.careOfAddress] as [number, Address]] : [],
  );
}

test('[5648-4.3-04] no uplink and no home ever gets BID 0', () => {
  const bench = registeredRouter([1, 2, 3]);
  bench.wait(200_000);
  assert.ok(bench.sent.every(({ bids }) => !bids.includes(0)));
});

test.run();
