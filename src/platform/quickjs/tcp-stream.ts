import {
  close,
  errorText,
  HANGUP,
  READABLE,
  resolveOpen,
  resolveRead,
  streamError,
  streamRead,
  streamWrite,
  tcpConnect,
  WRITABLE,
  watch,
} from 'monami-native';
import { Duplex } from 'readable-stream';
import { type Address, addressFromBytes, addressToBytes, parseAddress } from '../../bytes/address.ts';

/** The shell's table of handles: whose turn it is when the loop reports one ready. */
export interface ReadinessTable {
  add(handle: number, onReady: (readiness: number) => void): void;
  remove(handle: number): void;
}

export interface TcpTarget {
  /** IP address or host name. */
  readonly host: string;
  readonly port: number;
  /** Where connections come from; targets of a family that none of them has are left out. */
  readonly sourceAddresses?: readonly Address[];
}

const EAGAIN = 11;
const EHOSTUNREACH = 113;
const ANY_FAMILY = 0;
const READ_BYTES = 4096;
/** What is taken from one connection in one turn, so that others get theirs. */
const READS_PER_TURN = 4;

/** Opens a TCP connection as a stream. What is written before it stands is kept; failure destroys it with an error. */
export function openTcpStream(target: TcpTarget, readiness: ReadinessTable): Duplex {
  return new TcpConnection(target, readiness).stream;
}

class TcpConnection {
  readonly stream: Duplex;
  readonly #target: TcpTarget;
  readonly #readiness: ReadinessTable;
  readonly #buffer = new ArrayBuffer(READ_BYTES);
  #handle = 0;
  #connected = false;
  #reading = false;
  #unsent: { chunk: Uint8Array; done: (error?: Error) => void } | undefined;

  constructor(target: TcpTarget, readiness: ReadinessTable) {
    this.#target = target;
    this.#readiness = readiness;
    this.stream = new Duplex({
      allowHalfOpen: false,
      read: () => this.#read(),
      write: (chunk, _encoding, done) => this.#write(chunk, done),
      destroy: (error, done) => {
        this.#release();
        done(error);
      },
    });
    // Not as the stream's construct step: a stream is only destroyed when that has ended.
    this.#resolve();
  }

  #resolve(): void {
    const literal = parseAddress(this.#target.host);
    if (literal !== undefined) {
      this.#connect([literal]);
      return;
    }
    const handle = resolveOpen(this.#target.host, ANY_FAMILY);
    if (handle < 0) {
      this.#fail(`resolve ${this.#target.host}`, handle);
      return;
    }
    this.#hold(handle, () => {
      const found = resolveRead(handle);
      if (found === -EAGAIN) return;
      this.#release();
      if (typeof found === 'number') this.#fail(`resolve ${this.#target.host}`, found);
      else this.#connect(found.map((octets) => addressFromBytes(new Uint8Array(octets))));
    });
  }

  /** Tries one address after the other; the last one's error counts. */
  #connect(addresses: readonly Address[], error = -EHOSTUNREACH): void {
    const { host, port, sourceAddresses } = this.#target;
    const [address, ...others] = addresses;
    if (address === undefined) {
      this.#fail(`connect to ${host} port ${port}`, error);
      return;
    }
    const sourceAddress = sourceAddresses?.find((candidate) => candidate.length === address.length);
    if (sourceAddresses && sourceAddress === undefined) {
      this.#connect(others, error);
      return;
    }
    const source = sourceAddress === undefined ? undefined : octetsOf(sourceAddress);
    const handle = tcpConnect(octetsOf(address), port, source);
    if (handle < 0) {
      this.#connect(others, handle);
      return;
    }
    this.#hold(handle, () => {
      const result = streamError(handle);
      if (result < 0) {
        this.#release();
        this.#connect(others, result);
        return;
      }
      this.#readiness.remove(handle);
      this.#readiness.add(handle, (ready) => this.#onReady(ready));
      this.#connected = true;
      this.#onReady(WRITABLE);
    });
    watch(handle, WRITABLE);
  }

  #onReady(ready: number): void {
    // A connection that has gone is reported whether anybody asked or not, until its end has been read.
    if (ready & HANGUP) this.#reading = true;
    if (ready & (READABLE | HANGUP) && this.#reading) this.#receive();
    if (ready & WRITABLE && this.#unsent) {
      const { chunk, done } = this.#unsent;
      this.#unsent = undefined;
      this.#write(chunk, done);
    }
    this.#watch();
  }

  #read(): void {
    this.#reading = true;
    this.#watch();
  }

  #receive(): void {
    for (let reads = 0; reads < READS_PER_TURN && this.#reading && this.#handle !== 0; reads++) {
      const length = streamRead(this.#handle, this.#buffer, 0, READ_BYTES);
      if (length === -EAGAIN) return;
      if (length < 0) {
        this.#fail('receive', length);
        return;
      }
      this.#reading = false;
      if (length === 0) this.stream.push(null);
      else if (this.stream.push(new Uint8Array(this.#buffer.slice(0, length)))) this.#reading = true;
    }
  }

  #write(chunk: Uint8Array, done: (error?: Error) => void): void {
    const taken = !this.#connected
      ? -EAGAIN
      : streamWrite(this.#handle, chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.length);
    if (taken < 0 && taken !== -EAGAIN) done(failure('send', taken));
    else if (taken === chunk.length) done();
    else {
      this.#unsent = { chunk: chunk.subarray(Math.max(0, taken)), done };
      this.#watch();
    }
  }

  #watch(): void {
    if (this.#handle !== 0 && this.#connected)
      watch(this.#handle, (this.#reading ? READABLE : 0) | (this.#unsent ? WRITABLE : 0));
  }

  #hold(handle: number, onReady: (ready: number) => void): void {
    this.#handle = handle;
    this.#readiness.add(handle, onReady);
  }

  #fail(what: string, result: number): void {
    this.stream.destroy(failure(what, result));
  }

  #release(): void {
    if (this.#handle === 0) return;
    this.#readiness.remove(this.#handle);
    close(this.#handle);
    this.#handle = 0;
  }
}

function octetsOf(address: Address): ArrayBuffer {
  return addressToBytes(address).buffer as ArrayBuffer;
}

/** With a code, as those who read streams expect of errors of the system. */
function failure(what: string, result: number): Error {
  return Object.assign(new Error(`${what}: ${errorText(-result)}`), { code: `errno ${-result}` });
}
