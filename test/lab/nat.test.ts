// An uplink behind one NAT, and behind two in a row: sessions of both families move there and back, and outlive a NAT that
// forgets its mappings.
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { count, icmpErrors, icmpv4Errors, OUTSIDE, startCapture } from './capture.ts';
import { openSessions, startEnds, stopEnds, untilActive, uplinkOf } from './dual-stack.ts';
import { type Monami, workDirectory } from './monami.ts';
import { until } from './namespace.ts';
import { addresses, ipv4Addresses, ipv4CareOfAddress, publicAddress, UPLINKS, withTopology } from './topology.ts';

const directory = workDirectory();
const BID = UPLINKS.indexOf('satellite') + 1;
/** A link that goes down is noticed at once; a NAT that has forgotten, by probes that are not answered. */
const LINK_LIMIT_MS = 100;
const REBOOT_LIMIT_MS = 3000;
const NEW_PORTS = { first: 20000, last: 29999 };

const outerOf = (agent: Monami) => agent.status()?.homeAgent?.bindings.find(({ bid }) => bid === BID)?.outer;

for (const [kind, words] of [
  ['nat', 'a NAT'],
  ['two-nats', 'two NATs in a row'],
] as const)
  test(`[5555-2.3.2.2-02, 5555-2.3.2.2-04, 5555-4.4.3-02, 5555-4.5-15, 5555-4.5.1-03] sessions of both families move behind ${words}, outlive its reboot, and move back`, () =>
    withTopology(
      async (topology) => {
        const { namespaces } = topology;
        const work = join(directory, kind);
        const ends = await startEnds(topology, work, UPLINKS);
        const captures = {
          agent: await startCapture(namespaces.agent, join(work, 'agent.pcap'), OUTSIDE),
          router: await startCapture(namespaces.router, join(work, 'router.pcap'), OUTSIDE),
        };
        const sessions = await openSessions(topology);

        const lostMs = Date.now();
        topology.carrierLost('wifi');
        topology.carrierLost('cellular');
        await untilActive(ends.router, ['satellite']);
        await sessions.untilProgress();
        const gapMs = sessions.longestGapMs(lostMs);
        assert.is(uplinkOf(ends.router, 'satellite')?.careOfAddress, ipv4CareOfAddress('satellite', kind));
        const before = outerOf(ends.agent);
        assert.equal([before?.address, before?.nat, before?.encapsulation], [publicAddress('satellite'), true, 'udp']);

        const rebootMs = Date.now();
        topology.rebootNat('satellite', `${NEW_PORTS.first}-${NEW_PORTS.last}`);
        await until('the agent hears the satellite from a new port', REBOOT_LIMIT_MS, () => {
          const port = outerOf(ends.agent)?.port ?? 0;
          return port >= NEW_PORTS.first && port <= NEW_PORTS.last;
        });
        await sessions.untilProgress();
        const rebootGapMs = sessions.longestGapMs(rebootMs);

        topology.linkUp('cellular');
        topology.linkUp('wifi');
        await untilActive(ends.router, UPLINKS);
        assert.equal(await sessions.finish(), []);
        await stopEnds(ends);
        for (const capture of Object.values(captures)) await capture.stop();
        assert.ok(gapMs <= LINK_LIMIT_MS, `a gap of ${gapMs} ms when links went down`);
        assert.ok(rebootGapMs <= REBOOT_LIMIT_MS, `a gap of ${rebootGapMs} ms when the NAT was rebooted`);

        const { agent, router } = { agent: captures.agent.file, router: captures.router.file };
        const outside = `host ${publicAddress('satellite')}`;
        for (const version of [6, 4]) {
          const data = `udp port 4191 and udp[8] & 0xf0 = ${version << 4}`;
          assert.ok(count(agent, `${outside} and ${data}`) > 100, `IPv${version} in UDP`);
        }
        assert.is(count(agent, `${outside} and (ip proto 4 or ip proto 41)`), 0, 'nothing without UDP');
        const inside = `src host ${ipv4CareOfAddress('satellite', kind)}`;
        assert.is(count(router, `${inside} and not (udp src port 4191 and udp dst port 4191)`), 0);
        assert.ok(count(router, inside) > 100);
        const own = [ipv4Addresses.homeAgent, publicAddress('satellite'), ipv4CareOfAddress('satellite', kind)];
        const errors = [...icmpv4Errors(agent), ...icmpv4Errors(router)];
        assert.equal(
          errors.filter((line) => own.includes(line.split(' ')[0]!)),
          [],
        );
        assert.equal(
          icmpErrors(agent).filter((line) => line.startsWith(`${addresses.homeAgent} `)),
          [],
        );
      },
      { lab: `${kind}-`, uplinks: { satellite: { ipv6: false, ipv4: kind } } },
    ));

test.run();
