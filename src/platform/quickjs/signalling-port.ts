import {
  close,
  errorText,
  littleEndian,
  packetOpen,
  rawIpv4Open,
  rawIpv4Send,
  rawIpv6Open,
  rawIpv6Send,
} from 'monami-native';
import type { Address } from '../../bytes/address.ts';
import { buildSignallingFilter, buildSignallingFilterIpv4 } from '../../wire/packet-filter.ts';
import type { Log, Loop } from '../contract.ts';
import { opened } from './kernel-network.ts';
import { receiveBatches } from './receive-batch.ts';

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;

/** Which packets are received. */
export interface SignallingPortOptions {
  /** Only those to these IPv6 addresses. */
  readonly destinations?: readonly Address[] | undefined;
  /** Those inside of IPv4 too, if they are for these IPv6 addresses. */
  readonly insideIpv4?: readonly Address[] | undefined;
}

/** Receives signalling past the kernel, which does not understand it, and sends whole packets. */
export class SignallingPort {
  readonly #loop: Loop;
  readonly #log: Log;
  readonly #take: (packet: Uint8Array, interfaceIndex: number) => void;
  readonly #filter: ArrayBuffer;
  readonly #filterWithDiscovery: ArrayBuffer;
  readonly #ipv4Filter: ArrayBuffer | undefined;
  readonly #sender = opened(rawIpv6Open(), 'open a raw socket (is it run as root?)');
  readonly #ipv4Sender: number;
  readonly #receivers = new Map<number, { readonly handles: readonly number[]; readonly neighborDiscovery: boolean }>();

  constructor(
    loop: Loop,
    log: Log,
    { destinations, insideIpv4 }: SignallingPortOptions,
    take: (packet: Uint8Array, interfaceIndex: number) => void,
  ) {
    this.#loop = loop;
    this.#log = log;
    this.#take = take;
    const filter = (neighborDiscovery: boolean) =>
      buildSignallingFilter(littleEndian, destinations, { neighborDiscovery }).slice().buffer as ArrayBuffer;
    this.#filter = filter(false);
    this.#filterWithDiscovery = filter(true);
    this.#ipv4Filter =
      insideIpv4 && (buildSignallingFilterIpv4(littleEndian, insideIpv4).slice().buffer as ArrayBuffer);
    this.#ipv4Sender = insideIpv4 ? opened(rawIpv4Open(), 'open a raw IPv4 socket') : 0;
  }

  /** Receives on these interfaces and on no others; on some of them Neighbor Discovery, too. */
  listen(interfaceIndexes: readonly number[], neighborDiscovery: readonly number[] = []): void {
    for (const [index, receiver] of this.#receivers) {
      const isWanted = interfaceIndexes.includes(index);
      if (isWanted && receiver.neighborDiscovery === neighborDiscovery.includes(index)) continue;
      for (const handle of receiver.handles) {
        this.#loop.unregister(handle);
        close(handle);
      }
      this.#receivers.delete(index);
    }
    for (const index of interfaceIndexes) {
      if (!this.#receivers.has(index)) this.#open(index, neighborDiscovery.includes(index));
    }
  }

  send(packet: Uint8Array, interfaceIndex: number): void {
    const { buffer, byteOffset, length } = packet as Uint8Array<ArrayBuffer>;
    const result =
      packet[0]! >>> 4 === 4
        ? rawIpv4Send(this.#ipv4Sender, buffer, byteOffset, length, interfaceIndex)
        : rawIpv6Send(this.#sender, buffer, byteOffset, length, interfaceIndex);
    if (result < 0) this.#log('info', `a packet could not be sent: ${errorText(-result)}`);
  }

  #open(interfaceIndex: number, neighborDiscovery: boolean): void {
    const filter = neighborDiscovery ? this.#filterWithDiscovery : this.#filter;
    const handles = [
      packetOpen(interfaceIndex, ETHERTYPE_IPV6, filter),
      ...(this.#ipv4Filter ? [packetOpen(interfaceIndex, ETHERTYPE_IPV4, this.#ipv4Filter)] : []),
    ];
    for (const handle of handles) {
      if (handle < 0) this.#log('warning', `cannot receive on interface ${interfaceIndex}: ${errorText(-handle)}`);
      // An error here is that of the device going away, which rtnetlink tells as well.
      else
        this.#loop.register(
          handle,
          // A copy, for the machines keep what they have not done with, and the buffer is used again.
          () => receiveBatches(handle, (packet, index) => this.#take(packet.slice(), index)),
          'signalling',
        );
    }
    const open = handles.filter((handle) => handle > 0);
    if (open.length > 0) this.#receivers.set(interfaceIndex, { handles: open, neighborDiscovery });
  }
}
