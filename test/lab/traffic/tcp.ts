// One end of the long TCP transfers.
import { connect, createServer, type Socket } from 'node:net';
import { firstDifference, pattern } from './pattern.ts';
import { type End, type Family, PROGRESS_INTERVAL_MS, type Report, TCP_PLANS, TCP_PORT } from './plan.ts';

const TICK_MS = 10;
const BACKLOG_BYTES = 65_536;

type Tell = (report: Report) => void;

export interface TcpEnd {
  /** Opens the transfers that are this end's to open. */
  open(peer: string): void;
  /** Ends the streams that this end sends; resolves when every transfer of this end is over. */
  finish(): Promise<void>;
}

interface Running {
  readonly id: number;
  readonly over: Promise<void>;
  finish(): void;
}

/** Sends the pattern at a steady rate, with as little as possible waiting in this process. */
function sender(id: number, socket: Socket, bytesPerSecond: number, tell: Tell): () => void {
  let position = 0;
  const most = Math.round((bytesPerSecond * TICK_MS) / 1000);
  const timer = setInterval(() => {
    if (socket.writableLength > BACKLOG_BYTES) return;
    socket.write(pattern(id, position, most));
    position += most;
  }, TICK_MS);
  socket.on('close', () => clearInterval(timer));
  return () => {
    clearInterval(timer);
    tell({ kind: 'tcp-sent', session: id, bytes: position });
    socket.end();
  };
}

function receiver(id: number, socket: Socket, tell: Tell): void {
  let bytes = 0;
  let told = 0;
  const timer = setInterval(() => {
    if (bytes !== told) tell({ kind: 'tcp-received', session: id, timeMs: Date.now(), bytes });
    told = bytes;
  }, PROGRESS_INTERVAL_MS);
  socket.on('data', (octets: Buffer) => {
    const difference = firstDifference(id, bytes, octets);
    if (difference >= 0) socket.destroy(new Error(`wrong octet at ${difference}`));
    bytes += octets.length;
  });
  socket.on('end', () => {
    tell({ kind: 'tcp-ended', session: id, bytes });
    socket.end();
  });
  socket.on('close', () => clearInterval(timer));
}

function runTransfer(end: End, id: number, socket: Socket, bytesPerSecond: number, tell: Tell): Running {
  const plan = TCP_PLANS.find((candidate) => candidate.id === id);
  if (!plan) throw new Error(`no transfer ${id}`);
  socket.setNoDelay(true);
  socket.on('error', (error) =>
    tell({ kind: 'tcp-failed', session: id, timeMs: Date.now(), reason: `${end}: ${error.message}` }),
  );
  let finish = () => {};
  if (plan.sender === end) {
    finish = sender(id, socket, bytesPerSecond, tell);
    socket.resume();
  } else {
    receiver(id, socket, tell);
  }
  return { id, over: new Promise((resolve) => socket.on('close', () => resolve())), finish };
}

/** Listens for the other end's transfers. The opener's first octet says which one it is. */
export function tcpEnd(end: End, family: Family, bytesPerSecond: number, tell: Tell): Promise<TcpEnd> {
  const running: Running[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.once('readable', () => {
      const first: Buffer | null = socket.read(1);
      if (first) running.push(runTransfer(end, first[0]!, socket, bytesPerSecond, tell));
    });
  });
  const tcp: TcpEnd = {
    open(peer) {
      for (const { id, opener } of TCP_PLANS) {
        if (opener !== end) continue;
        const socket = connect({ host: peer, port: TCP_PORT, allowHalfOpen: true }, () => {
          socket.write(Uint8Array.of(id));
          tell({ kind: 'tcp-open', session: id, timeMs: Date.now() });
          running.push(runTransfer(end, id, socket, bytesPerSecond, tell));
        });
        socket.once('error', (error) => {
          if (running.every((transfer) => transfer.id !== id)) {
            tell({ kind: 'tcp-failed', session: id, timeMs: Date.now(), reason: `${end}: ${error.message}` });
          }
        });
      }
    },
    async finish() {
      server.close();
      for (const transfer of running) transfer.finish();
      await Promise.all(running.map((transfer) => transfer.over));
    },
  };
  const where = family === 'ipv6' ? { host: '::', ipv6Only: true } : { host: '0.0.0.0' };
  return new Promise((resolve) => server.listen({ port: TCP_PORT, ...where }, () => resolve(tcp)));
}
