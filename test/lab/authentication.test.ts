// Keys and the running executable: what it warns of, what it refuses to start with, and who is let in.
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  agentConfiguration,
  type ConfigurationFile,
  EXECUTABLE,
  KEY,
  routerConfiguration,
  SPI,
  startMonami,
  untilRegistered,
  workDirectory,
} from './monami.ts';
import { sleep, until } from './namespace.ts';
import { addresses, withTopology } from './topology.ts';

const directory = workDirectory();
const WRONG_KEY = 'feedfacefeedfacefeedfacefeedface';

interface Checked {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** `monami check` of a configuration file with these permissions. */
function check(configuration: ConfigurationFile, mode = 0o600): Checked {
  const file = join(directory, 'checked.json');
  writeFileSync(file, JSON.stringify(configuration));
  chmodSync(file, mode);
  const { status, stdout, stderr } = spawnSync(EXECUTABLE, ['check', file], { encoding: 'utf8' });
  return { status, output: stdout.replaceAll(file, 'FILE'), errors: stderr.replaceAll(file, 'FILE') };
}

function withoutKeys(authentication?: 'none'): ConfigurationFile {
  const node = { name: 'bus', homeAddress: addresses.homeAddress, prefixes: [addresses.mobileNetworkPrefix] };
  return agentConfiguration(directory, { mobileNodes: [node], ...(authentication && { authentication }) });
}

test('a home agent without keys does not start, unless "none" has been said', () => {
  const { status, output, errors } = check(withoutKeys());
  assert.is(status, 2);
  assert.is(output, '');
  assert.is(
    errors,
    'monami: homeAgent.mobileNodes[0].authentication: must be {"spi": …, "key": … or "keyFile": …} or "none", is missing\n',
  );
  const allowed = check(withoutKeys('none'));
  assert.is(allowed.status, 0);
  assert.match(allowed.errors, /^monami: warning: homeAgent\.authentication: is "none": whoever can send packets here/);
});

test('a configuration with a key that everybody can read draws a warning, one with a key file does not', () => {
  const open = check(routerConfiguration(directory), 0o644);
  assert.is(open.status, 0);
  assert.is(
    open.errors,
    'monami: warning: configuration: FILE holds secrets and can be read by everybody: chmod 600 FILE\n',
  );
  assert.is(check(routerConfiguration(directory), 0o640).errors, '');
  const keyFile = join(directory, 'home.key');
  writeFileSync(keyFile, `${KEY}\n`, { mode: 0o600 });
  const named = routerConfiguration(directory, { authentication: { spi: SPI, keyFile } });
  assert.equal(check(named, 0o644), { status: 0, output: 'FILE is right\n', errors: '' });
  chmodSync(keyFile, 0o644);
  assert.match(check(named).errors, 'authentication.keyFile: ');
  chmodSync(keyFile, 0o600);
  writeFileSync(keyFile, `${KEY}${KEY}\n`);
  const spoilt = check(named);
  assert.is(spoilt.status, 2);
  assert.not.match(spoilt.errors, KEY);
});

test('a router with a key file registers; one with a wrong key, or with none, does not', async () => {
  await withTopology(async ({ namespaces }) => {
    const agent = startMonami(namespaces.agent, 'agent', directory, agentConfiguration(directory));
    await until('the home agent answers', 5000, () => agent.status() !== null);
    const bindings = () => agent.status()?.homeAgent?.bindings.length;
    for (const [authentication, reason] of [
      [{ spi: SPI, key: WRONG_KEY }, 'authentication-failed'],
      [{ spi: SPI + 1, key: KEY }, 'no-security-association'],
      ['none', 'authentication-missing'],
    ] as const) {
      const router = startMonami(
        namespaces.router,
        'router',
        directory,
        routerConfiguration(directory, { authentication }),
      );
      await until(`the home agent counts ${reason}`, 5000, () => (agent.status()?.drops[reason] ?? 0) > 0);
      await sleep(200);
      assert.is(bindings(), 0, reason);
      assert.is(router.status()?.mobileRouter?.authentication, authentication === 'none' ? 'none' : 'required');
      await router.process.stop('SIGKILL');
    }
    const keyFile = join(directory, 'bus.key');
    writeFileSync(keyFile, `${KEY}\n`, { mode: 0o600 });
    const configuration = routerConfiguration(directory, { authentication: { spi: SPI, keyFile } });
    const router = startMonami(namespaces.router, 'router', directory, configuration);
    await untilRegistered(router);
    assert.is(bindings(), 3);
    assert.is(agent.status()?.homeAgent?.authentication, 'required');
    await router.process.stop();
    await agent.process.stop();
    assert.not.match(agent.process.errors(), 'none');
  });
});

test('without keys both ends work as well, and say so in log and status', async () => {
  await withTopology(async ({ namespaces }) => {
    const agent = startMonami(namespaces.agent, 'agent', directory, withoutKeys('none'));
    const router = startMonami(
      namespaces.router,
      'router',
      directory,
      routerConfiguration(directory, { authentication: 'none' }),
    );
    await untilRegistered(router);
    assert.is(agent.status()?.homeAgent?.authentication, 'none');
    assert.is(router.status()?.mobileRouter?.authentication, 'none');
    await router.process.stop();
    await agent.process.stop();
    assert.match(
      agent.process.errors(),
      / warning homeAgent\.authentication: is "none": whoever can send packets here/,
    );
    assert.match(
      router.process.errors(),
      / warning mobileRouter\.authentication: is "none": whoever can send packets here/,
    );
  });
});

test.run();
