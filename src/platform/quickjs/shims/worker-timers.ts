/** Stands for the package worker-timers, which is for browsers: never called with native timers. */
export function setInterval(): never {
  throw new Error('worker timers are not available');
}

export function clearInterval(): void {}
