import type { Json } from './json.ts';
import { type Problems, shown } from './problems.ts';
import type { Rule } from './rules.ts';

/**
 * Checks a document by the schema's rule and fills in the schema's defaults. Values that break the schema are taken out
 * of the document, so that what is left of it has the type that the schema promises and can be checked further.
 */
export function checkSchema(value: Json, rule: Rule, problems: Problems, path = ''): boolean {
  const allowed = rule.allows(value);
  if (!allowed)
    problems.add(path, `must be ${rule.allowed}, ${rule.secret ? 'is something else' : `is ${shown(value)}`}`);
  if (Array.isArray(value)) checkItems(value, rule, problems, path);
  else if (typeof value === 'object' && value !== null) checkProperties(value, rule, problems, path);
  return allowed;
}

function checkItems(values: Json[], { items }: Rule, problems: Problems, path: string): void {
  if (!items) return;
  for (const [index, value] of values.entries()) {
    // A hole keeps the indices of its neighbours.
    if (!checkSchema(value, items, problems, `${path}[${index}]`)) delete values[index];
  }
}

function checkProperties(object: Record<string, Json>, rule: Rule, problems: Problems, path: string): void {
  const { properties, required = [], defaults } = rule;
  if (!properties) return;
  const before = path === '' ? '' : `${path}.`;
  if (defaults) Object.assign(object, { ...defaults(), ...object });
  for (const key of required) {
    if (object[key] === undefined) problems.add(before + key, `must be ${properties[key]?.allowed}, is missing`);
  }
  for (const key in rule.open ? {} : object) {
    if (Object.hasOwn(properties, key)) continue;
    const name = /^[\w$-]+$/.test(key) ? key : JSON.stringify(key);
    const known = Object.keys(properties).filter((other) => other !== '$schema');
    problems.add(before + name, `is not known; known here are ${known.join(', ')}`);
  }
  for (const key in properties) {
    const value = object[key];
    if (value !== undefined && !checkSchema(value, properties[key]!, problems, before + key)) delete object[key];
  }
}
