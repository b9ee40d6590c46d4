// Names that need no server.
import { resolveOpen, resolveRead } from 'monami-native';
import { closeHandle, finish, on, outcome, start, toHex } from './lib.ts';

const QUESTIONS = [
  ['localhost', 4],
  ['192.0.2.1', 0],
  ['2001:db8::1', 6],
  ['192.0.2.1', 6],
] as const;

const answers: unknown[] = [];
let left = QUESTIONS.length;
QUESTIONS.forEach(([name, family], i) => {
  const handle = resolveOpen(name, family);
  on(handle, () => {
    const found = resolveRead(handle);
    answers[i] = typeof found === 'number' ? found : found.map((address) => toHex(address));
    closeHandle(handle);
    if (--left === 0) finish({ answers, wrongFamily: outcome(() => resolveOpen('localhost', 5)) });
  });
});
start();
