// bundle.mjs ROOT OUT [ENTRY]: bundles src/main.ts (or ENTRY) to OUT, an ES module in the language that QuickJS
// understands. The file is left alone when nothing in it changed, so that what is made from it stays up to date too.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(process.argv[2] ?? '.');
const out = resolve(process.argv[3] ?? join(root, 'dist/monami.js'));
const entry = process.argv[4] === undefined ? join(root, 'src/main.ts') : resolve(process.argv[4]);
const { build } = await import(pathToFileURL(join(root, 'node_modules/esbuild/lib/main.js')).href);

/** Modules that Node has and QuickJS lacks, or that the bundle must not drag in; paths are relative to the root. */
const ALIASES = {
  bl: 'src/platform/quickjs/shims/bl.cjs',
  buffer: 'src/platform/quickjs/shims/buffer.ts',
  debug: 'src/platform/quickjs/shims/debug.cjs',
  process: 'src/platform/quickjs/shims/process.cjs',
  'process-nextick-args': 'src/platform/quickjs/shims/process-nextick-args.cjs',
  'readable-stream': 'src/platform/quickjs/shims/readable-stream.cjs',
  'rfdc/default': 'src/platform/quickjs/shims/rfdc.cjs',
  socks: 'src/platform/quickjs/shims/socks.ts',
};

/** Imported with a slash behind its name, which an alias cannot have. */
const STRING_DECODER = 'src/platform/quickjs/shims/stream-absent.cjs';

/** The same for modules that packages import from within themselves, by their place in node_modules. */
const PARTS = {
  'mqtt/build/lib/get-timer': 'src/platform/quickjs/shims/mqtt-timer.cjs',
  'mqtt/build/lib/handlers/auth': 'src/platform/quickjs/shims/mqtt-absent.cjs',
  'mqtt/build/lib/is-browser': 'src/platform/quickjs/shims/mqtt-no-browser.cjs',
  'mqtt/build/lib/topic-alias-recv': 'src/platform/quickjs/shims/mqtt-absent.cjs',
  'mqtt/build/lib/topic-alias-send': 'src/platform/quickjs/shims/mqtt-absent.cjs',
  'readable-stream/lib/internal/streams/add-abort-signal': 'src/platform/quickjs/shims/stream-absent.cjs',
  'readable-stream/lib/internal/streams/duplexify': 'src/platform/quickjs/shims/stream-absent.cjs',
  'readable-stream/lib/internal/streams/end-of-stream': 'src/platform/quickjs/shims/stream-absent.cjs',
  'readable-stream/lib/internal/streams/from': 'src/platform/quickjs/shims/stream-absent.cjs',
  'readable-stream/lib/internal/streams/utils': 'src/platform/quickjs/shims/stream-absent.cjs',
  'readable-stream/lib/internal/validators': 'src/platform/quickjs/shims/stream-absent.cjs',
  'readable-stream/lib/ours/errors': 'src/platform/quickjs/shims/stream-errors.cjs',
  'readable-stream/lib/ours/util': 'src/platform/quickjs/shims/stream-util.cjs',
};

/** Packages that log each step to nobody, and how they call their logs. */
const LOGGING = /node_modules[\\/](mqtt|mqtt-packet|readable-stream)[\\/].*\.js$/;
const LOG_CALL = /(?<![\w$.])(this\.log|client\.log|debug)\(/g;

/**
 * Names of a package's own, by JavaScript's custom; no data has any that starts so. They become shorter wherever they
 * stand as a property, and those that mqtt-packet looks up by a list of texts stay as they are.
 */
const PRIVATE_NAME = /^_[^_]/;
const LOOKED_UP = /^_(parseHeader|parseLength|parsePayload|newPacket)$/;

/** What packages may take in all: what a new version drags in, or logs in another way, is seen. */
const PACKAGES_BYTES = 110_000;

/**
 * Resolves those parts, leaves of MQTT.js's description of itself what it reads of it, its version, and tells esbuild
 * that calls of a log may go: it keeps what their arguments do besides.
 */
const smallerPackages = {
  name: 'smaller-packages',
  setup({ onLoad, onResolve }) {
    const modules = join(root, 'node_modules');
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
      const shim = PARTS[relative(modules, join(resolveDir, path)).split(sep).join('/')];
      return shim && { path: join(root, shim) };
    });
    onResolve({ filter: /^string_decoder\/$/ }, () => ({ path: join(root, STRING_DECODER) }));
    onLoad({ filter: LOGGING }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(LOG_CALL, '/* @__PURE__ */ $&'),
    }));
    onLoad({ filter: /node_modules[\\/]mqtt[\\/]package\.json$/ }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
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
  plugins: [smallerPackages],
  // The number under its short name, which is written in three characters.
  define: { MONAMI_VERSION: JSON.stringify(version), 'Number.POSITIVE_INFINITY': 'Infinity' },
  minify: true,
  mangleProps: PRIVATE_NAME,
  mangleQuoted: true,
  mangleCache: {},
  reserveProps: LOOKED_UP,
  legalComments: 'none',
  charset: 'utf8',
  metafile: true,
  write: false,
  outfile: out,
  logLevel: 'warning',
});

const [output] = result.outputFiles;
const isText = (name) => ['"', "'", '`'].some((quote) => output.text.includes(quote + name + quote));
const inText = Object.keys(result.mangleCache).filter(isText);
if (inText.length > 0) throw new Error(`looked up by their names, so keep them in LOOKED_UP: ${inText.join(', ')}`);

/** The bundle's octets by the room or the package that they come from. */
const rooms = new Map();
let packagesBytes = 0;
const [described] = Object.values(result.metafile.outputs);
for (const [path, { bytesInOutput }] of Object.entries(described.inputs)) {
  const parts = relative(root, resolve(root, path)).split('/');
  const packaged = parts.lastIndexOf('node_modules');
  if (packaged >= 0) packagesBytes += bytesInOutput;
  const room = packaged >= 0 ? parts.slice(packaged + 1)[0] : parts.slice(0, 2).join('/');
  rooms.set(room, (rooms.get(room) ?? 0) + bytesInOutput);
}
if (packagesBytes > PACKAGES_BYTES) throw new Error(`packages take ${packagesBytes} octets, and may ${PACKAGES_BYTES}`);

mkdirSync(dirname(out), { recursive: true });
if (existsSync(output.path) && readFileSync(output.path).equals(Buffer.from(output.contents))) process.exit(0);
writeFileSync(output.path, output.contents);

for (const [room, bytes] of [...rooms].sort((a, b) => b[1] - a[1])) {
  if (bytes > 0) console.log(`  ${String(bytes).padStart(7)} ${room}`);
}
