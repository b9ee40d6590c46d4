// Two vehicles that have the same private address, each behind a NAT of its own.
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dualStackRouter, otherRouter, startEnds, stopEnds, untilActive, uplinkOf } from './dual-stack.ts';
import { startMonami, workDirectory } from './monami.ts';
import { PROMPTLY } from './namespace.ts';
import { addresses, ipv4Addresses, ipv4CareOfAddress, other, publicAddress, withTopology } from './topology.ts';
import { openEchoSession, startEchoServer } from './traffic/echo-session.ts';

const PORT = 7007;
const UPLINKS = ['satellite'];
const directory = workDirectory();

test('two vehicles with the same private address behind different NATs do not get in each other’s way', () =>
  withTopology(
    async (topology) => {
      const { namespaces } = topology;
      const uplinks = [{ name: 'satellite', interface: 'satellite' }];
      const file = dualStackRouter(directory, { board: undefined, uplinks });
      const ends = await startEnds(topology, directory, UPLINKS, { router: file });
      const place = join(directory, 'other');
      const second = startMonami(namespaces['other-router']!, 'router', place, otherRouter(place), PROMPTLY);
      await untilActive(second, UPLINKS);

      const careOf = ipv4CareOfAddress('satellite', 'nat');
      for (const router of [ends.router, second]) assert.is(uplinkOf(router, 'satellite')?.careOfAddress, careOf);
      const bindings = () =>
        Object.fromEntries(
          (ends.agent.status()?.homeAgent?.bindings ?? []).map(({ homeAddress, outer }) => [
            homeAddress,
            outer?.address,
          ]),
        );
      const expected = {
        [addresses.homeAddress]: publicAddress('satellite'),
        [other.homeAddress]: publicAddress('other'),
      };
      assert.equal(bindings(), expected);

      await startEchoServer(namespaces.server, PORT);
      const open = (namespace: string, local: string, server: string) =>
        openEchoSession(namespace, local, server, PORT);
      const sessions = await Promise.all([
        open(namespaces.vehicle, addresses.vehicle, addresses.server),
        open(namespaces.vehicle, ipv4Addresses.vehicle, ipv4Addresses.server),
        open(namespaces['other-router']!, other.vehicle, addresses.server),
        open(namespaces['other-router']!, other.ipv4.vehicle, ipv4Addresses.server),
      ]);
      topology.rebootNat('satellite', '20000-29999');
      for (const session of sessions) await session.untilProgress(10_000);
      for (const session of sessions) {
        await session.untilProgress(10_000);
        assert.equal(session.failures, []);
      }
      assert.equal(bindings(), expected);
      for (const session of sessions) await session.stop();
      await second.process.stop();
      assert.equal(Object.keys(bindings()), [addresses.homeAddress], 'the other one has gone');
      await stopEnds(ends);
    },
    {
      otherVehicle: true,
      uplinks: { satellite: { ipv6: false, ipv4: 'nat' } },
    },
  ));

test.run();
