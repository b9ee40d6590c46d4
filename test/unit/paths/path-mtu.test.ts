import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { PathMtuTable } from '../../../src/paths/path-mtu.ts';
import { AGENT, CARE_OF, START_MS } from '../../lib/engines.ts';

const TEN_MINUTES_MS = 600_000;
const [, first, second] = CARE_OF as [never, (typeof CARE_OF)[0], (typeof CARE_OF)[0]];

test('a path of which nothing is known has the MTU of its link', () => {
  const table = new PathMtuTable();
  assert.is(table.lookUp(first, AGENT, 1500, START_MS), 1500);
  assert.is(table.nextDeadlineMs, Number.POSITIVE_INFINITY);
});

test('a Packet Too Big counts for its own path in its own direction', () => {
  const table = new PathMtuTable();
  assert.is(table.learn(first, AGENT, 1400, START_MS), true);
  assert.is(table.lookUp(first, AGENT, 1500, START_MS), 1400);
  assert.is(table.lookUp(AGENT, first, 1500, START_MS), 1500);
  assert.is(table.lookUp(second, AGENT, 1500, START_MS), 1500);
});

test('what was learnt never raises the MTU of the link', () => {
  const table = new PathMtuTable();
  table.learn(first, AGENT, 1450, START_MS);
  assert.is(table.lookUp(first, AGENT, 1430, START_MS), 1430);
});

test('a Packet Too Big never raises what is known, and one below 1280 octets counts as 1280', () => {
  const table = new PathMtuTable();
  table.learn(first, AGENT, 1400, START_MS);
  assert.is(table.learn(first, AGENT, 1450, START_MS), false);
  assert.is(table.learn(first, AGENT, 1400, START_MS), false);
  assert.is(table.lookUp(first, AGENT, 1500, START_MS), 1400);
  assert.is(table.learn(first, AGENT, 60, START_MS), true);
  assert.is(table.lookUp(first, AGENT, 1500, START_MS), 1280);
});

test('[5555-4.1.1-01] the path to an IPv4 address may be as small as 576 octets, and not smaller', () => {
  const table = new PathMtuTable();
  const [local, remote] = [address('192.0.2.1'), address('203.0.113.1')];
  assert.is(table.learn(local, remote, 700, START_MS), true);
  assert.is(table.lookUp(local, remote, 1500, START_MS), 700);
  assert.is(table.learn(local, remote, 68, START_MS), true);
  assert.is(table.lookUp(local, remote, 1500, START_MS), 576);
});

test('after ten minutes larger packets are tried again', () => {
  const table = new PathMtuTable();
  table.learn(first, AGENT, 1400, START_MS);
  table.learn(second, AGENT, 1300, START_MS + 1000);
  assert.is(table.nextDeadlineMs, START_MS + TEN_MINUTES_MS);
  assert.is(table.expire(START_MS + TEN_MINUTES_MS - 1), false);
  assert.is(table.lookUp(first, AGENT, 1500, START_MS + TEN_MINUTES_MS - 1), 1400);
  assert.is(table.lookUp(first, AGENT, 1500, START_MS + TEN_MINUTES_MS), 1500);
  assert.is(table.nextDeadlineMs, START_MS + 1000 + TEN_MINUTES_MS);
  assert.is(table.expire(START_MS + 1000 + TEN_MINUTES_MS), true);
  assert.is(table.nextDeadlineMs, Number.POSITIVE_INFINITY);
});

test('a path that becomes smaller again holds from then on, and the queue stays in order', () => {
  const table = new PathMtuTable();
  table.learn(first, AGENT, 1400, START_MS);
  table.learn(second, AGENT, 1400, START_MS + 10);
  table.learn(first, AGENT, 1300, START_MS + 20);
  assert.is(table.nextDeadlineMs, START_MS + 10 + TEN_MINUTES_MS);
  table.expire(START_MS + 10 + TEN_MINUTES_MS);
  assert.is(table.lookUp(first, AGENT, 1500, START_MS + 15 + TEN_MINUTES_MS), 1300);
  assert.is(table.nextDeadlineMs, START_MS + 20 + TEN_MINUTES_MS);
});

test.run();
