/** What the rooms above a platform may ask of its loop. */
export interface Loop {
  /** Calls `onReady` with READABLE, WRITABLE or HANGUP bits whenever the handle is ready. */
  register(handle: number, onReady: (readiness: number) => void, priority?: LoopPriority): void;
  /** Stops watching a handle, before it is closed. */
  unregister(handle: number): void;
  /** Adds something with deadlines of its own. */
  addTimers(timers: TimerSource): void;
}

/** Signalling is served before anything else that is ready in the same turn. */
export type LoopPriority = 'signalling' | 'other';

/** Something that wants to be run at a deadline, in monotonic milliseconds. */
export interface TimerSource {
  readonly nextDeadlineMs: number;
  run(nowMs: number): void;
}

/** Where log lines go. */
export type LogLevel = 'error' | 'warning' | 'notice' | 'info' | 'debug';
export type Log = (level: LogLevel, text: string) => void;
