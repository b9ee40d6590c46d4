// A name server of the lab: `name-server.ts ADDRESS PORT RECORDS [SILENT]` answers questions for the names in RECORDS, JSON of the
// form {"name": ["192.0.2.1", "2001:db8::1"]}, but not the first SILENT questions. Says what it was asked, one per line.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { address, addressToBytes } from '../../src/bytes/address.ts';

const HEADER_OCTETS = 12;
const TYPES: Readonly<Record<number, (text: string) => boolean>> = { 1: (text) => !isIPv6(text), 28: isIPv6 };

const [own = '', port = '', records = '{}', silent = '0'] = process.argv.slice(2);
const known = JSON.parse(records) as Record<string, string[]>;
let left = Number(silent);

/** The name in a question, and where it ends. */
function nameAt(question: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_OCTETS;
  for (; question[at]! > 0; at += question[at]! + 1)
    labels.push(question.toString('latin1', at + 1, at + 1 + question[at]!));
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function answer(question: Buffer): Buffer {
  const { name, end } = nameAt(question);
  const type = question.readUInt16BE(end);
  const addresses = (known[name] ?? []).filter((text) => TYPES[type]?.(text));
  const response = Buffer.from(question.subarray(0, end + 4));
  // A response, recursion available; no such name where there is none.
  response.writeUInt16BE(0x8180 | (known[name] ? 0 : 3), 2);
  response.writeUInt16BE(addresses.length, 6);
  response.writeUInt32BE(0, 8);
  const rows = addresses.map((text) => {
    const data = addressToBytes(address(text));
    const row = Buffer.alloc(12);
    // The name is that of the question.
    row.writeUInt16BE(0xc000 | HEADER_OCTETS, 0);
    row.writeUInt16BE(type, 2);
    row.writeUInt16BE(1, 4);
    row.writeUInt32BE(60, 6);
    row.writeUInt16BE(data.length, 10);
    return Buffer.concat([row, data]);
  });
  return Buffer.concat([response, ...rows]);
}

const socket = createSocket(isIPv6(own) ? 'udp6' : 'udp4');
socket.on('message', (question, { address: from, port: fromPort }) => {
  process.stdout.write(`${nameAt(question).name} ${from}\n`);
  if (left-- > 0) return;
  socket.send(answer(question), fromPort, from);
});
socket.bind(Number(port), own, () => process.stdout.write('ready\n'));
