import {
  close,
  errorText,
  HANGUP,
  READABLE,
  streamError,
  streamRead,
  streamWrite,
  unixConnect,
  utf8Decode,
  utf8Encode,
  WRITABLE,
  watch,
} from 'monami-native';
import type { Loop } from '../contract.ts';

const EAGAIN = 11;
const ENOENT = 2;
const ECONNREFUSED = 111;
const READ_OCTETS = 65_536;

/** Asks a running daemon; `done` gets the parsed answer, or an error text that says what to do. */
export function askDaemon(
  loop: Loop,
  path: string,
  request: string,
  done: (result: { readonly answer: unknown } | { readonly error: string }) => void,
): void {
  const notRunning = `no monami runs here: nothing listens on ${path} (start it with: monami run --config FILE)`;
  const failed = (errno: number) =>
    done({
      error: errno === ENOENT || errno === ECONNREFUSED ? notRunning : `cannot reach ${path}: ${errorText(errno)}`,
    });
  const handle = unixConnect(path);
  if (handle < 0) {
    failed(-handle);
    return;
  }
  const question = utf8Encode(`${request}\n`);
  const chunks: Uint8Array[] = [];
  let isAsked = false;
  const end = (result: Parameters<typeof done>[0]) => {
    loop.unregister(handle);
    close(handle);
    done(result);
  };
  watch(handle, WRITABLE | READABLE);
  loop.register(handle, (readiness) => {
    const error = streamError(handle);
    if (error < 0) return end({ error: `cannot reach ${path}: ${errorText(-error)}` });
    if (!isAsked && (readiness & WRITABLE) !== 0) {
      isAsked = true;
      streamWrite(handle, question, 0, question.byteLength);
      watch(handle, READABLE);
    }
    if ((readiness & (READABLE | HANGUP)) === 0) return;
    for (;;) {
      const chunk = new Uint8Array(READ_OCTETS);
      const count = streamRead(handle, chunk.buffer, 0, chunk.length);
      if (count === -EAGAIN) return;
      if (count < 0) return end({ error: `cannot read from ${path}: ${errorText(-count)}` });
      if (count === 0) return end(parse(chunks));
      chunks.push(chunk.subarray(0, count));
    }
  });
}

function parse(chunks: readonly Uint8Array[]): { readonly answer: unknown } | { readonly error: string } {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  try {
    return { answer: JSON.parse(utf8Decode(whole.buffer, 0, whole.length)) };
  } catch {
    return { error: 'the daemon did not answer in full' };
  }
}
