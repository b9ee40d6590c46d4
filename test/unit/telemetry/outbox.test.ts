import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Outbox } from '../../../src/telemetry/outbox.ts';
import { eventDocument } from '../../../src/telemetry/topic-documents.ts';
import { EVENTS } from './samples.ts';

const event = (sequence: number) => eventDocument(EVENTS[1]!, 0, sequence);

/** Sequence numbers of all that can be taken out, and which of them are late. */
function drain(outbox: Outbox): [number, boolean][] {
  const taken: [number, boolean][] = [];
  for (let next = outbox.next(1000); next; next = outbox.next(1000))
    taken.push([next.sequence, next.historical === true]);
  return taken;
}

test('a full outbox loses the oldest events and counts them', () => {
  const outbox = new Outbox(3);
  for (let sequence = 1; sequence <= 5; sequence++) outbox.add(event(sequence));
  assert.is(outbox.length, 3);
  assert.is(outbox.dropped, 2);
  assert.equal(drain(outbox), [
    [3, false],
    [4, false],
    [5, false],
  ]);
});

test('no more than the limit is on its way, and only an acknowledgement removes an event', () => {
  const outbox = new Outbox(10);
  for (let sequence = 1; sequence <= 3; sequence++) outbox.add(event(sequence));
  const first = outbox.next(2)!;
  assert.is(outbox.next(2)?.sequence, 2);
  assert.is(outbox.next(2), undefined);
  assert.is(outbox.length, 3);
  outbox.acknowledged(first);
  assert.is(outbox.length, 2);
  assert.is(outbox.next(2)?.sequence, 3);
});

test('what was on its way when the connection broke comes again, in order and marked as late', () => {
  const outbox = new Outbox(10);
  for (let sequence = 1; sequence <= 4; sequence++) outbox.add(event(sequence));
  outbox.acknowledged(outbox.next(2)!);
  outbox.next(2);
  outbox.disconnected();
  assert.equal(drain(outbox), [
    [2, true],
    [3, true],
    [4, true],
  ]);
});

test('events on their way count against the capacity but are never lost to new ones', () => {
  const outbox = new Outbox(2);
  outbox.add(event(1));
  outbox.add(event(2));
  outbox.next(2);
  outbox.next(2);
  outbox.add(event(3));
  assert.is(outbox.length, 2);
  assert.is(outbox.dropped, 1);
  outbox.disconnected();
  assert.equal(
    drain(outbox).map(([sequence]) => sequence),
    [1, 2],
  );
});

test.run();
