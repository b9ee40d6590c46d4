// Runs in the executable's engine: sends the packets that its arguments spell in hex.
import { commandLine, exit, print, rawIpv6Open, rawIpv6Send } from 'monami-native';
import { parseHex } from '../../src/bytes/hex.ts';

const socket = rawIpv6Open();
let failures = 0;
for (const word of commandLine) {
  const packet = parseHex(word);
  const sent = packet ? rawIpv6Send(socket, packet.buffer as ArrayBuffer, packet.byteOffset, packet.length, 0) : -1;
  if (sent >= 0) continue;
  print(2, `${word}: ${sent}\n`);
  failures++;
}
exit(failures === 0 ? 0 : 1);
