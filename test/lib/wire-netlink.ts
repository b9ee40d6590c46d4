// A network namespace of its own, and netlink messages to and from its kernel.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { endianness } from 'node:os';
import { createInterface } from 'node:readline';
import { formatHex } from '../../src/bytes/hex.ts';
import { decodeNetlink } from '../../src/wire/netlink/decode.ts';
import { encodeNetlinkRequest, type NetlinkRequest } from '../../src/wire/netlink/encode.ts';
import type { NetlinkMessage } from '../../src/wire/netlink/message.ts';
import { hex } from './wire.ts';

interface Reply {
  readonly replies: readonly string[];
  readonly status: number;
  readonly output: string;
}

const littleEndian = endianness() === 'LE';
const bridge = new URL('./wire-netlink-bridge.py', import.meta.url).pathname;

/** How to make a network namespace here, or `undefined` if it cannot be done. */
function unshare(): string[] | undefined {
  return [['-n'], ['-r', '-n']].find((options) => spawnSync('unshare', [...options, 'true']).status === 0);
}

/** A kernel's rtnetlink in a namespace that goes away with `close`. */
export class NetlinkNamespace {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #sequence = 0;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#lines = createInterface({ input: process.stdout! })[Symbol.asyncIterator]();
  }

  static open(): NetlinkNamespace {
    const options = unshare();
    if (!options) throw new Error('network namespaces need root or user namespaces');
    const argv = [...options, '/usr/bin/python3', bridge];
    return new NetlinkNamespace(spawn('unshare', argv, { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** Sends a request; all messages of the answer, and the request's sequence number. */
  async request(request: NetlinkRequest): Promise<{ sequence: number; messages: NetlinkMessage[] }> {
    this.#sequence++;
    const bytes = encodeNetlinkRequest(request, this.#sequence, littleEndian);
    const { replies } = await this.#ask({ send: formatHex(bytes) });
    return { sequence: this.#sequence, messages: decodeAll(replies) };
  }

  /** Runs a command; throws if it fails. */
  async run(...argv: string[]): Promise<string> {
    const { status, output } = await this.#ask({ run: argv });
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${output}`);
    return output;
  }

  /** The notifications that a command causes. */
  listen(groups: readonly number[], ...argv: string[]): Promise<NetlinkMessage[]> {
    return this.listenFor(0.3, groups, ...argv);
  }

  /** The same, up to a silence of so many seconds. */
  async listenFor(silence: number, groups: readonly number[], ...argv: string[]): Promise<NetlinkMessage[]> {
    const { status, output, replies } = await this.#ask({ listen: groups, run: argv, silence });
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${output}`);
    return decodeAll(replies);
  }

  close(): void {
    this.#process.stdin!.end();
  }

  async #ask(command: object): Promise<Reply> {
    this.#process.stdin!.write(`${JSON.stringify(command)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the netlink bridge has ended');
    return JSON.parse(value) as Reply;
  }
}

function decodeAll(replies: readonly string[]): NetlinkMessage[] {
  return replies.flatMap((reply) => decodeNetlink(hex(reply), littleEndian));
}
