// Several sockets with a datagram that nobody reads: all are ready at every turn.
import { onTurn, udpOpen, udpSend } from 'monami-native';
import { finish, LOOPBACK4 } from './lib.ts';

const SOCKETS = 40;
const TURNS = 500;
const FIRST_PORT = 24_100;

const counts = new Map<number, number>();
const data = new ArrayBuffer(1);
for (let i = 0; i < SOCKETS; i++) {
  const handle = udpOpen(LOOPBACK4, FIRST_PORT + i, true);
  if (handle < 0) throw new Error(`udpOpen: ${handle}`);
  counts.set(handle, 0);
  udpSend(handle, data, 0, 1, LOOPBACK4, FIRST_PORT + i);
}
let turns = 0;
onTurn((events, count) => {
  for (let i = 0; i < count; i++) counts.set(events[i * 2]!, (counts.get(events[i * 2]!) ?? 0) + 1);
  // The first turn is the one that asks for a deadline.
  if (++turns === TURNS) finish({ turns, handles: counts.size, counts: [...counts.values()] });
  return 0;
});
