// One long TCP session: `echo.ts serve PORT` returns what it gets; `echo.ts talk LOCAL PEER PORT` sends a number every
// 20 ms and checks that they come back complete and in order. Says one JSON object per line.
import { connect, createServer } from 'node:net';
import type { EchoReport } from './echo-session.ts';

const INTERVAL_MS = 20;
const NUMBER_OCTETS = 4;

function tell(report: EchoReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function serve(port: number): void {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', (error) => tell({ kind: 'failed', reason: `server: ${error.message}` }));
    socket.pipe(socket);
  });
  server.listen(port, '::', () => tell({ kind: 'ready' }));
}

function talk(localAddress: string, host: string, port: number): void {
  const socket = connect({ host, port, localAddress });
  let sent = 0;
  let returned = 0;
  let rest = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('connect', () => {
    tell({ kind: 'ready' });
    setInterval(() => {
      const number = Buffer.alloc(NUMBER_OCTETS);
      number.writeUInt32BE(sent++);
      socket.write(number);
    }, INTERVAL_MS);
  });
  socket.on('data', (octets: Buffer) => {
    rest = Buffer.concat([rest, octets]);
    for (; rest.length >= NUMBER_OCTETS; rest = rest.subarray(NUMBER_OCTETS)) {
      if (rest.readUInt32BE() !== returned++) tell({ kind: 'failed', reason: `a wrong number after ${returned}` });
    }
    tell({ kind: 'returned', count: returned, timeMs: Date.now() });
  });
  socket.on('error', (error) => tell({ kind: 'failed', reason: error.message }));
  socket.on('close', () => process.exit(0));
}

const [command, ...args] = process.argv.slice(2);
if (command === 'serve') serve(Number(args[0]));
else if (command === 'talk') talk(args[0] ?? '', args[1] ?? '', Number(args[2]));
else throw new Error('usage: echo.ts serve PORT | talk LOCAL PEER PORT');
