// A host of the lab: `endpoint.ts vehicle|server PEER BYTES_PER_SECOND`. Listens in the family of its peer's address, says
// `ready`, and follows its standard input: `open` starts this end's part of the plan, `finish` ends it.
import { isIPv6 } from 'node:net';
import { createInterface } from 'node:readline';
import type { Report } from './plan.ts';
import { tcpEnd } from './tcp.ts';
import { udpEnd } from './udp.ts';

const [name, peer = '', rate = ''] = process.argv.slice(2);
if (name !== 'vehicle' && name !== 'server') throw new Error('usage: endpoint.ts vehicle|server PEER BYTES_PER_SECOND');
const family = isIPv6(peer) ? 'ipv6' : 'ipv4';

function tell(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

const tcp = await tcpEnd(name, family, Number(rate), tell);
const udp = await udpEnd(name, family, tell);
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
