// What goes over the wire, judged by tshark.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, addressToBytes } from '../../src/bytes/address.ts';
import { Icmpv6Type } from '../../src/wire/icmpv6/message.ts';
import { encodeSignalling } from '../../src/wire/signalling.ts';
import {
  type Capture,
  complaints,
  decodedPackets,
  icmpErrors,
  messagesByMonami,
  messagesByTshark,
  startCapture,
} from './capture.ts';
import { inject } from './inject.ts';
import {
  agentConfiguration,
  routerConfiguration,
  startMonami,
  untilAnswering,
  untilRegistered,
  workDirectory,
} from './monami.ts';
import { type LabProcess, sleep, start } from './namespace.ts';
import { addresses, careOfAddress, type Topology, UPLINKS, withTopology } from './topology.ts';

const BINDING_UPDATE = 5;
const BINDING_ACKNOWLEDGEMENT = 6;
const ACCEPTED = 0;
const BINDING_ERROR = 7;
const SEQUENCE_OUT_OF_WINDOW = 135;
/** Not assigned by IANA. */
const UNKNOWN_TYPE = 99;
const UNBOUND_HOME_ADDRESS = '2001:db8:1:ffff::99';
/** Short, so that refreshes are seen. */
const LIFETIME_SECONDS = 8;
const REFRESH_WAIT_MS = 9000;

const directory = workDirectory();
const files = { router: join(directory, 'router.pcap'), agent: join(directory, 'agent.pcap') };

function startPings({ namespaces }: Topology): LabProcess {
  return start(namespaces.vehicle, ['ping', '-n', '-i', '0.05', addresses.server]);
}

/** Packets of a stranger that the home agent must answer with Binding Errors. */
function provokeErrors({ namespaces }: Topology): void {
  const stranger = { source: address(addresses.server), destination: address(addresses.homeAgent) };
  const unknownType = encodeSignalling({
    kind: 'mobility',
    ...stranger,
    message: { type: 'unknown', messageType: UNKNOWN_TYPE, data: new Uint8Array(2) },
  });
  const unboundHomeAddress = encodeSignalling({
    kind: 'icmpv6',
    ...stranger,
    homeAddress: address(UNBOUND_HOME_ADDRESS),
    message: { type: Icmpv6Type.echoRequest, identifier: 1, sequenceNumber: 1, data: new Uint8Array(8) },
  });
  inject(namespaces.server, directory, unknownType, unboundHomeAddress);
}

/** Everything that the router ever signals: start, loss and return of uplinks, refresh, crash, restart, end. */
async function aDayOnTheRoad(topology: Topology): Promise<void> {
  const { namespaces } = topology;
  const agent = startMonami(namespaces.agent, 'agent', directory, agentConfiguration(directory));
  await untilAnswering(agent);
  const configuration = routerConfiguration(directory, { lifetimeSeconds: LIFETIME_SECONDS });
  const startRouter = () => startMonami(namespaces.router, 'router', directory, configuration);
  let router = startRouter();
  await untilRegistered(router);
  const pings = startPings(topology);
  topology.carrierLost('cellular');
  await sleep(700);
  topology.linkUp('cellular');
  await untilRegistered(router);
  topology.deviceDown('satellite');
  await sleep(700);
  topology.linkUp('satellite');
  await untilRegistered(router);
  await sleep(REFRESH_WAIT_MS);
  // While no router runs, its kernel may well tell the vehicle so.
  await pings.stop('SIGINT');
  provokeErrors(topology);
  await router.process.stop('SIGKILL');
  router = startRouter();
  await untilRegistered(router);
  await router.process.stop();
  await sleep(300);
  await agent.process.stop();
}

await withTopology(async (topology) => {
  const captures: Capture[] = [
    await startCapture(topology.namespaces.router, files.router),
    await startCapture(topology.namespaces.agent, files.agent),
  ];
  await aDayOnTheRoad(topology);
  await Promise.all(captures.map((capture) => capture.stop()));
});
const messages = messagesByTshark(files.agent);
const updates = messages.filter((message) => message.type === BINDING_UPDATE);
const acknowledgements = messages.filter((message) => message.type === BINDING_ACKNOWLEDGEMENT);
const registrations = updates.filter((update) => update.lifetimeSeconds !== 0);
const removals = updates.filter((update) => update.lifetimeSeconds === 0);
const careOfAddresses = UPLINKS.map(careOfAddress);

test('tshark reads every mobility packet of both ends without a warning', () => {
  assert.ok(updates.length >= 8, `${updates.length} Binding Updates`);
  assert.ok(acknowledgements.length >= 8, `${acknowledgements.length} Binding Acknowledgements`);
  for (const file of Object.values(files)) assert.equal(complaints(file), []);
});

test('a Binding Update with a wrong length draws a complaint of tshark', () => {
  const octets = readFileSync(files.agent);
  const homeAddress = Buffer.from(addressToBytes(address(addresses.homeAddress)));
  // The Mobility Header follows the Home Address option; its length stands at offset 1.
  const lengthAt = octets.indexOf(homeAddress) + homeAddress.length + 1;
  octets[lengthAt]! ^= 0xff;
  const damaged = join(directory, 'damaged.pcap');
  writeFileSync(damaged, octets);
  assert.is(complaints(damaged).length, 1);
});

test('monami decode agrees with tshark on every field of every message', () => {
  for (const file of Object.values(files)) {
    const theirs = messagesByTshark(file);
    const ours = messagesByMonami(file);
    assert.is(ours.length, theirs.length);
    for (const [index, message] of theirs.entries()) {
      assert.equal(
        { ...ours[index], flags: [...ours[index]!.flags].sort() },
        { ...message, flags: [...message.flags].sort() },
      );
    }
    assert.equal(
      decodedPackets(file).filter((packet) => packet.error !== undefined),
      [],
    );
  }
});

test('neither end ever sends an ICMPv6 error because of signalling', () => {
  const ends = [addresses.homeAgent, addresses.routerLan, ...UPLINKS.map(careOfAddress)];
  // What a router on the way says of a lost tunnel packet is passed on to the packet's sender (RFC 2473 §8.2): no
  // answer to signalling.
  const relayed = `${addresses.homeAgent} ${addresses.server} 1 3`;
  for (const file of Object.values(files)) {
    const sent = icmpErrors(file).filter((line) => ends.includes(line.split(' ')[0] as (typeof ends)[number]));
    assert.equal(
      sent.filter((line) => line !== relayed),
      [],
    );
  }
});

test('Binding Updates carry the home address, register at home and ask for an acknowledgement', () => {
  for (const update of updates) {
    assert.is(update.homeAddress, addresses.homeAddress);
    assert.is(update.destination, addresses.homeAgent);
    assert.ok(careOfAddresses.includes(update.source), update.source);
    assert.ok(
      ['A', 'H', 'R'].every((flag) => update.flags.includes(flag)),
      update.flags.join(),
    );
  }
});

test('acknowledgements go to a care-of address, with the home address in a type 2 routing header', () => {
  for (const acknowledgement of acknowledgements) {
    assert.is(acknowledgement.source, addresses.homeAgent);
    assert.ok(careOfAddresses.includes(acknowledgement.destination), acknowledgement.destination);
    assert.is(acknowledgement.routing2, addresses.homeAddress);
    assert.ok(acknowledgement.status === ACCEPTED || acknowledgement.status === SEQUENCE_OUT_OF_WINDOW);
    assert.is(acknowledgement.flags.includes('R'), acknowledgement.status === ACCEPTED);
  }
});

test('every Binding Update is answered: accepted, or told the sequence number to go on from', () => {
  assert.is(acknowledgements.length, updates.length);
  for (const [index, update] of updates.entries()) {
    const { status, sequence } = acknowledgements[index]!;
    if (status === ACCEPTED) assert.is(sequence, update.sequence);
    else assert.is(updates[index + 1]!.sequence, (sequence! + 1) % 0x10000);
  }
});

test('[5648-4.1-01] one sequence counter serves all bindings', () => {
  const restarts = updates.filter((update, index) => {
    const before = updates[index - 1];
    return before === undefined || update.sequence !== (before.sequence! + 1) % 0x10000;
  });
  // The first one, the one after the crash, and what follows if that is out of the home agent's window.
  assert.ok(restarts.length <= 3, `${restarts.length} jumps`);
});

test('[5648-5.9-01] [5648-4.2-02] the router overwrites what it has forgotten, at its starts and only then', () => {
  const overwriting = updates.filter((update) => update.flags.includes('O'));
  assert.ok(updates[0]!.flags.includes('O'), 'at the first start');
  assert.ok(overwriting.length === 2 || overwriting.length === 3, `${overwriting.length} times`);
  for (const update of overwriting) assert.ok(update.identifiers.length > 0);
});

test('[5648-2-01] an uplink keeps its Binding Identifier through loss, return, refresh and restart', () => {
  const identifierOf = new Map<string, number>();
  for (const update of registrations) {
    for (const { bid, careOfAddress: named } of update.identifiers) {
      const careOf = named ?? update.source;
      assert.is(identifierOf.get(careOf) ?? bid, bid, careOf);
      identifierOf.set(careOf, bid);
    }
  }
  assert.equal([...identifierOf.keys()].sort(), careOfAddresses);
  assert.is(new Set(identifierOf.values()).size, UPLINKS.length);
});

test('[5648-5.1-04] [5648-5.2-03] registrations name the care-of address in the Binding Identifier option alone', () => {
  const known = new Set<number>();
  for (const update of updates) {
    assert.is(update.alternateCareOfAddress, undefined);
    for (const { bid, careOfAddress: named } of update.identifiers) {
      if (update.lifetimeSeconds === 0) known.delete(bid);
      else assert.ok(known.has(bid) || named !== undefined, `Binding Identifier ${bid}`);
      if (update.lifetimeSeconds !== 0) known.add(bid);
    }
  }
});

test('[5648-4.3-10] acknowledgements name Binding Identifiers without addresses', () => {
  const identifiers = acknowledgements.flatMap((acknowledgement) => acknowledgement.identifiers);
  assert.ok(identifiers.length >= UPLINKS.length);
  for (const identifier of identifiers) assert.is(identifier.careOfAddress, undefined);
});

test('lifetimes are refreshed before they end', () => {
  const refreshes = registrations.filter((update) => !update.flags.includes('O'));
  assert.ok(refreshes.length >= 2 + UPLINKS.length, `${refreshes.length} registrations after the first`);
});

test('[6275-6.1.9-02] strangers get Binding Errors: status 2 for an unknown type, 1 for an unbound home address', () => {
  const errors = messages.filter((message) => message.type === BINDING_ERROR);
  assert.equal(
    errors.map(({ destination, status, errorHomeAddress }) => ({ destination, status, errorHomeAddress })),
    [
      { destination: addresses.server, status: 2, errorHomeAddress: '::' },
      { destination: addresses.server, status: 1, errorHomeAddress: UNBOUND_HOME_ADDRESS },
    ],
  );
});

test('[5648-5.4-02] a lost uplink is de-registered over another one', () => {
  for (const uplink of ['cellular', 'satellite'] as const) {
    const bid = UPLINKS.indexOf(uplink) + 1;
    const removal = removals.find((update) => update.identifiers.some((identifier) => identifier.bid === bid));
    assert.ok(removal, uplink);
    assert.is.not(removal.source, careOfAddress(uplink));
    assert.is(removal.identifiers.length, 1, 'and no other with it');
  }
});

test('[5648-5.4-01] one Binding Update without Binding Identifiers ends all bindings', () => {
  const last = updates.at(-1)!;
  assert.is(last.lifetimeSeconds, 0);
  assert.equal(last.identifiers, []);
});

test.run();
