// Who may register at a home agent that knows keys (RFC 4285), from packet to packet.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, address } from '../../../../src/bytes/address.ts';
import { authenticatedData } from '../../../../src/wire/mh/authentication.ts';
import {
  AuthenticationSubtype,
  BindingStatus,
  BindingUpdateFlag,
  MessageType,
  OptionType,
} from '../../../../src/wire/mh/numbers.ts';
import type { MobilityOption } from '../../../../src/wire/mh/options/option.ts';
import { encodeSignalling } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  AgentEnd,
  CARE_OF,
  decodePacket,
  HOME,
  identifier,
  KEY,
  ntp,
  OTHER_HOME,
  OTHER_KEY,
  OTHER_SPI,
  rawAuthentication,
  SPI,
  sign,
  signedUpdate,
  tampered,
  type UpdateParts,
} from '../../../lib/authenticated.ts';
import { WALL_CLOCK_MS } from '../../../lib/services.ts';

const { mobileNodeHomeAgent, mobileNodeAaa } = AuthenticationSubtype;

/** A home agent with HOME bound to its first care-of address under sequence number 10. */
function registered(parts: UpdateParts = {}): AgentEnd {
  const agent = new AgentEnd();
  assert.is(agent.answer(signedUpdate(10, parts))?.status, BindingStatus.accepted);
  return agent;
}

/** Nothing comes back, nothing changes, and the reason is counted. */
function ignores(agent: AgentEnd, bytes: Uint8Array, reason: string): void {
  const before = [agent.bindings(), agent.dropped(reason)] as const;
  assert.equal(agent.receive(bytes), []);
  assert.equal(agent.bindings(), before[0]);
  assert.is(agent.dropped(reason), before[1] + 1, JSON.stringify(agent.drops()));
}

/** The update is refused with a signed acknowledgement, and nothing changes. */
function refuses(
  agent: AgentEnd,
  bytes: Uint8Array,
  status: number,
  careOfAddress: Address = CARE_OF[0],
): readonly MobilityOption[] {
  const before = agent.bindings();
  const [answer] = agent.receive(bytes);
  assert.ok(answer, 'an acknowledgement comes back');
  const { message } = decodePacket(answer);
  if (message.type !== 6) throw new TypeError(`message ${message.type}`);
  assert.is(message.status, status);
  assert.is(message.lifetimeSeconds, 0);
  assert.ok(isSigned(answer, KEY, careOfAddress), 'it is signed');
  assert.equal(agent.bindings(), before);
  return message.options;
}

function isSigned(bytes: Uint8Array, key = KEY, careOf = CARE_OF[0], home = HOME): boolean {
  const data = authenticatedData(decodePacket(bytes).mobilityHeader!, careOf, home)!;
  return Buffer.compare(sign(key)(data.data), data.authenticator) === 0;
}

const timestampOf = (options: readonly MobilityOption[]) =>
  options.find((option) => option.type === OptionType.mobilityMessageReplayProtection)?.timestamp;

const later = (seconds: number) => ntp(WALL_CLOCK_MS + 100 + 1000 * seconds);

test('[6275-10.3.1-01] [6275-10.3.1-07] [4285-5.1.1-03] a first Binding Update signed with the key of its home address is accepted', () => {
  const [answer, ...more] = new AgentEnd().receive(signedUpdate(10));
  assert.is(decodePacket(answer!).message.type, MessageType.bindingAcknowledgement);
  assert.equal(more, []);
  assert.equal(registered().bindings(), [[CARE_OF[0], 0]]);
});

test('[4285-5.1.1-02] [4285-5.1-01] [4285-5.1-04] the acknowledgement carries the MN-HA option, which is the last one', () => {
  const [answer] = new AgentEnd().receive(signedUpdate(10));
  const { message } = decodePacket(answer!);
  if (message.type !== 6) throw new TypeError();
  const last = message.options.at(-1)!;
  assert.is(last.type, OptionType.mobilityMessageAuthentication);
  if (last.type !== OptionType.mobilityMessageAuthentication) throw new TypeError();
  assert.is(last.subtype, mobileNodeHomeAgent);
  assert.is(last.spi, SPI);
  assert.is(last.authenticator.length, 12);
  // Nothing behind it, not even padding.
  assert.equal(answer!.subarray(-12), last.authenticator);
  assert.ok(isSigned(answer!));
});

test('[4285-8-01] the numbers are those of IANA', () => {
  assert.is(OptionType.mobilityMessageAuthentication, 9);
  assert.is(OptionType.mobilityMessageReplayProtection, 10);
  const { mipv6IdMismatch, mipv6MessageIdRequired, mipv6AuthenticationFailed } = BindingStatus;
  assert.equal([mipv6IdMismatch, mipv6MessageIdRequired, mipv6AuthenticationFailed], [144, 145, 146]);
});

test('[4285-5.1.1-04] a wrong authenticator is answered with status 146, signed, and changes nothing', () => {
  const wrong = [
    signedUpdate(11, { key: OTHER_KEY, timestamp: later(1) }),
    ...[-1, -12, -16, 7, 11].map((at) =>
      tampered(signedUpdate(11, { timestamp: later(1) }), (header) => {
        header[(at + header.length) % header.length]! ^= 1;
      }),
    ),
  ];
  // -16 is the SPI's last octet: another association, or none.
  for (const [index, bytes] of wrong.entries()) {
    if (index === 3) ignores(registered(), bytes, 'no-security-association');
    else refuses(registered(), bytes, BindingStatus.mipv6AuthenticationFailed);
  }
});

test('an authenticator that is too short or too long is a wrong one', () => {
  const agent = registered();
  for (const octets of [0, 4, 8, 11, 13, 20]) {
    const data = new Uint8Array(5 + octets);
    data[0] = mobileNodeHomeAgent;
    new DataView(data.buffer).setUint32(1, SPI);
    const option: MobilityOption = { type: 'unknown', optionType: 9, data };
    const bytes = signedUpdate(11, { spi: null, timestamp: later(1), options: [option] });
    const before = agent.bindings();
    agent.receive(bytes);
    assert.equal(agent.bindings(), before);
  }
});

test('[4285-5.1-05] the authenticator covers care-of address, home address and the header with a zero checksum', () => {
  const genuine = decodePacket(signedUpdate(11, { timestamp: later(1) }));
  const elsewhere = encodeSignalling({ ...genuine, source: CARE_OF[1] });
  refuses(registered(), elsewhere, BindingStatus.mipv6AuthenticationFailed, CARE_OF[1]);
  const swapped = signedUpdate(11, { timestamp: later(1), careOfAddress: HOME });
  refuses(registered(), swapped, BindingStatus.mipv6AuthenticationFailed);
  // The checksum on the wire is not zero, and yet the authenticator holds.
  const header = genuine.mobilityHeader!;
  assert.ok(header[4] !== 0 || header[5] !== 0);
  assert.is(registered().answer(signedUpdate(11, { timestamp: later(1) }))?.status, BindingStatus.accepted);
});

test('an Alternate Care-of Address is what the authenticator covers, instead of the source', () => {
  const careOfAddress = CARE_OF[1];
  const options = [{ type: OptionType.alternateCareOfAddress, careOfAddress } as const];
  const agent = registered();
  const [answer] = agent.receive(signedUpdate(11, { options, timestamp: later(1) }));
  assert.equal(agent.bindings(), [[careOfAddress, 0]]);
  assert.equal(decodePacket(answer!).destination, CARE_OF[0]);
  assert.ok(isSigned(answer!, KEY, careOfAddress), 'and so does its acknowledgement');
  refuses(
    registered(),
    signedUpdate(11, { options, timestamp: later(1), careOfAddress: CARE_OF[0] }),
    BindingStatus.mipv6AuthenticationFailed,
    careOfAddress,
  );
});

test('[6275-5.1-05] the key of one mobile node registers no other one', () => {
  const agent = registered();
  const stolen = { homeAddress: OTHER_HOME, timestamp: later(1) };
  ignores(agent, signedUpdate(11, { ...stolen, spi: SPI, key: KEY }), 'no-security-association');
  const [answer] = agent.receive(signedUpdate(11, { ...stolen, spi: OTHER_SPI, key: KEY }));
  const { message } = decodePacket(answer!);
  assert.ok(message.type === 6 && message.status === BindingStatus.mipv6AuthenticationFailed);
  assert.ok(isSigned(answer!, OTHER_KEY, CARE_OF[0], OTHER_HOME), 'told to who has the other key');
  assert.equal(agent.bindings(), [[CARE_OF[0], 0]]);
});

test('[4285-4-02] the SPI tells which key is meant', () => {
  const agent = registered();
  const own = { homeAddress: OTHER_HOME, spi: OTHER_SPI, key: OTHER_KEY, timestamp: later(1) };
  assert.is(agent.answer(signedUpdate(1, own))?.status, BindingStatus.accepted);
  ignores(agent, signedUpdate(2, { ...own, spi: OTHER_SPI + 1, timestamp: later(2) }), 'no-security-association');
});

test('[4285-5-05] a Binding Update without the option is discarded in silence', () => {
  ignores(registered(), signedUpdate(11, { spi: null, timestamp: later(1) }), 'authentication-missing');
  ignores(registered(), signedUpdate(11, { spi: null, timestamp: null }), 'authentication-missing');
  ignores(new AgentEnd(), signedUpdate(11, { spi: null }), 'authentication-missing');
});

test('[4285-5.1.1-05] a Binding Update for which there is no security association is discarded', () => {
  ignores(registered(), signedUpdate(11, { spi: SPI + 1, timestamp: later(1) }), 'no-security-association');
  const unknown = address('2001:db8:1:f::99');
  ignores(registered(), signedUpdate(11, { homeAddress: unknown, timestamp: later(1) }), 'no-security-association');
  ignores(registered(), signedUpdate(11, { homeAddress: unknown, spi: null }), 'no-security-association');
});

test('[4285-5-02] two MN-HA options are one too many', () => {
  const agent = registered();
  const options = [rawAuthentication(mobileNodeHomeAgent, SPI)];
  ignores(agent, signedUpdate(11, { options, timestamp: null }), 'duplicate-option');
});

test('[4285-5-03] a MN-AAA option in front of the MN-HA option makes the agent discard the message', () => {
  const options = [rawAuthentication(mobileNodeAaa, 3)];
  ignores(registered(), signedUpdate(11, { options, timestamp: null }), 'option-not-last');
});

test('[4285-5.1-04] an option behind the MN-HA option makes the agent discard the message', () => {
  const options: MobilityOption[] = [
    rawAuthentication(mobileNodeHomeAgent, SPI),
    { type: 'unknown', optionType: 200, data: new Uint8Array(4) },
  ];
  ignores(registered(), signedUpdate(11, { options, spi: null, timestamp: null }), 'option-not-last');
});

test('a key shared with a AAA server alone registers nothing: there is none here', () => {
  const options = [rawAuthentication(mobileNodeAaa, 3)];
  ignores(registered(), signedUpdate(11, { options, spi: null, timestamp: null }), 'authentication-missing');
  const both = [rawAuthentication(mobileNodeHomeAgent, SPI), rawAuthentication(mobileNodeAaa, 3)];
  ignores(registered(), signedUpdate(11, { options: both, spi: null, timestamp: null }), 'no-security-association');
});

test('[4285-6-02] a Binding Update without timestamp is refused with status 145', () => {
  const options = refuses(registered(), signedUpdate(11, { timestamp: null }), BindingStatus.mipv6MessageIdRequired);
  assert.is(timestampOf(options), undefined);
  assert.equal(new AgentEnd().answer(signedUpdate(1, { timestamp: null }))?.status, 145);
});

test('[4285-6-03] [4285-6-08] a valid timestamp comes back as it is', () => {
  const timestamp = ntp(WALL_CLOCK_MS + 1500, 0xfedc_ba98);
  const answer = new AgentEnd().answer(signedUpdate(10, { timestamp }))!;
  assert.is(answer.status, BindingStatus.accepted);
  assert.equal(timestampOf(answer.options), timestamp);
});

test('[4285-6-09] [4285-6-08] a wrong timestamp is refused with status 144, the agent’s seconds and the own fraction', () => {
  for (const errorMs of [-60_000, 60_000, 3_600_000, -10 * 365 * 86_400_000]) {
    const agent = registered();
    agent.nowMs += 5000;
    const timestamp = ntp(WALL_CLOCK_MS + 5000 + errorMs, 0xabcd_ef01);
    const options = refuses(agent, signedUpdate(11, { timestamp }), BindingStatus.mipv6IdMismatch);
    assert.equal(timestampOf(options), { seconds: ntp(WALL_CLOCK_MS + 5000).seconds, fraction: 0xabcd_ef01 });
    assert.is(agent.dropped('timestamp-invalid'), 1);
  }
});

test('[4285-5.1-06] [4285-6-07] [4285-6-12] 6 s off is close enough, 8 s is not', () => {
  for (const [errorSeconds, status] of [
    [6, 0],
    [-6, 0],
    [8, 144],
    [-8, 144],
  ] as const) {
    const agent = new AgentEnd();
    agent.nowMs += 60_000;
    const timestamp = ntp(WALL_CLOCK_MS + 60_000 + errorSeconds * 1000, 0);
    assert.is(agent.answer(signedUpdate(1, { timestamp }))?.status, status, `${errorSeconds} s`);
  }
});

test('the window is as wide as the association says', () => {
  const agent = new AgentEnd({ association: { replayWindowSeconds: 30 } });
  agent.nowMs += 60_000;
  assert.is(agent.answer(signedUpdate(1, { timestamp: ntp(WALL_CLOCK_MS + 31_500) }))?.status, 0);
  assert.is(agent.answer(signedUpdate(2, { timestamp: ntp(WALL_CLOCK_MS + 91_000) }))?.status, 144);
});

test('[4285-6-07] a replay within the window is refused, also when the binding has gone in the meantime', () => {
  const recorded = signedUpdate(10);
  const agent = new AgentEnd();
  agent.receive(recorded);
  agent.nowMs += 1000;
  refuses(agent, recorded, BindingStatus.mipv6IdMismatch);
  const farewell = signedUpdate(11, { lifetimeSeconds: 0, timestamp: later(2) });
  agent.nowMs += 1000;
  assert.is(agent.answer(farewell)?.status, BindingStatus.accepted);
  assert.equal(agent.bindings(), []);
  agent.nowMs += 1000;
  for (const bytes of [recorded, farewell]) refuses(agent, bytes, BindingStatus.mipv6IdMismatch);
  agent.run(60_000);
  for (const bytes of [recorded, farewell]) refuses(agent, bytes, BindingStatus.mipv6IdMismatch);
});

test('[4285-7-01] the timestamp stands for the sequence number: a lower one is accepted with a later timestamp', () => {
  const agent = registered();
  const answer = agent.answer(signedUpdate(3, { timestamp: later(1) }))!;
  assert.is(answer.status, BindingStatus.accepted);
  assert.is(answer.sequenceNumber, 3);
});

test('a higher sequence number does not help an earlier timestamp', () => {
  const agent = registered({ timestamp: later(2) });
  refuses(agent, signedUpdate(11, { timestamp: later(1) }), BindingStatus.mipv6IdMismatch);
});

test('[6275-15.3-03] what an earlier run accepted is not accepted again after a restart', () => {
  const recorded = signedUpdate(10);
  const before = new AgentEnd();
  before.receive(recorded);
  const restarted = new AgentEnd({ clockErrorMs: 3000 });
  refuses(restarted, recorded, BindingStatus.mipv6IdMismatch);
});

test('a wall clock that is set back opens no door for old timestamps', () => {
  const recorded = signedUpdate(10);
  const agent = new AgentEnd();
  agent.receive(recorded);
  agent.run(3_600_000);
  agent.answer(signedUpdate(11, { timestamp: later(3600) }));
  agent.clockErrorMs = -3_600_000;
  refuses(agent, recorded, BindingStatus.mipv6IdMismatch);
  assert.is(agent.answer(signedUpdate(12, { timestamp: later(3601) }))?.status, BindingStatus.accepted);
});

test('a refused timestamp is not remembered: it cannot shut the honest out', () => {
  const agent = registered();
  refuses(agent, signedUpdate(11, { timestamp: later(3600) }), BindingStatus.mipv6IdMismatch);
  refuses(agent, signedUpdate(11, { timestamp: later(6), key: OTHER_KEY }), BindingStatus.mipv6AuthenticationFailed);
  assert.is(agent.answer(signedUpdate(12, { timestamp: later(1) }))?.status, BindingStatus.accepted);
});

test('rejections for other reasons are signed too', () => {
  const agent = new AgentEnd();
  const options = [
    { type: OptionType.bindingIdentifier, bid: 7, status: 0, simultaneousHomeAndForeign: false, reserved: 0 },
  ];
  refuses(agent, signedUpdate(1, { options: options as MobilityOption[] }), BindingStatus.mcoaUnknownCareOfAddress);
  const { acknowledge, homeRegistration, mobileRouter } = BindingUpdateFlag;
  const foreign = { type: OptionType.mobileNetworkPrefix, prefix: { address: address('2001:db8:9::'), length: 64 } };
  refuses(
    agent,
    signedUpdate(2, {
      flags: acknowledge | homeRegistration | mobileRouter,
      options: [foreign as MobilityOption],
      timestamp: later(1),
    }),
    BindingStatus.notAuthorizedForPrefix,
  );
});

test('an identifier comes back, and must be the configured one where there is one', () => {
  const named = new AgentEnd({ association: { identifier: 'bus-12@fleet.example' } });
  const options = [identifier('bus-12@fleet.example')];
  const answer = named.answer(signedUpdate(10, { options }))!;
  assert.is(answer.status, BindingStatus.accepted);
  assert.equal(
    answer.options.find((option) => option.type === OptionType.mobileNodeIdentifier),
    options[0],
  );
  for (const wrong of [[], [identifier('bus-13@fleet.example')], [identifier('bus-12@fleet.exampl')]])
    ignores(named, signedUpdate(11, { options: wrong, timestamp: later(1) }), 'no-security-association');
});

test('[6275-9.5.4-01] updates that other tests have failed are discarded before their key is looked for', () => {
  const agent = registered();
  const homeAddress = address('ff02::5');
  ignores(agent, signedUpdate(11, { homeAddress, timestamp: later(1) }), 'bad-value');
  ignores(new AgentEnd(), signedUpdate(11, { flags: 0x8000, timestamp: later(1) }), 'not-a-home-registration');
  assert.is(agent.dropped('authentication-failed'), 0);
});

test('without keys everything is as before, and status says so', () => {
  const agent = new AgentEnd({ association: 'none' });
  const answer = agent.answer(signedUpdate(1, { spi: null, timestamp: null }))!;
  assert.is(answer.status, BindingStatus.accepted);
  assert.is(
    answer.options.some((option) => option.type === OptionType.mobilityMessageAuthentication),
    false,
  );
  assert.is(agent.stack.status(0).homeAgent!.authentication, 'none');
  assert.is(new AgentEnd().stack.status(0).homeAgent!.authentication, 'required');
  // Nor can it verify what somebody signs.
  ignores(agent, signedUpdate(2, { timestamp: later(1) }), 'no-security-association');
  const unknown = signedUpdate(1, { spi: null, timestamp: null, homeAddress: address('2001:db8:1:f::99') });
  assert.is(agent.answer(unknown)?.status, BindingStatus.notHomeAgentForThisMobileNode);
});

test('one failing source gets few answers, and its further failures cost no hash', () => {
  const agent = registered();
  const source = (n: number) => address(`2001:db8:bad:1::${n.toString(16)}`);
  let answers = 0;
  for (let n = 1; n <= 1000; n++) {
    const forged = signedUpdate(n, { source: source(n), key: OTHER_KEY, timestamp: later(1) });
    answers += agent.receive(forged).length;
  }
  assert.is(answers, 5, 'all of one /64');
  assert.is(agent.dropped('authentication-failed'), 200);
  assert.is(agent.dropped('too-many-failures'), 800);
  agent.nowMs += 2000;
  const forged = signedUpdate(1, { source: source(1), key: OTHER_KEY, timestamp: later(1) });
  assert.is(agent.receive(forged).length, 1, 'after a while again');
  assert.equal(agent.bindings(), [[CARE_OF[0], 0]]);
});

test('sources without number get few answers all together', () => {
  const agent = registered();
  let answers = 0;
  for (let n = 0; n < 6000; n++) {
    const source = address(`2001:db8:${(0x1000 + (n >> 4)).toString(16)}:${(n & 15).toString(16)}::1`);
    answers += agent.receive(signedUpdate(n, { source, key: OTHER_KEY, timestamp: later(1) })).length;
  }
  assert.is(answers, 100);
  assert.is(agent.dropped('authentication-failed'), 6000);
});

test('a registered mobile node is heard while somebody else fails from its own /64', () => {
  const agent = registered();
  const neighbour = address('2001:db8:a1::bad');
  for (let n = 0; n < 500; n++)
    agent.receive(signedUpdate(n, { source: neighbour, key: OTHER_KEY, timestamp: later(1) }));
  assert.ok(agent.dropped('too-many-failures') > 0);
  assert.is(agent.answer(signedUpdate(11, { timestamp: later(2) }))?.status, BindingStatus.accepted);
});

test('an honest mobile node uses up nobody’s patience', () => {
  const agent = registered();
  for (let n = 0; n < 1000; n++) {
    agent.nowMs += 1;
    const timestamp = ntp(WALL_CLOCK_MS + 200 + n, Math.floor((((200 + n) % 1000) / 1000) * 0x1_0000_0000));
    assert.is(agent.answer(signedUpdate(n, { timestamp }))?.status, BindingStatus.accepted, `${n}`);
  }
  assert.equal(agent.drops(), {});
});

test('acknowledgements go where the update came from, through a type 2 routing header', () => {
  const [answer] = registered().receive(signedUpdate(11, { timestamp: later(1), key: OTHER_KEY }));
  const { source, destination, routing2 } = decodePacket(answer!);
  assert.equal([source, destination, routing2], [AGENT, CARE_OF[0], HOME]);
});

test.run();
