// bundle.mjs ROOT OUT [ENTRY]: bundles src/main.ts (or ENTRY) to OUT, an ES module in the language that QuickJS
// understands. The file is left alone when nothing in it changed, so that what is made from it stays up to date too.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(process.argv[2] ?? '.');
const out = resolve(process.argv[3] ?? join(root, 'dist/monami.js'));
const entry = process.argv[4] === undefined ? join(root, 'src/main.ts') : resolve(process.argv[4]);
const { build } = await import(pathToFileURL(join(root, 'node_modules/esbuild/lib/main.js')).href);

/** Modules that Node has and QuickJS lacks, or that the bundle must not drag in; paths are relative to the root. */
const ALIASES = {
  'abort-controller': 'src/platform/quickjs/shims/abort-controller.ts',
  debug: 'src/platform/quickjs/shims/debug.cjs',
  'lru-cache': 'src/platform/quickjs/shims/lru-cache.ts',
  process: 'src/platform/quickjs/shims/process.cjs',
  'readable-stream': 'src/platform/quickjs/shims/readable-stream.cjs',
  socks: 'src/platform/quickjs/shims/socks.ts',
  'worker-timers': 'src/platform/quickjs/shims/worker-timers.ts',
};

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const shims = Object.fromEntries(Object.entries(ALIASES).map(([name, path]) => [name, join(root, path)]));

const result = await build({
  absWorkingDir: root,
  entryPoints: [entry],
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  mainFields: ['module', 'main'],
  conditions: ['import', 'default'],
  external: ['monami-native'],
  alias: shims,
  define: { MONAMI_VERSION: JSON.stringify(version) },
  minify: true,
  legalComments: 'none',
  charset: 'utf8',
  metafile: true,
  write: false,
  outfile: out,
  logLevel: 'warning',
});

const [output] = result.outputFiles;
mkdirSync(dirname(out), { recursive: true });
if (existsSync(output.path) && readFileSync(output.path).equals(Buffer.from(output.contents))) process.exit(0);
writeFileSync(output.path, output.contents);

/** The bundle's octets by the room or the package that they come from. */
const rooms = new Map();
const [described] = Object.values(result.metafile.outputs);
for (const [path, { bytesInOutput }] of Object.entries(described.inputs)) {
  const parts = relative(root, resolve(root, path)).split('/');
  const packaged = parts.lastIndexOf('node_modules');
  const room = packaged >= 0 ? parts.slice(packaged + 1)[0] : parts.slice(0, 2).join('/');
  rooms.set(room, (rooms.get(room) ?? 0) + bytesInOutput);
}
for (const [room, bytes] of [...rooms].sort((a, b) => b[1] - a[1])) {
  if (bytes > 0) console.log(`  ${String(bytes).padStart(7)} ${room}`);
}
