// Builds the native forwarder's core with sanitizers and talks to it; see test/unit/forwarding/forwarder-driver.c.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat, u32 } from './forwarding-packets.ts';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const CORE = [
  ...['core', 'index', 'flow', 'packet', 'ipv4', 'icmp', 'encapsulate', 'decapsulate', 'checksum', 'segment'],
  ...['table-parse', 'table-lookup', 'coalesce', 'reassemble'],
];
const CFLAGS = ['-std=c11', '-D_GNU_SOURCE', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-pthread'];
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** `enum verdict` of firmware/forwarder/core.h. */
export const Verdict = { drop: 0, send: 1, sendFragments: 2, deliver: 3, reply: 4, ignore: 7, hold: 8 } as const;

export class NativeForwarder {
  readonly #directory = mkdtempSync(join(tmpdir(), 'monami-forwarder-'));
  readonly #program = join(this.#directory, 'driver');
  #requests: Uint8Array[] = [];

  constructor() {
    const sources = [
      join(root, 'test/unit/forwarding/forwarder-driver.c'),
      ...CORE.map((name) => join(root, `firmware/forwarder/${name}.c`)),
    ];
    const built = spawnSync('cc', [...CFLAGS, ...SANITIZERS, ...sources, '-o', this.#program], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the driver does not compile: ${built.stderr}`);
  }

  /** Removes the program. */
  close(): void {
    rmSync(this.#directory, { recursive: true });
  }

  reset(flowCapacity: number, firstIdentification: number): void {
    this.#ask('r', u32(flowCapacity), u32(firstIdentification));
  }

  apply(table: Uint8Array): void {
    this.#ask('t', table);
  }

  outbound(packet: Uint8Array, nowMs: number): void {
    this.#ask('o', time(nowMs), packet);
  }

  inbound(packet: Uint8Array, nowMs: number): void {
    this.#ask('i', time(nowMs), packet);
  }

  statistics(nowMs: number): void {
    this.#ask('s', time(nowMs));
  }

  /** A virtio header with big-endian numbers, and the packet. */
  cut(offloaded: Uint8Array): void {
    this.#ask('c', offloaded);
  }

  join(packets: readonly Uint8Array[]): void {
    this.#ask('j', ...packets.flatMap((packet) => [u32(packet.length), packet]));
  }

  completeChecksum(start: number, offset: number, packet: Uint8Array): void {
    this.#ask('k', u32(start), u32(offset), packet);
  }

  /** Runs the program on everything asked since the last time, from a fresh state; one answer each. */
  run(): Uint8Array[] {
    const input = concat(...this.#requests);
    const asked = this.#requests.length;
    this.#requests = [];
    const done = spawnSync(this.#program, [], {
      input,
      maxBuffer: 1 << 29,
      env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=1' },
    });
    if (done.status !== 0) throw new Error(`the driver ended with ${done.status ?? done.signal}: ${done.stderr}`);
    const answers = splitByLength(done.stdout);
    if (answers.length !== asked) throw new Error(`${answers.length} answers to ${asked} requests`);
    return answers;
  }

  #ask(request: string, ...parts: readonly Uint8Array[]): void {
    const length = 1 + parts.reduce((sum, part) => sum + part.length, 0);
    this.#requests.push(concat(u32(length), Uint8Array.of(request.charCodeAt(0)), ...parts));
  }
}

function time(nowMs: number): Uint8Array {
  return concat(u32(Math.floor(nowMs / 2 ** 32)), u32(Math.floor(nowMs) % 2 ** 32));
}

/** Records that each have their length, 4 octets, in front. */
export function splitByLength(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at);
    records.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return records;
}
