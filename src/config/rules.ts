import type { Json } from './json.ts';

/** What the schema says of a value; `validator.generated.js` makes one of each part of the schema. */
export interface Rule {
  /** Whether the value itself is right; those in it have rules of their own. */
  allows(value: Json): boolean;
  /** What is allowed, in words. */
  readonly allowed: string;
  /** Whether the value may not be shown. */
  readonly secret?: boolean;
  readonly items?: Rule;
  readonly properties?: Readonly<Record<string, Rule>>;
  readonly required?: readonly string[];
  /** New ones for each object. */
  readonly defaults?: (() => Readonly<Record<string, Json>>) | undefined;
  /** Whether there may be more than `properties`. */
  readonly open?: boolean;
}

/** ajv's code for one value, or for `value` under limits that stand beside it. */
type Check = (data: unknown) => boolean;

export function wholeNumber(check: Check, minimum: number, maximum?: number, multipleOf?: number): Rule {
  const what = multipleOf === undefined ? 'a whole number' : `a multiple of ${multipleOf}`;
  return {
    allows: (value) => check({ value, minimum, maximum, multipleOf }),
    allowed: maximum === undefined ? `${what} of at least ${minimum}` : `${what} from ${minimum} to ${maximum}`,
  };
}

export function list(check: Check, allowed: string, items: Rule, minItems?: number, maxItems?: number): Rule {
  return { allows: (value) => check({ value, minItems, maxItems }), allowed, items };
}

export function anything(check: Check, allowed: string, secret = false): Rule {
  return { allows: check, allowed, secret };
}

export function object(
  itself: Rule,
  properties: Rule['properties'] & object,
  required: readonly string[] = [],
  defaults?: Rule['defaults'],
  open = false,
): Rule {
  return { ...itself, properties, required, defaults, open };
}
