// A session that is silent until the server has something to say: `quiet.ts serve PORT` tells every client, by TCP and by
// UDP, the time when its standard input has a line; `quiet.ts listen LOCAL SERVER PORT` opens both and reports how long
// each message was on its way. One JSON object per line.
import { createSocket } from 'node:dgram';
import { connect, createServer, isIPv6, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { QuietReport } from './quiet-session.ts';

function tell(report: QuietReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function serve(port: number): void {
  const streams: Socket[] = [];
  const clients = new Map<string, () => void>();
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', ({ message }) => tell({ kind: 'failed', reason: `server: ${message}` }));
    streams.push(socket);
  });
  const answering = (['udp4', 'udp6'] as const).map((type) => {
    const socket = createSocket(type === 'udp6' ? { type, ipv6Only: true } : { type });
    socket.on('message', (_, { address, port: from }) => {
      clients.set(`${address} ${from}`, () => socket.send(`${Date.now()}\n`, from, address));
    });
    return new Promise<void>((resolve) => socket.bind(port, () => resolve()));
  });
  createInterface({ input: process.stdin }).on('line', () => {
    for (const socket of streams) socket.write(`${Date.now()}\n`);
    for (const say of clients.values()) say();
  });
  void Promise.all(answering).then(() => server.listen(port, '::', () => tell({ kind: 'ready' })));
}

function listen(localAddress: string, host: string, port: number): void {
  const stream = connect({ host, port, localAddress }, () => tell({ kind: 'ready' }));
  stream.on('data', (words) => tell({ kind: 'heard', by: 'tcp', delayMs: Date.now() - Number(words.toString()) }));
  stream.on('error', ({ message }) => tell({ kind: 'failed', reason: message }));
  const datagrams = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  datagrams.on('message', (words) =>
    tell({ kind: 'heard', by: 'udp', delayMs: Date.now() - Number(words.toString()) }),
  );
  datagrams.bind({ address: localAddress }, () => datagrams.send('hello', port, host));
}

const [command, ...args] = process.argv.slice(2);
if (command === 'serve') serve(Number(args[0]));
else if (command === 'listen') listen(args[0] ?? '', args[1] ?? '', Number(args[2]));
else throw new Error('usage: quiet.ts serve PORT | listen LOCAL SERVER PORT');
