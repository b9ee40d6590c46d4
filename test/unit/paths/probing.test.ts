import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type PathTraffic, type PathVerdict, type ProbePlan, Prober } from '../../../src/paths/probing.ts';
import { PROBING, START_MS } from '../../lib/engines.ts';
import { Random } from '../../lib/wire-mutations.ts';

const FAST: ProbePlan = { ...PROBING, intervalMs: 75 };

interface Path {
  /** `undefined`: nothing comes back. */
  roundTripMs: number | undefined;
  /** One packet goes out every so many milliseconds; 0: idle. */
  trafficEveryMs: number;
  /** Whether the far end answers traffic by this path. */
  bringsTraffic: boolean;
  /** Share of probes lost, in percent. */
  lossPercent: number;
  /** Since when traffic brings nothing any more. */
  silentMs?: number;
}

/** A prober over simulated paths, run at its deadlines. */
class ProbedPaths {
  readonly prober: Prober;
  readonly probes: { readonly key: number; readonly atMs: number }[] = [];
  readonly verdicts: (PathVerdict & { readonly atMs: number })[] = [];
  readonly paths = new Map<number, Path>();
  nowMs = START_MS;
  readonly #answers: { readonly key: number; readonly sequenceNumber: number; readonly atMs: number }[] = [];
  readonly #random = new Random(11);
  readonly #traffic = new Map<number, { sentPackets: number; lastReceivedMs: number; lastMs: number }>();

  constructor(plan: ProbePlan = PROBING) {
    this.prober = new Prober(plan);
  }

  add(key: number, path: Partial<Path> = {}): Path {
    const whole = { roundTripMs: 50, trafficEveryMs: 0, bringsTraffic: false, lossPercent: 0, ...path };
    this.paths.set(key, whole);
    this.prober.add(key, this.nowMs);
    return whole;
  }

  run(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      this.#answers.sort((a, b) => a.atMs - b.atMs);
      const [answer] = this.#answers;
      const nextMs = Math.min(answer?.atMs ?? Number.POSITIVE_INFINITY, this.prober.nextDeadlineMs);
      if (nextMs > untilMs) break;
      this.nowMs = nextMs;
      if (answer?.atMs === nextMs) {
        this.#answers.shift();
        // What was under way when the path died does not arrive either.
        if (this.paths.get(answer.key)!.roundTripMs === undefined) continue;
        const verdict = this.prober.answered(answer.key, answer.sequenceNumber, this.nowMs);
        if (verdict) this.verdicts.push({ ...verdict, atMs: this.nowMs });
      } else {
        this.#wake();
      }
    }
    this.nowMs = untilMs;
  }

  probesOf(key: number, fromMs = 0): number[] {
    return this.probes.filter((probe) => probe.key === key && probe.atMs >= fromMs).map(({ atMs }) => atMs);
  }

  #wake(): void {
    const { probes, verdicts } = this.prober.run((key) => this.#reading(key), this.nowMs);
    assert.ok(this.prober.nextDeadlineMs > this.nowMs, 'the next deadline lies ahead');
    this.verdicts.push(...verdicts.map((verdict) => ({ ...verdict, atMs: this.nowMs })));
    for (const { key, sequenceNumber } of probes) {
      this.probes.push({ key, atMs: this.nowMs });
      const path = this.paths.get(key)!;
      if (path.roundTripMs === undefined || this.#random.below(100) < path.lossPercent) continue;
      this.#answers.push({ key, sequenceNumber, atMs: this.nowMs + path.roundTripMs });
    }
  }

  #reading(key: number): PathTraffic {
    const path = this.paths.get(key)!;
    const traffic = this.#traffic.get(key) ?? { sentPackets: 0, lastReceivedMs: 0, lastMs: START_MS };
    this.#traffic.set(key, traffic);
    if (path.trafficEveryMs > 0) {
      const packets = Math.floor((this.nowMs - traffic.lastMs) / path.trafficEveryMs);
      traffic.sentPackets += packets;
      const untilMs = Math.min(this.nowMs, path.silentMs ?? this.nowMs);
      if (packets > 0 && path.bringsTraffic) traffic.lastReceivedMs = Math.max(traffic.lastReceivedMs, untilMs);
    }
    traffic.lastMs = this.nowMs;
    return { ...traffic };
  }
}

test('[MHA-6.1.3-02] a path in use that falls silent is dead within a second', () => {
  for (let offsetMs = 0; offsetMs < 250; offsetMs += 10) {
    const paths = new ProbedPaths();
    const path = paths.add(1, { trafficEveryMs: 10, bringsTraffic: true });
    paths.run(10_000 + offsetMs);
    assert.equal(paths.verdicts, []);
    path.roundTripMs = undefined;
    const silentMs = paths.nowMs;
    path.silentMs = silentMs;
    paths.run(5000);
    assert.is(paths.prober.isDead(1), true);
    assert.is(paths.verdicts.length, 1);
    const { atMs, ...verdict } = paths.verdicts[0]!;
    assert.equal(verdict, { key: 1, dead: true });
    assert.ok(atMs - silentMs <= 1000, `${atMs - silentMs} ms`);
  }
});

test('[MHA-6.1.3-02] with an interval of 75 ms and a round trip of 30 ms it is dead within 300 ms', () => {
  for (let offsetMs = 0; offsetMs < 75; offsetMs += 5) {
    const paths = new ProbedPaths(FAST);
    const path = paths.add(1, { roundTripMs: 30, trafficEveryMs: 5 });
    paths.run(10_000 + offsetMs);
    path.roundTripMs = undefined;
    const silentMs = paths.nowMs;
    paths.run(2000);
    const [verdict] = paths.verdicts;
    assert.is(verdict?.dead, true);
    assert.ok(verdict!.atMs - silentMs <= 300, `${verdict!.atMs - silentMs} ms`);
  }
});

test('a path of which silence is told is not dead before what is done about it can have helped', () => {
  for (const roundTripMs of [30, 300, 560]) {
    const prober = new Prober(PROBING);
    prober.add(1, START_MS);
    prober.revive(1, true, START_MS);
    let nowMs = START_MS;
    let helpMs = Number.POSITIVE_INFINITY;
    let answerMs = Number.POSITIVE_INFINITY;
    let toldMs = 0;
    let probe = 0;
    let sentPackets = 0;
    const busy = () => ({ sentPackets: ++sentPackets, lastReceivedMs: 0 });
    // The first probe is answered; then nothing is, until an update has gone there and back.
    for (let turns = 0; turns < 100 && helpMs > nowMs; turns++) {
      nowMs = Math.min(prober.nextDeadlineMs, answerMs, helpMs);
      if (nowMs === helpMs) prober.heard(1, nowMs);
      else if (nowMs === answerMs) {
        prober.answered(1, probe, nowMs);
        answerMs = Number.POSITIVE_INFINITY;
      }
      const { probes, silent, verdicts } = prober.run(busy, nowMs);
      assert.equal(verdicts, [], `a round trip of ${roundTripMs} ms`);
      if (probes.length > 0 && probe === 0) {
        probe = probes[0]!.sequenceNumber;
        answerMs = nowMs + roundTripMs;
      }
      if (silent.length > 0 && prober.roundTripMs(1) !== undefined) {
        toldMs = nowMs;
        helpMs = nowMs + roundTripMs + 50;
      }
    }
    assert.ok(toldMs > 0);
    assert.is(prober.isDead(1), false);
  }
});

test('[MHA-6.1.3-06] a satellite path with a round trip of 600 ms is not taken for dead, from its first second on', () => {
  for (const trafficEveryMs of [0, 10]) {
    const paths = new ProbedPaths();
    paths.add(1, { roundTripMs: 600, trafficEveryMs });
    paths.run(600_000);
    assert.equal(paths.verdicts, []);
    assert.is(paths.prober.roundTripMs(1), 600);
  }
});

test('[MHA-6.1.3-06] a satellite path with a round trip of 1.5 s, once that is known, is not taken for dead', () => {
  const bench = new ProbedPaths({ ...PROBING, failuresUntilDead: 2 });
  bench.add(1, { roundTripMs: 1500 });
  bench.run(60_000);
  bench.verdicts.length = 0;
  bench.paths.get(1)!.trafficEveryMs = 100;
  bench.run(600_000);
  assert.equal(bench.verdicts, []);
});

test('a satellite path that dies is found dead all the same, within two seconds', () => {
  const paths = new ProbedPaths();
  const path = paths.add(1, { roundTripMs: 600, trafficEveryMs: 10 });
  paths.run(60_000);
  path.roundTripMs = undefined;
  const silentMs = paths.nowMs;
  paths.run(10_000);
  assert.is(paths.verdicts.length, 1);
  assert.ok(paths.verdicts[0]!.atMs - silentMs <= 2000, `${paths.verdicts[0]!.atMs - silentMs} ms`);
});

test('a path that brings traffic is not probed', () => {
  const paths = new ProbedPaths();
  paths.add(1, { trafficEveryMs: 10, bringsTraffic: true });
  paths.run(60_000);
  assert.ok(paths.probes.length <= 1, `${paths.probes.length} probes`);
  assert.is(paths.prober.isDead(1), false);
});

test('a path in use that brings nothing back is probed at the short interval, an idle one at the long interval', () => {
  const paths = new ProbedPaths();
  paths.add(1, { trafficEveryMs: 10 });
  paths.add(2);
  paths.run(60_000);
  // An answer after 50 ms puts the next probe off until 250 ms after it.
  assert.ok(Math.abs(paths.probesOf(1).length - 200) <= 2, `${paths.probesOf(1).length} probes in use`);
  assert.ok(Math.abs(paths.probesOf(2).length - 30) <= 2, `${paths.probesOf(2).length} idle probes`);
  assert.equal(paths.verdicts, []);
});

test('an idle path that falls silent is dead a few seconds later', () => {
  const paths = new ProbedPaths();
  const path = paths.add(1);
  paths.run(30_000);
  path.roundTripMs = undefined;
  const silentMs = paths.nowMs;
  paths.run(20_000);
  assert.is(paths.verdicts.length, 1);
  // The first unanswered probe after at most 2 s, one more after 2 s, then quickly.
  assert.ok(paths.verdicts[0]!.atMs - silentMs <= 5000, `${paths.verdicts[0]!.atMs - silentMs} ms`);
});

test('[MHA-6.1.3-06] a path is usable again after three answers in a row, within five seconds of its repair', () => {
  for (const roundTripMs of [20, 600, 900]) {
    const paths = new ProbedPaths();
    const path = paths.add(1, { roundTripMs, trafficEveryMs: 10 });
    paths.run(10_000);
    path.roundTripMs = undefined;
    paths.run(30_000);
    assert.is(paths.prober.isDead(1), true);
    const repairedMs = paths.nowMs;
    path.roundTripMs = roundTripMs;
    paths.run(10_000);
    assert.is(paths.prober.isDead(1), false);
    const { dead, atMs } = paths.verdicts.at(-1)!;
    assert.is(dead, false);
    assert.ok(atMs - repairedMs <= 5000, `${atMs - repairedMs} ms`);
    const answers = paths.probesOf(1, repairedMs).filter((sentMs) => sentMs + roundTripMs <= atMs);
    assert.ok(answers.length >= 3, `${answers.length} answers`);
  }
});

test('a dead path is probed once a second', () => {
  const paths = new ProbedPaths();
  paths.add(1, { roundTripMs: undefined, trafficEveryMs: 10 });
  paths.run(5000);
  const before = paths.probes.length;
  paths.run(20_000);
  assert.ok(Math.abs(paths.probes.length - before - 20) <= 1, `${paths.probes.length - before} probes`);
});

test('[MHA-6.1.3-06] one answer in three does not make a dead path usable: it would be lost again at once', () => {
  const paths = new ProbedPaths();
  const path = paths.add(1, { roundTripMs: undefined, trafficEveryMs: 10 });
  paths.run(5000);
  assert.is(paths.prober.isDead(1), true);
  for (let round = 0; round < 20; round++) {
    path.roundTripMs = 20;
    const before = paths.probes.length;
    while (paths.probes.length === before) paths.run(10);
    path.roundTripMs = undefined;
    paths.run(3000);
    assert.is(paths.prober.isDead(1), true);
  }
});

test('[MHA-6.1.3-06] a tenth of the probes lost at random for ten minutes: the path is lost at most once', () => {
  const paths = new ProbedPaths();
  paths.add(1, { lossPercent: 10, trafficEveryMs: 10 });
  paths.run(600_000);
  const lost = paths.verdicts.filter(({ dead }) => dead).length;
  assert.ok(lost <= 1, `lost ${lost} times`);
  assert.is(paths.prober.isDead(1), false);
});

test('anything heard counts as an answer; what was received before the silence does not', () => {
  const prober = new Prober(PROBING);
  prober.add(1, START_MS);
  let nowMs = START_MS;
  const step = (heardMs?: number): boolean => {
    nowMs = prober.nextDeadlineMs;
    const reading = { sentPackets: nowMs, lastReceivedMs: heardMs ?? 0 };
    return prober.run(() => reading, nowMs).verdicts.length > 0;
  };
  for (let count = 0; count < 40; count++) assert.is(step(nowMs), false);
  const lastMs = nowMs;
  let steps = 0;
  while (!step(lastMs)) assert.ok(++steps < 10);
  assert.is(prober.isDead(1), true);
  prober.heard(1, nowMs);
  assert.is(prober.isDead(1), true, 'only answered probes revive a path');
});

test('answers to probes that were never sent, or are forgotten, or belong to another path, count for nothing', () => {
  const prober = new Prober(PROBING);
  prober.add(1, START_MS);
  prober.add(2, START_MS);
  const nowMs = START_MS + 250;
  const { probes } = prober.run(() => undefined, nowMs);
  assert.is(probes.length, 2);
  const own = probes.find(({ key }) => key === 1)!.sequenceNumber;
  assert.is(prober.answered(1, (own + 500) & 0xffff, nowMs), undefined);
  assert.is(prober.answered(2, own, nowMs + 10), undefined);
  assert.is(prober.answered(3, own, nowMs + 10), undefined);
  assert.is(prober.roundTripMs(1), undefined);
  assert.is(prober.roundTripMs(2), undefined);
  prober.answered(1, own, nowMs + 10);
  assert.is(prober.roundTripMs(1), 10);
});

test('each probe has a number of its own, across the end of the counter', () => {
  const prober = new Prober(PROBING);
  prober.add(1, START_MS);
  const seen = new Set<number>();
  for (let count = 0; count < 0x1_0000; count++) {
    const nowMs = prober.nextDeadlineMs;
    const { probes } = prober.run(() => undefined, nowMs);
    for (const { key, sequenceNumber } of probes) {
      assert.not.ok(seen.has(sequenceNumber));
      assert.ok(sequenceNumber >= 0 && sequenceNumber <= 0xffff);
      seen.add(sequenceNumber);
      prober.answered(key, sequenceNumber, nowMs + 1);
    }
  }
  assert.is(seen.size, 0x1_0000);
  assert.ok(seen.has(0) && seen.has(0xffff));
});

test('with several probes under way, each answer is taken, also across the end of the counter', () => {
  const prober = new Prober({ ...PROBING, failuresUntilDead: 10 });
  prober.add(1, START_MS);
  const send = () => {
    const atMs = prober.nextDeadlineMs;
    return { atMs, sequenceNumber: prober.run(() => undefined, atMs).probes[0]!.sequenceNumber };
  };
  let last = send();
  while (last.sequenceNumber < 0xfffd) {
    prober.answered(1, last.sequenceNumber, last.atMs + 1);
    last = send();
  }
  const open = [send(), send(), send()];
  assert.equal(
    open.map(({ sequenceNumber }) => sequenceNumber),
    [0xfffe, 0xffff, 0],
  );
  const answeredMs = open[2]!.atMs + 1;
  for (const { atMs, sequenceNumber } of open) {
    prober.answered(1, sequenceNumber, answeredMs);
    assert.is(prober.roundTripMs(1), answeredMs - atMs);
  }
});

test('a path that is removed is forgotten, and one that is added again begins as alive', () => {
  const prober = new Prober(PROBING);
  prober.add(1, START_MS);
  for (let count = 0; count < 20; count++) prober.run(() => undefined, prober.nextDeadlineMs);
  assert.is(prober.isDead(1), true);
  prober.remove(1);
  assert.is(prober.isDead(1), false);
  assert.is(prober.nextDeadlineMs, Number.POSITIVE_INFINITY);
  prober.add(1, START_MS + 60_000);
  assert.is(prober.isDead(1), false);
});

test('switched off, it watches nothing', () => {
  const prober = new Prober({ ...PROBING, enabled: false });
  prober.add(1, START_MS);
  assert.is(prober.nextDeadlineMs, Number.POSITIVE_INFINITY);
  assert.is(prober.isDead(1), false);
});

test('a path that is paused is not probed and keeps its state; one that is revived begins as alive', () => {
  const prober = new Prober(PROBING);
  prober.add(1, START_MS);
  prober.giveUp(1, START_MS);
  prober.pause(1);
  prober.hurry(1, START_MS);
  assert.equal([prober.isDead(1), prober.nextDeadlineMs], [true, Number.POSITIVE_INFINITY]);
  assert.equal(prober.run(() => undefined, START_MS + 100_000).probes, []);
  prober.revive(1, false, START_MS + 100_000);
  assert.equal([prober.isDead(1), prober.nextDeadlineMs], [false, START_MS + 100_000 + PROBING.intervalMs]);
});

test('a missing answer is told once, twice the round trip after the probe, and again after the path was heard of', () => {
  const prober = new Prober(PROBING);
  prober.add(1, START_MS);
  prober.revive(1, true, START_MS);
  let nowMs = START_MS;
  const silences: number[] = [];
  const probes: { readonly sequenceNumber: number; readonly atMs: number }[] = [];
  const run = (untilMs: number) => {
    while (prober.nextDeadlineMs <= untilMs) {
      nowMs = prober.nextDeadlineMs;
      const turn = prober.run(() => undefined, nowMs);
      probes.push(...turn.probes.map(({ sequenceNumber }) => ({ sequenceNumber, atMs: nowMs })));
      silences.push(...turn.silent.map(() => nowMs));
    }
  };
  run(START_MS + PROBING.intervalMs);
  prober.answered(1, probes[0]!.sequenceNumber, nowMs + 40);
  run(START_MS + 2600);
  assert.equal([probes.length, silences], [3, [probes[1]!.atMs + 80]]);
  prober.heard(1, nowMs + 1);
  run(START_MS + 6000);
  assert.is(silences.length, 2);
});

test('what keeps a mapping is quicker than the plan for idle paths, never slower', () => {
  for (const [keepAliveMs, intervalMs] of [
    [700, 700],
    [60_000, PROBING.idleIntervalMs],
  ] as const) {
    const prober = new Prober(PROBING);
    prober.add(1, START_MS);
    prober.keepAlive(1, keepAliveMs);
    const atMs = START_MS + PROBING.intervalMs;
    prober.run(() => undefined, atMs);
    assert.is(prober.nextDeadlineMs, atMs + intervalMs);
  }
});

test('what keeps a mapping is quicker than the plan for paths in use, too, from the first probe on', () => {
  const plan = { ...PROBING, intervalMs: 60_000, idleIntervalMs: 60_000 };
  for (const trafficEveryMs of [0, 1000, 20_000]) {
    const paths = new ProbedPaths(plan);
    paths.add(1, { trafficEveryMs });
    paths.prober.keepAlive(1, 5000);
    paths.run(120_000);
    const moments = [START_MS, ...paths.probesOf(1), paths.nowMs];
    const pauses = moments.slice(1).map((atMs, index) => atMs - moments[index]!);
    assert.ok(Math.max(...pauses) <= 5100, `${Math.max(...pauses)} ms without a probe`);
    paths.prober.revive(1, true, paths.nowMs);
    assert.ok(paths.prober.nextDeadlineMs <= paths.nowMs + 5000);
    assert.ok(pauses.length <= 26, `${pauses.length} probes`);
  }
});

test.run();
