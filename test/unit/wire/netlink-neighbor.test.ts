import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { formatHex } from '../../../src/bytes/hex.ts';
import { decodeNetlink } from '../../../src/wire/netlink/decode.ts';
import { encodeNetlinkRequest } from '../../../src/wire/netlink/encode.ts';
import { NeighborState } from '../../../src/wire/netlink/numbers.ts';
import { assertWireError, hex } from '../../lib/wire.ts';

const ROUTER = address('fe80::1');
const MAC = hex('02 00 00 00 00 01');

// struct nlmsghdr, struct ndmsg (family 10, index 3, state, flags), NDA_DST, NDA_LLADDR; little-endian.
const HEAD = '3c000000 1c00 0000 00000000 00000000';
const reachable = `${HEAD} 0a 000000 03000000 0200 80 01  1400 0100 fe800000000000000000000000000001  0a00 0200 020000000001 0000`;

test('a reachable router of an interface', () => {
  assert.equal(decodeNetlink(hex(reachable), true), [
    {
      kind: 'neighbor',
      change: 'new',
      sequence: 0,
      portId: 0,
      dumpInterrupted: false,
      interfaceIndex: 3,
      address: ROUTER,
      linkLayerAddress: MAC,
      state: NeighborState.reachable,
      failed: false,
      router: true,
    },
  ]);
});

test('a neighbour that has been given up has no link-layer address', () => {
  const bytes = `30000000 1c00 0000 00000000 00000000 0a 000000 03000000 2000 00 01  1400 0100 fe800000000000000000000000000001`;
  const [message] = decodeNetlink(hex(bytes), true);
  assert.ok(
    message?.kind === 'neighbor' && message.failed && message.linkLayerAddress === undefined && !message.router,
  );
});

test('one that is removed, in the other byte order', () => {
  const bytes = `00000030 001d 0000 00000000 00000000 0a 000000 00000003 0004 00 01  0014 0001 fe800000000000000000000000000001`;
  const [message] = decodeNetlink(hex(bytes), false);
  assert.ok(message?.kind === 'neighbor' && message.change === 'removed' && message.interfaceIndex === 3);
});

test('proxy entries are not neighbours: they say whom an interface answers for, and who has wanted it', () => {
  const [plain] = decodeNetlink(hex(reachable.replace('0200 80 01', '0200 08 01')), true);
  assert.ok(plain?.kind === 'proxy-neighbor' && plain.address === ROUTER && plain.protocol === 0);
  const marked = `2c000000 1c00 0000 00000000 00000000 02 000000 03000000 0000 08 01  0800 0100 c6336407  0500 0c00 6d 000000`;
  assert.equal(decodeNetlink(hex(marked), true), [
    {
      kind: 'proxy-neighbor',
      change: 'new',
      sequence: 0,
      portId: 0,
      dumpInterrupted: false,
      interfaceIndex: 3,
      address: address('198.51.100.7'),
      protocol: 109,
    },
  ]);
});

test('a request to answer ARP for an address, one to stop it, and one to list what is answered for', () => {
  const proxy = { interfaceIndex: 3, address: address('198.51.100.7'), protocol: 109 };
  assert.is(
    formatHex(encodeNetlinkRequest({ kind: 'add-proxy-neighbor', ...proxy }, 9, true)),
    '2c0000001c0005040900000000000000' + '020000000300000000000800' + '08000100c6336407' + '05000c006d000000',
  );
  assert.is(
    formatHex(encodeNetlinkRequest({ kind: 'delete-proxy-neighbor', ...proxy }, 9, true)),
    '240000001d0005000900000000000000' + '020000000300000000000800' + '08000100c6336407',
  );
  assert.is(
    formatHex(encodeNetlinkRequest({ kind: 'dump-proxy-neighbors', family: 'ipv4' }, 1, true)),
    '1c0000001e0001030100000000000000' + '020000000000000000000800',
  );
});

test('entries of a bridge are not neighbours of ours', () => {
  assert.is(decodeNetlink(hex(reachable.replace('00000000 0a 000000', '00000000 07 000000')), true)[0]?.kind, 'other');
});

test('an entry without its address, or with one of another length, is malformed', () => {
  const without = `1c000000 1c00 0000 00000000 00000000 0a 000000 03000000 0200 00 01`;
  assertWireError(() => decodeNetlink(hex(without), true), { code: 'bad-value', offset: 16 });
  const short = `24000000 1c00 0000 00000000 00000000 0a 000000 03000000 0200 00 01  0800 0100 fe800000`;
  assertWireError(() => decodeNetlink(hex(short), true), { code: 'bad-length', offset: 32 });
});

test('a request to know a neighbour for good, and one to forget it', () => {
  const neighbor = { interfaceIndex: 3, address: ROUTER, linkLayerAddress: MAC, state: NeighborState.permanent };
  assert.is(
    formatHex(encodeNetlinkRequest({ kind: 'replace-neighbor', ...neighbor }, 9, true)),
    '3c0000001c000505090000000000000' +
      '00a0000000300000080000000' +
      '14000100fe800000000000000000000000000001' +
      '0a000200020000000001' +
      '0000',
  );
  assert.is(
    formatHex(encodeNetlinkRequest({ kind: 'delete-neighbor', ...neighbor }, 9, true)),
    '300000001d000500090000000000000' + '00a0000000300000000000000' + '14000100fe800000000000000000000000000001',
  );
});

test('all neighbours are asked for with an empty header of the family', () => {
  assert.is(
    formatHex(encodeNetlinkRequest({ kind: 'dump-neighbors', family: 'ipv6' }, 1, true)),
    '1c0000001e0001030100000000000000' + '0a0000000000000000000000',
  );
});

test.run();
