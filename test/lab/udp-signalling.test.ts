// What goes over the wire in UDP, judged by tshark, which has to be told what port 4191 is for.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { count, messagesByMonami, messagesByTshark, startCapture, warnings } from './capture.ts';
import { dualStackRouter, openSessions, startEnds, stopEnds } from './dual-stack.ts';
import { workDirectory } from './monami.ts';
import { sleep } from './namespace.ts';
import { addresses, withTopology } from './topology.ts';

const BINDING_UPDATE = 5;
const BINDING_ACKNOWLEDGEMENT = 6;
const ACCEPTED = 0;
/** Short, so that refreshes are seen. */
const LIFETIME_SECONDS = 8;
const BEHIND_UDP = 8;
const VERSION = `udp[${BEHIND_UDP}] & 0xf0`;

const directory = workDirectory();
const files = {
  ipv6: join(directory, 'ipv6.pcap'),
  ipv4: join(directory, 'ipv4.pcap'),
  signalling: join(directory, 'signalling.pcap'),
};

await withTopology(
  async (topology) => {
    const { agent } = topology.namespaces;
    const captures = [
      await startCapture(agent, files.ipv6, `udp port 4191 and ${VERSION} = 0x60`),
      await startCapture(agent, files.ipv4, `udp port 4191 and ${VERSION} = 0x40`),
      await startCapture(agent, files.signalling, `udp port 4191 and udp[${BEHIND_UDP + 6}] = 135`),
    ];
    const uplinks = [{ name: 'satellite', interface: 'satellite' }];
    const router = dualStackRouter(directory, { board: undefined, uplinks, lifetimeSeconds: LIFETIME_SECONDS });
    const ends = await startEnds(topology, directory, ['satellite'], { router });
    const sessions = await openSessions(topology);
    topology.rebootNat('satellite', '20000-29999');
    await sleep(LIFETIME_SECONDS * 1000);
    assert.equal(await sessions.finish(), []);
    await stopEnds(ends);
    for (const capture of captures) await capture.stop();
  },
  { uplinks: { satellite: { ipv6: false, ipv4: 'nat' } } },
);

test('tshark reads signalling and data in UDP without a warning', () => {
  assert.ok(count(files.ipv6, 'udp') > 100 && count(files.ipv4, 'udp') > 100);
  assert.equal(warnings(files.ipv6, 'ipv6'), []);
  assert.equal(warnings(files.ipv4, 'ip'), []);
});

test('what is damaged draws a warning of tshark', () => {
  const octets = readFileSync(files.signalling);
  const lengthAt = octets.length - 3;
  octets.fill(0xff, lengthAt - 40, lengthAt);
  const damaged = join(directory, 'damaged.pcap');
  writeFileSync(damaged, octets);
  assert.ok(warnings(damaged, 'ipv6').length > 0);
});

test('[5555-4.4.2-01, 5555-4.5-14] updates go from home address to home agent and come back so, without Home Address option and routing header', () => {
  const messages = messagesByTshark(files.signalling);
  const updates = messages.filter(({ type }) => type === BINDING_UPDATE);
  const acknowledgements = messages.filter(({ type }) => type === BINDING_ACKNOWLEDGEMENT);
  assert.ok(updates.length >= 4, `${updates.length} Binding Updates`);
  assert.is(acknowledgements.length, updates.length);
  for (const update of updates) {
    assert.equal([update.source, update.destination], [addresses.homeAddress, addresses.homeAgent]);
    assert.is(update.homeAddress, undefined);
  }
  for (const acknowledgement of acknowledgements) {
    assert.equal([acknowledgement.source, acknowledgement.destination], [addresses.homeAgent, addresses.homeAddress]);
    assert.equal([acknowledgement.routing2, acknowledgement.status], [undefined, ACCEPTED]);
  }
});

test('monami decode agrees with tshark on every message in UDP', () => {
  const theirs = messagesByTshark(files.signalling);
  const ours = messagesByMonami(files.signalling);
  assert.is(ours.length, theirs.length);
  for (const [index, message] of theirs.entries()) {
    const flags = (of: readonly string[]) => [...of].sort();
    assert.equal({ ...ours[index]!, flags: flags(ours[index]!.flags) }, { ...message, flags: flags(message.flags) });
  }
});

test.run();
