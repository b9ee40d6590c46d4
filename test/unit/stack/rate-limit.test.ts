import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RateLimit } from '../../../src/stack/rate-limit.ts';
import { START_MS } from '../../lib/engines.ts';

const taken = (limit: RateLimit, count: number, atMs: number) =>
  Array.from({ length: count }, () => limit.take(atMs)).filter(Boolean).length;

test('a burst is allowed at once, and no more', () => {
  assert.is(taken(new RateLimit(10, 5), 20, START_MS), 5);
});

test('then it is so many per second', () => {
  const limit = new RateLimit(10, 5);
  taken(limit, 20, START_MS);
  let total = 0;
  for (let ms = 1; ms <= 10_000; ms++) total += taken(limit, 1, START_MS + ms);
  assert.is(total, 100);
});

test('rest does not save up more than the burst', () => {
  const limit = new RateLimit(10, 5);
  taken(limit, 20, START_MS);
  assert.is(taken(limit, 20, START_MS + 3_600_000), 5);
});

test.run();
