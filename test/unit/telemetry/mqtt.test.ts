import { duplexPair } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Aedes } from 'aedes';
import type { Duplex } from 'readable-stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MqttPublisher, type PublisherPlatform } from '../../../src/telemetry/mqtt.ts';
import { eventDocument } from '../../../src/telemetry/topic-documents.ts';
import type { BrokerSettings } from '../../../src/telemetry/topics.ts';
import { assertSchema, schemaOfTopic } from '../../lib/schemas.ts';
import { EVENTS, NOW } from './samples.ts';

const SETTINGS: BrokerSettings = {
  host: 'broker',
  clientId: 'monami-bus-7',
  topicPrefix: 'monami',
  vehicleId: 'bus-7',
  retain: true,
  keepAliveSeconds: 60,
  outboxMessages: 5,
};

const BIRTH = { time: '2026-01-02T03:04:05.678Z', version: '0.1.0', role: 'mobile-router' } as const;

interface Received {
  readonly topic: string;
  readonly document: Record<string, unknown>;
  readonly qos: number;
  readonly retain: boolean;
}

/** A real broker behind a pair of streams, that can be switched off. Pauses of the publisher are recorded, and short. */
async function bench(settings: Partial<BrokerSettings> = {}) {
  const broker = await Aedes.createBroker();
  const received: Received[] = [];
  broker.on('publish', (packet, client) => {
    if (!client && !packet.topic.startsWith('monami/')) return;
    const document = JSON.parse(packet.payload.toString());
    assertSchema(schemaOfTopic(packet.topic), document);
    received.push({
      topic: packet.topic.replace('monami/bus-7/', ''),
      document,
      qos: packet.qos,
      retain: packet.retain,
    });
  });
  const pausesMs: number[] = [];
  const logged: string[] = [];
  let reachable = true;
  let closing = false;
  let line: Duplex | undefined;
  const platform: PublisherPlatform = {
    connect() {
      const [ours, theirs] = duplexPair();
      if (reachable) broker.handle(theirs);
      else queueMicrotask(() => ours.destroy(Object.assign(new Error('no route'), { code: 'errno 113' })));
      // The other end of a pair does not notice a destroyed stream by itself, as that of a connection does.
      ours.on('close', () => theirs.destroy());
      theirs.on('close', () => ours.destroy());
      line = ours as unknown as Duplex;
      return line;
    },
    setTimeout(callback, delayMs) {
      pausesMs.push(delayMs);
      return setTimeout(callback, closing ? delayMs : Math.min(delayMs, 5));
    },
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
    random: () => 1,
    log: (level, text) => logged.push(`${level}: ${text}`),
  };
  const publisher = new MqttPublisher({ ...SETTINGS, ...settings }, platform, () => BIRTH);
  return {
    publisher,
    broker,
    received,
    pausesMs,
    logged,
    setReachable: (value: boolean) => {
      reachable = value;
    },
    cut: () => line?.destroy(),
    stop: () => {
      closing = true;
      return new Promise<void>((resolve) => publisher.stop(resolve));
    },
    close: async () => {
      closing = true;
      await new Promise<void>((resolve) => publisher.stop(resolve));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (condition()) return;
    await pause(5);
  }
  assert.unreachable(`waited in vain for ${what}`);
}

const event = (sequence: number) => eventDocument(EVENTS[1]!, NOW.wallClockMs, sequence);

test('a session starts with a retained birth and ends with a retained farewell', async () => {
  const { publisher, received, stop, broker, logged } = await bench();
  publisher.start();
  await until(() => received.length === 1, 'the birth');
  assert.equal(received[0], {
    topic: 'status',
    document: { state: 'online', ...BIRTH, droppedEvents: 0 },
    qos: 1,
    retain: true,
  });
  assert.ok(publisher.connected);
  await stop();
  await until(() => received.length === 2, 'the farewell');
  assert.equal(received[1], {
    topic: 'status',
    document: { state: 'offline', droppedEvents: 0 },
    qos: 1,
    retain: true,
  });
  assert.equal(logged, ['notice: connected to MQTT broker broker']);
  broker.close();
});

test('the broker publishes the last will when the connection breaks', async () => {
  const { publisher, received, setReachable, cut, close } = await bench();
  publisher.start();
  await until(() => received.length === 1, 'the birth');
  setReachable(false);
  cut();
  await until(() => received.length === 2, 'the will');
  assert.equal(received[1], { topic: 'status', document: { state: 'offline' }, qos: 1, retain: true });
  await close();
});

test('state is retained with QoS 1, metrics are not and have QoS 0, events are not and have QoS 1', async () => {
  const { publisher, received, close } = await bench();
  publisher.start();
  await until(() => publisher.connected, 'the connection');
  const state = {
    time: BIRTH.time,
    uplink: 'a',
    interface: 'a0',
    bid: 1,
    state: 'active',
    careOfAddress: null,
    preferred: true,
  };
  publisher.publishState(publisher.topics.pathState('a'), state);
  publisher.publishEvent(event(1));
  const { time, uplink } = state;
  const counters = { sentPackets: 0, sentBytes: 0, receivedPackets: 0, receivedBytes: 0 };
  const metrics = { time, uplink, state: 'active', roundTripMs: 1.5, ...counters, silentSeconds: null };
  assert.ok(publisher.publishMetrics(publisher.topics.pathMetrics('a'), metrics));
  await until(() => received.length === 4, 'all messages');
  assert.equal(received.map(({ topic, qos, retain }) => [topic, qos, retain]).toSorted(), [
    ['event', 1, false],
    ['path/a/metrics', 0, false],
    ['path/a/state', 1, true],
    ['status', 1, true],
  ]);
  await until(() => publisher.backlog.events === 0, 'the acknowledgement');
  await close();
});

test('nothing is retained where the broker does not take it', async () => {
  const { publisher, received, close } = await bench({ retain: false });
  publisher.start();
  await until(() => publisher.connected, 'the connection');
  publisher.publishState(publisher.topics.routerBindings, {
    ...{ time: BIRTH.time, role: 'mobile-router', homeAgentAddress: '2001:db8::1', total: 0, bindings: [] },
  });
  await until(() => received.length === 2, 'both messages');
  assert.equal(
    received.map(({ retain }) => retain),
    [false, false],
  );
  await close();
});

test('while the broker is away: pauses grow, events wait up to the limit and come late, state is sent once at its latest', async () => {
  const { publisher, received, pausesMs, logged, setReachable, close } = await bench();
  setReachable(false);
  publisher.start();
  for (let sequence = 1; sequence <= 7; sequence++) publisher.publishEvent(event(sequence));
  const list = { time: BIRTH.time, role: 'mobile-router', homeAgentAddress: '2001:db8::1', bindings: [] };
  publisher.publishState(publisher.topics.routerBindings, { ...list, total: 1 });
  publisher.publishState(publisher.topics.routerBindings, { ...list, total: 2 });
  assert.not.ok(publisher.publishMetrics(publisher.topics.pathMetrics('a'), {}));
  await until(() => pausesMs.length === 8, 'eight attempts');
  assert.equal(pausesMs, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(publisher.backlog, { events: 5, droppedEvents: 2 });
  assert.equal(
    logged.filter((line) => line.startsWith('warning')),
    ['warning: MQTT broker broker: no route'],
  );
  setReachable(true);
  await until(() => received.length === 7, 'all messages');
  assert.is(received[0]?.document['droppedEvents'], 2);
  assert.equal(
    received
      .filter(({ topic }) => topic === 'event')
      .map(({ document }) => [document['sequence'], document['historical']]),
    [3, 4, 5, 6, 7].map((sequence) => [sequence, true]),
  );
  assert.equal(
    received.filter(({ topic }) => topic === 'mr/bindings').map(({ document }) => document['total']),
    [2],
  );
  pausesMs.length = 0;
  await close();
});

test('a broken connection is made again after the short pause, and the state is sent again', async () => {
  const { publisher, received, pausesMs, cut, close } = await bench();
  publisher.start();
  await until(() => publisher.connected, 'the connection');
  publisher.publishState(publisher.topics.agentBindings, {
    ...{ time: BIRTH.time, role: 'home-agent', homeAgentAddress: '2001:db8::1', total: 0, bindings: [] },
  });
  await until(() => received.length === 2, 'birth and state');
  cut();
  await until(() => !publisher.connected, 'the loss');
  publisher.publishEvent(event(1));
  await until(() => received.length === 6, 'will, birth, state and event');
  assert.equal(pausesMs, [1000]);
  assert.equal(
    received.slice(3).map(({ topic }) => topic),
    ['status', 'ha/bindings', 'event'],
  );
  assert.is(received[5]?.document['historical'], true);
  await close();
});

test('a publisher that is stopped while the broker is away is done at once and tries no more', async () => {
  const { publisher, pausesMs, setReachable, broker } = await bench();
  setReachable(false);
  publisher.start();
  await until(() => pausesMs.length === 1, 'the first pause');
  await new Promise<void>((resolve) => publisher.stop(resolve));
  const attempts = pausesMs.length;
  await pause(50);
  assert.is(pausesMs.length, attempts);
  broker.close();
});

test.run();
