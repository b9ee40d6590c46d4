// Puts packets on the lab's network that no program there would send, by the executable's own raw socket.

import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { formatHex } from '../../src/bytes/hex.ts';
import { EXECUTABLE } from './monami.ts';
import { inNamespace, run } from './namespace.ts';

const PROGRAM = new URL('./inject-program.ts', import.meta.url).pathname;

/** Sends whole IPv6 packets from a namespace, as its routing tables say. */
export function inject(namespace: string, directory: string, ...packets: readonly Uint8Array[]): void {
  const outfile = join(directory, 'inject.js');
  buildSync({
    entryPoints: [PROGRAM],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    external: ['monami-native'],
  });
  run(inNamespace(namespace, [EXECUTABLE, '--bundle', outfile, ...packets.map(formatHex)]));
}
