// For programs that run inside the executable's own engine: times work and prints the outcome as one JSON line.
import { exit, monotonicMs, print } from 'monami-native';

const BATCH = 500;

/** How often per second `work` can be done, over at least `durationMs`, after a short warm-up. */
export function ratePerSecond(durationMs: number, work: (round: number) => void): number {
  let round = 0;
  for (; round < BATCH; round++) work(round);
  const startedMs = monotonicMs();
  let done = 0;
  let nowMs = startedMs;
  while (nowMs - startedMs < durationMs) {
    for (let index = 0; index < BATCH; index++) work(round++);
    done += BATCH;
    nowMs = monotonicMs();
  }
  return Math.round((done * 1000) / (nowMs - startedMs));
}

/** Prints the figures and ends the program. */
export function report(figures: Readonly<Record<string, number>>): void {
  print(1, `${JSON.stringify(figures)}\n`);
  exit(0);
}
