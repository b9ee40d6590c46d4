import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Publisher, Reporter, type Snapshot } from '../../../src/telemetry/reporter.ts';
import { topicsOf } from '../../../src/telemetry/topics.ts';
import { assertSchema, schemaOfTopic } from '../../lib/schemas.ts';
import { AGENT_STATUS, EVENTS, ROUTER_STATUS, STATISTICS } from './samples.ts';

interface Sent {
  readonly topic: string;
  readonly document: Record<string, unknown>;
}

function recorder(): Publisher & { readonly sent: Sent[]; take(): string[] } {
  const sent: Sent[] = [];
  const topics = topicsOf({ topicPrefix: 'fleet/test', vehicleId: 'bus-7' });
  const record = (topic: string, document: object) => {
    assertSchema(schemaOfTopic(topic), document);
    sent.push({ topic, document: document as Record<string, unknown> });
    return true;
  };
  return {
    topics,
    sent,
    take: () => sent.splice(0).map(({ topic }) => topic.replace('fleet/test/bus-7/', '')),
    publishState: record,
    publishMetrics: record,
    publishEvent: (event) => record(topics.event, event),
  };
}

const at = (monotonicMs: number) => ({ monotonicMs, wallClockMs: 1_700_000_000_000 + monotonicMs });
const router = (): Snapshot => ({ status: ROUTER_STATUS, statistics: STATISTICS });

test('the state goes out at the start, and metrics at their interval', () => {
  const publisher = recorder();
  const reporter = new Reporter(publisher, 10, 1000);
  assert.is(reporter.nextDeadlineMs, 1000);
  reporter.run(at(1000), router);
  assert.equal(publisher.take(), ['path/cellular/state', 'path/wifi/state', 'mr/bindings']);
  assert.is(reporter.nextDeadlineMs, 11_000);
  reporter.run(at(10_999), () => {
    throw new Error('nothing is due');
  });
  reporter.run(at(11_000), router);
  assert.equal(publisher.take(), ['path/cellular/metrics', 'path/wifi/metrics']);
});

test('events go out at once with rising sequence numbers, the state they caused once after a short pause', () => {
  const publisher = recorder();
  const reporter = new Reporter(publisher, 3600, 0);
  reporter.run(at(0), router);
  publisher.take();
  reporter.report(EVENTS.slice(0, 2), at(500));
  reporter.report(EVENTS.slice(2, 4), at(600));
  assert.equal(
    publisher.sent.map(({ document }) => document['sequence']),
    [1, 2, 3, 4],
  );
  assert.equal(publisher.take(), ['event', 'event', 'event', 'event']);
  assert.is(reporter.nextDeadlineMs, 750);
  const [cellular, wifi] = ROUTER_STATUS.mobileRouter!.uplinks;
  const uplinks = [{ ...cellular!, state: 'dead' as const, preferred: false }, wifi!];
  reporter.run(at(750), () => ({
    status: { ...ROUTER_STATUS, mobileRouter: { ...ROUTER_STATUS.mobileRouter!, uplinks } },
    statistics: STATISTICS,
  }));
  assert.equal(publisher.take(), ['path/cellular/state', 'mr/bindings']);
});

test('a home agent publishes its bindings', () => {
  const publisher = recorder();
  const reporter = new Reporter(publisher, 1, 0);
  reporter.run(at(0), () => ({ status: AGENT_STATUS, statistics: undefined }));
  assert.equal(publisher.take(), ['ha/bindings']);
  reporter.run(at(1000), () => ({ status: AGENT_STATUS, statistics: undefined }));
  assert.equal(publisher.take(), []);
});

test('where nothing happened, nothing is said', () => {
  const publisher = recorder();
  const reporter = new Reporter(publisher, 10, 0);
  reporter.run(at(0), router);
  publisher.take();
  reporter.report([], at(1));
  assert.is(reporter.nextDeadlineMs, 10_000);
  assert.equal(publisher.take(), []);
});

test.run();
