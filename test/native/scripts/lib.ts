// What the scripts share: a handler for each handle, one deadline, and a report at the end.
import { close, exit, monotonicMs, onTurn, print } from 'monami-native';

type Callback = (readiness: number) => void;

const callbacks = new Map<number, Callback>();
let deadline: { readonly atMs: number; readonly then: () => void } | undefined;

/** Calls back whenever a handle is ready. A negative handle is a failure and ends the script. */
export function on(handle: number, callback: Callback): number {
  if (handle < 0) throw new Error(`no handle: ${handle}`);
  callbacks.set(handle, callback);
  return handle;
}

export function closeHandle(handle: number): void {
  callbacks.delete(handle);
  close(handle);
}

/** Calls back after some time; one such call can be waiting. */
export function after(delayMs: number, then: () => void): void {
  deadline = { atMs: monotonicMs() + delayMs, then };
}

/** Prints the script's result and ends it. */
export function finish(result: unknown): void {
  print(1, JSON.stringify(result));
  exit(0);
}

/** Starts the loop. */
export function start(): void {
  onTurn((events, count) => {
    for (let i = 0; i < count; i++) callbacks.get(events[i * 2]!)?.(events[i * 2 + 1]!);
    if (deadline !== undefined && monotonicMs() >= deadline.atMs) {
      const { then } = deadline;
      deadline = undefined;
      then();
    }
    return deadline?.atMs ?? Number.POSITIVE_INFINITY;
  });
}

/** The name of the error that a call throws, or what it returned. */
export function outcome(call: () => unknown): unknown {
  try {
    return call() ?? null;
  } catch (error) {
    return error instanceof Error ? error.name : 'not an error';
  }
}

/** The octets of a text in hexadecimal. */
export function octets(hex: string): ArrayBuffer {
  const digits = hex.replace(/\s/g, '');
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  return bytes.buffer;
}

export function toHex(buffer: ArrayBuffer, offset = 0, length = buffer.byteLength - offset): string {
  return [...new Uint8Array(buffer, offset, length)].map((octet) => octet.toString(16).padStart(2, '0')).join('');
}

export const LOOPBACK4 = octets('7f000001');
export const LOOPBACK6 = octets('00000000000000000000000000000001');
