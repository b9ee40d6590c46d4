// tshark's view of packets.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { pcapFile } from './wire.ts';

export type Field = readonly [name: string, shown: string];

/** Fields that tshark shows in a way of its own: their octets are taken instead. */
const BY_VALUE: ReadonlySet<string> = new Set(['mip6.mseg_id.timestamp', 'icmpv6.reserved']);

/** It knows no protocol on this port by itself. */
export const DSMIPV6 = ['-d', 'udp.port==4191,ipv6'];
/** Wrong checksums are complaints; as it comes, it does not look at them. */
const VERIFIED = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'];

/** Names of what tshark has to complain about. */
export const COMPLAINT = /^_ws\.(expert|malformed|unreassembled)/;

/** Dissections, one list of fields per packet, in the order of the packet. */
export function dissect(packets: readonly Uint8Array[]): Field[][] {
  const directory = mkdtempSync(join(tmpdir(), 'monami-tshark-'));
  try {
    const file = join(directory, 'packets.pcap');
    writeFileSync(file, pcapFile(packets));
    const run = spawnSync('tshark', ['-n', '-r', file, '-T', 'pdml', ...DSMIPV6, ...VERIFIED], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    assert.is(run.status, 0, run.error?.message ?? run.stderr);
    return run.stdout
      .split('<packet>')
      .slice(1)
      .map((packet) =>
        [...packet.matchAll(/<(?:field|proto) name="([^"]*)"([^>]*)>/g)].map(([, name, attributes]): Field => {
          const shown = BY_VALUE.has(name!) ? /\bvalue="([^"]*)"/ : /\bshow="([^"]*)"/;
          return [name!, shown.exec(attributes!)?.[1] ?? ''];
        }),
      );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Fields for flags, from the highest bit. */
export function flagFields(word: number, highest: number, names: readonly string[]): Field[] {
  return names.map((name, i): Field => [name, (word & (highest >> i)) === 0 ? '0' : '1']);
}

/** Octets as tshark shows them. */
export function colons(hexDigits: string): string {
  return hexDigits.replace(/..(?=.)/g, '$&:');
}
