import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { executable, root, runScript, VARIANTS, workDirectory } from '../../native/monami.ts';

const directory = workDirectory();

/** The names that the contract declares, in order. */
function declaredNames(): string[] {
  const contract = readFileSync(join(root, 'src/platform/quickjs/native.d.ts'), 'utf8');
  return [...contract.matchAll(/^ {2}export (?:const|function) (\w+)/gm)].map(([, name]) => name!).sort();
}

interface Exports {
  readonly names: readonly string[];
  readonly globals: readonly string[];
  readonly version: string;
  readonly commandLine: readonly string[];
  readonly littleEndian: boolean;
}

for (const variant of VARIANTS) {
  test(`the native module exports what its contract declares, and nothing else (${variant})`, async () => {
    const words = ['run', '--bundle', 'ä b', ''];
    const exports = (await runScript(await executable(variant), 'exports', directory, { words })) as Exports;
    const declared = declaredNames();
    assert.ok(declared.length > 40, `only ${declared.length} names found in the contract`);
    assert.equal(exports.names, declared);
    assert.equal(exports.globals, [], 'the host adds no globals');
    assert.equal(exports.version, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);
    assert.equal(exports.commandLine, words);
    assert.is(exports.littleEndian, true);
  });

  test(`misuse throws, and a closed handle is not taken for its successor (${variant})`, async () => {
    assert.equal(await runScript(await executable(variant), 'misuse', directory), {
      differs: true,
      closed: 'TypeError',
      closedSend: 'TypeError',
      never: 'TypeError',
      zero: 'TypeError',
      notANumber: 'TypeError',
      wrongKind: 'TypeError',
      wrongKindRead: 'TypeError',
      notABuffer: 'TypeError',
      aView: 'TypeError',
      beyond: 'RangeError',
      negative: 'RangeError',
      fraction: 'RangeError',
      huge: 'RangeError',
      address: 'RangeError',
      port: 'RangeError',
      missing: 'TypeError',
      metaTooSmall: 'RangeError',
      metaOfBytes: 'TypeError',
      noRoom: 'RangeError',
      handler: 'TypeError',
      status: 'RangeError',
      nul: 'TypeError',
      longPath: 'RangeError',
      deviceName: 'RangeError',
      notAPacket: 'RangeError',
      signals: 'RangeError',
    });
  });
}

test.run();
