import type { Scenario } from './plan.ts';
import { LARGE_SCENARIOS, SCENARIOS } from './scenario/index.ts';
import type { Trace } from './trace.ts';
import { type Outcome, World, type WorldOptions } from './world.ts';

const ALL: readonly Scenario[] = [...SCENARIOS, ...LARGE_SCENARIOS];

export { ALL as ALL_SCENARIOS };

/** The scenario with this name, else the one whose turn it is with this seed. */
export function scenarioOf(seed: number, name?: string): Scenario {
  const scenario =
    name === undefined ? SCENARIOS[seed % SCENARIOS.length] : ALL.find((candidate) => candidate.name === name);
  if (!scenario) throw new RangeError(`no scenario '${name}'`);
  return scenario;
}

/** Runs one world to its end. `keep` gets its trace. */
export function runSeed(
  scenario: Scenario,
  seed: number,
  options: WorldOptions = {},
  keep: (trace: Trace) => void = () => {},
): Outcome {
  const world = new World(scenario, seed, options);
  const outcome = world.run();
  keep(world.trace);
  return outcome;
}
