import mqtt, { type MqttClient, type PublishOptions } from 'mqtt/lib/client';
import type { Duplex } from 'readable-stream';
import { Outbox } from './outbox.ts';
import type { EventDocument, PresenceDocument } from './topic-documents.ts';
import { type BrokerSettings, type Topics, topicsOf } from './topics.ts';

/** What the publisher needs of its surroundings. */
export interface PublisherPlatform {
  /** A new stream to the broker; it fails by an error on the stream. */
  connect(): Duplex;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Evenly spread in [0, 1). */
  random(): number;
  /** One line for people. */
  log(level: 'notice' | 'warning' | 'info', text: string): void;
}

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
const CONNECT_TIMEOUT_MS = 15_000;
const FAREWELL_TIMEOUT_MS = 1000;
/** Messages with QoS 1 that the broker has not acknowledged. */
const IN_FLIGHT = 16;
/** Octets that may wait in the stream before metrics are left out. */
const STREAM_BYTES = 32_768;

/**
 * Keeps one MQTT session with the broker and connects again for ever, with a growing pause. State goes out as its latest
 * value, events in order from a bounded outbox, metrics only while the line is free. Nothing here waits for the broker.
 */
export class MqttPublisher {
  readonly topics: Topics;
  readonly #settings: BrokerSettings;
  readonly #platform: PublisherPlatform;
  readonly #birth: () => PresenceDocument;
  readonly #outbox: Outbox;
  /** Latest value by topic; each is sent once per session and when it changes. */
  readonly #states = new Map<string, string>();
  readonly #unsentStates = new Set<string>();
  #client: MqttClient | undefined;
  #retryMs = FIRST_RETRY_MS;
  #retryTimer: unknown;
  #statesInFlight = 0;
  #lastProblem = '';
  #stopping = false;

  /** `birth` describes this daemon at the moment of each connection. */
  constructor(
    settings: BrokerSettings,
    platform: PublisherPlatform,
    birth: () => Omit<PresenceDocument, 'state' | 'droppedEvents'>,
  ) {
    this.#settings = settings;
    this.#platform = platform;
    this.topics = topicsOf(settings);
    this.#outbox = new Outbox(settings.outboxMessages);
    this.#birth = () => ({ state: 'online', ...birth(), droppedEvents: this.#outbox.dropped });
  }

  get connected(): boolean {
    return this.#client?.connected === true && !this.#stopping;
  }

  /** Events that wait, and events lost because too many waited. */
  get backlog(): { readonly events: number; readonly droppedEvents: number } {
    return { events: this.#outbox.length, droppedEvents: this.#outbox.dropped };
  }

  start(): void {
    if (this.#client || this.#stopping) return;
    const { clientId, keepAliveSeconds, username, password } = this.#settings;
    const will: PresenceDocument = { state: 'offline' };
    const client = new mqtt.default(() => this.#platform.connect(), {
      protocolVersion: 4,
      clientId,
      clean: true,
      keepalive: keepAliveSeconds,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
      timerVariant: 'native',
      writeCache: false,
      queueQoSZero: false,
      resubscribe: false,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      will: { topic: this.topics.status, payload: JSON.stringify(will), ...this.#options(1, true) },
    });
    this.#client = client;
    client.on('connect', () => this.#onConnect(client));
    client.on('error', (error) => this.#report(error.message));
    client.on('close', () => this.#onClose(client));
  }

  /** Publishes a retained state: now, again after each new connection, and no value that is outdated by then. */
  publishState(topic: string, document: object): void {
    const payload = JSON.stringify(document);
    this.#states.set(topic, payload);
    this.#unsentStates.add(topic);
    this.#pump();
  }

  /** Publishes an event, as soon as it can be. */
  publishEvent(event: EventDocument): void {
    this.#outbox.add(this.connected ? event : { ...event, historical: true });
    this.#pump();
  }

  /** Publishes a measurement at most once; false if it was left out because the line is down or busy. */
  publishMetrics(topic: string, document: object): boolean {
    const client = this.#client;
    if (!client || !this.connected || client.stream.writableLength > STREAM_BYTES) return false;
    client.publish(topic, JSON.stringify(document), this.#options(0, false));
    return true;
  }

  /** Says good-bye, for one second at most, then `done`. */
  stop(done: () => void, farewell: Omit<PresenceDocument, 'state' | 'droppedEvents'> = {}): void {
    const client = this.#client;
    const online = this.connected;
    this.#stopping = true;
    this.#platform.clearTimeout(this.#retryTimer);
    if (!client) {
      done();
      return;
    }
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      this.#platform.clearTimeout(timer);
      client.end(true);
      done();
    };
    const timer = this.#platform.setTimeout(end, online ? FAREWELL_TIMEOUT_MS : 0);
    if (!online) return;
    const offline: PresenceDocument = { state: 'offline', ...farewell, droppedEvents: this.#outbox.dropped };
    client.publish(this.topics.status, JSON.stringify(offline), this.#options(1, true), () => client.end(false, end));
  }

  #onConnect(client: MqttClient): void {
    if (client !== this.#client || this.#stopping) return;
    this.#platform.log('notice', `connected to MQTT broker ${this.#settings.host}`);
    this.#retryMs = FIRST_RETRY_MS;
    this.#lastProblem = '';
    client.publish(this.topics.status, JSON.stringify(this.#birth()), this.#options(1, true));
    for (const topic of this.#states.keys()) this.#unsentStates.add(topic);
    this.#pump();
  }

  #onClose(client: MqttClient): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#statesInFlight = 0;
    this.#outbox.disconnected();
    if (this.#stopping) return;
    this.#report('connection closed');
    // The client itself must not come back: the next attempt has one of its own.
    client.end(true);
    const spread = 0.5 + this.#platform.random() / 2;
    this.#retryTimer = this.#platform.setTimeout(() => this.start(), this.#retryMs * spread);
    this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
  }

  /** Sends what waits, as far as the broker keeps up. */
  #pump(): void {
    const client = this.#client;
    if (!client || !this.connected) return;
    for (const topic of this.#unsentStates) {
      if (this.#statesInFlight >= IN_FLIGHT) break;
      this.#unsentStates.delete(topic);
      this.#statesInFlight++;
      client.publish(topic, this.#states.get(topic)!, this.#options(1, true), () => {
        if (client !== this.#client) return;
        this.#statesInFlight--;
        this.#pump();
      });
    }
    for (let event = this.#outbox.next(IN_FLIGHT); event; event = this.#outbox.next(IN_FLIGHT)) {
      const sent = event;
      client.publish(this.topics.event, JSON.stringify(sent), this.#options(1, false), (error) => {
        if (error || client !== this.#client) return;
        this.#outbox.acknowledged(sent);
        this.#pump();
      });
    }
  }

  #options(qos: 0 | 1, retain: boolean): PublishOptions {
    return { qos, retain: retain && this.#settings.retain };
  }

  /** The first problem of a row of attempts is news, the same again is not. */
  #report(problem: string): void {
    if (this.#stopping) return;
    const again = problem === this.#lastProblem || (this.#lastProblem !== '' && problem === 'connection closed');
    this.#platform.log(again ? 'info' : 'warning', `MQTT broker ${this.#settings.host}: ${problem}`);
    if (!again) this.#lastProblem = problem;
  }
}
