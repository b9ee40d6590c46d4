import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Scenario } from './plan.ts';
import { scenario as clocksJump } from './scenario/clocks-jump.ts';
import { SCENARIOS } from './scenario/index.ts';
import { MINUTE_MS } from './scenario/parts.ts';
import { runSeed } from './seeds.ts';

const SEED = 7;
const SHORT_MS = 20 * MINUTE_MS;

function shortened(scenario: Scenario): Scenario {
  return { ...scenario, plan: (random) => ({ ...scenario.plan(random), durationMs: SHORT_MS }) };
}

/** Runs it where the machine's own clock and chance give an error. */
function withoutClockAndChance<T>(run: () => T): T {
  const [now, chance, monotonic] = [Date.now, Math.random, performance.now];
  const refuse = () => {
    throw new Error('a world asks the machine that it runs on');
  };
  Object.assign(Date, { now: refuse });
  Object.assign(Math, { random: refuse });
  Object.assign(performance, { now: refuse });
  try {
    return run();
  } finally {
    Object.assign(Date, { now });
    Object.assign(Math, { random: chance });
    Object.assign(performance, { now: monotonic });
  }
}

for (const scenario of SCENARIOS) {
  test(`${scenario.name} runs twice in the same way, and in another way with another seed`, () => {
    const short = shortened(scenario);
    const first = withoutClockAndChance(() => runSeed(short, SEED));
    const second = runSeed(short, SEED, { keeps: true });
    assert.ok(first.packets > 100, `only ${first.packets} packets`);
    assert.equal({ ...second }, { ...first });
    assert.is.not(runSeed(short, SEED + 1).hash, first.hash);
  });
}

test('a step of the wall clock moves no lifetime: without timestamps not one packet changes', () => {
  const unsigned: Scenario = {
    ...clocksJump,
    plan: (random) => ({ ...clocksJump.plan(random), authentication: false }),
  };
  const still: Scenario = {
    ...unsigned,
    plan: (random) => {
      const plan = unsigned.plan(random);
      return {
        ...plan,
        faults: (world, faults) => {
          for (const { host } of world.vehicles) host.clock.jumpWall = () => {};
          plan.faults!(world, faults);
        },
      };
    },
  };
  const [jumping, even] = [runSeed(unsigned, SEED), runSeed(still, SEED)];
  assert.is(jumping.violation, undefined);
  assert.ok(jumping.exercised.get('wall clocks set')! > 5);
  assert.is(even.exercised.get('wall clocks set'), 0);
  assert.is(jumping.hash, even.hash);
});

test.run();
