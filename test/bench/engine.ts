// Runs a TypeScript program inside the executable's own engine, as the product's bundle would run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { EXECUTABLE, ROOT } from '../lab/monami.ts';
import { run } from '../lab/namespace.ts';

/** Bundles `entry` as the build does and runs it; returns the figures that it reports. */
export function runInEngine(entry: string): Record<string, number> {
  const directory = mkdtempSync(join(tmpdir(), 'monami-bench-'));
  try {
    const outfile = join(directory, 'bundle.js');
    buildSync({
      entryPoints: [join(ROOT, 'test/bench/engine', entry)],
      outfile,
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'neutral',
      target: 'es2023',
      external: ['monami-native'],
    });
    return JSON.parse(run([EXECUTABLE, '--bundle', outfile])) as Record<string, number>;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
