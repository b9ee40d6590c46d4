// An IPv4 path without NAT: what is encapsulated how, asserted on captures.
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { count, icmpErrors, icmpv4Errors, OUTSIDE, startCapture } from './capture.ts';
import { dualStackAgent, dualStackRouter, openSessions, startEnds, stopEnds } from './dual-stack.ts';
import { type ConfigurationFile, workDirectory } from './monami.ts';
import {
  addresses,
  careOfAddress,
  ipv4Addresses,
  ipv4CareOfAddress,
  type UplinkKind,
  withTopology,
} from './topology.ts';

const directory = workDirectory();
const careOf = ipv4CareOfAddress('satellite', 'plain');
/** In UDP, but no Mobility Header directly behind the IPv6 header. */
const DATA_IN_UDP = `udp port 4191 and not (udp[8] & 0xf0 = 0x60 and udp[14] = 135)`;
const MOBILITY_IN_UDP = `udp port 4191 and udp[8] & 0xf0 = 0x60 and udp[14] = 135`;

/** Sessions of both families over the satellite alone; the capture of what the home agent saw of them outside. */
async function overSatellite(
  name: string,
  kind: UplinkKind,
  router: ConfigurationFile = {},
  agent: ConfigurationFile = {},
): Promise<string> {
  const work = join(directory, name);
  return withTopology(
    async (topology) => {
      const uplinks = [{ name: 'satellite', interface: 'satellite' }];
      const capture = await startCapture(topology.namespaces.agent, join(directory, `${name}.pcap`), OUTSIDE);
      const ends = await startEnds(topology, work, ['satellite'], {
        router: dualStackRouter(work, { board: undefined, uplinks, ...router }),
        agent: dualStackAgent(work, agent),
      });
      const sessions = await openSessions(topology);
      assert.equal(await sessions.finish(), []);
      await stopEnds(ends);
      await capture.stop();
      const errors = [...icmpv4Errors(capture.file), ...icmpErrors(capture.file)];
      const own = [ipv4Addresses.homeAgent, addresses.homeAgent, careOf, careOfAddress('satellite')];
      assert.equal(
        errors.filter((line) => own.includes(line.split(' ')[0]!)),
        [],
      );
      return capture.file;
    },
    { lab: `${name}-`, uplinks: { satellite: kind } },
  );
}

test('[5555-4.2-03, 5555-4.2-04, 5555-4.4.3-02, 5555-4.5.1-02, 5555-4.5.1-03] without a NAT data go in IPv4 alone, and only Binding Updates and Acknowledgements in UDP', async () => {
  const file = await overSatellite('plain', { ipv6: false, ipv4: 'plain' });
  assert.ok(count(file, `ip proto 41 and src host ${careOf}`) > 100, 'IPv6 in IPv4');
  assert.ok(count(file, `ip proto 41 and dst host ${careOf}`) > 100, 'and back');
  assert.ok(count(file, `ip proto 4 and src host ${careOf}`) > 100, 'IPv4 in IPv4');
  assert.ok(count(file, `ip proto 4 and dst host ${careOf}`) > 100, 'and back');
  assert.is(count(file, DATA_IN_UDP), 0, 'no data in UDP');
  assert.ok(count(file, MOBILITY_IN_UDP) >= 4, 'registered and de-registered in UDP');
});

test('[5555-3.1.3-03, 5555-3.2.2-04] with forced UDP encapsulation data go in UDP without a NAT, too', async () => {
  const file = await overSatellite(
    'forced',
    { ipv6: false, ipv4: 'plain' },
    { udpEncapsulation: 'always' },
    { allowForcedUdpEncapsulation: true },
  );
  for (const version of [6, 4])
    for (const direction of ['src', 'dst'])
      assert.ok(
        count(file, `${direction} host ${careOf} and ${DATA_IN_UDP} and udp[8] & 0xf0 = ${version << 4}`) > 100,
      );
  assert.is(count(file, 'ip proto 4 or ip proto 41'), 0);
});

test('[5555-4.5-06] an agent that does not allow forced UDP encapsulation serves the router without it', async () => {
  const file = await overSatellite(
    'refused',
    { ipv6: false, ipv4: 'plain' },
    { udpEncapsulation: 'always' },
    { allowForcedUdpEncapsulation: false },
  );
  assert.ok(count(file, 'ip proto 41') > 100 && count(file, 'ip proto 4') > 100);
});

test('[5555-4.1-02, 5555-5.1-03] IPv4 of the vehicle goes in IPv6 where the uplink has IPv6 alone', async () => {
  const file = await overSatellite('ipv6', {});
  for (const direction of ['src', 'dst']) {
    assert.ok(count(file, `ip6 proto 4 and ${direction} host ${careOfAddress('satellite')}`) > 100, 'IPv4 in IPv6');
    assert.ok(count(file, `ip6 proto 41 and ${direction} host ${careOfAddress('satellite')}`) > 100, 'IPv6 in IPv6');
  }
  assert.is(count(file, 'ip proto 4 or ip proto 41 or udp port 4191'), 0);
});

test.run();
