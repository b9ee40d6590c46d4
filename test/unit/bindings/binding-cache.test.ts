import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Binding, BindingCache, NO_BID } from '../../../src/bindings/binding-cache.ts';
import { DeadlineQueue } from '../../../src/bindings/deadline-queue.ts';
import { type Address, address, addressFromBytes } from '../../../src/bytes/address.ts';
import type { Prefix } from '../../../src/bytes/prefix.ts';
import { CARE_OF, HOME, NETWORK, OTHER_HOME, OTHER_NETWORK, START_MS } from '../../lib/engines.ts';
import { Random } from '../../lib/wire-mutations.ts';

const UPDATE = { sequenceNumber: 1, mobileRouter: true, prefixes: [NETWORK] };
const REMEMBERED_MS = 10_000;

function cacheWith(...bids: number[]): BindingCache {
  const cache = new BindingCache();
  cache.updateEntry(HOME, UPDATE, START_MS);
  for (const bid of bids) cache.put(HOME, bid, CARE_OF[bid]!, START_MS + 60_000);
  return cache;
}

const bidsOf = (bindings: Iterable<Binding>): number[] => [...bindings].map(({ bid }) => bid).sort((a, b) => a - b);

test('[5648-3-02, 6275-9.1-03] there is one binding for each pair of home address and BID', () => {
  const cache = cacheWith(1, 2);
  cache.put(HOME, 1, CARE_OF[5]!, START_MS + 90_000);
  cache.updateEntry(OTHER_HOME, UPDATE, START_MS);
  cache.put(OTHER_HOME, 1, CARE_OF[6]!, START_MS + 90_000);
  assert.is(cache.size, 3);
  assert.is(cache.binding(HOME, 1)?.careOfAddress, CARE_OF[5]);
  assert.is(cache.binding(HOME, 2)?.careOfAddress, CARE_OF[2]);
  assert.is(cache.binding(OTHER_HOME, 1)?.careOfAddress, CARE_OF[6]);
  assert.is(cache.binding(OTHER_HOME, 2), undefined);
  assert.equal(
    [...cache.bindings()].map(({ homeAddress, bid }) => [homeAddress, bid]),
    [
      [HOME, 1],
      [HOME, 2],
      [OTHER_HOME, 1],
    ],
  );
});

test('[3963-B.1-01] a binding keeps its tunnel id while its care-of address changes, and no other has the same', () => {
  const cache = cacheWith(1, 2, NO_BID);
  const before = cache.binding(HOME, 1)!.tunnelId;
  assert.is(cache.put(HOME, 1, CARE_OF[7]!, START_MS + 90_000).tunnelId, before);
  assert.is(new Set([...cache.bindings()].map(({ tunnelId }) => tunnelId)).size, 3);
  cache.remove(HOME, 1, START_MS);
  const again = cache.put(HOME, 1, CARE_OF[1]!, START_MS + 90_000).tunnelId;
  assert.not.ok([before, cache.binding(HOME, 2)!.tunnelId].includes(again));
});

test('[6275-9.5.2-04] a binding is there until its lifetime ends and not a millisecond longer', () => {
  const cache = cacheWith(1);
  assert.equal(cache.expire(START_MS + 59_999), []);
  assert.is(cache.nextDeadlineMs, START_MS + 60_000);
  assert.equal(bidsOf(cache.expire(START_MS + 60_000)), [1]);
  assert.is(cache.size, 0);
});

test('[6275-10.3.1-10] a refreshed binding outlives its first deadline', () => {
  const cache = cacheWith(1);
  cache.put(HOME, 1, CARE_OF[1]!, START_MS + 100_000);
  assert.equal(cache.expire(START_MS + 60_000), []);
  assert.equal(bidsOf(cache.expire(START_MS + 100_000)), [1]);
});

test('a shorter lifetime counts from the moment that it is granted', () => {
  const cache = cacheWith(1);
  cache.expire(START_MS + REMEMBERED_MS);
  cache.put(HOME, 1, CARE_OF[1]!, START_MS + 20_000);
  assert.is(cache.nextDeadlineMs, START_MS + 20_000);
  assert.equal(bidsOf(cache.expire(START_MS + 20_000)), [1]);
  assert.is(cache.nextDeadlineMs, START_MS + 30_000);
});

test('[6275-10.3.2-08] a home address keeps its sequence number for 10 s after its last binding went, then it is forgotten', () => {
  const cache = cacheWith(1, 2);
  const goneMs = START_MS + 5000;
  assert.equal(bidsOf(cache.removeAll(HOME, goneMs)), [1, 2]);
  cache.expire(goneMs + REMEMBERED_MS - 1);
  assert.is(cache.entry(HOME)?.sequenceNumber, 1);
  assert.is(cache.nextDeadlineMs, goneMs + REMEMBERED_MS);
  cache.expire(goneMs + REMEMBERED_MS);
  assert.is(cache.entry(HOME), undefined);
  assert.is(cache.nextDeadlineMs, Number.POSITIVE_INFINITY);
});

test('a home address that comes back within the 10 s is not forgotten when they are over', () => {
  const cache = cacheWith(1);
  cache.remove(HOME, 1, START_MS + 1000);
  cache.put(HOME, 2, CARE_OF[2]!, START_MS + 60_000);
  assert.equal(cache.expire(START_MS + 1000 + REMEMBERED_MS), []);
  assert.is(cache.entry(HOME)?.bindings.size, 1);
});

test('[5555-4.4.2.1-03] what of IPv4 is bound with a home address goes with its last binding', () => {
  const cache = cacheWith(1, 2);
  const ipv4 = { homeAddress: address('198.51.100.7'), prefixes: [] };
  const bound = () => cache.entry(HOME)?.ipv4;
  cache.updateEntry(HOME, { ...UPDATE, ipv4 }, START_MS);
  cache.remove(HOME, 1, START_MS);
  assert.equal(bound(), ipv4);
  cache.expire(START_MS + 60_000);
  assert.is(bound(), undefined);
  cache.updateEntry(HOME, { ...UPDATE, ipv4 }, START_MS + 60_000);
  cache.put(HOME, 1, CARE_OF[1]!, START_MS + 90_000);
  assert.equal(bound(), ipv4);
  cache.removeAll(HOME, START_MS + 60_000);
  assert.is(bound(), undefined);
});

test('the way to an IPv4 care-of address is the binding’s as long as it is put with it', () => {
  const cache = cacheWith(1);
  const careOfAddress = address('203.0.113.1');
  const outer = { address: careOfAddress, port: 4191, nat: false, udp: false };
  cache.put(HOME, 1, careOfAddress, START_MS + 60_000, outer);
  assert.equal(cache.binding(HOME, 1)?.outer, outer);
  cache.put(HOME, 1, CARE_OF[1]!, START_MS + 60_000);
  assert.is(cache.binding(HOME, 1)?.outer, undefined);
});

test('removing what is not there changes nothing', () => {
  const cache = cacheWith(1);
  assert.is(cache.remove(HOME, 9, START_MS), undefined);
  assert.is(cache.remove(OTHER_HOME, 1, START_MS), undefined);
  assert.equal(cache.removeAll(OTHER_HOME, START_MS), []);
  assert.is(cache.size, 1);
});

test('a binding without an entry of its home address is a mistake of the caller', () => {
  assert.throws(() => new BindingCache().put(HOME, 1, CARE_OF[1]!, START_MS), /no entry for this home address/);
});

// --- against a naive model -------------------------------------------------------------------------------------------

interface NaiveEntry {
  sequenceNumber: number;
  mobileRouter: boolean;
  prefixes: readonly Prefix[];
  forgetMs: number;
  readonly bindings: Map<number, { careOfAddress: Address; expiresMs: number; tunnelId: number }>;
}

/** The same promises, kept by looking at everything each time. */
class NaiveCache {
  readonly entries = new Map<Address, NaiveEntry>();

  rest(entry: NaiveEntry, nowMs: number): void {
    if (entry.bindings.size === 0) entry.forgetMs = nowMs + REMEMBERED_MS;
  }

  expire(nowMs: number): string[] {
    const expired: string[] = [];
    for (const [home, entry] of this.entries) {
      for (const [bid, { expiresMs }] of entry.bindings) {
        if (expiresMs > nowMs) continue;
        entry.bindings.delete(bid);
        expired.push(`${home} ${bid}`);
        this.rest(entry, nowMs);
      }
      if (entry.bindings.size === 0 && entry.forgetMs <= nowMs) this.entries.delete(home);
    }
    return expired.sort();
  }

  get trueDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { bindings, forgetMs } of this.entries.values()) {
      if (bindings.size === 0) next = Math.min(next, forgetMs);
      for (const { expiresMs } of bindings.values()) next = Math.min(next, expiresMs);
    }
    return next;
  }
}

function assertSame(cache: BindingCache, naive: NaiveCache): void {
  let size = 0;
  assert.equal([...cache.entries()].map(({ homeAddress }) => homeAddress).sort(), [...naive.entries.keys()].sort());
  for (const [home, expected] of naive.entries) {
    const entry = cache.entry(home)!;
    assert.is(entry.sequenceNumber, expected.sequenceNumber);
    assert.is(entry.mobileRouter, expected.mobileRouter);
    assert.is(entry.prefixes, expected.prefixes);
    assert.is(entry.bindings.size, expected.bindings.size);
    for (const [bid, { careOfAddress, expiresMs, tunnelId }] of expected.bindings) {
      assert.equal(entry.bindings.get(bid), { homeAddress: home, bid, careOfAddress, expiresMs, tunnelId });
    }
    size += expected.bindings.size;
  }
  assert.is(cache.size, size);
  assert.is([...cache.bindings()].length, size);
}

const homeAddress = (number: number): Address =>
  addressFromBytes(Uint8Array.of(0x20, 1, 0x0d, 0xb8, 0, 1, 0, 15, 0, 0, 0, 0, 0, 0, number >> 8, number & 255));

test('against a naive model: random operations over hours leave the same bindings and no deadline in the past', () => {
  const random = new Random(5648);
  const homes = Array.from({ length: 12 }, (_, n) => homeAddress(n));
  for (let round = 0; round < 20; round++) {
    const cache = new BindingCache();
    const naive = new NaiveCache();
    let nowMs = START_MS;
    for (let step = 0; step < 1500; step++) {
      const home = random.pick(homes);
      const bid = random.below(5);
      const expected = naive.entries.get(home);
      switch (random.below(8)) {
        case 0:
        case 1:
        case 2:
          if (expected) {
            const expiresMs = nowMs + 4000 * (1 + random.below(30));
            const careOfAddress = random.pick(CARE_OF);
            const { tunnelId } = cache.put(home, bid, careOfAddress, expiresMs);
            const known = expected.bindings.get(bid)?.tunnelId;
            if (known !== undefined) assert.is(tunnelId, known);
            expected.bindings.set(bid, { careOfAddress, expiresMs, tunnelId });
          }
          break;
        case 3: {
          const removed = cache.remove(home, bid, nowMs);
          assert.is(removed?.tunnelId, expected?.bindings.get(bid)?.tunnelId);
          if (expected?.bindings.delete(bid)) naive.rest(expected, nowMs);
          break;
        }
        case 4:
        case 5: {
          const update = {
            sequenceNumber: random.below(0x10000),
            mobileRouter: random.below(2) === 1,
            prefixes: random.pick([[], [NETWORK], [NETWORK, OTHER_NETWORK]]),
          };
          cache.updateEntry(home, update, nowMs);
          if (expected) Object.assign(expected, update);
          else naive.entries.set(home, { ...update, bindings: new Map(), forgetMs: 0 });
          naive.rest(naive.entries.get(home)!, nowMs);
          break;
        }
        case 6:
          if (random.below(4) === 0) {
            const removed = cache.removeAll(home, nowMs);
            assert.equal(bidsOf(removed), expected ? [...expected.bindings.keys()].sort((a, b) => a - b) : []);
            if (expected && expected.bindings.size > 0) {
              expected.bindings.clear();
              naive.rest(expected, nowMs);
            }
          }
          break;
        case 7: {
          nowMs += random.below(8000);
          const expired = cache.expire(nowMs).map((binding) => `${binding.homeAddress} ${binding.bid}`);
          assert.equal(expired.sort(), naive.expire(nowMs));
          assert.ok(cache.nextDeadlineMs > nowMs);
          break;
        }
      }
      assert.ok(cache.nextDeadlineMs <= naive.trueDeadlineMs, 'a deadline would be missed');
      assertSame(cache, naive);
    }
    // Everything ends, and then nothing is left to do.
    for (let wakes = 0; cache.nextDeadlineMs < Number.POSITIVE_INFINITY; wakes++) {
      assert.ok(wakes < 5000, 'the cache never comes to rest');
      nowMs = cache.nextDeadlineMs;
      cache.expire(nowMs);
    }
    assert.is(cache.size, 0);
    assert.equal([...cache.entries()], []);
  }
});

test('tunnel ids of living bindings differ, whatever comes and goes', () => {
  const random = new Random(7);
  const cache = new BindingCache();
  let nowMs = START_MS;
  for (let step = 0; step < 5000; step++) {
    const home = homeAddress(random.below(20));
    if (!cache.entry(home)) cache.updateEntry(home, UPDATE, nowMs);
    if (random.below(3) === 0) cache.remove(home, random.below(6), nowMs);
    else cache.put(home, random.below(6), random.pick(CARE_OF), nowMs + random.below(60_000));
    if (random.below(10) === 0) {
      nowMs += random.below(5000);
      cache.expire(nowMs);
    }
    const ids = [...cache.bindings()].map(({ tunnelId }) => tunnelId);
    assert.is(new Set(ids).size, ids.length);
  }
});

/** The most deadlines that were ever queued while `act` ran. */
function longestQueue(act: () => void): number {
  const { push } = DeadlineQueue.prototype;
  let longest = 0;
  DeadlineQueue.prototype.push = function (this: DeadlineQueue<unknown>, deadlineMs, key) {
    push.call(this, deadlineMs, key);
    longest = Math.max(longest, this.size);
  };
  try {
    act();
  } finally {
    Object.assign(DeadlineQueue.prototype, { push });
  }
  return longest;
}

test('refreshing costs no memory: the queue of deadlines is no longer than twice the list of home addresses', () => {
  const random = new Random(3);
  const homes = Array.from({ length: 50 }, (_, n) => homeAddress(n));
  const longest = longestQueue(() => {
    const cache = new BindingCache();
    let nowMs = START_MS;
    for (let step = 0; step < 20_000; step++) {
      const home = random.pick(homes);
      cache.updateEntry(home, UPDATE, nowMs);
      cache.put(home, 1 + random.below(3), random.pick(CARE_OF), nowMs + 120_000);
      nowMs += random.below(100);
      cache.expire(nowMs);
    }
  });
  assert.ok(longest >= homes.length);
  assert.ok(longest <= 2 * homes.length, `${longest} deadlines of ${homes.length} home addresses`);
});

test('ever shorter lifetimes do not fill the memory with old deadlines, and none of the new ones is missed', () => {
  const cache = new BindingCache();
  const longest = longestQueue(() => {
    cache.updateEntry(HOME, UPDATE, START_MS);
    for (let seconds = 262_140; seconds > 0; seconds -= 4) {
      cache.put(HOME, 1, CARE_OF[1]!, START_MS + seconds * 1000);
    }
  });
  assert.ok(longest < 100, `${longest} deadlines of one home address`);
  assert.is(cache.nextDeadlineMs, START_MS + 4000);
  assert.equal(bidsOf(cache.expire(START_MS + 4000)), [1]);
});

test.run();
