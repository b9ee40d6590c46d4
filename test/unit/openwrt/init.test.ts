import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCommand } from '../../../src/cli/help.ts';
import {
  boardFile,
  type ConfigurationResult,
  formatProblem,
  type Problem,
  parseConfiguration,
} from '../../../src/config/parse-configuration.ts';

const root = join(import.meta.dirname, '../../..');
const feed = join(root, 'firmware/openwrt/monami');
const init = readFileSync(join(feed, 'files/monami.init'), 'utf8');
const makefile = readFileSync(join(feed, 'Makefile'), 'utf8');

/** What rc.common and procd's library give to an init script, with every call to procd printed. */
const RC_COMMON = `
exec 2>&1
config_load() { [ "$1" = monami ] || exit 9; }
config_get() { eval "$1=\\"\\\${UCI_$3:-$4}\\""; }
config_get_bool() { config_get "$@"; }
logger() { echo "logger $*"; }
procd_open_instance() { echo open; }
procd_set_param() { echo "$@"; }
procd_close_instance() { echo close; }
`;

interface Started {
  readonly status: number | null;
  readonly lines: readonly string[];
}

/** Runs the script's start_service with a monami whose \`check\` ends with \`checkStatus\`. */
function startService(uci: Record<string, string>, checkStatus = 0): Started {
  const directory = mkdtempSync(join(tmpdir(), 'monami-init-'));
  try {
    const program = join(directory, 'monami');
    writeFileSync(program, `#!/bin/sh\necho "monami $*" >&2\nexit ${checkStatus}\n`);
    chmodSync(program, 0o755);
    const script = `set -u\n${RC_COMMON}\n${init.replace('PROG=/usr/sbin/monami', `PROG=${program}`)}\nstart_service\n`;
    const environment = Object.fromEntries(Object.entries(uci).map(([name, value]) => [`UCI_${name}`, value]));
    const { status, stdout } = spawnSync('sh', ['-c', script], {
      env: { ...process.env, ...environment },
      encoding: 'utf8',
    });
    const lines = stdout.replaceAll(program, '/usr/sbin/monami').split('\n').filter(Boolean);
    return { status, lines };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('a service that is not enabled starts nothing', () => {
  assert.equal(startService({}), { status: 0, lines: [] });
  assert.equal(startService({ enabled: '0' }), { status: 0, lines: [] });
});

test('an enabled service checks its configuration and runs monami with it for ever', () => {
  assert.equal(startService({ enabled: '1' }), {
    status: 0,
    lines: [
      'monami check /etc/monami/config.json',
      'open',
      'command /usr/sbin/monami run --config /etc/monami/config.json',
      'respawn 3600 5 0',
      'stderr 1',
      'close',
    ],
  });
});

test('the configuration file can be another one', () => {
  const { lines } = startService({ enabled: '1', config: '/etc/monami/bus.json' });
  assert.is(lines[2], 'command /usr/sbin/monami run --config /etc/monami/bus.json');
});

test('a wrong configuration is logged and not started', () => {
  const { status, lines } = startService({ enabled: '1' }, 2);
  assert.is(status, 1);
  assert.equal(lines, [
    'monami check /etc/monami/config.json',
    'logger -t monami -p daemon.err not started: /etc/monami/config.json is wrong, see /usr/sbin/monami check /etc/monami/config.json',
  ]);
});

test('the program understands the command lines of the script', () => {
  const { lines } = startService({ enabled: '1' });
  const words = (line: string | undefined, before: string) => line!.slice(before.length).split(' ');
  assert.equal(parseCommand(words(lines[0], 'monami ')), { command: 'check', config: '/etc/monami/config.json' });
  assert.equal(parseCommand(words(lines[2], 'command /usr/sbin/monami ')), {
    command: 'run',
    config: '/etc/monami/config.json',
  });
});

test('the configuration is right as shipped, and the service is off', () => {
  const text = readFileSync(join(feed, 'files/config.json'), 'utf8');
  const missing = parseConfiguration(text).problems?.map(formatProblem) ?? [];
  assert.is(missing.length, 1, 'nothing but the key is missing');
  assert.match(missing[0]!, /^mobileRouter\.authentication\.keyFile: .*"\/etc\/monami\/home\.key"$/);
  const files = { read: () => ({ text: `${'5a'.repeat(16)}\n`, mode: 0o600 }) };
  const { problems, configuration, warnings } = parseConfiguration(text, undefined, files) as ConfigurationResult & {
    readonly warnings?: readonly Problem[];
  };
  assert.equal(warnings, []);
  assert.equal((problems ?? []).map(formatProblem), []);
  assert.is(configuration?.mobileRouter?.uplinks.length, 3);
  assert.match(
    readFileSync(join(feed, 'files/monami.config'), 'utf8'),
    /^config monami 'main'\n\toption enabled '0'\n/,
  );
});

test('the package installs what the script and the program look for, under the version of the program', () => {
  const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.match(makefile, `PKG_VERSION:=${version}\n`);
  assert.match(makefile, `PKG_LICENSE:=${license}\n`);
  for (const [source, target] of [
    ['$(PKG_BUILD_DIR)/dist/monami', '/usr/sbin/monami'],
    ['./files/monami.init', '/etc/init.d/monami'],
    ['./files/monami.config', '/etc/config/monami'],
    ['./files/config.json', '/etc/monami/config.json'],
    ['$(PKG_BUILD_DIR)/board', '/usr/share/monami/'],
  ])
    assert.match(makefile, `${source} $(1)${target}\n`);
  assert.is(boardFile('generic-x86'), '/usr/share/monami/board/generic-x86/description.json');
  assert.match(makefile, 'conffiles\n/etc/config/monami\n/etc/monami/config.json\n');
});

test.run();
