import { errorText, forwarderApply, forwarderOpen, forwarderStatistics, tunOpen } from 'monami-native';
import { encodeTable } from '../../forwarding/encode-table.ts';
import { readStatistics, statisticsLength } from '../../forwarding/read-statistics.ts';
import type { ForwarderStatistics } from '../../forwarding/statistics.ts';
import type { ForwardingTable } from '../../forwarding/table.ts';
import type { Log } from '../contract.ts';
import { opened } from './kernel-network.ts';

/** The native forwarder on its TUN device. */
export class ForwarderPort {
  readonly #log: Log;
  readonly #handle: number;
  #applied = new Uint8Array(0);
  #counters = new Float64Array(statisticsLength(16));

  constructor(log: Log, tunnelInterface: string) {
    this.#log = log;
    const tun = opened(tunOpen(tunnelInterface), `create the tunnel device ${tunnelInterface}`);
    this.#handle = opened(forwarderOpen(tun), 'start the forwarder');
  }

  /** Replaces the table, unless it is the same. */
  apply(table: ForwardingTable): void {
    const bytes = encodeTable(table);
    if (isSame(bytes, this.#applied)) return;
    this.#applied = bytes.slice();
    const result = forwarderApply(this.#handle, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
    if (result < 0) this.#log('error', `the forwarder refused its table: ${errorText(-result)}`);
  }

  statistics(): ForwarderStatistics {
    let count = forwarderStatistics(this.#handle, this.#counters);
    if (count > this.#counters.length) {
      this.#counters = new Float64Array(2 * count);
      count = forwarderStatistics(this.#handle, this.#counters);
    }
    return readStatistics(this.#counters.subarray(0, count));
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index]);
}
