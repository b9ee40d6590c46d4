import { close, errorText, littleEndian, netlinkOpen, netlinkSend } from 'monami-native';
import { WireError } from '../../bytes/wire-error.ts';
import { decodeNetlink } from '../../wire/netlink/decode.ts';
import { type DumpRequest, encodeNetlinkRequest, type NetlinkRequest } from '../../wire/netlink/encode.ts';
import type { NetlinkMessage } from '../../wire/netlink/message.ts';
import { NetlinkGroup } from '../../wire/netlink/numbers.ts';
import type { Log, Loop } from '../contract.ts';
import { receiveBatches } from './receive-batch.ts';

const EEXIST = 17;
const ENOENT = 2;
const ESRCH = 3;
const ENODEV = 19;
const EADDRNOTAVAIL = 99;
const ENOBUFS = 105;

/** What a kernel may answer to an addition or a removal whose effect is there already. */
const ALREADY_SO = [EEXIST, ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL];

/** What its owner is told. */
export interface KernelNetworkListener {
  messages(messages: readonly NetlinkMessage[]): void;
  /** Notifications were lost; the whole state follows by itself. */
  lost(): void;
}

/** What is read and watched beside links and IPv6. */
export interface KernelNetworkOptions {
  /** Neighbour caches. */
  readonly neighbors: boolean;
  /** IPv4 addresses and routes. */
  readonly ipv4: boolean;
}

/** The kernel's view of links, addresses, routes and rules through rtnetlink. */
export class KernelNetwork {
  readonly #notifications: number;
  readonly #requests: number;
  readonly #log: Log;
  readonly #listener: KernelNetworkListener;
  readonly #options: KernelNetworkOptions;
  readonly #pending = new Map<number, NetlinkRequest>();
  #sequence = 0;

  constructor(loop: Loop, log: Log, listener: KernelNetworkListener, options: KernelNetworkOptions) {
    this.#options = options;
    this.#log = log;
    this.#listener = listener;
    this.#notifications = opened(
      netlinkOpen([
        ...[NetlinkGroup.link, NetlinkGroup.ipv6Address, NetlinkGroup.ipv6Route],
        ...(options.ipv4 ? [NetlinkGroup.ipv4Address, NetlinkGroup.ipv4Route] : []),
        ...(options.neighbors ? [NetlinkGroup.neighbor] : []),
      ]),
      'watch the network',
    );
    this.#requests = opened(netlinkOpen([]), 'configure the network');
    loop.register(
      this.#notifications,
      () => {
        if (this.#read(this.#notifications, (messages) => listener.messages(messages)) !== ENOBUFS) return;
        this.#log('warning', 'network notifications were lost; reading the whole state again');
        listener.lost();
        this.readAll();
      },
      'signalling',
    );
    loop.register(
      this.#requests,
      () => this.#read(this.#requests, (messages) => this.#answers(messages)),
      'signalling',
    );
  }

  /** Reads all links, addresses, routes and neighbours and hands them to the listener. */
  readAll(): void {
    const kinds = ['dump-addresses', 'dump-routes', ...(this.#options.neighbors ? ['dump-neighbors'] : [])];
    const families = this.#options.ipv4 ? (['ipv6', 'ipv4'] as const) : (['ipv6'] as const);
    this.#listener.messages([
      ...this.dumpNow('dump-links'),
      ...families.flatMap((family) => kinds.flatMap((kind) => this.dumpNow(kind as DumpRequest['kind'], family))),
    ]);
  }

  /** Everything of one kind, at once: on a socket of its own, for a socket has one dump at a time. */
  dumpNow(kind: DumpRequest['kind'], family?: 'ipv6' | 'ipv4'): NetlinkMessage[] {
    const handle = opened(netlinkOpen([]), 'read the network');
    const all: NetlinkMessage[] = [];
    this.#send(handle, { kind, ...(family && { family }) });
    // The kernel makes the next part of a dump while the last one is read: it never has to be waited for.
    for (let isDone = false, before = -1; !isDone && all.length > before; ) {
      before = all.length;
      this.#read(handle, (messages) => {
        all.push(...messages);
        isDone ||= messages.some((message) => message.kind === 'done' || message.kind === 'acknowledgement');
      });
    }
    close(handle);
    return all;
  }

  /** Sends requests; a refusal is logged when its answer comes. */
  configure(requests: readonly NetlinkRequest[]): void {
    for (const request of requests) this.#pending.set(this.#send(this.#requests, request), request);
  }

  #send(handle: number, request: NetlinkRequest): number {
    this.#sequence = (this.#sequence % 0x7fff_ffff) + 1;
    const bytes = encodeNetlinkRequest(request, this.#sequence, littleEndian);
    const result = netlinkSend(handle, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
    if (result < 0) this.#log('error', `cannot ask the kernel to ${request.kind}: ${errorText(-result)}`);
    return this.#sequence;
  }

  #read(handle: number, take: (messages: NetlinkMessage[]) => void): number {
    return receiveBatches(handle, (packet) => {
      try {
        // The values keep views of the packet, whose buffer is used again.
        take(decodeNetlink(packet.slice(), littleEndian));
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.#log('error', `the kernel sent a network message that is ${error.message}`);
      }
    });
  }

  #answers(messages: readonly NetlinkMessage[]): void {
    for (const message of messages) {
      if (message.kind !== 'acknowledgement') continue;
      const request = this.#pending.get(message.sequence);
      this.#pending.delete(message.sequence);
      if (!request || message.errno === 0 || ALREADY_SO.includes(message.errno)) continue;
      this.#log('error', `the kernel refused to ${request.kind}: ${errorText(message.errno)}`);
    }
  }
}

/** A handle, or an error that says what could not be done. */
export function opened(handle: number, purpose: string): number {
  if (handle < 0) throw new Error(`cannot ${purpose}: ${errorText(-handle)}`);
  return handle;
}
