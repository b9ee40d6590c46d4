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
  readonly #take: (packet: Uint8Array) => void;
  readonly #filter: ArrayBuffer;
  readonly #sender = opened(rawIpv6Open(), 'open a raw socket (is it run as root?)');
  readonly #receivers = new Map<number, number>();

  /** `destinations`: receive only what is sent to these addresses. */
  constructor(loop: Loop, log: Log, destinations: readonly Address[] | undefined, take: (packet: Uint8Array) => void) {
    this.#loop = loop;
    this.#log = log;
    this.#take = take;
    this.#filter = buildSignallingFilter(littleEndian, destinations).slice().buffer as ArrayBuffer;
  }

  /** Receives on these interfaces and on no others. */
  listen(interfaceIndexes: readonly number[]): void {
    for (const [index, handle] of this.#receivers) {
      if (interfaceIndexes.includes(index)) continue;
      this.#loop.unregister(handle);
      close(handle);
      this.#receivers.delete(index);
    }
    for (const index of interfaceIndexes) if (!this.#receivers.has(index)) this.#open(index);
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

  #open(interfaceIndex: number): void {
    const handle = packetOpen(interfaceIndex, ETHERTYPE_IPV6, this.#filter);
    if (handle < 0) {
      this.#log('warning', `cannot receive on interface ${interfaceIndex}: ${errorText(-handle)}`);
      return;
    }
    this.#receivers.set(interfaceIndex, handle);
    // An error here is that of the device going away, which rtnetlink tells as well.
    this.#loop.register(handle, () => receiveBatches(handle, this.#take), 'signalling');
  }
}
