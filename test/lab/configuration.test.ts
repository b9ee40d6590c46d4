// Every mistake in a configuration file stops the executable before it touches anything.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hostState, stateDifference } from './host-state.ts';
import { agentConfiguration, EXECUTABLE, routerConfiguration, workDirectory } from './monami.ts';
import { inNamespace } from './namespace.ts';
import { addresses, withTopology } from './topology.ts';

const directory = workDirectory();
const ROUTER = routerConfiguration(directory);
const AGENT = agentConfiguration(directory);

type Tree = Record<string, unknown>;

/** A configuration with one key set to something else (`undefined` removes it). */
function changed(base: object, path: readonly string[], value: unknown): string {
  const tree = structuredClone(base) as Tree;
  const parent = path.slice(0, -1).reduce<Tree>((node, key) => node[key] as Tree, tree);
  const last = path.at(-1)!;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return JSON.stringify(tree);
}

const router = (key: string, value: unknown) => changed(ROUTER, ['mobileRouter', key], value);
const agent = (key: string, value: unknown) => changed(AGENT, ['homeAgent', key], value);
const node = (key: string, value: unknown) => changed(AGENT, ['homeAgent', 'mobileNodes', '0', key], value);
const uplink = (...uplinks: object[]) => router('uplinks', uplinks);
const CELLULAR = { name: 'cellular', interface: 'cellular' };
const WIFI = { name: 'wifi', interface: 'wifi' };

/** What is wrong, the file's content, and the path of the key that the line must name. */
const MISTAKES: readonly (readonly [string, string, string])[] = [
  ['not JSON', '{ "mobileRouter": ', ''],
  ['neither role', '{}', ''],
  ['an unknown part', changed(ROUTER, ['mobileRuoter'], {}), 'mobileRuoter'],
  ['an unknown key', router('lifetime', 600), 'mobileRouter.lifetime'],
  ['no home address', router('homeAddress', undefined), 'mobileRouter.homeAddress'],
  ['an IPv4 home address', router('homeAddress', '192.0.2.1'), 'mobileRouter.homeAddress'],
  ['a multicast home agent', router('homeAgentAddress', 'ff02::1'), 'mobileRouter.homeAgentAddress'],
  ['a prefix with host bits', router('prefixes', ['2001:db8:100::1/56']), 'mobileRouter.prefixes[0]'],
  ['overlapping prefixes', router('prefixes', ['2001:db8:100::/56', '2001:db8:100::/64']), 'mobileRouter.prefixes[1]'],
  ['a wrong type', router('lifetimeSeconds', '600'), 'mobileRouter.lifetimeSeconds'],
  ['a lifetime that is no multiple of 4', router('lifetimeSeconds', 601), 'mobileRouter.lifetimeSeconds'],
  ['an unknown mode', router('prefixMode', 'automatic'), 'mobileRouter.prefixMode'],
  ['a board that is not there', router('board', '/nonexistent/board.json'), 'mobileRouter.board'],
  ['two uplinks of one name', uplink(CELLULAR, { ...WIFI, name: 'cellular' }), 'mobileRouter.uplinks[1].name'],
  [
    'two uplinks of one device',
    uplink(CELLULAR, { ...WIFI, interface: 'cellular' }),
    'mobileRouter.uplinks[1].interface',
  ],
  ['one Binding Identifier twice', uplink({ ...CELLULAR, bid: 2 }, { ...WIFI, bid: 2 }), 'mobileRouter.uplinks[1].bid'],
  ['Binding Identifier 0', uplink({ ...CELLULAR, bid: 0 }), 'mobileRouter.uplinks[0].bid'],
  ['a path MTU below 1280', uplink({ ...CELLULAR, mtuBytes: 1279 }), 'mobileRouter.uplinks[0].mtuBytes'],
  ['a probe that never ends', router('probe', { failuresUntilDead: 0 }), 'mobileRouter.probe.failuresUntilDead'],
  [
    'a home address outside the home link',
    node('homeAddress', '2001:db8:2::1'),
    'homeAgent.mobileNodes[0].homeAddress',
  ],
  ['a home agent without mobile nodes', agent('mobileNodes', []), 'homeAgent.mobileNodes'],
  ['the agent inside a mobile network', agent('address', addresses.routerLan), 'homeAgent.'],
  ['a relative socket path', changed(ROUTER, ['control'], { socketPath: 'here' }), 'control.socketPath'],
  [
    'a device name that is too long',
    changed(ROUTER, ['tunnel'], { interface: 'abcdefghijklmnop' }),
    'tunnel.interface',
  ],
  ['an unknown log level', changed(ROUTER, ['log'], { level: 'loud' }), 'log.level'],
];

test(`${MISTAKES.length} mistakes each give one line that names the key, status 2, and touch nothing`, () =>
  withTopology((topology) => {
    const { router: namespace } = topology.namespaces;
    const before = hostState(namespace);
    const file = join(directory, 'mistake.json');
    for (const [what, content, path] of MISTAKES) {
      writeFileSync(file, content);
      const [command = '', ...rest] = inNamespace(namespace, [EXECUTABLE, 'run', '--config', file]);
      const { status, stderr, stdout } = spawnSync(command, rest, { encoding: 'utf8', timeout: 5000 });
      assert.is(status, 2, `${what}: status ${status}: ${stderr}`);
      assert.is(stdout, '', what);
      assert.match(stderr, /^[^\n]+\n$/, `${what}: one line`);
      assert.ok(stderr.includes(path), `${what}: ${stderr.trim()} names ${path}`);
      assert.not(existsSync(join(directory, 'router.sock')), what);
    }
    assert.equal(stateDifference(before, hostState(namespace)), []);
  }));

test('check says the same as run, and nothing about a good file', () => {
  const good = join(directory, 'good.json');
  writeFileSync(good, JSON.stringify(ROUTER));
  assert.is(spawnSync(EXECUTABLE, ['check', good]).status, 0);
  const bad = join(directory, 'bad.json');
  writeFileSync(bad, router('lifetimeSeconds', 601));
  const check = spawnSync(EXECUTABLE, ['check', bad], { encoding: 'utf8' });
  const run = spawnSync(EXECUTABLE, ['run', '--config', bad], { encoding: 'utf8' });
  assert.is(check.status, 2);
  assert.is(check.stderr, run.stderr);
});

test('a file that is not there is said so in one line', () => {
  const { status, stderr } = spawnSync(EXECUTABLE, ['run', '--config', join(directory, 'nowhere.json')], {
    encoding: 'utf8',
  });
  assert.is(status, 2);
  assert.match(stderr, /^[^\n]*nowhere\.json[^\n]*\n$/);
});

test.run();
