// Reads what iputils' `ping -D -n` says.

export interface PingReply {
  readonly sequence: number;
  readonly replyMs: number;
  readonly roundTripMs: number;
}

export type PingLine =
  | ({ readonly kind: 'reply' } & PingReply)
  /** An ICMP error came instead. */
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'summary'; readonly sent: number; readonly received: number };

const REPLY = /^\[(\d+\.\d+)\] \d+ bytes from .*icmp_seq=(\d+) .*time=([\d.]+) ms/;
const SUMMARY = /^(\d+) packets transmitted, (\d+) received/;
const ERROR = /^(?:\[[\d.]+\] )?From .* icmp_seq=\d+ (.*)$/;

/** One line's meaning, or null if it has none for us. */
export function readPingLine(line: string): PingLine | null {
  const reply = REPLY.exec(line);
  if (reply) {
    // Duplicates are not deliveries.
    if (line.endsWith('(DUP!)')) return null;
    const [, seconds = '', sequence = '', time = ''] = reply;
    return { kind: 'reply', sequence: Number(sequence), replyMs: Number(seconds) * 1000, roundTripMs: Number(time) };
  }
  const summary = SUMMARY.exec(line);
  if (summary) return { kind: 'summary', sent: Number(summary[1]), received: Number(summary[2]) };
  const error = ERROR.exec(line);
  if (error) return { kind: 'error', text: error[1] ?? '' };
  return null;
}
