import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../../src/bytes/address.ts';
import { SourceLimits } from '../../../../src/roles/source-limits.ts';

const limits = () => new SourceLimits({ perSecond: 2, burst: 3, maximumSources: 4 });
const from = (subnet: number, host = 1) => address(`2001:db8:0:${subnet}::${host}`);

test('a source may do a burst, then so much a second', () => {
  const all = limits();
  assert.equal(
    [1, 2, 3, 4].map(() => all.take(from(1), 1000)),
    [true, true, true, false],
  );
  assert.not.ok(all.take(from(1), 1400));
  assert.ok(all.take(from(1), 1500));
  assert.not.ok(all.take(from(1), 1600));
  assert.equal(
    [1, 2, 3, 4].map(() => all.take(from(1), 100_000)),
    [true, true, true, false],
  );
});

test('the addresses of one /64 are one source', () => {
  const all = limits();
  assert.equal(
    [1, 2, 3, 4].map((host) => all.take(from(1, host), 0)),
    [true, true, true, false],
  );
  assert.ok(all.take(from(2), 0));
});

test('an IPv4 address is a source of its own', () => {
  const all = limits();
  const ipv4 = (last: number) => address(`203.0.113.${last}`);
  assert.equal(
    [1, 1, 1, 1, 2].map((last) => all.take(ipv4(last), 0)),
    [true, true, true, false, true],
  );
  assert.not.ok(all.allows(ipv4(1), 0));
});

test('asking costs nothing', () => {
  const all = limits();
  for (let n = 0; n < 10; n++) assert.ok(all.allows(from(1), 0));
  assert.is(all.size, 0);
  for (let n = 0; n < 3; n++) all.take(from(1), 0);
  assert.not.ok(all.allows(from(1), 0));
  assert.ok(all.allows(from(1), 500));
});

test('the table is bounded: whoever was not seen for longest is forgotten', () => {
  const all = limits();
  for (let subnet = 1; subnet <= 1000; subnet++) {
    all.take(from(9999), subnet);
    all.take(from(subnet), subnet);
    assert.ok(all.size <= 4);
  }
  assert.not.ok(all.allows(from(9999), 1000), 'seen all the time');
});

test.run();
