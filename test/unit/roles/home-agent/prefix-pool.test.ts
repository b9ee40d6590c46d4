import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import {
  formatPrefix,
  hostPrefix,
  type Prefix,
  prefix,
  prefixContains,
  prefixesOverlap,
  samePrefix,
} from '../../../../src/bytes/prefix.ts';
import { PrefixPool } from '../../../../src/roles/home-agent/prefix-pool.ts';
import { testServices } from '../../../lib/services.ts';

const textOf = (found: Prefix | undefined) => found && formatPrefix(found);

test('the preference leads to the same prefix again, and neighbouring ones to neighbours', () => {
  const pool = new PrefixPool([prefix('198.51.100.0/24')]);
  const first = [5, 6, 7].map((preference) => pool.allocate(28, preference)!);
  assert.equal(first.map(textOf), ['198.51.100.80/28', '198.51.100.96/28', '198.51.100.112/28']);
  pool.release(first[1]!);
  assert.is(textOf(pool.allocate(28, 6)), '198.51.100.96/28');
  assert.is(textOf(pool.allocate(32, 0xffff_ff07)), '198.51.100.7/32');
});

test('what is preferred but taken is replaced by another one, until none is left', () => {
  const pool = new PrefixPool([prefix('203.0.113.0/30')]);
  const all = [1, 1, 1, 1].map(() => textOf(pool.allocate(32, 1)));
  assert.equal(all.sort(), ['203.0.113.0/32', '203.0.113.1/32', '203.0.113.2/32', '203.0.113.3/32']);
  assert.is(pool.allocate(32, 1), undefined);
  assert.is(pool.allocate(31, 1), undefined);
  pool.release(hostPrefix(address('203.0.113.2')));
  assert.is(pool.allocate(31, 1), undefined);
  assert.is(textOf(pool.allocate(32, 1)), '203.0.113.2/32');
});

test('what is taken from outside is not given out, be it larger or smaller than the pool', () => {
  const pool = new PrefixPool([prefix('198.51.100.0/29'), prefix('192.0.2.0/29')]);
  pool.take(prefix('198.51.0.0/16'));
  pool.take(prefix('192.0.2.4/30'));
  pool.take(prefix('203.0.113.0/24'));
  pool.takeEdges();
  assert.equal(
    [1, 1, 1, 1].map(() => textOf(pool.allocate(32, 1))),
    ['192.0.2.1/32', '192.0.2.3/32', '192.0.2.2/32', undefined],
  );
});

test('random requests never overlap, and fail only when there is really nothing', () => {
  const { random16 } = testServices(undefined, 4711);
  const roots = [prefix('198.51.100.0/26'), prefix('203.0.113.0/27')];
  const all = new Map([27, 28, 29, 30, 31, 32].map((length) => [length, blocks(roots, length)]));
  for (let run = 0; run < 30; run++) {
    const pool = new PrefixPool(roots);
    const held: Prefix[] = [];
    for (let step = 0; step < 200; step++) {
      if (held.length > 0 && random16() % 3 === 0) {
        pool.release(held.splice(random16() % held.length, 1)[0]!);
        continue;
      }
      const length = 27 + (random16() % 6);
      const found = pool.allocate(length, random16() * 0x10000 + random16());
      const free = all.get(length)!.filter((block) => !held.some((other) => prefixesOverlap(other, block)));
      assert.is(found === undefined, free.length === 0, `/${length} with ${held.map(textOf)}`);
      if (!found) continue;
      assert.ok(free.some((block) => samePrefix(block, found)));
      held.push(found);
    }
  }
});

/** All prefixes of a length in larger ones. */
function blocks(roots: readonly Prefix[], length: number): Prefix[] {
  const all = roots.flatMap((root) =>
    Array.from({ length: 256 }, (_, last) => {
      const [a, b, c] = formatPrefix(root).split('.');
      return address(`${a}.${b}.${c}.${last}`);
    }).filter((candidate) => prefixContains(root, candidate) && candidate.charCodeAt(3) % 2 ** (32 - length) === 0),
  );
  return all
    .filter((candidate) => roots.some((root) => root.length <= length && prefixContains(root, candidate)))
    .map((candidate) => ({ address: candidate, length }));
}

test.run();
