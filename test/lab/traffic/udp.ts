// One end of the UDP stream: datagrams with sequence numbers at a steady pace, both ways.
import { createSocket } from 'node:dgram';
import {
  type End,
  type Family,
  PROGRESS_INTERVAL_MS,
  type Report,
  UDP_BYTES,
  UDP_INTERVAL_MS,
  UDP_PORT,
} from './plan.ts';

/** Offset of the sending time, behind the sequence number. */
const SENT_AT = 4;

export interface UdpEnd {
  open(peer: string): void;
  finish(): void;
}

/** Binds; sends from `open` on, and reports what comes. */
export function udpEnd(end: End, family: Family, tell: (report: Report) => void): Promise<UdpEnd> {
  const isIpv6 = family === 'ipv6';
  const socket = createSocket(isIpv6 ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  let sequences: number[] = [];
  let timesMs: number[] = [];
  let delaysMs: number[] = [];
  let sent = 0;
  let refused = 0;
  let pace: NodeJS.Timeout | undefined;

  socket.on('message', (datagram) => {
    sequences.push(datagram.readUInt32BE(0));
    const nowMs = Date.now();
    timesMs.push(nowMs);
    delaysMs.push(nowMs - datagram.readDoubleBE(SENT_AT));
  });
  const reportReceived = () => {
    if (sequences.length === 0) return;
    tell({ kind: 'udp-received', receiver: end, sequences, timesMs, delaysMs });
    sequences = [];
    timesMs = [];
    delaysMs = [];
  };
  const reporter = setInterval(reportReceived, PROGRESS_INTERVAL_MS);

  const udp: UdpEnd = {
    open(peer) {
      const startedMs = Date.now();
      pace = setInterval(() => {
        // A late timer sends what is due, so that the count of datagrams follows the clock.
        const due = Math.floor((Date.now() - startedMs) / UDP_INTERVAL_MS) + 1;
        for (; sent < due; sent++) {
          const datagram = Buffer.alloc(UDP_BYTES);
          datagram.writeUInt32BE(sent, 0);
          datagram.writeDoubleBE(Date.now(), SENT_AT);
          socket.send(datagram, UDP_PORT, peer, (error) => {
            if (error) refused++;
          });
        }
      }, UDP_INTERVAL_MS);
    },
    finish() {
      clearInterval(pace);
      tell({ kind: 'udp-sent', sender: end, count: sent, refused });
      // What is on its way still counts.
      setTimeout(() => {
        clearInterval(reporter);
        reportReceived();
        socket.close();
      }, 300);
    },
  };
  return new Promise((resolve) => socket.bind(UDP_PORT, isIpv6 ? '::' : '0.0.0.0', () => resolve(udp)));
}
