import { statSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundleScript, executable, runBundle, runScript, VARIANTS, workDirectory } from '../../native/monami.ts';

const directory = workDirectory();
const REPLACEMENT = '\ufffd';

interface Vector {
  readonly from: string;
  readonly algorithm: 'sha1' | 'sha256' | 'md5';
  readonly key?: string;
  readonly data: string;
  readonly digest: string;
}

const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex');

const VECTORS: readonly Vector[] = [
  {
    from: 'FIPS 180 SHA-1 "abc"',
    algorithm: 'sha1',
    data: hex('abc'),
    digest: 'a9993e364706816aba3e25717850c26c9cd0d89d',
  },
  { from: 'SHA-1 of nothing', algorithm: 'sha1', data: '', digest: 'da39a3ee5e6b4b0d3255bfef95601890afd80709' },
  {
    from: 'FIPS 180 SHA-1, two blocks',
    algorithm: 'sha1',
    data: hex('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    digest: '84983e441c3bd26ebaae4aa1f95129e5e54670f1',
  },
  {
    from: 'FIPS 180 SHA-256 "abc"',
    algorithm: 'sha256',
    data: hex('abc'),
    digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  },
  { from: 'RFC 1321 A.5', algorithm: 'md5', data: hex('message digest'), digest: 'f96b697d7cb7938d525a2f31aaf161d0' },
  {
    from: 'RFC 2202 §3, case 1',
    algorithm: 'sha1',
    key: '0b'.repeat(20),
    data: hex('Hi There'),
    digest: 'b617318655057264e28bc0b6fb378c8ef146be00',
  },
  {
    from: 'RFC 2202 §3, case 2',
    algorithm: 'sha1',
    key: hex('Jefe'),
    data: hex('what do ya want for nothing?'),
    digest: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
  },
  {
    from: 'RFC 2202 §3, case 6: a key longer than a block',
    algorithm: 'sha1',
    key: 'aa'.repeat(80),
    data: hex('Test Using Larger Than Block-Size Key - Hash Key First'),
    digest: 'aa4ae5e15272d00e95705637ce8a3b55ed402112',
  },
  {
    from: 'RFC 2202 §2, case 1',
    algorithm: 'md5',
    key: '0b'.repeat(16),
    data: hex('Hi There'),
    digest: '9294727a3638bb1c13f48ef8158bfc9d',
  },
  {
    from: 'RFC 4231 §4.2',
    algorithm: 'sha256',
    key: '0b'.repeat(20),
    data: hex('Hi There'),
    digest: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    from: 'RFC 4231 §4.3',
    algorithm: 'sha256',
    key: hex('Jefe'),
    data: hex('what do ya want for nothing?'),
    digest: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
];

for (const variant of VARIANTS) {
  test(`digests are those of the standards, and text is UTF-8 (${variant})`, async () => {
    const questions = VECTORS.map(({ algorithm, key, data }) => ({
      algorithm,
      ...(key === undefined ? {} : { key }),
      data,
    }));
    const result = (await runScript(await executable(variant), 'hashes', directory, {
      input: JSON.stringify(questions),
    })) as Record<string, unknown> & { readonly answers: readonly string[]; readonly random: string };
    VECTORS.forEach(({ from, digest }, i) => {
      assert.is(result.answers[i], digest, from);
    });
    assert.is(result['noSuchHash'], 'RangeError');
    assert.match(result.random, /^0{32}[0-9a-f]{64}0{32}$/);
    assert.not.match(result.random, /^0{128}$/);
    assert.equal(result['equal'], [true, false, false, true]);
    const [text, empty, stray, surrogate, broken, nul] = result['decoded'] as string[];
    assert.is(text, 'ä€🚗');
    assert.is(empty, '');
    assert.is(stray, `A${REPLACEMENT}B`);
    assert.is(surrogate, REPLACEMENT);
    assert.match(broken!, new RegExp(`^${REPLACEMENT}+$`));
    assert.is(nul, 'A\0');
    assert.equal(result['encoded'], ['c3a4e282acf09f9a97', '61efbfbd62', '']);
  });

  test(`files are written whole, and commands run and end in time (${variant})`, async () => {
    const result = await runScript(await executable(variant), 'files', directory, {
      words: [directory],
      input: 'standard input',
    });
    const ENOENT = -2;
    assert.equal(result, {
      absent: ENOENT,
      written: 0,
      first: 'first',
      mode: 0o640,
      rewritten: 0,
      second: 'second',
      removed: 0,
      removedAgain: ENOENT,
      noMode: ENOENT,
      directoryRead: -21,
      noDirectory: ENOENT,
      kernelFile: 'Linux',
      endless: -27,
      input: 'standard input',
      systemFile: ['RangeError', 'RangeError', ENOENT],
      echo: { status: 0, output: 'through a pipe' },
      big: 300_000,
      deaf: { status: 0, output: '' },
      both: { status: 5, output: 'out\nerr\n' },
      killed: 128 + 15,
      noProgram: ENOENT,
      noWords: 'RangeError',
      late: -110,
      lateInTime: true,
      daemon: { status: 0, output: 'started\n' },
      daemonInTime: true,
      environment: [true, true],
      errorText: 'No such file or directory',
      wallClock: true,
      signals: [10, 15, -11],
    });
  });

  test(`the process ends in order with handles of every kind open (${variant})`, async () => {
    const program = await executable(variant);
    const bundle = await bundleScript('teardown', directory);
    for (const way of ['exit', 'throw', 'close-tun-first']) {
      const { status, stdout, stderr } = await runBundle(program, bundle, { words: [way, directory] });
      assert.is(status, way === 'throw' ? 70 : 0, `${way}: ${stdout}${stderr}`);
      if (way !== 'throw') assert.is(stderr, '');
      else assert.match(stderr, /^monami: Error: in the midst of it\n(\s+at .*\n)+$/);
      if (process.getuid?.() === 0 && statSync('/dev/net/tun', { throwIfNoEntry: false }) !== undefined)
        assert.match(stdout, /"raw":true,"packet":true,"tun":true,"forwarder":[1-9]/);
    }
  });
}

test.run();
