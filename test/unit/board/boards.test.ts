import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatProblem, parseConfiguration } from '../../../src/config/parse-configuration.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const BOARDS = readdirSync(join(root, 'board'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({ name, file: `board/${name}/description.json` }));
const LAB_BOARD = { name: 'lab', file: 'test/lab/demo/board.json' };

const ajv = new Ajv({ allErrors: true });
ajv.addVocabulary(['x-allowed']);
const validate: ValidateFunction = ajv.compile(JSON.parse(read('board/board.schema.json')));

test('there is a generic board and a vehicle router', () => {
  assert.ok(BOARDS.some(({ name }) => name === 'generic-x86'));
  const kinds = BOARDS.map(({ file }) => JSON.parse(read(file)).uplinks.map(({ kind }: { kind: string }) => kind));
  assert.ok(
    kinds.some((list) => ['cellular', 'wifi', 'satellite'].every((kind) => list.includes(kind))),
    'one with cellular, Wi-Fi and satellite uplinks',
  );
});

for (const { name, file } of [...BOARDS, LAB_BOARD])
  test(`board ${name} follows the schema, is named as its folder and gives a mobile router its uplinks`, () => {
    assert.ok(existsSync(join(root, file)));
    const description = JSON.parse(read(file));
    const valid = validate(description) as boolean;
    assert.ok(valid, ajv.errorsText(validate.errors));
    assert.is(description.model, name);
    const router = {
      homeAddress: '2001:db8:100::1',
      homeAgentAddress: '2001:db8:1::1',
      prefixes: ['2001:db8:100:1::/64'],
      board: name,
      authentication: 'none',
    };
    const { configuration, problems } = parseConfiguration(JSON.stringify({ mobileRouter: router }), () => read(file));
    assert.equal((problems ?? []).map(formatProblem), []);
    assert.equal(
      configuration?.mobileRouter?.uplinks.map((uplink) => [uplink.name, uplink.interface]),
      description.uplinks.map((uplink: { name: string; interface: string }) => [uplink.name, uplink.interface]),
    );
  });

test('a vehicle router says where its facts come from', () => {
  for (const { file } of BOARDS) assert.ok(JSON.parse(read(file)).sources.length > 0, file);
});

test.run();
