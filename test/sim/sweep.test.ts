import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SCENARIOS } from './scenario/index.ts';
import { type Done, describeFailure, jobsOf, runJobs } from './sweep.ts';

const DAY_MS = 86_400_000;
/** Every scenario the same number of times. */
const TURNS = 30;
const SEEDS = TURNS * SCENARIOS.length;
const SHARE_WITH_IPV4 = 1 / 3;
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
  ['outages of one address family of a carrier', 'family-changes'],
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
  ['other address families after a handover', 'family-changes'],
  ['bindings that change their address family', 'family-changes'],
  ['NAT mappings timed out', 'nat-rebinding'],
  ['NAT reboots', 'nat-rebinding'],
  ['NAT rebindings', 'carrier-grade-nat'],
  ['NAT port changes', 'nat-rebinding'],
  ["NAT's endpoints used again by another host", 'shared-private-addresses'],
  ['updates accepted in UDP', 'ipv4-only-vehicles'],
  ['updates accepted in UDP', 'commute'],
  ['updates accepted for plain IPv4', 'ipv4-only-vehicles'],
  ['updates accepted for plain IPv4', 'commute'],
  ['IPv4 packets delivered', 'satellite'],
  ['IPv4 packets delivered', 'nat-rebinding'],
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
  for (const { name } of SCENARIOS) assert.is(done.filter(({ scenario }) => scenario === name).length, TURNS, name);
});

test('a third of the worlds and more had uplinks with IPv4, by which bindings were made', () => {
  const withIpv4 = done.filter(({ outcome: { exercised } }) => {
    const inIpv4 = ['updates accepted in UDP', 'updates accepted for plain IPv4'];
    return inIpv4.some((what) => exercised.get(what)! > 0);
  });
  assert.ok(withIpv4.length >= done.length * SHARE_WITH_IPV4, `${withIpv4.length} of ${done.length}`);
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
