/** The part of readable-stream (Node's streams as a package) that this project uses. */
declare module 'readable-stream' {
  type Listener = (...values: never[]) => void;
  type Callback = (error?: Error | null) => void;

  export interface DuplexOptions {
    highWaterMark?: number;
    allowHalfOpen?: boolean;
    construct?(callback: Callback): void;
    read?(size: number): void;
    write?(chunk: Uint8Array, encoding: string, callback: Callback): void;
    final?(callback: Callback): void;
    destroy?(error: Error | null, callback: Callback): void;
  }

  export class Duplex {
    constructor(options?: DuplexOptions);
    readonly destroyed: boolean;
    readonly writableLength: number;
    push(chunk: Uint8Array | null): boolean;
    on(event: string, listener: Listener): this;
    once(event: string, listener: Listener): this;
    removeListener(event: string, listener: Listener): this;
    write(chunk: Uint8Array | string, callback?: Callback): boolean;
    end(): this;
    destroy(error?: Error): this;
  }
}
