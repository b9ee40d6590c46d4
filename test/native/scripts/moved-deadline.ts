// A deadline that only a promise's job brings forward, after the handler has returned the old one.
import { monotonicMs, onTurn } from 'monami-native';
import { finish } from './lib.ts';

const startMs = monotonicMs();
let deadlineMs = startMs + 30_000;
let turns = 0;
onTurn(() => {
  turns += 1;
  const nowMs = monotonicMs();
  if (nowMs >= deadlineMs) finish({ turns, elapsedMs: nowMs - startMs });
  if (turns === 1) {
    void Promise.resolve().then(() => {
      deadlineMs = startMs + 20;
    });
  }
  return deadlineMs;
});
