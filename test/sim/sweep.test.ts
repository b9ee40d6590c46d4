import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SCENARIOS } from './scenario/index.ts';
import { type Done, describeFailure, jobsOf, runJobs } from './sweep.ts';

const DAY_MS = 86_400_000;
/** Every scenario the same number of times. */
const SEEDS = 42 * SCENARIOS.length;
const REPORTED_FAILURES = 5;

/** What has to happen somewhere, and the scenario in which it must happen for sure, if there is one. */
const EXERCISES: readonly (readonly [what: string, scenario?: string])[] = [
  ['packets lost by chance', 'real-drives'],
  ['packets doubled', 'lossy'],
  ['packets held back', 'lossy'],
  ['packets too big for a link', 'narrow-paths'],
  ['packets swallowed by a silent link', 'tunnel'],
  ["packets with a source that is not the terminal's"],
  ['attachments', 'commute'],
  ['handovers', 'real-drives'],
  ['deaf spells', 'real-drives'],
  ['outages of a carrier', 'carrier-outages'],
  ['addresses used again by another terminal', 'shared-addresses'],
  ['routers killed', 'router-reboots'],
  ['routers stopped', 'router-reboots'],
  ['routers rebooted', 'router-reboots'],
  ['kernel notifications lost', 'router-reboots'],
  ['home agents killed', 'home-agent-reboots'],
  ['home agents stopped', 'home-agent-reboots'],
  ['wall clocks set', 'clocks-jump'],
  ['updates refused for their timestamp', 'clocks-jump'],
  ['updates refused for their sequence number', 'lossy'],
  ['updates accepted', 'satellite'],
];

const done: Done[] = [];

test(`every invariant holds over ${SEEDS} seeds`, async () => {
  const failures: string[] = [];
  const jobs = jobsOf(1, SEEDS);
  await runJobs(jobs, (one) => {
    done.push(one);
    if (one.outcome.violation) {
      const text = failures.length < REPORTED_FAILURES ? describeFailure(one) : `${one.scenario}, seed ${one.seed}`;
      failures.push(text);
      process.stdout.write(`progress: FAILED ${text}\n`);
    }
    if (done.length % 50 === 0) process.stdout.write(`progress: ${done.length} of ${SEEDS} seeds\n`);
  });
  assert.is(failures.length, 0, failures.join('\n'));
});

test('it was at least 500 seeds and 100 vehicle-days, and each scenario had its turns', () => {
  const seeds = new Set(done.map(({ seed }) => seed)).size;
  const days = done.reduce((sum, { outcome }) => sum + outcome.vehicleMs, 0) / DAY_MS;
  process.stdout.write(`progress: ${seeds} seeds, ${days.toFixed(1)} vehicle-days\n`);
  assert.ok(seeds >= 500, `${seeds} seeds`);
  assert.ok(days >= 100, `${days} vehicle-days`);
  for (const { name } of SCENARIOS) assert.is(done.filter(({ scenario }) => scenario === name).length, 42, name);
});

test('users sent packets in every world, and most of them had to arrive', () => {
  for (const { scenario, seed, outcome } of done) {
    assert.ok(outcome.sent > 200, `${scenario}, seed ${seed}: ${outcome.sent} sent`);
    assert.ok(outcome.registrations > 0, `${scenario}, seed ${seed}: no registration`);
  }
  const sum = (number: (one: Done) => number) => done.reduce((total, one) => total + number(one), 0);
  assert.ok(sum(({ outcome }) => outcome.must) > sum(({ outcome }) => outcome.sent) / 2);
  assert.ok(sum(({ outcome }) => outcome.delivered) >= sum(({ outcome }) => outcome.must));
});

for (const [what, where] of EXERCISES) {
  test(`the worlds knew ${what}${where ? `, ${where} for one` : ''}`, () => {
    const count = done
      .filter(({ scenario }) => where === undefined || scenario === where)
      .reduce((sum, { outcome }) => sum + (outcome.exercised.get(what) ?? 0), 0);
    assert.ok(count > 0);
  });
}

test.run();
