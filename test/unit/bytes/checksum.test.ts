import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../../src/bytes/address.ts';
import { foldChecksum, sumWords, upperLayerChecksum } from '../../../src/bytes/checksum.ts';
import { hex, naiveChecksum, shifted } from '../../lib/wire.ts';

test('the example of RFC 1071 §3', () => {
  assert.is(sumWords(hex('0001 f203 f4f5 f6f7')), 0x2ddf0);
  assert.is(foldChecksum(0x2ddf0), 0xffff - 0xddf2);
});

test('an odd last octet counts as the high half of a word', () => {
  assert.is(sumWords(hex('0102 03')), 0x102 + 0x300);
  assert.is(sumWords(hex('0102 03'), 5), 0x102 + 0x300 + 5);
});

test('folding carries more than once', () => {
  assert.is(foldChecksum(0xffff), 0);
  assert.is(foldChecksum(0x1ffff), 0xfffe);
  assert.is(foldChecksum(0), 0xffff);
  assert.is(foldChecksum(0xffff * 0x10000 + 0xffff), 0);
});

test('[6275-6.1.1-05] it agrees with a calculation word by word, at every length', () => {
  const source = address('2001:db8:1::2');
  const destination = address('2001:db8:ffff:ffff:ffff:ffff:ffff:ffff');
  for (let length = 0; length < 300; length++) {
    const payload = Uint8Array.from({ length }, (_, i) => (i * 151 + length * 7) & 255);
    for (const protocol of [58, 135]) {
      const actual = upperLayerChecksum(source, destination, protocol, payload);
      assert.is(actual, naiveChecksum(source, destination, protocol, payload));
    }
  }
});

test('it does not matter where in a buffer the octets lie, nor that many are 0 or 255', () => {
  const [source, destination] = [address('2001:db8::1'), address('2001:db8::2')];
  for (let at = 0; at < 8; at++) {
    for (const fill of [undefined, 0, 255]) {
      for (let length = 0; length < 100; length += fill === undefined ? 1 : 7) {
        const payload = shifted(new Uint8Array(length), at);
        for (let i = 0; i < length; i++) payload[i] = fill ?? i * 201;
        const actual = upperLayerChecksum(source, destination, 135, payload);
        assert.is(actual, naiveChecksum(source, destination, 135, payload), `${length} octets of ${fill} at ${at}`);
      }
    }
  }
});

test('over a payload with its right checksum it is 0', () => {
  const [source, destination] = [address('2001:db8::1'), address('2001:db8::2')];
  const payload = hex('3b00000000000000');
  const sum = upperLayerChecksum(source, destination, 135, payload);
  payload[4] = sum >> 8;
  payload[5] = sum & 255;
  assert.is(upperLayerChecksum(source, destination, 135, payload), 0);
  payload[7] = 1;
  assert.is.not(upperLayerChecksum(source, destination, 135, payload), 0);
});

test('64 KiB of ones do not overflow it', () => {
  const payload = new Uint8Array(65535).fill(255);
  const everything = address('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
  assert.is(
    upperLayerChecksum(everything, everything, 255, payload),
    naiveChecksum(everything, everything, 255, payload),
  );
});

test.run();
