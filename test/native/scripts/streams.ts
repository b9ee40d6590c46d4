// Echo over UNIX and TCP sockets, and what becomes of connections that nobody takes.
import {
  accept,
  commandLine,
  HANGUP,
  READABLE,
  streamError,
  streamRead,
  streamWrite,
  tcpConnect,
  tcpListen,
  unixConnect,
  unixListen,
  utf8Decode,
  utf8Encode,
  WRITABLE,
  watch,
} from 'monami-native';
import { closeHandle, finish, LOOPBACK4, LOOPBACK6, octets, on, outcome, start } from './lib.ts';

const directory = commandLine[0] ?? '.';
const path = `${directory}/echo.sock`;
const results: Record<string, unknown> = {};
const waiting = new Set<string>();

function done(name: string, result: unknown): void {
  results[name] = result;
  waiting.delete(name);
  if (waiting.size === 0) finish(results);
}

function serve(listener: number): void {
  on(listener, () => {
    for (let handle = accept(listener); handle > 0; handle = accept(listener)) {
      const connection = handle;
      const room = new ArrayBuffer(64);
      on(connection, () => {
        const length = streamRead(connection, room, 0, room.byteLength);
        if (length > 0) streamWrite(connection, room, 0, length);
        else closeHandle(connection);
      });
    }
  });
}

function ask(name: string, handle: number): void {
  waiting.add(name);
  const text = utf8Encode(`hello over ${name}`);
  const room = new ArrayBuffer(64);
  watch(
    on(handle, (readiness) => {
      if (readiness & WRITABLE) {
        const error = streamError(handle);
        if (error !== 0) throw new Error(`${name}: ${error}`);
        streamWrite(handle, text, 0, text.byteLength);
        watch(handle, READABLE);
        return;
      }
      const length = streamRead(handle, room, 0, room.byteLength);
      if (length > 0) {
        const answer = utf8Decode(room, 0, length);
        const nothingYet = streamRead(handle, room, 0, room.byteLength);
        closeHandle(handle);
        done(name, [answer, nothingYet]);
      }
    }),
    WRITABLE,
  );
}

function askInVain(name: string, handle: number): void {
  waiting.add(name);
  watch(
    on(handle, (readiness) => {
      const error = streamError(handle);
      closeHandle(handle);
      done(name, [readiness & HANGUP, readiness & WRITABLE, error]);
    }),
    WRITABLE,
  );
}

results['missing socket'] = unixConnect(path);
const listener = unixListen(path);
serve(listener);
results['second listener'] = unixListen(path);
serve(tcpListen(LOOPBACK4, 24_080));
serve(tcpListen(LOOPBACK6, 24_080));
ask('UNIX', unixConnect(path));
ask('TCP over IPv4', tcpConnect(LOOPBACK4, 24_080, octets('7f000002')));
ask('TCP over IPv6', tcpConnect(LOOPBACK6, 24_080, LOOPBACK6));
askInVain('refused', tcpConnect(LOOPBACK4, 24_081, undefined));
results['two families'] = outcome(() => tcpConnect(LOOPBACK4, 24_080, LOOPBACK6));
results['not our source'] = tcpConnect(LOOPBACK4, 24_080, octets('c0000201'));
start();
