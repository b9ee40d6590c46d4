// Mobile prefix discovery beside a key that does not protect it (RFC 4285 §2).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import { Icmpv6Type } from '../../../../src/wire/icmpv6/message.ts';
import { NeighborOptionType } from '../../../../src/wire/icmpv6/numbers.ts';
import { unsignedAuthentication } from '../../../../src/wire/mh/authentication.ts';
import { BindingAcknowledgementFlag, BindingStatus, MessageType, OptionType } from '../../../../src/wire/mh/numbers.ts';
import { encodeSignalling } from '../../../../src/wire/signalling.ts';
import {
  AGENT,
  AgentEnd,
  CARE_OF,
  decodePacket,
  HOME,
  icmpv6In,
  KEY,
  RouterEnd,
  SPI,
  sign,
  signedUpdate,
} from '../../../lib/authenticated.ts';

const DAY_MS = 86_400_000;
const solicitation = encodeSignalling({
  kind: 'icmpv6',
  source: CARE_OF[0],
  destination: AGENT,
  homeAddress: HOME,
  message: { type: Icmpv6Type.mobilePrefixSolicitation, identifier: 7, options: [] },
});

const NEW_PREFIX = {
  type: NeighborOptionType.prefixInformation,
  prefixLength: 64,
  flags: 0xc0,
  validLifetimeSeconds: 3600,
  preferredLifetimeSeconds: 3600,
  address: address('2001:db8:66::'),
} as const;

/** A signed acknowledgement with status 1: the prefixes of the home link are about to change. */
function accepted(bytes: Uint8Array): Uint8Array {
  const { source, destination, message } = decodePacket(bytes);
  if (message.type !== MessageType.bindingUpdate) throw new TypeError();
  const kept = message.options.filter(
    ({ type }) => type === OptionType.bindingIdentifier || type === OptionType.mobilityMessageReplayProtection,
  );
  const options = kept.map((option) => {
    if (option.type !== OptionType.bindingIdentifier) return option;
    const { careOfAddress: _, ...rest } = option;
    return rest;
  });
  return encodeSignalling(
    {
      kind: 'mobility',
      source: destination,
      destination: source,
      routing2: HOME,
      message: {
        type: MessageType.bindingAcknowledgement,
        status: BindingStatus.acceptedPrefixDiscoveryNecessary,
        flags: BindingAcknowledgementFlag.mobileRouter,
        sequenceNumber: message.sequenceNumber,
        lifetimeSeconds: message.lifetimeSeconds,
        options: [...options, unsignedAuthentication(SPI)],
      },
    },
    { sign: sign(KEY) },
  );
}

/** The ICMPv6 that a router sends when it is told to look for prefixes, and in the minute after. */
function solicitationsOf(router: RouterEnd): number[] {
  const { nowMs, stack, first } = router;
  const actions = stack.handle({ type: 'packet', bytes: accepted(first[0]!) }, nowMs);
  for (let atMs = stack.nextDeadlineMs; atMs < nowMs + 60_000; atMs = stack.nextDeadlineMs)
    actions.push(...stack.handle({ type: 'deadline', traffic: () => undefined }, atMs));
  return icmpv6In(actions).map(({ message }) => message.type as number);
}

test('[4285-2-01] a router with a key solicits no prefixes, unless the configuration says that something else protects them', () => {
  const router = new RouterEnd();
  assert.equal(solicitationsOf(router), []);
  assert.ok(router.states().includes('active'), 'and is registered all the same');
  const allowed = solicitationsOf(new RouterEnd({ prefixDiscovery: true }));
  assert.ok(allowed.length > 0);
  assert.ok(allowed.every((type) => type === Icmpv6Type.mobilePrefixSolicitation));
});

test('[4285-2-01] [6275-15.3-02] a router with a key believes no prefix advertisement, and takes no home address from one', () => {
  const router = new RouterEnd();
  const advertisement = encodeSignalling({
    kind: 'icmpv6',
    source: AGENT,
    destination: CARE_OF[0],
    routing2: HOME,
    message: { type: Icmpv6Type.mobilePrefixAdvertisement, identifier: 1, flags: 0, options: [NEW_PREFIX] },
  });
  assert.equal(icmpv6In(router.stack.handle({ type: 'packet', bytes: advertisement }, router.nowMs)), []);
  assert.is(router.dropped('prefix-advertisements-disabled'), 1);
  for (const { bytes } of router.run(60_000)) assert.is(decodePacket(bytes).homeAddress, HOME);
});

test('[4285-2-01] a home agent tells a node with a key nothing of prefixes, asked or not', () => {
  const tell = (association: object) => {
    const agent = new AgentEnd({ association, homeAgent: { maximumLifetimeSeconds: 262_140 } });
    agent.receive(signedUpdate(1, { lifetimeSeconds: 262_140 }));
    const { stack, nowMs } = agent;
    const actions = stack.handle({ type: 'packet', bytes: solicitation }, nowMs);
    for (let atMs = stack.nextDeadlineMs; atMs < nowMs + 2 * DAY_MS; atMs = stack.nextDeadlineMs)
      actions.push(...stack.handle({ type: 'deadline', traffic: () => undefined }, atMs));
    return { told: icmpv6In(actions).length, dropped: agent.dropped('prefix-advertisements-disabled') };
  };
  assert.equal(tell({}), { told: 0, dropped: 1 });
  const allowed = tell({ prefixDiscovery: true });
  assert.is(allowed.dropped, 0);
  assert.ok(allowed.told >= 2, 'the answer, and what follows by itself');
});

test.run();
