import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, IPV6_UNSPECIFIED } from '../../../src/bytes/address.ts';
import { MessageType } from '../../../src/wire/mh/numbers.ts';
import {
  encodeSignalling,
  type MobilityPacket,
  type OtherPacket,
  type SignallingPacket,
} from '../../../src/wire/signalling.ts';
import {
  AGENT,
  acknowledgementOf,
  bindingUpdate,
  bulkUpdate,
  CARE_OF,
  HOME,
  identifier,
  OTHER_HOME,
} from '../../lib/engines.ts';
import {
  AGENT_CONFIGURATION,
  NETWORK_OF_A_ROUTER,
  ROUTER_CONFIGURATION,
  StackBench,
  sentIn,
  stackEventsIn,
  tablesIn,
} from '../../lib/engines-stack.ts';
import { withChecksum } from '../../lib/wire.ts';
import { mutate, Random } from '../../lib/wire-mutations.ts';

const [, first, second, third] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0], (typeof CARE_OF)[0]];

function agentWithBindings(): StackBench {
  const bench = new StackBench(AGENT_CONFIGURATION);
  bench.receive(bulkUpdate(1, [1, 2]));
  return bench;
}

/** A packet of another protocol with a Home Address option. */
function dataPacket(source: typeof first, homeAddress = HOME): OtherPacket {
  return { kind: 'other', source, destination: AGENT, homeAddress, protocol: 17, payload: new Uint8Array(8) };
}

const unknownMessage = (more: Partial<MobilityPacket> = {}): MobilityPacket => ({
  kind: 'mobility',
  source: first,
  destination: AGENT,
  message: { type: 'unknown', messageType: 99, data: new Uint8Array(2) },
  ...more,
});

const tooBig = (quoted: Uint8Array): SignallingPacket => ({
  kind: 'icmpv6',
  source: address('2001:db8:99::1'),
  destination: AGENT,
  message: { type: 2, code: 0, value: 1380, invokingPacket: quoted },
});

/** A Binding Update's Mobility Header of so many octets, with one of them changed and the checksum put right. */
function damagedUpdate(at: number, value: number, octets = 16): Uint8Array {
  const packet = encodeSignalling(bindingUpdate(1, { homeAddress: null })).slice(0, 40 + octets);
  packet[5] = octets;
  packet[40 + at] = value;
  packet.set(withChecksum(packet.slice(40), 4, 135, first, AGENT), 40);
  return packet;
}

// --- Binding Errors (RFC 6275 §9.3.3) --------------------------------------------------------------------------------

test('[6275-9.2-02, 6275-6.1.9-02, 6275-9.3.3-01, 6275-9.3.3-03, 6275-6.1-01, 6275-6.1-02] a message of unknown type: Binding Error 2 to its source, with the home address that it named or none', () => {
  for (const homeAddress of [undefined, HOME]) {
    const bench = new StackBench(AGENT_CONFIGURATION);
    const packet = unknownMessage(homeAddress === undefined ? {} : { homeAddress });
    assert.equal(bench.answers(packet), [
      {
        kind: 'mobility',
        source: AGENT,
        destination: first,
        message: {
          type: MessageType.bindingError,
          status: 2,
          homeAddress: homeAddress ?? IPV6_UNSPECIFIED,
          options: [],
        },
      },
    ]);
  }
});

test('[6275-9.2-02] a mobile router answers unknown types as well', () => {
  const bench = new StackBench(ROUTER_CONFIGURATION);
  bench.network(...NETWORK_OF_A_ROUTER);
  const [answer] = bench.answers(unknownMessage({ source: AGENT, destination: first }));
  assert.is(
    answer?.kind === 'mobility' && answer.message.type === MessageType.bindingError && answer.message.status,
    2,
  );
});

test('[5648-6.5-02, 5648-6.5-03, 6275-9.3.1-03, 6275-6.1.9-02] a Home Address option from what is no registered care-of address: Binding Error 1', () => {
  const bench = agentWithBindings();
  for (const packet of [dataPacket(third), dataPacket(first, OTHER_HOME)]) {
    const [answer, ...more] = bench.answers(packet);
    assert.equal(more, []);
    assert.equal(answer, {
      kind: 'mobility',
      source: AGENT,
      destination: packet.source,
      message: { type: MessageType.bindingError, status: 1, homeAddress: packet.homeAddress!, options: [] },
    });
  }
});

test('[5648-6.5-01] a Home Address option from any registered care-of address is no reason for an error', () => {
  const bench = agentWithBindings();
  assert.equal(bench.answers(dataPacket(first)), []);
  assert.equal(bench.answers(dataPacket(second)), []);
});

test('[5648-6.5-04] a Binding Update is never answered with a Binding Error, whichever address it comes from', () => {
  const bench = agentWithBindings();
  for (const [number, source] of [
    [2, third],
    [3, CARE_OF[7]!],
    [2, CARE_OF[8]!],
  ] as const) {
    const answers = bench.answers(bulkUpdate(number, [3], { source }));
    assert.equal(
      answers.map((answer) => answer.kind === 'mobility' && answer.message.type),
      [MessageType.bindingAcknowledgement],
    );
  }
});

test('[6275-9.3.3-02, 6275-9.5.4-08] nothing is sent to a source, or from a destination, that is no unicast address', () => {
  for (const text of ['ff02::1', '::', 'fe80::1', '::1']) {
    const bench = agentWithBindings();
    const sources = [
      unknownMessage({ source: address(text) }),
      unknownMessage({ destination: address(text) }),
      dataPacket(address(text)),
      { ...dataPacket(third), destination: address(text) },
      bindingUpdate(5, { source: address(text) }),
    ];
    for (const packet of sources) assert.equal(bench.answers(packet), [], text);
    assert.ok((bench.drops()['source-not-unicast'] ?? 0) >= 4);
  }
});

test('[6275-9.3.3-04] errors are answered ten times a second, whatever comes; registrations are not counted', () => {
  const bench = agentWithBindings();
  let answers = 0;
  for (let ms = 0; ms < 5000; ms += 5) {
    bench.nowMs += 5;
    answers += bench.answers(ms % 10 ? unknownMessage() : dataPacket(third)).length;
  }
  assert.ok(answers <= 60 && answers >= 50, `${answers} answers in 5 s`);
  assert.is(bench.drops()['rate-limited'], 1000 - answers);
  assert.is(bench.answers(bulkUpdate(2, [1])).length, 1);
});

test('[6275-8.2-02] a home agent is no mobile node: what has a type 2 routing header is discarded without a word', () => {
  const bench = agentWithBindings();
  const before = bench.stack.status(bench.nowMs).homeAgent?.bindings;
  const packets = [
    bulkUpdate(2, [3]),
    bindingUpdate(2, { lifetimeSeconds: 0 }),
    unknownMessage(),
    dataPacket(third),
    dataPacket(first),
  ];
  for (const packet of packets) assert.equal(bench.answers({ ...packet, routing2: HOME }), []);
  assert.equal(bench.stack.status(bench.nowMs).homeAgent?.bindings, before);
  assert.equal(bench.drops(), { 'not-for-this-node': packets.length });
});

// --- malformed packets -----------------------------------------------------------------------------------------------

test('[6275-9.2-01] a wrong checksum is met with silence, and counted', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  const bytes = encodeSignalling(bindingUpdate(1));
  bytes[bytes.length - 1]! ^= 1;
  assert.equal(bench.answers(bytes), []);
  assert.equal(bench.drops(), { 'bad-checksum': 1 });
});

test('[6275-9.2-03, 6275-9.2-04] another Payload Proto: Parameter Problem 0 that points at it, to the source on the wire', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  const bytes = damagedUpdate(0, 6);
  const [answer, ...more] = bench.answers(bytes);
  assert.equal(more, []);
  assert.equal(answer, {
    kind: 'icmpv6',
    source: AGENT,
    destination: first,
    message: { type: 4, code: 0, value: 40, invokingPacket: bytes },
  });
});

test('[6275-9.2-05, 6275-9.2-06] too short a Header Len: Parameter Problem 0 that points at it', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  const bytes = damagedUpdate(1, 0, 8);
  const [answer] = bench.answers(bytes);
  assert.is(answer?.kind === 'icmpv6' && 'value' in answer.message && answer.message.value, 41);
  assert.equal(bench.stack.status(bench.nowMs).homeAgent?.bindings, []);
});

test('an error quotes no more than fits the smallest MTU', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  // A hop-by-hop header in a place where none may stand, in front of much data.
  const bytes = encodeSignalling({ ...dataPacket(first), protocol: 0, payload: new Uint8Array(1400) });
  const actions = bench.receive(bytes);
  const [sent] = actions.flatMap((action) => (action.type === 'send' ? action.bytes : []));
  assert.is(sent?.length, 1280);
});

test('errors about malformed packets share the limit', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  const bytes = damagedUpdate(0, 6);
  let answers = 0;
  for (let count = 0; count < 100; count++) answers += bench.answers(bytes).length;
  assert.is(answers, 10);
});

test('20 000 damaged packets: none throws, each is counted or understood, and the answers stay within their limit', () => {
  const random = new Random(6275);
  const seeds = [
    bulkUpdate(2, [1, 2, 3]),
    bindingUpdate(3),
    acknowledgementOf(bulkUpdate(4, [1, 2])),
    unknownMessage({ homeAddress: HOME }),
    dataPacket(third),
    { ...bindingUpdate(1), message: { type: MessageType.bindingRefreshRequest, options: [identifier(1)] } } as const,
    tooBig(encodeSignalling(dataPacket(first))),
  ].map((packet) => encodeSignalling(packet));
  for (const configuration of [AGENT_CONFIGURATION, ROUTER_CONFIGURATION]) {
    const bench = new StackBench(configuration);
    bench.network(...NETWORK_OF_A_ROUTER);
    let errors = 0;
    const beginMs = bench.nowMs;
    for (let count = 0; count < 10_000; count++) {
      bench.nowMs += random.below(20);
      const bytes = mutate(random, random.pick(seeds), random.pick(seeds));
      for (const answer of sentIn(bench.receive(bytes))) {
        const isError =
          answer.kind === 'icmpv6' || (answer.kind === 'mobility' && answer.message.type === MessageType.bindingError);
        if (isError) errors++;
      }
    }
    const seconds = (bench.nowMs - beginMs) / 1000;
    assert.ok(errors <= 10 + 10 * seconds, `${errors} errors in ${seconds} s`);
    const { drops, messages } = bench.stack.status(bench.nowMs);
    const counted = [...Object.values(drops), ...Object.values(messages)].reduce((sum, count) => sum + count, 0);
    assert.ok(counted >= 5000, `${counted} counted`);
    for (const code of ['bad-checksum', 'truncated']) assert.ok((drops[code] ?? 0) > 100, code);
  }
});

// --- who gets what ---------------------------------------------------------------------------------------------------

test('messages are counted by name and direction', () => {
  const bench = agentWithBindings();
  bench.receive(unknownMessage());
  bench.receive({ ...bindingUpdate(2), message: { type: MessageType.bindingRefreshRequest, options: [] } });
  const { messages } = bench.stack.status(bench.nowMs);
  assert.is(messages['received.bindingUpdate'], 1);
  assert.is(messages['sent.bindingAcknowledgement'], 1);
  assert.is(messages['received.unknown'], 1);
  assert.is(messages['sent.bindingError'], 1);
  assert.is(messages['received.bindingRefreshRequest'], 1);
});

test('a Binding Update to another address than the home agent’s is not for it', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  assert.equal(bench.answers(bindingUpdate(1, { destination: address('2001:db8:1::99') })), []);
  assert.is(bench.drops()['not-for-this-node'], 1);
});

test('a registration is followed by a new forwarding table, before its acknowledgement is sent', () => {
  const bench = new StackBench(AGENT_CONFIGURATION);
  const actions = bench.receive(bulkUpdate(1, [1, 2]));
  assert.equal(
    actions.map(({ type }) => type).filter((type) => type !== 'event'),
    ['forward', 'send'],
  );
  const [table] = tablesIn(actions);
  assert.equal([table?.side, table?.icmpSource, table?.tunnels.length], ['home-agent', AGENT, 2]);
  assert.equal(tablesIn(bench.receive(bulkUpdate(2, [1, 2]))), [], 'a refresh changes nothing');
});

test('a Packet Too Big for a tunnel packet of ours lowers the MTU of its tunnel; one that quotes too little is dropped', () => {
  const bench = agentWithBindings();
  const tunnelPacket = encodeSignalling({
    kind: 'other',
    source: AGENT,
    destination: second,
    protocol: 41,
    payload: new Uint8Array(1400),
  });
  assert.equal(tablesIn(bench.receive(tooBig(tunnelPacket.subarray(0, 39)))), []);
  assert.equal(tablesIn(bench.receive(tooBig(new Uint8Array(60)))), []);
  assert.is(bench.drops()['unexpected-message'], 2);
  const [table] = tablesIn(bench.receive(tooBig(tunnelPacket.subarray(0, 1232))));
  assert.equal(
    table?.tunnels.map(({ pathMtuBytes }) => pathMtuBytes),
    [1500, 1380],
  );
});

test('[6275-9.5.2-04] at a deadline expired bindings go, from the table too', () => {
  const bench = agentWithBindings();
  bench.nowMs = bench.stack.nextDeadlineMs;
  while (bench.stack.nextDeadlineMs < Number.POSITIVE_INFINITY) {
    bench.nowMs = bench.stack.nextDeadlineMs;
    const actions = bench.handle({ type: 'deadline', traffic: () => undefined });
    for (const table of tablesIn(actions)) assert.equal(table.tunnels, []);
    for (const event of stackEventsIn(actions)) assert.is(event.type, 'binding-removed');
  }
  assert.equal(bench.stack.status(bench.nowMs).homeAgent?.bindings, []);
});

test.run();
