import { close, errorText, littleEndian, packetOpen, rawIpv6Open, rawIpv6Send } from 'monami-native';
import type { Address } from '../../bytes/address.ts';
import { buildSignallingFilter } from '../../wire/packet-filter.ts';
import type { Log, Loop } from '../contract.ts';
import { opened } from './kernel-network.ts';
import { receiveBatches } from './receive-batch.ts';

const ETHERTYPE_IPV6 = 0x86dd;

/** Receives signalling past the kernel, which does not understand it, and sends whole packets. */
export class SignallingPort {
  readonly #loop: Loop;
  readonly #log: Log;
  readonly #take: (packet: Uint8Array, interfaceIndex: number) => void;
  readonly #filter: ArrayBuffer;
  readonly #filterWithDiscovery: ArrayBuffer;
  readonly #sender = opened(rawIpv6Open(), 'open a raw socket (is it run as root?)');
  readonly #receivers = new Map<number, { readonly handle: number; readonly neighborDiscovery: boolean }>();

  /** `destinations`: receive only what is sent to these addresses. */
  constructor(
    loop: Loop,
    log: Log,
    destinations: readonly Address[] | undefined,
    take: (packet: Uint8Array, interfaceIndex: number) => void,
  ) {
    this.#loop = loop;
    this.#log = log;
    this.#take = take;
    const filter = (neighborDiscovery: boolean) =>
      buildSignallingFilter(littleEndian, destinations, { neighborDiscovery }).slice().buffer as ArrayBuffer;
    this.#filter = filter(false);
    this.#filterWithDiscovery = filter(true);
  }

  /** Receives on these interfaces and on no others; on some of them Neighbor Discovery, too. */
  listen(interfaceIndexes: readonly number[], neighborDiscovery: readonly number[] = []): void {
    for (const [index, receiver] of this.#receivers) {
      const isWanted = interfaceIndexes.includes(index);
      if (isWanted && receiver.neighborDiscovery === neighborDiscovery.includes(index)) continue;
      this.#loop.unregister(receiver.handle);
      close(receiver.handle);
      this.#receivers.delete(index);
    }
    for (const index of interfaceIndexes) {
      if (!this.#receivers.has(index)) this.#open(index, neighborDiscovery.includes(index));
    }
  }

  send(packet: Uint8Array, interfaceIndex: number): void {
    const result = rawIpv6Send(
      this.#sender,
      packet.buffer as ArrayBuffer,
      packet.byteOffset,
      packet.length,
      interfaceIndex,
    );
    if (result < 0) this.#log('info', `a packet could not be sent: ${errorText(-result)}`);
  }

  #open(interfaceIndex: number, neighborDiscovery: boolean): void {
    const filter = neighborDiscovery ? this.#filterWithDiscovery : this.#filter;
    const handle = packetOpen(interfaceIndex, ETHERTYPE_IPV6, filter);
    if (handle < 0) {
      this.#log('warning', `cannot receive on interface ${interfaceIndex}: ${errorText(-handle)}`);
      return;
    }
    this.#receivers.set(interfaceIndex, { handle, neighborDiscovery });
    // An error here is that of the device going away, which rtnetlink tells as well.
    this.#loop.register(
      handle,
      // A copy, for the machines keep what they have not done with, and the buffer is used again.
      () => receiveBatches(handle, (packet, index) => this.#take(packet.slice(), index)),
      'signalling',
    );
  }
}
