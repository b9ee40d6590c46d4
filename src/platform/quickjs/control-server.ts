import {
  accept,
  close,
  errorText,
  removeFile,
  streamRead,
  streamWrite,
  unixListen,
  utf8Encode,
  WRITABLE,
  watch,
} from 'monami-native';
import type { Log, Loop } from '../contract.ts';
import { opened } from './kernel-network.ts';

const EADDRINUSE = 98;
const EAGAIN = 11;
const MAXIMUM_CLIENTS = 16;
/** A request is one word: more is no request. */
const MAXIMUM_REQUEST_OCTETS = 256;
const NEWLINE = 10;

/** The daemon's UNIX socket: a request is one line with one word, the answer is one JSON document. */
export class ControlServer {
  readonly #loop: Loop;
  readonly #log: Log;
  readonly #answer: (request: string) => unknown;
  readonly #path: string;
  readonly #listener: number;
  #clients = 0;

  /** Throws if another daemon listens on the path already. */
  constructor(loop: Loop, log: Log, path: string, answer: (request: string) => unknown) {
    this.#loop = loop;
    this.#log = log;
    this.#answer = answer;
    this.#path = path;
    const listener = unixListen(path);
    if (listener === -EADDRINUSE) throw new Error(`another monami runs already: it listens on ${path}`);
    this.#listener = opened(listener, `listen on the control socket ${path}`);
    loop.register(this.#listener, () => this.#accept());
  }

  close(): void {
    this.#loop.unregister(this.#listener);
    close(this.#listener);
    removeFile(this.#path);
  }

  #accept(): void {
    const client = accept(this.#listener);
    if (client < 0) {
      if (client !== -EAGAIN) this.#log('warning', `a control connection failed: ${errorText(-client)}`);
      return;
    }
    if (this.#clients >= MAXIMUM_CLIENTS) {
      close(client);
      return;
    }
    this.#clients++;
    const input = new Uint8Array(MAXIMUM_REQUEST_OCTETS);
    let length = 0;
    this.#loop.register(client, () => {
      const count = streamRead(client, input.buffer as ArrayBuffer, length, input.length - length);
      if (count === -EAGAIN) return;
      if (count > 0) length += count;
      const end = input.subarray(0, length).indexOf(NEWLINE);
      if (end >= 0) this.#reply(client, String.fromCharCode(...input.subarray(0, end)));
      else if (count <= 0 || length === input.length) this.#drop(client);
    });
  }

  #reply(client: number, request: string): void {
    const output = utf8Encode(`${JSON.stringify(this.#answer(request))}\n`);
    let sent = 0;
    const send = () => {
      while (sent < output.byteLength) {
        const count = streamWrite(client, output, sent, output.byteLength - sent);
        if (count === -EAGAIN) return;
        if (count < 0) break;
        sent += count;
      }
      this.#drop(client);
    };
    watch(client, WRITABLE);
    this.#loop.register(client, send);
  }

  #drop(client: number): void {
    this.#clients--;
    this.#loop.unregister(client);
    close(client);
  }
}
