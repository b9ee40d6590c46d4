// The demo as people run it, and what must come out of it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DemoResult } from './demo/result.ts';
import { STEPS } from './demo/scenario.ts';
import { workDirectory } from './monami.ts';

const MAIN = new URL('./demo/main.ts', import.meta.url).pathname;
const TIMEOUT_MS = 120_000;
const directory = workDirectory();
const jsonFile = join(directory, 'demo.json');
const htmlFile = join(directory, 'demo.html');
const demo = spawnSync(process.execPath, ['--import', 'tsx', MAIN, '--fast', '--json', jsonFile, '--html', htmlFile], {
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
});
const words = `${demo.stdout}${demo.stderr}`;

test('[MHA-3-09] every session survives every event within the gaps allowed, and nothing is left behind', () => {
  assert.is(demo.status, 0, words);
  const result = JSON.parse(readFileSync(jsonFile, 'utf8')) as DemoResult;
  assert.equal(result.problems, []);
  assert.ok(result.ok);
  assert.equal(result.sessions.tcp, { opened: 8, survived: 8 });
  assert.equal(result.sessions.udp, { opened: 4, survived: 4 });
  assert.equal(result.sessions.ping, { opened: 2, survived: 2 });
  for (const family of ['ipv6', 'ipv4'] as const) {
    const { tcp, udp, ping } = result.sessionsByFamily[family];
    assert.equal([tcp.survived, udp.survived, ping.survived], [4, 2, 1], family);
  }
});

test('every event of the scenario is measured', () => {
  const { events } = JSON.parse(readFileSync(jsonFile, 'utf8')) as DemoResult;
  assert.equal(
    events.map((event) => event.name),
    STEPS.map((step) => step.name),
  );
  for (const event of events) {
    assert.ok(event.pingsSent > 50, `${event.name}: ${event.pingsSent} pings`);
    assert.ok(event.gapMs > 0 && Number.isFinite(event.gapMs), event.name);
  }
  const alone = events.find((event) => event.name === 'satellite-alone');
  assert.is(alone?.onlyUplink, 'satellite');
  assert.ok(alone!.uplinkBytes['satellite']! > 1e6, 'the uplink behind the NAT carries the traffic');
  const killed = events.find((event) => event.name === 'router-killed');
  assert.ok(killed && killed.gapMs > 300 && killed.pingsLost > 20, 'nothing flows while the router is dead');
});

test('the report page needs nothing from elsewhere', () => {
  const page = readFileSync(htmlFile, 'utf8');
  assert.is(page.match(/<svg /g)?.length, 3);
  assert.not.match(page, /(src|href)=|url\(|@import|<script|https?:/);
});

test.run();
