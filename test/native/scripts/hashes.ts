// Digests of what standard input lists as JSON, and the text conversions.
import {
  equalConstantTime,
  HASH_MD5,
  HASH_SHA1,
  HASH_SHA256,
  hash,
  hmac,
  randomBytes,
  readFile,
  utf8Decode,
  utf8Encode,
} from 'monami-native';
import { finish, octets, outcome, toHex } from './lib.ts';

interface Question {
  readonly algorithm: 'sha1' | 'sha256' | 'md5';
  readonly key?: string;
  readonly data: string;
}

const algorithms = { sha1: HASH_SHA1, sha256: HASH_SHA256, md5: HASH_MD5 };
const input = readFile('-');
if (typeof input === 'number') throw new Error(`readFile: ${input}`);
const questions = JSON.parse(utf8Decode(input, 0, input.byteLength)) as readonly Question[];

const answers = questions.map(({ algorithm, key, data }) => {
  // Not at the buffer's start, so that a mistaken range shows.
  const buffer = octets(`ffffff${data}ff`);
  const length = buffer.byteLength - 4;
  return toHex(
    key === undefined
      ? hash(algorithms[algorithm], buffer, 3, length)
      : hmac(algorithms[algorithm], octets(key), buffer, 3, length),
  );
});
const random = new ArrayBuffer(64);
randomBytes(random, 16, 32);
const decode = (hex: string) => {
  const buffer = octets(hex);
  return utf8Decode(buffer, 0, buffer.byteLength);
};
finish({
  answers,
  noSuchHash: outcome(() => hash(4, random, 0, 1)),
  random: toHex(random),
  equal: [
    equalConstantTime(octets('0102'), octets('0102')),
    equalConstantTime(octets('0102'), octets('0103')),
    equalConstantTime(octets('0102'), octets('010203')),
    equalConstantTime(octets(''), octets('')),
  ],
  decoded: [
    decode('c3a4e282acf09f9a97'),
    decode(''),
    decode('41ff42'),
    decode('edafbf'),
    decode('c0afe2'),
    decode('4100'),
  ],
  encoded: [toHex(utf8Encode('ä€🚗')), toHex(utf8Encode('a\ud800b')), toHex(utf8Encode(''))],
});
