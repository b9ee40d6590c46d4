// A mobile router with a key at an IPv4 care-of address (RFC 4285 with RFC 5555).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseHex } from '../../../../src/bytes/hex.ts';
import { Secret } from '../../../../src/bytes/secret.ts';
import type { RoleAction } from '../../../../src/roles/action.ts';
import { unsignedAuthentication } from '../../../../src/wire/mh/authentication.ts';
import type { BindingUpdate } from '../../../../src/wire/mh/messages/binding-update.ts';
import { BindingStatus, OptionType } from '../../../../src/wire/mh/numbers.ts';
import type { NtpTimestamp } from '../../../../src/wire/mh/options/mobility-message-replay-protection.ts';
import {
  authenticatedAddresses,
  decodeSignalling,
  encodeSignalling,
  type MobilityPacket,
} from '../../../../src/wire/signalling.ts';
import { KEY, OTHER_KEY, replayProtection, SPI, sign } from '../../../lib/authenticated.ts';
import { acknowledgementOf, dropsIn, Flag, HOME, updatesIn } from '../../../lib/engines.ts';
import { DualStackBench, IPV4_CARE_OF, natDetection } from '../../../lib/engines-dual-stack.ts';

const ipv4 = IPV4_CARE_OF[1]!;

function keyed(more = {}): DualStackBench {
  const key = new Secret(parseHex(KEY)!);
  return new DualStackBench({
    authentication: { spi: SPI, key, replayWindowSeconds: 300, prefixDiscovery: false },
    ...more,
  });
}

function timestampOf({ message }: MobilityPacket): NtpTimestamp {
  const { options } = message as BindingUpdate;
  return options.find((option) => option.type === OptionType.mobilityMessageReplayProtection)!.timestamp;
}

/** As the agent signs it, with the octets that the router checks. */
function signedAnswer(update: MobilityPacket, status: number, timestamp = timestampOf(update), key = KEY) {
  const { outer, ...plain } = acknowledgementOf(update, {
    status,
    options: [natDetection(0), replayProtection(timestamp), unsignedAuthentication(SPI)],
  });
  const inner = decodeSignalling(encodeSignalling(plain, { sign: sign(key) })) as MobilityPacket;
  return { ...inner, outer: outer! };
}

function firstUpdate(bench: DualStackBench): MobilityPacket {
  return bench.attach({ ipv4 })[0]!.packet;
}

test('[5555-4.4.2-04] over IPv4 the authenticator covers the home address alone, which no NAT changes', () => {
  const bench = keyed();
  const update = firstUpdate(bench);
  assert.equal(authenticatedAddresses(update), { careOfAddress: HOME, homeAddress: HOME });
  const forged = signedAnswer(update, BindingStatus.accepted, undefined, OTHER_KEY);
  assert.equal(dropsIn(bench.receive(forged)), ['authentication-failed']);
  assert.equal(dropsIn(bench.receive(signedAnswer(update, BindingStatus.accepted))), []);
  assert.is(bench.states()[0], 'active');
});

const forces = (actions: readonly RoleAction[], bench: DualStackBench) =>
  updatesIn(actions, bench.nowMs).map(({ flags }) => (flags & Flag.forceUdpEncapsulation) !== 0);

test('[5555-4.4.2-07] status 144 with the timestamp unchanged refuses flag F, with another one it corrects the clock', () => {
  const refused = keyed({ udpEncapsulation: 'always' });
  const update = firstUpdate(refused);
  assert.ok(((update.message as BindingUpdate).flags & Flag.forceUdpEncapsulation) !== 0);
  const refusal = signedAnswer(update, BindingStatus.forcedUdpEncapsulationRefused);
  assert.equal(forces(refused.receive(refusal), refused), [false]);

  const wrong = keyed({ udpEncapsulation: 'always' });
  const late = firstUpdate(wrong);
  const theirs = { seconds: timestampOf(late).seconds + 5000, fraction: timestampOf(late).fraction };
  const correction = wrong.receive(signedAnswer(late, BindingStatus.mipv6IdMismatch, theirs));
  assert.equal(forces(correction, wrong), [true]);
  assert.ok(timestampOf(wrong.sent.at(-1)!.packet).seconds >= theirs.seconds);
});

test('[5555-4.4.2-07] status 144 for an update that a later one has overtaken is not about flag F', () => {
  const bench = keyed({ udpEncapsulation: 'always' });
  bench.receive(signedAnswer(firstUpdate(bench), BindingStatus.accepted));
  bench.run(2000);
  const [overtaken] = bench.attach({ ipv4 }, { ipv4: IPV4_CARE_OF[2]! });
  bench.run(100);
  const [last] = bench.attach({ ipv4: IPV4_CARE_OF[3]! }, { ipv4: IPV4_CARE_OF[2]! });
  const mismatch = BindingStatus.mipv6IdMismatch;
  assert.equal(forces(bench.receive(signedAnswer(overtaken!.packet, mismatch)), bench), [true]);
  assert.ok(last!.sequenceNumber > overtaken!.sequenceNumber);
});

test('[5555-4.4.2-07] an agent that has granted flag F is believed to refuse it when it says so again and again', () => {
  const bench = keyed({ udpEncapsulation: 'always' });
  bench.receive(signedAnswer(firstUpdate(bench), BindingStatus.accepted));
  bench.run(2000);
  bench.attach({ ipv4: IPV4_CARE_OF[2]! });
  const seen = Array.from({ length: 4 }, () => {
    bench.receive(signedAnswer(bench.sent.at(-1)!.packet, BindingStatus.forcedUdpEncapsulationRefused));
    bench.run(900);
    return (bench.sent.at(-1)!.flags & Flag.forceUdpEncapsulation) !== 0;
  });
  assert.equal(seen, [true, true, true, false]);
});

test.run();
