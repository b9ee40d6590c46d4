import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import * as assert from 'uvu/assert';

const folder = join(import.meta.dirname, '../../src/telemetry/schemas');

export type SchemaName = 'status' | 'presence' | 'binding-list' | 'path-state' | 'path-metrics' | 'event';

const ajv = new Ajv({ allErrors: true, validateFormats: false, allowUnionTypes: true });
const validators = new Map<string, ValidateFunction>(
  readdirSync(folder).map((file) => [
    file.replace('.json', ''),
    ajv.compile(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
  ]),
);

/** The names of all telemetry schemas. */
export const SCHEMA_NAMES = [...validators.keys()];

/** Whether a document is right by its schema. */
export function matchesSchema(name: SchemaName, document: unknown): boolean {
  return validators.get(name)!(document) as boolean;
}

/** Fails with the schema's errors where a document breaks it. It is checked in the form in which it is sent. */
export function assertSchema(name: SchemaName, document: unknown): void {
  const validate = validators.get(name)!;
  const valid = validate(JSON.parse(JSON.stringify(document)));
  assert.ok(valid, `${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(document)}`);
}

/** The schema of what is published under a topic. */
export function schemaOfTopic(topic: string): SchemaName {
  if (topic.endsWith('/status')) return 'presence';
  if (topic.endsWith('/event')) return 'event';
  if (topic.endsWith('/mr/bindings') || topic.endsWith('/ha/bindings')) return 'binding-list';
  if (topic.endsWith('/state')) return 'path-state';
  if (topic.endsWith('/metrics')) return 'path-metrics';
  throw new Error(`no schema for topic ${topic}`);
}
