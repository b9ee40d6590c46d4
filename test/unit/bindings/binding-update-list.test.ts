import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BindingUpdateList } from '../../../src/bindings/binding-update-list.ts';
import { CARE_OF, START_MS } from '../../lib/engines.ts';

const [, first, second] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0]];

test('[6275-11.7.1-16] a Binding Update that was sent is in the list before it is acknowledged', () => {
  const list = new BindingUpdateList();
  list.sent(1, first, START_MS + 60_000);
  assert.equal(list.get(1), {
    bid: 1,
    careOfAddress: first,
    acknowledged: false,
    expiresMs: START_MS + 60_000,
    refreshMs: START_MS + 60_000,
  });
  assert.is(list.size, 1);
});

test('[5648-3-01] each BID has an entry of its own', () => {
  const list = new BindingUpdateList();
  list.sent(1, first, START_MS + 1);
  list.acknowledged(2, second, START_MS + 2, START_MS + 1);
  assert.equal(
    [...list.entries()].map(({ bid, careOfAddress }) => [bid, careOfAddress]),
    [
      [1, first],
      [2, second],
    ],
  );
  list.remove(1);
  assert.is(list.get(1), undefined);
  list.clear();
  assert.is(list.size, 0);
});

test('an acknowledged binding stays as acknowledged while its refresh is under way', () => {
  const list = new BindingUpdateList();
  list.acknowledged(1, first, START_MS + 100, START_MS + 80);
  list.sent(1, first, START_MS + 200);
  assert.is(list.get(1)?.acknowledged, true);
  assert.is(list.get(1)?.expiresMs, START_MS + 100);
});

test('a binding is not acknowledged any more once another care-of address is asked for: the peer may have moved on', () => {
  const list = new BindingUpdateList();
  list.acknowledged(1, first, START_MS + 100, START_MS + 80);
  list.sent(1, second, START_MS + 200);
  const { careOfAddress, acknowledged, expiresMs } = list.get(1)!;
  assert.equal([careOfAddress, acknowledged, expiresMs], [second, false, START_MS + 200]);
});

test('a refresh that is asked for is due at once and leaves the lifetime alone', () => {
  const list = new BindingUpdateList();
  list.acknowledged(1, first, START_MS + 100, START_MS + 80);
  list.refreshNow(1, START_MS);
  list.refreshNow(9, START_MS);
  assert.is(list.get(1)?.refreshMs, START_MS);
  assert.is(list.get(1)?.expiresMs, START_MS + 100);
  assert.is(list.size, 1);
});

test('[6275-11.1-02] an entry goes when its lifetime is over, acknowledged or not', () => {
  const list = new BindingUpdateList();
  list.sent(1, first, START_MS + 10);
  list.acknowledged(2, second, START_MS + 20, START_MS + 15);
  assert.equal(list.expire(START_MS + 9), []);
  assert.equal(
    list.expire(START_MS + 10).map(({ bid }) => bid),
    [1],
  );
  assert.equal(
    list.expire(START_MS + 20).map(({ bid }) => bid),
    [2],
  );
  assert.is(list.size, 0);
});

test.run();
