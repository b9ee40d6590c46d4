// Batches of datagrams: where they lie, how long they are, who sent them.
import { META_WORDS, receive, udpOpen, udpSend } from 'monami-native';
import { finish, LOOPBACK4, LOOPBACK6, on, start, toHex } from './lib.ts';

const LENGTHS = [1, 9, 40, 100, 3];
const BASE = 16;
const SHARE = 48;

function exchange(address: ArrayBuffer, port: number, then: (result: unknown) => void): void {
  const receiver = udpOpen(address, port, false);
  const sender = udpOpen(address, port + 1, false);
  if (receiver < 0 || sender < 0) throw new Error(`udpOpen: ${receiver} ${sender}`);
  const buffer = new ArrayBuffer(BASE + SHARE * LENGTHS.length);
  const meta = new Int32Array(META_WORDS * LENGTHS.length);
  const empty = receive(receiver, buffer, 0, buffer.byteLength, meta, 2);
  const sent = LENGTHS.map((length, i) => {
    const data = new Uint8Array(length).fill(i + 1);
    return udpSend(sender, data.buffer, 0, length, address, port);
  });
  const taken = udpOpen(address, port, false);
  on(receiver, () => {
    const first = receive(receiver, buffer, BASE, SHARE * LENGTHS.length, meta, LENGTHS.length);
    const rows = LENGTHS.map((_, i) => {
      const [offset = 0, length = 0, wireLength, interfaceIndex, senderPort, addressLength = 0] = meta.subarray(
        i * META_WORDS,
        (i + 1) * META_WORDS,
      );
      const octets = new Uint8Array(buffer, offset, length);
      return {
        offset,
        length,
        wireLength,
        interfaceIndex,
        senderPort,
        address: toHex(meta.slice(i * META_WORDS + 6, (i + 1) * META_WORDS).buffer, 0, addressLength),
        right: octets.every((octet) => octet === i + 1),
      };
    });
    const rest = receive(receiver, buffer, 0, buffer.byteLength, meta, LENGTHS.length);
    then({ empty, sent, taken, first, rows, rest });
  });
}

exchange(LOOPBACK4, 24_090, (four) => exchange(LOOPBACK6, 24_090, (six) => finish({ four, six })));
start();
