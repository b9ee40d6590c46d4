// The real executable and a real mosquitto: the router's session goes through its tunnels, from its home address.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertSchema, schemaOfTopic } from '../lib/schemas.ts';
import { agentConfiguration, routerConfiguration, startMonami, untilRegistered, workDirectory } from './monami.ts';
import { type LabProcess, nft, sleep, start, until } from './namespace.ts';
import { addresses, buildTopology } from './topology.ts';

const PORT = 1883;
/** Short: a router that is killed takes its tunnels with it, and the broker notices by the keep-alive alone. */
const KEEP_ALIVE_SECONDS = 5;
const NETNS_FILES = '/etc/netns';
const RESIDENT_LIMIT_KIB = 8192;
const RETAINED = [
  'agent/ha/bindings',
  'agent/status',
  'bus/mr/bindings',
  'bus/path/cellular/state',
  'bus/path/satellite/state',
  'bus/path/wifi/state',
  'bus/status',
];

interface Message {
  readonly topic: string;
  readonly document: Record<string, unknown>;
  readonly qos: number;
  readonly retain: boolean;
}

const directory = workDirectory();
const topology = buildTopology();
const { namespaces } = topology;
/** What `ip netns exec` lays over the agent's /etc. */
const hosts = join(NETNS_FILES, namespaces.agent);
process.on('exit', () => {
  rmSync(hosts, { recursive: true, force: true });
  if (existsSync(NETNS_FILES) && readdirSync(NETNS_FILES).length === 0) rmdirSync(NETNS_FILES);
});

/** What the broker runs with: everything is lost when it ends. */
function startBroker(): LabProcess {
  const file = join(directory, 'mosquitto.conf');
  writeFileSync(file, `listener ${PORT} ${addresses.server}\nallow_anonymous true\npersistence false\nuser root\n`);
  return start(namespaces.server, ['mosquitto', '-c', file]);
}

/** Lets nobody outside of the server's namespace connect, or all. */
function closeBroker(): void {
  nft(
    namespaces.server,
    `table inet broker {
  chain input {
    type filter hook input priority 0;
    iifname "net" tcp dport ${PORT} reject with tcp reset
  }
}
`,
  );
}

function openBroker(): void {
  nft(namespaces.server, 'delete table inet broker\n');
}

interface Subscriber {
  /** Grows. */
  readonly messages: Message[];
  readonly process: LabProcess;
  /** How often it has subscribed: again whenever it has lost the broker. */
  subscriptions(): number;
}

/** A subscriber in the server's namespace. */
async function subscribe(): Promise<Subscriber> {
  const messages: Message[] = [];
  let subscriptions = 0;
  const script = new URL('./mqtt-subscriber.ts', import.meta.url).pathname;
  const argv = [process.execPath, '--import', 'tsx', script, addresses.server, String(PORT)];
  const subscriber = start(namespaces.server, argv, {
    onLine(line) {
      const { payload, ...message } = JSON.parse(line);
      if (payload === undefined) subscriptions++;
      else messages.push({ ...message, document: JSON.parse(payload) });
    },
  });
  await until('the subscriber is there', 20_000, () => subscriptions > 0);
  return { messages, process: subscriber, subscriptions: () => subscriptions };
}

function mqttOf(vehicleId: string, host: string) {
  return { host, vehicleId, port: PORT, keepAliveSeconds: KEEP_ALIVE_SECONDS, metricsIntervalSeconds: 1 };
}

mkdirSync(hosts, { recursive: true });
writeFileSync(join(hosts, 'hosts'), `${addresses.server} broker.lab.example\n`);

let broker = startBroker();
const subscriber = await subscribe();
const { messages } = subscriber;
const of = (suffix: string, from = 0) => messages.slice(from).filter(({ topic }) => topic === `monami/${suffix}`);
const documents = (suffix: string, from = 0) => of(suffix, from).map(({ document }) => document);
const births = (name: string, from = 0) =>
  documents(`${name}/status`, from).filter(({ state }) => state === 'online').length;
const seen = (what: string, holds: () => boolean, patienceMs = 10_000) => until(what, patienceMs, holds);

const agent = startMonami(namespaces.agent, 'agent', directory, {
  ...agentConfiguration(directory),
  mqtt: mqttOf('agent', 'broker.lab.example'),
});
const router = startMonami(namespaces.router, 'router', directory, {
  ...routerConfiguration(directory),
  mqtt: mqttOf('bus', addresses.server),
});

test('router and agent, the latter by the name of the broker, announce themselves and their state', async () => {
  await untilRegistered(router);
  await seen('both births', () => births('bus') === 1 && births('agent') === 1);
  assert.is(documents('bus/status')[0]?.['state'], 'online');
  assert.is(documents('bus/status')[0]?.['role'], 'mobile-router');
  assert.is(documents('agent/status')[0]?.['role'], 'home-agent');
  await seen('three bindings at both ends', () =>
    ['bus/mr/bindings', 'agent/ha/bindings'].every((topic) => documents(topic).at(-1)?.['total'] === 3),
  );
  await seen('the preferred path', () => documents('bus/path/cellular/state').at(-1)?.['preferred'] === true);
  await seen('metrics', () => of('bus/path/satellite/metrics').length > 0);
  await seen('binding events', () =>
    ['bus', 'agent'].every(
      (name) => documents(`${name}/event`).filter(({ type }) => type === 'binding-registered').length >= 3,
    ),
  );
});

test('a handover is an event, and the session survives it', async () => {
  const before = messages.length;
  topology.deviceDown('cellular');
  await seen('the handover', () => documents('bus/event', before).some(({ type }) => type === 'handover'));
  const handover = documents('bus/event', before).find(({ type }) => type === 'handover');
  assert.equal([handover?.['from'], handover?.['to']], ['cellular', 'wifi']);
  assert.not('historical' in handover!);
  await seen('the path state', () => documents('bus/path/cellular/state', before).at(-1)?.['state'] === 'down');
  topology.linkUp('cellular');
  await untilRegistered(router);
  // Longer than the broker waits for a sign of life.
  await sleep(KEEP_ALIVE_SECONDS * 1500 + 500);
  assert.is(of('bus/status').length, 1, 'neither will nor second birth');
});

test('the process stays within its memory', () => {
  const status = readFileSync(`/proc/${router.process.pid}/status`, 'utf8');
  const residentKib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  process.stdout.write(`  RSS of the router: ${residentKib} KiB\n`);
  assert.ok(residentKib > 0 && residentKib < RESIDENT_LIMIT_KIB, `${residentKib} KiB`);
});

test('after the broker has been away, state is there again and events come late, all of them and in order', async () => {
  await broker.stop();
  await sleep(500);
  const before = messages.length;
  topology.deviceDown('satellite');
  await sleep(1500);
  // The broker knows no subscriber any more: who publishes before ours is back is heard by nobody.
  closeBroker();
  const subscriptions = subscriber.subscriptions();
  broker = startBroker();
  await seen('the subscriber’s return', () => subscriber.subscriptions() > subscriptions);
  openBroker();
  // The broker itself has published both wills when it ended.
  await seen('the second births', () => births('bus', before) === 1 && births('agent', before) === 1, 40_000);
  await seen('the state', () => RETAINED.every((topic) => of(topic, before).length > 0));
  await seen('the events', () =>
    documents('bus/event', before).some(({ type, uplink }) => type === 'path-state' && uplink === 'satellite'),
  );
  const late = documents('bus/event', before);
  assert.ok(
    late.every(({ historical }) => historical === true),
    'marked as late',
  );
  const sequences = documents('bus/event').map(({ sequence }) => sequence as number);
  assert.equal(
    [...new Set(sequences)],
    Array.from(new Set(sequences), (_, index) => sequences[0]! + index),
  );
  topology.linkUp('satellite');
  await untilRegistered(router);
});

test('who comes later gets the retained state, and no events', async () => {
  const other = await subscribe();
  const retained = () => {
    const topics = other.messages.filter(({ retain }) => retain).map(({ topic }) => topic.replace('monami/', ''));
    return [...new Set(topics)].toSorted();
  };
  await seen('the retained state', () => retained().length >= RETAINED.length);
  assert.equal(retained(), RETAINED);
  await other.process.stop();
});

test('a router that is killed is reported offline by its last will', async () => {
  await router.process.stop('SIGKILL');
  await seen('the will', () => documents('bus/status').at(-1)?.['state'] === 'offline', 20_000);
  assert.equal(documents('bus/status').at(-1), { state: 'offline' });
});

test('an agent that ends says good-bye', async () => {
  assert.is(await agent.process.stop(), 0);
  await seen('the farewell', () => documents('agent/status').at(-1)?.['state'] === 'offline');
  assert.type(documents('agent/status').at(-1)?.['time'], 'string');
});

test('every message is right by its schema, with the quality of service and retention of its topic', async () => {
  assert.ok(messages.length > 40, `${messages.length} messages`);
  for (const { topic, document, qos } of messages) {
    assertSchema(schemaOfTopic(topic), document);
    assert.is(qos, topic.endsWith('/metrics') ? 0 : 1, topic);
  }
  await subscriber.process.stop();
  await broker.stop();
  topology.remove();
});

test.run();
