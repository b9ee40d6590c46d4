import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import { parseHex } from '../../../../src/bytes/hex.ts';
import { formatPrefix, prefix } from '../../../../src/bytes/prefix.ts';
import { Secret } from '../../../../src/bytes/secret.ts';
import type { MobileNodeConfiguration } from '../../../../src/config/configuration.ts';
import type { RoleAction } from '../../../../src/roles/action.ts';
import { unsignedAuthentication } from '../../../../src/wire/mh/authentication.ts';
import { encodeSignalling, type MobilityPacket } from '../../../../src/wire/signalling.ts';
import { decodePacket, KEY, ntp, OTHER_KEY, replayProtection, SPI, sign } from '../../../lib/authenticated.ts';
import {
  acknowledgementIn,
  bindingUpdate,
  bulkUpdate,
  dropsIn,
  Flag,
  mobileNode,
  NETWORK,
  OTHER_HOME,
  OTHER_NETWORK,
  packetsIn,
  ROUTER_FLAGS,
} from '../../../lib/engines.ts';
import {
  ANY_ADDRESS,
  anyPrefix,
  BEHIND_NAT,
  IPV4_CARE_OF,
  IPV4_HOME,
  Ipv4Bench,
  type Ipv4UpdateParts,
  ipv4CareOf,
  ipv4Home,
  ipv4Registration,
  ipv4Statuses,
  ipv4Update,
  NAT,
  natDetectionIn,
  natRegistration,
  OTHER_IPV4_HOME,
  STATIC_NODES,
} from '../../../lib/engines-ipv4.ts';
import { WALL_CLOCK_MS } from '../../../lib/services.ts';

const ATTACKER = IPV4_CARE_OF[4]!;

const authentication: MobileNodeConfiguration['authentication'] = {
  spi: SPI,
  key: new Secret(parseHex(KEY)!),
  replayWindowSeconds: 7,
  prefixDiscovery: false,
};
const authenticatedBench = () =>
  new Ipv4Bench({}, { mobileNodes: STATIC_NODES.map((node) => ({ ...node, authentication })) });

/** Signs an update in IPv4: what is outside is not covered. */
function signed(packet: MobilityPacket, key = KEY, ms = WALL_CLOCK_MS + 100): MobilityPacket {
  const { outer, message, ...inner } = packet;
  if (!('options' in message)) throw new TypeError('no options');
  const options = [...message.options, replayProtection(ntp(ms)), unsignedAuthentication(SPI)];
  const bytes = encodeSignalling({ ...inner, message: { ...message, options } } as MobilityPacket, { sign: sign(key) });
  return { ...decodePacket(bytes), outer: outer! };
}

const from = (source = NAT, port = 40_123, parts: Ipv4UpdateParts = {}) =>
  natRegistration(1, 2, { from: source, port, ...parts });

function statusOf(actions: readonly RoleAction[]): number {
  return acknowledgementIn(actions).status;
}

test('[5555-5.1-06, 5555-4.2-01] an authentic update through a NAT, which cannot break what is authenticated, is accepted', () => {
  const bench = authenticatedBench();
  assert.is(statusOf(bench.receive(signed(from()))), 0);
  assert.equal(bench.outers(), { 2: 'udp 203.0.113.200:40123 NAT' });
});

test('a replay from another outer source moves nothing', () => {
  const bench = authenticatedBench();
  const update = signed(from());
  bench.receive(update);
  const ports = { source: 6666, destination: 4191 };
  const actions = bench.receive({ ...update, outer: { ...update.outer!, source: ATTACKER, ports } });
  assert.equal(dropsIn(actions), ['timestamp-invalid']);
  assert.is(statusOf(actions), 144);
  assert.equal(packetsIn(actions)[0]?.outer?.destination, ATTACKER);
  assert.equal(bench.outers(), { 2: 'udp 203.0.113.200:40123 NAT' });
});

test('neither does one without authentication, by its sequence number', () => {
  const bench = new Ipv4Bench();
  bench.receive(from());
  const actions = bench.receive(from(ATTACKER, 6666));
  assert.is(statusOf(actions), 135);
  assert.equal(bench.outers(), { 2: 'udp 203.0.113.200:40123 NAT' });
});

test('[5555-4.4.2-04] who does not have the key moves nothing, and learns where to no more than one answer in a while leads', () => {
  const bench = authenticatedBench();
  bench.receive(signed(from()));
  let answers = 0;
  for (let n = 0; n < 1000; n++) {
    const actions = bench.receive(signed(from(ATTACKER, 1000 + n), OTHER_KEY, WALL_CLOCK_MS + 200));
    answers += packetsIn(actions).length;
  }
  assert.is(answers, 5);
  assert.equal(bench.outers(), { 2: 'udp 203.0.113.200:40123 NAT' });
});

test('failures of one IPv4 address do not silence the agent to another one, nor to a node registered behind the same', () => {
  const bench = authenticatedBench();
  const at = (n: number) => WALL_CLOCK_MS + 1000 * n;
  bench.receive(signed(from()));
  for (let n = 0; n < 300; n++) bench.receive(signed(from(NAT, 50_000), OTHER_KEY));
  assert.equal(dropsIn(bench.receive(signed(from(NAT, 50_000), KEY, at(1)))), ['too-many-failures']);
  assert.is(statusOf(bench.receive(signed(from(NAT, 40_123), KEY, at(2)))), 0);
  assert.is(statusOf(bench.receive(signed(from(ATTACKER), KEY, at(3)))), 0);
});

test('a forged IPv4 Care-of Address option leads no packet to who is named in it', () => {
  const bench = new Ipv4Bench();
  const victim = IPV4_CARE_OF[3]!;
  const acknowledgement = bench.answer(ipv4Update(1, { from: ATTACKER, options: [ipv4CareOf(victim)] }));
  assert.equal(natDetectionIn(acknowledgement), [false, 110]);
  assert.ok(bench.agent.forwarding(bench.nowMs).tunnels.every(({ outerDestination }) => outerDestination === ATTACKER));
  // Behind a NAT the node may also say that there is none.
  bench.answer(ipv4Update(2, { from: NAT, options: [ipv4CareOf(NAT), ipv4CareOf(BEHIND_NAT)] }));
  assert.ok(bench.agent.forwarding(bench.nowMs).tunnels.every(({ outerDestination }) => outerDestination === NAT));
});

test('[5555-4.5-07, 5555-5-01] nobody gets what is another node’s, by whatever option', () => {
  const bench = authenticatedBench();
  const texts = ['198.51.100.8', '198.51.100.80/28', '198.51.100.8/31', '198.51.100.0/24', '198.51.100.81'];
  const options = texts.flatMap((text) => [ipv4Home(text), ipv4Home(text, true)]);
  const acknowledgement = acknowledgementIn(bench.receive(signed(from(NAT, 40_123, { options }))));
  assert.is(acknowledgement.status, 0);
  assert.ok(ipv4Statuses(acknowledgement).every((text) => /^13[03] .*\/0$/.test(text)));
  const { groups } = bench.agent.forwarding(bench.nowMs);
  assert.ok(groups.every(({ prefixes }) => prefixes.every(({ address }) => address.length === 16)));
});

test('a care-of address that leads back to the home address through IPv4 home addresses is refused with status 174', () => {
  const bench = new Ipv4Bench();
  const home = (text: string) => [ipv4Home(text)];
  // HOME is at OTHER_HOME's IPv4 home address; then OTHER_HOME cannot be at HOME's.
  bench.answer(ipv4Update(1, { from: OTHER_IPV4_HOME, options: home('198.51.100.7') }));
  const back = ipv4Update(1, { homeAddress: OTHER_HOME, from: IPV4_HOME, options: home('198.51.100.8') });
  assert.is(bench.answer(back).status, 174);
  assert.is(bench.answer(ipv4Update(2, { from: IPV4_HOME })).status, 174);
  assert.is(
    bench.answer(ipv4Registration(3, 1, { from: IPV4_HOME, flags: ROUTER_FLAGS | Flag.overwrite })).status,
    174,
  );
  assert.is(bench.answer(ipv4Update(2, { homeAddress: OTHER_HOME, from: NAT })).status, 0);
});

test('nor can it lead back through leased ones, or through IPv6 and IPv4 in turn', () => {
  const mobileNodes = [
    mobileNode({ prefixes: [NETWORK] }),
    mobileNode({ name: 'tram', homeAddress: OTHER_HOME, prefixes: [OTHER_NETWORK] }),
  ];
  const bench = new Ipv4Bench({}, { mobileNodes });
  bench.answer(bulkUpdate(1, [1], { options: [ANY_ADDRESS] }));
  const [leased] = bench.ipv4Of()!;
  assert.is(leased, '198.51.100.2');
  assert.is(bench.answer(ipv4Update(1, { homeAddress: OTHER_HOME, from: address('198.51.100.2') })).status, 0);
  assert.is(bench.answer(bindingUpdate(2, { source: OTHER_HOME })).status, 174);
  assert.is(bench.answer(bulkUpdate(3, [1])).status, 0);
});

test('updates that name ever other addresses and prefixes leave nothing behind', () => {
  const tram = mobileNode({ name: 'tram', homeAddress: OTHER_HOME, prefixes: [OTHER_NETWORK] });
  const pools = { homePrefixes: [prefix('198.51.100.0/29')], prefixPools: [prefix('198.51.100.128/28')] };
  const bench = new Ipv4Bench(pools, { mobileNodes: [mobileNode({ prefixes: [NETWORK] }), tram] });
  for (let n = 1; n < 250; n++) {
    const options = [ipv4Home(`198.51.100.${n}`), ipv4Home(`198.51.100.${n}/30`)];
    bench.answer(bulkUpdate(n, [1], { options }));
  }
  // It has leased what it would get: one address and one prefix.
  assert.equal(bench.agent.forwarding(bench.nowMs).groups[0]?.prefixes.map(formatPrefix), [
    '2001:db8:1:f::2/128',
    '2001:db8:2:1::/64',
  ]);
  const granted = Array.from({ length: 3 }, (_, n) =>
    ipv4Statuses(
      bench.answer(bulkUpdate(n + 1, [1], { homeAddress: OTHER_HOME, options: [ANY_ADDRESS, anyPrefix(29)] })),
    ),
  );
  assert.equal(new Set(granted.map((texts) => texts.join())), new Set(['0 198.51.100.3/32,0 198.51.100.136/29']));
});

test.run();
