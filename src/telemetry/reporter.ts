import type { ForwarderStatistics } from '../forwarding/statistics.ts';
import type { StackEvent, StackStatus, UplinkStatus } from '../stack/events.ts';
import { type Moment, tunnelDocuments } from './status-document.ts';
import {
  agentBindingList,
  type EventDocument,
  eventDocument,
  pathMetricsDocument,
  pathStateDocument,
  routerBindingList,
} from './topic-documents.ts';
import type { Topics } from './topics.ts';

/** Where the documents go: `MqttPublisher`, or a test's. */
export interface Publisher {
  readonly topics: Topics;
  publishState(topic: string, document: object): void;
  publishEvent(event: EventDocument): void;
  publishMetrics(topic: string, document: object): boolean;
}

/** What the machines and the forwarder say at one moment. */
export interface Snapshot {
  readonly status: StackStatus;
  readonly statistics: ForwarderStatistics | undefined;
}

/** A burst of binding changes becomes one list. */
const STATE_PAUSE_MS = 250;

/** Decides what is published when: events at once, state when it has changed, metrics at their interval. */
export class Reporter {
  readonly #publisher: Publisher;
  readonly #metricsIntervalMs: number;
  readonly #pathStates = new Map<string, string>();
  #sequence = 0;
  #stateDueMs: number;
  #metricsDueMs: number;

  /** `startMs`: monotonic time; the first state goes out at once, the first metrics after their interval. */
  constructor(publisher: Publisher, metricsIntervalSeconds: number, startMs: number) {
    this.#publisher = publisher;
    this.#metricsIntervalMs = metricsIntervalSeconds * 1000;
    this.#stateDueMs = startMs;
    this.#metricsDueMs = startMs + this.#metricsIntervalMs;
  }

  /** Monotonic milliseconds: when `run` is due. */
  get nextDeadlineMs(): number {
    return Math.min(this.#stateDueMs, this.#metricsDueMs);
  }

  /** Publishes what has just happened. */
  report(events: readonly StackEvent[], now: Moment): void {
    if (events.length === 0) return;
    for (const event of events) this.#publisher.publishEvent(eventDocument(event, now.wallClockMs, ++this.#sequence));
    if (this.#stateDueMs === Number.POSITIVE_INFINITY) this.#stateDueMs = now.monotonicMs + STATE_PAUSE_MS;
  }

  /** Publishes state and metrics that are due. `snapshot` is only asked for if something is. */
  run(now: Moment, snapshot: () => Snapshot): void {
    if (now.monotonicMs < this.nextDeadlineMs) return;
    const current = snapshot();
    if (now.monotonicMs >= this.#stateDueMs) {
      this.#stateDueMs = Number.POSITIVE_INFINITY;
      this.#publishState(current.status, now);
    }
    if (now.monotonicMs >= this.#metricsDueMs) {
      this.#metricsDueMs = now.monotonicMs + this.#metricsIntervalMs;
      this.#publishMetrics(current, now);
    }
  }

  #publishState(status: StackStatus, now: Moment): void {
    const { topics } = this.#publisher;
    const { mobileRouter, homeAgent } = status;
    if (mobileRouter) {
      for (const uplink of mobileRouter.uplinks) this.#publishPathState(uplink, now);
      this.#publisher.publishState(topics.routerBindings, routerBindingList(mobileRouter, now));
    }
    if (homeAgent) this.#publisher.publishState(topics.agentBindings, agentBindingList(homeAgent, now));
  }

  #publishPathState(uplink: UplinkStatus, now: Moment): void {
    const document = pathStateDocument(uplink, now);
    const known = JSON.stringify({ ...document, time: '' });
    if (this.#pathStates.get(uplink.name) === known) return;
    this.#pathStates.set(uplink.name, known);
    this.#publisher.publishState(this.#publisher.topics.pathState(uplink.name), document);
  }

  #publishMetrics({ status, statistics }: Snapshot, now: Moment): void {
    const tunnels = tunnelDocuments(statistics, now);
    for (const uplink of status.mobileRouter?.uplinks ?? []) {
      const topic = this.#publisher.topics.pathMetrics(uplink.name);
      this.#publisher.publishMetrics(topic, pathMetricsDocument(uplink, tunnels, now));
    }
  }
}
