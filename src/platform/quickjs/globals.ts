import { monotonicMs } from 'monami-native';
import { AbortController, AbortSignal } from './shims/abort-controller.ts';
import { Timers } from './timers.ts';

/**
 * What MQTT.js and the stream library expect of their surroundings and QuickJS lacks. Import this module before theirs:
 * some of it is looked at when they are loaded.
 */
export const timers = new Timers(monotonicMs);

/** Where `console` goes; set by the shell. */
export const consoleTarget: { log: (text: string) => void } = { log: () => {} };

const log = (...values: unknown[]) => consoleTarget.log(values.map(String).join(' '));

Object.assign(globalThis, {
  setTimeout: timers.setTimeout.bind(timers),
  clearTimeout: timers.clear.bind(timers),
  setInterval: timers.setInterval.bind(timers),
  clearInterval: timers.clear.bind(timers),
  setImmediate: <Values extends unknown[]>(callback: (...values: Values) => void, ...values: Values) =>
    timers.setTimeout(callback, 0, ...values),
  clearImmediate: timers.clear.bind(timers),
  queueMicrotask: (callback: () => void) => timers.nextTick(callback),
  process: { env: {}, version: '', nextTick: timers.nextTick.bind(timers), emitWarning: log },
  console: { log, info: log, warn: log, error: log, debug: () => {}, trace: log },
  AbortController,
  AbortSignal,
});
