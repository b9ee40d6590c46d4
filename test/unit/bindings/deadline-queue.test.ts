import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeadlineQueue } from '../../../src/bindings/deadline-queue.ts';
import { Random } from '../../lib/wire-mutations.ts';

test('an empty queue has no deadline and gives nothing', () => {
  const queue = new DeadlineQueue<string>();
  assert.is(queue.nextMs, Number.POSITIVE_INFINITY);
  assert.is(queue.popDue(Number.MAX_SAFE_INTEGER), undefined);
});

test('a key is due at its deadline and not a millisecond before', () => {
  const queue = new DeadlineQueue<string>();
  queue.push(1000, 'a');
  assert.is(queue.popDue(999), undefined);
  assert.is(queue.size, 1);
  assert.is(queue.popDue(1000), 'a');
  assert.is(queue.size, 0);
});

test('against a sorted list: random pushes and pops give the same deadlines in the same order', () => {
  const random = new Random(20_260_101);
  for (let round = 0; round < 50; round++) {
    const queue = new DeadlineQueue<number>();
    const naive: { deadlineMs: number; key: number }[] = [];
    let key = 0;
    for (let step = 0; step < 400; step++) {
      if (random.below(3) > 0) {
        // Few different deadlines, so that many are equal.
        const deadlineMs = random.below(round % 2 ? 20 : 100_000);
        queue.push(deadlineMs, key);
        naive.push({ deadlineMs, key });
        key++;
      } else {
        const nowMs = random.below(round % 2 ? 20 : 100_000);
        const first = naive.reduce((least, { deadlineMs }) => Math.min(least, deadlineMs), Number.POSITIVE_INFINITY);
        const popped = queue.popDue(nowMs);
        if (first > nowMs) {
          assert.is(popped, undefined);
        } else {
          // Of equal deadlines any may come first, but each comes once.
          const at = naive.findIndex((entry) => entry.key === popped);
          assert.is(naive[at]?.deadlineMs, first);
          naive.splice(at, 1);
        }
      }
      assert.is(queue.size, naive.length);
      assert.is(queue.nextMs, Math.min(Number.POSITIVE_INFINITY, ...naive.map(({ deadlineMs }) => deadlineMs)));
    }
  }
});

test.run();
