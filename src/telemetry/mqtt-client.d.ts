/** The part of MQTT.js that this project uses; the package's own types need Node's. */
declare module 'mqtt/lib/client' {
  import type { Duplex } from 'readable-stream';

  export interface PublishOptions {
    qos: 0 | 1;
    retain: boolean;
  }

  export interface ClientOptions {
    protocolVersion: 4;
    clientId: string;
    clean: boolean;
    keepalive: number;
    connectTimeout: number;
    /** 0: the client never connects again by itself. */
    reconnectPeriod: 0;
    timerVariant: 'native';
    /** False: no cache of 65536 buffers. */
    writeCache: false;
    queueQoSZero: false;
    resubscribe: false;
    username?: string;
    password?: string;
    will: PublishOptions & { topic: string; payload: string };
  }

  export class MqttClient {
    constructor(streamBuilder: () => Duplex, options: ClientOptions);
    readonly connected: boolean;
    readonly stream: Duplex;
    on(event: 'connect' | 'close' | 'end', listener: () => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    publish(topic: string, payload: string, options: PublishOptions, callback?: (error?: Error) => void): this;
    end(force: boolean, callback?: () => void): this;
  }

  /** A CommonJS module whose export stands under `default`, for Node and esbuild alike. */
  const module: { readonly default: typeof MqttClient };
  export default module;
}
