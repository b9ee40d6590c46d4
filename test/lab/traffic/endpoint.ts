// A host of the lab: `endpoint.ts vehicle|server PEER`. Listens, says `ready`, and follows its standard input: `open`
// starts this end's part of the plan, `finish` ends it.
import { createInterface } from 'node:readline';
import type { Report } from './plan.ts';
import { tcpEnd } from './tcp.ts';
import { udpEnd } from './udp.ts';

const [name, peer = ''] = process.argv.slice(2);
if (name !== 'vehicle' && name !== 'server') throw new Error('usage: endpoint.ts vehicle|server PEER');

function tell(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

const tcp = await tcpEnd(name, tell);
const udp = await udpEnd(name, tell);
tell({ kind: 'ready' });
for await (const command of createInterface({ input: process.stdin })) {
  if (command === 'open') {
    tcp.open(peer);
    udp.open(peer);
  } else if (command === 'finish') {
    udp.finish();
    await tcp.finish();
    break;
  }
}
process.stdin.destroy();
