// A handler that leaves a job behind at every turn, as code with promises easily does.
import { monotonicMs, onTurn } from 'monami-native';
import { finish } from './lib.ts';

const endMs = monotonicMs() + 200;
let turns = 0;
onTurn(() => {
  turns += 1;
  void Promise.resolve().then(() => undefined);
  if (monotonicMs() >= endMs) finish({ turns });
  return endMs;
});
