// Which answers a mobile router with a key believes (RFC 4285), from packet to packet.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address } from '../../../../src/bytes/address.ts';
import { Icmpv6Type } from '../../../../src/wire/icmpv6/message.ts';
import { authenticatedData, unsignedAuthentication } from '../../../../src/wire/mh/authentication.ts';
import type { BindingUpdate } from '../../../../src/wire/mh/messages/binding-update.ts';
import {
  AuthenticationSubtype,
  BindingAcknowledgementFlag,
  BindingErrorStatus,
  BindingStatus,
  BindingUpdateFlag,
  MessageType,
  OptionType,
} from '../../../../src/wire/mh/numbers.ts';
import type { NtpTimestamp } from '../../../../src/wire/mh/options/mobility-message-replay-protection.ts';
import type { MobilityOption } from '../../../../src/wire/mh/options/option.ts';
import { encodeSignalling } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  AgentEnd,
  CARE_OF,
  converse,
  decodePacket,
  HOME,
  KEY,
  ntp,
  OTHER_KEY,
  RouterEnd,
  replayProtection,
  SPI,
  sign,
  tampered,
} from '../../../lib/authenticated.ts';
import { WALL_CLOCK_MS } from '../../../lib/services.ts';

const HOUR_MS = 3_600_000;
const STEP_MS = 250;

function updateIn(bytes: Uint8Array): BindingUpdate {
  const { message } = decodePacket(bytes);
  if (message.type !== MessageType.bindingUpdate) throw new TypeError(`message ${message.type}`);
  return message;
}

function timestampIn(options: readonly MobilityOption[]): NtpTimestamp {
  return options.find((option) => option.type === OptionType.mobilityMessageReplayProtection)!.timestamp;
}

const timestampOf = (bytes: Uint8Array) => timestampIn(updateIn(bytes).options);
const isAfter = (a: NtpTimestamp, b: NtpTimestamp) =>
  a.seconds > b.seconds || (a.seconds === b.seconds && a.fraction > b.fraction);

interface AnswerParts {
  readonly status?: number;
  readonly sequenceNumber?: number;
  /** `null`: without replay protection. */
  readonly timestamp?: NtpTimestamp | null;
  /** `null`: without authentication. */
  readonly spi?: number | null;
  readonly key?: string;
  readonly careOfAddress?: Address;
}

/** An acknowledgement of a Binding Update, as the home agent would send it but for what is given. */
function answerTo(bytes: Uint8Array, parts: AnswerParts = {}): Uint8Array {
  const packet = decodePacket(bytes);
  const update = updateIn(bytes);
  const { status = BindingStatus.accepted, sequenceNumber = update.sequenceNumber, spi = SPI } = parts;
  const timestamp = parts.timestamp === undefined ? timestampIn(update.options) : parts.timestamp;
  const identifiers = update.options.filter((option) => option.type === OptionType.bindingIdentifier);
  const { careOfAddress } = parts;
  return encodeSignalling(
    {
      kind: 'mobility',
      source: packet.destination,
      destination: packet.source,
      routing2: HOME,
      message: {
        type: MessageType.bindingAcknowledgement,
        status,
        flags: BindingAcknowledgementFlag.mobileRouter,
        sequenceNumber,
        lifetimeSeconds: status < 128 ? update.lifetimeSeconds : 0,
        options: [
          ...identifiers.map(({ careOfAddress: _, ...rest }) => ({ ...rest, status: 0 })),
          ...(timestamp ? [replayProtection(timestamp)] : []),
          ...(spi === null ? [] : [unsignedAuthentication(spi)]),
        ],
      },
    },
    spi === null ? {} : { sign: sign(parts.key ?? KEY), ...(careOfAddress && { careOfAddress }) },
  );
}

/** A router with all its uplinks registered, and its agent. */
function registered(clockErrorMs = 0): { readonly router: RouterEnd; readonly agent: AgentEnd } {
  const router = new RouterEnd({}, clockErrorMs);
  const agent = new AgentEnd();
  converse(router, agent, router.first);
  assert.equal(router.states(), ['active', 'active']);
  return { router, agent };
}

/** Lets time pass for both, packets flowing. */
function both(router: RouterEnd, agent: AgentEnd, durationMs: number): void {
  for (let passedMs = 0; passedMs < durationMs; passedMs += STEP_MS) {
    const sent = router.run(STEP_MS).map(({ bytes }) => bytes);
    agent.run(STEP_MS);
    converse(router, agent, sent);
  }
}

/** Nothing is sent, no state changes, and the reason is counted. */
function ignores(router: RouterEnd, bytes: Uint8Array, reason: string): void {
  const before = [
    router.states(),
    router.dropped(reason),
    router.stack.status(0).mobileRouter!.sequenceNumber,
  ] as const;
  assert.equal(router.receive(bytes), []);
  assert.equal(router.states(), before[0]);
  assert.is(router.dropped(reason), before[1] + 1, JSON.stringify(router.drops()));
  assert.is(router.stack.status(0).mobileRouter!.sequenceNumber, before[2]);
}

test('[4285-5.1.1-01] [6275-11.7.1-15] [6275-11.7.1-09] [6275-6.1.7-03] every Binding Update is signed, and has K = 0', () => {
  const { router, agent } = registered();
  const refreshes = router.run(200_000).map(({ bytes }) => bytes);
  const last = router.handle({ type: 'shutdown' });
  const all = [...router.first, ...refreshes, ...last];
  assert.ok(all.length >= 4, `${all.length} updates`);
  for (const bytes of all) {
    const packet = decodePacket(bytes);
    const { data, authenticator, spi } = authenticatedData(packet.mobilityHeader!, packet.source, HOME)!;
    assert.is(spi, SPI);
    assert.equal(sign(KEY)(data), authenticator);
    assert.is(updateIn(bytes).flags & BindingUpdateFlag.keyManagement, 0);
  }
  agent.nowMs = router.nowMs;
  assert.is(agent.answer(last[0]!)?.status, BindingStatus.accepted);
  assert.equal(agent.bindings(), []);
});

test('[4285-5.1-01] [4285-5.1-04] [4285-5.1-05] the MN-HA option is the last, has subtype 1 and 96 bits of the MAC', () => {
  const [bytes] = new RouterEnd().first;
  const option = updateIn(bytes!).options.at(-1)!;
  if (option.type !== OptionType.mobilityMessageAuthentication) throw new TypeError();
  assert.is(option.subtype, AuthenticationSubtype.mobileNodeHomeAgent);
  assert.is(option.authenticator.length, 12);
  assert.equal(bytes!.subarray(-12), option.authenticator);
});

test('[4285-4-01] a Binding Update names the router: by its identifier, else by the digits of its home address', () => {
  const named = (router: RouterEnd) => {
    const option = updateIn(router.first[0]!).options.find(({ type }) => type === OptionType.mobileNodeIdentifier);
    if (option?.type !== OptionType.mobileNodeIdentifier) throw new TypeError('no identifier');
    assert.is(option.subtype, 1);
    return Buffer.from(option.identifier).toString();
  };
  assert.is(named(new RouterEnd()), '20010db80001000f0000000000000002');
  assert.is(named(new RouterEnd({ identifier: 'bus-12@fleet.example' })), 'bus-12@fleet.example');
});

test('[4285-6-04] timestamps are seconds since 1900 and their fraction', () => {
  const timestamp = timestampOf(new RouterEnd().first[0]!);
  // 2026-01-01 00:00:00 UTC.
  assert.is(timestamp.seconds, 3_976_214_400);
  assert.is(timestamp.seconds, ntp(WALL_CLOCK_MS).seconds);
  assert.ok(timestamp.fraction < 0x1_0000_0000 / 100, 'the first hundredth of the second');
  const half = new RouterEnd({}, 500);
  assert.ok(Math.abs(timestampOf(half.first[0]!).fraction / 0x1_0000_0000 - 0.5) < 0.01);
});

test('[4285-6-05] the bits below a millisecond are chance', () => {
  const fractions = Array.from(
    { length: 50 },
    (_, seed) => timestampOf(new RouterEnd({}, 0, seed + 1).first[0]!).fraction,
  );
  const low = fractions.map((fraction) => fraction % (1 << 22));
  assert.is(new Set(low).size, 50);
  assert.ok(low.some((bits) => bits > 1 << 21) && low.some((bits) => bits < 1 << 21));
  for (const fraction of fractions) assert.ok(fraction < 2 ** 22, 'the same millisecond');
});

test('[4285-6-06] each timestamp is greater than the one before, also when the clock is set back', () => {
  const router = new RouterEnd();
  const sent = [...router.first];
  sent.push(...router.run(10_000).map(({ bytes }) => bytes));
  router.clockErrorMs = -HOUR_MS;
  sent.push(...router.run(60_000).map(({ bytes }) => bytes));
  assert.ok(sent.length > 4);
  for (const [index, bytes] of sent.entries())
    if (index > 0) assert.ok(isAfter(timestampOf(bytes), timestampOf(sent[index - 1]!)), `update ${index}`);
});

test('[4285-6-06] updates of the same millisecond have greater and greater timestamps', () => {
  let compared = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const router = new RouterEnd({}, 0, seed);
    const agent = new AgentEnd();
    const sent = [...router.first];
    for (let open = [...router.first]; open.length > 0; ) {
      open = open.flatMap((bytes) => agent.receive(bytes)).flatMap((bytes) => router.receive(bytes));
      sent.push(...open);
    }
    sent.push(...router.handle({ type: 'shutdown' }));
    for (const [index, bytes] of sent.entries()) {
      if (index === 0) continue;
      assert.ok(isAfter(timestampOf(bytes), timestampOf(sent[index - 1]!)), `seed ${seed}, update ${index}`);
      compared++;
    }
  }
  assert.ok(compared >= 20, `${compared} pairs`);
});

test('[6275-11.7.3-01] a signed acknowledgement of an outstanding update registers', () => {
  const router = new RouterEnd();
  router.receive(answerTo(router.first[0]!));
  assert.ok(router.states().includes('active'));
});

test('[4285-5-05] an acknowledgement without the option is ignored, whatever it says', () => {
  const { accepted, sequenceNumberOutOfWindow, mcoaProhibited, mipv6AuthenticationFailed } = BindingStatus;
  for (const status of [accepted, sequenceNumberOutOfWindow, mcoaProhibited, 133, 129, mipv6AuthenticationFailed]) {
    const router = new RouterEnd();
    ignores(router, answerTo(router.first[0]!, { status, spi: null }), 'authentication-missing');
  }
});

test('[4285-5.1.1-03] [6275-11.7.3-06] an acknowledgement with a wrong authenticator is ignored, also with status 135', () => {
  for (const status of [0, 135, 144, 146, 166]) {
    const router = new RouterEnd();
    const [first] = router.first;
    const sequenceNumber = status === 135 ? 9999 : updateIn(first!).sequenceNumber;
    ignores(router, answerTo(first!, { status, sequenceNumber, key: OTHER_KEY }), 'authentication-failed');
    const genuine = answerTo(first!, { status, sequenceNumber });
    for (const at of [-1, 11]) {
      const bytes = tampered(genuine, (header) => {
        header[(at + header.length) % header.length]! ^= 0x80;
      });
      ignores(router, bytes, 'authentication-failed');
    }
  }
});

test('[4285-5-02] an acknowledgement with two options of one subtype is discarded', () => {
  const router = new RouterEnd();
  const packet = decodePacket(answerTo(router.first[0]!));
  if (packet.message.type !== MessageType.bindingAcknowledgement) throw new TypeError();
  const copy = packet.message.options.at(-1)!;
  if (copy.type !== OptionType.mobilityMessageAuthentication) throw new TypeError();
  const data = new Uint8Array([copy.subtype, 0, 0, 0x12, 0x67, ...copy.authenticator]);
  const options: MobilityOption[] = [
    ...packet.message.options.slice(0, -1),
    { type: 'unknown', optionType: OptionType.mobilityMessageAuthentication, data },
    copy,
  ];
  ignores(router, encodeSignalling({ ...packet, message: { ...packet.message, options } }), 'duplicate-option');
});

test('an acknowledgement under another SPI, or for another care-of address, is ignored', () => {
  const router = new RouterEnd();
  ignores(router, answerTo(router.first[0]!, { spi: SPI + 1 }), 'no-security-association');
  ignores(router, answerTo(router.first[0]!, { careOfAddress: CARE_OF[1] }), 'authentication-failed');
});

test('[4285-6-11] an acknowledgement whose timestamp differs from the one sent is ignored', () => {
  const router = new RouterEnd();
  const [first] = router.first;
  const { seconds, fraction } = timestampOf(first!);
  for (const timestamp of [
    { seconds: seconds + 1, fraction },
    { seconds, fraction: fraction ^ 1 },
    { seconds: 0, fraction: 0 },
  ])
    ignores(router, answerTo(first!, { timestamp }), 'timestamp-invalid');
  ignores(router, answerTo(first!, { timestamp: null }), 'timestamp-missing');
  assert.is(router.run(5000).length > 0, true, 'the update is repeated');
});

test('[6275-11.7.3-01] a signed acknowledgement of another sequence number is ignored', () => {
  const router = new RouterEnd();
  const { sequenceNumber } = updateIn(router.first[0]!);
  const bytes = answerTo(router.first[0]!, { sequenceNumber: (sequenceNumber + 1) & 0xffff });
  ignores(router, bytes, 'unexpected-sequence-number');
});

test('a recorded acknowledgement does not pass for that of a later update', () => {
  const router = new RouterEnd();
  const recorded = answerTo(router.first[0]!);
  router.receive(recorded);
  router.run(2000);
  ignores(router, recorded, 'timestamp-invalid');
});

test('[6275-11.7.3-05] a signed status 135 sets the sequence number, though it matches none that was sent', () => {
  const router = new RouterEnd();
  const sequenceNumber = (updateIn(router.first[0]!).sequenceNumber + 5000) & 0xffff;
  const [again] = router.receive(answerTo(router.first[0]!, { status: 135, sequenceNumber }));
  assert.is(updateIn(again!).sequenceNumber, (sequenceNumber + 1) & 0xffff);
});

test('[4285-6-10] [4285-6-12] a router whose clock is years behind or ahead registers after one status 144', () => {
  for (const errorMs of [-56 * 365 * 24 * HOUR_MS, -HOUR_MS, -9000, 9000, HOUR_MS, 3 * 365 * 24 * HOUR_MS]) {
    const { router, agent } = registered(errorMs);
    assert.is(agent.dropped('timestamp-invalid'), 1, `${errorMs} ms`);
    // What comes later is right at once.
    both(router, agent, 30_000);
    converse(router, agent, router.move(1, '2001:db8:a1::99'));
    assert.equal(router.states(), ['active', 'active']);
    assert.is(agent.dropped('timestamp-invalid'), 1);
  }
});

test('[4285-6-10] a status 144 that is not signed, or not for what was sent, adjusts nothing', () => {
  const router = new RouterEnd();
  const [first] = router.first;
  const { fraction } = timestampOf(first!);
  const theirs = { seconds: ntp(WALL_CLOCK_MS + 10 * HOUR_MS).seconds, fraction };
  ignores(router, answerTo(first!, { status: 144, timestamp: theirs, key: OTHER_KEY }), 'authentication-failed');
  ignores(router, answerTo(first!, { status: 144, timestamp: theirs, spi: null }), 'authentication-missing');
  const guessed = { ...theirs, fraction: fraction ^ 4 };
  ignores(router, answerTo(first!, { status: 144, timestamp: guessed }), 'timestamp-invalid');
  const [next] = router.run(5000);
  assert.is(Math.abs(timestampOf(next!.bytes).seconds - ntp(WALL_CLOCK_MS).seconds) < 10, true);
});

test('a clock that jumps while the router runs costs a round trip at most', () => {
  const { router, agent } = registered();
  for (const errorMs of [-HOUR_MS, HOUR_MS]) {
    router.clockErrorMs = errorMs;
    both(router, agent, 120_000);
    assert.equal(router.states(), ['active', 'active']);
  }
  assert.ok(agent.dropped('timestamp-invalid') <= 2, JSON.stringify(agent.drops()));
});

test('the agent’s clock jumps forward: the router follows', () => {
  const { router, agent } = registered();
  agent.clockErrorMs = 10 * HOUR_MS;
  both(router, agent, 240_000);
  assert.equal(router.states(), ['active', 'active']);
  assert.is(agent.bindings().length, 2);
});

test('status 144 over and over is not followed over and over', () => {
  const router = new RouterEnd();
  let sent = 0;
  for (let open = [...router.first]; open.length > 0 && sent < 100; sent++) {
    const [bytes] = open;
    open = router.receive(answerTo(bytes!, { status: 144 }));
  }
  assert.ok(sent <= 5, `${sent} updates at once`);
});

test('[4285-5.3-01] after a signed status 146 or 145 nothing is sent for minutes, whatever happens', () => {
  for (const status of [BindingStatus.mipv6AuthenticationFailed, BindingStatus.mipv6MessageIdRequired]) {
    const router = new RouterEnd();
    assert.equal(router.receive(answerTo(router.first[0]!, { status })), []);
    assert.equal(router.run(150_000), []);
    assert.equal(router.move(1, '2001:db8:a1::99'), []);
    assert.equal(router.run(149_000), []);
    assert.ok(router.run(10_000).length > 0, 'then once more, for the key may have been put right');
  }
});

test('a status 146 leaves registered bindings as they are until they expire', () => {
  const { router, agent } = registered();
  const refresh = router.run(110_000).map(({ bytes }) => bytes);
  assert.ok(refresh.length > 0);
  router.receive(answerTo(refresh.at(-1)!, { status: 146 }));
  assert.equal(router.states(), ['active', 'active']);
  agent.nowMs = router.nowMs;
  assert.is(agent.bindings().length, 2);
});

test('[4285-5.1-03] a router whose key is wrong is not registered, and falls silent', () => {
  const router = new RouterEnd({ key: OTHER_KEY });
  const agent = new AgentEnd();
  converse(router, agent, router.first);
  assert.equal(agent.bindings(), []);
  assert.equal(router.states(), ['registering', 'registering']);
  // It cannot verify the answer either, so it goes on at the pace of retransmissions.
  assert.ok(router.dropped('authentication-failed') > 0);
  assert.ok(router.run(60_000).length <= 8);
});

test('Binding Refresh Requests and Binding Errors, which nobody can sign, bring about a few early refreshes at most', () => {
  const { router, agent } = registered();
  both(router, agent, 2000);
  const refreshRequest = encodeSignalling({
    kind: 'mobility',
    source: AGENT,
    destination: CARE_OF[0],
    routing2: HOME,
    message: { type: MessageType.bindingRefreshRequest, options: [] },
  });
  const bindingError = encodeSignalling({
    kind: 'mobility',
    source: AGENT,
    destination: CARE_OF[0],
    message: {
      type: MessageType.bindingError,
      status: BindingErrorStatus.unknownBindingForHomeAddress,
      homeAddress: HOME,
      options: [],
    },
  });
  let sent = 0;
  for (let n = 0; n < 500; n++) {
    const updates = [refreshRequest, bindingError].flatMap((bytes) => router.receive(bytes));
    sent += updates.length;
    converse(router, agent, updates);
    router.nowMs += 10;
    agent.nowMs += 10;
  }
  assert.ok(sent <= 8, `${sent} updates`);
  assert.ok(router.dropped('rate-limited') > 900);
  assert.equal(router.states(), ['active', 'active']);
  assert.is(agent.bindings().length, 2);
});

test('a Binding Error 2 or an ICMPv6 error does not make a router give up an agent that has its key', () => {
  const bindingError = encodeSignalling({
    kind: 'mobility',
    source: AGENT,
    destination: CARE_OF[0],
    message: {
      type: MessageType.bindingError,
      status: BindingErrorStatus.unrecognizedMessageType,
      homeAddress: HOME,
      options: [],
    },
  });
  const parameterProblem = (invokingPacket: Uint8Array) =>
    encodeSignalling({
      kind: 'icmpv6',
      source: AGENT,
      destination: CARE_OF[0],
      message: { type: Icmpv6Type.parameterProblem, code: 1, value: 6, invokingPacket },
    });
  const router = new RouterEnd();
  const agent = new AgentEnd();
  for (const bytes of router.first) {
    assert.equal(router.receive(bindingError), []);
    assert.equal(router.receive(parameterProblem(bytes)), []);
  }
  assert.is(router.dropped('unexpected-message'), 1);
  // What is under way goes on: the agent's answer is still awaited, and a lost one would be asked for again.
  const untouched = new RouterEnd();
  assert.is(router.stack.nextDeadlineMs, untouched.stack.nextDeadlineMs);
  converse(router, agent, router.first);
  assert.equal(router.states(), ['active', 'active']);
});

test('a forged acknowledgement does not make a silent path look alive', () => {
  const { router } = registered();
  const before = router.stack.status(router.nowMs).mobileRouter!.uplinks;
  const forged = encodeSignalling({
    kind: 'mobility',
    source: address('2001:db8:bad::1'),
    destination: CARE_OF[0],
    routing2: HOME,
    message: {
      type: MessageType.bindingAcknowledgement,
      status: 0,
      flags: 0,
      sequenceNumber: 1,
      lifetimeSeconds: 4,
      options: [],
    },
  });
  ignores(router, forged, 'not-from-home-agent');
  assert.equal(router.stack.status(router.nowMs).mobileRouter!.uplinks, before);
});

test('status says whether updates are authenticated', () => {
  assert.is(new RouterEnd().stack.status(0).mobileRouter!.authentication, 'required');
  assert.is(new RouterEnd('none').stack.status(0).mobileRouter!.authentication, 'none');
});

test('neither status nor events nor packets hold a key', () => {
  const { router, agent } = registered();
  const spoken = `${JSON.stringify(router.stack.status(0))}${JSON.stringify(agent.stack.status(0))}`;
  for (const text of [KEY, KEY.toUpperCase(), Buffer.from(KEY, 'hex').toString('base64')])
    assert.not.ok(spoken.includes(text));
  for (const bytes of router.first) assert.is(Buffer.from(bytes).indexOf(Buffer.from(KEY, 'hex')), -1);
});

test.run();
