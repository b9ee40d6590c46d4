// Which room may import which, each rule with its reason. Imports go downwards only.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const src = resolve(import.meta.dirname, '../../src');

interface Rule {
  /** Rooms beside its own that a room may import, types and values. */
  readonly rooms: readonly string[];
  /** Rooms of which it may import types alone. */
  readonly types?: readonly string[];
  readonly reason: string;
}

const RULES: Readonly<Record<string, Rule>> = {
  bytes: { rooms: [], reason: 'everything stands on it' },
  wire: { rooms: ['bytes'], reason: 'codecs are pure: no state, no clock, no configuration' },
  config: { rooms: ['bytes'], reason: 'a configuration is refused whole before anything else exists' },
  bindings: { rooms: ['bytes', 'wire'], reason: 'what the protocol remembers does not know how paths are chosen' },
  paths: { rooms: ['bytes', 'wire'], reason: 'paths are watched without knowing what is registered over them' },
  forwarding: { rooms: ['bytes', 'wire'], reason: 'a forwarding table is a value, whoever makes it' },
  roles: {
    rooms: ['bytes', 'wire', 'bindings', 'paths', 'forwarding'],
    types: ['config'],
    reason: 'a role decides; it neither sends nor configures',
  },
  stack: {
    rooms: ['bytes', 'wire', 'bindings', 'paths', 'forwarding', 'roles'],
    types: ['config', 'platform'],
    reason: 'inputs to actions, without I/O',
  },
  telemetry: {
    rooms: ['bytes'],
    types: ['bindings', 'paths', 'forwarding', 'roles', 'stack', 'config'],
    reason: 'telemetry sees and nobody below sees telemetry',
  },
  cli: { rooms: ['bytes', 'wire'], types: ['telemetry'], reason: 'explains bytes and documents to people, offline' },
  platform: {
    rooms: ['bytes', 'wire', 'forwarding', 'stack', 'telemetry'],
    types: ['config', 'roles'],
    reason: 'executes what the stack decides; decides nothing',
  },
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

function sources(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(directory, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const pattern = /^(?:import|export)\s+(type\s)?([^;]*?)from\s+'(\.[^']+)'|^import\s+'(\.[^']+)'/gm;
  return [...text.matchAll(pattern)].map((match) => {
    const names = match[2] ?? '';
    const isEachType = /^\{[^}]*\}\s*$/.test(names) && splitNames(names).every((name) => name.startsWith('type '));
    return {
      from: relative(src, file),
      to: relative(src, resolve(dirname(file), (match[3] ?? match[4])!)),
      isType: match[1] !== undefined || isEachType,
    };
  });
}

function splitNames(braced: string): string[] {
  return braced
    .replace(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}

const room = (path: string) => path.split('/')[0]!;
const all = sources(src).flatMap(importsOf);

test('the imports are found', () => {
  assert.ok(all.length > 100);
  assert.ok(all.some(({ isType }) => isType) && all.some(({ isType }) => !isType));
});

for (const [name, rule] of Object.entries(RULES)) {
  test(`${name} imports downwards only: ${rule.reason}`, () => {
    const wrong = all.filter(({ from, to, isType }) => {
      if (room(from) !== name || room(to) === name) return false;
      return !rule.rooms.includes(room(to)) && !(isType && rule.types?.includes(room(to)));
    });
    assert.equal(wrong, []);
  });
}

test('no role knows another: they meet in the stack', () => {
  const roleOf = (path: string) => /^roles\/([^/]+)\//.exec(path)?.[1];
  const wrong = all.filter(({ from, to }) => roleOf(from) && roleOf(to) && roleOf(from) !== roleOf(to));
  assert.equal(wrong, []);
});

test('only main names a platform, so that the same machines run in the simulator', () => {
  const wrong = all.filter(
    ({ from, to }) => to.startsWith('platform/quickjs') && room(from) !== 'platform' && from !== 'main.ts',
  );
  assert.equal(wrong, []);
});

test('only the platform and main know the native part', () => {
  const wrong = sources(src)
    .filter((file) => /from 'monami-native'/.test(readFileSync(file, 'utf8')))
    .map((file) => relative(src, file))
    .filter((file) => !file.startsWith('platform/quickjs/') && file !== 'main.ts');
  assert.equal(wrong, []);
});

test('every room has a rule', () => {
  const rooms = readdirSync(src, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));
  assert.equal(
    rooms.filter((name) => !(name in RULES)),
    [],
  );
});

test.run();
