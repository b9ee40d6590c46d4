import type { Json } from './json.ts';
import type { SchemaValidator, Words } from './validator.generated.js';

/** One mistake in a configuration: where, and what is allowed there. */
export interface Problem {
  /** `mobileRouter.uplinks[1].bid`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Collects problems; the first one of a path stands for it. */
export class Problems {
  readonly #byPath = new Map<string, Problem>();
  readonly #warnings: Problem[] = [];

  add(path: string, message: string): void {
    if (!this.#byPath.has(path)) this.#byPath.set(path, { path, message });
  }

  has(path: string): boolean {
    return this.#byPath.has(path);
  }

  list(): Problem[] {
    return [...this.#byPath.values()];
  }

  /** Takes note of what is allowed and yet dangerous. */
  warn(path: string, message: string): void {
    this.#warnings.push({ path, message });
  }

  warnings(): readonly Problem[] {
    return this.#warnings;
  }
}

/** The one line for a problem. */
export function formatProblem(problem: Problem): string {
  return `${problem.path === '' ? 'configuration' : problem.path}: ${problem.message}`;
}

const SHOWN_CHARACTERS = 60;

/** A value as it is quoted in a message. */
export function shown(value: Json | undefined): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/**
 * Checks `document` by its schema and fills in the schema's defaults. Values that break the schema are taken out of the
 * document, so that what is left of it has the type that the schema promises and can be checked further.
 */
export function checkSchema(
  document: Json,
  validator: SchemaValidator,
  words: Readonly<Record<string, Words>>,
  problems: Problems,
): void {
  if (validator(document)) return;
  const broken: string[][] = [];
  for (const { place, key } of validator.errors ?? []) {
    const steps = place.split('/').slice(1).map(unescapePointer);
    const parent = pathOf(document, steps);
    if (key === undefined) {
      const rule = words[parent.generic];
      const value = rule?.secret ? 'is something else' : `is ${shown(parent.value)}`;
      problems.add(parent.path, `must be ${rule?.allowed ?? 'something else'}, ${value}`);
      broken.push(steps);
      continue;
    }
    const child = pathOf(document, [...steps, key]);
    const rule = Object.hasOwn(words, child.generic) ? words[child.generic] : undefined;
    if (rule) problems.add(child.path, `must be ${rule.allowed}, is missing`);
    else problems.add(child.path, `is not known; known here are ${words[parent.generic]?.keys?.join(', ')}`);
  }
  for (const steps of broken) remove(document, steps);
}

function unescapePointer(step: string): string {
  return step.replace(/~1/g, '/').replace(/~0/g, '~');
}

/** A place in words, its form without indices as in the word list, and what stands there. */
function pathOf(document: Json, steps: readonly string[]): { path: string; generic: string; value: Json | undefined } {
  let path = '';
  let generic = '';
  let value: Json | undefined = document;
  for (const step of steps) {
    const inList = Array.isArray(value);
    const dot = path === '' ? '' : '.';
    const name = /^[\w$-]+$/.test(step) ? step : JSON.stringify(step);
    path += inList ? `[${step}]` : `${dot}${name}`;
    generic += inList ? '[]' : `${dot}${step}`;
    value = (value as Record<string, Json> | null | undefined)?.[step];
  }
  return { path, generic, value };
}

function remove(document: Json, steps: readonly string[]): void {
  const parent = pathOf(document, steps.slice(0, -1)).value;
  const last = steps.at(-1);
  if (last === undefined || typeof parent !== 'object' || parent === null) return;
  // A hole keeps the indices of its neighbours.
  delete (parent as Record<string, Json>)[last];
}
