// What monami leaves behind on its host when it ends: nothing.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hostState, stateDifference } from './host-state.ts';
import {
  agentConfiguration,
  routerConfiguration,
  startMonami,
  untilAnswering,
  untilRegistered,
  workDirectory,
} from './monami.ts';
import { sleep } from './namespace.ts';
import { withTopology } from './topology.ts';

const directory = workDirectory();

test('after SIGTERM rules, routes, links and nftables of both ends are as before', () =>
  withTopology(async ({ namespaces }) => {
    const before = { router: hostState(namespaces.router), agent: hostState(namespaces.agent) };
    const agent = startMonami(namespaces.agent, 'agent', directory, agentConfiguration(directory));
    await untilAnswering(agent);
    const router = startMonami(namespaces.router, 'router', directory, routerConfiguration(directory));
    await untilRegistered(router);
    assert.ok(stateDifference(before.router, hostState(namespaces.router)).length > 3, 'the running router is seen');
    assert.ok(stateDifference(before.agent, hostState(namespaces.agent)).length > 1, 'the running agent is seen');
    assert.is(await router.process.stop(), 0);
    await sleep(100);
    assert.equal(agent.status()?.homeAgent?.bindings, [], 'the router has de-registered');
    assert.is(await agent.process.stop(), 0);
    assert.equal(stateDifference(before.router, hostState(namespaces.router)), []);
    assert.equal(stateDifference(before.agent, hostState(namespaces.agent)), []);
  }));

test('after SIGKILL, a new start and SIGTERM they are as before, too', () =>
  withTopology(async ({ namespaces }) => {
    const before = { router: hostState(namespaces.router), agent: hostState(namespaces.agent) };
    const startAgent = () => startMonami(namespaces.agent, 'agent', directory, agentConfiguration(directory));
    const startRouter = () => startMonami(namespaces.router, 'router', directory, routerConfiguration(directory));
    let agent = startAgent();
    await untilAnswering(agent);
    let router = startRouter();
    await untilRegistered(router);
    await router.process.stop('SIGKILL');
    assert.ok(
      stateDifference(before.router, hostState(namespaces.router)).length > 0,
      'a killed router cannot clean up',
    );
    router = startRouter();
    await untilRegistered(router);
    await agent.process.stop('SIGKILL');
    agent = startAgent();
    await untilAnswering(agent);
    await sleep(500);
    assert.is(await router.process.stop(), 0);
    assert.is(await agent.process.stop(), 0);
    assert.equal(stateDifference(before.router, hostState(namespaces.router)), []);
    assert.equal(stateDifference(before.agent, hostState(namespaces.agent)), []);
  }));

test('links that come and go while monami runs leave nothing either', () =>
  withTopology(async (topology) => {
    const { namespaces } = topology;
    const before = hostState(namespaces.router);
    const agent = startMonami(namespaces.agent, 'agent', directory, agentConfiguration(directory));
    await untilAnswering(agent);
    const router = startMonami(namespaces.router, 'router', directory, routerConfiguration(directory));
    await untilRegistered(router);
    topology.deviceDown('cellular');
    topology.carrierLost('wifi');
    await sleep(500);
    topology.linkUp('wifi');
    topology.linkUp('cellular');
    await untilRegistered(router);
    topology.silence('satellite');
    assert.is(await router.process.stop(), 0);
    topology.heal('satellite');
    await agent.process.stop();
    assert.equal(stateDifference(before, hostState(namespaces.router)), []);
  }));

test.run();
