// One uplink whose network gives IPv6 alone, then IPv4 alone behind a NAT, then both.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dualStackRouter, openSessions, startEnds, stopEnds, uplinkOf } from './dual-stack.ts';
import { type Monami, workDirectory } from './monami.ts';
import { until } from './namespace.ts';
import { careOfAddress, ipv4CareOfAddress, withTopology } from './topology.ts';

const directory = workDirectory();
const IPV6 = careOfAddress('satellite');
const IPV4 = ipv4CareOfAddress('satellite', 'nat');

function untilCareOf(router: Monami, careOf: string): Promise<void> {
  return until(`${careOf} is registered`, 15_000, () => {
    const uplink = uplinkOf(router, 'satellite');
    return uplink?.state === 'active' && uplink.careOfAddress === careOf;
  });
}

test('[5555-4.4.1-01] sessions outlive an uplink that changes its family; IPv6 is preferred', () =>
  withTopology(
    async (topology) => {
      const uplinks = [{ name: 'satellite', interface: 'satellite' }];
      topology.offer('satellite', { ipv6: true, ipv4: false });
      const router = dualStackRouter(directory, { board: undefined, uplinks });
      const ends = await startEnds(topology, directory, ['satellite'], { router });
      await untilCareOf(ends.router, IPV6);
      const sessions = await openSessions(topology);
      for (const [families, careOf] of [
        [{ ipv6: false, ipv4: true }, IPV4],
        [{ ipv6: true, ipv4: true }, IPV6],
        [{ ipv6: true, ipv4: false }, IPV6],
        [{ ipv6: false, ipv4: true }, IPV4],
      ] as const) {
        topology.offer('satellite', families);
        await untilCareOf(ends.router, careOf);
        await sessions.untilProgress();
        const bindings = ends.agent.status()?.homeAgent?.bindings ?? [];
        assert.equal([bindings.length, bindings[0]?.bid], [1, 1], 'one binding, whatever the family');
      }
      assert.equal(await sessions.finish(), []);
      await stopEnds(ends);
    },
    { uplinks: { satellite: { ipv4: 'nat' } } },
  ));

test('an uplink that prefers IPv4 is registered with it', () =>
  withTopology(
    async (topology) => {
      const uplinks = [{ name: 'satellite', interface: 'satellite', addressFamilies: ['ipv4', 'ipv6'] }];
      const router = dualStackRouter(directory, { board: undefined, uplinks });
      const ends = await startEnds(topology, directory, ['satellite'], { router });
      await untilCareOf(ends.router, IPV4);
      await stopEnds(ends);
    },
    { uplinks: { satellite: { ipv4: 'nat' } } },
  ));

test.run();
