import { monotonicMs, randomBytes, version, wallClockMs } from 'monami-native';
import type { Address } from '../../bytes/address.ts';
import type { Configuration, MqttConfiguration } from '../../config/configuration.ts';
import type { RoleEvent } from '../../roles/events.ts';
import { formatEventLine } from '../../telemetry/event-line.ts';
import { MqttPublisher } from '../../telemetry/mqtt.ts';
import { Reporter, type Snapshot } from '../../telemetry/reporter.ts';
import type { Moment } from '../../telemetry/status-document.ts';
import type { Log, Loop, TimerSource } from '../contract.ts';
import type { DaemonObserver } from './daemon.ts';
// The globals come first: the client looks for them when it is loaded.
import { timers } from './globals.ts';
import { openTcpStream } from './tcp-stream.ts';

/** Writes events to the log, and everything to the MQTT broker if there is one. */
export class TelemetryPort implements DaemonObserver, TimerSource {
  readonly #log: Log;
  readonly #snapshot: () => Snapshot;
  readonly #publisher: MqttPublisher | undefined;
  readonly #reporter: Reporter | undefined;
  readonly #role: 'mobile-router' | 'home-agent';

  constructor(configuration: Configuration, loop: Loop, log: Log, snapshot: () => Snapshot) {
    this.#log = log;
    this.#snapshot = snapshot;
    this.#role = configuration.mobileRouter ? 'mobile-router' : 'home-agent';
    timers.onError = (error) => log('error', `telemetry: ${error instanceof Error ? error.message : String(error)}`);
    loop.addTimers(timers);
    const { mqtt, mobileRouter } = configuration;
    if (!mqtt) return;
    this.#publisher = this.#connect(mqtt, loop, mobileRouter !== undefined);
    this.#reporter = new Reporter(this.#publisher, mqtt.metricsIntervalSeconds, monotonicMs());
    this.#publisher.start();
    loop.addTimers(this);
  }

  get nextDeadlineMs(): number {
    return this.#reporter?.nextDeadlineMs ?? Number.POSITIVE_INFINITY;
  }

  run(): void {
    this.#reporter?.run(now(), this.#snapshot);
  }

  event(event: RoleEvent): void {
    const { level, text } = formatEventLine(event);
    this.#log(level, text);
    this.#reporter?.report([event], now());
  }

  stopping(done: () => void): void {
    if (this.#publisher) this.#publisher.stop(done, this.#presence());
    else done();
  }

  /** A mobile router's sessions leave from its home addresses: they survive every handover. */
  #connect(mqtt: MqttConfiguration, loop: Loop, isMobileRouter: boolean): MqttPublisher {
    const readiness = {
      add: (handle: number, onReady: (ready: number) => void) => loop.register(handle, onReady),
      remove: (handle: number) => loop.unregister(handle),
    };
    const target = () => ({
      host: mqtt.host,
      port: mqtt.port,
      ...(isMobileRouter && { sourceAddresses: homeAddresses(this.#snapshot()) }),
    });
    const platform = {
      connect: () => openTcpStream(target(), readiness),
      setTimeout: (callback: () => void, delayMs: number) => timers.setTimeout(callback, delayMs),
      clearTimeout: (timer: unknown) => timers.clear(timer as number | undefined),
      random,
      log: this.#log,
    };
    return new MqttPublisher(mqtt, platform, () => this.#presence());
  }

  #presence() {
    return { time: new Date(wallClockMs()).toISOString(), version, role: this.#role };
  }
}

/** The first home's address, and the first IPv4 one that is bound now. */
function homeAddresses({ status: { mobileRouter } }: Snapshot): readonly Address[] {
  const ipv4 = (mobileRouter?.homes ?? []).flatMap((home) => home.ipv4?.homeAddress ?? []);
  return [...(mobileRouter ? [mobileRouter.homeAddress] : []), ...ipv4];
}

function now(): Moment {
  return { wallClockMs: wallClockMs(), monotonicMs: monotonicMs() };
}

function random(): number {
  const word = new Uint32Array(1);
  randomBytes(word.buffer, 0, 4);
  return word[0]! / 2 ** 32;
}
