// What monami leaves behind of IPv4 on its host when it ends: nothing.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dualStackAgent, dualStackRouter, untilActive } from './dual-stack.ts';
import { hostState, stateDifference } from './host-state.ts';
import { startMonami, untilAnswering, workDirectory } from './monami.ts';
import { sleep } from './namespace.ts';
import { UPLINKS, withTopology } from './topology.ts';

const directory = workDirectory();
const uplinks = { cellular: { ipv4: 'plain' }, satellite: { ipv6: false, ipv4: 'nat' } } as const;

for (const signal of ['SIGTERM', 'SIGKILL'] as const)
  test(`after ${signal}${signal === 'SIGKILL' ? ', a new start and SIGTERM' : ''} nothing of IPv4 is left at either end`, () =>
    withTopology(
      async ({ namespaces }) => {
        const roles = ['router', 'agent'] as const;
        const before = { router: hostState(namespaces.router), agent: hostState(namespaces.agent) };
        const start = async () => {
          const agent = startMonami(namespaces.agent, 'agent', directory, dualStackAgent(directory));
          await untilAnswering(agent);
          const router = startMonami(namespaces.router, 'router', directory, dualStackRouter(directory));
          await untilActive(router, UPLINKS);
          return { agent, router };
        };
        let ends = await start();
        for (const role of roles) {
          const own = stateDifference(before[role], hostState(namespaces[role])).join('\n');
          assert.match(own, /198\.51\.100\.129/, `the home address is seen on the ${role}`);
          assert.match(own, /198\.51\.100\.0\/28/, `the vehicle's prefix is seen on the ${role}`);
        }
        if (signal === 'SIGKILL') {
          for (const role of roles) await ends[role].process.stop('SIGKILL');
          for (const role of roles)
            assert.match(stateDifference(before[role], hostState(namespaces[role])).join(), /198\.51\.100/, role);
          ends = await start();
        }
        assert.is(await ends.router.process.stop(), 0);
        await sleep(100);
        assert.equal(ends.agent.status()?.homeAgent?.bindings, [], 'the router has de-registered');
        assert.is(await ends.agent.process.stop(), 0);
        for (const role of roles) assert.equal(stateDifference(before[role], hostState(namespaces[role])), []);
      },
      { uplinks },
    ));

test.run();
