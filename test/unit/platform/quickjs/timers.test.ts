import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Timers } from '../../../../src/platform/quickjs/timers.ts';

function bench() {
  const clock = { nowMs: 1000 };
  const timers = new Timers(() => clock.nowMs);
  const calls: string[] = [];
  return {
    timers,
    calls,
    call: (name: string) => () => calls.push(name),
    runAt(nowMs: number) {
      clock.nowMs = nowMs;
      timers.run(nowMs);
    },
  };
}

test('timers fire in the order of their deadlines, those of one deadline in the order of their making', () => {
  const { timers, calls, call, runAt } = bench();
  timers.setTimeout(call('late'), 30);
  timers.setTimeout(call('first'), 10);
  timers.setTimeout(call('second'), 10);
  assert.is(timers.nextDeadlineMs, 1010);
  runAt(1009);
  assert.equal(calls, []);
  runAt(1030);
  assert.equal(calls, ['first', 'second', 'late']);
  assert.is(timers.nextDeadlineMs, Number.POSITIVE_INFINITY);
});

test('an interval comes again from the time it ran, until it is cleared', () => {
  const { timers, calls, call, runAt } = bench();
  const id = timers.setInterval(call('tick'), 10);
  runAt(1055);
  assert.equal(calls, ['tick']);
  assert.is(timers.nextDeadlineMs, 1065);
  runAt(1065);
  timers.clear(id);
  runAt(2000);
  assert.equal(calls, ['tick', 'tick']);
});

test('ticks run before timers, and behind each timer, those that they add included', () => {
  const { timers, calls, call, runAt } = bench();
  timers.setTimeout(() => {
    calls.push('timer');
    timers.nextTick(call('tick of the timer'));
  }, 0);
  timers.setTimeout(call('other timer'), 0);
  timers.nextTick(() => {
    calls.push('tick');
    timers.nextTick(call('tick of the tick'));
  });
  assert.is(timers.nextDeadlineMs, Number.NEGATIVE_INFINITY);
  runAt(1000);
  assert.equal(calls, ['tick', 'tick of the tick', 'timer', 'tick of the timer', 'other timer']);
});

test('a timer that sets itself again at once does not hold up the turn', () => {
  const { timers, calls, runAt } = bench();
  const again = () => {
    calls.push('again');
    timers.setTimeout(again, 0);
  };
  timers.setTimeout(again, 0);
  runAt(1000);
  assert.equal(calls, ['again']);
  assert.is(timers.nextDeadlineMs, 1000);
});

test('a timer cleared by an earlier one of the same run does not fire', () => {
  const { timers, calls, call, runAt } = bench();
  timers.setTimeout(() => timers.clear(victim), 5);
  const victim = timers.setTimeout(call('victim'), 5);
  runAt(1005);
  assert.equal(calls, []);
});

test('a callback that throws is reported and harms no other', () => {
  const { timers, calls, call, runAt } = bench();
  const errors: unknown[] = [];
  timers.onError = (error) => errors.push(error);
  const failure = new Error('broken');
  timers.nextTick(() => {
    throw failure;
  });
  timers.nextTick(call('tick'));
  timers.setTimeout((name: string) => calls.push(name), 0, 'timer');
  runAt(1000);
  assert.equal(errors, [failure]);
  assert.equal(calls, ['tick', 'timer']);
});

test.run();
