// What the vehicle and the server exchange, and how the two programs report it: one JSON object per line.

export type End = 'vehicle' | 'server';
export type Family = 'ipv6' | 'ipv4';

export interface TcpPlan {
  readonly id: number;
  readonly opener: End;
  readonly sender: End;
}

/** Long transfers: each end opens some and sends in some. */
export const TCP_PLANS: readonly TcpPlan[] = [
  { id: 1, opener: 'vehicle', sender: 'vehicle' },
  { id: 2, opener: 'vehicle', sender: 'server' },
  { id: 3, opener: 'server', sender: 'vehicle' },
  { id: 4, opener: 'server', sender: 'server' },
];
export const TCP_PORT = 5000;
/** Of each transfer, if nothing else is said: enough to see it on a plot, little enough that nothing queues. */
export const TCP_BYTES_PER_SECOND = 500_000;
export const PROGRESS_INTERVAL_MS = 50;

export const UDP_PORT = 5001;
export const UDP_INTERVAL_MS = 10;
export const UDP_BYTES = 400;

/** While nothing answers, iputils' ping rounds its wait up to the kernel's tick: 9 makes 10, but 10 makes 16. */
export const PING_INTERVAL_MS = 9;

/** Times are wall clock milliseconds: all programs of the lab run on one machine. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'tcp-open'; readonly session: number; readonly timeMs: number }
  /** Octets that the receiver has verified so far. */
  | { readonly kind: 'tcp-received'; readonly session: number; readonly timeMs: number; readonly bytes: number }
  /** The sender's total, at its end. */
  | { readonly kind: 'tcp-sent'; readonly session: number; readonly bytes: number }
  /** The receiver has seen the orderly end of the stream. */
  | { readonly kind: 'tcp-ended'; readonly session: number; readonly bytes: number }
  | { readonly kind: 'tcp-failed'; readonly session: number; readonly timeMs: number; readonly reason: string }
  /** Sequence numbers received, when, and how long each was on its way. */
  | {
      readonly kind: 'udp-received';
      readonly receiver: End;
      readonly sequences: readonly number[];
      readonly timesMs: readonly number[];
      readonly delaysMs: readonly number[];
    }
  | { readonly kind: 'udp-sent'; readonly sender: End; readonly count: number; readonly refused: number };
