// Deadlines of various distances, each with the lateness of the call that it led to.
import { monotonicMs, onTurn } from 'monami-native';
import { finish } from './lib.ts';

const DELAYS_MS = [0, 0.2, 0.5, 1, 1.25, 2, 3.7, 5, 10, 20.5, 50];
const ROUNDS = 5;

const latenessMs: number[] = [];
let calls = 0;
let deadlineMs = Number.NaN;
onTurn((_events, count) => {
  const nowMs = monotonicMs();
  if (count !== 0) throw new Error('nothing can be ready');
  if (!Number.isNaN(deadlineMs)) latenessMs.push(nowMs - deadlineMs);
  if (calls === DELAYS_MS.length * ROUNDS) finish({ calls, latenessMs });
  deadlineMs = nowMs + DELAYS_MS[calls % DELAYS_MS.length]!;
  calls += 1;
  return deadlineMs;
});
