import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import { hostPrefix } from '../../../../src/bytes/prefix.ts';
import { Encapsulation, type ForwardingTable, SelectionMode, type Tunnel } from '../../../../src/forwarding/table.ts';
import { tableProblem } from '../../../../src/forwarding/table-problem.ts';
import {
  AGENT,
  bindingUpdate,
  bulkUpdate,
  CARE_OF,
  Flag,
  HOME,
  HomeAgentBench,
  identifier,
  mobileNode,
  NETWORK,
  OTHER_HOME,
  OTHER_NETWORK,
} from '../../../lib/engines.ts';

const tunnelsOf = (bench: HomeAgentBench): readonly Tunnel[] => bench.agent.forwarding(bench.nowMs).tunnels;
const tableOf = (bench: HomeAgentBench): ForwardingTable => ({
  side: 'home-agent',
  icmpSource: AGENT,
  interfaces: [],
  ...bench.agent.forwarding(bench.nowMs),
});
const tunnelTo = (bench: HomeAgentBench, n: number) =>
  tunnelsOf(bench).find(({ outerDestination }) => outerDestination === CARE_OF[n]);

test('[6275-10.4.2-02, 3963-6.4-01, 5648-7-01] each binding is a tunnel from the agent to its care-of address, all of a home address in one group', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1, 2]));
  const { tunnels, groups } = bench.agent.forwarding(bench.nowMs);
  assert.equal(
    tunnels.map(({ id, ...tunnel }) => tunnel),
    [1, 2].map((n) => ({
      encapsulation: Encapsulation.ipv6,
      outerSource: AGENT,
      outerDestination: CARE_OF[n]!,
      sourcePort: 0,
      destinationPort: 0,
      interfaceIndex: 0,
      pathMtuBytes: 1500,
      usable: true,
    })),
  );
  assert.is(groups.length, 1);
  const [group] = groups;
  assert.equal(
    group?.tunnels.map(({ tunnelId }) => tunnelId),
    tunnels.map(({ id }) => id),
  );
  assert.equal(group?.prefixes, [hostPrefix(HOME), NETWORK, OTHER_NETWORK]);
});

test('the downlink of a group follows the way that the mobile router sends by', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1, 2]));
  assert.is(bench.agent.forwarding(bench.nowMs).groups[0]?.mode, SelectionMode.follow);
});

test('two identifiers of one care-of address make one tunnel, which stays until both are gone', () => {
  const bench = new HomeAgentBench();
  const options = [1, 2].map((bid) => identifier(bid, { careOfAddress: CARE_OF[1]! }));
  bench.answer(bindingUpdate(1, { options }));
  assert.is(tableProblem(tableOf(bench)), undefined);
  assert.equal(
    tunnelsOf(bench).map(({ outerDestination }) => outerDestination),
    [CARE_OF[1]],
  );
  bench.answer(bindingUpdate(2, { lifetimeSeconds: 0, options: [identifier(1)] }));
  assert.is(tableProblem(tableOf(bench)), undefined);
  assert.ok(tunnelTo(bench, 1));
  bench.answer(bindingUpdate(3, { lifetimeSeconds: 0, options: [identifier(2)] }));
  assert.equal(tunnelsOf(bench), []);
});

test('home addresses have groups of their own', () => {
  const tram = mobileNode({ homeAddress: OTHER_HOME, prefixes: [OTHER_NETWORK] });
  const bench = new HomeAgentBench({ mobileNodes: [mobileNode({ prefixes: [NETWORK] }), tram] });
  bench.answer(bulkUpdate(1, [1, 2]));
  bench.answer(bulkUpdate(1, [1, 3], { homeAddress: OTHER_HOME }));
  const { tunnels, groups } = bench.agent.forwarding(bench.nowMs);
  assert.is(new Set(tunnels.map(({ id }) => id)).size, 4);
  assert.is(new Set(groups.map(({ id }) => id)).size, 2);
  assert.equal(
    groups.map(({ prefixes }) => prefixes),
    [
      [hostPrefix(HOME), NETWORK],
      [hostPrefix(OTHER_HOME), OTHER_NETWORK],
    ],
  );
  const owned = groups.flatMap(({ tunnels: own }) => own.map(({ tunnelId }) => tunnelId));
  assert.equal(
    owned.sort((a, b) => a - b),
    tunnels.map(({ id }) => id).sort((a, b) => a - b),
  );
});

test('[3963-B.1-01] a binding keeps its tunnel when its care-of address changes, so that flows stay with it', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1, 2]));
  const before = tunnelTo(bench, 2);
  const version = bench.agent.forwardingVersion;
  bench.answer(bindingUpdate(2, { options: [identifier(2, { careOfAddress: CARE_OF[9]! })] }));
  assert.is(tunnelTo(bench, 2), undefined);
  assert.equal(tunnelTo(bench, 9), { ...before, outerDestination: CARE_OF[9] });
  assert.is.not(bench.agent.forwardingVersion, version);
});

test('[3963-6.7-01] a tunnel goes with its binding, the others stay', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1, 2, 3]));
  const kept = [tunnelTo(bench, 1), tunnelTo(bench, 3)];
  bench.answer(bindingUpdate(2, { lifetimeSeconds: 0, options: [identifier(2)] }));
  assert.equal(tunnelsOf(bench), kept);
  bench.answer(bindingUpdate(3, { lifetimeSeconds: 0 }));
  assert.equal(bench.agent.forwarding(bench.nowMs), { tunnels: [], groups: [] });
});

test('a refresh changes nothing of what is forwarded', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1, 2]));
  const version = bench.agent.forwardingVersion;
  bench.answer(bulkUpdate(2, [1, 2]));
  bench.answer(bindingUpdate(2));
  assert.is(bench.agent.forwardingVersion, version);
});

test('expiry changes what is forwarded', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1]));
  const version = bench.agent.forwardingVersion;
  bench.run(60_000);
  assert.is.not(bench.agent.forwardingVersion, version);
  assert.equal(tunnelsOf(bench), []);
});

test('a home address is bound to its own registered care-of addresses and to no other', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1, 2]));
  bench.answer(bindingUpdate(1, { homeAddress: OTHER_HOME, flags: Flag.homeRegistration, source: CARE_OF[3]! }));
  assert.is(bench.agent.hasBinding(HOME, CARE_OF[1]!), true);
  assert.is(bench.agent.hasBinding(HOME, CARE_OF[2]!), true);
  assert.is(bench.agent.hasBinding(HOME, CARE_OF[3]!), false);
  assert.is(bench.agent.hasBinding(OTHER_HOME, CARE_OF[3]!), true);
  assert.is(bench.agent.hasBinding(OTHER_HOME, CARE_OF[1]!), false);
  bench.run(60_000);
  assert.is(bench.agent.hasBinding(HOME, CARE_OF[1]!), false);
});

test('a Packet Too Big lowers the MTU of its tunnel for ten minutes', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1, 2], { lifetimeSeconds: 600 }));
  const version = bench.agent.forwardingVersion;
  bench.handle({ type: 'packet-too-big', local: AGENT, remote: CARE_OF[2]!, mtuBytes: 1400 });
  assert.equal(
    tunnelsOf(bench).map(({ pathMtuBytes }) => pathMtuBytes),
    [1500, 1400],
  );
  assert.is.not(bench.agent.forwardingVersion, version);
  bench.run(300_000);
  bench.answer(bulkUpdate(2, [1, 2], { lifetimeSeconds: 600 }));
  bench.run(299_999);
  assert.is(tunnelTo(bench, 2)?.pathMtuBytes, 1400);
  bench.run(1);
  assert.is(tunnelTo(bench, 2)?.pathMtuBytes, 1500);
});

test('a Packet Too Big about a packet that the agent cannot have sent is no business of its', () => {
  const bench = new HomeAgentBench();
  bench.answer(bulkUpdate(1, [1]));
  const version = bench.agent.forwardingVersion;
  bench.handle({ type: 'packet-too-big', local: address('2001:db8:5::1'), remote: CARE_OF[1]!, mtuBytes: 1300 });
  assert.is(bench.agent.forwardingVersion, version);
  assert.is(tunnelTo(bench, 1)?.pathMtuBytes, 1500);
});

test('the agent is woken at the ends of lifetimes and hardly more often', () => {
  const bench = new HomeAgentBench();
  for (let number = 1; number <= 180; number++) {
    bench.answer(bulkUpdate(number, [1, 2, 3], { lifetimeSeconds: 120 }));
    bench.run(60_000);
  }
  // Three hours in which nothing expires.
  assert.ok(bench.wakes <= 180, `${bench.wakes} wakes`);
});

test.run();
