import type { Json } from './json.ts';

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
