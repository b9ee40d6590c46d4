// Gathers what all ends of the traffic report, and answers what an event did to it.

import { type PingReply, readPingLine } from './ping.ts';
import { type End, PING_INTERVAL_MS, type Report, TCP_PLANS, UDP_INTERVAL_MS } from './plan.ts';

export interface SessionCount {
  readonly opened: number;
  readonly survived: number;
}

/** What one stretch of time was like for the traffic. */
export interface Effect {
  /** The longest time without a ping reply, see `longestGap`. */
  readonly gapMs: number;
  readonly pingsSent: number;
  readonly pingsLost: number;
  /** The longest time without a datagram, toward the server and toward the vehicle. */
  readonly udpUpGapMs: number;
  readonly udpDownGapMs: number;
  readonly udpLost: number;
  /** The longest time in which a TCP transfer delivered nothing. */
  readonly tcpStallMs: number;
}

interface Transfer {
  openedMs: number;
  failure: string;
  sentBytes: number;
  endedBytes: number;
  /** Moments at which new content had arrived. */
  readonly progress: { timeMs: number; bytes: number }[];
}

/** Something numbered that arrived. */
export interface Delivery {
  readonly timeMs: number;
  readonly sequence: number;
  /** How long it was on its way. */
  readonly delayMs: number;
}

/** The longest stretch between moments that touches [fromMs, toMs]; moments in ascending order. */
export function longestPause(momentsMs: readonly number[], fromMs: number, toMs: number): number {
  let last = momentsMs.findLast((timeMs) => timeMs <= fromMs) ?? fromMs;
  let longest = 0;
  for (const timeMs of momentsMs) {
    if (timeMs <= fromMs) continue;
    if (timeMs > toMs) break;
    longest = Math.max(longest, timeMs - last);
    last = timeMs;
  }
  return Math.max(longest, toMs - last);
}

/**
 * The longest stretch without a delivery that touches [fromMs, toMs]. Between two deliveries that follow each other by
 * number nothing was missing: there only the time that the second one was on its way counts, so that a busy machine
 * on which the sender itself had to wait is not taken for a broken path.
 */
export function longestGap(deliveries: readonly Delivery[], fromMs: number, toMs: number): number {
  let last = deliveries.findLast(({ timeMs }) => timeMs <= fromMs) ?? { timeMs: fromMs, sequence: -2 };
  let longest = 0;
  for (const delivery of deliveries) {
    if (delivery.timeMs <= fromMs) continue;
    const pauseMs = delivery.timeMs - last.timeMs;
    const isNext = delivery.sequence === last.sequence + 1;
    if (delivery.timeMs > toMs) return Math.max(longest, isNext ? delivery.delayMs : toMs - last.timeMs);
    longest = Math.max(longest, isNext ? Math.min(pauseMs, delivery.delayMs) : pauseMs);
    last = delivery;
  }
  return Math.max(longest, toMs - last.timeMs);
}

const round = (value: number) => Math.round(value * 10) / 10;

export class Recorder {
  readonly pingReplies: PingReply[] = [];
  readonly pingErrors: string[] = [];
  readonly transfers = new Map<number, Transfer>();
  readonly #udp: Record<End, { readonly deliveries: Delivery[]; sentByPeer: number }> = {
    vehicle: { deliveries: [], sentByPeer: 0 },
    server: { deliveries: [], sentByPeer: 0 },
  };
  #pingTotals: { sent: number; received: number } | undefined;

  constructor() {
    for (const { id } of TCP_PLANS) {
      this.transfers.set(id, { openedMs: 0, failure: '', sentBytes: -1, endedBytes: -1, progress: [] });
    }
  }

  /** A line of `ping`. */
  takePing(line: string): void {
    const read = readPingLine(line);
    if (read?.kind === 'reply') this.pingReplies.push(read);
    else if (read?.kind === 'error') this.pingErrors.push(read.text);
    else if (read?.kind === 'summary') this.#pingTotals = { sent: read.sent, received: read.received };
  }

  /** A report of an endpoint. */
  take(report: Report): void {
    switch (report.kind) {
      case 'ready':
        return;
      case 'udp-received':
        for (const [index, sequence] of report.sequences.entries()) {
          const timeMs = report.timesMs[index]!;
          this.#udp[report.receiver].deliveries.push({ sequence, timeMs, delayMs: report.delaysMs[index]! });
        }
        return;
      case 'udp-sent':
        this.#udp[report.sender === 'vehicle' ? 'server' : 'vehicle'].sentByPeer = report.count;
        return;
      default:
        this.#takeTcp(report);
    }
  }

  #takeTcp(report: Extract<Report, { session: number }>): void {
    const transfer = this.transfers.get(report.session);
    if (!transfer) return;
    if (report.kind === 'tcp-open') transfer.openedMs = report.timeMs;
    else if (report.kind === 'tcp-failed') transfer.failure ||= report.reason;
    else if (report.kind === 'tcp-sent') transfer.sentBytes = report.bytes;
    else if (report.kind === 'tcp-ended') transfer.endedBytes = report.bytes;
    else transfer.progress.push({ timeMs: report.timeMs, bytes: report.bytes });
  }

  /** True once every transfer is open and delivers, datagrams arrive at both ends, and pings are answered. */
  allFlowing(): boolean {
    return (
      [...this.transfers.values()].every((transfer) => transfer.openedMs > 0 && transfer.progress.length > 0) &&
      this.#udp.vehicle.deliveries.length > 0 &&
      this.#udp.server.deliveries.length > 0 &&
      this.pingReplies.length > 0
    );
  }

  /** True once every transfer, both streams of datagrams and the pings have brought something since `sinceMs`. */
  progressed(sinceMs: number): boolean {
    return (
      [...this.transfers.values()].every(({ progress }) => (progress.at(-1)?.timeMs ?? 0) > sinceMs) &&
      [this.#udp.vehicle, this.#udp.server].every(({ deliveries }) => (deliveries.at(-1)?.timeMs ?? 0) > sinceMs) &&
      this.lastReplyMs() > sinceMs
    );
  }

  lastReplyMs(): number {
    return this.pingReplies.at(-1)?.replyMs ?? 0;
  }

  effect(fromMs: number, toMs: number): Effect {
    const replies = this.pingReplies.map(({ sequence, replyMs, roundTripMs }) => {
      return { sequence, timeMs: replyMs, delayMs: roundTripMs };
    });
    const stalls = [...this.transfers.values()].map((transfer) =>
      longestPause(
        transfer.progress.map((step) => step.timeMs),
        fromMs,
        toMs,
      ),
    );
    return {
      gapMs: round(longestGap(replies, fromMs, toMs)),
      ...this.#pingsBetween(fromMs, toMs),
      udpUpGapMs: round(longestGap(this.#udp.server.deliveries, fromMs, toMs)),
      udpDownGapMs: round(longestGap(this.#udp.vehicle.deliveries, fromMs, toMs)),
      udpLost: this.#udpLost('server', fromMs, toMs) + this.#udpLost('vehicle', fromMs, toMs),
      tcpStallMs: round(Math.max(...stalls)),
    };
  }

  /** Requests sent in the stretch, by what surrounds them: a lost one was sent between its answered neighbours. */
  #pingsBetween(fromMs: number, toMs: number): { pingsSent: number; pingsLost: number } {
    const answered = new Map(this.pingReplies.map((reply) => [reply.sequence, reply]));
    const newest = this.pingReplies.at(-1);
    const waiting = Math.floor((Date.now() - (newest?.replyMs ?? Date.now())) / PING_INTERVAL_MS) - 1;
    const last = this.#pingTotals?.sent ?? (newest?.sequence ?? 0) + Math.max(0, waiting);
    let pingsSent = 0;
    let pingsLost = 0;
    let sentMs = (this.pingReplies[0]?.replyMs ?? 0) - ((this.pingReplies[0]?.sequence ?? 1) - 1) * PING_INTERVAL_MS;
    for (let sequence = 1; sequence <= last; sequence++) {
      const reply = answered.get(sequence);
      sentMs = reply ? reply.replyMs - reply.roundTripMs : sentMs + this.#pingSpacingMs(sequence, answered);
      if (sentMs < fromMs || sentMs >= toMs) continue;
      pingsSent++;
      if (!reply) pingsLost++;
    }
    return { pingsSent, pingsLost };
  }

  /** Between the requests of a run of lost ones: `ping` does not keep its interval to the tenth of a millisecond. */
  #pingSpacingMs(sequence: number, answered: ReadonlyMap<number, PingReply>): number {
    let before = sequence;
    while (before > 0 && !answered.has(before)) before--;
    let after = sequence;
    while (after < sequence + 2000 && !answered.has(after)) after++;
    const first = answered.get(before);
    const next = answered.get(after);
    if (!first || !next) return PING_INTERVAL_MS;
    return (next.replyMs - next.roundTripMs - (first.replyMs - first.roundTripMs)) / (after - before);
  }

  /** Datagrams missing between the last one that came before the stretch and the last one that came in it. */
  #udpLost(receiver: End, fromMs: number, toMs: number): number {
    const until = (limitMs: number) => {
      const arrived = this.#udp[receiver].deliveries.filter(({ timeMs }) => timeMs <= limitMs);
      return Math.max(-1, ...arrived.map(({ sequence }) => sequence)) + 1 - arrived.length;
    };
    return Math.max(0, until(toMs) - until(fromMs));
  }

  /** Why a transfer did not survive; empty if it did: opened, still delivering after `lastEventMs`, ended whole. */
  transferFailure(id: number, lastEventMs: number): string {
    const transfer = this.transfers.get(id);
    if (!transfer || transfer.openedMs === 0) return 'never opened';
    if (transfer.failure) return transfer.failure;
    if (!transfer.progress.some((step) => step.timeMs > lastEventMs)) return 'delivered nothing after the last event';
    if (transfer.endedBytes < 0) return 'did not end';
    if (transfer.endedBytes !== transfer.sentBytes) {
      return `${transfer.sentBytes} octets sent, ${transfer.endedBytes} received`;
    }
    return '';
  }

  tcp(lastEventMs: number): SessionCount {
    const ids = [...this.transfers.keys()];
    return {
      opened: ids.filter((id) => (this.transfers.get(id)?.openedMs ?? 0) > 0).length,
      survived: ids.filter((id) => this.transferFailure(id, lastEventMs) === '').length,
    };
  }

  /** One stream each way; it lives if it still delivers at the end at more than half its pace. */
  udp(fromMs: number, toMs: number): SessionCount {
    const due = (toMs - fromMs) / UDP_INTERVAL_MS;
    const alive = (['vehicle', 'server'] as const).filter(
      (end) => this.#udp[end].deliveries.filter(({ timeMs }) => timeMs > fromMs && timeMs <= toMs).length > due / 2,
    );
    return { opened: 2, survived: alive.length };
  }

  ping(fromMs: number, toMs: number): SessionCount {
    const { pingsSent, pingsLost } = this.#pingsBetween(fromMs, toMs);
    return { opened: 1, survived: pingsSent > 0 && pingsLost <= pingsSent / 10 ? 1 : 0 };
  }

  /** All that was sent and lost, from first to last. */
  totals(): { pingsSent: number; pingsLost: number; udpSent: number; udpLost: number } {
    const { sent = 0, received = 0 } = this.#pingTotals ?? {};
    const ends = [this.#udp.vehicle, this.#udp.server];
    const udpSent = ends.reduce((sum, stream) => sum + stream.sentByPeer, 0);
    const udpReceived = ends.reduce(
      (sum, stream) => sum + new Set(stream.deliveries.map(({ sequence }) => sequence)).size,
      0,
    );
    return { pingsSent: sent, pingsLost: sent - received, udpSent, udpLost: udpSent - udpReceived };
  }

  /** Octets per second that transfers delivered, per direction of the first stretch to the last. */
  tcpBytes(): number {
    return [...this.transfers.values()].reduce((sum, transfer) => sum + (transfer.progress.at(-1)?.bytes ?? 0), 0);
  }
}
