// ajv itself, with the whole schema, judges what the bundle has of it: tables, and ajv's code for single values.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkSchema } from '../../../src/config/check-schema.ts';
import { type Json, parseJson } from '../../../src/config/json.ts';
import { Problems } from '../../../src/config/problems.ts';
import { configurationRule } from '../../../src/config/validator.generated.js';

type Place = readonly (string | number)[];
type Branch = Record<string | number, Json>;

const schema = JSON.parse(readFileSync(new URL('../../../src/config/schema.json', import.meta.url), 'utf8'));
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, useDefaults: true, validateFormats: false });
ajv.addVocabulary(['x-allowed']);
const validate = ajv.compile(schema);

/** A document with every key of the schema: where a value is no better than another, the least that is allowed. */
function everything(part: typeof schema): Json {
  if (part.properties)
    return Object.fromEntries(Object.entries(part.properties).map(([key, value]) => [key, everything(value)]));
  if (part.items) return Array.from({ length: part.minItems ?? 2 }, () => everything(part.items));
  if (part.enum) return part.enum[0];
  if (part.type === 'integer') return part.minimum;
  return part.type === 'boolean' ? true : 'a';
}

const REPLACEMENTS = [
  ...['null', 'true', '0', '-1', '0.5', '3', '9007199254740993', '1e999', '""', '"a b/~"', '"none"', '"/a"'],
  ...['[]', '{}', '[null]', '[[],{}]', '{"name":1}', '{"a/~b":1,"__proto__":{"name":"a"}}'],
  ...[`[${'"a",'.repeat(64)}"a"]`, `"${'a'.repeat(200)}"`],
];

function placesIn(value: Json, place: Place = []): Place[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const steps = inner.map(([key, child]) => placesIn(child, [...place, Array.isArray(value) ? Number(key) : key]));
  return [place, ...steps.flat()];
}

function at(document: Json, place: Place): Branch | undefined {
  return place.reduce<Branch | undefined>((node, step) => node?.[step] as Branch | undefined, document as Branch);
}

/** The document's text with one value replaced, or without it. */
function changed(document: Json, place: Place, text: string | undefined): string {
  const marker = 'the changed value';
  const copy = JSON.parse(JSON.stringify({ document }));
  const parent = at(copy, ['document', ...place].slice(0, -1))!;
  const last = place.at(-1) ?? 'document';
  if (text === undefined) delete parent[last];
  else parent[last] = marker;
  return JSON.stringify(copy.document ?? null).replace(`"${marker}"`, text ?? '');
}

function stepsOf(pointer: string): string[] {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'));
}

function pathOf(document: Json, steps: readonly string[]): string {
  let path = '';
  for (const [depth, step] of steps.entries()) {
    const name = /^[\w$-]+$/.test(step) ? step : JSON.stringify(step);
    path += Array.isArray(at(document, steps.slice(0, depth))) ? `[${step}]` : `${path === '' ? '' : '.'}${name}`;
  }
  return path;
}

/** What ajv finds, by paths, and what it leaves of the document without the values that break the schema. */
function judge(text: string): { paths: string[]; document: Json } {
  const document = parseJson(text);
  validate(document);
  const errors = validate.errors ?? [];
  const keyOf = ({ params }: (typeof errors)[number]) => params['missingProperty'] ?? params['additionalProperty'];
  const paths = errors.map((error) => {
    const key = keyOf(error);
    return pathOf(document, [...stepsOf(error.instancePath), ...(key === undefined ? [] : [key])]);
  });
  for (const error of errors) {
    const steps = stepsOf(error.instancePath);
    if (keyOf(error) === undefined && steps.length > 0) delete at(document, steps.slice(0, -1))?.[steps.at(-1)!];
  }
  return { paths: [...new Set(paths)], document };
}

function compare(text: string): number {
  const expected = judge(text);
  const document = parseJson(text);
  const problems = new Problems();
  checkSchema(document, configurationRule, problems);
  const paths = problems.list().map(({ path }) => path);
  assert.equal(paths, expected.paths, text.slice(0, 2000));
  assert.is(JSON.stringify(document), JSON.stringify(expected.document), text.slice(0, 2000));
  return paths.length;
}

test('the rules find what ajv finds with the whole schema, wherever a value is another or missing', () => {
  const document = everything(schema);
  const mistakes = compare(JSON.stringify(document));
  let wrong = 0;
  for (const place of placesIn(document)) {
    for (const text of [...REPLACEMENTS, ...(place.length > 0 ? [undefined] : [])])
      if (compare(changed(document, place, text)) > mistakes) wrong++;
  }
  assert.ok(wrong > 1000, `${wrong} documents have more mistakes than the first`);
});

test('each object gets defaults of its own', () => {
  const text = '{"homeAgent":{"mobileNodes":[{"name":"a","homeAddress":"b"},{"name":"c","homeAddress":"d"}]}}';
  compare(text);
  const document = parseJson(text);
  checkSchema(document, configurationRule, new Problems());
  const [first, second] = [0, 1].map((index) => at(document, ['homeAgent', 'mobileNodes', index, 'prefixes']));
  assert.equal(first, []);
  assert.is.not(first, second);
});

test.run();
