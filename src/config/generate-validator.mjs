// Writes validator.generated.js: the rules of the configuration's and the board's schema. ajv's standalone code judges
// each value; which keys there are, which are missing and what they are by default stand in tables (see rules.ts), which
// take a fourth of the room that ajv's code for them takes. ajv itself stays out of the product.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';

const here = dirname(fileURLToPath(import.meta.url));
const read = (path) => JSON.parse(readFileSync(join(here, path), 'utf8'));
const SCHEMAS = { configuration: read('schema.json'), board: uplinksOf(read('../../board/board.schema.json')) };

/** Keywords that only people read. */
const PROSE = ['$schema', 'title', 'description', 'x-allowed', 'writeOnly', 'format'];
/** Keywords that the tables stand for. */
const TABLES = ['default', 'properties', 'required', 'additionalProperties', 'items'];
/** Limits that are handed to ajv's code with the value, so that one function does for all numbers and one for all lists. */
const LIMITS = { integer: ['minimum', 'maximum', 'multipleOf'], array: ['minItems', 'maxItems'] };

/** Of a board, the router needs no more than its uplinks; tests hold descriptions to the whole schema. */
function uplinksOf({ type, properties: { uplinks } }) {
  return { type, required: ['uplinks'], properties: { uplinks } };
}

function listed(values) {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

/** A number's words are made from its limits, in rules.ts. */
function inWords(schema) {
  if (schema['x-allowed'] !== undefined) return schema['x-allowed'];
  if (schema.enum) return listed(schema.enum.map((value) => JSON.stringify(value)));
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'array') return 'a list';
  if (schema.type === 'object') return 'an object';
  throw new Error(`no words for ${JSON.stringify(schema)}`);
}

const ajv = new Ajv({
  $data: true,
  allowUnionTypes: true,
  messages: false,
  validateFormats: false,
  code: { source: true, esm: true, lines: true },
});

/** The names of ajv's functions by the schemas that they check. */
const checks = new Map();

function check(schema) {
  const text = JSON.stringify(schema);
  if (!checks.has(text)) {
    checks.set(text, `check${checks.size}`);
    ajv.addSchema(schema, checks.get(text));
  }
  return checks.get(text);
}

function checkWithLimits(type) {
  const limits = LIMITS[type].map((keyword) => [keyword, { $data: `1/${keyword}` }]);
  return check({ type: 'object', properties: { value: { type, ...Object.fromEntries(limits) } } });
}

/** The rules' names by their code, each after those in it. */
const rules = new Map();

function rule(name, ...values) {
  while (values.at(-1) === undefined) values.pop();
  const code = `${name}(${values.map((value) => value ?? 'undefined').join(', ')})`;
  if (!rules.has(code)) rules.set(code, `rule${rules.size}`);
  return rules.get(code);
}

/** The name of the rule for a schema. */
function ruleOf(schema, path) {
  const own = Object.fromEntries(Object.entries(schema).filter(([key]) => ![...PROSE, ...TABLES].includes(key)));
  const limits = LIMITS[own.type];
  const takesLimits = limits !== undefined && Object.keys(own).every((key) => key === 'type' || limits.includes(key));
  const values = takesLimits ? limits.map((keyword) => JSON.stringify(own[keyword])) : [];
  if (schema.type === 'integer' && takesLimits) return rule('wholeNumber', checkWithLimits('integer'), ...values);
  const words = JSON.stringify(inWords(schema));
  if (schema.type === 'array' && takesLimits && schema.items && !schema.writeOnly)
    return rule('list', checkWithLimits('array'), words, ruleOf(schema.items, `${path}[]`), ...values);
  const hasKeys = schema.properties !== undefined && typeof schema.additionalProperties !== 'object';
  if (schema.items || (!hasKeys && (schema.required || schema.additionalProperties !== undefined)))
    throw new Error(`${path}: no rule for such a schema`);
  const plain = rule('anything', check(own), words, schema.writeOnly);
  return schema.properties ? objectRule(schema, path, plain) : plain;
}

function objectRule({ properties, required, additionalProperties }, path, plain) {
  const rows = Object.entries(properties).map(([key, value]) => {
    if (value.description === undefined) throw new Error(`${path}.${key} has no description`);
    return `${JSON.stringify(key)}: ${ruleOf(value, `${path}.${key}`)}`;
  });
  const defaults = Object.fromEntries(
    Object.entries(properties).flatMap(([key, value]) => (value.default === undefined ? [] : [[key, value.default]])),
  );
  return rule(
    'object',
    plain,
    `{ ${rows.join(', ')} }`,
    required && JSON.stringify(required),
    Object.keys(defaults).length > 0 ? `() => (${JSON.stringify(defaults)})` : undefined,
    additionalProperties === false ? undefined : true,
  );
}

/**
 * ajv's functions without the errors that they describe: a rule asks for yes or no and has its own words. Throws when
 * ajv's output has another shape than the one known here.
 */
function withoutErrors(source) {
  const code = source
    .replace(/^"use strict";/, '')
    .replace(/^const schema\d+ = .*;$/gm, '')
    .replace(/^(function validate\d+\(data), \{.*\}=\{\}\)\{$/gm, '$1){')
    .replace(/^validate\d+\.errors = .*;$/gm, '')
    .replace(/^(let vErrors = null|let errors = 0|const _errs\d+ = errors);$/gm, '')
    .replace(/^if\(errors === (0|_errs\d+)\)\{$/gm, '{')
    .replace(/^return errors === 0;$/gm, 'return true;')
    .replace(/\n\n+/g, '\n');
  if (/\b(require\(|_errs\d|errors\b|vErrors\b|instancePath\b|schema\d)/.test(code))
    throw new Error(`ajv's code has another shape; avoid the keyword:\n${code}`);
  return code;
}

const exported = Object.entries(SCHEMAS).map(([name, schema]) => `export const ${name}Rule = ${ruleOf(schema, name)};`);
const named = [...rules].map(([code, name]) => `const ${name} = ${code};`);
const checkCode = standaloneCode(ajv, Object.fromEntries([...checks.values()].map((name) => [name, name])));

writeFileSync(
  join(here, 'validator.generated.js'),
  `// Generated by generate-validator.mjs from schema.json and board.schema.json.
import { anything, list, object, wholeNumber } from './rules.ts';
${[withoutErrors(checkCode), ...named, ...exported].join('\n')}
`,
);
writeFileSync(
  join(here, 'validator.generated.d.ts'),
  `// Generated by generate-validator.mjs.
import type { Rule } from './rules.ts';
${Object.keys(SCHEMAS)
  .map((name) => `export const ${name}Rule: Rule;`)
  .join('\n')}
`,
);
