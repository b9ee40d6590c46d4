import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stackThat } from './broken-machines.ts';
import { homeAddress } from './configurations.ts';
import type { Scenario } from './plan.ts';
import { fleet, scenario } from './scenario/thousand-vehicles.ts';
import { runSeed } from './seeds.ts';
import { describeFailure } from './sweep.ts';
import { read } from './witness.ts';
import type { World } from './world.ts';

const SEED = 1;

test('a thousand vehicles with coverage gaps are registered again within the timers after their home agent reboots', () => {
  const seen = { vehicles: 0, homes: 0, bindings: 0, withoutLink: 0, starts: 0 };
  const look = (world: World) => {
    const bindings = world.homeAgent.status()!.homeAgent!.bindings;
    seen.vehicles = world.vehicles.length;
    seen.homes = new Set(bindings.map(({ homeAddress }) => homeAddress)).size;
    seen.bindings = bindings.length;
    seen.withoutLink = world.vehicles.filter(({ uplinks }) => uplinks.every(({ isGood }) => !isGood)).length;
    seen.starts = world.homeAgent.starts;
  };
  const watched: Scenario = {
    ...scenario,
    plan(random) {
      const plan = scenario.plan(random);
      return {
        ...plan,
        verdict(world) {
          look(world);
          return plan.verdict!(world);
        },
      };
    },
  };
  const outcome = runSeed(watched, SEED);
  assert.is(
    outcome.violation,
    undefined,
    outcome.violation && describeFailure({ scenario: scenario.name, seed: SEED, outcome }),
  );
  assert.is(seen.vehicles, 1000);
  assert.is(seen.starts, 2);
  assert.is(outcome.exercised.get('home agents killed'), 1);
  assert.ok(outcome.exercised.get('attachments')! > 3000, 'coverage has gaps');
  // A vehicle without a link just now may still be in the cache, or not any more.
  assert.ok(seen.homes >= 1000 - seen.withoutLink, `${seen.homes} registered, ${seen.withoutLink} without a link`);
  assert.ok(seen.bindings > 1500, 'most have both their links registered');
});

test('a home agent that forgets one of twenty vehicles for good is found out', () => {
  const few: Scenario = { ...scenario, plan: (random) => fleet(random, 20) };
  assert.is(runSeed(few, SEED).violation, undefined);
  let starts = 0;
  const machines = stackThat((real) => {
    const isSecond = ++starts > 1;
    return {
      handle: (input, nowMs) =>
        isSecond && input.type === 'packet' && read(input.bytes)?.homeAddress === homeAddress(7)
          ? []
          : real.handle(input, nowMs),
    };
  });
  const { violation } = runSeed(few, SEED, { homeAgentMachines: machines });
  assert.is(violation?.rule, 'verdict', violation?.detail);
  assert.match(violation!.detail, /vehicles 7$/);
});

test.run();
